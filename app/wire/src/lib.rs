//! Azure Web PubSub without I/O.

pub mod frame;
