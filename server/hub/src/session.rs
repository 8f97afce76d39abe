//! One client's session as the rest of the hub sees it: an identity and a bounded queue of what it is to
//! receive. Refuses to touch sockets; `connection` empties the queue.

use crate::fanout::Encoded;
use crate::reliable::{Full, Replay};
use axum::extract::ws::{Message as Frame, Utf8Bytes, WebSocket};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use subtle::ConstantTimeEq;
use tokio::sync::{Notify, mpsc};
use wire::frame::{ServiceFrame, numbered};

/// Bytes that may wait for a slow client without recovery; the next message closes it.
pub const MAX_QUEUED_BYTES: usize = 1024 * 1024;

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
    /// The subprotocol's name; raw clients have none, or a custom one.
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "json.webpubsub.azure.v1" => Some(Protocol::Json),
            "json.reliable.webpubsub.azure.v1" => Some(Protocol::ReliableJson),
            "protobuf.webpubsub.azure.v1" => Some(Protocol::Protobuf),
            "protobuf.reliable.webpubsub.azure.v1" => Some(Protocol::ReliableProtobuf),
            _ => None,
        }
    }

    pub const fn is_reliable(self) -> bool {
        matches!(self, Protocol::ReliableJson | Protocol::ReliableProtobuf)
    }

    pub const fn is_protobuf(self) -> bool {
        matches!(self, Protocol::Protobuf | Protocol::ReliableProtobuf)
    }

    /// A frame as this protocol has it; raw clients get none.
    pub fn print(self, frame: &ServiceFrame) -> Option<Frame> {
        match self {
            Protocol::Raw => None,
            Protocol::Json | Protocol::ReliableJson => Some(Frame::Text(frame.to_json().into())),
            Protocol::Protobuf | Protocol::ReliableProtobuf => {
                frame.to_protobuf().map(Frame::Binary)
            }
        }
    }
}

/// A numbered message as it was printed for one client.
#[derive(Clone)]
enum Printed {
    Text(Utf8Bytes),
    Binary(Bytes),
}

impl AsRef<[u8]> for Printed {
    fn as_ref(&self) -> &[u8] {
        match self {
            Printed::Text(text) => text.as_bytes(),
            Printed::Binary(bytes) => bytes,
        }
    }
}

impl From<Printed> for Frame {
    fn from(printed: Printed) -> Self {
        match printed {
            Printed::Text(text) => Frame::Text(text),
            Printed::Binary(bytes) => Frame::Binary(bytes),
        }
    }
}

/// How a session is ended by the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    pub code: u16,
    /// In the close frame.
    pub reason: &'static str,
    /// In the `disconnected` frame before it; `None` sends no such frame.
    pub message: Option<String>,
}

impl Ending {
    pub fn by_application(reason: Option<String>) -> Self {
        Self {
            code: 1000,
            reason: "",
            message: Some(reason.unwrap_or_default()),
        }
    }

    pub fn malformed(protocol: Protocol) -> Self {
        let reason = if protocol.is_protobuf() {
            "The client message is not a valid protobuf protocol message."
        } else {
            "The client message is not a valid JSON protocol message."
        };
        Self {
            code: 1007,
            reason,
            message: Some(reason.to_owned()),
        }
    }

    /// A text message where the subprotocol has binary ones.
    pub fn not_binary() -> Self {
        let reason = "This subprotocol takes binary messages only.";
        Self {
            code: 1003,
            reason,
            message: Some(reason.to_owned()),
        }
    }

    pub fn shutdown() -> Self {
        Self {
            code: 1001,
            reason: "ServiceReload",
            message: Some("ServiceReload".to_owned()),
        }
    }

    /// Why, as the application is told.
    pub fn told(&self) -> String {
        let reason = || self.reason.to_owned();
        self.message.clone().unwrap_or_else(reason)
    }

    const fn too_slow(reason: &'static str) -> Self {
        Self {
            code: 1008,
            reason,
            message: None,
        }
    }
}

/// Shared by the registry, which delivers, and by the connection's task, which writes.
pub struct Session {
    pub id: Arc<str>,
    pub hub: Arc<str>,
    pub user: Option<Arc<str>>,
    pub protocol: Protocol,
    /// The selected subprotocol as the client spelled it.
    pub subprotocol: Option<String>,
    /// Opens this session again after its socket was lost.
    pub reconnection_token: String,
    /// Hands a new socket to the session's task.
    pub handover: mpsc::Sender<WebSocket>,
    out: Mutex<Out>,
    wake: Notify,
}

#[derive(Default)]
struct Out {
    queue: VecDeque<Queued>,
    bytes: usize,
    replay: Replay<Printed>,
    /// A socket is there; without one, numbered messages wait in `replay` only.
    attached: bool,
    ending: Option<Ending>,
}

struct Queued {
    frame: Frame,
    numbered: bool,
}

/// What a connection's task is to write next.
pub struct Due {
    pub frames: Vec<Frame>,
    pub ending: Option<Ending>,
}

impl Session {
    pub fn new(
        id: Arc<str>,
        hub: Arc<str>,
        user: Option<Arc<str>>,
        protocol: Protocol,
        subprotocol: Option<String>,
        reconnection_token: String,
        handover: mpsc::Sender<WebSocket>,
    ) -> Self {
        let out = Out {
            attached: true,
            ..Out::default()
        };
        Self {
            id,
            hub,
            user,
            protocol,
            subprotocol,
            reconnection_token,
            handover,
            out: Mutex::new(out),
            wake: Notify::new(),
        }
    }

    pub fn is_reliable(&self) -> bool {
        self.protocol.is_reliable()
    }

    /// Whether a client may take this session over.
    pub fn accepts(&self, reconnection_token: &str) -> bool {
        let same: bool = self
            .reconnection_token
            .as_bytes()
            .ct_eq(reconnection_token.as_bytes())
            .into();
        self.is_reliable() && same && self.lock().ending.is_none()
    }

    /// Queues a message. A client that takes too little is ended, alone.
    pub fn deliver(&self, message: &Encoded) {
        let mut out = self.lock();
        if out.ending.is_some() {
            return;
        }
        // Looked at before the message is added: the largest one that is allowed exceeds the limit alone.
        if out.bytes > MAX_QUEUED_BYTES && !self.is_reliable() {
            out.ending = Some(Ending::too_slow("The outbound message queue is full."));
            out.queue.clear();
            drop(out);
            self.wake.notify_one();
            return;
        }
        match self.protocol {
            Protocol::Raw if message.ends_stream() => return,
            Protocol::Raw => out.push(message.raw(), false),
            Protocol::Json => out.push(Frame::Text(message.plain()), false),
            Protocol::Protobuf => out.push(Frame::Binary(message.protobuf()), false),
            Protocol::ReliableJson => {
                let print = |id| Printed::Text(numbered(id, &message.plain()).into());
                if !out.keep(print) {
                    return;
                }
            }
            Protocol::ReliableProtobuf => {
                if !out.keep(|id| Printed::Binary(message.protobuf_numbered(id))) {
                    return;
                }
            }
        }
        drop(out);
        self.wake.notify_one();
    }

    /// Queues a frame that is not a message: an ack, a pong. Raw clients get none.
    pub fn reply(&self, frame: &ServiceFrame) {
        if let Some(frame) = self.protocol.print(frame) {
            self.lock().push(frame, false);
            self.wake.notify_one();
        }
    }

    /// Ends the session for good; the first reason stands.
    pub fn end(&self, ending: Ending) {
        self.lock().ending.get_or_insert(ending);
        self.wake.notify_one();
    }

    pub fn acknowledge(&self, sequence_id: u64) {
        if self.is_reliable() {
            self.lock().replay.acknowledge(sequence_id);
        }
    }

    /// The socket is gone; the session waits.
    pub fn detach(&self) {
        let mut out = self.lock();
        out.attached = false;
        let Out { queue, bytes, .. } = &mut *out;
        queue.retain(|queued| !queued.numbered);
        *bytes = queue.iter().map(|queued| size(&queued.frame)).sum();
    }

    /// A new socket is there: greets it and repeats what was not acknowledged, before anything newer.
    pub fn attach(&self, connected: &ServiceFrame) {
        let mut out = self.lock();
        let unnumbered: Vec<Queued> = out
            .queue
            .drain(..)
            .filter(|queued| !queued.numbered)
            .collect();
        out.bytes = 0;
        out.attached = true;
        if let Some(greeting) = self.protocol.print(connected) {
            out.push(greeting, false);
        }
        let unacknowledged: Vec<Printed> = out.replay.unacknowledged().cloned().collect();
        for printed in unacknowledged {
            out.push(printed.into(), true);
        }
        for queued in unnumbered {
            out.push(queued.frame, false);
        }
        drop(out);
        self.wake.notify_one();
    }

    /// Takes what waits to be written.
    pub fn due(&self) -> Due {
        let mut out = self.lock();
        out.bytes = 0;
        let frames = out.queue.drain(..).map(|queued| queued.frame).collect();
        // An idle client should hold no room for the burst that it once had.
        if out.queue.capacity() > 64 {
            out.queue = VecDeque::new();
        }
        Due {
            frames,
            ending: out.ending.clone(),
        }
    }

    /// Waits until something is due.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Waits until the session is to end; used while a write is stuck.
    pub async fn ended(&self) -> Ending {
        loop {
            let ending = self.lock().ending.clone();
            if let Some(ending) = ending {
                // The signal may belong to others who wait.
                self.wake.notify_one();
                return ending;
            }
            self.wake.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Out> {
        // A panic elsewhere cannot leave the queue half-changed: every change is one step.
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Out {
    /// Numbers and keeps a message, and queues it if a socket is there. False if there is nothing to wake for.
    fn keep(&mut self, print: impl FnOnce(u64) -> Printed) -> bool {
        match self.replay.push(print) {
            Ok(printed) if self.attached => self.push(printed.into(), true),
            Ok(_) => return false,
            Err(Full) => {
                self.ending = Some(Ending::too_slow("The reliable message buffer is full."));
                self.queue.clear();
            }
        }
        true
    }

    fn push(&mut self, frame: Frame, numbered: bool) {
        self.bytes += size(&frame);
        self.queue.push_back(Queued { frame, numbered });
    }
}

fn size(frame: &Frame) -> usize {
    match frame {
        Frame::Text(text) => text.len(),
        Frame::Binary(bytes) | Frame::Ping(bytes) | Frame::Pong(bytes) => bytes.len(),
        Frame::Close(_) => 0,
    }
}
