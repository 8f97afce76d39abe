//! One task per session: frames in, frames out, keep-alive, and waiting for a lost client to come back. A
//! connection's frames are handled strictly one after another; other connections never wait for it.

mod closing;
mod events;
mod publishing;
mod requests;

pub use closing::refuse;
pub use requests::Backlog;

use crate::fanout::Due;
use crate::reliable::Executed;
use crate::session::{Session, Signal, Standing};
use crate::streams::Streams;
use crate::upstream::Upstream;
use crate::websocket::frames::{Broken, Incoming, PING, PONG};
use crate::websocket::{Reader, Socket, frame};
use crate::{Connections, Hub, Presence};
use closing::{answer_close, close};
use events::{Answer, Asked, Pending};
use publishing::Batch;
use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};
use wire::cloud_event::CloudEvent;
use wire::frame::ServiceFrame;

/// How long what waits for a full socket may be stuck before the socket counts as lost.
const WRITE_DEADLINE: Duration = Duration::from_secs(10);

/// Pings in a row without a word in return after which the client counts as lost.
const UNHEARD_PINGS: u8 = 2;

/// A client that went away on purpose says so with this code when a page is left; only browsers do.
const GOING_AWAY: u16 = 1001;

/// The task's own belongings; nobody else reads them. Timers are boxed: nearly every connection has none, and each
/// would keep room for them.
pub struct Connection {
    pub hub: Hub,
    /// Held until the end, so that a hub that shuts down waits for it.
    pub _presence: Presence,
    /// The connections of the session's hub.
    pub peers: Arc<Connections>,
    pub session: Arc<Session>,
    pub upstream: Arc<Upstream>,
    /// Host and port of this service, told to handlers.
    pub origin: Arc<str>,
    pub state: Option<Box<str>>,
    pub next_event: u64,
    pub executed: Executed,
    pub streams: Streams,
    pub backlog: Backlog,
    /// What the client published in this turn, and whose queues are to be written out after it.
    pub batch: Option<Box<Batch>>,
    pub due: Due,
    pub clocks: Clocks,
}

/// What time decides.
#[derive(Default)]
pub struct Clocks {
    /// Pings since something was heard. Counted, not timed: a process that was stopped for a while was deaf, and its
    /// clients were not silent.
    unheard_pings: u8,
    /// When the stream that is idle longest ends.
    idle_stream: Option<Pin<Box<Sleep>>>,
    stuck: Option<Stuck>,
}

/// A socket that takes nothing: what waited when it was looked at must be gone in time.
struct Stuck {
    deadline: Pin<Box<Sleep>>,
    until: u64,
}

/// How a socket came to its end.
enum Left {
    /// The session is over.
    Ended(String),
    /// The session may go on with another socket.
    Lost(String),
    /// Another socket has come.
    Replaced(Box<Socket>),
}

/// What a connection waited for.
enum Happened {
    Signal(Signal),
    TooSlow,
    Answer(Box<(Answer, Asked)>),
    Heard(Heard),
    IdleStream,
}

/// How one turn of reading ended.
enum Heard {
    /// There may be more.
    All,
    Close(Option<u16>),
    Broken(Broken),
    End(Option<io::Error>),
}

impl Connection {
    /// Begins with a socket. Boxed: what a task is made with it keeps room for twice.
    pub fn start(self, socket: Socket) {
        let mut connection = Box::new(self);
        let reader = connection.attach(socket);
        tokio::spawn(connection.run(reader));
    }

    /// Runs until the session is over, then tells the handler.
    async fn run(mut self: Box<Self>, mut reader: Box<Reader>) {
        let connected = self.event(CloudEvent::Connected).map(tokio::spawn);
        let mut pending = None;
        let reason = loop {
            let left = self.serve(&mut reader, &mut pending).await;
            // A client rejects its invocations when it loses its socket; nobody waits for the responses.
            self.forget_invocations(&mut pending);
            reader.end(self.session.detach());
            let socket = match left {
                Left::Ended(reason) => break reason,
                Left::Replaced(socket) => *socket,
                Left::Lost(reason) if !self.session.is_reliable() => break reason,
                Left::Lost(reason) => match Box::pin(self.wait_for_return()).await {
                    Some(socket) => socket,
                    None => break reason,
                },
            };
            reader = self.attach(socket);
        };
        Box::pin(self.leave(reason, connected, pending)).await;
    }

    /// The end of the session, as others see it.
    async fn leave(
        mut self: Box<Self>,
        reason: String,
        connected: Option<tokio::task::JoinHandle<Answer>>,
        mut pending: Option<Pending>,
    ) {
        self.hub.forget(&self.session);
        self.cancel_streams();
        self.due.write_out().await;
        if let Some(late) = self.session.finish() {
            tokio::spawn(refuse(*late));
        }
        // A handler is never told of the end while it is still at work for the connection.
        if let Some(pending) = pending.take() {
            let answer = pending.answered().await;
            self.settle(answer);
        }
        if let Some(task) = connected {
            let _ = task.await;
        }
        self.hub.note_gone(&self.session, &reason);
        if let Some(event) = self.event(CloudEvent::Disconnected { reason }) {
            let _ = event.await;
        }
    }

    fn attach(&mut self, socket: Socket) -> Box<Reader> {
        let beat = self.hub.beat();
        self.session.beat.store(beat, Ordering::Relaxed);
        self.session.attach(socket.writer, &self.greeting());
        Box::new(socket.reader)
    }

    fn greeting(&self) -> ServiceFrame {
        let token = &self.session.reconnection_token;
        ServiceFrame::Connected {
            connection_id: self.session.id.to_string(),
            user_id: self.session.user.as_deref().map(str::to_owned),
            reconnection_token: self.session.is_reliable().then(|| token.to_string()),
        }
    }

    /// A lost client has the retention time to come back, unless the session is ended meanwhile.
    async fn wait_for_return(&mut self) -> Option<Socket> {
        let session = self.session.clone();
        let returned = poll_fn(|context| match session.poll(context).0 {
            Some(Signal::Came(socket)) => Poll::Ready(Some(*socket)),
            Some(Signal::Ended(_)) => Poll::Ready(None),
            Some(Signal::Failed | Signal::Ticked) | None => Poll::Pending,
        });
        tokio::time::timeout(self.hub.config().retention, returned)
            .await
            .ok()
            .flatten()
    }

    async fn serve(&mut self, reader: &mut Reader, pending: &mut Option<Pending>) -> Left {
        self.clocks = Clocks::default();
        loop {
            let happened = match self.write_out(reader, pending).await {
                Some(heard) => Happened::Heard(heard),
                None => poll_fn(|context| self.poll(context, reader, pending)).await,
            };
            match happened {
                Happened::Signal(Signal::Came(socket)) => return Left::Replaced(socket),
                Happened::Signal(Signal::Failed) => return lost("The socket failed"),
                Happened::Signal(Signal::Ended(ending)) => {
                    let reason = ending.told();
                    if self.clocks.stuck.is_none() {
                        Box::pin(close(&self.session, reader, ending)).await;
                    }
                    return Left::Ended(reason);
                }
                Happened::Signal(Signal::Ticked) => {
                    let reading = self.may_read(pending.as_ref());
                    if reading && self.clocks.unheard_pings >= UNHEARD_PINGS {
                        return lost("PingTimeout");
                    }
                    self.clocks.unheard_pings += u8::from(reading);
                    self.session.say(frame(PING, &[]));
                }
                Happened::TooSlow => return lost("SlowClient"),
                Happened::Answer(answer) => {
                    self.settle(*answer);
                    // What the client said meanwhile was not read: it was not silent.
                    self.clocks.unheard_pings = 0;
                    self.streams.renew(Instant::now());
                    *pending = self.catch_up();
                }
                Happened::IdleStream => self.expire_streams(),
                Happened::Heard(Heard::All) => {}
                Happened::Heard(Heard::Close(code)) => {
                    self.publish_batch();
                    self.due.write_out().await;
                    Box::pin(answer_close(&self.session, code)).await;
                    let reason = "Closed by the client".to_owned();
                    return match code {
                        Some(GOING_AWAY) => Left::Ended(reason),
                        _ => Left::Lost(reason),
                    };
                }
                Happened::Heard(Heard::Broken(broken)) => {
                    self.publish_batch();
                    self.due.write_out().await;
                    let (code, reason) = broken.told();
                    Box::pin(closing::say(&self.session, Some(code), reason)).await;
                    return lost(reason);
                }
                Happened::Heard(Heard::End(Some(_))) => return lost("The socket failed"),
                Happened::Heard(Heard::End(None)) => return lost("The socket was dropped"),
            }
        }
    }

    /// Publishes what was said in this turn and writes out all that it brought about. Writing to many takes a while:
    /// what the client says meanwhile joins what still waits, so that most sockets get all of it in one piece.
    async fn write_out(
        &mut self,
        reader: &mut Reader,
        pending: &mut Option<Pending>,
    ) -> Option<Heard> {
        self.publish_batch();
        self.session.write_own();
        while self.due.write_some() {
            // The runtime looks for what has arrived.
            tokio::task::yield_now().await;
            if pending.is_some() || !self.session.is_undisturbed() {
                continue;
            }
            let more = |context: &mut Context<'_>| match self.hear(context, reader, pending) {
                Poll::Ready(heard) => Poll::Ready(Some(heard)),
                Poll::Pending => Poll::Ready(None),
            };
            match poll_fn(more).await {
                None => {}
                Some(Heard::All) => {
                    self.publish_batch();
                    self.session.write_own();
                }
                Some(end) => {
                    self.publish_batch();
                    self.due.write_out().await;
                    return Some(end);
                }
            }
        }
        None
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
        reader: &mut Reader,
        pending: &mut Option<Pending>,
    ) -> Poll<Happened> {
        let (signal, standing) = self.session.poll(context);
        let in_time = self.poll_stuck(context, standing);
        if let Some(signal) = signal {
            return Poll::Ready(Happened::Signal(signal));
        }
        if !in_time {
            return Poll::Ready(Happened::TooSlow);
        }
        if let Some(waiting) = pending
            && let Poll::Ready(answer) = waiting.poll(context)
        {
            let asked = pending.take().map(|done| done.asked);
            if let Some(asked) = asked {
                return Poll::Ready(Happened::Answer(Box::new((answer, asked))));
            }
        }
        // Whoever takes nothing is not heard either: its answers would pile up.
        if !standing.full
            && self.may_read(pending.as_ref())
            && let Poll::Ready(heard) = self.hear(context, reader, pending)
        {
            return Poll::Ready(Happened::Heard(heard));
        }
        // While an answer is awaited, what a publisher says is not heard: its streams are not idle.
        let idle = match pending {
            None => self.streams.due(),
            Some(_) => None,
        };
        self.clocks.poll_idle(context, idle)
    }

    /// One turn of reading: every whole frame that has come.
    fn hear(
        &mut self,
        context: &mut Context<'_>,
        reader: &mut Reader,
        pending: &mut Option<Pending>,
    ) -> Poll<Heard> {
        let mut closed = None;
        let heard = reader.poll_hear(context, &mut |incoming| {
            match incoming {
                Incoming::Text(text) => self.receive_text(text, pending),
                Incoming::Binary(bytes) => self.receive_binary(bytes, pending),
                Incoming::Ping(words) => self.session.say(frame(PONG, words)),
                Incoming::Pong => {}
                Incoming::Close(code) => closed = Some(code),
            }
            closed.is_none() && self.may_read(pending.as_ref()) && !self.session.is_ending()
        });
        heard.map(|heard| {
            self.clocks.unheard_pings = 0;
            match (closed, heard) {
                (Some(code), _) => Heard::Close(code),
                (None, Ok(Ok(true))) => Heard::All,
                (None, Ok(Ok(false))) => Heard::End(None),
                (None, Ok(Err(broken))) => Heard::Broken(broken),
                (None, Err(error)) => Heard::End(Some(error)),
            }
        })
    }

    /// False if a full socket took too little for too long.
    fn poll_stuck(&mut self, context: &mut Context<'_>, standing: Standing) -> bool {
        if !standing.full {
            self.clocks.stuck = None;
            return true;
        }
        let stuck = self
            .clocks
            .stuck
            .get_or_insert_with(|| Stuck::new(standing));
        if stuck.deadline.as_mut().poll(context).is_pending() {
            return true;
        }
        if standing.written < stuck.until {
            return false;
        }
        *stuck = Stuck::new(standing);
        stuck.deadline.as_mut().poll(context).is_pending()
    }
}

impl Stuck {
    fn new(standing: Standing) -> Self {
        Self {
            deadline: Box::pin(sleep_until(Instant::now() + WRITE_DEADLINE)),
            until: standing.written + standing.waiting,
        }
    }
}

impl Clocks {
    fn poll_idle(&mut self, context: &mut Context<'_>, due: Option<Instant>) -> Poll<Happened> {
        let Some(due) = due else {
            self.idle_stream = None;
            return Poll::Pending;
        };
        let timer = self
            .idle_stream
            .get_or_insert_with(|| Box::pin(sleep_until(due)));
        if timer.deadline() != due {
            timer.as_mut().reset(due);
        }
        timer.as_mut().poll(context).map(|()| Happened::IdleStream)
    }
}

fn lost(reason: &str) -> Left {
    Left::Lost(reason.to_owned())
}
