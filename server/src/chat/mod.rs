//! The chat's own work: load, decide, commit, publish. `ChatService` is the front door for whoever has
//! established who is calling; it holds no rule. The rules are in `decide`, who hears what in `effects`.

pub mod publish;

pub use publish::{Performing, Publish, Unpublished};

use crate::store::{Store, StoreError};
use app::chat::{
    Answer, ChatId, ChatSummary, Command, Millis, Name, Outcome, Page, Person, Present, Refusal,
    Settings, Snapshot, UserId, Window,
};
use std::sync::Arc;

/// What a chat is made of.
pub struct Wiring {
    pub store: Arc<dyn Store>,
    pub publish: Arc<dyn Publish>,
    pub settings: Settings,
    /// Lets everybody do everything as often as they like: for load tests.
    pub relaxed: bool,
    pub clock: Arc<dyn Fn() -> Millis + Send + Sync>,
}

/// What a connection is given when it opens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    pub groups: Vec<String>,
    pub roles: Vec<String>,
}

pub struct ChatService {
    wiring: Wiring,
}

impl ChatService {
    /// Sees to it that the default chat is there, and delivers what is due. Needs a running tokio.
    pub async fn start(wiring: Wiring) -> Result<Arc<Self>, StoreError> {
        Ok(Arc::new(ChatService { wiring }))
    }

    /// Does what `actor` asks, on `connection` if it came by a socket. A refusal is an answer too.
    pub async fn execute(
        &self,
        actor: UserId,
        connection: Option<&str>,
        command: Command,
    ) -> Answer {
        let _ = (actor, connection);
        Answer {
            draft: command.draft(),
            outcome: Outcome::Refused {
                why: Refusal::Unavailable,
            },
        }
    }

    /// What a new connection of `user` may hear and say, from the rows of now. Fails with `SignedOut` for
    /// somebody who is not stored.
    pub async fn connect(&self, connection: &str, user: UserId) -> Result<Grant, Refusal> {
        let _ = (connection, user);
        Err(Refusal::Unavailable)
    }

    /// The connection is open: whoever it is, is online; and what changed since `connect` is made up for.
    pub async fn connected(&self, connection: &str, user: UserId) {
        let _ = (connection, user);
    }

    /// The connection is closed for good.
    pub async fn disconnected(&self, connection: &str) {
        let _ = connection;
    }

    /// Stores a new guest, with a tag if the name is taken or reserved, and lets them join the default chat.
    pub async fn sign_in_guest(&self, name: Name) -> Result<Person, Refusal> {
        let _ = name;
        Err(Refusal::Unavailable)
    }

    pub async fn person(&self, user: UserId) -> Result<Option<Person>, Refusal> {
        self.wiring
            .store
            .person(user)
            .await
            .map_err(|_| Refusal::Unavailable)
    }

    /// The whole screen of `user`. Fails with `SignedOut` for somebody who is not stored.
    pub async fn snapshot(&self, user: UserId, open: Option<ChatId>) -> Result<Snapshot, Refusal> {
        let _ = (user, open);
        Err(Refusal::Unavailable)
    }

    /// Fails with `NoSuchChat` for what `user` may not read.
    pub async fn messages(
        &self,
        user: UserId,
        chat: ChatId,
        window: Window,
    ) -> Result<Page, Refusal> {
        let _ = (user, chat, window);
        Err(Refusal::Unavailable)
    }

    /// The chats that `user` can see.
    pub async fn chats(&self, user: UserId) -> Result<Vec<ChatSummary>, Refusal> {
        let _ = user;
        Err(Refusal::Unavailable)
    }

    /// Everybody who is online.
    pub async fn people(&self) -> Result<Vec<Present>, Refusal> {
        Err(Refusal::Unavailable)
    }
}
