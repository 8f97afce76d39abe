//! Sign-in by name alone. What was wrong goes back to the front page in its address, since the form works
//! without scripts: `/?problem=…&name=…&return=…`.

use super::{Auth, address, return_path};
use crate::error::Problem;
use app::api::CurrentUser;
use app::chat::{Name, Refusal, Unfit};
use axum::Form;
use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use form_urlencoded::Serializer;
use serde::Deserialize;
use std::sync::Arc;

/// The form. The second field has the name that Azure Static Web Apps gave it.
#[derive(Deserialize)]
pub struct Entry {
    name: String,
    #[serde(default, rename = "post_login_redirect_uri")]
    back: Option<String>,
}

pub async fn sign_in(State(auth): State<Arc<Auth>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let from = address::of(&parts, auth.settings.front.names_addresses());
    let headers = parts.headers.clone();
    let here = auth
        .caller(parts.uri.path(), &headers, &parts.extensions)
        .await?;
    let Form(entry) = Form::<Entry>::from_request(Request::from_parts(parts, body), &())
        .await
        .map_err(|_| Problem::Malformed)?;
    let back = return_path::local(entry.back.as_deref());
    let sorry = |problem| Ok(front_page(problem, &entry.name, back).into_response());

    if !auth.guests {
        return sorry("guestsOff");
    }
    let name: Name = match entry.name.parse() {
        Ok(name) => name,
        Err(Unfit::Empty) => return sorry("empty"),
        Err(Unfit::TooLong { .. }) => return sorry("tooLong"),
        Err(Unfit::Invisible) => return sorry("invisible"),
    };
    let onward = Redirect::to(back.unwrap_or("/"));
    // A form that is sent twice lets one person in.
    if let Some(CurrentUser(person)) = here.user
        && person.name == name
    {
        return Ok(onward.into_response());
    }
    if !auth.rate.admits(from) {
        return sorry("tooFast");
    }
    match auth.people.admit(name).await {
        Ok(person) => Ok((auth.sessions.begin(&headers, person.id), onward).into_response()),
        Err(Refusal::TooFast { .. }) => sorry("tooFast"),
        Err(refusal) => {
            tracing::warn!(%refusal, "nobody could be signed in");
            sorry("failed")
        }
    }
}

/// Back to the form, with what was typed.
fn front_page(problem: &str, name: &str, back: Option<&str>) -> Redirect {
    let mut query = Serializer::new(String::new());
    query.append_pair("problem", problem);
    // What is far too long to be a name is not worth carrying.
    if name.chars().nth(2 * Name::MAX).is_none() {
        query.append_pair("name", name);
    }
    if let Some(back) = back {
        query.append_pair("return", back);
    }
    Redirect::to(&format!("/?{}", query.finish()))
}
