//! Leptos' signals, with one type behind all of them. Leptos compiles some dozens of functions for each type of value
//! and for each closure that looks at one; here every value is `dyn Any` to Leptos, the machinery exists once, and what
//! is made for each type is a cast. Names and meanings are Leptos' own. Refuses to know what is kept.

mod act;
mod call;
mod context;
mod made;
#[cfg(test)]
mod tests;
mod typed;

pub use act::{Act, Ask};
pub use call::{Callback, Signal, on_cleanup};
pub use context::{expect_context, provide_context};
pub use made::{ArcMemo, ArcRwSignal, ArcStoredValue, Memo, RwSignal, StoredValue};
