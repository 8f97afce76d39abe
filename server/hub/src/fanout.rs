//! The hot path: one message to many sessions. It is printed once per form (plain JSON, bare payload) and the
//! bytes are shared; a reliable session puts its number in front. Nothing waits in here: a session's queue
//! takes the message or ends the session.

use crate::session::Session;
use axum::extract::ws::{Message as Frame, Utf8Bytes};
use std::cell::OnceCell;
use std::sync::Arc;
use wire::frame::{Message, Payload};

/// A message with its printed forms, made when first needed.
pub struct Encoded {
    message: Message,
    plain: OnceCell<Utf8Bytes>,
}

impl Encoded {
    pub fn new(message: Message) -> Self {
        Self {
            message,
            plain: OnceCell::new(),
        }
    }

    /// The envelope without a sequence id.
    pub fn plain(&self) -> Utf8Bytes {
        self.plain
            .get_or_init(|| self.message.unnumbered().into())
            .clone()
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
