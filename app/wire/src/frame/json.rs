//! The JSON subprotocols `json.webpubsub.azure.v1` and `json.reliable.webpubsub.azure.v1`: frames to and
//! from one text message each. Key order follows what the service and its clients print, because some of
//! them compare bytes. Refuses to know who may send what.

mod binary;
mod fields;
mod object;

use super::{
    AckError, AckErrorName, ClientFrame, Message, Payload, Sender, ServiceFrame, UserError,
};
use crate::json::{Json, NotJson};
use fields::Fields;
use object::Object;
use serde::Serialize;

/// A message that is no frame of its subprotocol. A service closes the socket with 1007.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    #[error("the frame is not the JSON that is expected")]
    Json(#[from] NotJson),
    #[cfg(feature = "protobuf")]
    #[error("the frame is not the protobuf message that is expected: {0}")]
    Protobuf(#[from] prost::DecodeError),
    #[error("there is no frame of type {0:?}")]
    Type(String),
    #[error("the frame has no valid {0:?}")]
    Field(&'static str),
}

/// Seconds that a message may wait to be consumed. Source: emulator of the service.
pub const MAX_TTL_SECONDS: u32 = 300;

/// The longest group name, in characters. Source: product documentation.
pub const MAX_GROUP_CHARS: usize = 1_024;

/// The longest event name, in characters. Source: emulator of the service.
pub const MAX_EVENT_CHARS: usize = 128;

impl ClientFrame {
    /// Reads what a client sent. Unknown members are ignored, unknown types are not.
    pub fn from_json(text: &str) -> Result<Self, Malformed> {
        let (kind, mut fields) = Fields::of(text)?;
        match kind.to_ascii_lowercase().as_str() {
            "joingroup" => Ok(ClientFrame::JoinGroup {
                group: fields.group()?,
                ack_id: fields.count("ackId"),
            }),
            "leavegroup" => Ok(ClientFrame::LeaveGroup {
                group: fields.group()?,
                ack_id: fields.count("ackId"),
            }),
            "sendtogroup" if fields.has("stream") => {
                if fields.has("data") || fields.has("ackId") {
                    return Err(Malformed::Field("stream"));
                }
                // Nobody says what they would mean to its fragments: better refused than passed over.
                if fields.small("ttlSeconds").is_some_and(|ttl| ttl > 0) {
                    return Err(Malformed::Field("ttlSeconds"));
                }
                if !fields.metadata()?.is_empty() {
                    return Err(Malformed::Field("metadata"));
                }
                let mut stream = fields.fields("stream").ok_or(Malformed::Field("stream"))?;
                Ok(ClientFrame::StreamStart {
                    group: fields.group()?,
                    stream_id: stream.needed("streamId")?,
                    idle_timeout_ms: stream.small("idleTimeoutMs"),
                    no_echo: fields.flag("noEcho").unwrap_or(false),
                })
            }
            "sendtogroup" => {
                let ttl_seconds = fields.small("ttlSeconds");
                if ttl_seconds.is_some_and(|ttl| ttl > MAX_TTL_SECONDS) {
                    return Err(Malformed::Field("ttlSeconds"));
                }
                Ok(ClientFrame::SendToGroup {
                    group: fields.group()?,
                    payload: fields.payload()?,
                    no_echo: fields.flag("noEcho").unwrap_or(false),
                    ack_id: fields.count("ackId"),
                    ttl_seconds,
                    metadata: fields.metadata()?,
                })
            }
            "event" => Ok(ClientFrame::Event {
                event: fields.event()?,
                payload: fields.payload()?,
                ack_id: fields.count("ackId"),
                metadata: fields.metadata()?,
            }),
            "sequenceack" => Ok(ClientFrame::SequenceAck {
                sequence_id: fields.needed_count("sequenceId")?,
            }),
            "ping" => Ok(ClientFrame::Ping),
            "invoke" => match fields.text("target").as_deref() {
                Some("event") => Ok(ClientFrame::Invoke {
                    invocation_id: fields.invocation_id()?,
                    event: fields.event()?,
                    payload: fields.payload_if_any()?,
                }),
                _ => Err(Malformed::Field("target")),
            },
            "cancelinvocation" => Ok(ClientFrame::CancelInvocation {
                invocation_id: fields.invocation_id()?,
            }),
            "streamdata" => Ok(ClientFrame::StreamData {
                stream_id: fields.needed("streamId")?,
                fragment: match (
                    fields.count("streamSequenceId"),
                    fields.has("dataType"),
                    fields.has("data"),
                ) {
                    (None, false, false) => None,
                    (Some(id), true, true) => Some((id, fields.payload()?)),
                    _ => return Err(Malformed::Field("streamSequenceId")),
                },
            }),
            "streamend" => Ok(ClientFrame::StreamEnd {
                stream_id: fields.needed("streamId")?,
                error: fields.fields("error").map(|mut error| UserError {
                    message: error.owned("message").unwrap_or_default(),
                    code: error.owned("userErrorCode"),
                }),
            }),
            _ => Err(Malformed::Type(kind.into_owned())),
        }
    }

    /// Prints the frame in the key order of Microsoft's JavaScript client.
    pub fn to_json(&self) -> String {
        let object = Object::new();
        match self {
            ClientFrame::JoinGroup { group, ack_id } => object
                .text("type", "joinGroup")
                .text("group", group)
                .number("ackId", *ack_id),
            ClientFrame::LeaveGroup { group, ack_id } => object
                .text("type", "leaveGroup")
                .text("group", group)
                .number("ackId", *ack_id),
            ClientFrame::SendToGroup {
                group,
                payload,
                no_echo,
                ack_id,
                ttl_seconds,
                metadata,
            } => object
                .text("type", "sendToGroup")
                .text("group", group)
                .number("ackId", *ack_id)
                .flag("noEcho", *no_echo)
                .number("ttlSeconds", ttl_seconds.map(u64::from))
                .payload(payload)
                .metadata(metadata),
            ClientFrame::Event {
                event,
                payload,
                ack_id,
                metadata,
            } => object
                .text("type", "event")
                .text("event", event)
                .number("ackId", *ack_id)
                .payload(payload)
                .metadata(metadata),
            ClientFrame::SequenceAck { sequence_id } => object
                .text("type", "sequenceAck")
                .number("sequenceId", Some(*sequence_id)),
            ClientFrame::Ping => object.text("type", "ping"),
            ClientFrame::Invoke {
                invocation_id,
                event,
                payload,
            } => {
                let object = object
                    .text("type", "invoke")
                    .text("invocationId", invocation_id)
                    .text("target", "event")
                    .text("event", event);
                match payload {
                    Some(payload) => object.payload(payload),
                    None => object,
                }
            }
            ClientFrame::CancelInvocation { invocation_id } => object
                .text("type", "cancelInvocation")
                .text("invocationId", invocation_id),
            ClientFrame::StreamStart {
                group,
                stream_id,
                idle_timeout_ms,
                no_echo,
            } => object
                .text("type", "sendToGroup")
                .text("group", group)
                .flag("noEcho", *no_echo)
                .object(
                    "stream",
                    Object::new()
                        .text("streamId", stream_id)
                        .number("idleTimeoutMs", idle_timeout_ms.map(u64::from)),
                ),
            ClientFrame::StreamData {
                stream_id,
                fragment,
            } => {
                let object = object
                    .text("type", "streamData")
                    .text("streamId", stream_id);
                match fragment {
                    Some((id, payload)) => object
                        .number("streamSequenceId", Some(*id))
                        .payload(payload),
                    None => object,
                }
            }
            ClientFrame::StreamEnd { stream_id, error } => {
                let object = object.text("type", "streamEnd").text("streamId", stream_id);
                match error {
                    Some(error) => object.object(
                        "error",
                        Object::new()
                            .text("message", &error.message)
                            .optional("userErrorCode", error.code.as_deref()),
                    ),
                    None => object,
                }
            }
        }
        .close()
    }
}

impl ServiceFrame {
    /// Reads what the service sent. `None` is a type that this client does not know, to be skipped.
    pub fn from_json(text: &str) -> Result<Option<Self>, Malformed> {
        let (kind, mut fields) = Fields::of(text)?;
        Ok(Some(match &*kind {
            "system" => match fields.text("event").as_deref() {
                Some("connected") => ServiceFrame::Connected {
                    connection_id: fields.needed("connectionId")?,
                    user_id: fields.owned("userId"),
                    reconnection_token: fields.owned("reconnectionToken"),
                },
                Some("disconnected") => ServiceFrame::Disconnected {
                    message: fields.owned("message").unwrap_or_default(),
                },
                _ => return Ok(None),
            },
            "ack" => ServiceFrame::Ack {
                ack_id: fields.needed_count("ackId")?,
                result: match (fields.flag("success"), fields.fields("error")) {
                    (Some(true), _) => Ok(()),
                    (_, Some(mut error)) => Err(error.ack_error()?),
                    (_, None) => Err(AckError {
                        name: AckErrorName::InternalServerError,
                        message: String::new(),
                    }),
                },
            },
            "message" => ServiceFrame::Message(Message {
                from: match fields.text("from").as_deref() {
                    Some("group") => Sender::Group {
                        group: fields.group()?,
                        user: fields.owned("fromUserId"),
                    },
                    _ => Sender::Server,
                },
                payload: fields.payload()?,
                sequence_id: fields.count("sequenceId"),
                metadata: fields.metadata()?,
                stream: match cfg!(feature = "streams") {
                    true => fields.stream_part()?,
                    false => None,
                },
            }),
            "pong" => ServiceFrame::Pong,
            #[cfg(feature = "streams")]
            "invokeResponse" => ServiceFrame::InvokeResponse {
                invocation_id: fields.invocation_id()?,
                result: match (fields.flag("success"), fields.fields("error")) {
                    (Some(true), _) => Ok(fields.payload_if_any()?),
                    (Some(false), Some(mut error)) => Err(error.ack_error()?),
                    _ => return Err(Malformed::Field("success")),
                },
            },
            #[cfg(feature = "streams")]
            "streamAck" => ServiceFrame::StreamAck {
                stream_id: fields.needed("streamId")?,
                expected: fields.needed_count("expectedSequenceId")?,
            },
            #[cfg(feature = "streams")]
            "streamNack" => ServiceFrame::StreamNack {
                stream_id: fields.needed("streamId")?,
                expected: fields.needed_count("expectedSequenceId")?,
                name: fields.owned("name").unwrap_or_default(),
                message: fields.owned("message").unwrap_or_default(),
            },
            #[cfg(feature = "streams")]
            "streamClosed" => ServiceFrame::StreamClosed {
                stream_id: fields.needed("streamId")?,
                error: fields.stream_error(),
            },
            _ => return Ok(None),
        }))
    }

    /// Prints the frame. On a reliable connection a message's sequence id comes first, so that what follows
    /// it can be printed once for all receivers.
    pub fn to_json(&self) -> String {
        match self {
            ServiceFrame::Connected {
                connection_id,
                user_id,
                reconnection_token,
            } => Object::new()
                .text("type", "system")
                .text("event", "connected")
                .nullable("userId", user_id.as_deref())
                .text("connectionId", connection_id)
                .optional("reconnectionToken", reconnection_token.as_deref())
                .close(),
            ServiceFrame::Disconnected { message } => Object::new()
                .text("type", "system")
                .text("event", "disconnected")
                .text("message", message)
                .close(),
            ServiceFrame::Ack { ack_id, result } => {
                let object = Object::new()
                    .text("type", "ack")
                    .number("ackId", Some(*ack_id))
                    .flag("success", result.is_ok());
                match result {
                    Ok(()) => object.close(),
                    Err(error) => object.object("error", error.print()).close(),
                }
            }
            ServiceFrame::Message(message) => match message.sequence_id {
                None => message.unnumbered(),
                Some(id) => numbered(id, &message.unnumbered()),
            },
            ServiceFrame::Pong => Object::new().text("type", "pong").close(),
            ServiceFrame::InvokeResponse {
                invocation_id,
                result,
            } => {
                let object = Object::new()
                    .text("type", "invokeResponse")
                    .text("invocationId", invocation_id)
                    .flag("success", result.is_ok());
                match result {
                    Ok(Some(payload)) => object.payload(payload).close(),
                    Ok(None) => object.close(),
                    Err(error) => object.object("error", error.print()).close(),
                }
            }
            ServiceFrame::StreamAck {
                stream_id,
                expected,
            } => Object::new()
                .text("type", "streamAck")
                .text("streamId", stream_id)
                .number("expectedSequenceId", Some(*expected))
                .close(),
            ServiceFrame::StreamNack {
                stream_id,
                expected,
                name,
                message,
            } => Object::new()
                .text("type", "streamNack")
                .text("streamId", stream_id)
                .number("expectedSequenceId", Some(*expected))
                .text("name", name)
                .text("message", message)
                .close(),
            ServiceFrame::StreamClosed { stream_id, error } => Object::new()
                .text("type", "streamClosed")
                .text("streamId", stream_id)
                .error(error.as_ref())
                .close(),
        }
    }
}

impl AckError {
    fn print(&self) -> Object {
        Object::new()
            .text("name", self.name.as_str())
            .text("message", &self.message)
    }
}

impl Message {
    /// The message as a connection without sequence ids receives it.
    pub fn unnumbered(&self) -> String {
        let object = Object::new().text("type", "message");
        match &self.from {
            Sender::Group { group, user } => object
                .text("from", "group")
                .text("group", group)
                .nullable("fromUserId", user.as_deref()),
            Sender::Server => object.text("from", "server"),
        }
        .payload(&self.payload)
        .metadata(&self.metadata)
        .stream(self.stream.as_ref())
        .close()
    }
}

/// Puts a sequence id in front of a printed message.
pub fn numbered(sequence_id: u64, unnumbered: &str) -> String {
    format!(r#"{{"sequenceId":{sequence_id},{}"#, &unnumbered[1..])
}

impl Payload {
    /// Any serialisable value as a JSON payload. Fails on maps whose keys are not text.
    pub fn json(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        Json::print(value).map(Payload::Json)
    }

    /// The `dataType` on the wire.
    pub const fn data_type(&self) -> &'static str {
        match self {
            Payload::Text(_) => "text",
            Payload::Json(_) => "json",
            Payload::Binary(_) => "binary",
            Payload::Protobuf(_) => "protobuf",
        }
    }
}

/// 1 to 1,024 characters, not only white space.
pub fn is_group_name(name: &str) -> bool {
    !name.trim().is_empty() && name.chars().count() <= MAX_GROUP_CHARS
}

/// A letter, then letters, digits, `_`, `.`, `-`; 128 characters at most; case does not matter.
pub fn is_event_name(name: &str) -> bool {
    name.len() <= MAX_EVENT_CHARS
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}
