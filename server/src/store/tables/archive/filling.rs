//! Entries become rows: those of one chat in full batches, the head last; what lies in other partitions many at a
//! time. Everything may be written twice. Refuses to judge the order of the entries: it was checked before.

use super::super::client::{Change, Failure, MAX_BATCH, Table};
use super::super::key::Key;
use super::super::passkeys::passkey_row;
use super::super::people::name_row;
use super::super::reminders;
use super::super::row::Row;
use super::super::rows::{
    Head, draft_row, head_row, joined_row, member_row, message_row, person_row,
};
use super::super::{Inner, default_place};
use super::{ABREAST, Done, pair_place, request_place};
use crate::store::archive::{ArchiveError, Entry, Look};
use crate::store::{Passkey, Reminder, StoreError};
use app::chat::{
    Access, Chat, ChatId, Membership, Message, Millis, Moderation, Person, Record, Seq, UserId,
};
use futures::stream::{self, StreamExt, TryStreamExt};
use std::collections::HashMap;
use tokio::sync::mpsc::Receiver;

/// People that are remembered; others are read when they are needed.
const KNOWN: usize = 100_000;

/// Rows of other partitions that wait to be written together.
const ASIDE: usize = 256;

/// Bytes of text in one batch.
const MAX_BULK: usize = 256 * 1024;

pub struct Filling<'a> {
    inner: &'a Inner,
    look: Look,
    known: HashMap<UserId, Person>,
    /// The person whose passkeys come.
    owner: Option<UserId>,
    /// The chat whose members and messages come.
    open: Option<Open>,
    batch: Vec<Change>,
    bulk: usize,
    aside: Vec<(Table, Row)>,
    /// Of a person's reminders each has a place.
    places: HashMap<UserId, u64>,
}

struct Open {
    head: Head,
    /// The two of a pair.
    pair: Vec<Person>,
}

impl<'a> Filling<'a> {
    pub fn new(inner: &'a Inner, look: Look) -> Self {
        Filling {
            inner,
            look,
            known: HashMap::new(),
            owner: None,
            open: None,
            batch: Vec::new(),
            bulk: 0,
            aside: Vec::new(),
            places: HashMap::new(),
        }
    }

    pub async fn fill(mut self, mut from: Receiver<Option<Entry>>) -> Done {
        while let Some(entry) = from.recv().await.ok_or(ArchiveError::Interrupted)? {
            self.take(entry).await?;
        }
        self.close().await?;
        self.write_aside().await
    }

    async fn take(&mut self, entry: Entry) -> Done {
        match entry {
            Entry::DefaultChat(chat) => {
                let (partition, key) = default_place();
                self.put_aside(Table::Chats, Row::new(partition, key).with("chat", chat))
                    .await
            }
            Entry::Person(person) => self.admit(person).await,
            Entry::Passkey {
                id,
                credential,
                added_at,
                used_at,
            } => {
                let user = self.owner.ok_or(StoreError::Corrupt {
                    key: format!("{id}: a passkey of nobody"),
                })?;
                let row = passkey_row(&Passkey {
                    user,
                    id,
                    credential,
                    added_at,
                    used_at,
                });
                self.put_aside(Table::Users, row).await
            }
            Entry::Chat { chat, members } => {
                self.close().await?;
                self.open = Some(Open {
                    head: head(chat, members, false),
                    pair: Vec::new(),
                });
                Ok(())
            }
            Entry::Grave(chat) => {
                self.close().await?;
                let row = head_row(&head(buried(chat), 0, true));
                self.put_aside(Table::Messages, row).await
            }
            Entry::Member {
                user,
                read,
                joined_at,
            } => self.join(user, read, joined_at).await,
            Entry::Message {
                seq,
                author,
                draft,
                body,
                posted_at,
                masked,
            } => {
                let message = Message {
                    chat: self.chat()?,
                    seq,
                    author: self.person(author).await?,
                    draft,
                    body,
                    posted_at,
                    masked,
                };
                self.bulk += message.body.as_str().len();
                let rows = [message_row(&message), draft_row(&message)];
                self.add(rows).await
            }
            Entry::Request { user, draft, chat } => {
                self.close().await?;
                let (partition, key) = request_place(user, draft);
                self.put_aside(Table::Chats, Row::new(partition, key).with("chat", chat))
                    .await
            }
            Entry::Reminder(reminder) => {
                self.close().await?;
                self.remind(&reminder).await
            }
        }
    }

    /// The name first: of two who would bear it, the second is found.
    async fn admit(&mut self, person: Person) -> Done {
        let newcomer = (self.look)(person.clone());
        let name = name_row(&person, &newcomer.skeleton);
        let client = &self.inner.client;
        match client.insist(|| client.insert(Table::Users, &name)).await {
            Err(Failure::Exists) => return Err(ArchiveError::SameName { person }),
            done => done?,
        }
        let row = person_row(&person);
        self.owner = Some(person.id);
        if self.known.len() < KNOWN {
            self.known.insert(person.id, person);
        }
        self.put_aside(Table::Users, row).await
    }

    async fn join(&mut self, user: UserId, read: Seq, joined_at: Millis) -> Done {
        let member = Membership {
            chat: self.chat()?,
            user,
            read,
            joined_at,
        };
        let person = self.person(user).await?;
        let rows = [member_row(&member), joined_row(&member, &person)];
        self.add(rows).await?;
        match &mut self.open {
            Some(open) if open.head.chat.access == Access::Pair => {
                open.pair.push(person);
                Ok(())
            }
            Some(_) | None => {
                let line = Inner::line_row(user, member.chat, None);
                self.put_aside(Table::Chats, line).await
            }
        }
    }

    /// Writes the head of the chat that is complete, and who finds it.
    async fn close(&mut self) -> Done {
        let Some(Open { head, pair }) = self.open.take() else {
            return Ok(());
        };
        self.batch.push(Change::Put(head_row(&head)));
        self.write_batch(head.chat.id).await?;
        if head.chat.access == Access::Public {
            self.put_aside(Table::Chats, Inner::public_row(head.chat.id))
                .await?;
        }
        if let [one, other] = &pair[..] {
            let (partition, key) = pair_place(one.id, other.id);
            let row = Row::new(partition, key).with("chat", head.chat.id);
            self.put_aside(Table::Chats, row).await?;
            for (person, with) in [(one, other), (other, one)] {
                let line = Inner::line_row(person.id, head.chat.id, Some(with));
                self.put_aside(Table::Chats, line).await?;
            }
        }
        Ok(())
    }

    async fn remind(&mut self, reminder: &Reminder) -> Done {
        let place = self.places.entry(reminder.user).or_default();
        let rows = reminders::rows_of(reminder, *place).map(Change::Put);
        *place += 1;
        let client = &self.inner.client;
        let partition = reminders::partition();
        client
            .insist(|| client.batch(Table::Reminders, &partition, &rows))
            .await?;
        Ok(())
    }

    fn chat(&self) -> Result<ChatId, StoreError> {
        let open = self.open.as_ref().ok_or(StoreError::Corrupt {
            key: "a member or a message of no chat".into(),
        })?;
        Ok(open.head.chat.id)
    }

    async fn person(&self, user: UserId) -> Result<Person, ArchiveError> {
        if let Some(person) = self.known.get(&user) {
            return Ok(person.clone());
        }
        let client = &self.inner.client;
        let person = client.insist(|| self.inner.one_person(user)).await?;
        person.ok_or_else(|| {
            let key = format!("{user}: a member or an author who is not among the people");
            StoreError::Corrupt { key }.into()
        })
    }

    /// Rows of the open chat.
    async fn add(&mut self, rows: [Row; 2]) -> Done {
        self.batch.extend(rows.map(Change::Put));
        // Two more must fit, and the head.
        match self.batch.len() + 2 >= MAX_BATCH || self.bulk > MAX_BULK {
            true => {
                let chat = self.chat()?;
                self.write_batch(chat).await
            }
            false => Ok(()),
        }
    }

    async fn write_batch(&mut self, chat: ChatId) -> Done {
        let (client, partition) = (&self.inner.client, Key::id(chat));
        client
            .insist(|| client.batch(Table::Messages, &partition, &self.batch))
            .await?;
        self.batch.clear();
        self.bulk = 0;
        Ok(())
    }

    async fn put_aside(&mut self, table: Table, row: Row) -> Done {
        self.aside.push((table, row));
        match self.aside.len() < ASIDE {
            true => Ok(()),
            false => self.write_aside().await,
        }
    }

    async fn write_aside(&mut self) -> Done {
        let client = &self.inner.client;
        let written: Result<(), Failure> = stream::iter(std::mem::take(&mut self.aside))
            .map(|(table, row)| async move { client.insist(|| client.put(table, &row)).await })
            .buffer_unordered(ABREAST)
            .try_collect()
            .await;
        Ok(written?)
    }
}

fn head(chat: Chat, members: u64, gone: bool) -> Head {
    Head {
        chat,
        members,
        gone,
        mark: String::new(),
    }
}

/// Of a deleted chat only its id matters.
fn buried(id: ChatId) -> Chat {
    Chat {
        id,
        name: "Deleted".parse().expect("a fit name"),
        access: Access::Private,
        record: Record::Kept,
        moderation: Moderation::Off,
        owner: None,
        created_at: Millis(0),
        last: Seq::ZERO,
        version: 1,
    }
}
