//! A Web PubSub service in a library: Azure's paths, frames, webhooks and REST calls, for applications that
//! want it inside their own process and for tests that want it on a port.
//!
//! Offered: raw clients and the JSON and protobuf subprotocols, plain and reliable, with streams and invocation;
//! webhooks with validation, signature, connection state and retries; the whole REST data plane with its filter.
//! Not offered: MQTT, Socket.IO, event listeners; `docs/hub.md` says why, and which test shows what. It knows
//! nothing of what the messages mean.
//!
//! Whoever accepts connections for the routers wraps each in [`Lingering`], or a goodbye may be lost to a reset.
//!
//! One wiring order, no cycle, since only the socket side needs the application:
//! `Hub::new` -> `Hub::rest_router` -> the application -> `Hub::socket_router(application)`.

mod access;
mod clock;
mod config;
mod connection;
mod fanout;
mod filter;
mod heart;
mod journal;
mod lingering;
mod outbox;
mod page;
mod protocol;
mod registry;
mod reliable;
mod rest;
mod session;
mod socket;
mod streams;
mod upstream;
mod websocket;

pub use access::hub_name;
pub use config::{Config, Handler, SystemEvent, UserEvents};
pub use lingering::Lingering;
pub use session::MAX_QUEUED_BYTES;
pub use upstream::HttpService;
pub use websocket::MAX_MESSAGE;

use axum::Router;
use axum::routing::{any, get, post};
use heart::Heart;
use journal::Journal;
use registry::Registry;
use session::{Ending, Session};
use socket::Door;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use upstream::Upstream;

/// The service. Cheap to clone; all clones are the same service.
#[derive(Clone)]
pub struct Hub {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    journal: Option<Journal>,
    hubs: Mutex<HashMap<String, Arc<Connections>>>,
    /// Sessions and what they still have to tell their handlers; see `Presence`.
    present: AtomicUsize,
    /// Sessions that begin now end at once.
    shutting_down: AtomicBool,
    left: Notify,
    heart: Heart,
}

/// The connections of one hub name. A std lock: nothing awaits under it, and deliveries to one group keep one
/// order for all receivers because they happen under it.
struct Connections {
    name: Arc<str>,
    registry: Mutex<Registry<Arc<Session>>>,
    /// By which host and port of ours the last one came: nearly always by the same as all others.
    origin: Mutex<Arc<str>>,
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, Registry<Arc<Session>>> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shares what nearly all connections have in common.
    fn origin(&self, told: &str) -> Arc<str> {
        let mut last = self.origin.lock().unwrap_or_else(PoisonError::into_inner);
        if **last != *told {
            *last = told.into();
        }
        last.clone()
    }
}

impl Hub {
    pub fn new(config: Config) -> Self {
        Self {
            inner: Arc::new(Inner {
                journal: config.journal.then(Journal::default),
                config,
                hubs: Mutex::default(),
                present: AtomicUsize::new(0),
                shutting_down: AtomicBool::new(false),
                left: Notify::new(),
                heart: Heart::default(),
            }),
        }
    }

    /// `/api/hubs/*` and `/api/health`.
    pub fn rest_router(&self) -> Router {
        Router::new()
            .route("/api/health", any(rest::answer))
            .route("/api/hubs/{*rest}", any(rest::answer))
            .with_state(self.clone())
    }

    /// `/client/*`. Events go to `application`, at the addresses of the configured handlers.
    pub fn socket_router(&self, application: HttpService) -> Router {
        let door = Door {
            hub: self.clone(),
            upstream: Arc::new(Upstream::new(application)),
        };
        Router::new()
            .route("/client/hubs/{hub}", any(socket::by_path))
            .route("/client", any(socket::by_query))
            .route("/client/", any(socket::by_query))
            .with_state(door)
    }

    /// A page for developers at `/`: who is connected, what passed lately, a form to send something. It asks for no
    /// token and shows what messages say: only for a service that nobody else reaches. Needs `Config::journal`.
    pub fn page_router(&self) -> Router {
        Router::new()
            .route("/", get(page::html))
            .route("/live", get(page::live))
            .route("/live/send", post(page::send))
            .with_state(self.clone())
    }

    /// How many sessions there are, waiting ones included.
    pub fn connections(&self) -> usize {
        self.all().iter().map(|hub| hub.lock().len()).sum()
    }

    /// Ends every session with a goodbye and waits until they are gone and their handlers know, at most
    /// `patience`.
    pub async fn shut_down(&self, patience: Duration) {
        self.inner.shutting_down.store(true, Ordering::SeqCst);
        let gone = async {
            loop {
                let left = self.inner.left.notified();
                if self.inner.present.load(Ordering::Acquire) == 0 {
                    return;
                }
                for hub in self.all() {
                    for (_, session) in hub.lock().all() {
                        session.end(Ending::shutdown());
                    }
                }
                left.await;
            }
        };
        // What is still there after that is cut by the end of the process.
        let _ = tokio::time::timeout(patience, gone).await;
    }

    fn config(&self) -> &Config {
        &self.inner.config
    }

    fn of(&self, name: &str) -> Arc<Connections> {
        let mut hubs = self
            .inner
            .hubs
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match hubs.get(name) {
            Some(hub) => hub.clone(),
            None => {
                let hub = Arc::new(Connections {
                    name: name.into(),
                    registry: Mutex::default(),
                    origin: Mutex::new("".into()),
                });
                hubs.insert(name.to_owned(), hub.clone());
                hub
            }
        }
    }

    /// A hub that somebody was in. Who has shown nothing yet must not be able to fill the memory with names.
    fn known(&self, name: &str) -> Option<Arc<Connections>> {
        let hubs = self
            .inner
            .hubs
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        hubs.get(name).cloned()
    }

    fn all(&self) -> Vec<Arc<Connections>> {
        self.inner
            .hubs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }

    fn forget(&self, session: &Session) {
        self.of(&session.hub).lock().remove(&session.id);
    }

    fn journal(&self) -> Option<&Journal> {
        self.inner.journal.as_ref()
    }

    fn names(&self) -> Vec<String> {
        let hubs = self
            .inner
            .hubs
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut names: Vec<String> = hubs.keys().cloned().collect();
        names.sort_unstable();
        names
    }

    fn is_shutting_down(&self) -> bool {
        self.inner.shutting_down.load(Ordering::SeqCst)
    }

    fn presence(&self) -> Presence {
        self.inner.present.fetch_add(1, Ordering::AcqRel);
        Presence(self.clone())
    }
}

/// Kept by a session's task until its handler was told of the end.
struct Presence(Hub);

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.inner.present.fetch_sub(1, Ordering::AcqRel);
        self.0.inner.left.notify_waiters();
    }
}
