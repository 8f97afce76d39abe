//! What one client knows, and what must hold of it at any time. Refuses to know how it came to know.

use std::collections::BTreeMap;
use wire::frame::{Message, Payload, Sender};
use wire::link::Outcome;

/// The group in which the clients talk with each other, past the application.
pub const TALK: &str = "talk";

/// Messages that a session may owe. Source: client specification.
const MOST_OWED: u64 = 1_000;

/// A promise that was broken, in words.
pub type Broken = String;

#[derive(Default)]
pub struct Ledger {
    /// Counts the sessions of this client.
    pub session: u64,
    /// When the session began for the client, in milliseconds.
    pub since: u64,
    /// What the session heard last, and acknowledged last.
    heard: u64,
    acknowledged: u64,
    /// The application's number that the session heard last.
    logged: Option<usize>,
    /// Entries that were written before the session began for the client; later ones must reach it.
    owed_from: usize,
    /// Messages of the log wait for the picture of the whole.
    waiting: Option<Vec<(usize, u64)>>,
    /// The application's log as this client sees it.
    pub log: Vec<u64>,
    /// Who said what, and in which session it was heard.
    pub talk: Vec<(String, u64, u64)>,
    pub settled: Vec<(u64, Outcome)>,
    /// What went out, when for the first time, and in how many sessions.
    pub sent: BTreeMap<u64, Sent>,
}

pub struct Sent {
    pub first: u64,
    pub sessions: u64,
    last_session: u64,
}

impl Ledger {
    /// A session of which nothing is known.
    pub fn begin(&mut self, now: u64, written: usize) {
        self.session += 1;
        self.since = now;
        (self.heard, self.acknowledged) = (0, 0);
        self.logged = None;
        self.owed_from = written;
        self.waiting = Some(Vec::new());
    }

    /// The whole log, as the application showed it.
    pub fn learn(&mut self, log: Vec<u64>) -> Result<(), Broken> {
        self.log = log;
        for (number, key) in self.waiting.take().unwrap_or_default() {
            self.add(number, key)?;
        }
        Ok(())
    }

    pub fn hear(&mut self, message: &Message) -> Result<(), Broken> {
        let number = message.sequence_id.unwrap_or_default();
        if number != self.heard + 1 {
            return Err(format!("heard {number} after {}", self.heard));
        }
        self.heard = number;
        if self.heard - self.acknowledged > MOST_OWED {
            return Err("owes more than a session may".to_owned());
        }
        let (Payload::Json(json), Sender::Group { group, user }) =
            (&message.payload, &message.from)
        else {
            return Err(format!("nobody said {message:?}"));
        };
        match user {
            Some(user) if group == TALK => {
                let key = json.get().parse().map_err(|_| "no number".to_owned())?;
                self.talk.push((user.clone(), key, self.session));
                Ok(())
            }
            _ => {
                let (number, key) = serde_json::from_str(json.get())
                    .map_err(|error| format!("not of the log: {error}"))?;
                self.note(number, key)
            }
        }
    }

    /// Within one session the log is heard without a gap, from where it stood when the session began.
    fn note(&mut self, number: usize, key: u64) -> Result<(), Broken> {
        let fits = match self.logged {
            Some(before) => number == before + 1,
            None => number <= self.owed_from + 1,
        };
        if !fits {
            let (before, owed) = (self.logged, self.owed_from);
            return Err(format!(
                "entry {number} after {before:?} (owed from {owed})"
            ));
        }
        self.logged = Some(number);
        match &mut self.waiting {
            Some(waiting) => {
                waiting.push((number, key));
                Ok(())
            }
            None => self.add(number, key),
        }
    }

    /// Twice is once; a gap cannot be closed.
    fn add(&mut self, number: usize, key: u64) -> Result<(), Broken> {
        match number.checked_sub(self.log.len() + 1) {
            Some(0) => self.log.push(key),
            Some(_) => return Err(format!("entry {number} follows {}", self.log.len())),
            None if self.log[number - 1] != key => {
                return Err(format!("entry {number} is another one now"));
            }
            None => {}
        }
        Ok(())
    }

    pub fn acknowledge(&mut self, number: u64) -> Result<(), Broken> {
        self.acknowledged = number;
        if number > self.heard {
            return Err(format!("acknowledges {number}, heard {}", self.heard));
        }
        Ok(())
    }

    pub fn send(&mut self, now: u64, key: u64) {
        let session = self.session;
        let sent = self.sent.entry(key).or_insert(Sent {
            first: now,
            sessions: 0,
            last_session: 0,
        });
        if sent.last_session != session {
            (sent.last_session, sent.sessions) = (session, sent.sessions + 1);
        }
    }

    pub fn settle(&mut self, key: u64, outcome: Outcome) -> Result<(), Broken> {
        if self.settled.last().is_some_and(|(last, _)| *last >= key) {
            return Err(format!("{key} is settled late or twice"));
        }
        self.settled.push((key, outcome));
        Ok(())
    }

    pub fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    pub fn outcome(&self, key: u64) -> Option<&Outcome> {
        let found = self.settled.binary_search_by_key(&key, |(key, _)| *key);
        found.ok().map(|at| &self.settled[at].1)
    }
}
