//! Rows as the domain's values, and the values as columns. Refuses to know why anybody asks.

use super::super::StoreError;
use app::chat::{
    Access, Chat, ChatId, DraftId, Kind, Membership, Message, Millis, Moderation, Person, Record,
    Seq, UserId,
};
use rusqlite::Row;
use rusqlite::types::Type;

/// A row's columns as a value.
pub type Read<T> = rusqlite::Result<T>;

pub const PERSON: &str = "person.id, person.name, person.tag, person.kind";
pub const CHAT: &str = "chat.id, chat.name, chat.access, chat.record, chat.moderation, chat.owner, \
                        chat.created_at, chat.last, chat.version";
pub const MESSAGE: &str = "message.chat, message.seq, message.draft, message.body, \
                           message.posted_at, message.masked";

/// Reads `PERSON` from the column `at` on.
pub fn person(row: &Row<'_>, at: usize) -> Read<Person> {
    Ok(Person {
        id: user(row, at)?,
        name: parsed(row, at + 1)?,
        tag: row.get(at + 2)?,
        kind: match row.get::<_, i64>(at + 3)? {
            0 => Kind::Guest,
            1 => Kind::Bot,
            2 => Kind::Microsoft,
            3 => Kind::GitHub,
            4 => Kind::Account,
            other => return Err(rusqlite::Error::IntegralValueOutOfRange(at + 3, other)),
        },
    })
}

/// Reads `CHAT` from the first column on.
pub fn chat(row: &Row<'_>) -> Read<Chat> {
    Ok(Chat {
        id: ChatId::from_bytes(row.get(0)?),
        name: parsed(row, 1)?,
        access: match row.get::<_, i64>(2)? {
            0 => Access::Public,
            1 => Access::Private,
            2 => Access::Pair,
            other => return Err(rusqlite::Error::IntegralValueOutOfRange(2, other)),
        },
        record: match row.get::<_, i64>(3)? {
            0 => Record::Kept,
            1 => Record::Off,
            other => return Err(rusqlite::Error::IntegralValueOutOfRange(3, other)),
        },
        moderation: match row.get::<_, i64>(4)? {
            0 => Moderation::Off,
            1 => Moderation::Mask,
            2 => Moderation::Block,
            other => return Err(rusqlite::Error::IntegralValueOutOfRange(4, other)),
        },
        owner: row.get::<_, Option<_>>(5)?.map(UserId::from_bytes),
        created_at: Millis(number(row, 6)?),
        last: Seq(number(row, 7)?),
        version: number(row, 8)?,
    })
}

/// Reads `MESSAGE`, then `PERSON` of its author.
pub fn message(row: &Row<'_>) -> Read<Message> {
    Ok(Message {
        chat: ChatId::from_bytes(row.get(0)?),
        seq: Seq(number(row, 1)?),
        draft: DraftId::from_bytes(row.get(2)?),
        body: parsed(row, 3)?,
        posted_at: Millis(number(row, 4)?),
        masked: row.get(5)?,
        author: person(row, 6)?,
    })
}

/// Reads `read` and `joined_at` from the column `at` on.
pub fn membership(row: &Row<'_>, at: usize, chat: ChatId, user: UserId) -> Read<Membership> {
    Ok(Membership {
        chat,
        user,
        read: Seq(number(row, at)?),
        joined_at: Millis(number(row, at + 1)?),
    })
}

pub fn user(row: &Row<'_>, at: usize) -> Read<UserId> {
    row.get(at).map(UserId::from_bytes)
}

pub fn number(row: &Row<'_>, at: usize) -> Read<u64> {
    let value: i64 = row.get(at)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(at, value))
}

/// SQLite's integers have a sign; ours count from 0 and never come near 2^63.
pub fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub const fn kind(kind: Kind) -> i64 {
    match kind {
        Kind::Guest => 0,
        Kind::Bot => 1,
        Kind::Microsoft => 2,
        Kind::GitHub => 3,
        Kind::Account => 4,
    }
}

pub const fn access(access: Access) -> i64 {
    match access {
        Access::Public => 0,
        Access::Private => 1,
        Access::Pair => 2,
    }
}

pub const fn record(record: Record) -> i64 {
    match record {
        Record::Kept => 0,
        Record::Off => 1,
    }
}

pub const fn moderation(moderation: Moderation) -> i64 {
    match moderation {
        Moderation::Off => 0,
        Moderation::Mask => 1,
        Moderation::Block => 2,
    }
}

/// The two of a pair in the one order that makes them a key.
pub fn pair(a: UserId, b: UserId) -> (UserId, UserId) {
    (a.min(b), a.max(b))
}

/// What a caller of the store can do about it.
pub fn store_error(error: rusqlite::Error) -> StoreError {
    match error {
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..) => StoreError::Corrupt {
            key: error.to_string(),
        },
        other => StoreError::Unavailable {
            why: other.to_string(),
        },
    }
}

fn parsed<T>(row: &Row<'_>, at: usize) -> Read<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text: String = row.get(at)?;
    text.parse().map_err(|error: T::Err| {
        rusqlite::Error::FromSqlConversionFailure(at, Type::Text, error.into())
    })
}
