//! One message on the screen, and what its neighbour above makes of it.

use crate::chat::{Body, DraftId, Message, Millis, Person, Refusal, Seq, UserId};
use std::sync::Arc;

/// Messages of one author within this time share one name and one time.
const GROUP_MS: u64 = 5 * 60_000;
const MINUTE_MS: i64 = 60_000;
const DAY_MINUTES: i64 = 24 * 60;

/// A message or a draft.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// `None` for drafts, and for what is not recorded.
    pub seq: Option<Seq>,
    pub draft: DraftId,
    pub author: Person,
    pub body: Body,
    /// By the server's clock; for drafts, and for what is not recorded, by this page's.
    pub at: Millis,
    pub masked: bool,
    pub state: State,
}

/// How a message fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Posted,
    Pending,
    /// Not sent, and why.
    Refused(Refusal),
}

impl From<Message> for Entry {
    fn from(message: Message) -> Self {
        Entry {
            seq: Some(message.seq),
            draft: message.draft,
            author: message.author,
            body: message.body,
            at: message.posted_at,
            masked: message.masked,
            state: State::Posted,
        }
    }
}

impl Entry {
    pub fn is_by(&self, author: UserId, draft: DraftId) -> bool {
        self.draft == draft && self.author.id == author
    }

    pub(super) fn faring(&self, state: State) -> Entry {
        Entry {
            state,
            ..self.clone()
        }
    }
}

/// A message in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub entry: Arc<Entry>,
    /// Opens a group: shows the author and the time.
    pub head: bool,
    /// The first unread one: the separator "New messages" stands before it.
    pub mark: bool,
}

impl Line {
    pub(super) fn new(entry: Entry) -> Line {
        Line {
            entry: Arc::new(entry),
            head: true,
            mark: false,
        }
    }

    /// The same message under that neighbour.
    pub(super) fn after(&self, above: Option<&Line>, read: Option<Seq>, zone: Zone) -> Line {
        let entry = &self.entry;
        let mark = match (entry.seq, read) {
            (Some(seq), Some(read)) => {
                let above = above.and_then(|line| line.entry.seq).unwrap_or(read);
                seq > read && above <= read
            }
            (None, _) | (_, None) => false,
        };
        let grouped = above.is_some_and(|above| {
            let above = &above.entry;
            above.author == entry.author
                && entry.at.0.abs_diff(above.at.0) <= GROUP_MS
                && zone.day(entry.at) == zone.day(above.at)
        });
        Line {
            entry: entry.clone(),
            head: mark || !grouped,
            mark,
        }
    }

    /// Tells apart whatever would look different, so that a keyed list redraws exactly that.
    pub fn key(&self) -> (u128, u128, u8) {
        let state = match self.entry.state {
            State::Posted => 0,
            State::Pending => 1,
            State::Refused(_) => 2,
        };
        let looks = u8::from(self.head) | u8::from(self.mark) << 1 | state << 2;
        (
            self.entry.author.id.as_u128(),
            self.entry.draft.as_u128(),
            looks,
        )
    }
}

/// The viewer's clock against UTC. A function, because summer time makes the distance depend on the day.
#[derive(Clone, Copy)]
pub struct Zone(
    /// Minutes to add to UTC at that moment.
    pub fn(Millis) -> i32,
);

impl Zone {
    pub const UTC: Zone = Zone(|_| 0);

    /// Days since 1970-01-01.
    pub fn day(self, at: Millis) -> i64 {
        self.minutes(at).div_euclid(DAY_MINUTES)
    }

    /// `10:42`.
    pub fn clock(self, at: Millis) -> String {
        let minute = self.minutes(at).rem_euclid(DAY_MINUTES);
        format!("{:02}:{:02}", minute / 60, minute % 60)
    }

    fn minutes(self, at: Millis) -> i64 {
        (at.0 as i64).div_euclid(MINUTE_MS) + i64::from((self.0)(at))
    }
}

impl std::fmt::Debug for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Zone")
    }
}
