//! The protobuf subprotocols `protobuf.webpubsub.azure.v1` and `protobuf.reliable.webpubsub.azure.v1`: frames to
//! and from one binary message each. The messages are derived by hand (`protobuf/schema.rs`), so that no compiler
//! for `.proto` files is needed. Refuses to know who may send what.

mod schema;

use super::json::{MAX_TTL_SECONDS, Malformed};
use super::{
    AckError, AckErrorName, ClientFrame, Message, Metadata, Payload, Sender, ServiceFrame,
    StreamError, StreamPart, UserError, is_event_name, is_group_name, is_metadata,
};
use crate::json::Json;
use bytes::{BufMut as _, Bytes, BytesMut};
use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};
use schema::{Data, Downstream, DownstreamKind, MessageData, SystemKind, Upstream, UpstreamKind};

/// The field of `DownstreamMessage` that holds a message, and the field of that with its number.
const DATA_MESSAGE: u32 = 2;
const SEQUENCE_ID: u32 = 4;

impl ClientFrame {
    /// Reads what a client sent. Unknown fields are ignored, unknown kinds of message are not.
    pub fn from_protobuf(bytes: Bytes) -> Result<Self, Malformed> {
        let kind = Upstream::decode(bytes)?
            .kind
            .ok_or_else(|| Malformed::Type(String::new()))?;
        Ok(match kind {
            UpstreamKind::SendToGroup(send) => match send.stream {
                Some(_) if send.data.is_some() || send.ack_id.is_some() => {
                    return Err(Malformed::Field("stream"));
                }
                // Nobody says what they would mean to its fragments: better refused than passed over.
                Some(_) if send.ttl_seconds.is_some_and(|ttl| ttl > 0) => {
                    return Err(Malformed::Field("ttl_seconds"));
                }
                Some(_) if !send.metadata.is_empty() => {
                    return Err(Malformed::Field("metadata"));
                }
                Some(stream) => ClientFrame::StreamStart {
                    group: group(send.group)?,
                    stream_id: stream.stream_id,
                    idle_timeout_ms: stream.idle_timeout_ms,
                    no_echo: send.no_echo.unwrap_or(false),
                },
                None => {
                    if send.ttl_seconds.is_some_and(|ttl| ttl > MAX_TTL_SECONDS) {
                        return Err(Malformed::Field("ttl_seconds"));
                    }
                    ClientFrame::SendToGroup {
                        group: group(send.group)?,
                        payload: required(send.data, &send.metadata)?,
                        no_echo: send.no_echo.unwrap_or(false),
                        ack_id: send.ack_id,
                        ttl_seconds: send.ttl_seconds,
                        metadata: metadata(send.metadata)?,
                    }
                }
            },
            UpstreamKind::Event(event) => ClientFrame::Event {
                event: Some(event.event)
                    .filter(|name| is_event_name(name))
                    .ok_or(Malformed::Field("event"))?,
                payload: required(event.data, &event.metadata)?,
                ack_id: event.ack_id,
                metadata: metadata(event.metadata)?,
            },
            UpstreamKind::JoinGroup(join) => ClientFrame::JoinGroup {
                group: group(join.group)?,
                ack_id: join.ack_id,
            },
            UpstreamKind::LeaveGroup(leave) => ClientFrame::LeaveGroup {
                group: group(leave.group)?,
                ack_id: leave.ack_id,
            },
            UpstreamKind::SequenceAck(ack) => ClientFrame::SequenceAck {
                sequence_id: ack.sequence_id,
            },
            UpstreamKind::Ping(_) => ClientFrame::Ping,
            UpstreamKind::StreamData(part) => ClientFrame::StreamData {
                stream_id: part.stream_id,
                fragment: match (part.stream_sequence_id, part.data) {
                    (None, None) => None,
                    (Some(id), Some(data)) => Some((id, payload(data)?)),
                    _ => return Err(Malformed::Field("stream_sequence_id")),
                },
            },
            UpstreamKind::StreamEnd(end) => ClientFrame::StreamEnd {
                stream_id: end.stream_id,
                error: end.error.map(|error| UserError {
                    message: error.message,
                    code: error.user_error_code,
                }),
            },
        })
    }

    /// Prints the frame; `None` for invocations, whose field numbers are not published.
    pub fn to_protobuf(&self) -> Option<Bytes> {
        let kind = match self {
            ClientFrame::JoinGroup { group, ack_id } => UpstreamKind::JoinGroup(schema::Group {
                group: group.clone(),
                ack_id: *ack_id,
            }),
            ClientFrame::LeaveGroup { group, ack_id } => UpstreamKind::LeaveGroup(schema::Group {
                group: group.clone(),
                ack_id: *ack_id,
            }),
            ClientFrame::SendToGroup {
                group,
                payload,
                no_echo,
                ack_id,
                ttl_seconds,
                metadata,
            } => UpstreamKind::SendToGroup(schema::SendToGroup {
                group: group.clone(),
                ack_id: *ack_id,
                data: Some(MessageData::of(payload)),
                no_echo: Some(*no_echo),
                ttl_seconds: *ttl_seconds,
                metadata: metadata.clone(),
                stream: None,
            }),
            ClientFrame::StreamStart {
                group,
                stream_id,
                idle_timeout_ms,
                no_echo,
            } => UpstreamKind::SendToGroup(schema::SendToGroup {
                group: group.clone(),
                no_echo: Some(*no_echo),
                stream: Some(schema::StreamStart {
                    stream_id: stream_id.clone(),
                    idle_timeout_ms: *idle_timeout_ms,
                }),
                ..Default::default()
            }),
            ClientFrame::Event {
                event,
                payload,
                ack_id,
                metadata,
            } => UpstreamKind::Event(schema::Event {
                event: event.clone(),
                data: Some(MessageData::of(payload)),
                ack_id: *ack_id,
                metadata: metadata.clone(),
            }),
            ClientFrame::SequenceAck { sequence_id } => {
                UpstreamKind::SequenceAck(schema::SequenceAck {
                    sequence_id: *sequence_id,
                })
            }
            ClientFrame::Ping => UpstreamKind::Ping(schema::Empty {}),
            ClientFrame::StreamData {
                stream_id,
                fragment,
            } => UpstreamKind::StreamData(schema::StreamData {
                stream_id: stream_id.clone(),
                stream_sequence_id: fragment.as_ref().map(|(id, _)| *id),
                data: fragment
                    .as_ref()
                    .map(|(_, payload)| MessageData::of(payload)),
            }),
            ClientFrame::StreamEnd { stream_id, error } => {
                UpstreamKind::StreamEnd(schema::StreamEnd {
                    stream_id: stream_id.clone(),
                    error: error.as_ref().map(|error| schema::EndError {
                        message: error.message.clone(),
                        user_error_code: error.code.clone(),
                    }),
                })
            }
            ClientFrame::Invoke { .. } | ClientFrame::CancelInvocation { .. } => return None,
        };
        Some(Upstream { kind: Some(kind) }.encode_to_vec().into())
    }
}

impl ServiceFrame {
    /// Reads what the service sent. `None` is a kind that this client does not know, to be skipped.
    pub fn from_protobuf(bytes: Bytes) -> Result<Option<Self>, Malformed> {
        let Some(kind) = Downstream::decode(bytes)?.kind else {
            return Ok(None);
        };
        Ok(Some(match kind {
            DownstreamKind::Ack(ack) => ServiceFrame::Ack {
                ack_id: ack.ack_id,
                result: match (ack.success, ack.error) {
                    (true, _) => Ok(()),
                    (false, error) => Err(error.unwrap_or_default().of_ack()),
                },
            },
            DownstreamKind::Data(message) => ServiceFrame::Message(Message {
                from: match message.group {
                    Some(group) if message.from == "group" => Sender::Group { group, user: None },
                    _ => Sender::Server,
                },
                payload: payload(message.data.ok_or(Malformed::Field("data"))?)?,
                sequence_id: message.sequence_id,
                metadata: message.metadata,
                stream: message.stream.map(|part| StreamPart {
                    stream_id: part.stream_id,
                    sequence_id: part.stream_sequence_id,
                    end: part.end_of_stream,
                    error: part.error.map(|error| StreamError {
                        name: error.name,
                        message: error.message,
                        user_code: error.user_error_code,
                    }),
                }),
            }),
            DownstreamKind::System(system) => match system.kind {
                Some(SystemKind::Connected(connected)) => ServiceFrame::Connected {
                    connection_id: connected.connection_id,
                    user_id: Some(connected.user_id).filter(|user| !user.is_empty()),
                    reconnection_token: Some(connected.reconnection_token)
                        .filter(|token| !token.is_empty()),
                },
                Some(SystemKind::Disconnected(disconnected)) => ServiceFrame::Disconnected {
                    message: disconnected.reason,
                },
                None => return Ok(None),
            },
            DownstreamKind::Pong(_) => ServiceFrame::Pong,
            DownstreamKind::StreamAck(ack) => ServiceFrame::StreamAck {
                stream_id: ack.stream_id,
                expected: ack.expected_sequence_id,
            },
            DownstreamKind::StreamNack(nack) => ServiceFrame::StreamNack {
                stream_id: nack.stream_id,
                expected: nack.expected_sequence_id,
                name: nack.name,
                message: nack.message,
            },
            DownstreamKind::StreamClosed(closed) => ServiceFrame::StreamClosed {
                stream_id: closed.stream_id,
                error: closed.error.map(|error| StreamError {
                    name: error.name,
                    message: error.message,
                    user_code: None,
                }),
            },
        }))
    }

    /// Prints the frame; `None` for an invocation's response, whose field numbers are not published.
    pub fn to_protobuf(&self) -> Option<Bytes> {
        let kind = match self {
            ServiceFrame::Connected {
                connection_id,
                user_id,
                reconnection_token,
            } => DownstreamKind::System(schema::System {
                kind: Some(SystemKind::Connected(schema::Connected {
                    connection_id: connection_id.clone(),
                    user_id: user_id.clone().unwrap_or_default(),
                    reconnection_token: reconnection_token.clone().unwrap_or_default(),
                })),
            }),
            ServiceFrame::Disconnected { message } => DownstreamKind::System(schema::System {
                kind: Some(SystemKind::Disconnected(schema::Disconnected {
                    reason: message.clone(),
                })),
            }),
            ServiceFrame::Ack { ack_id, result } => DownstreamKind::Ack(schema::Ack {
                ack_id: *ack_id,
                success: result.is_ok(),
                error: result.as_ref().err().map(|error| schema::Error {
                    name: error.name.as_str().to_owned(),
                    message: error.message.clone(),
                }),
            }),
            ServiceFrame::Message(message) => {
                let body = message.protobuf_body();
                return Some(protobuf_message(&body, message.sequence_id));
            }
            ServiceFrame::Pong => DownstreamKind::Pong(schema::Empty {}),
            ServiceFrame::InvokeResponse { .. } => return None,
            ServiceFrame::StreamAck {
                stream_id,
                expected,
            } => DownstreamKind::StreamAck(schema::StreamAck {
                stream_id: stream_id.clone(),
                expected_sequence_id: *expected,
            }),
            ServiceFrame::StreamNack {
                stream_id,
                expected,
                name,
                message,
            } => DownstreamKind::StreamNack(schema::StreamNack {
                stream_id: stream_id.clone(),
                name: name.clone(),
                message: message.clone(),
                expected_sequence_id: *expected,
            }),
            ServiceFrame::StreamClosed { stream_id, error } => {
                DownstreamKind::StreamClosed(schema::StreamClosed {
                    stream_id: stream_id.clone(),
                    error: error.as_ref().map(|error| schema::Error {
                        name: error.name.clone(),
                        message: error.message.clone(),
                    }),
                })
            }
        };
        Some(Downstream { kind: Some(kind) }.encode_to_vec().into())
    }
}

impl Message {
    /// The `DataMessage` without a sequence id: the part that is the same for all receivers.
    pub fn protobuf_body(&self) -> Bytes {
        let (from, group) = match &self.from {
            Sender::Group { group, .. } => ("group", Some(group.clone())),
            Sender::Server => ("server", None),
        };
        schema::DataMessage {
            from: from.to_owned(),
            group,
            data: Some(MessageData::of(&self.payload)),
            sequence_id: None,
            metadata: self.metadata.clone(),
            stream: self.stream.as_ref().map(|part| schema::StreamPart {
                stream_id: part.stream_id.clone(),
                stream_sequence_id: part.sequence_id,
                end_of_stream: part.end,
                error: part.error.as_ref().map(|error| schema::PartError {
                    name: error.name.clone(),
                    message: error.message.clone(),
                    user_error_code: error.user_code.clone(),
                }),
            }),
        }
        .encode_to_vec()
        .into()
    }
}

/// Puts the envelope, and a number if there is one, around a body that was printed once for all receivers.
pub fn protobuf_message(body: &[u8], sequence_id: Option<u64>) -> Bytes {
    // The key of field 4 is one byte.
    let number = sequence_id.map_or(0, |id| 1 + encoded_len_varint(id));
    let length = body.len() + number;
    let mut out = BytesMut::with_capacity(length + 11);
    encode_key(DATA_MESSAGE, WireType::LengthDelimited, &mut out);
    encode_varint(length as u64, &mut out);
    out.put_slice(body);
    if let Some(id) = sequence_id {
        encode_key(SEQUENCE_ID, WireType::Varint, &mut out);
        encode_varint(id, &mut out);
    }
    out.freeze()
}

impl schema::Error {
    fn of_ack(self) -> AckError {
        AckError {
            name: AckErrorName::named(&self.name),
            message: self.message,
        }
    }
}

impl MessageData {
    fn of(payload: &Payload) -> Self {
        let kind = match payload {
            Payload::Text(text) => Data::Text(text.clone()),
            Payload::Json(json) => Data::Json(json.get().to_owned()),
            Payload::Binary(bytes) => Data::Binary(bytes.clone()),
            Payload::Protobuf(any) => Data::Protobuf(any.clone()),
        };
        Self { kind: Some(kind) }
    }
}

/// Metadata without data means empty text, as in JSON.
fn required(data: Option<MessageData>, metadata: &Metadata) -> Result<Payload, Malformed> {
    match data {
        Some(data) => payload(data),
        None if !metadata.is_empty() => Ok(Payload::Text(String::new())),
        None => Err(Malformed::Field("data")),
    }
}

fn payload(data: MessageData) -> Result<Payload, Malformed> {
    Ok(match data.kind.ok_or(Malformed::Field("data"))? {
        Data::Text(text) => Payload::Text(text),
        Data::Binary(bytes) => Payload::Binary(bytes),
        Data::Protobuf(any) => {
            // Passed on as it came, but only if it is what it says.
            schema::Any::decode(&any[..])?;
            Payload::Protobuf(any)
        }
        Data::Json(text) => match Json::of(text)? {
            json if json.get() == "null" => return Err(Malformed::Field("json_data")),
            json => Payload::Json(json),
        },
    })
}

fn group(name: String) -> Result<String, Malformed> {
    Some(name)
        .filter(|name| is_group_name(name))
        .ok_or(Malformed::Field("group"))
}

fn metadata(metadata: Metadata) -> Result<Metadata, Malformed> {
    is_metadata(&metadata)
        .then_some(metadata)
        .ok_or(Malformed::Field("metadata"))
}
