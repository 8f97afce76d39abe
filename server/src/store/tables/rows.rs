//! The domain's values as rows, and back; which row has which key. Refuses to know why anybody asks.

use super::key::Key;
use super::row::Row;
use crate::store::{Reminder, StoreError};
use app::chat::{Chat, ChatId, DraftId, Membership, Message, Millis, Person, Seq, UserId};

type Read<T> = Result<T, StoreError>;

/// A chat with what only the store knows about it: the row on which all changes of its partition agree.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    pub chat: Chat,
    pub members: u64,
    /// The chat was deleted; the row stays, so that it does not come back.
    pub gone: bool,
    /// Which try of which writer wrote this: found again, it says that the try succeeded.
    pub mark: String,
}

pub fn head_key() -> Key {
    Key::word("chat")
}

pub fn member_key(user: UserId) -> Key {
    Key::word("member").and(user)
}

/// Members in the order in which they came.
pub fn joined_key(member: &Membership) -> Key {
    Key::word("joined")
        .and_number(member.joined_at.0)
        .and(member.user)
}

pub fn message_key(seq: Seq) -> Key {
    Key::word("message").and_number(seq.0)
}

pub fn draft_key(author: UserId, draft: DraftId) -> Key {
    Key::word("draft").and(author).and(draft)
}

pub fn head_row(head: &Head) -> Row {
    let chat = &head.chat;
    Row::new(Key::id(chat.id), head_key())
        .with("name", &chat.name)
        .with("access", chat.access)
        .with("record", chat.record)
        .with("moderation", chat.moderation)
        .with("owner", chat.owner)
        .with_number("createdAt", chat.created_at.0)
        .with_number("last", chat.last.0)
        .with_number("version", chat.version)
        .with_number("members", head.members)
        .with("gone", head.gone)
        .with("mark", &head.mark)
}

pub fn head(row: &Row) -> Read<Head> {
    Ok(Head {
        chat: Chat {
            id: id(row, &row.partition)?,
            name: row.get("name")?,
            access: row.get("access")?,
            record: row.get("record")?,
            moderation: row.get("moderation")?,
            owner: row.get("owner")?,
            created_at: Millis(row.number("createdAt")?),
            last: Seq(row.number("last")?),
            version: row.number("version")?,
        },
        members: row.number("members")?,
        gone: row.get("gone")?,
        mark: row.get("mark")?,
    })
}

pub fn member_row(member: &Membership) -> Row {
    Row::new(Key::id(member.chat), member_key(member.user))
        .with_number("read", member.read.0)
        .with_number("joinedAt", member.joined_at.0)
}

pub fn member(row: &Row) -> Read<Membership> {
    Ok(Membership {
        chat: id(row, &row.partition)?,
        user: last_id(row)?,
        read: Seq(row.number("read")?),
        joined_at: Millis(row.number("joinedAt")?),
    })
}

/// A person is never changed, so a copy of one never goes stale.
pub fn joined_row(member: &Membership, person: &Person) -> Row {
    with_person(Row::new(Key::id(member.chat), joined_key(member)), person)
}

/// When the member of a `joined.` row came.
pub fn joined_at(row: &Row) -> Read<Millis> {
    let part = row.key.as_str().split('.').nth(1).unwrap_or_default();
    u64::from_str_radix(part, 16)
        .map(Millis)
        .map_err(|_| corrupt(row))
}

pub fn message_row(message: &Message) -> Row {
    let row = Row::new(Key::id(message.chat), message_key(message.seq))
        .with("draft", message.draft)
        .with("body", &message.body)
        .with_number("postedAt", message.posted_at.0)
        .with("masked", message.masked);
    with_person(row, &message.author)
}

pub fn message(row: &Row) -> Read<Message> {
    let seq = u64::from_str_radix(row.key.last(), 16).map_err(|_| corrupt(row))?;
    Ok(Message {
        chat: id(row, &row.partition)?,
        seq: Seq(seq),
        draft: row.get("draft")?,
        author: person(row)?,
        body: row.get("body")?,
        posted_at: Millis(row.number("postedAt")?),
        masked: row.get("masked")?,
    })
}

/// Says that a draft became a message, and which.
pub fn draft_row(message: &Message) -> Row {
    let key = draft_key(message.author.id, message.draft);
    Row::new(Key::id(message.chat), key).with_number("seq", message.seq.0)
}

pub fn person_key() -> Key {
    Key::word("person")
}

pub fn person_row(person: &Person) -> Row {
    with_person(Row::new(Key::id(person.id), person_key()), person)
}

pub fn with_person(row: Row, person: &Person) -> Row {
    row.with("person", person.id)
        .with("name", &person.name)
        .with("tag", &person.tag)
        .with("kind", person.kind)
}

pub fn person(row: &Row) -> Read<Person> {
    Ok(Person {
        id: row.get("person")?,
        name: row.get("name")?,
        tag: row.get("tag")?,
        kind: row.get("kind")?,
    })
}

pub fn with_reminder(row: Row, reminder: &Reminder) -> Row {
    row.with("draft", reminder.draft)
        .with("chat", reminder.chat)
        .with("user", reminder.user)
        .with("text", &reminder.text)
        .with_number("due", reminder.due.0)
}

pub fn reminder(row: &Row) -> Read<Reminder> {
    Ok(Reminder {
        draft: row.get("draft")?,
        chat: row.get("chat")?,
        user: row.get("user")?,
        text: row.get("text")?,
        due: Millis(row.number("due")?),
    })
}

/// A row of a person's list of chats ends in the chat's id.
pub fn chat_of(row: &Row) -> Read<ChatId> {
    last_id(row)
}

fn last_id<T: std::str::FromStr>(row: &Row) -> Read<T> {
    row.key.last().parse().map_err(|_| corrupt(row))
}

fn id<T: std::str::FromStr>(row: &Row, key: &Key) -> Read<T> {
    key.as_str().parse().map_err(|_| corrupt(row))
}

fn corrupt(row: &Row) -> StoreError {
    StoreError::Corrupt {
        key: format!("{}/{}", row.partition, row.key),
    }
}
