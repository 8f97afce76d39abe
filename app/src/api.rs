//! Server functions: what a page asks over HTTP. Each is one line; the work stands behind `Backend`, which
//! the server implements and puts into context, so this crate does not know the server. Arguments travel as
//! JSON; only what a form without scripts may send is form-encoded.

mod codec;

use crate::chat::{ChatId, Millis, Page, Present, Refusal, Snapshot, Window};
use crate::chat::{ChatSummary, DraftId};
use crate::print::Print;
use crate::tree::Read;
use codec::{Answered, Asking};
use leptos::prelude::*;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
pub use backend::{Backend, CurrentUser, Reply};
pub use codec::Codec;

/// Where and how to open the socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Read)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// `ws://…` or `wss://…` with an access token that is valid for a few minutes.
    pub url: String,
}

/// Why a server function did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize, Read)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ApiError {
    #[error(transparent)]
    Refused { why: Refusal },
    /// The request did not arrive, or the answer is not one of ours.
    #[error("The server cannot be reached just now.")]
    Unreachable,
}

impl From<Refusal> for ApiError {
    fn from(why: Refusal) -> Self {
        ApiError::Refused { why }
    }
}

impl FromServerFnError for ApiError {
    type Encoder = Codec;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::Deserialization(_) => Refusal::Malformed.into(),
            _ => ApiError::Unreachable,
        }
    }
}

/// How one can get in, as the operator set it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaysIn {
    /// Where a name is sent to, if it is enough.
    pub by_name: Option<String>,
    /// Whether a passkey can be used at the address that was called.
    pub by_passkey: bool,
    pub providers: Vec<Provider>,
}

/// Somebody who vouches for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// What people call it.
    pub label: String,
    /// Where it begins, without the path to return to.
    pub path: String,
    /// What has to be passed on the way back, which then leads on.
    pub by_way_of: Option<String>,
}

/// What a guest can sign in by besides the cookie, as its person sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Read)]
#[serde(rename_all = "camelCase")]
pub struct Passkey {
    pub id: String,
    pub added_at: Millis,
    /// Zero if never.
    pub used_at: Millis,
}

impl Passkey {
    /// All that a person has, as the server lists them.
    pub fn all_of(json: &str) -> Result<Vec<Passkey>, ApiError> {
        crate::tree::read(json).map_err(|_| ApiError::Unreachable)
    }
}

/// Issues the caller a URL for the socket, valid for 5 minutes. Fails with `SignedOut`.
#[server(prefix = "/api", endpoint = "getToken", protocol = Asking, input_derive = (Deserialize, Print))]
pub async fn negotiate() -> Result<Ticket, ApiError> {
    backend()?.negotiate(current_user()?).await
}

/// Everything a page needs to start, with `open` as the chat in front. Fails with `SignedOut`.
#[server(prefix = "/api", endpoint = "snapshot", protocol = Asking, input_derive = (Deserialize, Print))]
pub async fn take_snapshot(open: Option<ChatId>) -> Result<Snapshot, ApiError> {
    backend()?.snapshot(current_user()?, open).await
}

/// A page of at most `Page::SIZE` messages. Fails with `NoSuchChat` for what the caller may not read.
#[server(prefix = "/api", endpoint = "messages", protocol = Asking, input_derive = (Deserialize, Print))]
pub async fn read_messages(chat: ChatId, window: Window) -> Result<Page, ApiError> {
    backend()?.messages(current_user()?, chat, window).await
}

/// The chats that the caller can see. Fails with `SignedOut`.
#[server(prefix = "/api", endpoint = "chats", protocol = Asking, input_derive = (Deserialize, Print))]
pub async fn list_chats() -> Result<Vec<ChatSummary>, ApiError> {
    backend()?.chats(current_user()?).await
}

/// The people who are online. Fails with `SignedOut`.
#[server(prefix = "/api", endpoint = "users", protocol = Asking, input_derive = (Deserialize, Print))]
pub async fn list_people() -> Result<Vec<Present>, ApiError> {
    backend()?.people(current_user()?).await
}

/// Posts a message without a socket: the composer's form where scripts are off. `draft` was made when the
/// page was rendered, so that a repeated submit posts once; `body` is judged like any other. The refusal comes
/// back to the page by redirect.
#[server(prefix = "/api", endpoint = "postMessage", output = Answered)]
pub async fn post_message(chat: ChatId, draft: DraftId, body: String) -> Result<(), ApiError> {
    backend()?.post(current_user()?, chat, draft, body).await
}

/// The theme that the visitor chose on an earlier page; `None` follows the system.
#[cfg(feature = "ssr")]
pub fn requested_theme() -> Option<&'static str> {
    let parts = use_context::<http::request::Parts>()?;
    let cookies = parts.headers.get(http::header::COOKIE)?.to_str().ok()?;
    cookies
        .split(';')
        .find_map(|pair| match pair.trim().strip_prefix("theme=")? {
            "light" => Some("light"),
            "dark" => Some("dark"),
            _ => None,
        })
}

/// Whether this side renders a page once, rather than keeping it alive.
pub const fn is_server() -> bool {
    cfg!(feature = "ssr")
}

/// Gives the page that is being rendered the status 404. In the browser there is nothing to do.
pub fn answer_not_found() {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
}

#[cfg(feature = "ssr")]
fn backend() -> Result<std::sync::Arc<dyn Backend>, ApiError> {
    use_context().ok_or(ApiError::Unreachable)
}

#[cfg(feature = "ssr")]
fn current_user() -> Result<CurrentUser, ApiError> {
    use_context::<Option<CurrentUser>>()
        .flatten()
        .ok_or_else(|| Refusal::SignedOut.into())
}

#[cfg(feature = "ssr")]
mod backend {
    use super::{ApiError, Ticket};
    use crate::chat::{
        ChatId, ChatSummary, DraftId, Page, Person, Present, Snapshot, UserId, Window,
    };
    use std::future::Future;
    use std::pin::Pin;

    /// The signed-in caller. Only the server's sign-in makes one, from the session cookie.
    #[derive(Clone, Debug)]
    pub struct CurrentUser(pub Person);

    impl CurrentUser {
        pub fn id(&self) -> UserId {
            self.0.id
        }
    }

    /// An answer on its way.
    pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, ApiError>> + Send + 'a>>;

    /// What the server offers to the server functions.
    pub trait Backend: Send + Sync {
        fn negotiate(&self, user: CurrentUser) -> Reply<'_, Ticket>;
        fn snapshot(&self, user: CurrentUser, open: Option<ChatId>) -> Reply<'_, Snapshot>;
        fn messages(&self, user: CurrentUser, chat: ChatId, window: Window) -> Reply<'_, Page>;
        fn chats(&self, user: CurrentUser) -> Reply<'_, Vec<ChatSummary>>;
        fn people(&self, user: CurrentUser) -> Reply<'_, Vec<Present>>;
        fn post(
            &self,
            user: CurrentUser,
            chat: ChatId,
            draft: DraftId,
            body: String,
        ) -> Reply<'_, ()>;
    }
}
