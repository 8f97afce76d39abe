//! What the program adds to the library: arguments, a port, and a way to call webhooks. Refuses to know the
//! protocol.

pub mod arguments;
pub mod caller;
pub mod listener;
