//! The tables as entries, and back. Partitions cannot change together, so an import leaves a note until it is
//! finished: no server starts beside it, and the same file, imported again, goes over what is there already.
//! Refuses to know where the entries come from or go to.

mod filling;

use super::Tables;
use super::client::{Client, Failure, Table};
use super::founding;
use super::key::Key;
use super::passkeys;
use super::reminders;
use super::row::Row;
use super::rows::{self, head_key, person_key};
use super::{Inner, default_place};
use crate::store::archive::{Archive, ArchiveError, Copying, Entry, Look};
use crate::store::{Scope, StoreError};
use app::chat::{ChatId, DraftId, UserId};
use filling::Filling;
use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::sync::mpsc::{Receiver, Sender};

/// What a server says that does not start.
pub const UNFINISHED: &str = "an import into these tables was begun and not finished: run `chatr import` with the same file again";

/// Requests at the same time.
const ABREAST: usize = 32;

type Done = Result<(), ArchiveError>;

impl From<Failure> for ArchiveError {
    fn from(failure: Failure) -> Self {
        let why = failure.to_string();
        ArchiveError::Store(match StoreError::from(failure) {
            // It was asked for two minutes.
            StoreError::Busy { .. } => StoreError::Unavailable { why },
            other => other,
        })
    }
}

impl Archive for Tables {
    fn export(&self, to: Sender<Entry>) -> Copying<'_> {
        Box::pin(async move { self.0.export(&to).await })
    }

    fn import(&self, digest: String, from: Receiver<Option<Entry>>, look: Look) -> Copying<'_> {
        Box::pin(async move {
            self.0.begin_import(&digest).await?;
            Filling::new(&self.0, look).fill(from).await
        })
    }

    fn release(&self) -> Copying<'_> {
        Box::pin(async move {
            let client = &self.0.client;
            let note = client.insist(|| self.0.import_begun()).await?;
            if let Some(note) = note {
                client.insist(|| client.delete(Table::Chats, &note)).await?;
            }
            Ok(())
        })
    }
}

/// Where an import is noted.
fn note() -> (Key, Key) {
    (Key::word("import"), Key::word("file"))
}

impl Inner {
    pub async fn import_begun(&self) -> Result<Option<Row>, Failure> {
        let (partition, key) = note();
        self.client.get(Table::Chats, &partition, &key).await
    }

    async fn begin_import(&self, digest: &str) -> Done {
        let client = &self.client;
        if let Some(begun) = client.insist(|| self.import_begun()).await? {
            let begun: String = begun.get("digest")?;
            return match begun == digest {
                true => Ok(()),
                false => Err(ArchiveError::Begun { digest: begun }),
            };
        }
        for table in Table::KEPT {
            let mut rows = client.scan(table, None);
            while let Some(found) = rows.next().await? {
                if !found.is_empty() {
                    return Err(ArchiveError::NotEmpty);
                }
            }
        }
        let (partition, key) = note();
        let note = Row::new(partition, key).with("digest", digest);
        Ok(client.insist(|| client.insert(Table::Chats, &note)).await?)
    }

    async fn export(&self, to: &Sender<Entry>) -> Done {
        let client = &self.client;
        let (partition, key) = default_place();
        let start = client
            .insist(|| client.get(Table::Chats, &partition, &key))
            .await?;
        if let Some(row) = start {
            send(to, Entry::DefaultChat(row.get("chat")?)).await?;
        }
        self.export_people(to).await?;
        self.export_chats(to).await?;
        self.export_requests(to).await?;
        let (from, end) = Key::word("draft").range();
        let all = reminders::partition();
        let drafts =
            format!("PartitionKey eq '{all}' and RowKey ge '{from}' and RowKey lt '{end}'");
        let mut reminders = client.scan(Table::Reminders, Some(&drafts));
        while let Some(rows) = reminders.next().await? {
            for row in &rows {
                send(to, Entry::Reminder(rows::reminder(row)?)).await?;
            }
        }
        Ok(())
    }

    /// In each partition the passkeys come first: they wait for their person.
    async fn export_people(&self, to: &Sender<Entry>) -> Done {
        let wanted = "RowKey eq 'person' or (RowKey ge 'passkey.' and RowKey lt 'passkey/')";
        let mut rows = self.client.scan(Table::Users, Some(wanted));
        let mut passkeys = Vec::new();
        while let Some(found) = rows.next().await? {
            for row in &found {
                if row.key != person_key() {
                    passkeys.push(passkeys::passkey(row)?);
                    continue;
                }
                let person = rows::person(row)?;
                let user = person.id;
                send(to, Entry::Person(person)).await?;
                for passkey in passkeys.drain(..) {
                    if passkey.user != user {
                        let key = format!("{}/{}", passkey.user, passkey.id);
                        return Err(StoreError::Corrupt { key }.into());
                    }
                    send(to, passkey.into()).await?;
                }
            }
        }
        Ok(())
    }

    /// In each partition the head comes first, then members, then messages: their words sort like that.
    async fn export_chats(&self, to: &Sender<Entry>) -> Done {
        let wanted = "RowKey eq 'chat' or (RowKey ge 'member.' and RowKey lt 'message/')";
        let mut rows = self.client.scan(Table::Messages, Some(wanted));
        let mut open: Option<(Key, bool)> = None;
        while let Some(found) = rows.next().await? {
            for row in &found {
                if row.key == head_key() {
                    let head = rows::head(row)?;
                    open = Some((row.partition.clone(), head.gone));
                    let entry = match head.gone {
                        true => Entry::Grave(head.chat.id),
                        false => Entry::Chat {
                            members: head.members,
                            chat: head.chat,
                        },
                    };
                    send(to, entry).await?;
                    continue;
                }
                match &open {
                    Some((partition, false)) if *partition == row.partition => {
                        send(to, entry_of(row)?).await?;
                    }
                    // What is left of a deleted chat.
                    Some((partition, true)) if *partition == row.partition => {}
                    Some(_) | None => {
                        return Err(StoreError::Corrupt {
                            key: format!("{}/{}", row.partition, row.key),
                        }
                        .into());
                    }
                }
            }
        }
        Ok(())
    }

    /// Those which became a chat. A request that was given up before is none.
    async fn export_requests(&self, to: &Sender<Entry>) -> Done {
        let (from, end) = Key::word("request").range();
        let wanted = format!("PartitionKey ge '{from}' and PartitionKey lt '{end}'");
        let mut requests = self.client.scan(Table::Chats, Some(&wanted));
        while let Some(rows) = requests.next().await? {
            let entries: Vec<Option<Entry>> = stream::iter(rows)
                .map(|row| async move { request(&self.client, &row).await })
                .buffered(ABREAST)
                .try_collect()
                .await?;
            for entry in entries.into_iter().flatten() {
                send(to, entry).await?;
            }
        }
        Ok(())
    }
}

async fn request(client: &Client, row: &Row) -> Result<Option<Entry>, ArchiveError> {
    let corrupt = || StoreError::Corrupt {
        key: format!("{}/{}", row.partition, row.key),
    };
    let user: UserId = row.partition.last().parse().map_err(|_| corrupt())?;
    let draft: DraftId = row.key.last().parse().map_err(|_| corrupt())?;
    let chat: ChatId = row.get("chat")?;
    let (partition, key) = (Key::id(chat), head_key());
    let head = client
        .insist(|| client.get(Table::Messages, &partition, &key))
        .await?;
    Ok(head.map(|_| Entry::Request { user, draft, chat }))
}

/// A member's or a message's.
fn entry_of(row: &Row) -> Result<Entry, StoreError> {
    if row.key.as_str().starts_with("member.") {
        let member = rows::member(row)?;
        return Ok(Entry::Member {
            user: member.user,
            read: member.read,
            joined_at: member.joined_at,
        });
    }
    let message = rows::message(row)?;
    Ok(Entry::Message {
        seq: message.seq,
        author: message.author.id,
        draft: message.draft,
        body: message.body,
        posted_at: message.posted_at,
        masked: message.masked,
    })
}

async fn send(to: &Sender<Entry>, entry: Entry) -> Done {
    to.send(entry).await.map_err(|_| ArchiveError::Interrupted)
}

/// The row that says which chat a request became.
fn request_place(user: UserId, draft: DraftId) -> (Key, Key) {
    founding::place(Scope::Creation { actor: user, draft })
}

/// The row that says which chat two people have.
fn pair_place(one: UserId, other: UserId) -> (Key, Key) {
    founding::place(Scope::Pair { actor: one, other })
}
