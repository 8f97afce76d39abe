//! Pages: Leptos renders them, with what the server functions stand on and who is calling in context. Who must
//! sign in first is sent there before anything is rendered.

use super::{Site, headers};
use any_spawner::Executor;
use app::api::{ApiError, CurrentUser};
use app::chat::{ChatId, Refusal};
use app::pages::Page;
use app::shell;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_SECURITY_POLICY;
use http::request::Parts;
use leptos::context::{provide_context, use_context};
use leptos::nonce::use_nonce;

use leptos_axum::{ResponseOptions, render_app_async_with_context};
use std::sync::Arc;

/// One route per page.
pub fn router(site: Arc<Site>) -> Router {
    // What Leptos renders with; set already where there is more than one site, as in tests.
    let _ = Executor::init_tokio();
    Router::new()
        .route("/", get(front))
        .route("/chat", get(chat))
        .route("/chat/{id}", get(chat))
        .with_state(site)
}

/// The way in. Who is in already goes on to the default chat.
async fn front(State(site): State<Arc<Site>>, request: Request) -> Response {
    if let Some(user) = signed_in(&request)
        && let Ok(snapshot) = site.backend.snapshot(user.clone(), None).await
    {
        return Redirect::to(&snapshot.default_chat.path()).into_response();
    }
    let ways_in = site.auth.ways_in(request.uri(), request.headers());
    render(&site, request, Page::SignIn(ways_in)).await
}

async fn chat(State(site): State<Arc<Site>>, request: Request) -> Response {
    let path = request.uri().path();
    let wanted = path.strip_prefix("/chat/").map(str::parse::<ChatId>);
    let open = wanted.and_then(Result::ok);
    let Some(user) = signed_in(&request).cloned() else {
        return Redirect::to(&way_in(path)).into_response();
    };
    match site.backend.snapshot(user, open).await {
        Ok(snapshot) => render(&site, request, Page::Chat(Box::new(snapshot))).await,
        Err(ApiError::Refused {
            why: Refusal::SignedOut,
        }) => Redirect::to(&way_in(path)).into_response(),
        Err(problem) => {
            let mut answer = render(&site, request, Page::Silent(problem)).await;
            *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            answer
        }
    }
}

/// The page about nothing.
pub async fn not_found(site: &Arc<Site>, request: Request) -> Response {
    let mut answer = render(site, request, Page::NotFound).await;
    *answer.status_mut() = StatusCode::NOT_FOUND;
    answer
}

/// The front page, which leads back to the chat that was asked for.
pub fn way_in(path: &str) -> String {
    let chat = path.strip_prefix("/chat/").map(str::parse::<ChatId>);
    match chat {
        Some(Ok(chat)) => format!("/?return=/chat/{chat}"),
        _ => "/".into(),
    }
}

/// What `auth::recognise` found out.
pub fn signed_in(request: &Request) -> Option<&CurrentUser> {
    request.extensions().get::<Option<CurrentUser>>()?.as_ref()
}

/// What `app::api` expects to find while it renders or answers.
pub fn provide(site: &Site) {
    provide_context(site.backend.clone());
    let Some(parts) = use_context::<Parts>() else {
        return;
    };
    let visitor = parts.extensions.get::<Option<CurrentUser>>().cloned();
    provide_context::<Option<CurrentUser>>(visitor.flatten());
}

async fn render(site: &Arc<Site>, request: Request, page: Page) -> Response {
    let uri = request.uri().clone();
    let context = {
        let site = site.clone();
        move || {
            provide(&site);
            permit(&site);
        }
    };
    let options = site.options.clone();
    render_app_async_with_context(context, move || {
        let (path, query) = (uri.path(), uri.query().unwrap_or_default());
        shell(options.clone(), page.clone(), path, query)
    })(request)
    .await
}

/// Writes the page's policy around the nonce that Leptos gives to its scripts.
fn permit(site: &Site) {
    let (Some(response), Some(parts), Some(nonce)) = (
        use_context::<ResponseOptions>(),
        use_context::<Parts>(),
        use_nonce(),
    ) else {
        return;
    };
    let policy = headers::page_policy(site, &parts, &nonce);
    response.insert_header(CONTENT_SECURITY_POLICY, policy);
}
