//! What views are made of. Leptos gives each element, each closure and each list a type of its own, and compiles
//! some twenty functions for each; here all elements are one type, all closures another, and the program that a
//! browser fetches is a fraction. `view!` makes calls of these functions out of Leptos' syntax. Refuses to know
//! what is shown.

mod browser;
mod element;
mod flow;
mod node;
mod part;
mod rows;
mod value;
mod view;

pub use browser::{
    request_animation_frame, set_interval_with_handle, set_timeout, set_timeout_with_handle,
    spawn_local, window_event_listener,
};
pub use element::Element;
pub use flow::{Children, For, Show, children, effect};
pub use macros::view;
pub use node::NodeRef;
pub use part::{Part, fragment, inert, part, text};
pub use view::View;
