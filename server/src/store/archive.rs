//! What a store can be copied by: everything that it keeps, as entries in an order that no engine decides, so that
//! two stores which keep the same give the same entries. Owns which entries there are and what follows what; refuses
//! to know engines.
//!
//! | Section | Entries, in the order of |
//! |---|---|
//! | `start` | the chat where everybody starts |
//! | `people` | people: id; behind a person their passkeys: id |
//! | `chats` | each chat, or the grave of one: id; behind a chat its members: user; then its messages: place |
//! | `requests` | which chat somebody's request became: user, draft |
//! | `reminders` | reminders: draft |
//!
//! What follows from these is not copied but made again: which chats somebody is in, which chat a pair has, what is
//! equal for names that look alike. Who is online is no entry, as it is over when the server is; keys are none, as
//! they belong to a place.

mod file;
mod order;

pub use file::{Reader, Summary, Unsound, Writer};
pub use order::{Disorder, Order};

use super::{Newcomer, Passkey, Reminder, StoreError};
use app::chat::{Body, Chat, ChatId, DraftId, Millis, Person, Seq, UserId};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;
use tokio::sync::mpsc::{Receiver, Sender};

/// One thing that is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Entry {
    /// Where everybody starts.
    DefaultChat(ChatId),
    Person(Person),
    /// Of the person before it.
    Passkey {
        id: String,
        credential: String,
        added_at: Millis,
        used_at: Millis,
    },
    Chat {
        chat: Chat,
        members: u64,
    },
    /// There was a chat; neither it nor a repeated request for it comes back.
    Grave(ChatId),
    /// Of the chat before it.
    Member {
        user: UserId,
        read: Seq,
        joined_at: Millis,
    },
    /// Of the chat before it.
    Message {
        seq: Seq,
        author: UserId,
        draft: DraftId,
        body: Body,
        posted_at: Millis,
        masked: bool,
    },
    Request {
        user: UserId,
        draft: DraftId,
        chat: ChatId,
    },
    Reminder(Reminder),
}

/// A kind of entries that come together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Section {
    Start,
    People,
    Chats,
    Requests,
    Reminders,
}

impl Section {
    pub const ALL: [Section; 5] = [
        Section::Start,
        Section::People,
        Section::Chats,
        Section::Requests,
        Section::Reminders,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Section::Start => "start",
            Section::People => "people",
            Section::Chats => "chats",
            Section::Requests => "requests",
            Section::Reminders => "reminders",
        }
    }
}

impl Entry {
    pub const fn section(&self) -> Section {
        match self {
            Entry::DefaultChat(_) => Section::Start,
            Entry::Person(_) | Entry::Passkey { .. } => Section::People,
            Entry::Chat { .. } | Entry::Grave(_) | Entry::Member { .. } | Entry::Message { .. } => {
                Section::Chats
            }
            Entry::Request { .. } => Section::Requests,
            Entry::Reminder(_) => Section::Reminders,
        }
    }
}

impl From<Passkey> for Entry {
    fn from(passkey: Passkey) -> Entry {
        Entry::Passkey {
            id: passkey.id,
            credential: passkey.credential,
            added_at: passkey.added_at,
            used_at: passkey.used_at,
        }
    }
}

/// Why a store was not copied.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("something is kept there already: import into a place where nothing is")]
    NotEmpty,
    #[error(
        "an import of another file was begun there and not finished: import that file again (its sha256 is {digest})"
    )]
    Begun { digest: String },
    #[error("an import was begun there and not finished: import the same file again first")]
    Unfinished,
    #[error("the other side stopped before the end")]
    Interrupted,
    #[error("{person} cannot be stored: somebody has the same name and tag")]
    SameName { person: Person },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A copy on its way.
pub type Copying<'a> = Pin<Box<dyn Future<Output = Result<(), ArchiveError>> + Send + 'a>>;

/// Finds what is equal for names that look like this person's.
pub type Look = fn(Person) -> Newcomer;

/// A store that can be copied. Nobody else may write to it meanwhile.
pub trait Archive: Send + Sync {
    /// Sends everything that is kept, in order.
    fn export(&self, to: Sender<Entry>) -> Copying<'_>;

    /// Stores what comes until `None`, where nothing is kept yet. All or nothing: what is interrupted leaves
    /// nothing, or a place that no server starts on until the same file, of this digest, is imported again.
    fn import(&self, digest: String, from: Receiver<Option<Entry>>, look: Look) -> Copying<'_>;

    /// What was imported has been read back and is the same: servers may start on it.
    fn release(&self) -> Copying<'_>;
}
