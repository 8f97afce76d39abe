//! One client's session as the rest of the hub sees it: an identity and a bounded queue of what it is to receive.
//! Whoever delivers writes the queue out at once; what the socket does not take is left to the session's task, which
//! waits for it. Refuses to read.

use crate::fanout::Encoded;
use crate::outbox::{Outbox, Piece};
use crate::protocol::Protocol;
use crate::reliable::{Full, Replay};
use crate::websocket::frames::BINARY;
use crate::websocket::{Socket, Writer, frame};
use bytes::Bytes;
use std::io::{ErrorKind, IoSlice};
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use subtle::ConstantTimeEq;
use wire::frame::ServiceFrame;
use wire::frame::protobuf::protobuf_message;

/// Bytes that may wait for a slow client without recovery; the next message closes it.
pub const MAX_QUEUED_BYTES: usize = 1024 * 1024;

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

/// Shared by the registry, which delivers, and by the connection's task.
pub struct Session {
    pub id: Arc<str>,
    pub hub: Arc<str>,
    pub user: Option<Arc<str>>,
    pub protocol: Protocol,
    /// The selected subprotocol where it is not spelled as the protocol's own name, which it nearly always is.
    spelled: Option<Box<str>>,
    /// Opens this session again after its socket was lost. Empty where there is no recovery.
    pub reconnection_token: Box<str>,
    /// Which of the ticks of the hub's heart is for this session.
    pub beat: AtomicU8,
    out: Mutex<Out>,
}

#[derive(Default)]
struct Out {
    outbox: Outbox,
    replay: Option<Box<Replay<Piece>>>,
    /// Without one, numbered messages wait in `replay` only.
    writer: Option<Writer>,
    state: State,
    /// Somebody is going to write the queue out.
    due: bool,
    ending: Option<Box<Ending>>,
    /// A new socket for the session.
    came: Option<Box<Socket>>,
    /// The hub's heart has beaten.
    ticked: bool,
    /// The task is gone.
    over: bool,
    waker: Option<Waker>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Well,
    /// The socket takes no more; the task waits until it does.
    Full,
    /// The socket cannot be written to.
    Failed,
}

/// What a session's task has to know.
pub enum Signal {
    Came(Box<Socket>),
    Failed,
    Ended(Ending),
    Ticked,
}

/// How the writing stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Nothing more is taken at the moment.
    pub full: bool,
    /// Bytes that were written, ever, and that wait.
    pub written: u64,
    pub waiting: u64,
}

impl Session {
    pub fn new(
        id: Arc<str>,
        hub: Arc<str>,
        user: Option<Arc<str>>,
        protocol: Protocol,
        subprotocol: Option<&str>,
        reconnection_token: Box<str>,
    ) -> Self {
        let out = Out {
            replay: protocol.is_reliable().then(Box::default),
            ..Out::default()
        };
        Self {
            id,
            hub,
            user,
            protocol,
            spelled: subprotocol
                .filter(|spelled| protocol.name() != Some(spelled))
                .map(Into::into),
            reconnection_token,
            beat: AtomicU8::new(0),
            out: Mutex::new(out),
        }
    }

    pub fn is_reliable(&self) -> bool {
        self.protocol.is_reliable()
    }

    /// The selected subprotocol as the client spelled it.
    pub fn subprotocol(&self) -> Option<&str> {
        self.spelled.as_deref().or(self.protocol.name())
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

    /// Queues messages. A client that takes too little is ended, alone. True if nobody is going to write it out yet.
    pub fn deliver(&self, messages: &Encoded) -> bool {
        let mut out = self.lock();
        if out.ending.is_some() || out.over {
            return false;
        }
        // Looked at before the message is added: the largest one that is allowed exceeds the limit alone. Whoever
        // brought what waits may not have come to write it out.
        if out.outbox.waiting() > MAX_QUEUED_BYTES {
            out.write_out();
        }
        if out.outbox.waiting() > MAX_QUEUED_BYTES && !self.is_reliable() {
            out.give_up("The outbound message queue is full.");
            return false;
        }
        let kept = match self.protocol {
            Protocol::Raw => out.push(messages.raw()),
            Protocol::Json => out.push(messages.plain()),
            Protocol::Protobuf => out.push(messages.protobuf()),
            Protocol::ReliableJson => messages
                .rests()
                .try_for_each(|rest| out.keep(|number| Piece::Rest { number, rest })),
            Protocol::ReliableProtobuf => messages.bodies().iter().try_for_each(|body| {
                out.keep(|number| {
                    let message = protobuf_message(body, Some(number));
                    Piece::Numbered(frame(BINARY, &message))
                })
            }),
        };
        if kept.is_err() {
            out.give_up("The reliable message buffer is full.");
            return false;
        }
        let first = out.writer.is_some() && out.state == State::Well && !out.due;
        out.due |= first;
        first
    }

    /// Queues a frame that is not a message: an ack, a pong. Raw clients get none.
    pub fn reply(&self, frame: &ServiceFrame) {
        if let Some(frame) = self.protocol.print(frame) {
            self.say(frame);
        }
    }

    /// Queues a frame that is printed.
    pub fn say(&self, frame: Bytes) {
        self.lock().outbox.push(Piece::Frames(frame));
    }

    /// Writes what waits, as far as the socket takes it at once. The rest is the task's.
    pub fn write_out(&self) {
        self.lock().write_out();
    }

    /// The same, by the task, which does not expect more soon.
    pub fn write_own(&self) {
        let mut out = self.lock();
        out.write_out();
        out.outbox.rest();
    }

    /// Ends the session for good; the first reason stands.
    pub fn end(&self, ending: Ending) {
        let mut out = self.lock();
        out.ending.get_or_insert_with(|| Box::new(ending));
        out.wake();
    }

    pub fn is_ending(&self) -> bool {
        self.lock().ending.is_some()
    }

    /// Whether the task may go on without looking at what has happened.
    pub fn is_undisturbed(&self) -> bool {
        let out = self.lock();
        out.state == State::Well && out.ending.is_none() && out.came.is_none() && !out.ticked
    }

    pub fn acknowledge(&self, sequence_id: u64) {
        if let Some(replay) = &mut self.lock().replay {
            replay.acknowledge(sequence_id);
        }
    }

    /// Hands a new socket to the session's task; back if that is gone. Of several, the last one counts.
    pub fn hand_over(&self, socket: Socket) -> Result<(), Box<Socket>> {
        let socket = Box::new(socket);
        let mut out = self.lock();
        if out.over {
            return Err(socket);
        }
        out.came = Some(socket);
        out.wake();
        Ok(())
    }

    /// The hub's heart has beaten.
    pub fn tick(&self) {
        let mut out = self.lock();
        if out.writer.is_some() {
            out.ticked = true;
            out.wake();
        }
    }

    /// The socket is gone; the session waits. What it was written with.
    pub fn detach(&self) -> Option<Writer> {
        let mut out = self.lock();
        out.state = State::Well;
        out.ticked = false;
        for piece in out.outbox.restart() {
            out.outbox.push(piece);
        }
        out.writer.take()
    }

    /// A new socket is there: greets it and repeats what was not acknowledged, before anything newer.
    pub fn attach(&self, writer: Writer, connected: &ServiceFrame) {
        let mut out = self.lock();
        let unnumbered = out.outbox.restart();
        if let Some(greeting) = self.protocol.print(connected) {
            out.outbox.push(Piece::Frames(greeting));
        }
        let Out { replay, outbox, .. } = &mut *out;
        for piece in replay.iter().flat_map(|replay| replay.unacknowledged()) {
            outbox.push(piece.clone());
        }
        for piece in unnumbered {
            outbox.push(piece);
        }
        out.writer = Some(writer);
        out.state = State::Well;
    }

    /// Nobody will write here any more. A socket that was just handed over is given back.
    pub fn finish(&self) -> Option<Box<Socket>> {
        let mut out = self.lock();
        out.over = true;
        out.outbox = Outbox::default();
        out.replay = None;
        out.writer = None;
        out.waker = None;
        out.came.take()
    }

    /// What has happened, and how the writing stands. Goes on with what is stuck.
    pub fn poll(&self, context: &mut Context<'_>) -> (Option<Signal>, Standing) {
        let mut out = self.lock();
        out.expect(context);
        out.go_on(context);
        let signal = if let Some(socket) = out.came.take() {
            Some(Signal::Came(socket))
        } else if let Some(ending) = &out.ending {
            Some(Signal::Ended(Ending::clone(ending)))
        } else if out.state == State::Failed {
            Some(Signal::Failed)
        } else if std::mem::take(&mut out.ticked) {
            Some(Signal::Ticked)
        } else {
            None
        };
        (signal, out.standing())
    }

    /// Waits until everything is written, or cannot be.
    pub fn poll_written(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut out = self.lock();
        out.expect(context);
        out.write_out();
        out.go_on(context);
        if out.state == State::Full {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }

    fn lock(&self) -> MutexGuard<'_, Out> {
        // A panic elsewhere cannot leave the queue half-changed: every change is one step.
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Out {
    fn push(&mut self, frames: Bytes) -> Result<(), Full> {
        if !frames.is_empty() {
            self.outbox.push(Piece::Frames(frames));
        }
        Ok(())
    }

    /// Numbers and keeps a message, and queues it if a socket is there.
    fn keep(&mut self, print: impl FnOnce(u64) -> Piece) -> Result<(), Full> {
        let Some(replay) = &mut self.replay else {
            return Ok(());
        };
        let piece = replay.push(print)?;
        if self.writer.is_some() {
            self.outbox.push(piece);
        }
        Ok(())
    }

    fn give_up(&mut self, reason: &'static str) {
        self.ending = Some(Box::new(Ending::too_slow(reason)));
        self.outbox.clear();
        self.wake();
    }

    fn write_out(&mut self) {
        self.due = false;
        if self.state != State::Well {
            return;
        }
        let Some(writer) = &self.writer else { return };
        match self.outbox.write(|parts| writer.try_write(parts)) {
            Ok(true) => {}
            Ok(false) => {
                self.state = State::Full;
                self.wake();
            }
            Err(_) => self.fail(),
        }
    }

    /// Writes what is stuck, and has the task woken when more is taken.
    fn go_on(&mut self, context: &mut Context<'_>) {
        let (State::Full, Some(writer)) = (self.state, &mut self.writer) else {
            return;
        };
        let mut write = |parts: &[IoSlice<'_>]| match writer.poll_write(context, parts) {
            Poll::Ready(wrote) => wrote,
            Poll::Pending => Err(ErrorKind::WouldBlock.into()),
        };
        match self.outbox.write(&mut write) {
            Ok(true) => match writer.poll_flush(context) {
                Poll::Ready(Ok(())) => self.state = State::Well,
                Poll::Ready(Err(_)) => self.fail(),
                Poll::Pending => {}
            },
            Ok(false) => {}
            Err(_) => self.fail(),
        }
    }

    fn fail(&mut self) {
        self.state = State::Failed;
        self.wake();
    }

    fn standing(&self) -> Standing {
        Standing {
            full: self.state == State::Full,
            written: self.outbox.written(),
            waiting: self.outbox.waiting() as u64,
        }
    }

    fn expect(&mut self, context: &Context<'_>) {
        match &mut self.waker {
            Some(waker) => waker.clone_from(context.waker()),
            None => self.waker = Some(context.waker().clone()),
        }
    }

    fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }
}
