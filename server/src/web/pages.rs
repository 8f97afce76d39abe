//! Pages: Leptos renders them, with what the server functions stand on and who is calling in context. Who must
//! sign in first is sent there before anything is rendered.

use super::{Site, headers};
use app::api::CurrentUser;
use app::chat::ChatId;
use app::{App, shell};
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::header::{ACCEPT, CONTENT_SECURITY_POLICY, HeaderValue};
use http::request::Parts;
use leptos::context::{provide_context, use_context};
use leptos::nonce::use_nonce;
use leptos_axum::{ResponseOptions, generate_route_list, render_app_async_with_context};
use std::sync::Arc;

/// One route per page that the app knows.
pub fn router(site: Arc<Site>) -> Router {
    let mut router = Router::new();
    for listing in generate_route_list(App) {
        router = router.route(listing.path(), get(answer));
    }
    router.with_state(site)
}

async fn answer(State(site): State<Arc<Site>>, request: Request) -> Response {
    match signed_in(&request) {
        None if request.uri().path().starts_with("/chat") => {
            Redirect::to(&way_in(request.uri().path())).into_response()
        }
        _ => render(&site, request).await,
    }
}

/// The page about nothing, with status 404.
pub async fn not_found(site: &Arc<Site>, request: Request) -> Response {
    render(site, request).await
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
    provide_context(site.auth.ways_in(&parts.uri, &parts.headers));
    let visitor = parts.extensions.get::<Option<CurrentUser>>().cloned();
    provide_context::<Option<CurrentUser>>(visitor.flatten());
}

async fn render(site: &Arc<Site>, mut request: Request) -> Response {
    // Without it, Leptos would answer a redirect that only its own scripts understand.
    request
        .headers_mut()
        .insert(ACCEPT, HeaderValue::from_static("text/html"));
    let context = {
        let site = site.clone();
        move || {
            provide(&site);
            permit(&site);
        }
    };
    let options = site.options.clone();
    render_app_async_with_context(context, move || shell(options.clone()))(request).await
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
