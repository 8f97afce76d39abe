//! The store in Azure Tables, for any number of servers at once. Owns the order of steps across partitions;
//! within one, a batch is all or nothing. Refuses to call anything stored before the service has said so.
//!
//! | Table | Partition | Rows |
//! |---|---|---|
//! | `messages` | chat | the chat's head; `member.` and `joined.` for each member; `message.` and `draft.` for each message |
//! | `chats` | `public`, `of.` user, `request.` user, `pair.` user, `sweep`, `default` | which chats there are, for whom |
//! | `users` | user, `name.` skeleton | people and their passkeys, and who was first to take a name |
//! | `reminders` | `all` | by draft, by time, by person |
//! | `presence` | user | `at.` connection: who is there, for all servers |
//!
//! All that must change together is in one partition, since only there a batch is possible. The head's version
//! (its ETag) is the guard of all of it: every change of messages or members changes the head as well.
//! `docs/tables.md` has the reasons and the cost.

mod archive;
mod attempts;
mod attendance;
mod carrier;
mod client;
mod directory;
mod founding;
mod health;
mod history;
mod key;
mod lane;
mod ledger;
mod passkeys;
mod people;
mod reminders;
mod row;
mod rows;
mod sweep;

pub use client::{Account, Proof};

use super::{
    Decided, Decision, Newcomer, Parts, Passkey, Reading, Reminder, Scope, Store, StoreError, Told,
    View,
};
use crate::transport::HttpService;
use app::chat::{Access, Chat, ChatId, DraftId, Membership, Page, Person, UserId, Window};
use client::{Client, Failure, Table};
use key::Key;
use lane::{BUSY, DEADLINE, Job, Lanes, Queued};
use ledger::Ledger;
use row::Row;
use rows::{Head, head_row};
use std::future::Future;
use std::sync::{Arc, OnceLock};
use tokio::sync::{Mutex, oneshot};
use tokio::time::timeout;
use uuid::Uuid;

/// New chats are created abreast, those of one person one after the other.
const STRIPES: usize = 32;

pub struct Tables(Arc<Inner>);

struct Inner {
    client: Client,
    default_chat: OnceLock<ChatId>,
    lanes: Lanes,
    founding: [Mutex<()>; STRIPES],
}

impl Tables {
    /// Creates the tables that are missing, and goes on with what an earlier server left. Needs a running tokio.
    pub async fn open(account: &Account, service: HttpService) -> Result<Self, StoreError> {
        let Tables(inner) = Tables::reach(account, service).await?;
        if inner.import_begun().await.map_err(unavailable)?.is_some() {
            return Err(StoreError::Unavailable {
                why: archive::UNFINISHED.into(),
            });
        }
        let leftovers = inner.leftovers().await.map_err(unavailable)?;
        if !leftovers.is_empty() {
            tokio::spawn(sweep::clean_up(Arc::downgrade(&inner), leftovers));
        }
        Ok(Tables(inner))
    }

    /// As `open`, and touches nothing that is there: to copy it, or to copy something to it.
    pub async fn reach(account: &Account, service: HttpService) -> Result<Self, StoreError> {
        let inner = Arc::new(Inner {
            client: Client::new(account, service),
            default_chat: OnceLock::new(),
            lanes: Lanes::default(),
            founding: std::array::from_fn(|_| Mutex::default()),
        });
        inner.client.prepare().await.map_err(unavailable)?;
        Ok(Tables(inner))
    }

    /// Writes a row, reads it and removes it: whether the account lets this server do what it must.
    pub async fn try_out(&self) -> Result<(), StoreError> {
        let client = &self.0.client;
        let row = Row::new(Key::word("check"), Key::id(Uuid::new_v4().simple()));
        let tried = async {
            client.put(Table::Chats, &row).await?;
            let found = client.get(Table::Chats, &row.partition, &row.key).await?;
            client
                .delete(Table::Chats, &found.ok_or(Failure::Missing)?)
                .await
        };
        tried.await.map_err(unavailable)
    }
}

/// A start fails for good, and says why.
fn unavailable(failure: Failure) -> StoreError {
    StoreError::Unavailable {
        why: failure.to_string(),
    }
}

/// Answers in time, one way or the other.
fn soon<'a, T: 'a>(work: impl Future<Output = Result<T, Failure>> + Send + 'a) -> Reading<'a, T> {
    Box::pin(async move {
        match timeout(DEADLINE, work).await {
            Ok(done) => done.map_err(StoreError::from),
            Err(_) => Err(StoreError::Busy { after: BUSY }),
        }
    })
}

impl Store for Tables {
    fn transact(&self, scope: Scope, decision: Decision, told: Told) -> Reading<'_, Decided> {
        let (reply, answer) = oneshot::channel();
        match scope {
            Scope::Messages { chat, .. }
            | Scope::Membership { chat, .. }
            | Scope::Invitation { chat, .. } => {
                let job = Job {
                    scope,
                    decision,
                    told: Some(told),
                    reply,
                };
                Lanes::submit(&self.0, chat, job);
            }
            Scope::Creation { .. } | Scope::Pair { .. } => {
                let job = Job {
                    scope,
                    decision,
                    told: Some(told),
                    reply,
                };
                found(&self.0, job);
            }
        }
        Box::pin(async move {
            match timeout(DEADLINE, answer).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) => Err(StoreError::Unavailable {
                    why: "the command was dropped".into(),
                }),
                Err(_) => Err(StoreError::Busy { after: BUSY }),
            }
        })
    }

    fn view(&self, scope: Scope) -> Reading<'_, View> {
        soon(async move {
            let chat = match scope {
                Scope::Creation { .. } | Scope::Pair { .. } => {
                    return Ok(self.0.view_before(scope).await?.0);
                }
                Scope::Messages { chat, .. }
                | Scope::Membership { chat, .. }
                | Scope::Invitation { chat, .. } => chat,
            };
            let ledger = Ledger::load(&self.0.client, chat, &[scope]).await?;
            let around = self.0.around(scope).await?;
            Ok(ledger.view(scope, self.0.default_chat().await?, &around))
        })
    }

    fn establish(&self, default_chat: Chat, people: Vec<Newcomer>) -> Reading<'_, ChatId> {
        soon(async move {
            for newcomer in &people {
                let person = &newcomer.person;
                if self.0.one_person(person.id).await?.is_none() {
                    self.0.admit(person, &newcomer.skeleton).await?;
                }
            }
            self.0.establish_chat(default_chat).await
        })
    }

    fn register(&self, newcomer: Newcomer) -> Reading<'_, Person> {
        soon(self.0.admit_newcomer(newcomer))
    }

    fn person(&self, user: UserId) -> Reading<'_, Option<Person>> {
        soon(self.0.one_person(user))
    }

    fn parts(&self, user: UserId, open: Option<ChatId>) -> Reading<'_, Parts> {
        soon(self.0.screen(user, open))
    }

    fn page(&self, chat: ChatId, window: Window, limit: usize) -> Reading<'_, Page> {
        soon(self.0.page_of(chat, window, limit))
    }

    fn members(&self, chat: ChatId) -> Reading<'_, Vec<Person>> {
        soon(self.0.members_of(chat))
    }

    fn memberships(&self, user: UserId) -> Reading<'_, Vec<Membership>> {
        soon(self.0.memberships_of(user))
    }

    fn remind(&self, reminder: Reminder, limit: usize) -> Reading<'_, bool> {
        soon(self.0.keep_reminder(reminder, limit))
    }

    fn reminders(&self, user: UserId) -> Reading<'_, usize> {
        soon(self.0.reminders_of(user))
    }

    fn next_reminders(&self, limit: usize) -> Reading<'_, Vec<Reminder>> {
        soon(self.0.reminders_due(limit))
    }

    fn forget_reminder(&self, draft: DraftId) -> Reading<'_, ()> {
        soon(self.0.drop_reminder(draft))
    }

    fn add_passkey(&self, passkey: Passkey) -> Reading<'_, bool> {
        soon(self.0.keep_passkey(passkey))
    }

    fn passkeys(&self, user: UserId) -> Reading<'_, Vec<Passkey>> {
        soon(self.0.passkeys_of(user))
    }

    fn renew_passkey(&self, before: Passkey, after: Passkey) -> Reading<'_, bool> {
        soon(self.0.change_passkey(before, after))
    }

    fn remove_passkey(&self, user: UserId, id: String) -> Reading<'_, bool> {
        soon(self.0.drop_passkey(user, id))
    }
}

impl Inner {
    /// The chat that everybody finds. It never changes, so it is asked for once.
    async fn default_chat(&self) -> Result<Option<ChatId>, Failure> {
        if let Some(chat) = self.default_chat.get() {
            return Ok(Some(*chat));
        }
        let (partition, key) = default_place();
        let Some(row) = self.client.get(Table::Chats, &partition, &key).await? else {
            return Ok(None);
        };
        let chat = row.get("chat")?;
        Ok(Some(*self.default_chat.get_or_init(|| chat)))
    }

    /// Of several servers that start, one says which chat it is; all of them see to it that it is there.
    async fn establish_chat(&self, wished: Chat) -> Result<ChatId, Failure> {
        let (partition, key) = default_place();
        let row = Row::new(partition, key).with("chat", wished.id);
        if self.default_chat().await?.is_none() {
            match self.client.insert(Table::Chats, &row).await {
                Ok(()) | Err(Failure::Exists) => {}
                Err(failure) => return Err(failure),
            }
        }
        let id = self.default_chat().await?.ok_or(Failure::Missing)?;
        if wished.access == Access::Public {
            self.announce(id).await?;
        }
        let head = head_row(&Head {
            chat: Chat { id, ..wished },
            members: 0,
            gone: false,
            mark: String::new(),
        });
        match self.client.insert(Table::Messages, &head).await {
            Ok(()) | Err(Failure::Exists) => Ok(id),
            Err(failure) => Err(failure),
        }
    }
}

/// Creates a chat, in its turn, if somebody still waits for it then. Needs a running tokio.
fn found(inner: &Arc<Inner>, mut job: Job) {
    let Some(queued) = Queued::among(inner) else {
        // Whoever asked may have gone.
        let _ = job.reply.send(Err(StoreError::Busy { after: BUSY }));
        return;
    };
    let inner = inner.clone();
    tokio::spawn(async move {
        let decided = inner.found(&mut job).await;
        drop(queued);
        let _ = job.reply.send(decided);
    });
}

fn stripe(user: UserId) -> usize {
    usize::from(user.as_bytes()[15]) % STRIPES
}

fn default_place() -> (Key, Key) {
    (Key::word("default"), Key::word("chat"))
}
