//! The default store: one SQLite file. One thread writes, two read beside it; an answer to a command comes
//! after its commit is on the disk. Refuses to share its file: whoever opens it holds the data folder's lock.

mod apply;
mod archive;
mod passkeys;
mod query;
mod rows;
mod schema;
mod writer;

use super::{
    Commit, Decided, Decision, Newcomer, Parts, Passkey, Reading, Reminder, Scope, Store,
    StoreError, Told, View,
};
use app::chat::{Chat, ChatId, DraftId, Fact, Membership, Page, Person, UserId, Window};
use rows::store_error;
use rusqlite::{Connection, params};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;
use writer::{Job, Step, Writer};

pub use schema::BadFile;

/// Threads that read. Two, as one long page shall not hold up the next one.
const READERS: usize = 2;

/// A question on its way to a reader.
type Question = Box<dyn FnOnce(&Connection) + Send>;

pub struct Sqlite {
    // Readers go first when the store is dropped: the last connection to close tidies the file up.
    questions: Sender<Question>,
    writer: Writer,
}

/// Why the store cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the data file cannot be used: {0}")]
    File(#[from] BadFile),
    #[error("the store's threads cannot start: {0}")]
    Thread(#[from] std::io::Error),
}

impl Sqlite {
    /// Opens the file, and creates it when there is none.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let writer = Writer::start(schema::open_writer(path)?)?;
        let (questions, asked) = channel::<Question>();
        let asked = Arc::new(Mutex::new(asked));
        for number in 0..READERS {
            let connection = schema::open_reader(path)?;
            let asked = asked.clone();
            std::thread::Builder::new()
                .name(format!("store-reader-{number}"))
                .spawn(move || answer(&connection, &asked))?;
        }
        Ok(Sqlite { questions, writer })
    }

    /// Asks a reader; all of one question sees one moment.
    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Reading<'_, T> {
        let (reply, answered) = oneshot::channel();
        let sent = self.questions.send(Box::new(move |connection| {
            let moment = connection.unchecked_transaction().map_err(store_error);
            // Whoever asked may have gone.
            let _ = reply.send(moment.and_then(|moment| question(&moment)));
        }));
        Box::pin(async move {
            sent.map_err(|_| stopped())?;
            answered.await.map_err(|_| stopped())?
        })
    }

    fn write<T: Send + 'static>(
        &self,
        change: impl FnMut(&Connection) -> Result<(T, bool), StoreError> + Send + 'static,
        told: impl FnOnce(&T) + Send + 'static,
    ) -> Reading<'_, T> {
        let (reply, answered) = oneshot::channel();
        let submitted = self.writer.submit(Box::new(Change {
            change,
            told,
            result: None,
            reply,
        }));
        Box::pin(async move {
            submitted?;
            answered.await.map_err(|_| stopped())?
        })
    }
}

/// A change on its way through the writer. `change` says what to answer, and whether rows changed.
struct Change<T, C, D> {
    change: C,
    told: D,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, C, D> Job for Change<T, C, D>
where
    T: Send,
    C: FnMut(&Connection) -> Result<(T, bool), StoreError> + Send,
    D: FnOnce(&T) + Send,
{
    fn run(&mut self, connection: &Connection) -> Step {
        let (result, step) = match (self.change)(connection) {
            Ok((value, true)) => (Ok(value), Step::Changed),
            Ok((value, false)) => (Ok(value), Step::Undone),
            Err(error) => (Err(error), Step::Undone),
        };
        self.result = Some(result);
        step
    }

    fn finish(self: Box<Self>, committed: Result<(), &str>) {
        let Change {
            told,
            result,
            reply,
            ..
        } = *self;
        let result = match (committed, result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(StoreError::Unavailable {
                why: "the command failed".into(),
            }),
            (Err(why), _) => Err(StoreError::Unavailable { why: why.into() }),
        };
        if let Ok(value) = &result {
            told(value);
        }
        // Whoever asked may have gone; what they asked for has happened all the same.
        let _ = reply.send(result);
    }
}

impl Store for Sqlite {
    fn transact(&self, scope: Scope, decision: Decision, told: Told) -> Reading<'_, Decided> {
        self.write(
            move |connection| decide(connection, scope, &decision),
            move |decided: &Decided| {
                if let Ok(commit) = decided {
                    told(commit);
                }
            },
        )
    }

    fn view(&self, scope: Scope) -> Reading<'_, View> {
        self.ask(move |connection| query::view(connection, scope).map_err(store_error))
    }

    fn establish(&self, default_chat: Chat, people: Vec<Newcomer>) -> Reading<'_, ChatId> {
        self.write(
            move |connection| {
                for newcomer in &people {
                    let known = query::one_person(connection, newcomer.person.id);
                    if known.map_err(store_error)?.is_none() {
                        apply::admit(connection, &newcomer.person, &newcomer.skeleton)?;
                    }
                }
                if let Some(chat) = query::default_chat(connection).map_err(store_error)? {
                    return Ok((chat, true));
                }
                apply::create(connection, &default_chat, apply::Origin::Server)?;
                apply::run(
                    connection,
                    "INSERT INTO setting (name, value) VALUES ('default_chat', ?1)",
                    [default_chat.id.as_bytes()],
                )?;
                Ok((default_chat.id, true))
            },
            |_| (),
        )
    }

    fn register(&self, newcomer: Newcomer) -> Reading<'_, Person> {
        self.write(
            move |connection| Ok((apply::register(connection, newcomer.clone())?, true)),
            |_| (),
        )
    }

    fn person(&self, user: UserId) -> Reading<'_, Option<Person>> {
        self.ask(move |connection| query::one_person(connection, user).map_err(store_error))
    }

    fn parts(&self, user: UserId, open: Option<ChatId>) -> Reading<'_, Parts> {
        self.ask(move |connection| {
            let parts = query::parts(connection, user, open).map_err(store_error)?;
            parts.ok_or_else(|| StoreError::Unavailable {
                why: "the default chat is not established".into(),
            })
        })
    }

    fn page(&self, chat: ChatId, window: Window, limit: usize) -> Reading<'_, Page> {
        self.ask(move |connection| {
            query::page(connection, chat, window, limit).map_err(store_error)
        })
    }

    fn members(&self, chat: ChatId) -> Reading<'_, Vec<Person>> {
        self.ask(move |connection| query::members(connection, chat).map_err(store_error))
    }

    fn memberships(&self, user: UserId) -> Reading<'_, Vec<Membership>> {
        self.ask(move |connection| query::memberships(connection, user).map_err(store_error))
    }

    fn remind(&self, reminder: Reminder, limit: usize) -> Reading<'_, bool> {
        self.write(
            move |connection| {
                let waiting = query::reminders(connection, reminder.user).map_err(store_error)?;
                if waiting >= limit {
                    return Ok((false, false));
                }
                apply::run(
                    connection,
                    "INSERT OR IGNORE INTO reminder (draft, chat, user, text, due)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![
                        reminder.draft.as_bytes(),
                        reminder.chat.as_bytes(),
                        reminder.user.as_bytes(),
                        reminder.text,
                        rows::integer(reminder.due.0),
                    ],
                )?;
                Ok((true, true))
            },
            |_| (),
        )
    }

    fn reminders(&self, user: UserId) -> Reading<'_, usize> {
        self.ask(move |connection| query::reminders(connection, user).map_err(store_error))
    }

    fn next_reminders(&self, limit: usize) -> Reading<'_, Vec<Reminder>> {
        self.ask(move |connection| query::next_reminders(connection, limit).map_err(store_error))
    }

    fn forget_reminder(&self, draft: DraftId) -> Reading<'_, ()> {
        self.write(
            move |connection| {
                let sql = "DELETE FROM reminder WHERE draft = ?1";
                let rows = apply::run(connection, sql, [draft.as_bytes()])?;
                Ok(((), rows > 0))
            },
            |()| (),
        )
    }

    fn add_passkey(&self, passkey: Passkey) -> Reading<'_, bool> {
        self.write(
            move |connection| {
                let is_new = passkeys::add(connection, &passkey)?;
                Ok((is_new, is_new))
            },
            |_| (),
        )
    }

    fn passkeys(&self, user: UserId) -> Reading<'_, Vec<Passkey>> {
        self.ask(move |connection| passkeys::of(connection, user))
    }

    fn renew_passkey(&self, before: Passkey, after: Passkey) -> Reading<'_, bool> {
        self.write(
            move |connection| {
                let is_renewed = passkeys::renew(connection, &before, &after)?;
                Ok((is_renewed, is_renewed))
            },
            |_| (),
        )
    }

    fn remove_passkey(&self, user: UserId, id: String) -> Reading<'_, bool> {
        self.write(
            move |connection| {
                let is_removed = passkeys::remove(connection, user, &id)?;
                Ok((is_removed, is_removed))
            },
            |_| (),
        )
    }
}

/// Loads, decides and applies, all inside the writer's transaction: nobody can come in between.
fn decide(
    connection: &Connection,
    scope: Scope,
    decision: &Decision,
) -> Result<(Decided, bool), StoreError> {
    let view = query::view(connection, scope).map_err(store_error)?;
    let facts = match decision(&view) {
        Ok(facts) => facts,
        Err(refusal) => return Ok((Err(refusal), false)),
    };
    let mut dismissed = Vec::new();
    let mut changed = false;
    for fact in &facts {
        if let Fact::ChatDeleted { chat, .. } = fact {
            dismissed = query::everybody_in(connection, *chat).map_err(store_error)?;
        }
        changed |= apply::apply(connection, fact)?;
    }
    let chat = view.chat.or_else(|| {
        facts.iter().find_map(|fact| match fact {
            Fact::ChatCreated { chat, .. } | Fact::JoinPrivateChat { chat, .. } => {
                Some(chat.clone())
            }
            _ => None,
        })
    });
    let commit = Commit {
        facts,
        chat,
        dismissed,
        repeated: !changed,
    };
    Ok((Ok(commit), changed))
}

/// Answers until the store is dropped.
fn answer(connection: &Connection, asked: &Mutex<Receiver<Question>>) {
    loop {
        let next = asked.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(question) => question(connection),
            Err(_) => return,
        }
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable {
        why: "the store has stopped".into(),
    }
}
