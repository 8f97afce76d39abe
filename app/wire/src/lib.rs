//! Azure Web PubSub without I/O: the vocabulary of four conversations, shared by the browser, the
//! application's server and the embedded hub, so that they cannot disagree on a byte.
//!
//! - [`frame`]: what travels on a socket (client specification of the service; JSON and protobuf
//!   subprotocols).
//! - [`json`]: JSON text, as frames and what they carry are written.
//! - [`link`]: the client's end of such a socket as a machine.
//! - `cloud_event`: what the service tells the application's webhook (CloudEvents reference).
//! - `rest`: what the application asks of the service (REST data plane, newest version 2024-12-01).
//! - `token`: what is signed for a client or a REST call; [`role`]: what a token grants.
//!
//! The browser needs JSON frames and the link only; the last three come with the feature `server`, protobuf with
//! `protobuf`.

#[cfg(feature = "server")]
pub mod cloud_event;
pub mod frame;
pub mod json;
pub mod link;
#[cfg(feature = "server")]
pub mod rest;
pub mod role;
#[cfg(feature = "server")]
pub mod token;
