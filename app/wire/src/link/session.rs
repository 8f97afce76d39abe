//! What the service knows this client by: the connection's id and token, and how far its messages were
//! received. Survives the socket, because a session can be taken up again on another one.

use super::pace::{RECOVERY_MS, SEQUENCE_ACK_MS};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Messages that may wait for their acknowledgement, which then goes out at once.
const MOST_PENDING: u32 = 50;

/// All that RFC 3986 does not call unreserved.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

pub(super) struct Session {
    pub(super) connection_id: String,
    /// `None` when the service gave none: this session ends with its socket.
    token: Option<String>,
    /// The ticket's address without its query.
    base: String,
    /// The highest sequence id received.
    seen: u64,
    /// Messages received since the last acknowledgement.
    pending: u32,
    ack_at: Option<u64>,
    lost_at: Option<u64>,
}

impl Session {
    pub(super) fn new(ticket: &str, connection_id: String, token: Option<String>) -> Self {
        let end = ticket.find(['?', '#']).unwrap_or(ticket.len());
        Self {
            connection_id,
            token,
            base: ticket[..end].to_owned(),
            seen: 0,
            pending: 0,
            ack_at: None,
            lost_at: None,
        }
    }

    /// Taken up again; the service may have replaced the token.
    pub(super) fn resume(&mut self, token: Option<String>) {
        self.lost_at = None;
        if token.is_some() {
            self.token = token;
        }
    }

    pub(super) fn lose(&mut self, now: u64) {
        self.lost_at.get_or_insert(now);
    }

    /// Where to take the session up again; `None` once the service has forgotten it.
    pub(super) fn recovery_url(&self, now: u64) -> Option<String> {
        let lost_at = self.lost_at.unwrap_or(now);
        let token = self.token.as_deref()?;
        (now.saturating_sub(lost_at) < RECOVERY_MS).then(|| {
            format!(
                "{}?awps_connection_id={}&awps_reconnection_token={}",
                self.base,
                utf8_percent_encode(&self.connection_id, ESCAPED),
                utf8_percent_encode(token, ESCAPED),
            )
        })
    }

    /// Whether a message is new. A repeated one is owed an acknowledgement too: the last one got lost.
    pub(super) fn receive(&mut self, sequence_id: u64, now: u64) -> bool {
        let new = sequence_id > self.seen;
        self.seen = self.seen.max(sequence_id);
        self.pending = self.pending.saturating_add(1);
        let due = if self.pending >= MOST_PENDING {
            now
        } else {
            now.saturating_add(SEQUENCE_ACK_MS)
        };
        self.ack_at = Some(self.ack_at.map_or(due, |at| at.min(due)));
        new
    }

    /// When the next acknowledgement is due.
    pub(super) fn ack_at(&self) -> Option<u64> {
        self.ack_at
    }

    /// The sequence id to acknowledge, if that is due.
    pub(super) fn acknowledge(&mut self, now: u64) -> Option<u64> {
        self.ack_at.filter(|at| *at <= now)?;
        self.ack_at = None;
        self.pending = 0;
        Some(self.seen)
    }
}
