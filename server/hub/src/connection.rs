//! One task per session: frames in, frames out, keep-alive, and waiting for a lost client to come back. A
//! connection's frames are handled strictly one after another; other connections never wait for it.

use crate::reliable::Executed;
use crate::session::{Due, Ending, Protocol, Session};
use crate::upstream::{Upstream, UpstreamError};
use crate::{Connections, Hub, Presence, clock};
use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket};
use bytes::Bytes;
use http::Response;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, timeout};
use wire::cloud_event::{self, CloudEvent, Context, Delivery};
use wire::frame::{
    AckError, AckErrorName, ClientFrame, Message, Metadata, Payload, Sender, ServiceFrame,
};
use wire::role::Permission;

/// How long one write may be stuck before the socket counts as lost.
const WRITE_DEADLINE: Duration = Duration::from_secs(10);

/// How long a closed socket is still read, so that the close frame is not lost to a reset.
const DRAIN: Duration = Duration::from_secs(1);

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

type PendingAnswer = Pin<Box<dyn Future<Output = Result<Response<Bytes>, UpstreamError>> + Send>>;

/// A user event whose answer is awaited.
struct Pending {
    answer: PendingAnswer,
    ack_id: Option<u64>,
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
            match self.serve(&mut socket, &mut pending).await {
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
        if let Some(task) = connected {
            let _ = task.await;
        }
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
            () = self.session.ended() => None,
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
                let reason = ending
                    .message
                    .clone()
                    .unwrap_or_else(|| ending.reason.to_owned());
                close(socket, ending).await;
                return Left::Ended(reason);
            }
            tokio::select! {
                () = self.session.woken() => {}
                answer = answered(pending) => self.settle(answer),
                Some(new) = self.handover.recv() => return Left::Replaced(Box::new(new)),
                incoming = socket.recv(), if pending.is_none() => {
                    last_heard = Instant::now();
                    match incoming {
                        Some(Ok(Frame::Close(frame))) => {
                            let going_away = frame.is_some_and(|frame| frame.code == GOING_AWAY);
                            let reason = "Closed by the client".to_owned();
                            return if going_away { Left::Ended(reason) } else { Left::Lost(reason) };
                        }
                        Some(Ok(frame)) => *pending = self.receive(&frame),
                        Some(Err(error)) => match close_code(&error) {
                            Some((code, reason)) => {
                                close(socket, Ending { code, reason, message: None }).await;
                                return Left::Lost(reason.to_owned());
                            }
                            None => return Left::Lost("The socket failed".to_owned()),
                        },
                        None => return Left::Lost("The socket was dropped".to_owned()),
                    }
                }
                _ = ticks.tick() => {
                    if pending.is_none() && last_heard.elapsed() > keep_alive * 2 {
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
            written = timeout(WRITE_DEADLINE, all) => match written {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) => Err(Left::Lost("The socket failed".to_owned())),
                Err(_) => Err(Left::Lost("SlowClient".to_owned())),
            },
            () = self.session.ended() => Err(Left::Ended("SlowClient".to_owned())),
        }
    }

    fn receive(&mut self, frame: &Frame) -> Option<Pending> {
        if self.session.protocol == Protocol::Raw {
            let payload = match frame {
                Frame::Text(text) => Payload::Text(text.to_string()),
                Frame::Binary(bytes) => Payload::Binary(bytes.clone()),
                Frame::Ping(_) | Frame::Pong(_) | Frame::Close(_) => return None,
            };
            return self.ask("message".to_owned(), payload, Metadata::new(), None);
        }
        let text = match frame {
            Frame::Text(text) => text.as_str(),
            // The documentation allows JSON in binary messages.
            Frame::Binary(bytes) => std::str::from_utf8(bytes).unwrap_or_default(),
            Frame::Ping(_) | Frame::Pong(_) | Frame::Close(_) => return None,
        };
        match ClientFrame::from_json(text) {
            Ok(frame) => self.execute(frame),
            Err(_) => {
                self.session.end(Ending::malformed());
                None
            }
        }
    }

    fn execute(&mut self, frame: ClientFrame) -> Option<Pending> {
        let ack_id = match &frame {
            ClientFrame::Ping => {
                self.session.reply(&ServiceFrame::Pong);
                return None;
            }
            ClientFrame::SequenceAck { sequence_id } => {
                self.session.acknowledge(*sequence_id);
                return None;
            }
            ClientFrame::JoinGroup { ack_id, .. }
            | ClientFrame::LeaveGroup { ack_id, .. }
            | ClientFrame::SendToGroup { ack_id, .. }
            | ClientFrame::Event { ack_id, .. } => *ack_id,
        };
        if let Some(id) = ack_id
            && self.executed.contains(id)
        {
            let message = format!("Message with ack-id: {id} has been processed");
            self.acknowledge(
                ack_id,
                Err(AckError {
                    name: AckErrorName::Duplicate,
                    message,
                }),
            );
            return None;
        }
        let done = match frame {
            ClientFrame::JoinGroup { group, .. } => self
                .permitted(Permission::JoinLeaveGroup, &group, "join")
                .map(|()| {
                    self.peers.lock().join(&self.session.id, &group);
                }),
            ClientFrame::LeaveGroup { group, .. } => self
                .permitted(Permission::JoinLeaveGroup, &group, "leave")
                .map(|()| {
                    self.peers.lock().leave(&self.session.id, &group);
                }),
            ClientFrame::SendToGroup {
                group,
                payload,
                no_echo,
                metadata,
                ..
            } => self
                .permitted(Permission::SendToGroup, &group, "publish to")
                .map(|()| {
                    let user = self.session.user.as_deref().map(str::to_owned);
                    let message = Message {
                        from: Sender::Group {
                            group: group.clone(),
                            user,
                        },
                        payload,
                        sequence_id: None,
                        metadata,
                    };
                    let registry = self.peers.lock();
                    crate::fanout::deliver(message, registry.in_group(&group), |id| {
                        no_echo && id == &*self.session.id
                    });
                }),
            ClientFrame::Event {
                event,
                payload,
                metadata,
                ..
            } => return self.ask(event, payload, metadata, ack_id),
            ClientFrame::SequenceAck { .. } | ClientFrame::Ping => Ok(()),
        };
        self.acknowledge(ack_id, done);
        None
    }

    fn permitted(&self, permission: Permission, group: &str, verb: &str) -> Result<(), AckError> {
        if self
            .peers
            .lock()
            .allows(&self.session.id, permission, group)
        {
            return Ok(());
        }
        Err(AckError {
            name: AckErrorName::Forbidden,
            message: format!("No permission to {verb} {group}."),
        })
    }

    fn acknowledge(&mut self, ack_id: Option<u64>, result: Result<(), AckError>) {
        let Some(ack_id) = ack_id else { return };
        if result.is_ok() {
            self.executed.remember(ack_id);
        }
        self.session.reply(&ServiceFrame::Ack { ack_id, result });
    }

    fn ask(
        &mut self,
        event: String,
        payload: Payload,
        metadata: Metadata,
        ack_id: Option<u64>,
    ) -> Option<Pending> {
        match self.event(CloudEvent::User {
            event,
            payload,
            metadata,
        }) {
            Some(answer) => Some(Pending {
                answer: Box::pin(answer),
                ack_id,
            }),
            None => {
                self.fail(ack_id, &UpstreamError::NoHandler.to_string());
                None
            }
        }
    }

    /// Applies the handler's answer: its message first, then the ack.
    fn settle(&mut self, (answer, ack_id): (Result<Response<Bytes>, UpstreamError>, Option<u64>)) {
        let read = answer
            .map_err(|error| error.to_string())
            .and_then(|response| {
                let message =
                    cloud_event::read_user_answer(&response).map_err(|error| error.to_string())?;
                Ok((message, cloud_event::answered_state(response.headers())))
            });
        match read {
            Ok((message, state)) => {
                self.state = state.or(self.state.take());
                if let Some((payload, metadata)) = message {
                    let message = Message {
                        from: Sender::Server,
                        payload,
                        sequence_id: None,
                        metadata,
                    };
                    self.session.deliver(&crate::fanout::Encoded::new(message));
                }
                self.acknowledge(ack_id, Ok(()));
            }
            Err(why) => self.fail(ack_id, &why),
        }
    }

    fn fail(&mut self, ack_id: Option<u64>, why: &str) {
        tracing::warn!(connection.id = %self.session.id, error = why, "an event was not handled");
        if self.session.protocol == Protocol::Raw {
            self.session.end(Ending {
                code: 1011,
                reason: "The event was not handled.",
                message: None,
            });
        }
        let error = AckError {
            name: AckErrorName::InternalServerError,
            message: why.to_owned(),
        };
        self.acknowledge(ack_id, Err(error));
    }

    /// Prepares an event; `None` if no handler takes it.
    fn event(
        &mut self,
        event: CloudEvent,
    ) -> Option<impl Future<Output = Result<Response<Bytes>, UpstreamError>> + Send + 'static> {
        Upstream::handler(self.hub.config(), &self.session.hub, &event)?;
        let context = Context {
            hub: self.session.hub.to_string(),
            connection_id: self.session.id.to_string(),
            user_id: self.session.user.as_deref().map(str::to_owned),
            subprotocol: self.session.subprotocol.clone(),
            connection_state: self.state.clone(),
            id: self.next_event,
            time: clock::now(),
            origin: self.origin.clone(),
        };
        self.next_event += 1;
        let (hub, upstream) = (self.hub.clone(), self.upstream.clone());
        Some(async move {
            upstream
                .deliver(hub.config(), &Delivery { context, event })
                .await
        })
    }
}

async fn answered(
    pending: &mut Option<Pending>,
) -> (Result<Response<Bytes>, UpstreamError>, Option<u64>) {
    match pending {
        Some(Pending { answer, ack_id }) => {
            let settled = (answer.await, *ack_id);
            *pending = None;
            settled
        }
        None => std::future::pending().await,
    }
}

/// Says goodbye and reads on for a moment.
async fn close(socket: &mut WebSocket, ending: Ending) {
    let all = async {
        if let Some(message) = ending.message {
            socket
                .send(Frame::Text(
                    ServiceFrame::Disconnected { message }.to_json().into(),
                ))
                .await?;
        }
        let frame = CloseFrame {
            code: ending.code,
            reason: ending.reason.into(),
        };
        socket.send(Frame::Close(Some(frame))).await?;
        while let Some(Ok(_)) = socket.recv().await {}
        Ok::<(), axum::Error>(())
    };
    // A peer that neither reads nor closes is left behind.
    let _ = timeout(DRAIN, all).await;
}

/// The close code for a frame that breaks the rules. Source: RFC 6455, 7.4.1.
fn close_code(error: &axum::Error) -> Option<(u16, &'static str)> {
    use std::error::Error as _;
    use tungstenite::Error;
    match error.source()?.downcast_ref::<Error>()? {
        Error::Capacity(_) => Some((1009, "The message is too big.")),
        Error::Utf8(_) => Some((1007, "The text is not UTF-8.")),
        Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some((1002, "The frame breaks the protocol.")),
        _ => None,
    }
}
