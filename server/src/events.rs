//! Webhooks in: Web PubSub tells what its connections do. Owns the validation handshake, what makes an event
//! believed (signature, time, whose connection, once), and the way from a CloudEvent to the chat; refuses to decide
//! anything about chats.

mod owners;
mod repetitions;
mod tokens;

pub use tokens::{Issuer, Tokens};

use crate::chat::ChatService;
use app::chat::{Answer, Command, DraftId, Millis, Notice, Outcome, Refusal, UserId};
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use owners::Owners;
use repetitions::{Kept, Known, Mark, Repetitions, WINDOW};
use std::sync::Arc;
use wire::cloud_event::{CloudEvent, ConnectAnswer, Context, Delivery, user_answer, verify};
use wire::frame::Payload;
use wire::json::Json;

/// Where the service sends events.
pub const PATH: &str = "/api/eventHandler";

/// The largest event in bytes: one frame of a client and its envelope. Source: client specification, 1 MiB.
const MAX_EVENT: usize = 1024 * 1024 + 64 * 1024;

/// What the webhook needs to know.
pub struct Events {
    pub service: Arc<ChatService>,
    pub trust: Trust,
    pub hub: String,
    /// The service runs elsewhere: its connections may be older than this server.
    pub outside: bool,
    pub clock: Arc<dyn Fn() -> Millis + Send + Sync>,
}

/// What an event is believed for.
pub enum Trust {
    /// A signature with the service's access key.
    Key(String),
    /// A token of the identity that the service acts as: where keys are switched off, signatures mean nothing.
    Tokens(Box<Tokens>),
}

/// With what came before.
struct Door {
    events: Events,
    owners: Owners,
    repetitions: Repetitions,
}

pub fn router(events: Events) -> Router {
    let door = Door {
        events,
        owners: Owners::default(),
        repetitions: Repetitions::default(),
    };
    Router::new()
        .route(PATH, post(receive).options(validate))
        .layer(DefaultBodyLimit::max(MAX_EVENT))
        .with_state(Arc::new(door))
}

/// Answers the service's question whether events are wanted here. Any service may send: each event is believed
/// for its signature.
async fn validate(headers: HeaderMap) -> Response {
    if !headers.contains_key("WebHook-Request-Origin") {
        return (StatusCode::BAD_REQUEST, "This is a webhook of Web PubSub.").into_response();
    }
    let mut response = StatusCode::OK.into_response();
    response
        .headers_mut()
        .insert("WebHook-Allowed-Origin", HeaderValue::from_static("*"));
    response
}

async fn receive(State(door): State<Arc<Door>>, request: Request<axum::body::Body>) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_EVENT).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "The event is too large.").into_response();
    };
    let request = Request::from_parts(parts, body);
    let events = &door.events;
    let is_believed = match &events.trust {
        Trust::Key(key) => is_signed(key, request.headers()),
        Trust::Tokens(tokens) => tokens.believe(request.headers()).await,
    };
    if !is_believed {
        return (
            StatusCode::UNAUTHORIZED,
            "The signature, or the token, is missing or wrong.",
        )
            .into_response();
    }
    let delivery = match Delivery::from_request(&request) {
        Ok(delivery) => delivery,
        Err(why) => return (StatusCode::BAD_REQUEST, why.to_string()).into_response(),
    };
    let context = &delivery.context;
    if !context.hub.eq_ignore_ascii_case(&events.hub) {
        return (StatusCode::NOT_FOUND, "This hub is not served here.").into_response();
    }
    if !is_of_now(&context.time, (events.clock)()) {
        return (
            StatusCode::UNAUTHORIZED,
            "The event is from another time, or one of the clocks is wrong.",
        )
            .into_response();
    }
    let Some(mark) = Mark::of(request.headers(), request.body()) else {
        return (StatusCode::BAD_REQUEST, "The event has no id.").into_response();
    };
    if let Some(name) = &context.user_id {
        let Ok(user) = name.parse() else {
            return StatusCode::UNAUTHORIZED.into_response();
        };
        if !door.owners.is_of(&context.connection_id, user) {
            tracing::warn!(%user, "an event names somebody whose connection it is not");
            return (StatusCode::FORBIDDEN, "The connection is somebody else's.").into_response();
        }
    }
    once(&door, mark, delivery).await
}

/// Carries the event out, or gives the answer of the time when it was. What failed is carried out when it comes
/// again.
async fn once(door: &Door, mark: Mark, delivery: Delivery) -> Response {
    let Known::Answer(turn) = door.repetitions.look(mark) else {
        return user_answer(None).map(axum::body::Body::from);
    };
    let mut kept = turn.lock().await;
    if let Some(kept) = &*kept {
        return kept.response().map(axum::body::Body::from);
    }
    match answer(&door.events, delivery).await {
        Ok(response) => {
            *kept = Some(Kept::of(&response));
            response.map(axum::body::Body::from)
        }
        Err(status) => {
            door.repetitions.forget(mark);
            status.into_response()
        }
    }
}

/// Not older than the window, nor as far ahead.
fn is_of_now(time: &str, now: Millis) -> bool {
    let Ok(time) = time.parse::<jiff::Timestamp>() else {
        return false;
    };
    let now = i64::try_from(now.0 / 1_000).unwrap_or(i64::MAX);
    (time.as_second() - now).abs() <= WINDOW
}

fn is_signed(key: &str, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    text("ce-connectionId")
        .zip(text("ce-signature"))
        .is_some_and(|(connection, signature)| verify([key], connection, signature))
}

async fn answer(
    Events {
        service, outside, ..
    }: &Events,
    delivery: Delivery,
) -> Result<http::Response<Bytes>, StatusCode> {
    let Delivery { context, event } = delivery;
    let connection = context.connection_id.as_str();
    match event {
        CloudEvent::Connect(_) => {
            let grant = service.connect(connection, user(&context)?).await;
            let grant = grant.map_err(|why| match why {
                Refusal::SignedOut => StatusCode::UNAUTHORIZED,
                _ => StatusCode::SERVICE_UNAVAILABLE,
            })?;
            let answer = ConnectAnswer {
                groups: grant.groups,
                roles: Some(grant.roles),
                ..ConnectAnswer::default()
            };
            answer
                .to_response(None)
                .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
        }
        CloudEvent::Connected => {
            service.connected(connection, user(&context)?).await;
            Ok(user_answer(None))
        }
        CloudEvent::Disconnected { .. } => {
            service.disconnected(connection, user(&context).ok()).await;
            Ok(user_answer(None))
        }
        CloudEvent::User { event, payload, .. } => {
            let actor = user(&context)?;
            if *outside && !service.knows(connection) {
                // It opened before this server started: whoever speaks is there.
                service.connected(connection, actor).await;
            }
            let answer = match command(&event, &payload) {
                Ok(command) => service.execute(actor, Some(connection), command).await,
                Err((draft, why)) => {
                    tracing::info!(event.name = event, "an event is no command");
                    let outcome = Outcome::Refused { why };
                    Answer { draft, outcome }
                }
            };
            let text = Notice::Answer(answer).to_json();
            let value = Json::of(text).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
            Ok(user_answer(Some(&Payload::Json(value))))
        }
    }
}

/// Who is calling: the service read it from the token, and it is never read from a payload.
fn user(context: &Context) -> Result<UserId, StatusCode> {
    context
        .user_id
        .as_deref()
        .and_then(|id| id.parse().ok())
        .ok_or(StatusCode::UNAUTHORIZED)
}

fn command(event: &str, payload: &Payload) -> Result<Command, (Option<DraftId>, Refusal)> {
    match payload {
        Payload::Json(value) => {
            Command::from_event(event, value.get()).map_err(|_| Command::refuse(value.get()))
        }
        Payload::Text(_) | Payload::Binary(_) | Payload::Protobuf(_) => {
            Err((None, Refusal::Malformed))
        }
    }
}
