//! What is to be said later. Three rows each, in one partition and so in one batch: by draft, by time, by person.
//! Refuses to know what time it is.

use super::Inner;
use super::client::{Change, Failure, Table};
use super::key::Key;
use super::row::Row;
use super::rows::{self, with_reminder};
use crate::store::Reminder;
use app::chat::{ChatId, DraftId, UserId};

pub fn partition() -> Key {
    Key::word("all")
}

/// Of a person's reminders each has a place, so that of two which want the last one, one comes too late.
pub fn rows_of(reminder: &Reminder, place: u64) -> [Row; 3] {
    let draft = reminder.draft;
    let keys = [
        draft_key(draft),
        Key::word("due").and_number(reminder.due.0).and(draft),
        Key::word("user").and(reminder.user).and_number(place),
    ];
    keys.map(|key| with_reminder(Row::new(partition(), key), reminder).with_number("place", place))
}

fn draft_key(draft: DraftId) -> Key {
    Key::word("draft").and(draft)
}

impl Inner {
    pub async fn keep_reminder(&self, reminder: Reminder, limit: usize) -> Result<bool, Failure> {
        let _turn = self.founding[super::stripe(reminder.user)].lock().await;
        let mut tries = 0;
        loop {
            let taken: Vec<u64> = self
                .places_of(reminder.user)
                .await?
                .iter()
                .map(|row| row.number("place"))
                .collect::<Result<_, _>>()?;
            if taken.len() >= limit {
                return Ok(false);
            }
            let free = (0..).find(|place| !taken.contains(place));
            let rows = rows_of(&reminder, free.unwrap_or_default()).map(Change::Insert);
            match self
                .client
                .batch(Table::Reminders, &partition(), &rows)
                .await
            {
                Ok(()) => return Ok(true),
                Err(Failure::Exists) => {}
                Err(failure) => return Err(failure),
            }
            if self.waiting(reminder.draft).await?.is_some() {
                return Ok(true);
            }
            tries += 1;
            tokio::time::sleep(super::lane::pause(tries)).await;
        }
    }

    pub async fn reminders_of(&self, user: UserId) -> Result<usize, Failure> {
        Ok(self.places_of(user).await?.len())
    }

    pub async fn reminders_due(&self, limit: usize) -> Result<Vec<Reminder>, Failure> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let range = Some(Key::word("due").range());
        let rows = self
            .client
            .query(Table::Reminders, &partition(), range, limit);
        let reminders = rows
            .await?
            .iter()
            .map(rows::reminder)
            .collect::<Result<_, _>>();
        Ok(reminders?)
    }

    /// Nothing happens to one that is not there.
    pub async fn drop_reminder(&self, draft: DraftId) -> Result<(), Failure> {
        match self.waiting(draft).await? {
            Some(row) => self.remove(&row).await,
            None => Ok(()),
        }
    }

    /// Those of a chat that is no more.
    pub async fn drop_reminders_in(&self, chat: ChatId) -> Result<(), Failure> {
        let range = Some(Key::word("draft").range());
        let rows = self
            .client
            .query(Table::Reminders, &partition(), range, usize::MAX);
        for row in rows.await? {
            if rows::reminder(&row)?.chat == chat {
                self.remove(&row).await?;
            }
        }
        Ok(())
    }

    async fn waiting(&self, draft: DraftId) -> Result<Option<Row>, Failure> {
        let key = draft_key(draft);
        self.client.get(Table::Reminders, &partition(), &key).await
    }

    async fn places_of(&self, user: UserId) -> Result<Vec<Row>, Failure> {
        let range = Some(Key::word("user").and(user).range());
        let rows = self
            .client
            .query(Table::Reminders, &partition(), range, usize::MAX);
        rows.await
    }

    async fn remove(&self, row: &Row) -> Result<(), Failure> {
        let rows = rows_of(&rows::reminder(row)?, row.number("place")?);
        let mut changes = Vec::new();
        for Row { key, .. } in rows {
            if let Some(row) = self
                .client
                .get(Table::Reminders, &partition(), &key)
                .await?
            {
                changes.push(Change::Delete(key, row.etag()?));
            }
        }
        if changes.is_empty() {
            return Ok(());
        }
        match self
            .client
            .batch(Table::Reminders, &partition(), &changes)
            .await
        {
            // Somebody else removed it.
            Ok(()) | Err(Failure::Missing | Failure::Changed) => Ok(()),
            Err(failure) => Err(failure),
        }
    }
}
