//! Messages that are not sent yet, as they survive a reload: kept as one text per page in the browser's
//! storage. A page writes only its own text; it takes over that of a page which is gone. Should two pages send
//! the same message all the same, its draft makes it one. Refuses to touch the storage itself.

use crate::chat::{Body, ChatId, DraftId, Millis, UserId};
use crate::print::{Print, print};
use crate::tree::{self, Read};

/// Messages that are kept; more are sent all the same, but do not survive a reload.
const MOST: usize = 100;

/// A page says that it is there so often, in milliseconds.
pub const BEAT_MS: u64 = 20_000;

/// A page that said nothing for so long is gone. Browsers wake hidden pages once a minute.
const GONE_MS: u64 = 120_000;

/// What a page's text says when the page left by itself.
const LEFT: Millis = Millis(0);

/// One message.
#[derive(Clone, Debug, PartialEq, Print, Read)]
#[serde(rename_all = "camelCase")]
pub struct Unsent {
    pub chat: ChatId,
    pub draft: DraftId,
    pub body: Body,
    pub at: Millis,
    pub lane: Lane,
}

/// How it was to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Print, Read)]
#[serde(rename_all = "camelCase")]
pub enum Lane {
    /// To the server, as a command.
    Post,
    /// To the members, as talk.
    Talk,
}

/// The messages of this page.
pub struct Outbox {
    user: UserId,
    page: DraftId,
    unsent: Vec<Unsent>,
}

/// What is in the storage.
#[derive(Print, Read)]
#[serde(rename_all = "camelCase")]
struct Kept {
    /// When the page was last there, by this computer's clock.
    beat: Millis,
    unsent: Vec<Unsent>,
}

impl Outbox {
    /// `page` is drawn at random.
    pub fn new(user: UserId, page: DraftId) -> Self {
        Self {
            user,
            page,
            unsent: Vec::new(),
        }
    }

    /// Where this page's text is kept.
    pub fn key(&self) -> String {
        format!("{}{}", self.prefix(), self.page)
    }

    /// Whether a key in the storage is that of another page of the same person.
    pub fn is_neighbour(&self, key: &str) -> bool {
        key.starts_with(&self.prefix()) && key != self.key()
    }

    /// The text to keep; `None` when there is nothing to keep.
    pub fn text(&self, now: Millis) -> Option<String> {
        (!self.unsent.is_empty()).then(|| {
            let kept = Kept {
                beat: now,
                unsent: self.unsent.clone(),
            };
            print(&kept)
        })
    }

    /// The text to keep when the page goes: whoever comes next may have it at once.
    pub fn farewell(&self) -> Option<String> {
        self.text(LEFT)
    }

    /// Takes over the messages of a neighbour that is gone, and gives them. `None`: it lives, or wrote what this
    /// page cannot read.
    pub fn adopt(&mut self, text: &str, now: Millis) -> Option<Vec<Unsent>> {
        let kept: Kept = tree::read(text).ok()?;
        // A beat from the future is one from before the clock was set back.
        let gone = now.0.abs_diff(kept.beat.0) >= GONE_MS;
        gone.then(|| {
            let new = kept.unsent.into_iter();
            let new: Vec<Unsent> = new.filter(|unsent| self.put(unsent.clone())).collect();
            new
        })
    }

    /// Keeps a message. `false` if it is here already or there is no room.
    pub fn put(&mut self, unsent: Unsent) -> bool {
        let known = self.unsent.iter().any(|known| known.draft == unsent.draft);
        let fits = !known && self.unsent.len() < MOST;
        if fits {
            self.unsent.push(unsent);
        }
        fits
    }

    /// Forgets a message. `false` if it was not here.
    pub fn remove(&mut self, draft: DraftId) -> bool {
        let before = self.unsent.len();
        self.unsent.retain(|unsent| unsent.draft != draft);
        self.unsent.len() < before
    }

    /// Oldest first.
    pub fn unsent(&self) -> &[Unsent] {
        &self.unsent
    }

    fn prefix(&self) -> String {
        format!("chatr.outbox.{}.", self.user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: UserId = UserId::from_bytes([1; 16]);
    const NOW: Millis = Millis(1_700_000_000_000);

    fn outbox(page: u8) -> Outbox {
        Outbox::new(ADA, DraftId::from_bytes([page; 16]))
    }

    fn unsent(number: u8) -> Unsent {
        Unsent {
            chat: ChatId::from_bytes([7; 16]),
            draft: DraftId::from_bytes([number; 16]),
            body: format!("message {number}\n\"quoted\" <b>")
                .parse()
                .expect("fit"),
            at: NOW,
            lane: if number.is_multiple_of(2) {
                Lane::Post
            } else {
                Lane::Talk
            },
        }
    }

    #[test]
    fn the_next_page_takes_over_what_the_last_one_left_in_order() {
        let mut old = outbox(1);
        for number in 1..=5 {
            old.put(unsent(number));
        }
        let text = old.farewell().expect("something is kept");
        let mut new = outbox(2);
        let adopted = new.adopt(&text, NOW).expect("the old page left");
        assert_eq!(adopted, old.unsent());
        assert_eq!(new.unsent(), old.unsent());
    }

    #[test]
    fn a_page_that_lives_keeps_its_messages_and_a_silent_one_loses_them() {
        let mut old = outbox(1);
        old.put(unsent(1));
        let text = old.text(NOW).expect("something is kept");
        let mut new = outbox(2);
        let hidden = 60_000;
        assert_eq!(new.adopt(&text, Millis(NOW.0 + hidden + BEAT_MS)), None);
        assert!(new.adopt(&text, Millis(NOW.0 + GONE_MS)).is_some());
    }

    #[test]
    fn a_message_is_kept_once_and_forgotten_once() {
        let mut outbox = outbox(1);
        assert!(outbox.put(unsent(1)));
        assert!(!outbox.put(unsent(1)));
        assert!(outbox.remove(unsent(1).draft));
        assert!(!outbox.remove(unsent(1).draft));
        assert_eq!(outbox.text(NOW), None);
    }

    #[test]
    fn no_more_than_a_hundred_messages_are_kept() {
        let mut outbox = outbox(1);
        for number in 1..=150 {
            outbox.put(unsent(number));
        }
        assert_eq!(outbox.unsent().len(), MOST);
        assert_eq!(outbox.unsent()[0], unsent(1));
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        let mut outbox = outbox(1);
        for text in [
            "",
            "null",
            "[]",
            r#"{"beat":0}"#,
            r#"{"unsent":[],"beat":"x"}"#,
        ] {
            assert_eq!(outbox.adopt(text, NOW), None);
        }
    }

    #[test]
    fn people_who_share_a_browser_do_not_share_an_outbox() {
        let bob = Outbox::new(UserId::from_bytes([9; 16]), DraftId::from_bytes([1; 16]));
        assert!(!outbox(1).is_neighbour(&bob.key()));
        assert!(!outbox(1).is_neighbour(&outbox(1).key()));
        assert!(outbox(1).is_neighbour(&outbox(2).key()));
    }
}
