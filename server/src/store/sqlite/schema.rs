//! The tables, and how a connection to the file is set up. Refuses to know what the rows mean together.

use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// Raised with every change of the tables: a file of another number is not touched.
const VERSION: i64 = 2;

/// Columns in the order in which `rows` reads them; a message's text is stored once, a name once per person.
const TABLES: &str = "
CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE person (
    id BLOB PRIMARY KEY, name TEXT NOT NULL, tag TEXT, kind INTEGER NOT NULL, skeleton TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX person_by_name ON person (skeleton, ifnull(tag, ''));

CREATE TABLE chat (
    id BLOB PRIMARY KEY, name TEXT NOT NULL, access INTEGER NOT NULL, record INTEGER NOT NULL,
    moderation INTEGER NOT NULL, owner BLOB, created_at INTEGER NOT NULL, last INTEGER NOT NULL,
    version INTEGER NOT NULL, members INTEGER NOT NULL,
    creator BLOB, draft BLOB, low BLOB, high BLOB
) WITHOUT ROWID;
CREATE UNIQUE INDEX chat_by_request ON chat (creator, draft) WHERE draft IS NOT NULL;
CREATE UNIQUE INDEX chat_by_pair ON chat (low, high) WHERE low IS NOT NULL;
CREATE INDEX chat_by_access ON chat (access);

CREATE TABLE grave (chat BLOB PRIMARY KEY, creator BLOB, draft BLOB) WITHOUT ROWID;
CREATE INDEX grave_by_request ON grave (creator, draft);

CREATE TABLE membership (
    chat BLOB NOT NULL, user BLOB NOT NULL, read INTEGER NOT NULL, joined_at INTEGER NOT NULL,
    PRIMARY KEY (chat, user)
) WITHOUT ROWID;
CREATE INDEX membership_by_user ON membership (user);
CREATE INDEX membership_by_time ON membership (chat, joined_at);

CREATE TABLE message (
    chat BLOB NOT NULL, seq INTEGER NOT NULL, author BLOB NOT NULL, draft BLOB NOT NULL, body TEXT NOT NULL,
    posted_at INTEGER NOT NULL, masked INTEGER NOT NULL,
    PRIMARY KEY (chat, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX message_by_draft ON message (chat, author, draft);

CREATE TABLE reminder (
    draft BLOB PRIMARY KEY, chat BLOB NOT NULL, user BLOB NOT NULL, text TEXT NOT NULL, due INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX reminder_by_due ON reminder (due);
CREATE INDEX reminder_by_user ON reminder (user);
";

/// What version 2 brought.
const PASSKEYS: &str = "
CREATE TABLE passkey (
    user BLOB NOT NULL, id TEXT NOT NULL, credential TEXT NOT NULL, added_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (user, id)
) WITHOUT ROWID;
";

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadFile {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("its tables are of version {found}, and this program knows version {VERSION}")]
    OtherVersion { found: i64 },
}

/// The connection that writes. Creates the file and its tables when they are missing, and adds those that an older
/// program did not know.
pub fn open_writer(path: &Path) -> Result<Connection, BadFile> {
    let mut connection = Connection::open(path)?;
    // FULL: every commit is on the disk before it returns, which is what an acknowledgement promises.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA cell_size_check = ON;
         PRAGMA busy_timeout = 2000;",
    )?;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let missing: &[&str] = match found {
        VERSION => &[],
        1 => &[PASSKEYS],
        0 => &[TABLES, PASSKEYS],
        found => return Err(BadFile::OtherVersion { found }),
    };
    if !missing.is_empty() {
        let transaction = connection.transaction()?;
        for tables in missing {
            transaction.execute_batch(tables)?;
        }
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()?;
    }
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// A connection that reads, beside the writer.
pub fn open_reader(path: &Path) -> Result<Connection, BadFile> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch("PRAGMA busy_timeout = 2000; PRAGMA cell_size_check = ON;")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}
