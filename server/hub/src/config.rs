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
    /// Where events go; the first that fits an event gets it.
    pub handlers: Vec<Handler>,
}

/// One webhook.
#[derive(Clone, Debug)]
pub struct Handler {
    /// The hub, in lower case; `None` for every hub.
    pub hub: Option<String>,
    /// `{hub}` and `{event}` are replaced.
    pub url_template: String,
    /// `*`, or user events by name.
    pub user_events: UserEvents,
    /// Which of `connect`, `connected`, `disconnected` are sent.
    pub system_events: Vec<SystemEvent>,
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
            handlers: Vec::new(),
        }
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
        }
    }
}
