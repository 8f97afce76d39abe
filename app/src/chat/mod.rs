//! The vocabulary of the chat, as both sides speak it: plain data, no I/O, no `cfg`, no view.
//! `command` is what a person asks, `fact` what happened, `refusal` why not, `talk` what members send each
//! other without the server, `model` the nouns in between. `people`, `chats`, `timeline` and `typing` are what a
//! screen makes of them: collections with invariants, and `sorted` is what
//! these are made of.

pub mod chats;
pub mod command;
pub mod fact;
pub mod id;
pub mod model;
pub mod people;
pub mod refusal;
pub mod snapshot;
pub mod sorted;
pub mod talk;
pub mod text;
pub mod timeline;
pub mod typing;

#[cfg(test)]
mod tests;

pub use command::{Command, Post};
pub use fact::{Answer, Fact, Notice, Outcome, Remark};
pub use id::{ChatId, DraftId, Seq, UserId};
pub use model::{
    Access, Chat, Kind, Membership, Message, Millis, Moderation, Person, Presence, Present, Record,
};
pub use refusal::Refusal;
pub use snapshot::{ChatSummary, OpenChat, Page, Settings, Snapshot, Window};
pub use talk::Talk;
pub use text::{Body, ChatName, Name, Unfit};
