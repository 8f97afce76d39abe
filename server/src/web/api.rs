//! Server functions at `/api/{name}`, with the statuses that programs look at, and what a page without scripts
//! does instead of calling them. Leptos' own way of redirecting to the `Referer` is kept out.

use super::{Site, pages};
use crate::error::{Problem, status_of};
use app::api::{ApiError, CurrentUser};
use app::chat::{ChatId, DraftId, Refusal};
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Path, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue, REFERER, RETRY_AFTER};
use http::{Method, StatusCode};
use leptos::server_fn::axum::server_fn_paths;
use leptos_axum::handle_server_fns_with_context;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub async fn answer(
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let path = request.uri().path();
    let visitor = pages::signed_in(&request).cloned();
    let known = server_fn_paths().any(|(at, method)| at == path && method == Method::POST);
    match (known, request.method(), name.as_str()) {
        (true, &Method::GET, "chats" | "users") => Ok(list(&site, &name, visitor).await),
        (true, &Method::POST, "postMessage") if accepts_page(&request) => {
            post_form(&site, visitor, request).await
        }
        (true, &Method::POST, _) => call(site, request).await,
        (true, _, _) => Err(Problem::PostOnly),
        (false, _, _) => Err(Problem::NotFound),
    }
}

/// Runs a server function.
async fn call(site: Arc<Site>, mut request: Request) -> Result<Response, Problem> {
    let kind = request.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !["application/json", "application/x-www-form-urlencoded"].contains(&kind) {
        return Err(Problem::WrongType);
    }
    request.headers_mut().remove(REFERER);
    request
        .headers_mut()
        .insert(ACCEPT, HeaderValue::from_static("application/json"));
    let context = move || pages::provide(&site);
    let answer = handle_server_fns_with_context(context, request).await;
    Ok(with_status(answer.into_response()).await)
}

/// Leptos calls every error a 500.
async fn with_status(answer: Response) -> Response {
    if answer.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return answer;
    }
    let (parts, body) = answer.into_parts();
    let Ok(bytes) = to_bytes(body, 64 * 1024).await else {
        return Problem::Broken.into_response();
    };
    let Ok(ApiError::Refused { why }) = serde_json::from_slice::<ApiError>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    let mut answer = refused(&why);
    answer.headers_mut().extend(parts.headers);
    *answer.body_mut() = Body::from(bytes);
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

fn refused(why: &Refusal) -> Response {
    let mut answer = Json(ApiError::from(why.clone())).into_response();
    *answer.status_mut() = status_of(why);
    if let Refusal::TooFast { retry_after_ms } = why {
        let seconds = HeaderValue::from(retry_after_ms.div_ceil(1_000));
        answer.headers_mut().insert(RETRY_AFTER, seconds);
    }
    answer
}

/// The seed's two addresses that one can open: chats that the caller can see, and people who are online.
async fn list(site: &Site, name: &str, visitor: Option<CurrentUser>) -> Response {
    match (visitor, name) {
        (None, _) => refused(&Refusal::SignedOut),
        (Some(user), "chats") => listed(site.backend.chats(user).await),
        (Some(user), _) => listed(site.backend.people(user).await),
    }
}

fn listed<T: Serialize>(rows: Result<Vec<T>, ApiError>) -> Response {
    match rows {
        Ok(rows) => Json(rows).into_response(),
        Err(ApiError::Refused { why }) => refused(&why),
        Err(ApiError::Unreachable) => Problem::Broken.into_response(),
    }
}

/// The composer as a plain form.
#[derive(Deserialize)]
struct Written {
    chat: ChatId,
    draft: DraftId,
    body: String,
}

/// Posts, and goes back to the chat: to a fixed place of this site, whatever the request says about itself.
async fn post_form(
    site: &Site,
    visitor: Option<CurrentUser>,
    request: Request,
) -> Result<Response, Problem> {
    let Form(written) = Form::<Written>::from_request(request, &())
        .await
        .map_err(|_| Problem::Malformed)?;
    let chat = written.chat.path();
    let Some(user) = visitor else {
        return Ok(Redirect::to(&format!("/?problem=signedOut&return={chat}")).into_response());
    };
    let posted = site
        .backend
        .post(user, written.chat, written.draft, written.body)
        .await;
    Ok(match posted {
        Ok(()) => Redirect::to(&chat).into_response(),
        Err(error) => {
            let problem = code_of(&error);
            Redirect::to(&format!("{chat}?problem={problem}")).into_response()
        }
    })
}

/// The refusal's name on the wire; for unfit text, what is unfit about it.
fn code_of(error: &ApiError) -> String {
    let name = |value: serde_json::Value| match value {
        serde_json::Value::String(name) => Some(name),
        serde_json::Value::Object(fields) => fields.into_iter().next().map(|(name, _)| name),
        _ => None,
    };
    let code = match error {
        ApiError::Refused {
            why: Refusal::Unfit(unfit),
        } => serde_json::to_value(unfit.why).ok().and_then(name),
        ApiError::Refused { why } => serde_json::to_value(why)
            .ok()
            .and_then(|mut value| name(value["is"].take())),
        ApiError::Unreachable => None,
    };
    code.unwrap_or_else(|| "failed".into())
}

fn accepts_page(request: &Request) -> bool {
    let accepts = request.headers().get(ACCEPT);
    accepts.is_some_and(|accepts| {
        accepts
            .to_str()
            .is_ok_and(|accepts| accepts.contains("text/html"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::chat::Unfit;

    #[test]
    fn a_refusal_travels_in_an_address_by_its_name() {
        let code = |why: Refusal| code_of(&why.into());
        assert_eq!(code(Unfit::Empty.into()), "empty");
        assert_eq!(code(Unfit::TooLong { max: 8_000 }.into()), "tooLong");
        assert_eq!(code(Refusal::NotAMember), "notAMember");
        assert_eq!(code(Refusal::TooFast { retry_after_ms: 5 }), "tooFast");
        assert_eq!(code_of(&ApiError::Unreachable), "failed");
    }
}
