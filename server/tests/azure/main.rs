//! The stories of the whole server again, with the same steps, where its sockets or its state are elsewhere: Web
//! PubSub is the program of this repository over real HTTP, Azure Tables is Azurite. And beside them what only
//! holds there.

#![expect(
    clippy::duplicate_mod,
    reason = "the same stories are told in several surroundings"
)]

#[path = "../support/azurite.rs"]
mod azurite;
mod both_outside;
mod calls;
mod entra;
mod operators;
mod replicas;
#[path = "../support/service.rs"]
mod service;
mod settings;
mod sockets_outside;
mod state_outside;
mod storage;
mod webhook;
