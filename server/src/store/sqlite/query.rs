//! Questions to the tables, each on one connection and of one moment. Refuses to change anything.

use super::rows::{
    CHAT, MESSAGE, PERSON, Read, chat, integer, membership, message, number, pair, person, user,
};
use crate::store::{MEMBERS, Other, Parts, Reminder, Scope, View};
use app::chat::{
    Access, Chat, ChatId, ChatSummary, DraftId, Fact, Membership, Message, Millis, OpenChat, Page,
    Person, Seq, UserId, Window,
};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use std::ops::Range;

/// The rows that a decision is about to see.
pub fn view(connection: &Connection, scope: Scope) -> Read<View> {
    let default_chat = default_chat(connection)?;
    let view = match scope {
        Scope::Messages { chat, actor, draft } => View {
            chat: one_chat(connection, chat)?,
            member: member(connection, chat, actor)?,
            done: match draft {
                Some(draft) => posted(connection, chat, actor, draft)?.map(Fact::MessagePosted),
                None => None,
            },
            ..View::default()
        },
        Scope::Membership { chat, actor } => in_chat(connection, chat, actor)?,
        Scope::Invitation { chat, actor, other } => View {
            other: other_in(connection, Some(chat), other)?,
            ..in_chat(connection, chat, actor)?
        },
        Scope::Creation { actor, draft } => View {
            joined: joined(connection, actor)?,
            done: created(connection, actor, draft)?,
            buried: buried(connection, actor, draft)?,
            ..View::default()
        },
        Scope::Pair { actor, other } => {
            let chat = pair_of(connection, actor, other)?;
            let id = chat.as_ref().map(|chat| chat.id);
            View {
                member: match id {
                    Some(id) => member(connection, id, actor)?,
                    None => None,
                },
                joined: joined(connection, actor)?,
                other: other_in(connection, id, other)?,
                chat,
                ..View::default()
            }
        }
    };
    Ok(View {
        default_chat,
        ..view
    })
}

pub fn default_chat(connection: &Connection) -> Read<Option<ChatId>> {
    maybe(
        connection,
        "SELECT value FROM setting WHERE name = 'default_chat'",
        [],
        |row| row.get(0).map(ChatId::from_bytes),
    )
}

pub fn one_person(connection: &Connection, id: UserId) -> Read<Option<Person>> {
    let sql = format!("SELECT {PERSON} FROM person WHERE id = ?1");
    maybe(connection, &sql, [id.as_bytes()], |row| person(row, 0))
}

pub fn one_chat(connection: &Connection, id: ChatId) -> Read<Option<Chat>> {
    let sql = format!("SELECT {CHAT} FROM chat WHERE id = ?1");
    maybe(connection, &sql, [id.as_bytes()], chat)
}

pub fn member(connection: &Connection, chat: ChatId, of: UserId) -> Read<Option<Membership>> {
    maybe(
        connection,
        "SELECT read, joined_at FROM membership WHERE chat = ?1 AND user = ?2",
        [chat.as_bytes(), of.as_bytes()],
        |row| membership(row, 0, chat, of),
    )
}

/// Who belongs to a chat, whatever their number.
pub fn everybody_in(connection: &Connection, chat: ChatId) -> Read<Vec<UserId>> {
    all(
        connection,
        "SELECT user FROM membership WHERE chat = ?1",
        [chat.as_bytes()],
        |row| user(row, 0),
    )
}

pub fn members(connection: &Connection, chat: ChatId) -> Read<Vec<Person>> {
    let sql = format!(
        "SELECT {PERSON} FROM membership JOIN person ON person.id = membership.user
         WHERE membership.chat = ?1 ORDER BY membership.joined_at, membership.user LIMIT {MEMBERS}"
    );
    all(connection, &sql, [chat.as_bytes()], |row| person(row, 0))
}

pub fn memberships(connection: &Connection, of: UserId) -> Read<Vec<Membership>> {
    all(
        connection,
        "SELECT read, joined_at, chat FROM membership WHERE user = ?1 ORDER BY joined_at, chat",
        [of.as_bytes()],
        |row| membership(row, 0, ChatId::from_bytes(row.get(2)?), of),
    )
}

pub fn parts(connection: &Connection, of: UserId, open: Option<ChatId>) -> Read<Option<Parts>> {
    let Some(default_chat) = default_chat(connection)? else {
        return Ok(None);
    };
    let chats = summaries(connection, of)?;
    let open = match open.and_then(|id| chats.iter().find(|row| row.chat.id == id)) {
        Some(summary) => Some(OpenChat {
            members: members(connection, summary.chat.id)?,
            page: page(connection, summary.chat.id, summary.opening(), Page::SIZE)?,
            summary: summary.clone(),
        }),
        None => None,
    };
    Ok(Some(Parts {
        default_chat,
        chats,
        open,
    }))
}

/// Places have no gaps, so a window is arithmetic and its rows are one range of the key.
pub fn page(connection: &Connection, id: ChatId, window: Window, limit: usize) -> Read<Page> {
    let Some(chat) = one_chat(connection, id)? else {
        return Ok(Page::default());
    };
    let last = chat.last.0;
    let limit = limit as u64;
    let Range { start, end } = match window {
        Window::Latest => (last + 1).saturating_sub(limit).max(1)..last + 1,
        Window::Before(Seq(seq)) => {
            let end = seq.min(last + 1);
            end.saturating_sub(limit).max(1)..end
        }
        Window::After(Seq(seq)) => {
            let start = seq.saturating_add(1);
            start..start.saturating_add(limit).min(last + 1)
        }
        Window::Around(Seq(seq)) => {
            let latest = (last + 1).saturating_sub(limit);
            let start = seq.saturating_sub(limit / 2).min(latest).max(1);
            start..(start + limit).min(last + 1)
        }
    };
    let sql = format!(
        "SELECT {MESSAGE}, {PERSON} FROM message JOIN person ON person.id = message.author
         WHERE message.chat = ?1 AND message.seq >= ?2 AND message.seq < ?3 ORDER BY message.seq"
    );
    let range = params![id.as_bytes(), integer(start), integer(end)];
    let messages = all(connection, &sql, range, message)?;
    Ok(Page {
        before: messages.first().is_some_and(|first| first.seq.0 > 1),
        after: messages.last().is_some_and(|newest| newest.seq.0 < last),
        messages,
    })
}

pub fn reminders(connection: &Connection, of: UserId) -> Read<usize> {
    let count = connection
        .prepare_cached("SELECT count(*) FROM reminder WHERE user = ?1")?
        .query_row([of.as_bytes()], |row| number(row, 0))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

pub fn next_reminders(connection: &Connection, limit: usize) -> Read<Vec<Reminder>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    all(
        connection,
        "SELECT draft, chat, user, text, due FROM reminder ORDER BY due, draft LIMIT ?1",
        [limit],
        |row| {
            Ok(Reminder {
                draft: DraftId::from_bytes(row.get(0)?),
                chat: ChatId::from_bytes(row.get(1)?),
                user: user(row, 2)?,
                text: row.get(3)?,
                due: Millis(number(row, 4)?),
            })
        },
    )
}

fn in_chat(connection: &Connection, chat: ChatId, actor: UserId) -> Read<View> {
    Ok(View {
        chat: one_chat(connection, chat)?,
        member: member(connection, chat, actor)?,
        joined: joined(connection, actor)?,
        heir: maybe(
            connection,
            "SELECT membership.user FROM membership JOIN person ON person.id = membership.user
             WHERE membership.chat = ?1 AND membership.user <> ?2 AND person.kind = 0
             ORDER BY membership.joined_at, membership.user LIMIT 1",
            [chat.as_bytes(), actor.as_bytes()],
            |row| user(row, 0),
        )?,
        ..View::default()
    })
}

fn other_in(connection: &Connection, chat: Option<ChatId>, other: UserId) -> Read<Option<Other>> {
    let Some(person) = one_person(connection, other)? else {
        return Ok(None);
    };
    Ok(Some(Other {
        person,
        member: match chat {
            Some(chat) => member(connection, chat, other)?,
            None => None,
        },
        joined: joined(connection, other)?,
    }))
}

fn joined(connection: &Connection, of: UserId) -> Read<usize> {
    let count = connection
        .prepare_cached("SELECT count(*) FROM membership WHERE user = ?1")?
        .query_row([of.as_bytes()], |row| number(row, 0))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

fn posted(
    connection: &Connection,
    chat: ChatId,
    author: UserId,
    draft: DraftId,
) -> Read<Option<Message>> {
    let sql = format!(
        "SELECT {MESSAGE}, {PERSON} FROM message JOIN person ON person.id = message.author
         WHERE message.chat = ?1 AND message.author = ?2 AND message.draft = ?3"
    );
    let key = [chat.as_bytes(), author.as_bytes(), draft.as_bytes()];
    maybe(connection, &sql, key, message)
}

fn created(connection: &Connection, by: UserId, draft: DraftId) -> Read<Option<Fact>> {
    let sql = format!("SELECT {CHAT} FROM chat WHERE creator = ?1 AND draft = ?2");
    let found = maybe(connection, &sql, [by.as_bytes(), draft.as_bytes()], chat)?;
    let Some((chat, by)) = found.zip(one_person(connection, by)?) else {
        return Ok(None);
    };
    Ok(Some(Fact::ChatCreated { chat, by, draft }))
}

fn buried(connection: &Connection, by: UserId, draft: DraftId) -> Read<bool> {
    let found = maybe(
        connection,
        "SELECT 1 FROM grave WHERE creator = ?1 AND draft = ?2",
        [by.as_bytes(), draft.as_bytes()],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

fn pair_of(connection: &Connection, a: UserId, b: UserId) -> Read<Option<Chat>> {
    let (low, high) = pair(a, b);
    let sql = format!("SELECT {CHAT} FROM chat WHERE low = ?1 AND high = ?2");
    maybe(connection, &sql, [low.as_bytes(), high.as_bytes()], chat)
}

/// Every public chat, and those of which the person is a member.
fn summaries(connection: &Connection, of: UserId) -> Read<Vec<ChatSummary>> {
    let columns = format!("{CHAT}, chat.members, membership.read");
    let member_of = format!(
        "SELECT {columns}, {PERSON} FROM membership JOIN chat ON chat.id = membership.chat
         LEFT JOIN person ON person.id = CASE chat.low WHEN ?1 THEN chat.high ELSE chat.low END
         WHERE membership.user = ?1"
    );
    let open_to_all = format!(
        "SELECT {columns} FROM chat
         LEFT JOIN membership ON membership.chat = chat.id AND membership.user = ?1
         WHERE chat.access = 0 AND membership.user IS NULL"
    );
    let summary = |row: &Row<'_>| {
        Ok(ChatSummary {
            chat: chat(row)?,
            members: row.get(9)?,
            read: row
                .get::<_, Option<i64>>(10)?
                .map(|read| Seq(u64::try_from(read).unwrap_or_default())),
            with: None,
        })
    };
    let mut rows = all(connection, &member_of, [of.as_bytes()], |row| {
        let mut line = summary(row)?;
        if line.chat.access == Access::Pair {
            line.with = Some(person(row, 11)?);
        }
        Ok(line)
    })?;
    rows.extend(all(connection, &open_to_all, [of.as_bytes()], summary)?);
    Ok(rows)
}

fn maybe<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl FnOnce(&Row<'_>) -> Read<T>,
) -> Read<Option<T>> {
    connection
        .prepare_cached(sql)?
        .query_row(parameters, read)
        .optional()
}

fn all<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl FnMut(&Row<'_>) -> Read<T>,
) -> Read<Vec<T>> {
    connection
        .prepare_cached(sql)?
        .query_map(parameters, read)?
        .collect()
}
