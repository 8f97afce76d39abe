//! The embedded Web PubSub service.
