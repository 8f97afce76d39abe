//! Leaving: the session ends, the sockets close, and where a platform signed the person in, it is told. What the
//! address asks for is done for a person who opened it, and for no page that links to it or shows it as a picture.

use super::{Auth, return_path};
use crate::error::Problem;
use axum::Form;
use axum::extract::{FromRequest, Query, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use serde::Deserialize;
use std::sync::Arc;

/// The platform's own address for it.
const PLATFORM: &str = "/.auth/logout?post_logout_redirect_uri=/";

#[derive(Default, Deserialize)]
pub struct Farewell {
    #[serde(rename = "post_logout_redirect_uri")]
    back: Option<String>,
}

/// By a form of ours.
pub async fn sign_out(
    State(auth): State<Arc<Auth>>,
    Query(asked): Query<Farewell>,
    request: Request,
) -> Response {
    let headers = request.headers().clone();
    let written = Form::<Farewell>::from_request(request, &()).await;
    let written = written.map(|Form(farewell)| farewell).unwrap_or_default();
    leave(&auth, &headers, written.back.or(asked.back).as_deref()).await
}

/// By typing the address, or from a page of ours that says where it is.
pub async fn by_address(
    State(auth): State<Arc<Auth>>,
    Query(asked): Query<Farewell>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let says = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let opened = says("sec-fetch-mode") == Some("navigate")
        && says("sec-fetch-dest") == Some("document")
        && says("sec-fetch-site") == Some("none");
    match opened {
        true => Ok(leave(&auth, &headers, asked.back.as_deref()).await),
        false => Err(Problem::PostOnly),
    }
}

async fn leave(auth: &Auth, headers: &HeaderMap, back: Option<&str>) -> Response {
    let onward = match auth.settings.front.signs_in() {
        true => PLATFORM,
        false => return_path::or_home(back),
    };
    let onward = Redirect::to(onward);
    let Some(session) = auth.sessions.read(headers) else {
        return onward.into_response();
    };
    auth.sockets.close(session.user).await;
    (auth.sessions.end(headers), onward).into_response()
}
