//! Whether entries follow each other as they must, and are as many as a chat says. Refuses to know what is done
//! with them.

use super::{Entry, Section};
use app::chat::{ChatId, DraftId, UserId};
use std::fmt;

/// What is wrong with the entry that came last, or with what should have come before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Disorder(String);

/// What the entries so far were. In sections they are sorted by what makes each the only one.
#[derive(Default)]
pub struct Order {
    section: Option<Section>,
    person: Option<UserId>,
    /// Of the person before it.
    passkey: Option<String>,
    chat: Option<ChatId>,
    /// The chat whose members and messages come.
    open: Option<Open>,
    request: Option<(UserId, DraftId)>,
    reminder: Option<DraftId>,
}

struct Open {
    id: ChatId,
    members: u64,
    last: u64,
    found_members: u64,
    found_messages: u64,
    member: Option<UserId>,
}

impl Order {
    /// Takes the next entry.
    pub fn next(&mut self, entry: &Entry) -> Result<(), Disorder> {
        let section = entry.section();
        if self.section.is_some_and(|before| before > section) {
            return wrong(format_args!(
                "an entry of {} comes too late",
                section.name()
            ));
        }
        if section > Section::Chats {
            self.close()?;
        }
        let first = self.section.replace(section) != Some(section);
        match entry {
            Entry::DefaultChat(_) if first => Ok(()),
            Entry::DefaultChat(_) => wrong("there are two default chats"),
            Entry::Person(person) => {
                self.passkey = None;
                after(&mut self.person, person.id, "person")
            }
            Entry::Passkey { id, .. } if self.person.is_none() => {
                wrong(format_args!("the passkey {id} is of nobody"))
            }
            Entry::Passkey { id, .. } => after(&mut self.passkey, id.clone(), "passkey"),
            Entry::Chat { chat, members } => {
                self.close()?;
                self.open = Some(Open {
                    id: chat.id,
                    members: *members,
                    last: chat.last.0,
                    found_members: 0,
                    found_messages: 0,
                    member: None,
                });
                after(&mut self.chat, chat.id, "chat")
            }
            Entry::Grave(chat) => {
                self.close()?;
                after(&mut self.chat, *chat, "chat")
            }
            Entry::Member { user, .. } => match &mut self.open {
                Some(open) if open.found_messages == 0 => {
                    open.found_members += 1;
                    after(&mut open.member, *user, "member")
                }
                Some(_) | None => wrong(format_args!("the member {user} is of no chat")),
            },
            Entry::Message { seq, .. } => match &mut self.open {
                Some(open) if seq.0 == open.found_messages + 1 => {
                    open.found_messages = seq.0;
                    Ok(())
                }
                Some(open) => wrong(format_args!(
                    "in the chat {}, message {} is followed by {seq}",
                    open.id, open.found_messages
                )),
                None => wrong(format_args!("message {seq} is of no chat")),
            },
            Entry::Request { user, draft, .. } => {
                after(&mut self.request, (*user, *draft), "request")
            }
            Entry::Reminder(reminder) => after(&mut self.reminder, reminder.draft, "reminder"),
        }
    }

    /// Nothing more comes.
    pub fn end(&mut self) -> Result<(), Disorder> {
        self.close()
    }

    fn close(&mut self) -> Result<(), Disorder> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        for (what, says, has) in [
            ("members", open.members, open.found_members),
            ("messages", open.last, open.found_messages),
        ] {
            if says != has {
                return wrong(format_args!(
                    "the chat {} says that it has {says} {what}, and there are {has}",
                    open.id
                ));
            }
        }
        Ok(())
    }
}

fn after<T: PartialOrd>(before: &mut Option<T>, this: T, what: &str) -> Result<(), Disorder> {
    let last = before.replace(this);
    match last {
        Some(_) if last >= *before => wrong(format_args!("a {what} comes twice or too late")),
        Some(_) | None => Ok(()),
    }
}

fn wrong(why: impl fmt::Display) -> Result<(), Disorder> {
    Err(Disorder(why.to_string()))
}
