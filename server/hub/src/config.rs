//! What an operator may set. Every field states its unit, its default and where the number comes from.

use std::time::Duration;

/// How a hub behaves. `Config::new(key)` is the faithful default.
#[derive(Clone)]
pub struct Config {
    /// Access keys, primary first; either verifies a token, both sign webhooks. At least 32 bytes each.
    pub keys: Vec<String>,
    /// Hosts (with port) that tokens may name besides the one that was called: for a proxy that rewrites
    /// `Host`.
    pub hosts: Vec<String>,
    /// Web pages that may open sockets, as origins; `None` lets any. Programs send no origin and may always.
    pub allowed_origins: Option<Vec<String>>,
    /// Whether a client without a token is let in.
    pub anonymous: bool,
    /// Time between WebSocket pings; a peer silent for twice as long is dropped. Default 20 s (service).
    pub keep_alive: Duration,
    /// How long a reliable session waits for its client. Default 30 s (client specification).
    pub retention: Duration,
    /// The hubs that there are, in lower case; `None` lets any be used, as the service does.
    pub hubs: Option<Vec<String>>,
    /// Where events go; the first that fits an event gets it.
    pub handlers: Vec<Handler>,
    /// How long a handler may take over one event, tries included. Default 100 s (emulator of the service).
    pub handler_timeout: Duration,
    /// Connections over all hubs; more are refused with 429. Default: no limit of its own.
    pub max_connections: Option<usize>,
    /// Whether recent frames and calls are kept for `Hub::page_router`. Default: no.
    pub journal: bool,
}

/// One webhook.
#[derive(Clone)]
pub struct Handler {
    /// The hub, in lower case; `None` for every hub.
    pub hub: Option<String>,
    /// `{hub}` and `{event}` are replaced.
    pub url_template: String,
    /// `*`, or user events by name.
    pub user_events: UserEvents,
    /// Which of `connect`, `connected`, `disconnected` are sent.
    pub system_events: Vec<SystemEvent>,
    /// A bearer token that the handler's own door asks for.
    pub bearer: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserEvents {
    All,
    /// Compared without regard to case.
    Named(Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemEvent {
    Connect,
    Connected,
    Disconnected,
}

impl Config {
    pub fn new(key: impl Into<String>) -> Self {
        Self {
            keys: vec![key.into()],
            hosts: Vec::new(),
            allowed_origins: None,
            anonymous: false,
            keep_alive: Duration::from_secs(20),
            retention: Duration::from_secs(30),
            hubs: None,
            handlers: Vec::new(),
            handler_timeout: Duration::from_secs(100),
            max_connections: None,
            journal: false,
        }
    }

    /// Whether there is a hub of this name, in lower case.
    pub fn serves(&self, hub: &str) -> bool {
        self.hubs
            .as_ref()
            .is_none_or(|hubs| hubs.iter().any(|name| name == hub))
    }
}

impl Handler {
    /// A handler of every event of every hub.
    pub fn of_everything(url_template: impl Into<String>) -> Self {
        Self {
            hub: None,
            url_template: url_template.into(),
            user_events: UserEvents::All,
            system_events: vec![
                SystemEvent::Connect,
                SystemEvent::Connected,
                SystemEvent::Disconnected,
            ],
            bearer: None,
        }
    }
}

/// Without what might be secret: the query of the URL and the token.
impl std::fmt::Debug for Handler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let url = self.url_template.split('?').next().unwrap_or_default();
        f.debug_struct("Handler")
            .field("hub", &self.hub)
            .field("url_template", &url)
            .field("user_events", &self.user_events)
            .field("system_events", &self.system_events)
            .finish_non_exhaustive()
    }
}
