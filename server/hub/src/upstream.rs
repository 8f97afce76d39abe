//! Events to the application's webhook: which handler gets one, whether it wants events at all, how often a
//! failure is tried again. Refuses to know what an answer means to a client; `connection` does.

use crate::config::{Config, Handler, SystemEvent, UserEvents};
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceExt};
use wire::cloud_event::{self, CloudEvent, Delivery, MAX_ANSWER};

/// Where webhooks go: HTTP to somewhere, or a router in this process. Same bytes either way.
pub type HttpService = BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>;

/// Waits before a failed event is sent again. Source: emulator of the service.
const RETRIES: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(5),
];

/// How long a handler may take over one event, tries included. Source: emulator of the service.
const DEADLINE: Duration = Duration::from_secs(100);

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
    #[error("the handler took longer than {DEADLINE:?}")]
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
        config: &Config,
        delivery: &Delivery,
    ) -> Result<Response<Bytes>, UpstreamError> {
        let hub = &delivery.context.hub;
        let handler =
            Self::handler(config, hub, &delivery.event).ok_or(UpstreamError::NoHandler)?;
        let uri = |event: &str| {
            handler
                .url_template
                .replace(
                    "{hub}",
                    &utf8_percent_encode(hub, NON_ALPHANUMERIC).to_string(),
                )
                .replace(
                    "{event}",
                    &utf8_percent_encode(event, NON_ALPHANUMERIC).to_string(),
                )
        };
        self.validate(&uri("validate"), &delivery.context.origin)
            .await?;
        let uri = uri(delivery.event.name());
        let tries = async {
            let mut waits = RETRIES.iter();
            loop {
                let request = delivery.to_request(&uri, config.keys.iter().map(String::as_str))?;
                let answer = self.send(request).await;
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
        tokio::time::timeout(DEADLINE, tries)
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
        let response = tokio::time::timeout(VALIDATION_DEADLINE, self.send(request))
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
