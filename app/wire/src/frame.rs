//! The frames of one Web PubSub socket as plain data. Owns the shapes; the codecs are siblings
//! (`frame/json.rs`). Refuses to know sockets, clocks and what the payloads mean.

pub mod json;

pub use json::{MAX_TTL_SECONDS, Malformed, is_event_name, is_group_name, numbered};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Message metadata: HTTP-token keys, ASCII values, relayed unchanged.
pub type Metadata = BTreeMap<String, String>;

/// Within the service's limits: keys are HTTP tokens of at most 256 bytes, values ASCII of at most 1,024, and
/// 8,192 bytes in total. Source: emulator of the service.
pub fn is_metadata(metadata: &Metadata) -> bool {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    metadata.iter().all(|(key, value)| {
        (1..=256).contains(&key.len())
            && key.bytes().all(token)
            && value.len() <= 1_024
            && value.is_ascii()
    }) && metadata
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum::<usize>()
        <= 8_192
}

/// What a message carries. The variant is the `dataType` on the wire.
#[derive(Clone, Debug)]
pub enum Payload {
    /// `text`: a string.
    Text(String),
    /// `json`: any value but `null`, kept as the text it arrived in, so that number formatting and key
    /// order survive the journey.
    Json(Box<RawValue>),
    /// `binary`: bytes, base64 in JSON frames.
    Binary(Bytes),
    /// `protobuf`: a serialised `google.protobuf.Any`, base64 in JSON frames.
    Protobuf(Bytes),
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Payload::Text(a), Payload::Text(b)) => a == b,
            (Payload::Json(a), Payload::Json(b)) => a.get() == b.get(),
            (Payload::Binary(a), Payload::Binary(b)) => a == b,
            (Payload::Protobuf(a), Payload::Protobuf(b)) => a == b,
            (
                Payload::Text(_) | Payload::Json(_) | Payload::Binary(_) | Payload::Protobuf(_),
                _,
            ) => false,
        }
    }
}

/// What a client may send. Source: client specification of the service, JSON subprotocols.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientFrame {
    JoinGroup {
        group: String,
        ack_id: Option<u64>,
    },
    LeaveGroup {
        group: String,
        ack_id: Option<u64>,
    },
    SendToGroup {
        group: String,
        payload: Payload,
        no_echo: bool,
        ack_id: Option<u64>,
        /// Seconds, 0 to 300; absent means no expiry.
        ttl_seconds: Option<u32>,
        metadata: Metadata,
    },
    Event {
        event: String,
        payload: Payload,
        ack_id: Option<u64>,
        metadata: Metadata,
    },
    /// Everything up to and including this sequence id has arrived. Reliable subprotocols only.
    SequenceAck {
        sequence_id: u64,
    },
    Ping,
}

/// What the service sends.
#[derive(Clone, Debug, PartialEq)]
pub enum ServiceFrame {
    Connected {
        connection_id: String,
        user_id: Option<String>,
        /// Present on reliable subprotocols only.
        reconnection_token: Option<String>,
    },
    Disconnected {
        message: String,
    },
    Ack {
        ack_id: u64,
        result: Result<(), AckError>,
    },
    Message(Message),
    Pong,
}

/// A message as a receiver sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub from: Sender,
    pub payload: Payload,
    /// Present on reliable subprotocols only; starts at 1, steps by 1 per connection.
    pub sequence_id: Option<u64>,
    pub metadata: Metadata,
}

/// Who published a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Sent to a group, by a client or through REST. `user` is the publishing client's user id; REST and
    /// anonymous publishers have none.
    Group { group: String, user: Option<String> },
    /// Sent through REST to all, a user or a connection, or a handler's answer.
    Server,
}

/// Why a request with an `ackId` was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AckError {
    pub name: AckErrorName,
    pub message: String,
}

/// The names that the service uses; unknown ones are failures too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AckErrorName {
    Forbidden,
    InternalServerError,
    /// The id was executed before: treat as success.
    Duplicate,
    BadRequest,
    NotFound,
    Timeout,
    #[serde(untagged)]
    Other(String),
}
