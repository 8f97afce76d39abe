//! What makes a session survive its socket: numbered messages kept until they are acknowledged, and a
//! memory of executed requests. Pure: no sockets, no clock.

use std::collections::{HashSet, VecDeque};

/// Unacknowledged messages that a session may owe. Source: client specification (1,000 messages or 16 MB).
pub const MAX_UNACKED: usize = 1_000;

/// Bytes of unacknowledged messages that a session may owe.
pub const MAX_UNACKED_BYTES: usize = 16 * 1024 * 1024;

/// Executed request ids that a connection remembers. Source: emulator of the service.
pub const MAX_REMEMBERED: usize = 1_000;

/// The session owes more than it may and ends for good.
#[derive(Debug, PartialEq, Eq)]
pub struct Full;

/// What can be kept: its size counts.
pub trait Kept {
    /// In bytes.
    fn size(&self) -> usize;
}

/// Messages that the client has not acknowledged, oldest first.
#[derive(Debug)]
pub struct Replay<T> {
    last: u64,
    unacked: VecDeque<(u64, T)>,
    bytes: usize,
}

impl<T> Default for Replay<T> {
    fn default() -> Self {
        Self {
            last: 0,
            unacked: VecDeque::new(),
            bytes: 0,
        }
    }
}

impl<T: Kept + Clone> Replay<T> {
    /// Numbers a message (1, 2, 3 …), prints it with its number, and keeps the print.
    pub fn push(&mut self, print: impl FnOnce(u64) -> T) -> Result<T, Full> {
        if self.unacked.len() >= MAX_UNACKED {
            return Err(Full);
        }
        let message = print(self.last + 1);
        let bytes = self.bytes + message.size();
        if bytes > MAX_UNACKED_BYTES {
            return Err(Full);
        }
        self.last += 1;
        self.bytes = bytes;
        self.unacked.push_back((self.last, message.clone()));
        Ok(message)
    }

    /// Releases everything up to `sequence_id`. Ids that were never sent or already released are ignored.
    pub fn acknowledge(&mut self, sequence_id: u64) {
        if sequence_id > self.last {
            return;
        }
        while let Some((id, message)) = self.unacked.front() {
            if *id > sequence_id {
                break;
            }
            self.bytes -= message.size();
            self.unacked.pop_front();
        }
    }

    /// What a recovered client has not acknowledged, in order.
    pub fn unacknowledged(&self) -> impl Iterator<Item = &T> {
        self.unacked.iter().map(|(_, message)| message)
    }
}

/// Request ids that were executed: a repetition is answered, not executed again.
/// Most connections ask for little, and few ids are found as fast without a table.
#[derive(Debug, Default)]
pub struct Executed {
    order: VecDeque<u64>,
    #[expect(
        clippy::box_collection,
        reason = "every connection keeps room for it, and few need one"
    )]
    table: Option<Box<HashSet<u64>>>,
}

/// Ids that are found without a table.
const FEW: usize = 16;

impl Executed {
    pub fn contains(&self, ack_id: u64) -> bool {
        match &self.table {
            Some(table) => table.contains(&ack_id),
            None => self.order.contains(&ack_id),
        }
    }

    /// Remembers a success; a failed request may be repeated with its id.
    pub fn remember(&mut self, ack_id: u64) {
        if self.contains(ack_id) {
            return;
        }
        // Most connections ask for one thing only: to be in a group.
        self.order.reserve_exact(usize::from(self.order.is_empty()));
        self.order.push_back(ack_id);
        if self.order.len() == FEW && self.table.is_none() {
            self.table = Some(Box::new(self.order.iter().copied().collect()));
        }
        let oldest = (self.order.len() > MAX_REMEMBERED).then(|| self.order.pop_front());
        if let Some(table) = &mut self.table {
            table.insert(ack_id);
            if let Some(oldest) = oldest.flatten() {
                table.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    impl Kept for String {
        fn size(&self) -> usize {
            self.len()
        }
    }

    #[test]
    fn the_1001st_unacknowledged_message_is_one_too_many() {
        let mut replay = Replay::default();
        for _ in 0..MAX_UNACKED {
            assert!(replay.push(|id| id.to_string()).is_ok());
        }
        assert_eq!(replay.push(|id| id.to_string()), Err(Full));
        replay.acknowledge(1);
        assert_eq!(replay.push(|id| id.to_string()), Ok("1001".into()));
    }

    #[test]
    fn sixteen_mebibytes_are_one_too_many() {
        let mut replay = Replay::default();
        let half = || "x".repeat(MAX_UNACKED_BYTES / 2);
        assert!(replay.push(|_| half()).is_ok() && replay.push(|_| half()).is_ok());
        assert_eq!(replay.push(|_| "x".to_owned()), Err(Full));
    }

    #[test]
    fn an_acknowledgement_of_the_future_is_ignored() {
        let mut replay = Replay::default();
        let _ = replay.push(|id| id.to_string());
        replay.acknowledge(2);
        assert_eq!(replay.unacknowledged().count(), 1);
    }

    #[test]
    fn the_memory_of_executed_requests_is_bounded_and_drops_the_oldest() {
        let mut executed = Executed::default();
        for id in 0..=MAX_REMEMBERED as u64 {
            executed.remember(id);
        }
        assert!(
            !executed.contains(0)
                && executed.contains(1)
                && executed.contains(MAX_REMEMBERED as u64)
        );
    }

    proptest! {
        /// Whatever is acknowledged in whatever order, what is left is the gapless end of what was sent.
        #[test]
        fn what_is_replayed_is_the_gapless_tail(steps in prop::collection::vec((any::<bool>(), 0..40u64), 0..60)) {
            let mut replay = Replay::default();
            let (mut sent, mut acknowledged) = (0, 0);
            for (send, id) in steps {
                if send {
                    prop_assert_eq!(replay.push(|id| id.to_string()), Ok((sent + 1).to_string()));
                    sent += 1;
                } else {
                    replay.acknowledge(id);
                    if id <= sent {
                        acknowledged = acknowledged.max(id);
                    }
                }
                let left: Vec<String> = replay.unacknowledged().cloned().collect();
                let expected: Vec<String> = (acknowledged + 1..=sent).map(|id| id.to_string()).collect();
                prop_assert_eq!(left, expected);
            }
        }
    }
}
