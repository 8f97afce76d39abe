//! What the program adds to the library: settings, a port, and a way to call webhooks. Refuses to know the
//! protocol.

pub mod arguments;
pub mod caller;
pub mod handler;
pub mod listener;
pub mod settings;
