//! One task per session: frames in, frames out, keep-alive, and waiting for a lost client to come back. A
//! connection's frames are handled strictly one after another; other connections never wait for it.

mod closing;
mod events;
mod publishing;
mod requests;

pub use requests::Backlog;

use crate::reliable::Executed;
use crate::session::{Due, Ending, Protocol, Session};
use crate::streams::Streams;
use crate::upstream::Upstream;
use crate::{Connections, Hub, Presence};
use axum::extract::ws::{Message as Frame, WebSocket};
use bytes::Bytes;
use closing::{close, close_code, finish};
use events::{Pending, answered};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, timeout};
use wire::cloud_event::CloudEvent;
use wire::frame::ServiceFrame;

/// How long one write may be stuck before the socket counts as lost.
const WRITE_DEADLINE: Duration = Duration::from_secs(10);

/// A client that went away on purpose says so with this code when a page is left; only browsers do.
const GOING_AWAY: u16 = 1001;

/// The task's own belongings; nobody else reads them.
pub struct Connection {
    pub hub: Hub,
    /// Held until the end, so that a hub that shuts down waits for it.
    pub _presence: Presence,
    /// The connections of the session's hub.
    pub peers: Arc<Connections>,
    pub session: Arc<Session>,
    pub handover: mpsc::Receiver<WebSocket>,
    pub upstream: Arc<Upstream>,
    /// Host and port of this service, told to handlers.
    pub origin: String,
    pub state: Option<String>,
    pub next_event: u64,
    pub executed: Executed,
    pub streams: Streams,
    pub backlog: Backlog,
}

/// How a socket came to its end.
enum Left {
    /// The session is over.
    Ended(String),
    /// The session may go on with another socket.
    Lost(String),
    /// Another socket has come.
    Replaced(Box<WebSocket>),
}

impl Connection {
    /// Runs until the session is over, then tells the handler.
    pub async fn run(mut self, mut socket: WebSocket) {
        let connected = self.event(CloudEvent::Connected).map(tokio::spawn);
        let mut pending = None;
        if self.session.protocol != Protocol::Raw {
            self.session.attach(&self.greeting());
        }
        let reason = loop {
            let left = self.serve(&mut socket, &mut pending).await;
            // A client rejects its invocations when it loses its socket; nobody waits for the responses.
            self.forget_invocations(&mut pending);
            match left {
                Left::Ended(reason) => break reason,
                Left::Replaced(new) => socket = *new,
                Left::Lost(reason) if !self.session.is_reliable() => break reason,
                Left::Lost(reason) => {
                    drop(socket);
                    self.session.detach();
                    match self.wait_for_return().await {
                        Some(new) => socket = new,
                        None => break reason,
                    }
                }
            }
            self.session.attach(&self.greeting());
        };
        self.hub.forget(&self.session);
        self.cancel_streams();
        // A handler is never told of the end while it is still at work for the connection.
        if pending.is_some() {
            let answer = answered(&mut pending).await;
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

    fn greeting(&self) -> ServiceFrame {
        ServiceFrame::Connected {
            connection_id: self.session.id.to_string(),
            user_id: self.session.user.as_deref().map(str::to_owned),
            reconnection_token: self
                .session
                .is_reliable()
                .then(|| self.session.reconnection_token.clone()),
        }
    }

    /// A lost client has the retention time to come back, unless the session is ended meanwhile.
    async fn wait_for_return(&mut self) -> Option<WebSocket> {
        tokio::select! {
            socket = self.handover.recv() => socket,
            _ = self.session.ended() => None,
            () = tokio::time::sleep(self.hub.config().retention) => None,
        }
    }

    async fn serve(&mut self, socket: &mut WebSocket, pending: &mut Option<Pending>) -> Left {
        let keep_alive = self.hub.config().keep_alive;
        let mut ticks = tokio::time::interval_at(Instant::now() + keep_alive, keep_alive);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last_heard = Instant::now();
        loop {
            let Due { frames, ending } = self.session.due();
            if !frames.is_empty()
                && let Err(left) = self.write(socket, frames).await
            {
                return left;
            }
            if let Some(ending) = ending {
                let reason = ending.told();
                close(socket, self.session.protocol, ending).await;
                return Left::Ended(reason);
            }
            let reading = self.may_read(pending.as_ref());
            // While an answer is awaited, what a publisher says is not heard: its streams are not idle.
            let idle_stream = if pending.is_none() {
                self.streams.due()
            } else {
                None
            };
            tokio::select! {
                () = self.session.woken() => {}
                answer = answered(pending) => {
                    self.settle(answer);
                    // What the client said meanwhile was not read: it was not silent.
                    last_heard = Instant::now();
                    self.streams.renew(last_heard);
                    *pending = self.catch_up();
                }
                Some(new) = self.handover.recv() => return Left::Replaced(Box::new(new)),
                incoming = socket.recv(), if reading => {
                    last_heard = Instant::now();
                    match incoming {
                        Some(Ok(Frame::Close(frame))) => {
                            finish(socket).await;
                            let going_away = frame.is_some_and(|frame| frame.code == GOING_AWAY);
                            let reason = "Closed by the client".to_owned();
                            return if going_away { Left::Ended(reason) } else { Left::Lost(reason) };
                        }
                        Some(Ok(frame)) => self.receive(frame, pending),
                        Some(Err(error)) => match close_code(&error) {
                            Some((code, reason)) => {
                                let ending = Ending { code, reason, message: None };
                                close(socket, self.session.protocol, ending).await;
                                return Left::Lost(reason.to_owned());
                            }
                            None => return Left::Lost("The socket failed".to_owned()),
                        },
                        None => return Left::Lost("The socket was dropped".to_owned()),
                    }
                }
                () = at(idle_stream) => self.expire_streams(),
                _ = ticks.tick() => {
                    if reading && last_heard.elapsed() > keep_alive * 2 {
                        return Left::Lost("PingTimeout".to_owned());
                    }
                    if let Err(left) = self.write(socket, vec![Frame::Ping(Bytes::new())]).await {
                        return left;
                    }
                }
            }
        }
    }

    /// Writes a batch with one flush. Gives up when the session is ended meanwhile.
    async fn write(&self, socket: &mut WebSocket, frames: Vec<Frame>) -> Result<(), Left> {
        use futures::SinkExt as _;
        let all = async {
            for frame in frames {
                socket.feed(frame).await?;
            }
            socket.flush().await
        };
        tokio::select! {
            // What can be written at once goes out before the end does.
            biased;
            written = timeout(WRITE_DEADLINE, all) => match written {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) => Err(Left::Lost("The socket failed".to_owned())),
                Err(_) => Err(Left::Lost("SlowClient".to_owned())),
            },
            ending = self.session.ended() => Err(Left::Ended(ending.told())),
        }
    }
}

/// Waits until a time; for ever if there is none. Boxed: nearly every connection waits for ever, and each would keep
/// room for a timer.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => Box::pin(tokio::time::sleep_until(time)).await,
        None => std::future::pending().await,
    }
}
