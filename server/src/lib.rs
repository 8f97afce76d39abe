//! The server.

pub mod chat;
pub mod store;
