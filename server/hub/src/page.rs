//! A page for developers: who is connected, what passed lately, a form to send something. It asks for no token, so it
//! answers only to its own address: another site's page, or a name that resolves to here, gets nothing. Refuses to
//! know what messages mean.

use crate::journal::Note;
use crate::{Hub, access, fanout};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Json, body::Body};
use http::{HeaderMap, Request, StatusCode, header};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use wire::frame::{Message, Metadata, Payload, Sender, is_group_name};

/// Connections and groups of a hub that are listed.
const MAX_LISTED: usize = 200;

/// Bytes of what the form sends.
const MAX_FORM: usize = 64 * 1024;

/// A page of another site cannot set it without being asked first, and is refused then.
const GUARD: &str = "x-hub-page";

#[derive(Serialize)]
struct Live {
    hubs: Vec<LiveHub>,
    notes: Vec<Note>,
}

#[derive(Serialize)]
struct LiveHub {
    name: String,
    connections: Vec<LiveConnection>,
    groups: Vec<LiveGroup>,
}

#[derive(Serialize)]
struct LiveConnection {
    id: String,
    user: Option<String>,
    protocol: String,
    groups: Vec<String>,
}

#[derive(Serialize)]
struct LiveGroup {
    name: String,
    members: usize,
}

#[derive(Deserialize)]
struct Form {
    hub: String,
    /// Everybody in the hub if empty.
    #[serde(default)]
    group: String,
    text: String,
}

/// `/`
pub async fn html(State(hub): State<Hub>, request: Request<Body>) -> Response {
    if let Err(refused) = admit(&hub, request.headers()) {
        return refused;
    }
    let policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                  connect-src 'self'; frame-ancestors 'none'";
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, include_str!("page.html")).into_response()
}

/// `/live`: what the page shows.
pub async fn live(State(hub): State<Hub>, request: Request<Body>) -> Response {
    if let Err(refused) = admit_script(&hub, request.headers()) {
        return refused;
    }
    Json(overview(&hub)).into_response()
}

/// `/live/send`: what the form sends, as the server would.
pub async fn send(State(hub): State<Hub>, request: Request<Body>) -> Response {
    if let Err(refused) = admit_script(&hub, request.headers()) {
        return refused;
    }
    let Ok(bytes) = axum::body::to_bytes(request.into_body(), MAX_FORM).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let Ok(form) = serde_json::from_slice::<Form>(&bytes) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let name = access::hub_name(&form.hub).filter(|name| hub.config().serves(name));
    let Some(name) = name else {
        return (StatusCode::BAD_REQUEST, "There is no such hub.").into_response();
    };
    let message = |from| Message {
        from,
        payload: Payload::Text(form.text.clone()),
        sequence_id: None,
        metadata: Metadata::new(),
        stream: None,
    };
    if !form.group.is_empty() && !is_group_name(&form.group) {
        return (StatusCode::BAD_REQUEST, "The group's name is not valid.").into_response();
    }
    let mut due = {
        let connections = hub.of(&name);
        let registry = connections.lock();
        if form.group.is_empty() {
            let message = message(Sender::Server);
            fanout::deliver(vec![message], registry.all(), |_, _| false)
        } else {
            let from = Sender::Group {
                group: form.group.clone(),
                user: None,
            };
            let members = registry.in_group(&form.group);
            fanout::deliver(vec![message(from)], members, |_, _| false)
        }
    };
    due.write_out().await;
    StatusCode::ACCEPTED.into_response()
}

fn overview(hub: &Hub) -> Live {
    let hubs = hub.names().into_iter().map(|name| {
        let connections = hub.of(&name);
        let registry = connections.lock();
        let listed = registry.all().take(MAX_LISTED).map(|(id, session)| {
            let groups = registry.groups_of(id).into_iter().flatten();
            LiveConnection {
                id: id.to_owned(),
                user: session.user.as_deref().map(str::to_owned),
                protocol: session.subprotocol().unwrap_or_default().to_owned(),
                groups: groups.take(MAX_LISTED).map(ToString::to_string).collect(),
            }
        });
        let groups = registry
            .groups()
            .take(MAX_LISTED)
            .map(|(name, members)| LiveGroup {
                name: name.to_owned(),
                members,
            });
        LiveHub {
            connections: listed.collect(),
            groups: groups.collect(),
            name,
        }
    });
    Live {
        hubs: hubs.collect(),
        notes: hub
            .journal()
            .map(|journal| journal.notes())
            .unwrap_or_default(),
    }
}

/// Only by an address, by `localhost`, or by a name that the operator gave.
#[expect(clippy::result_large_err, reason = "the refusal is the answer")]
fn admit(hub: &Hub, headers: &HeaderMap) -> Result<(), Response> {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let is_address = name
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>()
        .is_ok();
    let known = is_address
        || name.eq_ignore_ascii_case("localhost")
        || hub.config().hosts.iter().any(|ours| ours == host);
    if known && hub.journal().is_some() {
        return Ok(());
    }
    Err(StatusCode::NOT_FOUND.into_response())
}

#[expect(clippy::result_large_err, reason = "the refusal is the answer")]
fn admit_script(hub: &Hub, headers: &HeaderMap) -> Result<(), Response> {
    admit(hub, headers)?;
    match headers.get(GUARD) {
        Some(_) => Ok(()),
        None => Err(StatusCode::FORBIDDEN.into_response()),
    }
}
