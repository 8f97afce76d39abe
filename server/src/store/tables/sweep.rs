//! What is left of a deleted chat. Its grave hides everything at once; the rows go afterwards, a hundred at a
//! time, and a note stays until they have gone, so that a crash in between leaves nothing behind for good.

use super::Inner;
use super::client::{Change, Failure, MAX_BATCH, Table};
use super::key::Key;
use super::lane::SETTLE;
use super::row::Row;
use super::rows::{self, chat_of, head_key};
use app::chat::ChatId;
use futures::stream::{self, StreamExt, TryStreamExt};
use std::sync::Weak;
use tokio::time::sleep;

/// Requests at the same time.
const ABREAST: usize = 16;

fn notes() -> Key {
    Key::word("sweep")
}

/// Sweeps what these notes name. A chat that lives may be one that another server is deleting right now: its note
/// is struck out only when the chat still lives, and nobody has written the note again, after the time for which
/// a deletion is tried.
pub async fn clean_up(inner: Weak<Inner>, notes: Vec<Row>) {
    let mut living = Vec::new();
    for note in notes {
        let Some(inner) = inner.upgrade() else { return };
        living.extend(inner.try_to_sweep(note).await);
    }
    if living.is_empty() {
        return;
    }
    sleep(2 * SETTLE).await;
    for note in living {
        let Some(inner) = inner.upgrade() else { return };
        let Some(note) = inner.try_to_sweep(note).await else {
            continue;
        };
        if let Err(error) = inner.strike(&note).await {
            tracing::warn!(%error, "a note names a chat that lives");
        }
    }
}

impl Inner {
    /// Written before the chat is deleted.
    pub async fn will_sweep(&self, chat: ChatId) -> Result<(), Failure> {
        let note = Row::new(notes(), Key::word("chat").and(chat));
        self.client.put(Table::Chats, &note).await
    }

    /// Notes of what earlier servers did not get done, and of what others are about to do.
    pub async fn leftovers(&self) -> Result<Vec<Row>, Failure> {
        let notes = self.client.query(Table::Chats, &notes(), None, usize::MAX);
        notes.await
    }

    /// Lists and reminders first, since people see those, and the note last. Does nothing to a chat that lives,
    /// and says whether it is gone.
    pub async fn sweep(&self, chat: ChatId) -> Result<bool, Failure> {
        let partition = Key::id(chat);
        let key = Key::word("chat").and(chat);
        let note = self.client.get(Table::Chats, &notes(), &key).await?;
        let head = self.client.get(Table::Messages, &partition, &head_key());
        let is_gone = match head.await? {
            Some(row) => rows::head(&row)?.gone,
            None => false,
        };
        if !is_gone {
            return Ok(false);
        }
        self.sweep_lists(chat).await?;
        self.drop_reminders_in(chat).await?;
        // Members before messages: while there are any, somebody's list may name the chat.
        for kind in ["member", "joined", "draft", "message"] {
            self.sweep_rows(&partition, kind).await?;
        }
        if let Some(note) = note {
            self.strike(&note).await?;
        }
        Ok(true)
    }

    /// Gives back the note of a chat that lives.
    async fn try_to_sweep(&self, note: Row) -> Option<Row> {
        let swept = async { self.sweep(chat_of(&note)?).await };
        match swept.await {
            Ok(true) => None,
            Ok(false) => Some(note),
            Err(error) => {
                tracing::warn!(%error, "rows of a deleted chat are still there");
                None
            }
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
