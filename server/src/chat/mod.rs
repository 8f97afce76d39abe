//! The chat's own work: load, decide, commit, publish. `ChatService` is the front door for whoever has
//! established who is calling; it holds no rule. The rules are in `decide`, who hears what in `effects`.

mod arrivals;
pub mod bots;
mod connections;
pub mod decide;
pub mod effects;
mod hearing;
mod lanes;
mod limits;
pub mod moderator;
mod namesakes;
mod passkeys;
mod presence;
pub mod publish;
mod reminders;
mod seats;
mod tally;

pub use connections::Grant;
pub use namesakes::newcomer;
pub use publish::{Existing, Performing, Publish, Unpublished};
pub use seats::{Pace, Shared};

use crate::store::{Commit, Decided, Scope, Store, StoreError};
use app::chat::{
    Access, Answer, Chat, ChatId, ChatName, ChatSummary, Command, Fact, Kind, Millis, Moderation,
    Name, Outcome, Page, Person, Presence, Present, Record, Refusal, Remark, Seq, Settings,
    Snapshot, UserId, Window,
};
use arrivals::Arrivals;
use bots::Bot;
use decide::Asked;
use lanes::Lanes;
use limits::Limits;
use moderator::Moderator;
use presence::Roster;
use seats::{Own, keep_looking};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

/// How often a decision is made again when its rows changed meanwhile. A store with one writer needs none.
const TRIES: usize = 8;

/// Tags that are tried for one namesake before giving up. There are 65,536.
const TAGS: usize = 16;

/// Reminders that one person may have waiting.
const REMINDERS: usize = 20;

/// What a chat is made of.
pub struct Wiring {
    pub store: Arc<dyn Store>,
    pub publish: Arc<dyn Publish>,
    pub moderator: Arc<dyn Moderator>,
    /// The first one delivers reminders.
    pub bots: Vec<Arc<dyn Bot>>,
    pub settings: Settings,
    /// Lets everybody do everything as often as they like: for load tests.
    pub relaxed: bool,
    /// Who is connected, where other servers share the sockets; `None` where this server hears of all of them.
    pub shared: Option<Shared>,
    pub clock: Arc<dyn Fn() -> Millis + Send + Sync>,
}

pub struct ChatService {
    wiring: Wiring,
    /// Shared with the lanes. A std lock, held for a line.
    roster: Arc<Mutex<Roster>>,
    lanes: Lanes,
    limits: Limits,
    arriving: Mutex<Arrivals>,
    own: Own,
    /// A reminder was added: the earliest may be another one now.
    reminded: Arc<Notify>,
    default_chat: ChatId,
    me: Weak<ChatService>,
}

impl ChatService {
    /// Sees to it that the default chat is there, and delivers what is due. Needs a running tokio.
    pub async fn start(wiring: Wiring) -> Result<Arc<Self>, StoreError> {
        let newcomers = wiring
            .bots
            .iter()
            .map(|bot| namesakes::newcomer(bot.person()))
            .collect();
        let lobby = lobby((wiring.clock)());
        let default_chat = wiring.store.establish(lobby, newcomers).await?;
        let roster = Arc::default();
        let service = Arc::new_cyclic(|me| ChatService {
            lanes: Lanes::start(
                &wiring.publish,
                &roster,
                wiring.shared.clone().map(|shared| (me.clone(), shared)),
            ),
            roster,
            limits: Limits::default(),
            arriving: Mutex::default(),
            own: Own::default(),
            reminded: Arc::default(),
            default_chat,
            me: me.clone(),
            wiring,
        });
        tokio::spawn(reminders::deliver(
            Arc::downgrade(&service),
            service.reminded.clone(),
        ));
        tokio::spawn(tidy(Arc::downgrade(&service)));
        if let Some(shared) = &service.wiring.shared {
            tokio::spawn(keep_looking(Arc::downgrade(&service), shared.clone()));
        }
        Ok(service)
    }

    /// Does what `actor` asks, on `connection` if it came by a socket. A refusal is an answer too.
    pub async fn execute(
        &self,
        actor: UserId,
        connection: Option<&str>,
        command: Command,
    ) -> Answer {
        let draft = command.draft();
        let outcome = match self.try_execute(actor, connection, command).await {
            Ok(outcome) => outcome,
            Err(why) => Outcome::Refused { why },
        };
        Answer { draft, outcome }
    }

    /// Stores a new guest, with a tag if the name is taken or reserved, and lets them join the default chat.
    pub async fn sign_in_guest(&self, name: Name) -> Result<Person, Refusal> {
        for _ in 0..TAGS {
            if let Some(person) = self.admit(UserId::random(), Kind::Guest, &name).await? {
                return Ok(person);
            }
        }
        tracing::warn!("a name has no free tag");
        Err(Refusal::Unavailable)
    }

    /// Somebody under an identity that a provider vouches for: as they are stored, or with this name if they
    /// come for the first time.
    pub async fn sign_in_known(
        &self,
        id: UserId,
        kind: Kind,
        name: Name,
    ) -> Result<Person, Refusal> {
        for _ in 0..TAGS {
            // Looked for each time: two first visits may meet, and one of them is first.
            if let Some(person) = self.person(id).await? {
                return Ok(person);
            }
            if let Some(person) = self.admit(id, kind, &name).await? {
                return Ok(person);
            }
        }
        tracing::warn!("a name has no free tag");
        Err(Refusal::Unavailable)
    }

    /// Stores somebody, with a tag if the name is taken or reserved, and lets them join the default chat. `None`
    /// if the tag is taken as well, or the identity.
    async fn admit(&self, id: UserId, kind: Kind, name: &Name) -> Result<Option<Person>, Refusal> {
        let tag = Uuid::new_v4().as_u128() & 0xffff;
        let newcomer = namesakes::newcomer(Person {
            id,
            name: name.clone(),
            tag: Some(format!("{tag:04x}")),
            kind,
        });
        let person = match self.wiring.store.register(newcomer).await {
            Ok(person) => person,
            Err(StoreError::Conflict) => return Ok(None),
            Err(error) => return Err(unavailable(&error)),
        };
        let join = Command::JoinChat {
            chat: self.default_chat,
        };
        self.commit(&person, Arc::new(join)).await?;
        Ok(Some(person))
    }

    pub async fn person(&self, user: UserId) -> Result<Option<Person>, Refusal> {
        let here = lock(&self.roster).person(user);
        match here {
            Some(person) => Ok(Some(person)),
            None => stored(self.wiring.store.person(user).await),
        }
    }

    /// The whole screen of `user`. Fails with `SignedOut` for somebody who is not stored.
    pub async fn snapshot(&self, user: UserId, open: Option<ChatId>) -> Result<Snapshot, Refusal> {
        let me = self.actor(user).await?;
        // The time comes first: what happens after it is told, what happened before is in the rows.
        let taken_at = (self.wiring.clock)();
        let parts = stored(self.wiring.store.parts(user, open).await)?;
        Ok(Snapshot {
            me,
            default_chat: parts.default_chat,
            chats: parts.chats,
            people: self.everybody().await?,
            open: parts.open,
            settings: self.wiring.settings,
            taken_at,
        })
    }

    /// Fails with `NoSuchChat` for what `user` may not read.
    pub async fn messages(
        &self,
        user: UserId,
        chat: ChatId,
        window: Window,
    ) -> Result<Page, Refusal> {
        let scope = Scope::Messages {
            chat,
            actor: user,
            draft: None,
        };
        let view = stored(self.wiring.store.view(scope).await)?;
        if !view
            .chat
            .as_ref()
            .is_some_and(|chat| chat.may_read(view.is_member()))
        {
            return Err(Refusal::NoSuchChat);
        }
        stored(self.wiring.store.page(chat, window, Page::SIZE).await)
    }

    /// The chats that `user` can see.
    pub async fn chats(&self, user: UserId) -> Result<Vec<ChatSummary>, Refusal> {
        self.actor(user).await?;
        let parts = stored(self.wiring.store.parts(user, None).await)?;
        Ok(parts.chats)
    }

    /// Everybody who is online.
    pub async fn people(&self) -> Result<Vec<Present>, Refusal> {
        self.everybody().await
    }

    async fn try_execute(
        &self,
        actor: UserId,
        connection: Option<&str>,
        command: Command,
    ) -> Result<Outcome, Refusal> {
        let actor = self.actor(actor).await?;
        if !self.wiring.relaxed {
            self.limits.check(actor.id, &command)?;
        }
        match command {
            Command::UserEnterIdle {} => self.idle(actor.id, connection, true).await,
            Command::UserExitIdle {} => self.idle(actor.id, connection, false).await,
            command => {
                let command = Arc::new(command);
                let commit = self.commit(&actor, command.clone()).await?;
                self.let_bots_hear(&commit);
                Ok(Outcome::Done {
                    remark: self.remark(&command, &commit),
                    facts: commit.facts,
                })
            }
        }
    }

    /// Decides, stores, and tells; returns when all three are done.
    async fn commit(&self, actor: &Person, command: Arc<Command>) -> Result<Commit, Refusal> {
        let Some(scope) = decide::scope(actor.id, &command) else {
            return Err(Refusal::Malformed);
        };
        for _ in 0..TRIES {
            let (ordered, publication) = oneshot::channel();
            let decided = self.transact(scope, actor, &command, ordered).await;
            match decided {
                Ok(Ok(commit)) => {
                    // Members are let in and told before whoever asked goes on; whether the service took it is
                    // logged there. Nothing waits where nothing was told.
                    if let Ok(told) = publication.await {
                        let _ = told.await;
                    }
                    return Ok(commit);
                }
                Ok(Err(refusal)) => return Err(refusal),
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(unavailable(&error)),
            }
        }
        tracing::warn!(command = command.name(), "gave up after {TRIES} conflicts");
        Err(Refusal::Unavailable)
    }

    async fn transact(
        &self,
        scope: Scope,
        actor: &Person,
        command: &Arc<Command>,
        ordered: oneshot::Sender<oneshot::Receiver<()>>,
    ) -> Result<Decided, StoreError> {
        let (actor, command) = (actor.clone(), command.clone());
        let (fresh, now) = (ChatId::random(), (self.wiring.clock)());
        let moderator = self.wiring.moderator.clone();
        let me = self.me.clone();
        self.wiring
            .store
            .transact(
                scope,
                Arc::new(move |view| {
                    decide::decide(
                        view,
                        &Asked {
                            actor: &actor,
                            command: &command,
                            now,
                            fresh,
                            moderator: &*moderator,
                        },
                    )
                }),
                Box::new(move |commit| {
                    let chat = commit.chat.as_ref().map(|chat| chat.id);
                    let Some((service, chat)) = me.upgrade().zip(chat) else {
                        return;
                    };
                    if effects::is_heard(commit) {
                        // Whoever asked may have gone.
                        let _ = ordered.send(service.lanes.commit(chat, commit.clone()));
                    }
                }),
            )
            .await
    }

    /// Changes the roster and tells everybody, in the order of the changes.
    fn tell_presence(&self, change: impl FnOnce(&mut Roster) -> Option<Fact>) {
        let mut roster = lock(&self.roster);
        if let Some(fact) = change(&mut roster) {
            self.lanes.presence(effects::presence(fact));
        }
    }

    async fn everybody(&self) -> Result<Vec<Present>, Refusal> {
        self.know_who_is_there().await?;
        let bots = self.wiring.bots.iter().map(|bot| Present {
            person: bot.person(),
            presence: Presence::Online,
        });
        let mut everybody = lock(&self.roster).everybody();
        everybody.extend(bots);
        Ok(everybody)
    }

    async fn actor(&self, user: UserId) -> Result<Person, Refusal> {
        self.person(user).await?.ok_or(Refusal::SignedOut)
    }

    async fn chats_of(&self, user: UserId) -> Result<HashSet<ChatId>, Refusal> {
        let rows = stored(self.wiring.store.memberships(user).await)?;
        Ok(rows.into_iter().map(|row| row.chat).collect())
    }

    /// What the author should know about their message.
    fn remark(&self, command: &Command, commit: &Commit) -> Option<Remark> {
        let (Command::PostMessage(post), [Fact::MessagePosted(message)]) =
            (command, commit.facts.as_slice())
        else {
            return None;
        };
        if !message.masked {
            return None;
        }
        let verdict = self.wiring.moderator.judge(post.body.as_str())?;
        Some(Remark::Masked {
            words: verdict.words,
        })
    }
}

/// The chat in which everybody starts. Nobody owns it.
fn lobby(now: Millis) -> Chat {
    Chat {
        id: ChatId::random(),
        name: "Lobby".parse::<ChatName>().expect("a fit name"),
        access: Access::Public,
        record: Record::Kept,
        // It has no owner who could set this, and it is where strangers meet.
        moderation: Moderation::Mask,
        owner: None,
        created_at: now,
        last: Seq::ZERO,
        version: 1,
    }
}

/// Forgets who is not limited any more, and whoever never came, now and then.
async fn tidy(service: Weak<ChatService>) {
    loop {
        tokio::time::sleep(std::time::Duration::from_secs(300)).await;
        match service.upgrade() {
            Some(service) => {
                service.limits.tidy();
                lock(&service.arriving).tidy();
            }
            None => return,
        }
    }
}

fn stored<T>(answer: Result<T, StoreError>) -> Result<T, Refusal> {
    answer.map_err(|error| unavailable(&error))
}

fn unavailable(error: &StoreError) -> Refusal {
    match error {
        StoreError::Busy { after } => {
            tracing::warn!(wait_ms = after.as_millis(), "the store is busy");
        }
        StoreError::Conflict | StoreError::Corrupt { .. } | StoreError::Unavailable { .. } => {
            tracing::error!(error = error as &dyn std::error::Error, "the store failed");
        }
    }
    Refusal::Unavailable
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
