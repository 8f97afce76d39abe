//! Facts become rows. Each says whether it changed anything: a fact that comes again does not. Refuses to
//! judge whether a fact may happen.

use super::rows::{access, integer, kind, moderation, pair, record, store_error};
use crate::store::{Newcomer, StoreError};
use app::chat::{Chat, ChatId, DraftId, Fact, Membership, Message, Person, UserId};
use rusqlite::{Connection, OptionalExtension, params};

/// Stores what happened. `Conflict` if the rows are not as the decision saw them.
pub fn apply(connection: &Connection, fact: &Fact) -> Result<bool, StoreError> {
    match fact {
        Fact::ChatCreated { chat, by, draft } => {
            create(connection, chat, Origin::Request(by.id, *draft))
        }
        Fact::JoinPrivateChat { chat, by, with } => {
            let new = create(connection, chat, Origin::Pair(by.id, with.id))?;
            for user in [by.id, with.id] {
                join(
                    connection,
                    &Membership {
                        chat: chat.id,
                        user,
                        read: chat.last,
                        joined_at: chat.created_at,
                    },
                )?;
            }
            Ok(new)
        }
        Fact::ChatRenamed {
            chat,
            name,
            by: _,
            version,
        } => revise(connection, *chat, *version, "name", &name.as_str()),
        Fact::ModerationSet {
            chat,
            moderation: policy,
            by: _,
            version,
        } => revise(
            connection,
            *chat,
            *version,
            "moderation",
            &moderation(*policy),
        ),
        Fact::OwnerChanged {
            chat,
            owner,
            version,
        } => revise(connection, *chat, *version, "owner", owner.as_bytes()),
        Fact::ChatDeleted { chat, .. } => delete(connection, *chat),
        Fact::MemberJoined { member, .. } => join(connection, member),
        Fact::MemberLeft { chat, user } => leave(connection, *chat, *user),
        Fact::MessagePosted(message) => post(connection, message),
        Fact::ChatRead { chat, user, seq } => {
            let rows = run(
                connection,
                "UPDATE membership SET read = ?3 WHERE chat = ?1 AND user = ?2 AND read < ?3",
                params![chat.as_bytes(), user.as_bytes(), integer(seq.0)],
            )?;
            Ok(rows > 0)
        }
        // Who is there now is known where the connections are, and is over when they are.
        Fact::UserOnline(_)
        | Fact::UserOffline { .. }
        | Fact::UserIsIdle { .. }
        | Fact::UserNotIdle { .. } => Ok(false),
    }
}

/// Where a chat came from: a repetition finds the first one by it.
pub enum Origin {
    /// The server's own chat.
    Server,
    Request(UserId, DraftId),
    Pair(UserId, UserId),
}

/// A chat that was deleted does not come back.
pub fn create(connection: &Connection, chat: &Chat, origin: Origin) -> Result<bool, StoreError> {
    let known: Option<()> = connection
        .prepare_cached(
            "SELECT 1 FROM chat WHERE id = ?1 UNION ALL SELECT 1 FROM grave WHERE chat = ?1",
        )
        .and_then(|mut query| query.query_row([chat.id.as_bytes()], |_| Ok(())).optional())
        .map_err(store_error)?;
    if known.is_some() {
        return Ok(false);
    }
    let (creator, draft, low, high) = match origin {
        Origin::Server => (None, None, None, None),
        Origin::Request(user, draft) => {
            (Some(*user.as_bytes()), Some(*draft.as_bytes()), None, None)
        }
        Origin::Pair(a, b) => {
            let (low, high) = pair(a, b);
            (None, None, Some(*low.as_bytes()), Some(*high.as_bytes()))
        }
    };
    run(
        connection,
        "INSERT INTO chat (id, name, access, record, moderation, owner, created_at, last, version, members,
             creator, draft, low, high)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?10, ?11, ?12, ?13)",
        params![
            chat.id.as_bytes(),
            chat.name.as_str(),
            access(chat.access),
            record(chat.record),
            moderation(chat.moderation),
            chat.owner.map(|owner| *owner.as_bytes()),
            integer(chat.created_at.0),
            integer(chat.last.0),
            integer(chat.version),
            creator,
            draft,
            low,
            high,
        ],
    )?;
    Ok(true)
}

/// Somebody is known from now on.
pub fn admit(connection: &Connection, person: &Person, skeleton: &str) -> Result<(), StoreError> {
    run(
        connection,
        "INSERT INTO person (id, name, tag, kind, skeleton) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            person.id.as_bytes(),
            person.name.as_str(),
            person.tag,
            kind(person.kind),
            skeleton,
        ],
    )?;
    Ok(())
}

/// Admits a newcomer, without the tag where nobody looks like them.
pub fn register(connection: &Connection, newcomer: Newcomer) -> Result<Person, StoreError> {
    let Newcomer {
        mut person,
        skeleton,
        reserved,
    } = newcomer;
    let taken: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM person WHERE skeleton = ?1)")
        .and_then(|mut query| query.query_row([&skeleton], |row| row.get(0)))
        .map_err(store_error)?;
    if !taken && !reserved {
        person.tag = None;
    }
    admit(connection, &person, &skeleton)?;
    Ok(person)
}

/// Changes one column of a chat, as the version that follows the stored one.
fn revise(
    connection: &Connection,
    chat: ChatId,
    version: u64,
    column: &'static str,
    value: &dyn rusqlite::ToSql,
) -> Result<bool, StoreError> {
    let sql =
        format!("UPDATE chat SET {column} = ?3, version = ?2 WHERE id = ?1 AND version = ?2 - 1");
    if run(
        connection,
        &sql,
        params![chat.as_bytes(), integer(version), value],
    )? > 0
    {
        return Ok(true);
    }
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM chat WHERE id = ?1 AND version = ?2 AND {column} IS ?3)"
    );
    let repeated: bool = connection
        .prepare_cached(&sql)
        .and_then(|mut query| {
            query.query_row(params![chat.as_bytes(), integer(version), value], |row| {
                row.get(0)
            })
        })
        .map_err(store_error)?;
    if repeated {
        Ok(false)
    } else {
        Err(StoreError::Conflict)
    }
}

fn delete(connection: &Connection, chat: ChatId) -> Result<bool, StoreError> {
    let rows = run(
        connection,
        "INSERT OR IGNORE INTO grave (chat, creator, draft) SELECT id, creator, draft FROM chat WHERE id = ?1",
        [chat.as_bytes()],
    )?;
    for sql in [
        "DELETE FROM message WHERE chat = ?1",
        "DELETE FROM membership WHERE chat = ?1",
        "DELETE FROM reminder WHERE chat = ?1",
        "DELETE FROM chat WHERE id = ?1",
    ] {
        run(connection, sql, [chat.as_bytes()])?;
    }
    Ok(rows > 0)
}

fn join(connection: &Connection, member: &Membership) -> Result<bool, StoreError> {
    let rows = run(
        connection,
        "INSERT OR IGNORE INTO membership (chat, user, read, joined_at)
         SELECT id, ?2, ?3, ?4 FROM chat WHERE id = ?1",
        params![
            member.chat.as_bytes(),
            member.user.as_bytes(),
            integer(member.read.0),
            integer(member.joined_at.0),
        ],
    )?;
    count(
        connection,
        member.chat,
        i64::try_from(rows).unwrap_or_default(),
    )?;
    Ok(rows > 0)
}

fn leave(connection: &Connection, chat: ChatId, user: UserId) -> Result<bool, StoreError> {
    let rows = run(
        connection,
        "DELETE FROM membership WHERE chat = ?1 AND user = ?2",
        [chat.as_bytes(), user.as_bytes()],
    )?;
    count(connection, chat, -i64::try_from(rows).unwrap_or_default())?;
    Ok(rows > 0)
}

fn count(connection: &Connection, chat: ChatId, more: i64) -> Result<(), StoreError> {
    if more != 0 {
        run(
            connection,
            "UPDATE chat SET members = members + ?2 WHERE id = ?1",
            params![chat.as_bytes(), more],
        )?;
    }
    Ok(())
}

fn post(connection: &Connection, message: &Message) -> Result<bool, StoreError> {
    let known: Option<i64> = connection
        .prepare_cached("SELECT seq FROM message WHERE chat = ?1 AND author = ?2 AND draft = ?3")
        .and_then(|mut query| {
            query
                .query_row(
                    [
                        message.chat.as_bytes(),
                        message.author.id.as_bytes(),
                        message.draft.as_bytes(),
                    ],
                    |row| row.get(0),
                )
                .optional()
        })
        .map_err(store_error)?;
    if let Some(seq) = known {
        return if seq == integer(message.seq.0) {
            Ok(false)
        } else {
            Err(StoreError::Conflict)
        };
    }
    let chat = run(
        connection,
        "UPDATE chat SET last = ?2 WHERE id = ?1 AND last = ?2 - 1",
        params![message.chat.as_bytes(), integer(message.seq.0)],
    )?;
    if chat == 0 {
        return Err(StoreError::Conflict);
    }
    run(
        connection,
        "INSERT INTO message (chat, seq, author, draft, body, posted_at, masked)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            message.chat.as_bytes(),
            integer(message.seq.0),
            message.author.id.as_bytes(),
            message.draft.as_bytes(),
            message.body.as_str(),
            integer(message.posted_at.0),
            message.masked,
        ],
    )?;
    // An author who had read all before it has read it too; the screen thinks the same.
    run(
        connection,
        "UPDATE membership SET read = ?3 WHERE chat = ?1 AND user = ?2 AND read = ?3 - 1",
        params![
            message.chat.as_bytes(),
            message.author.id.as_bytes(),
            integer(message.seq.0),
        ],
    )?;
    Ok(true)
}

/// Runs a statement and says how many rows it changed. A second row for one key is a conflict.
pub fn run(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> Result<usize, StoreError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(parameters))
        .map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::ConstraintViolation) => StoreError::Conflict,
            _ => store_error(error),
        })
}
