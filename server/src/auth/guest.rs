//! Sign-in by name alone. What was wrong goes back to the front page in its address, since the form works
//! without scripts: `/?problem=…&name=…&return=…`.

use super::{Auth, address};
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
    let from = address::of(&parts, auth.trust_proxy);
    let headers = parts.headers.clone();
    let Form(entry) = Form::<Entry>::from_request(Request::from_parts(parts, body), &())
        .await
        .map_err(|_| Problem::Malformed)?;
    let back = entry.back.as_deref().filter(|path| is_local(path));
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
    if let Some(CurrentUser(person)) = auth.visitor(&headers).await?
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

/// A path of this site: not of another one that a link smuggles in, and nothing that ends a header.
fn is_local(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.chars().all(|c| c.is_ascii_graphic() && c != '\\')
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn only_paths_of_this_site_are_returned_to() {
        assert!(is_local("/chat/1"));
        for path in [
            "",
            "chat",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/a\r\nSet-Cookie: b",
        ] {
            assert!(!is_local(path), "{path}");
        }
    }
}
