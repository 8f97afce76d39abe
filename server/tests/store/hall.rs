//! A store, and people who use it by the rules of the product. Knows no engine: a `Place` opens the store.

use app::chat::{
    Access, Body, Chat, ChatId, Command, DraftId, Fact, Kind, Message, Millis, Moderation, Page,
    Person, Post, Record, Refusal, Seq, UserId, Window,
};
use server::chat::decide::{Asked, decide, scope};
use server::chat::moderator::LocalModerator;
use server::store::{Commit, Decided, Newcomer, Scope, Store, StoreError, View};
use std::future::Future;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// How often somebody decides again on newer rows: a store with many writers may ask for it often.
const TRIES: usize = 10_000;

/// Where a store keeps its rows.
pub trait Place: Sized + Send + Sync + 'static {
    /// How many people a crowd is here: more than a list shows, and no more than a test has time for.
    const CROWD: usize = 5_000;

    /// One where nothing is kept yet.
    async fn new() -> Self;

    /// The store of what is kept here. No two at once.
    async fn open(&self) -> Arc<dyn Store>;
}

/// An open store with a default chat.
pub struct Hall<P> {
    pub store: Arc<dyn Store>,
    pub lobby: ChatId,
    pub place: P,
    time: AtomicU64,
    told: Arc<Mutex<Vec<Commit>>>,
}

impl<P: Place> Hall<P> {
    pub async fn new() -> Arc<Self> {
        let place = P::new().await;
        Arc::new(Hall::at(place, 1).await)
    }

    pub async fn at(place: P, time: u64) -> Self {
        let store = place.open().await;
        let lobby = store.establish(lobby(), Vec::new()).await;
        Hall {
            store,
            lobby: lobby.expect("a default chat"),
            place,
            time: AtomicU64::new(time),
            told: Arc::default(),
        }
    }

    /// Closes the store, and opens it again.
    pub async fn reopened(self: Arc<Self>) -> Arc<Self> {
        let Ok(hall) = Arc::try_unwrap(self) else {
            panic!("somebody still uses the store");
        };
        drop(hall.store);
        Arc::new(Hall::at(hall.place, hall.time.into_inner()).await)
    }
}

impl<P> Hall<P> {
    /// Somebody new, whose name nobody has.
    pub async fn guest(&self, name: &str) -> Person {
        let newcomer = newcomer(name, &format!("{}", self.now().0), Kind::Guest);
        self.store.register(newcomer).await.expect("is let in")
    }

    /// This many people.
    pub async fn guests(self: &Arc<Self>, count: usize) -> Vec<Person>
    where
        P: Place,
    {
        at_once((0..count).map(|number| {
            let hall = self.clone();
            async move { hall.guest(&format!("Guest {number}")).await }
        }))
        .await
    }

    /// A new chat of somebody's, who is its first member.
    pub async fn chat(&self, owner: &Person, access: Access) -> ChatId {
        self.chat_with(owner, access, Record::Kept).await
    }

    pub async fn chat_with(&self, owner: &Person, access: Access, record: Record) -> ChatId {
        let create = create(DraftId::random(), access, record);
        made(&self.does(owner, &create).await).id
    }

    pub async fn post(&self, author: &Person, chat: ChatId, text: &str) -> Message {
        posted(&self.does(author, &post(chat, text)).await)
    }

    /// This many messages of one person, posted as fast as the store takes them, in the order of the chat.
    pub async fn fill(self: &Arc<Self>, author: &Person, chat: ChatId, count: u64) -> Vec<Message>
    where
        P: Place,
    {
        let mut messages = at_once((0..count).map(|number| {
            let (hall, author) = (self.clone(), author.clone());
            async move { hall.post(&author, chat, &format!("words {number}")).await }
        }))
        .await;
        messages.sort_by_key(|message| message.seq);
        messages
    }

    pub async fn does(&self, actor: &Person, command: &Command) -> Commit {
        match self.ask(actor, command).await {
            Ok(commit) => commit,
            Err(refusal) => panic!("{command:?} was refused: {refusal}"),
        }
    }

    pub async fn is_refused(&self, actor: &Person, command: &Command) -> Refusal {
        match self.ask(actor, command).await {
            Ok(commit) => panic!("{command:?} was done: {commit:?}"),
            Err(refusal) => refusal,
        }
    }

    /// Decides by the rules, again and again while the rows change meanwhile, as the service does.
    pub async fn ask(&self, actor: &Person, command: &Command) -> Decided {
        let scope = scope(actor.id, command).expect("a matter of rows");
        let (now, fresh) = (self.now(), ChatId::random());
        for _ in 0..TRIES {
            let (actor, command, told) = (actor.clone(), command.clone(), self.told.clone());
            let decision = move |view: &View| {
                decide(
                    view,
                    &Asked {
                        actor: &actor,
                        command: &command,
                        now,
                        fresh,
                        moderator: &LocalModerator,
                    },
                )
            };
            let hear = move |commit: &Commit| told.lock().expect("whole").push(commit.clone());
            let decided = self
                .store
                .transact(scope, Arc::new(decision), Box::new(hear));
            match decided.await {
                Ok(decided) => return decided,
                Err(StoreError::Conflict) => tokio::task::yield_now().await,
                Err(StoreError::Busy { after }) => tokio::time::sleep(after).await,
                Err(broken) => panic!("the store does not answer: {broken}"),
            }
        }
        panic!("the rows never stayed as they were");
    }

    /// Applies these facts, whatever the rows are, once.
    pub async fn apply(&self, scope: Scope, facts: Vec<Fact>) -> Result<Commit, StoreError> {
        let decision = move |_: &View| Ok(facts.clone());
        let decided = self
            .store
            .transact(scope, Arc::new(decision), Box::new(|_| ()));
        decided
            .await
            .map(|decided| decided.expect("nothing refuses"))
    }

    /// What has been told of commits so far.
    pub fn told(&self) -> Vec<Commit> {
        self.told.lock().expect("whole").clone()
    }

    pub async fn view(&self, scope: Scope) -> View {
        self.store.view(scope).await.expect("a view")
    }

    /// The chat, and whether somebody is in it.
    pub async fn seen(&self, chat: ChatId, actor: &Person) -> View {
        self.view(Scope::Membership {
            chat,
            actor: actor.id,
        })
        .await
    }

    /// The chat as it is stored.
    pub async fn stored(&self, chat: ChatId) -> Chat {
        let actor = UserId::from_bytes([0; 16]);
        let view = self.view(Scope::Membership { chat, actor }).await;
        view.chat.expect("the chat is there")
    }

    pub async fn page(&self, chat: ChatId, window: Window, limit: usize) -> Page {
        self.store.page(chat, window, limit).await.expect("a page")
    }

    /// Every message of a chat.
    pub async fn messages(&self, chat: ChatId) -> Vec<Message> {
        self.page(chat, Window::Latest, 1_000_000).await.messages
    }

    pub async fn members(&self, chat: ChatId) -> Vec<Person> {
        self.store.members(chat).await.expect("members")
    }

    /// Later than every time before.
    pub fn now(&self) -> Millis {
        Millis(self.time.fetch_add(1, Ordering::Relaxed))
    }
}

/// All at once, each on a task of its own; answers in the order of the askers.
pub async fn at_once<T, F>(askers: impl IntoIterator<Item = F>) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let running: Vec<_> = askers.into_iter().map(tokio::spawn).collect();
    let mut answers = Vec::with_capacity(running.len());
    for one in running {
        answers.push(one.await.expect("does not panic"));
    }
    answers
}

/// A default chat to propose.
pub fn lobby() -> Chat {
    Chat {
        id: ChatId::random(),
        name: "Lobby".parse().expect("fit"),
        access: Access::Public,
        record: Record::Kept,
        moderation: Moderation::Mask,
        owner: None,
        created_at: Millis(1),
        last: Seq::ZERO,
        version: 1,
    }
}

pub fn newcomer(name: &str, tag: &str, kind: Kind) -> Newcomer {
    Newcomer {
        person: Person {
            id: UserId::random(),
            name: name.parse().expect("fit"),
            tag: Some(tag.to_owned()),
            kind,
        },
        skeleton: name.to_lowercase(),
        reserved: false,
    }
}

pub fn post(chat: ChatId, text: &str) -> Command {
    Command::PostMessage(Post {
        chat,
        draft: DraftId::random(),
        body: text.parse::<Body>().expect("fit"),
    })
}

pub fn create(draft: DraftId, access: Access, record: Record) -> Command {
    Command::CreateChat {
        draft,
        name: "Tea".parse().expect("fit"),
        access,
        record,
    }
}

pub fn rename(chat: ChatId, name: &str) -> Command {
    Command::RenameChat {
        chat,
        name: name.parse().expect("fit"),
    }
}

/// The message that a commit is about.
pub fn posted(commit: &Commit) -> Message {
    match &commit.facts[..] {
        [Fact::MessagePosted(message)] => message.clone(),
        other => panic!("{other:?}"),
    }
}

/// The chat that a commit made or found.
pub fn made(commit: &Commit) -> Chat {
    let chat = commit.facts.iter().find_map(|fact| match fact {
        Fact::ChatCreated { chat, .. } | Fact::JoinPrivateChat { chat, .. } => Some(chat.clone()),
        _ => None,
    });
    chat.expect("a chat")
}

pub fn seqs(messages: &[Message]) -> Vec<u64> {
    messages.iter().map(|message| message.seq.0).collect()
}

/// These places, without a gap.
pub fn places(range: Range<u64>) -> Vec<u64> {
    range.collect()
}
