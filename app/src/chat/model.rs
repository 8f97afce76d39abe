//! The nouns: people, chats, memberships, messages. Predicates here say who may do what (`Chat::may_delete`);
//! `decide` enforces them on the server and the screen asks the same ones to hide a button.

use super::id::{ChatId, DraftId, Seq, UserId};
use super::text::{Body, ChatName, Name};
use crate::print::Print;
use crate::tree::Read;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Milliseconds since 1970-01-01 UTC, by the server's clock.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Print,
    Read,
)]
#[serde(transparent)]
pub struct Millis(pub u64);

/// Somebody who can write. Travels inside messages, so that an author who has gone still has a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Read)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    pub id: UserId,
    pub name: Name,
    /// Four hexadecimal digits that tell namesakes apart: given by the server to whoever takes a name that
    /// somebody else already has (or one that looks like it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    pub kind: Kind,
}

impl fmt::Display for Person {
    /// The name as shown everywhere: `Ada`, or `Ada #4f2a` for a namesake.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.tag {
            Some(tag) => write!(f, "{} #{tag}", self.name),
            None => self.name.fmt(f),
        }
    }
}

/// What sort of author this is: a program, or who vouches for the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Read)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Nobody does: a name was enough.
    Guest,
    Bot,
    Microsoft,
    #[serde(rename = "github")]
    GitHub,
    /// Another provider, which the operator chose.
    Account,
}

impl Kind {
    /// The word shown and spoken beside the name; a guest has none.
    pub const fn badge(self) -> Option<&'static str> {
        match self {
            Kind::Guest => None,
            Kind::Bot => Some("Bot"),
            Kind::Microsoft => Some("Microsoft"),
            Kind::GitHub => Some("GitHub"),
            Kind::Account => Some("Account"),
        }
    }
}

/// Whether somebody is there. Somebody without a connection is not listed at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Read)]
#[serde(rename_all = "camelCase")]
pub enum Presence {
    Online,
    /// No pointer, key, touch or scroll on any of the person's pages for the idle time.
    Away,
}

impl Presence {
    /// The words shown and spoken.
    pub const fn label(self) -> &'static str {
        match self {
            Presence::Online => "Online",
            Presence::Away => "Away",
        }
    }
}

/// A person who is online, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Read)]
#[serde(rename_all = "camelCase")]
pub struct Present {
    pub person: Person,
    pub presence: Presence,
}

/// A chat as all its members see it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Read)]
#[serde(rename_all = "camelCase")]
pub struct Chat {
    pub id: ChatId,
    pub name: ChatName,
    pub access: Access,
    pub record: Record,
    pub moderation: Moderation,
    /// Who may rename and delete it and set its moderation. The default chat and pairs have no owner.
    pub owner: Option<UserId>,
    pub created_at: Millis,
    /// The newest message's place; `ZERO` in an empty chat.
    pub last: Seq,
    /// Grows by one with every change of name, moderation or owner: the guard of concurrent changes.
    pub version: u64,
}

/// Who can find a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Print, Read)]
#[serde(rename_all = "camelCase")]
pub enum Access {
    /// Listed for everybody; anybody may read and join.
    Public,
    /// Exists only for its members; members invite.
    Private,
    /// The private chat of two people. Nobody can be added; it cannot be renamed or deleted.
    Pair,
}

/// Whether messages are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Print, Read)]
#[serde(rename_all = "camelCase")]
pub enum Record {
    /// Through the server: ordered, moderated, stored.
    Kept,
    /// From client to clients through the hub: the server never sees it and nothing is stored.
    Off,
}

/// What the language moderator does with a message of the chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Print, Read)]
#[serde(rename_all = "camelCase")]
pub enum Moderation {
    Off,
    /// Found words are replaced by asterisks before anybody sees them.
    Mask,
    /// The message is not posted.
    Block,
}

impl Chat {
    pub fn is_owned_by(&self, user: UserId) -> bool {
        self.owner == Some(user)
    }

    pub fn may_rename(&self, user: UserId) -> bool {
        self.is_owned_by(user)
    }

    pub fn may_delete(&self, user: UserId) -> bool {
        self.is_owned_by(user)
    }

    pub fn may_set_moderation(&self, user: UserId) -> bool {
        self.is_owned_by(user) && self.record == Record::Kept
    }

    /// Any member may invite; nobody can be added to a pair.
    pub fn may_invite(&self, is_member: bool) -> bool {
        is_member && self.access != Access::Pair
    }

    /// Strangers may read what is public; everything else is for members.
    pub fn may_read(&self, is_member: bool) -> bool {
        is_member || self.access == Access::Public
    }
}

/// One person in one chat: one row.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Read)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    pub chat: ChatId,
    pub user: UserId,
    /// Everything up to here was read by the person, on any device. Only grows.
    pub read: Seq,
    pub joined_at: Millis,
}

/// A kept message: one row.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Read)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    pub chat: ChatId,
    pub seq: Seq,
    pub draft: DraftId,
    pub author: Person,
    pub body: Body,
    pub posted_at: Millis,
    /// The moderator replaced words in `body`; the original was not kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub masked: bool,
}
