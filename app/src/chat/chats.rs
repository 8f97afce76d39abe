//! The chats that one person can see, with how far they have read. One verb per fact; applying a fact twice
//! changes nothing the second time, older versions never undo newer ones, and a deleted chat never returns.
//! Refuses to hold messages (`timeline`).

use super::id::{ChatId, Seq, UserId};
use super::model::{Access, Chat, Membership, Millis, Moderation, Person};
use super::people::Change;
use super::snapshot::ChatSummary;
use super::sorted::{Sorted, sort_by_name};
use super::text::ChatName;
use crate::letters::lower;

/// The list of chats as `me` sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Chats {
    me: UserId,
    default_chat: ChatId,
    rows: Vec<ChatSummary>,
    /// Deleted for good: a late fact must not bring one back.
    gone: Sorted<ChatId, ()>,
    /// Who is known to be in or out since the last snapshot, so that counting is repeatable.
    known: Sorted<(ChatId, UserId), bool>,
    /// When the last snapshot was taken: who joined before is counted.
    taken_at: Millis,
}

impl Chats {
    pub fn new(me: UserId, default_chat: ChatId, rows: Vec<ChatSummary>, taken_at: Millis) -> Self {
        let mut chats = Chats {
            me,
            default_chat,
            rows,
            gone: Sorted::new(),
            known: Sorted::new(),
            taken_at,
        };
        chats.sort();
        chats
    }

    pub fn rows(&self) -> &[ChatSummary] {
        &self.rows
    }

    pub fn get(&self, chat: ChatId) -> Option<&ChatSummary> {
        self.rows.iter().find(|row| row.chat.id == chat)
    }

    /// Takes over a later snapshot. Cursors never move back: this page may know newer ones.
    pub fn replace(&mut self, rows: Vec<ChatSummary>, taken_at: Millis) {
        self.taken_at = taken_at;
        let old = std::mem::replace(&mut self.rows, rows);
        self.known.clear();
        self.rows.retain(|row| !self.gone.contains(&row.chat.id));
        for row in &mut self.rows {
            let Some(before) = old.iter().find(|before| before.chat.id == row.chat.id) else {
                continue;
            };
            if before.chat.version > row.chat.version {
                row.chat = Chat {
                    last: row.chat.last,
                    ..before.chat.clone()
                };
            }
            row.chat.last = row.chat.last.max(before.chat.last);
            if let (Some(read), Some(known)) = (&mut row.read, before.read) {
                *read = (*read).max(known);
            }
        }
        self.sort();
    }

    /// A chat came to be. Its maker, and whoever hears of a private one, is in it.
    pub fn created(&mut self, chat: &Chat) -> Change<ChatId> {
        let inside = chat.is_owned_by(self.me) || chat.access != Access::Public;
        self.add(chat, inside.then_some(Seq::ZERO), None, 1)
    }

    /// The two of a pair have their chat.
    pub fn paired(&mut self, chat: &Chat, by: &Person, with: &Person) -> Change<ChatId> {
        let other = if by.id == self.me { with } else { by };
        self.add(chat, Some(Seq::ZERO), Some(other.clone()), 2)
    }

    pub fn renamed(&mut self, chat: ChatId, name: &ChatName, version: u64) -> Change<ChatId> {
        let change = self.newer(chat, version, |row| row.name = name.clone());
        match change {
            Change::Row(chat) => {
                self.sort();
                Change::List(chat)
            }
            Change::Nothing | Change::List(_) => change,
        }
    }

    pub fn moderated(
        &mut self,
        chat: ChatId,
        moderation: Moderation,
        version: u64,
    ) -> Change<ChatId> {
        self.newer(chat, version, |row| row.moderation = moderation)
    }

    pub fn owned(&mut self, chat: ChatId, owner: UserId, version: u64) -> Change<ChatId> {
        self.newer(chat, version, |row| row.owner = Some(owner))
    }

    pub fn deleted(&mut self, chat: ChatId) -> Change<ChatId> {
        self.gone.insert(chat, ());
        self.remove(chat)
    }

    /// Somebody is in: perhaps this person, who may see the chat for the first time.
    pub fn joined(&mut self, chat: &Chat, member: &Membership) -> Change<ChatId> {
        let mine = member.user == self.me;
        if mine && self.get(chat.id).is_none() {
            return self.add(chat, Some(member.read), None, 1);
        }
        let counted = match self.known.insert((chat.id, member.user), true) {
            Some(inside) => inside,
            None => member.joined_at <= self.taken_at,
        };
        let Some(row) = self.row(chat.id) else {
            return Change::Nothing;
        };
        let before = row.clone();
        if mine {
            if row.read.is_none() {
                row.members += 1;
            }
            row.read = Some(row.read.map_or(member.read, |read| read.max(member.read)));
        } else if !counted {
            row.members += 1;
        }
        row.chat.last = row.chat.last.max(chat.last);
        changed(&before, row)
    }

    /// Somebody left. What only members see goes with this person's own membership.
    pub fn left(&mut self, chat: ChatId, user: UserId) -> Change<ChatId> {
        let mine = user == self.me;
        let counted = self.known.insert((chat, user), false) == Some(false);
        let Some(row) = self.row(chat) else {
            return Change::Nothing;
        };
        if mine && row.chat.access != Access::Public {
            return self.remove(chat);
        }
        let before = row.clone();
        if mine {
            row.members -= row.read.take().map_or(0, |_| row.members.min(1));
        } else if !counted {
            row.members = row.members.saturating_sub(1);
        }
        changed(&before, row)
    }

    /// A message exists at `seq`. Its author has read it, if they had read all before it.
    pub fn posted(&mut self, chat: ChatId, seq: Seq, author: UserId) -> Change<ChatId> {
        let me = self.me;
        let Some(row) = self.row(chat) else {
            return Change::Nothing;
        };
        let before = row.clone();
        row.chat.last = row.chat.last.max(seq);
        if author == me
            && let Some(read) = &mut row.read
            && read.next() == seq
        {
            *read = seq;
        }
        changed(&before, row)
    }

    /// This person read up to `seq`, on some page of theirs.
    pub fn read(&mut self, chat: ChatId, seq: Seq) -> Change<ChatId> {
        let Some(row) = self.row(chat) else {
            return Change::Nothing;
        };
        let before = row.clone();
        row.read = row.read.map(|read| read.max(seq));
        changed(&before, row)
    }

    /// The true count of members, as the list of them says.
    pub fn counted(&mut self, chat: ChatId, members: u32) -> Change<ChatId> {
        let Some(row) = self.row(chat) else {
            return Change::Nothing;
        };
        let before = row.clone();
        row.members = members;
        changed(&before, row)
    }

    fn row(&mut self, chat: ChatId) -> Option<&mut ChatSummary> {
        self.rows.iter_mut().find(|row| row.chat.id == chat)
    }

    fn add(
        &mut self,
        chat: &Chat,
        read: Option<Seq>,
        with: Option<Person>,
        members: u32,
    ) -> Change<ChatId> {
        if self.gone.contains(&chat.id) || self.get(chat.id).is_some() {
            return Change::Nothing;
        }
        self.rows.push(ChatSummary {
            chat: chat.clone(),
            read,
            with,
            members,
        });
        self.sort();
        Change::List(chat.id)
    }

    fn remove(&mut self, chat: ChatId) -> Change<ChatId> {
        let before = self.rows.len();
        self.rows.retain(|row| row.chat.id != chat);
        match self.rows.len() == before {
            true => Change::Nothing,
            false => Change::List(chat),
        }
    }

    fn newer(
        &mut self,
        chat: ChatId,
        version: u64,
        write: impl FnOnce(&mut Chat),
    ) -> Change<ChatId> {
        match self.row(chat) {
            Some(row) if row.chat.version < version => {
                write(&mut row.chat);
                row.chat.version = version;
                Change::Row(chat)
            }
            Some(_) | None => Change::Nothing,
        }
    }

    /// The default chat, then groups, then pairs; each by title.
    fn sort(&mut self) {
        let default_chat = self.default_chat;
        sort_by_name(&mut self.rows, |row| {
            let mut name = String::from(match row.chat.access {
                _ if row.chat.id == default_chat => "0",
                Access::Public | Access::Private => "1",
                Access::Pair => "2",
            });
            name.push_str(&lower(&row.title()));
            // Stands before all letters, and in no title.
            name.push('\0');
            name.push_str(&row.chat.id.to_string());
            name
        });
    }
}

fn changed(before: &ChatSummary, after: &ChatSummary) -> Change<ChatId> {
    match before == after {
        true => Change::Nothing,
        false => Change::Row(after.chat.id),
    }
}
