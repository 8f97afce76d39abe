//! What a browser asks for: pages, server functions, files, and the rules that hold for every answer. Refuses
//! to know what a chat is; it stands on `Backend`.

mod api;
mod backend;
mod bodies;
mod files;
mod headers;
mod health;
mod origin;
mod pages;

pub use backend::{Desk, Issuing, Tickets};
pub(crate) use origin::called;

use crate::auth::{self, Auth, People, Sockets};
use crate::config::{Config, Secret};
use crate::error::Problem;
use crate::transport::HttpService;
use app::api::Backend;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use leptos::config::LeptosOptions;
use std::any::Any;
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::trace::TraceLayer;

/// What the site is made of.
pub struct Parts {
    pub backend: Arc<dyn Backend>,
    pub people: Arc<dyn People>,
    pub sockets: Arc<dyn Sockets>,
    /// Encrypts session cookies.
    pub session_key: Secret,
    /// The way to providers of sign-in, if any are set.
    pub http: Option<HttpService>,
    pub config: Config,
}

/// What every handler here may look at.
struct Site {
    backend: Arc<dyn Backend>,
    people: Arc<dyn People>,
    options: LeptosOptions,
    auth: Arc<Auth>,
    config: Config,
}

/// The whole site, behind its own rules. The webhook and the hub are merged beside it, outside of them: they
/// know their callers by signature and not by cookie. Needs a running tokio.
pub fn router(parts: Parts) -> Router {
    let auth = Auth::new(
        parts.people.clone(),
        parts.sockets,
        &parts.session_key,
        parts.http.as_ref(),
        &parts.config,
    );
    let auth = Arc::new(auth);
    let front = parts.config.sign_in.front;
    let site = Arc::new(Site {
        backend: parts.backend,
        people: parts.people,
        options: files::options(&parts.config.site_root),
        auth: auth.clone(),
        config: parts.config,
    });

    let recognised = pages::router(site.clone())
        .route("/api/signedIn", get(auth::signed_in))
        .route("/api/{name}", any(api::answer).with_state(site.clone()))
        .layer(from_fn_with_state(auth.clone(), auth::recognise));

    Router::new()
        .merge(recognised)
        .merge(auth::router(auth))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready).with_state(site.clone()))
        .fallback_service(any(files::answer).with_state(site.clone()))
        .layer(from_fn(bodies::collect))
        .layer(origin::same_site(&site.config))
        .layer(from_fn_with_state(site.clone(), origin::known_host))
        .layer(files::compression())
        .layer(CatchPanicLayer::custom(broken))
        .layer(from_fn_with_state(site, headers::complete))
        .layer(from_fn_with_state(front, auth::screen))
        .layer(TraceLayer::new_for_http().make_span_with(span))
}

/// The path only: an address may carry an access token behind it.
fn span(request: &Request<Body>) -> tracing::Span {
    tracing::debug_span!(
        "request",
        http.method = %request.method(),
        http.path = request.uri().path(),
    )
}

fn broken(panic: Box<dyn Any + Send>) -> Response {
    let why = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(why, "a handler panicked");
    Problem::Broken.into_response()
}
