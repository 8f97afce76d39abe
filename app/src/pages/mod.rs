//! One file per route.

mod chat;
mod not_found;
mod sign_in;

pub use chat::ChatPage;
pub use not_found::NotFound;
pub use sign_in::SignIn;
