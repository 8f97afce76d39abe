//! What both sides of Chatr must agree on, and the screen.
//!
//! `chat` is the vocabulary (commands, facts, limits), `api` the server functions.

pub mod api;
pub mod chat;
pub mod state;
