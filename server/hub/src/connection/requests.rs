//! What a client asks for, frame by frame, in order. A frame that needs the application makes later ones wait.
//! Refuses to know sockets.

use super::Connection;
use super::events::{Asked, Pending};
use crate::protocol::Protocol;
use crate::session::Ending;
use std::borrow::Cow;
use std::collections::VecDeque;
use wire::frame::{
    AckError, AckErrorName, ClientFrame, Malformed, Metadata, Payload, ServiceFrame,
};
use wire::role::Permission;

/// Frames that may wait behind an invocation. While one is awaited the client is read on, because it may cancel.
const MAX_WAITING: usize = 64;

/// Bytes of such frames; one frame may exceed it.
const MAX_WAITING_BYTES: usize = 256 * 1024;

/// Frames that were read and wait for their turn. Boxed: nearly every connection has none, ever.
#[derive(Default)]
pub struct Backlog {
    waiting: Option<Box<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    frames: VecDeque<(ClientFrame, usize)>,
    bytes: usize,
}

impl Backlog {
    fn takes_more(&self) -> bool {
        self.waiting.as_ref().is_none_or(|waiting| {
            waiting.frames.len() < MAX_WAITING && waiting.bytes < MAX_WAITING_BYTES
        })
    }

    fn push(&mut self, frame: ClientFrame, bytes: usize) {
        let waiting = self.waiting.get_or_insert_default();
        waiting.bytes += bytes;
        waiting.frames.push_back((frame, bytes));
    }

    fn pop(&mut self) -> Option<ClientFrame> {
        let waiting = self.waiting.as_mut()?;
        let (frame, bytes) = waiting.frames.pop_front()?;
        waiting.bytes -= bytes;
        Some(frame)
    }

    /// Removes invocations: one, or all.
    fn cancel(&mut self, wanted: Option<&str>) {
        let Some(waiting) = &mut self.waiting else {
            return;
        };
        let bytes = &mut waiting.bytes;
        waiting.frames.retain(|(frame, size)| match frame {
            ClientFrame::Invoke { invocation_id, .. }
                if wanted.is_none_or(|id| id == invocation_id) =>
            {
                *bytes -= size;
                false
            }
            _ => true,
        });
    }
}

impl Connection {
    /// Nothing is read while an event waits for its answer. Behind an invocation reading goes on.
    pub(super) fn may_read(&self, pending: Option<&Pending>) -> bool {
        match pending.map(|pending| &pending.asked) {
            None => true,
            Some(Asked::Event { .. }) => false,
            Some(Asked::Invocation { .. }) => self.backlog.takes_more(),
        }
    }

    /// Takes in a text. A frame that has to wait for an answer is left in `pending`.
    pub(super) fn receive_text(&mut self, text: Cow<'_, str>, pending: &mut Option<Pending>) {
        let protocol = self.session.protocol;
        if protocol == Protocol::Raw {
            self.receive_raw(Payload::Text(text.into_owned()), pending);
        } else if protocol.is_protobuf() {
            self.session.end(Ending::not_binary());
        } else {
            self.receive(ClientFrame::from_json(&text), text.len(), pending);
        }
    }

    /// Takes in bytes. The documentation allows JSON in binary messages.
    pub(super) fn receive_binary(&mut self, bytes: Cow<'_, [u8]>, pending: &mut Option<Pending>) {
        let (protocol, size) = (self.session.protocol, bytes.len());
        if protocol == Protocol::Raw {
            let bytes = bytes.into_owned().into();
            self.receive_raw(Payload::Binary(bytes), pending);
        } else if protocol.is_protobuf() {
            let bytes = bytes.into_owned().into();
            self.receive(ClientFrame::from_protobuf(bytes), size, pending);
        } else {
            let text = std::str::from_utf8(&bytes).unwrap_or_default();
            self.receive(ClientFrame::from_json(text), size, pending);
        }
    }

    fn receive_raw(&mut self, payload: Payload, pending: &mut Option<Pending>) {
        self.hub.note_raw_frame(&self.session, &payload);
        *pending = self.ask("message".to_owned(), payload, Metadata::new(), None);
    }

    fn receive(
        &mut self,
        frame: Result<ClientFrame, Malformed>,
        size: usize,
        pending: &mut Option<Pending>,
    ) {
        let Ok(frame) = frame else {
            self.session.end(Ending::malformed(self.session.protocol));
            return;
        };
        self.hub.note_client_frame(&self.session, &frame);
        match (frame, pending) {
            (frame, pending @ None) => *pending = self.execute(frame),
            (ClientFrame::CancelInvocation { invocation_id }, Some(pending)) => {
                self.backlog.cancel(Some(&invocation_id));
                pending.cancel(&invocation_id);
            }
            // These have no place in the order of requests.
            (frame @ (ClientFrame::Ping | ClientFrame::SequenceAck { .. }), Some(_)) => {
                self.execute(frame);
            }
            (frame, Some(_)) => self.backlog.push(frame, size),
        }
    }

    /// Executes what waited, up to the next frame that needs an answer.
    pub(super) fn catch_up(&mut self) -> Option<Pending> {
        while let Some(frame) = self.backlog.pop() {
            let pending = self.execute(frame);
            if pending.is_some() {
                return pending;
            }
        }
        None
    }

    pub(super) fn forget_invocations(&mut self, pending: &mut Option<Pending>) {
        self.backlog.cancel(None);
        if let Some(Pending {
            asked: Asked::Invocation { id },
            ..
        }) = pending
        {
            *id = None;
        }
    }

    fn execute(&mut self, frame: ClientFrame) -> Option<Pending> {
        if !self.continues_batch(&frame) {
            self.publish_batch();
        }
        if let Some(ack_id) = ack_id_of(&frame)
            && self.executed.contains(ack_id)
        {
            let error = AckError {
                name: AckErrorName::Duplicate,
                message: format!("Message with ack-id: {ack_id} has been processed"),
            };
            self.acknowledge(Some(ack_id), Err(error));
            return None;
        }
        match frame {
            ClientFrame::Ping => self.session.reply(&ServiceFrame::Pong),
            ClientFrame::SequenceAck { sequence_id } => self.session.acknowledge(sequence_id),
            ClientFrame::JoinGroup { group, ack_id } => {
                let done = self
                    .permitted(Permission::JoinLeaveGroup, &group, "join")
                    .map(|()| {
                        self.peers.lock().join(&self.session.id, &group);
                    });
                self.acknowledge(ack_id, done);
            }
            ClientFrame::LeaveGroup { group, ack_id } => {
                let done = self
                    .permitted(Permission::JoinLeaveGroup, &group, "leave")
                    .map(|()| {
                        self.peers.lock().leave(&self.session.id, &group);
                    });
                self.acknowledge(ack_id, done);
            }
            ClientFrame::SendToGroup {
                group,
                payload,
                no_echo,
                metadata,
                ack_id,
                ..
            } => match self.permitted(Permission::SendToGroup, &group, "publish to") {
                Ok(()) => self.gather(group, payload, metadata, no_echo, ack_id),
                Err(refused) => {
                    self.publish_batch();
                    self.acknowledge(ack_id, Err(refused));
                }
            },
            ClientFrame::Event {
                event,
                payload,
                metadata,
                ack_id,
            } => return self.ask(event, payload, metadata, ack_id),
            ClientFrame::Invoke {
                invocation_id,
                event,
                payload,
            } => return self.invoke(invocation_id, event, payload),
            // What it would cancel has been answered.
            ClientFrame::CancelInvocation { .. } => {}
            ClientFrame::StreamStart {
                group,
                stream_id,
                idle_timeout_ms,
                no_echo,
            } => self.start_stream(group, stream_id, idle_timeout_ms, no_echo),
            ClientFrame::StreamData {
                stream_id,
                fragment: Some((number, payload)),
            } => self.stream_fragment(stream_id, number, payload),
            ClientFrame::StreamData {
                stream_id,
                fragment: None,
            } => self.keep_stream(stream_id),
            ClientFrame::StreamEnd { stream_id, error } => self.end_stream(stream_id, error),
        }
        None
    }

    pub(super) fn acknowledge(&mut self, ack_id: Option<u64>, result: Result<(), AckError>) {
        let Some(ack_id) = ack_id else { return };
        if result.is_ok() {
            self.executed.remember(ack_id);
        }
        self.session.reply(&ServiceFrame::Ack { ack_id, result });
    }
}

fn ack_id_of(frame: &ClientFrame) -> Option<u64> {
    match frame {
        ClientFrame::JoinGroup { ack_id, .. }
        | ClientFrame::LeaveGroup { ack_id, .. }
        | ClientFrame::SendToGroup { ack_id, .. }
        | ClientFrame::Event { ack_id, .. } => *ack_id,
        ClientFrame::SequenceAck { .. }
        | ClientFrame::Ping
        | ClientFrame::Invoke { .. }
        | ClientFrame::CancelInvocation { .. }
        | ClientFrame::StreamStart { .. }
        | ClientFrame::StreamData { .. }
        | ClientFrame::StreamEnd { .. } => None,
    }
}
