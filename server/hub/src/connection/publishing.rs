//! Messages and streams that a client publishes to a group. Refuses to know how a frame came in.

use super::Connection;
use crate::fanout;
use crate::streams::{Stream, Turn};
use std::sync::Arc;
use tokio::time::Instant;
use wire::frame::{
    AckError, AckErrorName, ClientFrame, Message, Metadata, Payload, Sender, ServiceFrame,
    StreamError, StreamPart, UserError,
};
use wire::role::Permission;

/// What a client publishes to one group in one turn: it is delivered together, and acknowledged after that.
pub struct Batch {
    group: String,
    no_echo: bool,
    messages: Vec<Message>,
    acks: Vec<u64>,
}

impl Connection {
    /// Whether a frame may be executed before what was gathered is published.
    pub(super) fn continues_batch(&self, frame: &ClientFrame) -> bool {
        let (
            Some(batch),
            ClientFrame::SendToGroup {
                group,
                no_echo,
                ack_id,
                ..
            },
        ) = (&self.batch, frame)
        else {
            return false;
        };
        let repeated = ack_id.is_some_and(|id| self.executed.contains(id));
        batch.group == *group && batch.no_echo == *no_echo && !repeated
    }

    /// Publishes to a group at the end of the turn.
    pub(super) fn gather(
        &mut self,
        group: String,
        payload: Payload,
        metadata: Metadata,
        no_echo: bool,
        ack_id: Option<u64>,
    ) {
        let message = self.message(&group, payload, metadata, None);
        let batch = self.batch.get_or_insert_with(|| {
            Box::new(Batch {
                group,
                no_echo,
                messages: Vec::new(),
                acks: Vec::new(),
            })
        });
        batch.messages.push(message);
        if let Some(ack_id) = ack_id {
            batch.acks.push(ack_id);
            self.executed.remember(ack_id);
        }
    }

    /// Publishes what was gathered, and acknowledges it.
    pub(super) fn publish_batch(&mut self) {
        let Some(batch) = self.batch.take() else {
            return;
        };
        self.deliver(&batch.group, batch.messages, batch.no_echo);
        for ack_id in batch.acks {
            self.acknowledge(Some(ack_id), Ok(()));
        }
    }

    pub(super) fn publish(
        &mut self,
        group: &str,
        payload: Payload,
        metadata: Metadata,
        no_echo: bool,
        stream: Option<StreamPart>,
    ) {
        let message = self.message(group, payload, metadata, stream);
        self.deliver(group, vec![message], no_echo);
    }

    fn message(
        &self,
        group: &str,
        payload: Payload,
        metadata: Metadata,
        stream: Option<StreamPart>,
    ) -> Message {
        let user = self.session.user.as_deref().map(str::to_owned);
        Message {
            from: Sender::Group {
                group: group.to_owned(),
                user,
            },
            payload,
            sequence_id: None,
            metadata,
            stream,
        }
    }

    fn deliver(&mut self, group: &str, messages: Vec<Message>, no_echo: bool) {
        let registry = self.peers.lock();
        let due = fanout::deliver(messages, registry.in_group(group), |_, session| {
            no_echo && Arc::ptr_eq(session, &self.session)
        });
        drop(registry);
        self.due.add(due);
    }

    pub(super) fn permitted(
        &self,
        permission: Permission,
        group: &str,
        verb: &str,
    ) -> Result<(), AckError> {
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

    pub(super) fn start_stream(
        &mut self,
        group: String,
        stream_id: String,
        idle_ms: Option<u32>,
        no_echo: bool,
    ) {
        if let Err(refused) = self.permitted(Permission::SendToGroup, &group, "publish to") {
            self.refuse_stream(stream_id, refused.name.as_str(), refused.message);
            return;
        }
        match self
            .streams
            .start(Instant::now(), &stream_id, group, no_echo, idle_ms)
        {
            Ok(()) => self.session.reply(&ServiceFrame::StreamAck {
                stream_id,
                expected: 1,
            }),
            Err(why) => self.refuse_stream(stream_id, "BadRequest", why.to_string()),
        }
    }

    pub(super) fn stream_fragment(&mut self, stream_id: String, number: u64, payload: Payload) {
        match self.streams.turn(Instant::now(), &stream_id, number) {
            Turn::Publish => {
                let Some(Stream { group, no_echo, .. }) = self.streams.get(&stream_id).cloned()
                else {
                    return;
                };
                // The permission may have been revoked since the stream began.
                if let Err(refused) = self.permitted(Permission::SendToGroup, &group, "publish to")
                {
                    let error = stream_error(refused.name.as_str(), &refused.message);
                    self.finish_stream(&stream_id, Some(error.clone()), Some(error));
                    return;
                }
                let part = StreamPart {
                    stream_id: stream_id.clone(),
                    sequence_id: number,
                    end: false,
                    error: None,
                };
                self.publish(&group, payload, Metadata::new(), no_echo, Some(part));
                if let Some(expected) = self.streams.advance(&stream_id) {
                    self.session.reply(&ServiceFrame::StreamAck {
                        stream_id,
                        expected,
                    });
                }
            }
            Turn::Repeated { expected } => self.session.reply(&ServiceFrame::StreamAck {
                stream_id,
                expected,
            }),
            Turn::Early { expected } => self.session.reply(&ServiceFrame::StreamNack {
                stream_id,
                expected,
                name: "InvalidSequenceId".to_owned(),
                message: format!("expected {expected}, got {number}"),
            }),
            Turn::Unknown => self.stream_not_found(stream_id),
        }
    }

    pub(super) fn keep_stream(&mut self, stream_id: String) {
        if !self.streams.touch(Instant::now(), &stream_id) {
            self.stream_not_found(stream_id);
        }
    }

    pub(super) fn end_stream(&mut self, stream_id: String, error: Option<UserError>) {
        if self.streams.get(&stream_id).is_none() {
            self.stream_not_found(stream_id);
            return;
        }
        let told = error.map(|error| StreamError {
            name: "UserError".to_owned(),
            message: error.message,
            user_code: error.code,
        });
        self.finish_stream(&stream_id, told, None);
    }

    pub(super) fn expire_streams(&mut self) {
        let error = stream_error("IdleTimeout", "The stream was idle for too long.");
        for (id, stream) in self.streams.expire(Instant::now()) {
            self.tell_end(&id, &stream, Some(error.clone()));
            self.session.reply(&ServiceFrame::StreamClosed {
                stream_id: id,
                error: Some(error.clone()),
            });
        }
    }

    /// The publisher is gone for good.
    pub(super) fn cancel_streams(&mut self) {
        let error = stream_error("Cancelled", "The publisher is gone.");
        for (id, stream) in self.streams.drain() {
            self.tell_end(&id, &stream, Some(error.clone()));
        }
    }

    fn finish_stream(
        &mut self,
        stream_id: &str,
        to_receivers: Option<StreamError>,
        to_publisher: Option<StreamError>,
    ) {
        if let Some(stream) = self.streams.end(stream_id) {
            self.tell_end(stream_id, &stream, to_receivers);
        }
        self.session.reply(&ServiceFrame::StreamClosed {
            stream_id: stream_id.to_owned(),
            error: to_publisher,
        });
    }

    /// Receivers get a last message with the next number and nothing in it.
    fn tell_end(&mut self, stream_id: &str, stream: &Stream, error: Option<StreamError>) {
        let part = StreamPart {
            stream_id: stream_id.to_owned(),
            sequence_id: stream.expected,
            end: true,
            error,
        };
        let nothing = Payload::Text(String::new());
        self.publish(
            &stream.group,
            nothing,
            Metadata::new(),
            stream.no_echo,
            Some(part),
        );
    }

    fn refuse_stream(&self, stream_id: String, name: &str, message: String) {
        self.session.reply(&ServiceFrame::StreamClosed {
            stream_id,
            error: Some(stream_error(name, &message)),
        });
    }

    fn stream_not_found(&self, stream_id: String) {
        self.refuse_stream(
            stream_id,
            "StreamNotFound",
            "There is no such stream.".into(),
        );
    }
}

fn stream_error(name: &str, message: &str) -> StreamError {
    StreamError {
        name: name.to_owned(),
        message: message.to_owned(),
        user_code: None,
    }
}
