//! The hot path: what one turn of a sender has to say to many sessions. Messages are printed once per form (JSON,
//! protobuf, bare payload), framed and joined, and the bytes are shared; a reliable session adds its numbers. Sessions
//! take them into their queues under the registry's lock, so that everybody hears in the same order; afterwards each
//! queue is written out at once, from here, with one call to the system. No task is woken unless a socket is full.

use crate::session::Session;
use crate::websocket::frames::{BINARY, TEXT, print};
use bytes::Bytes;
use std::cell::OnceCell;
use std::collections::VecDeque;
use std::sync::Arc;
use wire::frame::protobuf::protobuf_message;
use wire::frame::{Message, Payload};

/// Sessions that are written to before others have their turn. Each costs some microseconds.
const AT_ONCE: usize = 64;

/// Messages with their printed forms, made when first needed.
pub struct Encoded {
    messages: Vec<Message>,
    texts: OnceCell<Vec<Bytes>>,
    bodies: OnceCell<Vec<Bytes>>,
    plain: OnceCell<Bytes>,
    protobuf: OnceCell<Bytes>,
    raw: OnceCell<Bytes>,
}

impl Encoded {
    pub fn new(messages: Vec<Message>) -> Self {
        Self {
            messages,
            texts: OnceCell::new(),
            bodies: OnceCell::new(),
            plain: OnceCell::new(),
            protobuf: OnceCell::new(),
            raw: OnceCell::new(),
        }
    }

    /// Frames of the envelopes without sequence ids.
    pub fn plain(&self) -> Bytes {
        let make = || joined(self.texts().iter().map(|text| (TEXT, &text[..])));
        self.plain.get_or_init(make).clone()
    }

    /// Each envelope without its first byte, for a sequence id to be put in front.
    pub fn rests(&self) -> impl Iterator<Item = Bytes> {
        self.texts().iter().map(|text| text.slice(1..))
    }

    /// Frames of the protobuf envelopes without sequence ids.
    pub fn protobuf(&self) -> Bytes {
        let make = || {
            let frames = self.bodies().iter();
            let frames: Vec<Bytes> = frames.map(|body| protobuf_message(body, None)).collect();
            joined(frames.iter().map(|frame| (BINARY, &frame[..])))
        };
        self.protobuf.get_or_init(make).clone()
    }

    /// What the protobuf envelopes with sequence ids are made of.
    pub fn bodies(&self) -> &[Bytes] {
        let make = || self.messages.iter().map(Message::protobuf_body).collect();
        self.bodies.get_or_init(make)
    }

    /// Frames of the bare payloads, as clients without a subprotocol receive them. The end of a stream is a word to
    /// clients that know of streams; a bare payload would be an empty frame.
    pub fn raw(&self) -> Bytes {
        let ends = |message: &&Message| message.stream.as_ref().is_some_and(|part| part.end);
        let make = || {
            let heard = self.messages.iter().filter(|message| !ends(message));
            joined(heard.map(|message| match &message.payload {
                Payload::Text(text) => (TEXT, text.as_bytes()),
                Payload::Json(json) => (TEXT, json.get().as_bytes()),
                Payload::Binary(bytes) | Payload::Protobuf(bytes) => (BINARY, &bytes[..]),
            }))
        };
        self.raw.get_or_init(make).clone()
    }

    fn texts(&self) -> &[Bytes] {
        let print = |message: &Message| Bytes::from(message.unnumbered());
        let make = || self.messages.iter().map(print).collect();
        self.texts.get_or_init(make)
    }
}

fn joined<'p>(payloads: impl Iterator<Item = (u8, &'p [u8])>) -> Bytes {
    let mut frames = Vec::new();
    for (opcode, payload) in payloads {
        print(opcode, payload, &mut frames);
    }
    frames.into()
}

/// Queues messages for every session but the excluded ones.
#[must_use = "queues are to be written out"]
pub fn deliver<'s>(
    messages: Vec<Message>,
    receivers: impl Iterator<Item = (&'s str, &'s Arc<Session>)>,
    excluded: impl Fn(&str, &Arc<Session>) -> bool,
) -> Due {
    let messages = Encoded::new(messages);
    let mut due = Due::default();
    for (id, session) in receivers {
        if !excluded(id, session) && session.deliver(&messages) {
            due.sessions.push_back(session.clone());
        }
    }
    due
}

/// Sessions whose queues are to be written out, each once. That happens even if whoever owes it is dropped.
#[derive(Default)]
pub struct Due {
    sessions: VecDeque<Arc<Session>>,
}

impl Due {
    pub fn add(&mut self, mut other: Due) {
        if self.sessions.is_empty() {
            std::mem::swap(&mut self.sessions, &mut other.sessions);
        } else {
            self.sessions.append(&mut other.sessions);
        }
    }

    /// Writes them out. Others have a turn now and then.
    pub async fn write_out(&mut self) {
        while self.write_some() {
            tokio::task::yield_now().await;
        }
    }

    /// Writes some of them out; whether there are more.
    pub fn write_some(&mut self) -> bool {
        let some = self.sessions.len().min(AT_ONCE);
        for session in self.sessions.drain(..some) {
            session.write_out();
        }
        if self.sessions.is_empty() {
            // Most connections publish rarely, and should hold no room for it.
            self.sessions = VecDeque::new();
        }
        !self.sessions.is_empty()
    }
}

impl Drop for Due {
    fn drop(&mut self) {
        while self.write_some() {}
    }
}
