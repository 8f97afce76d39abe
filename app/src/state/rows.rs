//! Rows of the lists: an identity and a signal. A list keys by `id`; a row redraws by its own signal.

use crate::chat::{ChatId, ChatSummary, Kind, Person, Presence, Present, Record, UserId};
use crate::signal::ArcRwSignal;

/// One chat in the list of chats.
#[derive(Clone)]
pub struct ChatRow {
    pub id: ChatId,
    summary: ArcRwSignal<ChatSummary>,
}

/// What a row shows is its own matter: lists are the same while their rows are.
impl PartialEq for ChatRow {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl ChatRow {
    pub(super) fn new(summary: &ChatSummary) -> Self {
        ChatRow {
            id: summary.chat.id,
            summary: ArcRwSignal::new(summary.clone()),
        }
    }

    pub(super) fn write(&self, summary: &ChatSummary) {
        if self.summary.with_untracked(|known| known != summary) {
            self.summary.set(summary.clone());
        }
    }

    /// Everything about the row. Reactive, like all that follows.
    pub fn summary(&self) -> ChatSummary {
        self.summary.get()
    }

    pub fn title(&self) -> String {
        self.summary.with(ChatSummary::title)
    }

    /// Messages after the read cursor; 0 for who is not a member.
    pub fn unread(&self) -> u64 {
        self.summary.with(ChatSummary::unread)
    }

    pub fn is_member(&self) -> bool {
        self.summary.with(ChatSummary::is_member)
    }

    /// The other person of a pair.
    pub fn with(&self) -> Option<Person> {
        self.summary.with(|row| row.with.clone())
    }

    /// How many members the chat has. Not reactive.
    pub fn members_now(&self) -> u32 {
        self.summary.with_untracked(|row| row.members)
    }

    pub fn record(&self) -> Record {
        self.summary.with(|row| row.chat.record)
    }
}

/// One person in the list of people.
#[derive(Clone)]
pub struct PersonRow {
    pub id: UserId,
    present: ArcRwSignal<Present>,
}

impl PersonRow {
    pub(super) fn new(present: &Present) -> Self {
        PersonRow {
            id: present.person.id,
            present: ArcRwSignal::new(present.clone()),
        }
    }

    pub(super) fn write(&self, present: &Present) {
        if self.present.with_untracked(|known| known != present) {
            self.present.set(present.clone());
        }
    }

    /// Reactive, like all that follows.
    pub fn person(&self) -> Person {
        self.present.with(|row| row.person.clone())
    }

    /// Who it is, by the name of now. Not reactive.
    pub fn person_now(&self) -> Person {
        self.present.with_untracked(|row| row.person.clone())
    }

    pub fn presence(&self) -> Presence {
        self.present.with(|row| row.presence)
    }

    pub fn is_bot(&self) -> bool {
        self.kind() == Kind::Bot
    }

    pub fn kind(&self) -> Kind {
        self.present.with(|row| row.person.kind)
    }
}

/// What is unread in several chats together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// Messages in private chats of two.
    pub direct: u64,
    /// Messages in all other chats.
    pub group: u64,
}

impl Unread {
    pub(super) fn and(self, row: &ChatSummary) -> Unread {
        match row.with {
            Some(_) => Unread {
                direct: self.direct + row.unread(),
                ..self
            },
            None => Unread {
                group: self.group + row.unread(),
                ..self
            },
        }
    }

    pub fn is_none(self) -> bool {
        self == Unread::default()
    }
}
