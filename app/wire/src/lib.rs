//! Azure Web PubSub without I/O.
