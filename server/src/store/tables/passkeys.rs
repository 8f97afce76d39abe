//! Passkeys, each a row beside its person. Nobody is looked for by a passkey: it says whose it is. Refuses to know
//! what proves that somebody has one.

use super::Inner;
use super::client::{Failure, Table};
use super::key::Key;
use super::row::Row;
use crate::store::{Passkey, StoreError};
use app::chat::{Millis, UserId};

/// More than anybody may have.
const MOST: usize = 1_000;

pub fn passkey_row(passkey: &Passkey) -> Row {
    Row::new(Key::id(passkey.user), passkey_key(&passkey.id))
        .with("credential", &passkey.credential)
        .with_number("addedAt", passkey.added_at.0)
        .with_number("usedAt", passkey.used_at.0)
}

pub fn passkey(row: &Row) -> Result<Passkey, StoreError> {
    let user = row.partition.as_str().parse();
    Ok(Passkey {
        user: user.map_err(|_| StoreError::Corrupt {
            key: format!("{}/{}", row.partition, row.key),
        })?,
        id: row.key.last().to_owned(),
        credential: row.get("credential")?,
        added_at: Millis(row.number("addedAt")?),
        used_at: Millis(row.number("usedAt")?),
    })
}

fn passkey_key(id: &str) -> Key {
    Key::word("passkey").and(id)
}

impl Inner {
    pub async fn keep_passkey(&self, passkey: Passkey) -> Result<bool, Failure> {
        match self
            .client
            .insert(Table::Users, &passkey_row(&passkey))
            .await
        {
            Ok(()) => Ok(true),
            Err(Failure::Exists) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    pub async fn passkeys_of(&self, user: UserId) -> Result<Vec<Passkey>, Failure> {
        let range = Some(Key::word("passkey").range());
        let rows = self.client.query(Table::Users, &Key::id(user), range, MOST);
        let found: Result<Vec<_>, _> = rows.await?.iter().map(passkey).collect();
        let mut found = found?;
        found.sort_by(|one, other| (one.added_at, &one.id).cmp(&(other.added_at, &other.id)));
        Ok(found)
    }

    pub async fn change_passkey(&self, before: Passkey, after: Passkey) -> Result<bool, Failure> {
        let (partition, key) = (Key::id(before.user), passkey_key(&before.id));
        let Some(row) = self.client.get(Table::Users, &partition, &key).await? else {
            return Ok(false);
        };
        if passkey(&row)? != before {
            return Ok(false);
        }
        let (after, etag) = (passkey_row(&after), row.etag()?);
        match self.client.update(Table::Users, &after, &etag).await {
            Ok(()) => Ok(true),
            Err(Failure::Changed | Failure::Missing) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Whatever it was changed to meanwhile.
    pub async fn drop_passkey(&self, user: UserId, id: String) -> Result<bool, Failure> {
        let (partition, key) = (Key::id(user), passkey_key(&id));
        let mut had = false;
        while let Some(row) = self.client.get(Table::Users, &partition, &key).await? {
            had = true;
            match self.client.delete(Table::Users, &row).await {
                Err(Failure::Changed) => {}
                done => return done.map(|()| true),
            }
        }
        Ok(had)
    }
}
