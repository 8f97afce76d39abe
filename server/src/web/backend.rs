//! What the server functions stand on: `ChatService`, and whoever issues tickets for the socket.

use super::origin;
use crate::chat::ChatService;
use crate::config::PublicUrl;
use app::api::{ApiError, Backend, CurrentUser, Reply, Ticket};
use app::chat::{
    ChatId, ChatSummary, Command, DraftId, Outcome, Page, Post, Present, Refusal, Snapshot, UserId,
    Window,
};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Issues what opens a socket.
pub trait Tickets: Send + Sync {
    /// The URL of a socket for `user`, valid for a few minutes. `origin` is where the visitor sees this
    /// server, as `ws://host:port` or `wss://host`; whoever issues tickets for elsewhere has no use for it.
    fn ticket(&self, user: UserId, origin: String) -> Issuing<'_>;
}

/// A ticket on its way.
pub type Issuing<'a> = Pin<Box<dyn Future<Output = Result<String, Refusal>> + Send + 'a>>;

/// The whole server, as the pages see it.
pub struct Desk {
    pub service: Arc<ChatService>,
    pub tickets: Arc<dyn Tickets>,
    pub public_url: Option<PublicUrl>,
}

impl Backend for Desk {
    /// Fails with `Malformed` for a caller who does not say by which name it called.
    fn negotiate(&self, user: CurrentUser) -> Reply<'_, Ticket> {
        // The request is in context now, and not any more when the future is polled elsewhere.
        let called = leptos::context::use_context::<http::request::Parts>();
        let origin = match &self.public_url {
            Some(url) => Some(url.socket_origin()),
            None => called.and_then(|parts| origin::socket_origin(&parts)),
        };
        Box::pin(async move {
            let origin = origin.ok_or(Refusal::Malformed)?;
            let url = self.tickets.ticket(user.id(), origin).await?;
            Ok(Ticket { url })
        })
    }

    fn snapshot(&self, user: CurrentUser, open: Option<ChatId>) -> Reply<'_, Snapshot> {
        Box::pin(async move { Ok(self.service.snapshot(user.id(), open).await?) })
    }

    fn messages(&self, user: CurrentUser, chat: ChatId, window: Window) -> Reply<'_, Page> {
        Box::pin(async move { Ok(self.service.messages(user.id(), chat, window).await?) })
    }

    fn chats(&self, user: CurrentUser) -> Reply<'_, Vec<ChatSummary>> {
        Box::pin(async move { Ok(self.service.chats(user.id()).await?) })
    }

    fn people(&self, _: CurrentUser) -> Reply<'_, Vec<Present>> {
        Box::pin(async move { Ok(self.service.people().await?) })
    }

    fn post(&self, user: CurrentUser, chat: ChatId, draft: DraftId, body: String) -> Reply<'_, ()> {
        Box::pin(async move {
            let body = body.parse().map_err(Refusal::from)?;
            let command = Command::PostMessage(Post { chat, draft, body });
            match self.service.execute(user.id(), None, command).await.outcome {
                Outcome::Refused { why } => Err(ApiError::from(why)),
                _ => Ok(()),
            }
        })
    }
}
