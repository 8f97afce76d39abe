//! Who is calling. A session is a random person's identity in an encrypted cookie; `recognise` turns it into
//! the `CurrentUser` that pages and server functions see. Refuses to know what people may do.

mod address;
mod guest;
mod people;
mod rate;
mod session;
mod sockets;

pub use people::{Asking, People};
pub use session::Sessions;
pub use sockets::{Closing, Sockets};

use crate::error::Problem;
use app::api::CurrentUser;
use app::chat::UserId;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode};
use rate::SignInRate;
use serde::Serialize;
use std::sync::Arc;

/// Everything that sign-in needs.
pub struct Auth {
    people: Arc<dyn People>,
    sockets: Arc<dyn Sockets>,
    sessions: Sessions,
    rate: SignInRate,
    guests: bool,
    trust_proxy: bool,
}

impl Auth {
    pub fn new(
        people: Arc<dyn People>,
        sockets: Arc<dyn Sockets>,
        sessions: Sessions,
        config: &crate::config::Config,
    ) -> Self {
        Auth {
            people,
            sockets,
            sessions,
            rate: SignInRate::new(config.relaxed),
            guests: config.guests,
            trust_proxy: config.trust_proxy,
        }
    }

    /// The caller, if the cookie is ours and names somebody who is stored.
    async fn visitor(&self, headers: &HeaderMap) -> Result<Option<CurrentUser>, Problem> {
        let Some(session) = self.sessions.read(headers) else {
            return Ok(None);
        };
        let person = self.people.find(session.user).await;
        Ok(person.map_err(|_| Problem::Unavailable)?.map(CurrentUser))
    }
}

/// `/.auth/*`: sign-in, sign-out and who one is.
pub fn router(auth: Arc<Auth>) -> Router {
    Router::new()
        .route("/.auth/login/guest", post(guest::sign_in))
        .route("/.auth/logout", post(sign_out))
        .route("/.auth/me", get(me))
        .method_not_allowed_fallback(|request: Request| async move {
            match request.uri().path() {
                "/.auth/me" => Problem::GetOnly,
                _ => Problem::PostOnly,
            }
        })
        .with_state(auth)
}

/// Puts `Option<CurrentUser>` into the request's extensions, and gives a session that is used a longer life.
pub async fn recognise(
    State(auth): State<Arc<Auth>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let visitor = auth.visitor(request.headers()).await?;
    let renewed = visitor
        .as_ref()
        .and_then(|_| auth.sessions.renewed(request.headers()));
    request.extensions_mut().insert(visitor);
    let response = next.run(request).await;
    Ok(match renewed {
        Some(cookies) => (cookies, response).into_response(),
        None => response,
    })
}

async fn sign_out(State(auth): State<Arc<Auth>>, headers: HeaderMap) -> Response {
    let home = Redirect::to("/");
    let Some(session) = auth.sessions.read(&headers) else {
        return home.into_response();
    };
    auth.sockets.close(session.user).await;
    (auth.sessions.end(&headers), home).into_response()
}

/// As Azure Static Web Apps answer it; `null` and 401 for a stranger.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Me {
    client_principal: Option<Principal>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Principal {
    identity_provider: &'static str,
    user_id: UserId,
    user_details: String,
    user_roles: [&'static str; 2],
}

async fn me(State(auth): State<Arc<Auth>>, headers: HeaderMap) -> Result<Response, Problem> {
    let visitor = auth.visitor(&headers).await?;
    let status = match visitor {
        Some(_) => StatusCode::OK,
        None => StatusCode::UNAUTHORIZED,
    };
    let client_principal = visitor.map(|CurrentUser(person)| Principal {
        identity_provider: "guest",
        user_id: person.id,
        user_details: person.to_string(),
        user_roles: ["anonymous", "authenticated"],
    });
    Ok((status, axum::Json(Me { client_principal })).into_response())
}
