//! What is left of a deleted chat. Its grave hides everything at once; the rows go afterwards, a hundred at a
//! time, and a note stays until they have gone, so that a crash in between leaves nothing behind for good.

use super::Inner;
use super::client::{Change, Failure, MAX_BATCH, Table};
use super::key::Key;
use super::row::Row;
use super::rows::{self, chat_of, head_key};
use app::chat::ChatId;
use futures::stream::{self, StreamExt, TryStreamExt};

/// Requests at the same time.
const ABREAST: usize = 16;

fn notes() -> Key {
    Key::word("sweep")
}

impl Inner {
    /// Written before the chat is deleted.
    pub async fn will_sweep(&self, chat: ChatId) -> Result<(), Failure> {
        let note = Row::new(notes(), Key::word("chat").and(chat));
        self.client.put(Table::Chats, &note).await
    }

    /// What earlier servers did not get done.
    pub async fn leftovers(&self) -> Result<Vec<ChatId>, Failure> {
        let notes = self.client.query(Table::Chats, &notes(), None, usize::MAX);
        let chats = notes.await?.iter().map(chat_of).collect::<Result<_, _>>();
        Ok(chats?)
    }

    /// Lists and reminders first, since people see those. Does nothing to a chat that lives.
    pub async fn sweep(&self, chat: ChatId) -> Result<(), Failure> {
        let partition = Key::id(chat);
        let key = Key::word("chat").and(chat);
        let note = self.client.get(Table::Chats, &notes(), &key).await?;
        let head = self.client.get(Table::Messages, &partition, &head_key());
        let is_gone = match head.await? {
            Some(row) => rows::head(&row)?.gone,
            None => false,
        };
        if is_gone {
            self.sweep_lists(chat).await?;
            self.drop_reminders_in(chat).await?;
            // Members before messages: while there are any, somebody's list may name the chat.
            for kind in ["member", "joined", "draft", "message"] {
                self.sweep_rows(&partition, kind).await?;
            }
        }
        match note {
            Some(note) => self.strike(&note).await,
            None => Ok(()),
        }
    }

    async fn sweep_lists(&self, chat: ChatId) -> Result<(), Failure> {
        if let Some(line) = self.public_line(chat).await? {
            self.strike(&line).await?;
        }
        let members = self.everybody_in(chat).await?;
        stream::iter(members)
            .map(|user| async move {
                match self.line(user, chat).await? {
                    Some(line) => self.strike(&line).await,
                    None => Ok(()),
                }
            })
            .buffer_unordered(ABREAST)
            .try_collect()
            .await
    }

    async fn sweep_rows(&self, partition: &Key, kind: &'static str) -> Result<(), Failure> {
        loop {
            let range = Some(Key::word(kind).range());
            let rows = self
                .client
                .query(Table::Messages, partition, range, MAX_BATCH)
                .await?;
            if rows.is_empty() {
                return Ok(());
            }
            let were_all = rows.len() < MAX_BATCH;
            let mut changes = Vec::new();
            for row in rows {
                let etag = row.etag()?;
                changes.push(Change::Delete(row.key, etag));
            }
            match self
                .client
                .batch(Table::Messages, partition, &changes)
                .await
            {
                // Another server sweeps too.
                Ok(()) if were_all => return Ok(()),
                Ok(()) | Err(Failure::Missing | Failure::Changed) => {}
                Err(failure) => return Err(failure),
            }
        }
    }
}
