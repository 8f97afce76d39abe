//! What is kept: people and their passkeys, chats, memberships, messages, reminders. A store applies facts and answers questions;
//! it refuses to know who may do what (`chat::decide`) and who hears of it (`chat::effects`).
//!
//! # Rows
//!
//! | Row | Key | Holds |
//! |---|---|---|
//! | person | user | name, tag, kind, and the name's skeleton, by which namesakes are found |
//! | passkey | user, passkey | the public half of what a guest signs in by, and when that was last used |
//! | chat | chat | what all members see, `last` and `version`; unique by (creator, draft) or by the pair's users |
//! | membership | chat, user | read cursor, time of joining: one row each, so that two joins never meet |
//! | message | chat, seq | author, draft, body; unique by (chat, author, draft) |
//! | grave | chat | a deleted chat, so that neither it nor a repeated request for it comes back |
//! | reminder | draft | what a bot says later |
//!
//! # One step
//!
//! [`Store::transact`] loads a [`View`], lets the decision turn it into facts, and applies these to exactly the
//! state that the view showed. Two guards make that hold on any engine: a message's place is `last + 1`, and
//! changes of a chat's name, moderation or owner carry the `version` that follows the stored one. A miss is
//! `Conflict`. An engine with one writer cannot miss; one with many runs the decision again on the newer view,
//! which is why a decision is `Fn`.
//!
//! Applying a fact twice changes nothing the second time. A repeated request finds in its view what the first
//! one led to (`View::done`), decides the same fact again, and stores nothing.
//!
//! When `transact` returns `Ok`, the facts survive a crash of the machine. `told` is called before it returns,
//! for the commits of one chat in their order: what it hands on is published in that order.

pub mod archive;
pub mod attendance;
mod sqlite;
mod tables;

pub use sqlite::{OpenError, Sqlite};
pub use tables::{Account, Proof, Tables};

use app::chat::{
    Chat, ChatId, ChatSummary, DraftId, Fact, Membership, Millis, OpenChat, Page, Person, Refusal,
    Seq, UserId, Window,
};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// What happens to the rows that a view shows: pure, and possibly called more than once.
pub type Decision = Arc<dyn Fn(&View) -> Result<Vec<Fact>, Refusal> + Send + Sync>;

/// Hears of a commit at the moment when it is durable; called once, on the store's thread: quick, never blocking.
pub type Told = Box<dyn FnOnce(&Commit) + Send>;

/// How a transaction ended: with facts or with a refusal.
pub type Decided = Result<Commit, Refusal>;

/// A store's answer on its way.
pub type Reading<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Why a store could not answer. Retry `Conflict` and `Busy`; never `Corrupt`.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the rows changed while we were deciding")]
    Conflict,
    #[error("the store is busy, retry after {after:?}")]
    Busy { after: Duration },
    #[error("row {key} does not parse")]
    Corrupt { key: String },
    #[error("the store is out of order: {why}")]
    Unavailable { why: String },
}

/// Which rows a decision is about to see. The smaller, the fewer conflicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The chat and the actor's membership; with a draft, also the message that it became.
    Messages {
        chat: ChatId,
        actor: UserId,
        draft: Option<DraftId>,
    },
    /// The chat with the actor's membership, how many chats the actor is in, and who would inherit.
    Membership { chat: ChatId, actor: UserId },
    /// As `Membership`, and somebody else.
    Invitation {
        chat: ChatId,
        actor: UserId,
        other: UserId,
    },
    /// How many chats the actor is in, and the chat that this draft became.
    Creation { actor: UserId, draft: DraftId },
    /// How many chats the actor is in, the other person, and the chat that the two have.
    Pair { actor: UserId, other: UserId },
}

/// The rows that a decision sees.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// The chat that everybody finds; `None` before the first start is over.
    pub default_chat: Option<ChatId>,
    pub chat: Option<Chat>,
    /// The actor's membership of `chat`.
    pub member: Option<Membership>,
    /// How many chats the actor is a member of.
    pub joined: usize,
    /// Who has been a member longest, without the actor and without bots.
    pub heir: Option<UserId>,
    pub other: Option<Other>,
    /// What the same request led to before.
    pub done: Option<Fact>,
    /// The same request created a chat that has been deleted since.
    pub buried: bool,
}

/// Somebody whom the actor's command names.
#[derive(Clone, Debug, PartialEq)]
pub struct Other {
    pub person: Person,
    /// The membership of the view's chat.
    pub member: Option<Membership>,
    pub joined: usize,
}

/// What was stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    pub facts: Vec<Fact>,
    /// The chat as it was before; a new chat as it is.
    pub chat: Option<Chat>,
    /// Who was a member of a chat that is deleted now.
    pub dismissed: Vec<UserId>,
    /// Nothing changed: all this happened before.
    pub repeated: bool,
}

/// Somebody who wants to be known.
#[derive(Clone, Debug, PartialEq)]
pub struct Newcomer {
    /// With the tag that the store keeps if the name is taken.
    pub person: Person,
    /// What is equal for names that look alike.
    pub skeleton: String,
    /// The name may not be had without a tag.
    pub reserved: bool,
}

/// What a page needs from the store, all of one moment where the engine has such a thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    pub default_chat: ChatId,
    /// Every public chat, and those of which the person is a member.
    pub chats: Vec<ChatSummary>,
    /// The chat that was asked for, if it is among `chats`, at its opening position.
    pub open: Option<OpenChat>,
}

/// Something to be said later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminder {
    /// The draft of the message that it becomes: a reminder is delivered once.
    pub draft: DraftId,
    pub chat: ChatId,
    pub user: UserId,
    /// The whole message.
    pub text: String,
    pub due: Millis,
}

/// What a guest can sign in by: the public half of a key pair that a device of theirs keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    pub user: UserId,
    /// SHA-256 of what the device calls it, in hexadecimal: of one length for every device.
    pub id: String,
    /// The public key with all that goes with it, as whoever checks signatures wrote it.
    pub credential: String,
    pub added_at: Millis,
    /// When the sign-in began that it was last used for; zero before the first.
    pub used_at: Millis,
}

/// Members in a list; `ChatSummary::members` is the true count.
pub const MEMBERS: usize = 1_000;

/// Persistence. `contract` is the suite that every store must pass.
pub trait Store: Send + Sync {
    /// Decides on the rows in `scope` and applies the facts, durably, before it answers.
    fn transact(&self, scope: Scope, decision: Decision, told: Told) -> Reading<'_, Decided>;

    /// The rows that a decision would see now.
    fn view(&self, scope: Scope) -> Reading<'_, View>;

    /// Stores these people and the default chat, unless there is one; says which chat that is.
    fn establish(&self, default_chat: Chat, people: Vec<Newcomer>) -> Reading<'_, ChatId>;

    /// Stores somebody; without the tag if nobody's name looks like this one. `Conflict` if name and tag are
    /// both taken: draw another tag.
    fn register(&self, newcomer: Newcomer) -> Reading<'_, Person>;

    fn person(&self, user: UserId) -> Reading<'_, Option<Person>>;

    fn parts(&self, user: UserId, open: Option<ChatId>) -> Reading<'_, Parts>;

    /// At most `limit` consecutive messages, oldest first. Nothing for a chat that is not there.
    fn page(&self, chat: ChatId, window: Window, limit: usize) -> Reading<'_, Page>;

    /// The members of a chat by time of joining, at most `MEMBERS`.
    fn members(&self, chat: ChatId) -> Reading<'_, Vec<Person>>;

    /// Every chat of which the person is a member.
    fn memberships(&self, user: UserId) -> Reading<'_, Vec<Membership>>;

    /// Keeps a reminder, unless the person has `limit` already; says whether it did.
    fn remind(&self, reminder: Reminder, limit: usize) -> Reading<'_, bool>;

    /// How many reminders the person has waiting.
    fn reminders(&self, user: UserId) -> Reading<'_, usize>;

    /// The reminders with the earliest due time, at most `limit`.
    fn next_reminders(&self, limit: usize) -> Reading<'_, Vec<Reminder>>;

    /// The reminder was delivered, or never can be.
    fn forget_reminder(&self, draft: DraftId) -> Reading<'_, ()>;

    /// Keeps a passkey; says whether it is new to its person. One that is kept stays as it was.
    fn add_passkey(&self, passkey: Passkey) -> Reading<'_, bool>;

    /// The person's passkeys by time of adding.
    fn passkeys(&self, user: UserId) -> Reading<'_, Vec<Passkey>>;

    /// Stores `after` in place of `before`; says whether that was still there, and exactly so. Of two who renew
    /// one passkey at once, one does.
    fn renew_passkey(&self, before: Passkey, after: Passkey) -> Reading<'_, bool>;

    /// Says whether the person had it.
    fn remove_passkey(&self, user: UserId, id: String) -> Reading<'_, bool>;
}

impl View {
    pub fn is_member(&self) -> bool {
        self.member.is_some()
    }

    /// The place of the next message.
    pub fn next(&self) -> Seq {
        self.chat
            .as_ref()
            .map_or(Seq::ZERO, |chat| chat.last)
            .next()
    }
}
