//! The hub from outside, over real sockets. `docs/hub.md` says which row of the conformance list each test shows.

mod answers;
mod connecting;
mod events;
mod frames;
mod framing;
mod groups;
mod handmade;
mod invocations;
mod limits;
mod load;
mod operations;
mod protobuf;
mod recovery;
mod rest;
mod storm;
mod streams;
mod support;
mod tokens;
mod wrapped;
