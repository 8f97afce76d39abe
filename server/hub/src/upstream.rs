//! Events to the application's webhook: which handler gets one, whether it wants events at all, how often a
//! failure is tried again. Refuses to know what an answer means to a client; `connection` does.

use crate::Hub;
use crate::config::{Config, Handler, SystemEvent, UserEvents};
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceExt};
use uuid::Uuid;
use wire::cloud_event::{self, CloudEvent, Delivery, MAX_ANSWER};

/// Where webhooks go: HTTP to somewhere, or a router in this process. Same bytes either way.
pub type HttpService = BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>;

/// Waits before a failed event is sent again. Source: emulator of the service.
const RETRIES: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(5),
];

/// What an unreserved character of RFC 3986 is not: names in URLs keep theirs.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// How long the answer to the validation question holds.
const VALID_FOR: Duration = Duration::from_secs(60);

/// How long an event waits for the answer to the validation question.
const VALIDATION_DEADLINE: Duration = Duration::from_secs(10);

/// Why an event was not answered.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    #[error("no handler takes this event")]
    NoHandler,
    #[error("the handler does not allow events from this hub")]
    NotAllowed,
    #[error("the handler cannot be reached: {0}")]
    Unreachable(BoxError),
    #[error("the handler took too long")]
    TimedOut,
    #[error("the event does not fit a request: {0}")]
    Request(#[from] http::Error),
}

/// Sends events and remembers which handlers allow it.
pub struct Upstream {
    service: HttpService,
    allowed_until: Mutex<HashMap<String, Instant>>,
}

impl Upstream {
    pub fn new(service: HttpService) -> Self {
        Self {
            service,
            allowed_until: Mutex::new(HashMap::new()),
        }
    }

    /// The first handler that fits the event.
    pub fn handler<'c>(config: &'c Config, hub: &str, event: &CloudEvent) -> Option<&'c Handler> {
        config.handlers.iter().find(|handler| {
            handler.hub.as_deref().is_none_or(|name| name == hub)
                && match event {
                    CloudEvent::Connect(_) => handler.system_events.contains(&SystemEvent::Connect),
                    CloudEvent::Connected => {
                        handler.system_events.contains(&SystemEvent::Connected)
                    }
                    CloudEvent::Disconnected { .. } => {
                        handler.system_events.contains(&SystemEvent::Disconnected)
                    }
                    CloudEvent::User { event, .. } => match &handler.user_events {
                        UserEvents::All => true,
                        UserEvents::Named(names) => {
                            names.iter().any(|name| name.eq_ignore_ascii_case(event))
                        }
                    },
                }
        })
    }

    /// Sends one event and waits for the answer, whatever its status.
    pub async fn deliver(
        &self,
        hub: &Hub,
        delivery: &Delivery,
    ) -> Result<Response<Bytes>, UpstreamError> {
        let began = Instant::now();
        let answer = self.attempt(hub.config(), delivery).await;
        hub.note_call(delivery, &answer, began.elapsed());
        answer
    }

    async fn attempt(
        &self,
        config: &Config,
        delivery: &Delivery,
    ) -> Result<Response<Bytes>, UpstreamError> {
        let hub = &delivery.context.hub;
        let handler =
            Self::handler(config, hub, &delivery.event).ok_or(UpstreamError::NoHandler)?;
        self.validate(&address(handler, hub, "validate"), &delivery.context.origin)
            .await?;
        let uri = address(handler, hub, delivery.event.name());
        let mut request = delivery.to_request(&uri, config.keys.iter().map(String::as_str))?;
        // The same for every try, so that a handler can tell a repetition.
        let id = Uuid::new_v4().to_string();
        request.headers_mut().insert(
            "x-ms-client-request-id",
            HeaderValue::from_str(&id).map_err(http::Error::from)?,
        );
        if let Some(token) = &handler.bearer {
            let bearer = HeaderValue::from_str(&format!("Bearer {token}"));
            request
                .headers_mut()
                .insert(header::AUTHORIZATION, bearer.map_err(http::Error::from)?);
        }
        let tries = async {
            let mut waits = RETRIES.iter();
            loop {
                let answer = self.send(request.clone()).await;
                let again = match &answer {
                    Ok(response) => {
                        response.status() == StatusCode::REQUEST_TIMEOUT
                            || response.status().is_server_error()
                    }
                    Err(_) => true,
                };
                match (again, waits.next()) {
                    (true, Some(wait)) => tokio::time::sleep(*wait).await,
                    _ => return answer,
                }
            }
        };
        tokio::time::timeout(config.handler_timeout, tries)
            .await
            .map_err(|_| UpstreamError::TimedOut)?
    }

    /// Asks the handler, at most once a minute, whether it wants events from this hub.
    async fn validate(&self, uri: &str, origin: &str) -> Result<(), UpstreamError> {
        let known = |map: &HashMap<String, Instant>| {
            map.get(uri).is_some_and(|until| *until > Instant::now())
        };
        if known(
            &self
                .allowed_until
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        ) {
            return Ok(());
        }
        let request = cloud_event::validation_request(uri, origin)?;
        let question = async {
            let response = self.send(request.clone()).await?;
            if response.status() != StatusCode::NOT_FOUND {
                return Ok(response);
            }
            // Some hosts never hand OPTIONS on. Source: emulator of the service.
            let mut again = request;
            *again.method_mut() = Method::GET;
            self.send(again).await
        };
        let response = tokio::time::timeout(VALIDATION_DEADLINE, question)
            .await
            .map_err(|_| UpstreamError::TimedOut)??;
        if !cloud_event::validation_allows(&response, origin) {
            return Err(UpstreamError::NotAllowed);
        }
        let mut map = self
            .allowed_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        map.insert(uri.to_owned(), Instant::now() + VALID_FOR);
        Ok(())
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, UpstreamError> {
        let mut service = self.service.clone();
        let ready = service.ready().await.map_err(UpstreamError::Unreachable)?;
        let response = ready
            .call(request.map(Body::from))
            .await
            .map_err(UpstreamError::Unreachable)?;
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, MAX_ANSWER + 1)
            .await
            .map_err(|error| UpstreamError::Unreachable(error.into()))?;
        Ok(Response::from_parts(parts, bytes))
    }
}

/// The handler's URL for one event. Names are escaped and never reach the host part.
fn address(handler: &Handler, hub: &str, event: &str) -> String {
    let escaped = |name: &str| utf8_percent_encode(name, SEGMENT).to_string();
    let template = &handler.url_template;
    let host = template.find("://").map_or(0, |at| at + 3);
    let path = template[host..]
        .find('/')
        .map_or(template.len(), |at| host + at);
    let (fixed, open) = template.split_at(path);
    format!(
        "{fixed}{}",
        open.replace("{hub}", &escaped(hub))
            .replace("{event}", &escaped(event))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use wire::cloud_event::Context;
    use wire::frame::{Metadata, Payload};

    fn hello() -> Delivery {
        Delivery {
            context: Context {
                hub: "chat".into(),
                connection_id: "c1".into(),
                origin: "localhost:8080".into(),
                time: "2026-11-22T10:00:00Z".into(),
                ..Context::default()
            },
            event: CloudEvent::User {
                event: "hello".into(),
                payload: Payload::Text("x".into()),
                metadata: Metadata::new(),
            },
        }
    }

    /// Sends one event to a handler that answers it with `status`; when it was tried, in seconds, and the end.
    async fn tried(status: u16) -> (Vec<u64>, Result<u16, UpstreamError>) {
        let began = Instant::now();
        let times = Arc::new(Mutex::new(Vec::new()));
        let seen = times.clone();
        let service = BoxCloneSyncService::new(tower::service_fn(move |request: Request<Body>| {
            let seen = seen.clone();
            async move {
                let answer = Response::builder();
                if request.method() == Method::OPTIONS {
                    let answer = answer.header("WebHook-Allowed-Origin", "*");
                    return Ok::<_, BoxError>(answer.body(Body::empty())?);
                }
                let at = began.elapsed().as_secs();
                seen.lock().expect("not poisoned").push(at);
                Ok(answer.status(status).body(Body::empty())?)
            }
        }));
        let mut config = Config::new("a key that has more than thirty-two bytes");
        config.handlers = vec![Handler::of_everything("/handle/{event}")];
        let answer = Upstream::new(service)
            .deliver(&Hub::new(config), &hello())
            .await;
        let times = times.lock().expect("not poisoned").clone();
        (times, answer.map(|response| response.status().as_u16()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_fails_is_tried_again_after_one_three_and_five_seconds() {
        for status in [408, 500, 503] {
            let (times, answer) = tried(status).await;
            assert_eq!(times, [0, 1, 4, 9], "{status}");
            assert!(matches!(answer, Ok(code) if code == status));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_not_tried_again() {
        for status in [200, 400, 401, 429] {
            assert_eq!(tried(status).await.0, [0], "{status}");
        }
    }

    #[test]
    fn names_in_a_url_are_escaped_and_stay_out_of_the_host() {
        let at = |template: &str| address(&Handler::of_everything(template), "ch,at", "my-ev ent");
        assert_eq!(
            at("http://{hub}.h/a/{hub}/{event}?e={event}"),
            "http://{hub}.h/a/ch%2Cat/my-ev%20ent?e=my-ev%20ent"
        );
        assert_eq!(at("/in/{event}"), "/in/my-ev%20ent");
    }
}
