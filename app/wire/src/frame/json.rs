//! The JSON subprotocols `json.webpubsub.azure.v1` and `json.reliable.webpubsub.azure.v1`: frames to and
//! from one text message each. Key order follows what the service and its clients print, because some of
//! them compare bytes. Refuses to know who may send what.

mod fields;
mod object;

use super::{
    AckError, AckErrorName, ClientFrame, Message, Payload, Sender, ServiceFrame, StreamPart,
    UserError,
};
use fields::{ErrorFields, Fields};
use object::{ErrorPrint, Object, StreamPrint};
use serde::Serialize;
use serde_json::value::to_raw_value;

/// A message that is no frame of its subprotocol. A service closes the socket with 1007.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    #[error("the frame is not the JSON that is expected: {0}")]
    Json(#[from] serde_json::Error),
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
        let mut fields: Fields = serde_json::from_str(text)?;
        match fields.kind.to_ascii_lowercase().as_str() {
            "joingroup" => Ok(ClientFrame::JoinGroup {
                group: fields.group()?,
                ack_id: fields.ack_id,
            }),
            "leavegroup" => Ok(ClientFrame::LeaveGroup {
                group: fields.group()?,
                ack_id: fields.ack_id,
            }),
            "sendtogroup" if fields.stream.is_some() => {
                if fields.data.is_some() || fields.ack_id.is_some() {
                    return Err(Malformed::Field("stream"));
                }
                // Nobody says what they would mean to its fragments: better refused than passed over.
                if fields.ttl_seconds.is_some_and(|ttl| ttl > 0) {
                    return Err(Malformed::Field("ttlSeconds"));
                }
                if !fields.metadata()?.is_empty() {
                    return Err(Malformed::Field("metadata"));
                }
                let stream = fields.stream.take().ok_or(Malformed::Field("stream"))?;
                Ok(ClientFrame::StreamStart {
                    group: fields.group()?,
                    stream_id: stream.stream_id.into_owned(),
                    idle_timeout_ms: stream.idle_timeout_ms,
                    no_echo: fields.no_echo.unwrap_or(false),
                })
            }
            "sendtogroup" => {
                if fields.ttl_seconds.is_some_and(|ttl| ttl > MAX_TTL_SECONDS) {
                    return Err(Malformed::Field("ttlSeconds"));
                }
                Ok(ClientFrame::SendToGroup {
                    group: fields.group()?,
                    payload: fields.payload()?,
                    no_echo: fields.no_echo.unwrap_or(false),
                    ack_id: fields.ack_id,
                    ttl_seconds: fields.ttl_seconds,
                    metadata: fields.metadata()?,
                })
            }
            "event" => Ok(ClientFrame::Event {
                event: fields.event()?,
                payload: fields.payload()?,
                ack_id: fields.ack_id,
                metadata: fields.metadata()?,
            }),
            "sequenceack" => Ok(ClientFrame::SequenceAck {
                sequence_id: fields.sequence_id.ok_or(Malformed::Field("sequenceId"))?,
            }),
            "ping" => Ok(ClientFrame::Ping),
            "invoke" => match fields.target.as_deref() {
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
                stream_id: fields.stream_id()?,
                fragment: match (fields.stream_sequence_id, &fields.data_type, fields.data) {
                    (None, None, None) => None,
                    (Some(id), Some(_), Some(_)) => Some((id, fields.payload()?)),
                    _ => return Err(Malformed::Field("streamSequenceId")),
                },
            }),
            "streamend" => Ok(ClientFrame::StreamEnd {
                stream_id: fields.stream_id()?,
                error: fields.error.take().map(|error| UserError {
                    message: error.message.unwrap_or_default(),
                    code: error.user_error_code,
                }),
            }),
            _ => Err(Malformed::Type(fields.kind.into_owned())),
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
                .value("noEcho", no_echo)
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
                .value("noEcho", no_echo)
                .value(
                    "stream",
                    &StreamPrint {
                        stream_id,
                        idle_timeout_ms: *idle_timeout_ms,
                        ..StreamPrint::default()
                    },
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
                    Some(error) => object.value(
                        "error",
                        &ErrorPrint {
                            name: None,
                            message: &error.message,
                            user_error_code: error.code.as_deref(),
                        },
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
        let mut fields: Fields = serde_json::from_str(text)?;
        Ok(Some(match &*fields.kind {
            "system" => match fields.event.as_deref() {
                Some("connected") => ServiceFrame::Connected {
                    connection_id: fields
                        .connection_id
                        .ok_or(Malformed::Field("connectionId"))?,
                    user_id: fields.user_id,
                    reconnection_token: fields.reconnection_token,
                },
                Some("disconnected") => ServiceFrame::Disconnected {
                    message: fields.message.unwrap_or_default().into_owned(),
                },
                _ => return Ok(None),
            },
            "ack" => ServiceFrame::Ack {
                ack_id: fields.ack_id.ok_or(Malformed::Field("ackId"))?,
                result: match (fields.success, fields.error) {
                    (Some(true), _) => Ok(()),
                    (_, Some(error)) => Err(error.of_ack()?),
                    (_, None) => Err(AckError {
                        name: AckErrorName::InternalServerError,
                        message: String::new(),
                    }),
                },
            },
            "message" => ServiceFrame::Message(Message {
                from: match fields.from.as_deref() {
                    Some("group") => Sender::Group {
                        group: fields.group()?,
                        user: fields.from_user_id.take(),
                    },
                    _ => Sender::Server,
                },
                payload: fields.payload()?,
                sequence_id: fields.sequence_id,
                metadata: fields.metadata()?,
                stream: match fields.stream {
                    Some(stream) => Some(StreamPart {
                        stream_id: stream.stream_id.into_owned(),
                        sequence_id: stream
                            .stream_sequence_id
                            .ok_or(Malformed::Field("streamSequenceId"))?,
                        end: stream.end_of_stream.unwrap_or(false),
                        error: stream.error.map(ErrorFields::of_stream),
                    }),
                    None => None,
                },
            }),
            "pong" => ServiceFrame::Pong,
            "invokeResponse" => ServiceFrame::InvokeResponse {
                invocation_id: fields.invocation_id()?,
                result: match (fields.success, fields.error.take()) {
                    (Some(true), _) => Ok(fields.payload_if_any()?),
                    (Some(false), Some(error)) => Err(error.of_ack()?),
                    _ => return Err(Malformed::Field("success")),
                },
            },
            "streamAck" => ServiceFrame::StreamAck {
                stream_id: fields.stream_id()?,
                expected: fields.expected()?,
            },
            "streamNack" => ServiceFrame::StreamNack {
                stream_id: fields.stream_id()?,
                expected: fields.expected()?,
                name: fields.name.take().unwrap_or_default().into_owned(),
                message: fields.message.take().unwrap_or_default().into_owned(),
            },
            "streamClosed" => ServiceFrame::StreamClosed {
                stream_id: fields.stream_id()?,
                error: fields.error.take().map(ErrorFields::of_stream),
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
                .value("userId", user_id)
                .text("connectionId", connection_id)
                .optional("reconnectionToken", reconnection_token)
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
                    .value("success", &result.is_ok());
                match result {
                    Ok(()) => object.close(),
                    Err(error) => object.value("error", error).close(),
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
                    .value("success", &result.is_ok());
                match result {
                    Ok(Some(payload)) => object.payload(payload).close(),
                    Ok(None) => object.close(),
                    Err(error) => object.value("error", error).close(),
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
            ServiceFrame::StreamClosed { stream_id, error } => {
                let object = Object::new()
                    .text("type", "streamClosed")
                    .text("streamId", stream_id);
                match error {
                    Some(error) => object.value("error", &ErrorPrint::of(error)).close(),
                    None => object.close(),
                }
            }
        }
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
                .value("fromUserId", user),
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
        to_raw_value(value).map(Payload::Json)
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
