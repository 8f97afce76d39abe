//! The JSON subprotocols `json.webpubsub.azure.v1` and `json.reliable.webpubsub.azure.v1`: frames to and
//! from one text message each. Key order follows what the service and its clients print, because some of
//! them compare bytes. Refuses to know who may send what.

use super::{
    AckError, AckErrorName, ClientFrame, Message, Metadata, Payload, Sender, ServiceFrame,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use std::borrow::Cow;

/// A text that is no frame of this subprotocol. A service closes the socket with 1007.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    #[error("the frame is not the JSON that is expected: {0}")]
    Json(#[from] serde_json::Error),
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

/// Every member that some frame has. `null` counts as absent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    event: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    group: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    from: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    message: Option<Cow<'a, str>>,
    #[serde(default)]
    from_user_id: Option<String>,
    #[serde(default)]
    user_id: Option<String>,
    #[serde(default)]
    connection_id: Option<String>,
    #[serde(default)]
    reconnection_token: Option<String>,
    #[serde(default)]
    ack_id: Option<u64>,
    #[serde(default)]
    sequence_id: Option<u64>,
    #[serde(default)]
    success: Option<bool>,
    #[serde(default)]
    error: Option<AckError>,
    #[serde(default)]
    no_echo: Option<bool>,
    #[serde(default)]
    ttl_seconds: Option<u32>,
    #[serde(borrow, default)]
    data_type: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

impl Fields<'_> {
    fn group(&mut self) -> Result<String, Malformed> {
        self.group
            .take()
            .map(Cow::into_owned)
            .filter(|name| is_group_name(name))
            .ok_or(Malformed::Field("group"))
    }

    /// A missing type means JSON; metadata without data means empty text.
    fn payload(&self) -> Result<Payload, Malformed> {
        let Some(data) = self.data else {
            return match self.metadata {
                Some(_) => Ok(Payload::Text(String::new())),
                None => Err(Malformed::Field("data")),
            };
        };
        let bytes = || -> Result<bytes::Bytes, Malformed> {
            let text: Cow<str> = serde_json::from_str::<Text>(data.get())?.0;
            let bytes = BASE64
                .decode(text.as_bytes())
                .map_err(|_| Malformed::Field("data"))?;
            Ok(bytes.into())
        };
        match self
            .data_type
            .as_deref()
            .map(str::to_ascii_lowercase)
            .as_deref()
        {
            None | Some("json") => Ok(Payload::Json(data.to_owned())),
            Some("text") => Ok(Payload::Text(
                serde_json::from_str::<Text>(data.get())?.0.into_owned(),
            )),
            Some("binary") => bytes().map(Payload::Binary),
            Some("protobuf") => bytes().map(Payload::Protobuf),
            Some(_) => Err(Malformed::Field("dataType")),
        }
    }

    fn metadata(&mut self) -> Result<Metadata, Malformed> {
        let metadata = self.metadata.take().unwrap_or_default();
        super::is_metadata(&metadata)
            .then_some(metadata)
            .ok_or(Malformed::Field("metadata"))
    }
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

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
                event: fields
                    .event
                    .take()
                    .map(Cow::into_owned)
                    .filter(|name| is_event_name(name))
                    .ok_or(Malformed::Field("event"))?,
                payload: fields.payload()?,
                ack_id: fields.ack_id,
                metadata: fields.metadata()?,
            }),
            "sequenceack" => Ok(ClientFrame::SequenceAck {
                sequence_id: fields.sequence_id.ok_or(Malformed::Field("sequenceId"))?,
            }),
            "ping" => Ok(ClientFrame::Ping),
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
                    (_, Some(error)) => Err(error),
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
            }),
            "pong" => ServiceFrame::Pong,
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

/// A JSON object under construction, in the order in which its members are added.
struct Object(String);

impl Object {
    fn new() -> Self {
        Self(String::from("{"))
    }

    fn key(&mut self, key: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push('"');
        self.0.push_str(key);
        self.0.push_str("\":");
    }

    fn value(mut self, key: &str, value: &impl Serialize) -> Self {
        self.key(key);
        self.0
            .push_str(&serde_json::to_string(value).expect("frames hold plain data"));
        self
    }

    fn text(self, key: &str, value: &str) -> Self {
        self.value(key, &value)
    }

    fn optional(self, key: &str, value: &Option<String>) -> Self {
        match value {
            Some(value) => self.text(key, value),
            None => self,
        }
    }

    fn number(self, key: &str, value: Option<u64>) -> Self {
        match value {
            Some(value) => self.value(key, &value),
            None => self,
        }
    }

    fn payload(self, payload: &Payload) -> Self {
        let object = self.text("dataType", payload.data_type());
        match payload {
            Payload::Text(text) => object.text("data", text),
            Payload::Json(json) => object.value("data", json),
            Payload::Binary(bytes) | Payload::Protobuf(bytes) => {
                object.text("data", &BASE64.encode(bytes))
            }
        }
    }

    fn metadata(self, metadata: &Metadata) -> Self {
        if metadata.is_empty() {
            self
        } else {
            self.value("metadata", metadata)
        }
    }

    fn close(mut self) -> String {
        self.0.push('}');
        self.0
    }
}
