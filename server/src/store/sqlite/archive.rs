//! The whole file as entries, and back. One read transaction is one moment, one write transaction is all or
//! nothing. Refuses to know where the entries come from or go to.

use super::Sqlite;
use super::query::default_chat;
use super::rows::{
    self, CHAT, MESSAGE, PERSON, access, integer, kind, moderation, record, store_error,
};
use super::{apply, passkeys, rows::number, rows::user};
use crate::store::archive::{Archive, ArchiveError, Copying, Entry, Look};
use crate::store::{Passkey, Reminder, StoreError};
use app::chat::{Access, Chat, ChatId, DraftId, Millis, Person, UserId};
use rusqlite::{Connection, Params, Row, params};
use tokio::sync::mpsc::{Receiver, Sender};

type Done = Result<(), ArchiveError>;

impl Archive for Sqlite {
    fn export(&self, to: Sender<Entry>) -> Copying<'_> {
        let asked = self.ask(move |connection| Ok(export(connection, &to)));
        Box::pin(async move { asked.await? })
    }

    fn import(
        &self,
        _digest: String,
        mut from: Receiver<Option<Entry>>,
        look: Look,
    ) -> Copying<'_> {
        let written = self.write(
            move |connection| {
                let done = import(connection, &mut from, look);
                let is_done = done.is_ok();
                Ok((done, is_done))
            },
            |_| (),
        );
        Box::pin(async move { written.await? })
    }

    fn release(&self) -> Copying<'_> {
        // The commit was it.
        Box::pin(async { Ok(()) })
    }
}

fn export(connection: &Connection, to: &Sender<Entry>) -> Done {
    let send = |entry| {
        to.blocking_send(entry)
            .map_err(|_| ArchiveError::Interrupted)
    };
    if let Some(chat) = default_chat(connection).map_err(store_error)? {
        send(Entry::DefaultChat(chat))?;
    }
    let people = format!("SELECT {PERSON} FROM person ORDER BY id");
    each(connection, &people, [], |row| {
        let person = read(rows::person(row, 0))?;
        let user = person.id;
        send(Entry::Person(person))?;
        let passkeys = passkeys::by_id(connection, user)?.into_iter();
        passkeys.map(Entry::from).try_for_each(send)
    })?;
    // A chat's row before a grave's: there is never one of each.
    each(
        connection,
        "SELECT id, 0 FROM chat UNION ALL SELECT chat, 1 FROM grave ORDER BY 1",
        [],
        |row| {
            let id = ChatId::from_bytes(read(row.get(0))?);
            match read(row.get(1))? {
                true => send(Entry::Grave(id)),
                false => export_chat(connection, id, &send),
            }
        },
    )?;
    each(
        connection,
        "SELECT creator, draft, id FROM chat WHERE draft IS NOT NULL
         UNION ALL SELECT creator, draft, chat FROM grave WHERE draft IS NOT NULL ORDER BY 1, 2, 3",
        [],
        |row| {
            send(Entry::Request {
                user: read(user(row, 0))?,
                draft: DraftId::from_bytes(read(row.get(1))?),
                chat: ChatId::from_bytes(read(row.get(2))?),
            })
        },
    )?;
    each(
        connection,
        "SELECT draft, chat, user, text, due FROM reminder ORDER BY draft",
        [],
        |row| {
            send(Entry::Reminder(Reminder {
                draft: DraftId::from_bytes(read(row.get(0))?),
                chat: ChatId::from_bytes(read(row.get(1))?),
                user: read(user(row, 2))?,
                text: read(row.get(3))?,
                due: Millis(read(number(row, 4))?),
            }))
        },
    )
}

fn export_chat(connection: &Connection, id: ChatId, send: &impl Fn(Entry) -> Done) -> Done {
    let chat = format!("SELECT {CHAT}, members FROM chat WHERE id = ?1");
    each(connection, &chat, [id.as_bytes()], |row| {
        send(Entry::Chat {
            chat: read(rows::chat(row))?,
            members: read(number(row, 9))?,
        })
    })?;
    each(
        connection,
        "SELECT read, joined_at, user FROM membership WHERE chat = ?1 ORDER BY user",
        [id.as_bytes()],
        |row| {
            let member = read(rows::membership(row, 0, id, read(user(row, 2))?))?;
            send(Entry::Member {
                user: member.user,
                read: member.read,
                joined_at: member.joined_at,
            })
        },
    )?;
    let messages = format!(
        "SELECT {MESSAGE}, {PERSON} FROM message JOIN person ON person.id = message.author
         WHERE message.chat = ?1 ORDER BY message.seq"
    );
    each(connection, &messages, [id.as_bytes()], |row| {
        let message = read(rows::message(row))?;
        send(Entry::Message {
            seq: message.seq,
            author: message.author.id,
            draft: message.draft,
            body: message.body,
            posted_at: message.posted_at,
            masked: message.masked,
        })
    })
}

fn import(connection: &Connection, from: &mut Receiver<Option<Entry>>, look: Look) -> Done {
    for table in ["setting", "person", "chat", "grave", "reminder"] {
        let any = format!("SELECT 1 FROM {table} LIMIT 1");
        each(connection, &any, [], |_| Err(ArchiveError::NotEmpty))?;
    }
    let mut open = ChatId::from_bytes([0; 16]);
    let mut owner = UserId::from_bytes([0; 16]);
    while let Some(entry) = from.blocking_recv().ok_or(ArchiveError::Interrupted)? {
        if let Entry::Chat { chat, .. } = &entry {
            open = chat.id;
        }
        if let Entry::Person(person) = &entry {
            owner = person.id;
        }
        take(connection, open, owner, entry, look)?;
    }
    run(
        connection,
        "UPDATE chat SET low = (SELECT min(user) FROM membership WHERE chat = id),
             high = (SELECT max(user) FROM membership WHERE chat = id) WHERE access = ?1",
        [access(Access::Pair)],
    )
}

/// `open`: the chat whose members and messages come; `owner`: the person whose passkeys do.
fn take(connection: &Connection, open: ChatId, owner: UserId, entry: Entry, look: Look) -> Done {
    match entry {
        Entry::DefaultChat(chat) => run(
            connection,
            "INSERT INTO setting (name, value) VALUES ('default_chat', ?1)",
            [chat.as_bytes()],
        ),
        Entry::Person(person) => admit(connection, person, look),
        Entry::Passkey {
            id,
            credential,
            added_at,
            used_at,
        } => {
            let passkey = Passkey {
                user: owner,
                id,
                credential,
                added_at,
                used_at,
            };
            passkeys::add(connection, &passkey)?;
            Ok(())
        }
        Entry::Chat { chat, members } => create(connection, &chat, members),
        Entry::Grave(chat) => run(
            connection,
            "INSERT INTO grave (chat) VALUES (?1)",
            [chat.as_bytes()],
        ),
        Entry::Member {
            user,
            read,
            joined_at,
        } => run(
            connection,
            "INSERT INTO membership (chat, user, read, joined_at) VALUES (?1, ?2, ?3, ?4)",
            params![
                open.as_bytes(),
                user.as_bytes(),
                integer(read.0),
                integer(joined_at.0)
            ],
        ),
        Entry::Message {
            seq,
            author,
            draft,
            body,
            posted_at,
            masked,
        } => run(
            connection,
            "INSERT INTO message (chat, seq, author, draft, body, posted_at, masked)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                open.as_bytes(),
                integer(seq.0),
                author.as_bytes(),
                draft.as_bytes(),
                body.as_str(),
                integer(posted_at.0),
                masked
            ],
        ),
        Entry::Request { user, draft, chat } => {
            for sql in [
                "UPDATE chat SET creator = ?1, draft = ?2 WHERE id = ?3",
                "UPDATE grave SET creator = ?1, draft = ?2 WHERE chat = ?3",
            ] {
                let request = [user.as_bytes(), draft.as_bytes(), chat.as_bytes()];
                run(connection, sql, request)?;
            }
            Ok(())
        }
        Entry::Reminder(reminder) => run(
            connection,
            "INSERT INTO reminder (draft, chat, user, text, due) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                reminder.draft.as_bytes(),
                reminder.chat.as_bytes(),
                reminder.user.as_bytes(),
                reminder.text,
                integer(reminder.due.0)
            ],
        ),
    }
}

fn admit(connection: &Connection, person: Person, look: Look) -> Done {
    let newcomer = look(person.clone());
    let admitted = run(
        connection,
        "INSERT INTO person (id, name, tag, kind, skeleton) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            person.id.as_bytes(),
            person.name.as_str(),
            person.tag,
            kind(person.kind),
            newcomer.skeleton
        ],
    );
    match admitted {
        Err(ArchiveError::Store(StoreError::Conflict)) => Err(ArchiveError::SameName { person }),
        done => done,
    }
}

fn create(connection: &Connection, chat: &Chat, members: u64) -> Done {
    run(
        connection,
        "INSERT INTO chat (id, name, access, record, moderation, owner, created_at, last, version, members)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
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
            integer(members),
        ],
    )
}

fn run(connection: &Connection, sql: &str, parameters: impl Params) -> Done {
    apply::run(connection, sql, parameters)?;
    Ok(())
}

fn read<T>(value: rusqlite::Result<T>) -> Result<T, ArchiveError> {
    value.map_err(|error| store_error(error).into())
}

/// Does it with each row, one after the other.
fn each(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    mut with: impl FnMut(&Row<'_>) -> Done,
) -> Done {
    let mut statement = read(connection.prepare_cached(sql))?;
    let mut rows = read(statement.query(parameters))?;
    while let Some(row) = read(rows.next())? {
        with(row)?;
    }
    Ok(())
}
