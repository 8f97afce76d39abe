//! What the service knows this client by: the connection's id and token, and how far its messages were
//! received. Survives the socket, because a session can be taken up again on another one.

use super::pace::{RECOVERY_MS, SEQUENCE_ACK_MS};

/// Messages that may wait for their acknowledgement, which then goes out at once.
const MOST_PENDING: u32 = 50;

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
            let mut url = self.base.clone();
            url.push_str("?awps_connection_id=");
            escape(&self.connection_id, &mut url);
            url.push_str("&awps_reconnection_token=");
            escape(token, &mut url);
            url
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

/// Percent-encodes all that RFC 3986 does not call unreserved. By hand, since a library's table is more than the rest.
fn escape(text: &str, url: &mut String) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    for byte in text.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                url.push(char::from(byte));
            }
            _ => {
                url.push('%');
                url.push(DIGITS[usize::from(byte >> 4)]);
                url.push(DIGITS[usize::from(byte & 15)]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::escape;
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
    use proptest::prelude::*;

    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');

    proptest! {
        #[test]
        fn what_is_escaped_is_read_back_by_others(text: String) {
            let mut url = String::new();
            escape(&text, &mut url);
            let read = percent_decode_str(&url).decode_utf8_lossy();
            prop_assert_eq!(read.as_ref(), text.as_str());
            prop_assert_eq!(url, utf8_percent_encode(&text, ESCAPED).to_string());
        }
    }
}
