//! Questions to the application: events and invocations, and what its answers mean to the client. Refuses to know
//! how a webhook is called; `upstream` does.

use super::Connection;
use crate::clock;
use crate::fanout::Encoded;
use crate::protocol::Protocol;
use crate::session::Ending;
use crate::upstream::{Upstream, UpstreamError};
use bytes::Bytes;
use http::{Response, StatusCode};
use std::future::Future;
use std::pin::Pin;
use std::task::{self, Poll};
use wire::cloud_event::{self, BadAnswer, CloudEvent, Context, Delivery};
use wire::frame::{AckError, AckErrorName, Message, Metadata, Payload, Sender, ServiceFrame};

/// Characters of a handler's own words that an invocation's error carries.
const MAX_WORDS: usize = 1_024;

pub(super) type Answer = Result<Response<Bytes>, UpstreamError>;
type PendingAnswer = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A question whose answer is awaited.
pub(super) struct Pending {
    answer: PendingAnswer,
    pub(super) asked: Asked,
}

/// What the client wants to hear.
pub(super) enum Asked {
    Event {
        ack_id: Option<u64>,
    },
    /// Without an id, nobody waits any more. The answer is awaited all the same: it may change the connection's
    /// state, and events of one connection never overlap.
    Invocation {
        id: Option<String>,
    },
}

impl Pending {
    pub(super) fn poll(&mut self, context: &mut task::Context<'_>) -> Poll<Answer> {
        self.answer.as_mut().poll(context)
    }

    pub(super) async fn answered(self) -> (Answer, Asked) {
        (self.answer.await, self.asked)
    }

    pub(super) fn cancel(&mut self, invocation: &str) {
        if let Asked::Invocation { id } = &mut self.asked
            && id.as_deref() == Some(invocation)
        {
            *id = None;
        }
    }
}

impl Connection {
    pub(super) fn ask(
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
                answer,
                asked: Asked::Event { ack_id },
            }),
            None => {
                self.fail(ack_id, &UpstreamError::NoHandler.to_string());
                None
            }
        }
    }

    /// An event whose answer is the invocation's response. Without a payload its body is empty text.
    pub(super) fn invoke(
        &mut self,
        id: String,
        event: String,
        payload: Option<Payload>,
    ) -> Option<Pending> {
        let event = CloudEvent::User {
            event,
            payload: payload.unwrap_or(Payload::Text(String::new())),
            metadata: Metadata::new(),
        };
        match self.event(event) {
            Some(answer) => Some(Pending {
                answer,
                asked: Asked::Invocation { id: Some(id) },
            }),
            None => {
                let why = UpstreamError::NoHandler.to_string();
                self.respond(id, Err(internal(why)));
                None
            }
        }
    }

    /// Applies the handler's answer.
    pub(super) fn settle(&mut self, (answer, asked): (Answer, Asked)) {
        let read = answer.map_err(Failed::of).and_then(|response| {
            match cloud_event::read_user_answer(&response) {
                Ok(message) => {
                    let state = cloud_event::answered_state(response.headers());
                    self.state = state.map(Into::into).or(self.state.take());
                    Ok(message)
                }
                Err(bad) => Err(Failed::refusal(&bad, &response)),
            }
        });
        match (asked, read) {
            (Asked::Event { ack_id }, Ok(message)) => {
                // The message first, then the ack.
                if let Some((payload, metadata)) = message {
                    let message = Message {
                        from: Sender::Server,
                        payload,
                        sequence_id: None,
                        metadata,
                        stream: None,
                    };
                    // Its own task writes it out, with the ack.
                    self.session.deliver(&Encoded::new(vec![message]));
                }
                self.acknowledge(ack_id, Ok(()));
            }
            (Asked::Event { ack_id }, Err(failed)) => self.fail(ack_id, &failed.why),
            (Asked::Invocation { id: None }, _) => {}
            (Asked::Invocation { id: Some(id) }, read) => {
                let response = read.map(|message| message.map(|(payload, _)| payload));
                self.respond(id, response.map_err(|failed| failed.to_invoker));
            }
        }
    }

    fn respond(&self, invocation_id: String, result: Result<Option<Payload>, AckError>) {
        self.session.reply(&ServiceFrame::InvokeResponse {
            invocation_id,
            result,
        });
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
        self.acknowledge(ack_id, Err(internal(why.to_owned())));
    }

    /// Prepares an event; `None` if no handler takes it. Boxed: it is large, and rarely there.
    pub(super) fn event(&mut self, event: CloudEvent) -> Option<PendingAnswer> {
        Upstream::handler(self.hub.config(), &self.session.hub, &event)?;
        let context = Context {
            hub: self.session.hub.to_string(),
            connection_id: self.session.id.to_string(),
            user_id: self.session.user.as_deref().map(str::to_owned),
            subprotocol: self.session.subprotocol().map(str::to_owned),
            connection_state: self.state.as_deref().map(str::to_owned),
            id: self.next_event,
            time: clock::now(),
            origin: self.origin.to_string(),
        };
        self.next_event += 1;
        let (hub, upstream) = (self.hub.clone(), self.upstream.clone());
        Some(Box::pin(async move {
            upstream.deliver(&hub, &Delivery { context, event }).await
        }))
    }
}

fn internal(message: String) -> AckError {
    AckError {
        name: AckErrorName::InternalServerError,
        message,
    }
}

/// An answer that is none.
struct Failed {
    /// Without the handler's words: they stay between it and the client that invoked it.
    why: String,
    to_invoker: AckError,
}

impl Failed {
    fn of(error: impl std::fmt::Display) -> Self {
        let why = error.to_string();
        Self {
            to_invoker: internal(why.clone()),
            why,
        }
    }

    /// Named after the status, and in the handler's own words if it has any.
    fn refusal(bad: &BadAnswer, response: &Response<Bytes>) -> Self {
        let mut failed = Self::of(bad);
        let BadAnswer::Status(status) = *bad else {
            return failed;
        };
        failed.to_invoker.name = match status {
            StatusCode::BAD_REQUEST => AckErrorName::BadRequest,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => AckErrorName::Forbidden,
            _ => AckErrorName::InternalServerError,
        };
        let words = std::str::from_utf8(response.body()).unwrap_or_default();
        if !words.trim().is_empty() {
            failed.to_invoker.message = words.chars().take(MAX_WORDS).collect();
        }
        failed
    }
}
