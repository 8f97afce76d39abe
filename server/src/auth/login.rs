//! `/.auth/login/{provider}` and its way back: begins a trip, ends it, and begins a session. What went wrong goes
//! to the front page as a word in its address. Refuses to know how a provider is asked.

use super::provider::{Failure, Provider, Return};
use super::round_trip::Trip;
use super::{Auth, address};
use crate::error::Problem;
use crate::web::called;
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::request::Parts;
use serde::Deserialize;
use std::sync::Arc;

/// What the provider sends somebody back with.
#[derive(Deserialize)]
pub struct Answer {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// Leads to the provider.
pub async fn begin(
    State(auth): State<Arc<Auth>>,
    Path(name): Path<String>,
    Query(onward): Query<super::Onward>,
    request: Request,
) -> Result<Response, Problem> {
    let provider = auth.provider(&name)?;
    let (parts, _) = request.into_parts();
    let from = address::of(&parts, auth.settings.front.names_addresses());
    let back = onward.back.as_deref();
    if !auth.rate.admits(from) {
        return Ok(front_page("tooFast", super::return_path::local(back)).into_response());
    }
    let callback = callback(&auth, provider, &parts)?;
    match provider.begin(&callback).await {
        Ok(away) => {
            let trip = Trip::new(&name, &away.state, &away.nonce, &away.verifier, back);
            let cookies = auth.trips.leave(&parts.headers, &trip);
            Ok((cookies, Redirect::to(&away.url)).into_response())
        }
        Err(failure) => {
            let word = failure.to_string();
            Ok(front_page(&word, super::return_path::local(back)).into_response())
        }
    }
}

/// Somebody is back. Their trip is over, however it ends.
pub async fn finish(
    State(auth): State<Arc<Auth>>,
    Path(name): Path<String>,
    Query(answer): Query<Answer>,
    request: Request,
) -> Result<Response, Problem> {
    let provider = auth.provider(&name)?;
    let (parts, _) = request.into_parts();
    let headers = &parts.headers;
    let state = answer.state.as_deref().unwrap_or_default();
    let Some(trip) = auth.trips.arrive(headers, &name, state) else {
        return Ok(front_page(&Failure::Expired.to_string(), None).into_response());
    };
    let over = auth.trips.end(headers);
    let callback = callback(&auth, provider, &parts)?;
    let known = match (answer.code, answer.error.as_deref()) {
        (Some(code), None) => {
            let back = Return {
                code,
                nonce: trip.nonce.clone(),
                verifier: trip.verifier.clone(),
                issuer: answer.iss,
            };
            provider.finish(&callback, back).await
        }
        (_, Some("access_denied")) => Err(Failure::Denied),
        (_, Some("temporarily_unavailable" | "server_error")) => Err(Failure::Down),
        (_, _) => Err(Failure::Failed),
    };
    let known = match known {
        Ok(known) => known,
        Err(failure) => {
            let front = front_page(&failure.to_string(), trip.back());
            return Ok((over, front).into_response());
        }
    };
    let person = auth.people.welcome(known).await;
    let person = person.map_err(|_| Problem::Unavailable)?;
    // Whoever was signed in here before has left.
    if let Some(before) = auth.sessions.read(headers)
        && before.user != person.id
    {
        auth.sockets.close(before.user).await;
    }
    let onward = Redirect::to(trip.back().unwrap_or("/"));
    let session = auth.sessions.begin(headers, person.id);
    Ok((over, session, onward).into_response())
}

/// Where the provider sends people back to: by the public address, or by the name that the visitor called.
fn callback(auth: &Auth, provider: &Provider, parts: &Parts) -> Result<String, Problem> {
    let origin = match &auth.public_url {
        Some(url) => url.to_string(),
        None => {
            let called = called(&parts.uri, &parts.headers).ok_or(Problem::Malformed)?;
            format!("http://{called}")
        }
    };
    Ok(format!("{origin}/.auth/login/{}/callback", provider.name))
}

fn front_page(problem: &str, back: Option<&str>) -> Redirect {
    match back {
        Some(back) => Redirect::to(&format!("/?problem={problem}&return={back}")),
        None => Redirect::to(&format!("/?problem={problem}")),
    }
}
