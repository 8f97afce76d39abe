//! The door for clients: reads a request to open a socket, asks the token and the `connect` handler, and
//! starts the session or hands the socket to the one that is being recovered.

use crate::config::Config;
use crate::connection::{Backlog, Clocks, Connection, refuse};
use crate::fanout::Due;
use crate::protocol::Protocol;
use crate::reliable::Executed;
use crate::session::{Ending, Session};
use crate::streams::Streams;
use crate::upstream::Upstream;
use crate::websocket::Upgrade;
use crate::{Hub, access, clock};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;
use wire::cloud_event::{self, CloudEvent, ConnectAnswer, ConnectRequest, Context, Delivery};
use wire::frame::is_group_name;
use wire::role::Role;
use wire::token::Claims;

/// What a client is told before the upgrade, in words for the developer who reads it.
#[derive(Debug)]
struct NoEntry(StatusCode, &'static str);

impl IntoResponse for NoEntry {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}

/// What the routes need.
#[derive(Clone)]
pub struct Door {
    pub hub: Hub,
    pub upstream: Arc<Upstream>,
}

/// `/client/hubs/{hub}`
pub async fn by_path(state: State<Door>, Path(name): Path<String>, parts: Parts) -> Response {
    enter(state, name, parts)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

/// `/client/?hub={hub}`
pub async fn by_query(state: State<Door>, parts: Parts) -> Response {
    let name = Query::of(&parts).one("hub").unwrap_or_default();
    enter(state, name, parts)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

async fn enter(
    State(door): State<Door>,
    name: String,
    mut parts: Parts,
) -> Result<Response, NoEntry> {
    let hub_name = access::hub_name(&name).ok_or(NoEntry(
        StatusCode::BAD_REQUEST,
        "The hub's name is not valid.",
    ))?;
    let config = door.hub.config();
    if !config.serves(&hub_name) {
        return Err(NoEntry(StatusCode::NOT_FOUND, "There is no such hub."));
    }
    let upgrade = Upgrade::of(&mut parts)
        .map_err(|status| NoEntry(status, "This address takes WebSocket connections only."))?;
    check_origin(config, &parts.headers)?;
    let query = Query::of(&parts);
    if let Some(id) = query.one("awps_connection_id") {
        let token = query.one("awps_reconnection_token").unwrap_or_default();
        return Ok(recover(&door, &hub_name, &id, &token, upgrade));
    }
    let host = access::host_of(&parts.uri, &parts.headers).map(str::to_owned);
    if config
        .max_connections
        .is_some_and(|most| door.hub.connections() >= most)
    {
        return Err(NoEntry(
            StatusCode::TOO_MANY_REQUESTS,
            "There are as many connections as this service takes.",
        ));
    }
    let claims = claims(config, &query, &parts.headers, &hub_name, host.as_deref())?;
    if !claims.groups.iter().all(|group| is_group_name(group)) {
        return Err(NoEntry(
            StatusCode::BAD_REQUEST,
            "The token names a group that is not valid.",
        ));
    }
    start(
        door,
        hub_name,
        claims,
        host.unwrap_or_default(),
        &query,
        &parts.headers,
        upgrade,
    )
    .await
}

/// Cookies never open a socket, but a foreign page may hold a stolen token.
fn check_origin(config: &Config, headers: &HeaderMap) -> Result<(), NoEntry> {
    let (Some(allowed), Some(origin)) = (&config.allowed_origins, headers.get(header::ORIGIN))
    else {
        return Ok(());
    };
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let origin = origin.to_str().unwrap_or_default();
    let same_host = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"))
        == Some(host);
    if allowed.iter().any(|entry| entry == origin) || (allowed.is_empty() && same_host) {
        return Ok(());
    }
    Err(NoEntry(
        StatusCode::FORBIDDEN,
        "Pages of this origin may not open sockets here.",
    ))
}

fn claims(
    config: &Config,
    query: &Query,
    headers: &HeaderMap,
    hub: &str,
    host: Option<&str>,
) -> Result<Claims, NoEntry> {
    let tokens = query.all("access_token");
    if tokens.len() > 1 {
        return Err(NoEntry(
            StatusCode::BAD_REQUEST,
            "There is more than one access_token.",
        ));
    }
    match tokens.first().copied().or_else(|| access::bearer(headers)) {
        Some(token) => access::client(config, token, hub, host).map_err(|_| {
            NoEntry(
                StatusCode::UNAUTHORIZED,
                "The access token is not valid for this hub, or not any more.",
            )
        }),
        None if config.anonymous => Ok(Claims::default()),
        None => Err(NoEntry(
            StatusCode::UNAUTHORIZED,
            "An access token is needed.",
        )),
    }
}

async fn start(
    door: Door,
    hub_name: String,
    claims: Claims,
    origin: String,
    query: &Query,
    headers: &HeaderMap,
    upgrade: Upgrade,
) -> Result<Response, NoEntry> {
    let offered = upgrade.offered();
    let id: Arc<str> = Uuid::new_v4().simple().to_string().into();
    let request = connect_request(&claims, query, headers, offered);
    let context = Context {
        hub: hub_name.clone(),
        connection_id: id.to_string(),
        user_id: claims.sub.clone(),
        subprotocol: None,
        connection_state: None,
        id: 0,
        time: clock::now(),
        origin: origin.clone(),
    };
    let delivery = Delivery {
        context,
        event: CloudEvent::Connect(request),
    };
    let (answer, state) = ask(&door, &delivery).await?;
    if !answer.groups.iter().all(|group| is_group_name(group)) {
        return Err(NoEntry(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The handler named a group that is not valid.",
        ));
    }
    let subprotocol = match answer.subprotocol {
        Some(chosen) => Some(chosen),
        None => offered
            .iter()
            .find(|name| Protocol::named(name).is_some())
            .cloned(),
    };
    let protocol = subprotocol
        .as_deref()
        .and_then(Protocol::named)
        .unwrap_or(Protocol::Raw);
    let user: Option<Arc<str>> = answer.user_id.or(claims.sub).map(Into::into);
    let roles = answer.roles.unwrap_or(claims.role);
    let groups = if answer.groups.is_empty() {
        claims.groups
    } else {
        answer.groups
    };
    let roles: Vec<Role> = roles.iter().filter_map(|role| Role::parse(role)).collect();
    let peers = door.hub.of(&hub_name);
    let begin = {
        let subprotocol = subprotocol.clone();
        move |socket| async move {
            let session = Arc::new(Session::new(
                id,
                peers.name.clone(),
                user,
                protocol,
                subprotocol.as_deref(),
                reconnection_token(protocol),
            ));
            let connection = Connection {
                _presence: door.hub.presence(),
                hub: door.hub,
                peers: peers.clone(),
                session: session.clone(),
                upstream: door.upstream,
                origin: peers.origin(&origin),
                state: state.map(Into::into),
                next_event: 1,
                executed: Executed::default(),
                streams: Streams::default(),
                backlog: Backlog::default(),
                batch: None,
                due: Due::default(),
                clocks: Clocks::default(),
            };
            {
                let mut registry = peers.lock();
                registry.insert(&session.id, session.user.as_ref(), roles, session.clone());
                for group in groups {
                    registry.join(&session.id, &group);
                }
            }
            connection.hub.note_came(&session);
            if connection.hub.is_shutting_down() {
                session.end(Ending::shutdown());
            }
            connection.start(socket);
        }
    };
    Ok(upgrade.grant(subprotocol.as_deref().as_slice(), begin))
}

/// Two random numbers, for a protocol that has recovery.
fn reconnection_token(protocol: Protocol) -> Box<str> {
    if !protocol.is_reliable() {
        return Box::default();
    }
    let half = || Uuid::new_v4().simple().to_string();
    (half() + &half()).into()
}

async fn ask(door: &Door, delivery: &Delivery) -> Result<(ConnectAnswer, Option<String>), NoEntry> {
    let config = door.hub.config();
    if Upstream::handler(config, &delivery.context.hub, &delivery.event).is_none() {
        return Ok((ConnectAnswer::default(), None));
    }
    let failed = NoEntry(
        StatusCode::INTERNAL_SERVER_ERROR,
        "The application could not be asked.",
    );
    let response = match door.upstream.deliver(&door.hub, delivery).await {
        Ok(response) => response,
        Err(error) => {
            tracing::warn!(%error, "the connect event was not answered");
            return Err(failed);
        }
    };
    match ConnectAnswer::from_response(&response) {
        Ok(answer) => Ok((answer, cloud_event::answered_state(response.headers()))),
        Err(cloud_event::BadAnswer::Status(status)) => {
            Err(NoEntry(status, "The application refused this client."))
        }
        Err(_) => Err(failed),
    }
}

/// A refused recovery is an open socket that is closed with 1008: clients then start afresh.
fn recover(door: &Door, hub: &str, id: &str, token: &str, upgrade: Upgrade) -> Response {
    let session = door
        .hub
        .known(hub)
        .and_then(|connections| connections.lock().get(id).cloned())
        .filter(|session| session.accepts(token));
    match session {
        Some(session) => {
            let subprotocol = session.subprotocol().map(str::to_owned);
            upgrade.grant(
                subprotocol.as_deref().as_slice(),
                move |socket| async move {
                    if let Err(refused) = session.hand_over(socket) {
                        refuse(*refused).await;
                    }
                },
            )
        }
        None => upgrade.grant(
            &[
                "json.reliable.webpubsub.azure.v1",
                "protobuf.reliable.webpubsub.azure.v1",
                "json.webpubsub.azure.v1",
                "protobuf.webpubsub.azure.v1",
            ],
            refuse,
        ),
    }
}

fn connect_request(
    claims: &Claims,
    query: &Query,
    headers: &HeaderMap,
    offered: &[String],
) -> ConnectRequest {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if let Ok(serde_json::Value::Object(map)) = serde_json::to_value(claims) {
        for (key, value) in map {
            let values = match value {
                serde_json::Value::Array(many) => many.iter().map(plain).collect(),
                one => vec![plain(&one)],
            };
            all.insert(key, values);
        }
    }
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in headers {
        if name != header::AUTHORIZATION
            && let Ok(value) = value.to_str()
        {
            seen.entry(name.to_string())
                .or_default()
                .push(value.to_owned());
        }
    }
    let mut asked: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in &query.0 {
        if key != "access_token" {
            asked.entry(key.clone()).or_default().push(value.clone());
        }
    }
    ConnectRequest {
        claims: all,
        query: asked,
        headers: seen,
        subprotocols: offered.to_vec(),
        client_certificates: Vec::new(),
    }
}

fn plain(value: &serde_json::Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

struct Query(Vec<(String, String)>);

impl Query {
    fn of(parts: &Parts) -> Self {
        Self(
            form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect(),
        )
    }

    fn all(&self, key: &str) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(k, _)| k == key)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    fn one(&self, key: &str) -> Option<String> {
        self.all(key)
            .first()
            .filter(|value| !value.is_empty())
            .map(|value| (*value).to_owned())
    }
}
