//! What a page needs to start, in one piece: read by server-side rendering, by hydration and by a page that
//! was away too long. A snapshot plus the facts that follow it equals a later snapshot.

use super::id::{ChatId, Seq};
use super::model::{Chat, Message, Millis, Person, Present};
use crate::print::Print;
use crate::tree::Read;
use serde::{Deserialize, Serialize};

/// The whole screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Read)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    pub me: Person,
    /// The public chat where a first visit lands.
    pub default_chat: ChatId,
    /// Every chat that the person can see: all public ones, and those of which they are a member.
    pub chats: Vec<ChatSummary>,
    /// Everybody who is online now.
    pub people: Vec<Present>,
    /// The chat that was asked for; `None` if it is not there or not open to the person.
    pub open: Option<OpenChat>,
    pub settings: Settings,
    pub taken_at: Millis,
}

/// One line of the list of chats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Read)]
#[serde(rename_all = "camelCase")]
pub struct ChatSummary {
    pub chat: Chat,
    /// How far the person has read; `None` if not a member.
    pub read: Option<Seq>,
    /// The other person of a pair.
    pub with: Option<Person>,
    /// How many members the chat has.
    pub members: u32,
}

impl ChatSummary {
    pub fn is_member(&self) -> bool {
        self.read.is_some()
    }

    /// Messages after the read cursor.
    pub fn unread(&self) -> u64 {
        self.read
            .map_or(0, |read| self.chat.last.0.saturating_sub(read.0))
    }

    /// Where the chat opens: at the first unread message if there is one, else at the newest.
    pub fn opening(&self) -> Window {
        match self.read {
            Some(read) if self.unread() > 0 => Window::Around(read.next()),
            Some(_) | None => Window::Latest,
        }
    }

    /// The chat's name; a pair is named after the other person.
    pub fn title(&self) -> String {
        match &self.with {
            Some(person) => person.to_string(),
            None => self.chat.name.to_string(),
        }
    }
}

/// A chat with its people and a first page of messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Read)]
#[serde(rename_all = "camelCase")]
pub struct OpenChat {
    pub summary: ChatSummary,
    /// At most 1,000; `summary.members` is the true count.
    pub members: Vec<Person>,
    pub page: Page,
}

/// Which messages of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Print, Read)]
#[serde(tag = "is", content = "seq", rename_all = "camelCase")]
pub enum Window {
    /// The newest.
    Latest,
    /// The ones just before this one.
    Before(Seq),
    /// The ones just after this one.
    After(Seq),
    /// Half before and half after: to open at the first unread message.
    Around(Seq),
}

/// Consecutive messages, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Read)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    pub messages: Vec<Message>,
    /// Older ones exist.
    pub before: bool,
    /// Newer ones exist.
    pub after: bool,
}

impl Page {
    /// Messages in a page.
    pub const SIZE: usize = 50;
}

/// What the operator set and pages must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Read)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Seconds without activity after which a page reports idle.
    pub idle_seconds: u32,
}
