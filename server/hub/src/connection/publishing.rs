//! Messages and streams that a client publishes to a group. Refuses to know how a frame came in.

use super::Connection;
use crate::streams::{Stream, Turn};
use tokio::time::Instant;
use wire::frame::{
    AckError, AckErrorName, Message, Metadata, Payload, Sender, ServiceFrame, StreamError,
    StreamPart, UserError,
};
use wire::role::Permission;

impl Connection {
    pub(super) fn publish(
        &self,
        group: &str,
        payload: Payload,
        metadata: Metadata,
        no_echo: bool,
        stream: Option<StreamPart>,
    ) {
        let user = self.session.user.as_deref().map(str::to_owned);
        let message = Message {
            from: Sender::Group {
                group: group.to_owned(),
                user,
            },
            payload,
            sequence_id: None,
            metadata,
            stream,
        };
        let registry = self.peers.lock();
        crate::fanout::deliver(message, registry.in_group(group), |id| {
            no_echo && id == &*self.session.id
        });
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
    fn tell_end(&self, stream_id: &str, stream: &Stream, error: Option<StreamError>) {
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
