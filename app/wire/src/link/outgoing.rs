//! The requests that wait for an answer, in the order in which they were made. One is on its way at a time:
//! the service promises no order between two of them, and a person who joins a chat and then writes in it must
//! not be told to join first. Refuses to know sockets.

use super::pace::{ANSWER_MS, Chance, pause};
use super::{Outcome, What};
use crate::frame::{AckError, AckErrorName};
use std::collections::VecDeque;

/// Requests that may wait. More would take minutes to send.
pub const MOST_WAITING: usize = 500;

/// The service may fail at a request so often.
const MOST_FAILURES: u32 = 5;

/// A request that went out so often without any answer may be what breaks the connection.
const MOST_TRANSMISSIONS: u32 = 20;

/// Close codes by which the service calls the last frame invalid or too large.
const FAULTY_FRAME: [u16; 2] = [1007, 1009];

#[derive(Default)]
pub(super) struct Outgoing {
    waiting: VecDeque<(u128, What)>,
    /// About the first one waiting.
    first: Flight,
    last_ack_id: u64,
}

#[derive(Default)]
struct Flight {
    /// Kept over a recovery, so that the service knows the request again.
    ack_id: Option<u64>,
    /// Set while the request is on a socket.
    answer_by: Option<u64>,
    /// Answers that may still come on this socket.
    owed: u32,
    transmissions: u32,
    failures: u32,
    /// It went without an answer once.
    overdue: bool,
    not_before: u64,
}

impl Outgoing {
    /// Takes a request with a key. One that waits already is not taken twice; `Err` when there is no room.
    pub(super) fn push(&mut self, key: u128, what: What) -> Result<(), Outcome> {
        if self.waiting.iter().any(|(known, _)| *known == key) {
            return Ok(());
        }
        if self.waiting.len() >= MOST_WAITING {
            return Err(Outcome::Full);
        }
        self.waiting.push_back((key, what));
        Ok(())
    }

    pub(super) fn forget(&mut self, key: u128) {
        if self.waiting.front().is_some_and(|(first, _)| *first == key) {
            self.shift();
        } else {
            self.waiting.retain(|(known, _)| *known != key);
        }
    }

    pub(super) fn unsettled(&self) -> impl Iterator<Item = (u128, &What)> {
        self.waiting.iter().map(|(key, what)| (*key, what))
    }

    /// The frame that should go out now.
    pub(super) fn transmit(&mut self, now: u64) -> Option<String> {
        let (_, what) = self.waiting.front()?;
        if self.first.answer_by.is_some() || self.first.not_before > now {
            return None;
        }
        let ack_id = self.first.ack_id.unwrap_or_else(|| {
            self.last_ack_id += 1;
            self.last_ack_id
        });
        self.first.ack_id = Some(ack_id);
        self.first.answer_by = Some(now.saturating_add(ANSWER_MS));
        self.first.owed += 1;
        self.first.transmissions += 1;
        Some(what.frame(Some(ack_id)).to_json())
    }

    /// The service answered.
    pub(super) fn answer(
        &mut self,
        ack_id: u64,
        result: Result<(), AckError>,
        now: u64,
        chance: &mut Chance,
    ) -> Option<(u128, Outcome)> {
        if self.first.ack_id != Some(ack_id) || self.first.answer_by.is_none() {
            return None;
        }
        match result.map_err(|error| error.name) {
            Ok(()) | Err(AckErrorName::Duplicate) => self.settle(Outcome::Done),
            Err(AckErrorName::InternalServerError | AckErrorName::Timeout) => {
                self.first.owed = self.first.owed.saturating_sub(1);
                if self.first.owed > 0 {
                    // The answer to the repetition counts: that one may have been executed.
                    return None;
                }
                self.first.failures += 1;
                if self.first.failures >= MOST_FAILURES {
                    return self.settle(Outcome::Failed);
                }
                // A new id: the service may count the old one as executed.
                self.first.ack_id = None;
                self.first.answer_by = None;
                self.first.not_before = now.saturating_add(pause(self.first.failures, chance));
                None
            }
            Err(
                name @ (AckErrorName::Forbidden
                | AckErrorName::BadRequest
                | AckErrorName::NotFound
                | AckErrorName::Other(_)),
            ) => self.settle(Outcome::Refused(name)),
        }
    }

    /// Time passes on a connection that works. An unanswered request goes out once more under its old id.
    pub(super) fn expire(&mut self, now: u64) -> Option<(u128, Outcome)> {
        self.first.answer_by.filter(|by| *by <= now)?;
        if self.first.overdue {
            return self.settle(Outcome::Failed);
        }
        self.first.overdue = true;
        self.first.answer_by = None;
        None
    }

    /// The socket is gone. Settles a request that is to blame for it.
    pub(super) fn lose(&mut self, code: Option<u16>) -> Option<(u128, Outcome)> {
        self.first.owed = 0;
        self.first.answer_by.take()?;
        let faulty = code.is_some_and(|code| FAULTY_FRAME.contains(&code));
        if faulty || self.first.transmissions >= MOST_TRANSMISSIONS {
            return self.settle(Outcome::Failed);
        }
        None
    }

    /// The old connection is over, and a new one knows no old ids: what is unanswered goes out anew.
    pub(super) fn renew(&mut self) {
        self.first.ack_id = None;
        self.first.answer_by = None;
        self.first.owed = 0;
    }

    /// When `transmit` or `expire` has something to do; `None` when only an event can bring work.
    pub(super) fn wake_at(&self) -> Option<u64> {
        self.waiting.front()?;
        self.first.answer_by.or(Some(self.first.not_before))
    }

    fn settle(&mut self, outcome: Outcome) -> Option<(u128, Outcome)> {
        self.shift().map(|key| (key, outcome))
    }

    fn shift(&mut self) -> Option<u128> {
        self.first = Flight::default();
        self.waiting.pop_front().map(|(key, _)| key)
    }
}
