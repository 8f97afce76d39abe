//! What a client asks for, frame by frame, in order. A frame that needs the application makes later ones wait.
//! Refuses to know sockets.

use super::Connection;
use super::events::{Asked, Pending};
use crate::session::{Ending, Protocol};
use axum::extract::ws::Message as Frame;
use std::collections::VecDeque;
use wire::frame::{AckError, AckErrorName, ClientFrame, Metadata, Payload, ServiceFrame};
use wire::role::Permission;

/// Frames that may wait behind an invocation. While one is awaited the client is read on, because it may cancel.
const MAX_WAITING: usize = 64;

/// Bytes of such frames; one frame may exceed it.
const MAX_WAITING_BYTES: usize = 256 * 1024;

/// Frames that were read and wait for their turn.
#[derive(Default)]
pub struct Backlog {
    frames: VecDeque<(ClientFrame, usize)>,
    bytes: usize,
}

impl Backlog {
    fn takes_more(&self) -> bool {
        self.frames.len() < MAX_WAITING && self.bytes < MAX_WAITING_BYTES
    }

    fn push(&mut self, frame: ClientFrame, bytes: usize) {
        self.bytes += bytes;
        self.frames.push_back((frame, bytes));
    }

    fn pop(&mut self) -> Option<ClientFrame> {
        let (frame, bytes) = self.frames.pop_front()?;
        self.bytes -= bytes;
        Some(frame)
    }

    /// Removes invocations: one, or all.
    fn cancel(&mut self, wanted: Option<&str>) {
        let bytes = &mut self.bytes;
        self.frames.retain(|(frame, size)| match frame {
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

    /// Takes in what came from the socket. A frame that has to wait for an answer is left in `pending`.
    pub(super) fn receive(&mut self, frame: Frame, pending: &mut Option<Pending>) {
        let size = match &frame {
            Frame::Text(text) => text.len(),
            Frame::Binary(bytes) => bytes.len(),
            Frame::Ping(_) | Frame::Pong(_) | Frame::Close(_) => return,
        };
        if self.session.protocol == Protocol::Raw {
            let payload = match frame {
                Frame::Text(text) => Payload::Text(text.to_string()),
                Frame::Binary(bytes) => Payload::Binary(bytes),
                Frame::Ping(_) | Frame::Pong(_) | Frame::Close(_) => return,
            };
            self.hub.note_raw_frame(&self.session, &payload);
            *pending = self.ask("message".to_owned(), payload, Metadata::new(), None);
            return;
        }
        let Some(frame) = self.parse(frame) else {
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

    fn parse(&self, frame: Frame) -> Option<ClientFrame> {
        let protocol = self.session.protocol;
        let parsed = match (frame, protocol.is_protobuf()) {
            (Frame::Binary(bytes), true) => ClientFrame::from_protobuf(bytes),
            (Frame::Text(_), true) => {
                self.session.end(Ending::not_binary());
                return None;
            }
            (Frame::Text(text), false) => ClientFrame::from_json(&text),
            // The documentation allows JSON in binary messages.
            (Frame::Binary(bytes), false) => {
                ClientFrame::from_json(std::str::from_utf8(&bytes).unwrap_or_default())
            }
            (Frame::Ping(_) | Frame::Pong(_) | Frame::Close(_), _) => return None,
        };
        if parsed.is_err() {
            self.session.end(Ending::malformed(protocol));
        }
        parsed.ok()
    }

    fn execute(&mut self, frame: ClientFrame) -> Option<Pending> {
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
            } => {
                let done = self
                    .permitted(Permission::SendToGroup, &group, "publish to")
                    .map(|()| self.publish(&group, payload, metadata, no_echo, None));
                self.acknowledge(ack_id, done);
            }
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
