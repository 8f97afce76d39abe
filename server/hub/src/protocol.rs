//! The subprotocols that a client may choose: their names, and how each has the frames of the service. Refuses to know
//! who talks.

use crate::websocket::frame;
use crate::websocket::frames::{BINARY, TEXT};
use bytes::Bytes;
use wire::frame::ServiceFrame;

/// How a client talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Bare payloads, no envelope.
    Raw,
    Json,
    /// Json with sequence ids, acknowledgements and recovery.
    ReliableJson,
    Protobuf,
    ReliableProtobuf,
}

impl Protocol {
    const NAMED: [Protocol; 4] = [
        Protocol::ReliableJson,
        Protocol::ReliableProtobuf,
        Protocol::Json,
        Protocol::Protobuf,
    ];

    /// What is called so, in letters of either case.
    pub fn named(name: &str) -> Option<Self> {
        let called = |one: &Protocol| {
            let own = one.name();
            own.is_some_and(|own| own.eq_ignore_ascii_case(name))
        };
        Self::NAMED.into_iter().find(called)
    }

    /// The subprotocol's name; raw clients have none, or a custom one.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Protocol::Raw => None,
            Protocol::Json => Some("json.webpubsub.azure.v1"),
            Protocol::ReliableJson => Some("json.reliable.webpubsub.azure.v1"),
            Protocol::Protobuf => Some("protobuf.webpubsub.azure.v1"),
            Protocol::ReliableProtobuf => Some("protobuf.reliable.webpubsub.azure.v1"),
        }
    }

    pub const fn is_reliable(self) -> bool {
        matches!(self, Protocol::ReliableJson | Protocol::ReliableProtobuf)
    }

    pub const fn is_protobuf(self) -> bool {
        matches!(self, Protocol::Protobuf | Protocol::ReliableProtobuf)
    }

    /// A frame as this protocol has it; raw clients get none.
    pub fn print(self, said: &ServiceFrame) -> Option<Bytes> {
        match self {
            Protocol::Raw => None,
            Protocol::Json | Protocol::ReliableJson => Some(frame(TEXT, said.to_json().as_bytes())),
            Protocol::Protobuf | Protocol::ReliableProtobuf => {
                said.to_protobuf().map(|bytes| frame(BINARY, &bytes))
            }
        }
    }
}
