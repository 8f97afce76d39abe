//! The frames of one Web PubSub socket as plain data. Owns the shapes; the codecs are siblings
//! (`frame/json.rs`, `frame/protobuf.rs`). Refuses to know sockets, clocks and what the payloads mean.

pub mod json;
#[cfg(feature = "protobuf")]
pub mod protobuf;

pub use json::{MAX_TTL_SECONDS, Malformed, is_event_name, is_group_name, numbered};

use crate::json::Json;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
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
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// `text`: a string.
    Text(String),
    /// `json`: any value but `null`, kept as the text it arrived in, so that number formatting and key
    /// order survive the journey.
    Json(Json),
    /// `binary`: bytes, base64 in JSON frames.
    Binary(Bytes),
    /// `protobuf`: a serialised `google.protobuf.Any`, base64 in JSON frames.
    Protobuf(Bytes),
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
    /// A user event whose answer comes back as the response to this invocation. JSON subprotocols only: the
    /// numbers of its protobuf fields are not published.
    Invoke {
        invocation_id: String,
        event: String,
        payload: Option<Payload>,
    },
    /// Nobody waits for the response any more.
    CancelInvocation {
        invocation_id: String,
    },
    /// The client will publish one ordered stream of fragments to a group. The frame takes no data, no id to
    /// acknowledge, no time to live and no metadata.
    StreamStart {
        group: String,
        stream_id: String,
        idle_timeout_ms: Option<u32>,
        no_echo: bool,
    },
    /// The next fragment with its number, which starts at 1; without one, a sign of life.
    StreamData {
        stream_id: String,
        fragment: Option<(u64, Payload)>,
    },
    StreamEnd {
        stream_id: String,
        error: Option<UserError>,
    },
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
    InvokeResponse {
        invocation_id: String,
        result: Result<Option<Payload>, AckError>,
    },
    /// Everything before this number was published.
    StreamAck {
        stream_id: String,
        expected: u64,
    },
    /// The fragment was not published; the stream goes on with this number.
    StreamNack {
        stream_id: String,
        expected: u64,
        name: String,
        message: String,
    },
    /// The stream is over, or never was.
    StreamClosed {
        stream_id: String,
        error: Option<StreamError>,
    },
}

/// A message as a receiver sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub from: Sender,
    pub payload: Payload,
    /// Present on reliable subprotocols only; starts at 1, steps by 1 per connection.
    pub sequence_id: Option<u64>,
    pub metadata: Metadata,
    /// Present on the fragments of a stream only.
    pub stream: Option<StreamPart>,
}

/// Which part of which stream a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamPart {
    pub stream_id: String,
    /// Starts at 1, steps by 1 per stream; has nothing to do with the connection's sequence ids.
    pub sequence_id: u64,
    pub end: bool,
    /// Why the stream ended before its time.
    pub error: Option<StreamError>,
}

/// Why a stream ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamError {
    /// To a publisher: `StreamNotFound`, `Forbidden`, `BadRequest`, `InternalServerError`, `IdleTimeout`. To a
    /// receiver also `Cancelled` and `UserError`.
    pub name: String,
    pub message: String,
    /// The publisher's own, with `UserError`.
    pub user_code: Option<String>,
}

/// Why a publisher ends its stream as a failure, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserError {
    pub message: String,
    pub code: Option<String>,
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

impl AckErrorName {
    pub fn as_str(&self) -> &str {
        match self {
            AckErrorName::Forbidden => "Forbidden",
            AckErrorName::InternalServerError => "InternalServerError",
            AckErrorName::Duplicate => "Duplicate",
            AckErrorName::BadRequest => "BadRequest",
            AckErrorName::NotFound => "NotFound",
            AckErrorName::Timeout => "Timeout",
            AckErrorName::Other(name) => name,
        }
    }

    pub fn named(name: &str) -> Self {
        [
            AckErrorName::Forbidden,
            AckErrorName::InternalServerError,
            AckErrorName::Duplicate,
            AckErrorName::BadRequest,
            AckErrorName::NotFound,
            AckErrorName::Timeout,
        ]
        .into_iter()
        .find(|known| known.as_str() == name)
        .unwrap_or_else(|| AckErrorName::Other(name.to_owned()))
    }
}
