//! Passkeys in their table. Refuses to know what proves that somebody has one.

use super::apply::run;
use super::rows::{Read, integer, number, store_error};
use crate::store::{Passkey, StoreError};
use app::chat::{Millis, UserId};
use rusqlite::{Connection, Row, params};

/// Says whether it is new.
pub fn add(connection: &Connection, passkey: &Passkey) -> Result<bool, StoreError> {
    let rows = run(
        connection,
        "INSERT OR IGNORE INTO passkey (user, id, credential, added_at, used_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            passkey.user.as_bytes(),
            passkey.id,
            passkey.credential,
            integer(passkey.added_at.0),
            integer(passkey.used_at.0),
        ],
    )?;
    Ok(rows > 0)
}

pub fn of(connection: &Connection, user: UserId) -> Result<Vec<Passkey>, StoreError> {
    sorted(connection, user, "added_at, id")
}

/// As they are copied.
pub fn by_id(connection: &Connection, user: UserId) -> Result<Vec<Passkey>, StoreError> {
    sorted(connection, user, "id")
}

/// Says whether the row was as `before`.
pub fn renew(
    connection: &Connection,
    before: &Passkey,
    after: &Passkey,
) -> Result<bool, StoreError> {
    let rows = run(
        connection,
        "UPDATE passkey SET credential = ?5, used_at = ?6
         WHERE user = ?1 AND id = ?2 AND credential = ?3 AND used_at = ?4",
        params![
            before.user.as_bytes(),
            before.id,
            before.credential,
            integer(before.used_at.0),
            after.credential,
            integer(after.used_at.0),
        ],
    )?;
    Ok(rows > 0)
}

pub fn remove(connection: &Connection, user: UserId, id: &str) -> Result<bool, StoreError> {
    let sql = "DELETE FROM passkey WHERE user = ?1 AND id = ?2";
    Ok(run(connection, sql, params![user.as_bytes(), id])? > 0)
}

fn sorted(connection: &Connection, user: UserId, by: &str) -> Result<Vec<Passkey>, StoreError> {
    let sql = format!(
        "SELECT id, credential, added_at, used_at FROM passkey WHERE user = ?1 ORDER BY {by}"
    );
    let read = |row: &Row<'_>| -> Read<Passkey> {
        Ok(Passkey {
            user,
            id: row.get(0)?,
            credential: row.get(1)?,
            added_at: Millis(number(row, 2)?),
            used_at: Millis(number(row, 3)?),
        })
    };
    let found = connection.prepare_cached(&sql).and_then(|mut query| {
        let rows = query.query_map([user.as_bytes()], read)?;
        rows.collect()
    });
    found.map_err(store_error)
}
