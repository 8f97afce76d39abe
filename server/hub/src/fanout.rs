//! The hot path: one message to many sessions. It is printed once per form (JSON, protobuf, bare payload) and
//! the bytes are shared; a reliable session adds its number. Nothing waits in here: a session's queue takes the
//! message or ends the session.

use crate::session::Session;
use axum::extract::ws::{Message as Frame, Utf8Bytes};
use bytes::Bytes;
use std::cell::OnceCell;
use std::sync::Arc;
use wire::frame::protobuf::protobuf_message;
use wire::frame::{Message, Payload};

/// A message with its printed forms, made when first needed.
pub struct Encoded {
    message: Message,
    plain: OnceCell<Utf8Bytes>,
    body: OnceCell<Bytes>,
    protobuf: OnceCell<Bytes>,
}

impl Encoded {
    pub fn new(message: Message) -> Self {
        Self {
            message,
            plain: OnceCell::new(),
            body: OnceCell::new(),
            protobuf: OnceCell::new(),
        }
    }

    /// The envelope without a sequence id.
    pub fn plain(&self) -> Utf8Bytes {
        self.plain
            .get_or_init(|| self.message.unnumbered().into())
            .clone()
    }

    /// The protobuf envelope without a sequence id.
    pub fn protobuf(&self) -> Bytes {
        self.protobuf
            .get_or_init(|| protobuf_message(self.body(), None))
            .clone()
    }

    /// The protobuf envelope with a sequence id.
    pub fn protobuf_numbered(&self, sequence_id: u64) -> Bytes {
        protobuf_message(self.body(), Some(sequence_id))
    }

    fn body(&self) -> &Bytes {
        self.body.get_or_init(|| self.message.protobuf_body())
    }

    /// The end of a stream is a word to clients that know of streams; a bare payload would be an empty frame.
    pub fn ends_stream(&self) -> bool {
        self.message.stream.as_ref().is_some_and(|part| part.end)
    }

    /// The bare payload, as clients without a subprotocol receive it.
    pub fn raw(&self) -> Frame {
        match &self.message.payload {
            Payload::Text(text) => Frame::Text(text.as_str().into()),
            Payload::Json(json) => Frame::Text(json.get().into()),
            Payload::Binary(bytes) | Payload::Protobuf(bytes) => Frame::Binary(bytes.clone()),
        }
    }
}

/// Queues a message for every session but the excluded ones.
pub fn deliver<'s>(
    message: Message,
    receivers: impl Iterator<Item = (&'s str, &'s Arc<Session>)>,
    excluded: impl Fn(&str) -> bool,
) {
    let message = Encoded::new(message);
    for (id, session) in receivers {
        if !excluded(id) {
            session.deliver(&message);
        }
    }
}
