//! The server. `build` is the only place where its parts meet: store, chat, hub and site are made here, in this
//! order, and know each other through traits and requests only.

pub mod admin;
pub mod auth;
pub mod chat;
pub mod clock;
pub mod config;
pub mod error;
pub mod events;
pub mod listen;
pub mod process;
pub mod pubsub;
pub mod store;
pub mod transport;
pub mod web;

use app::chat::{Refusal, Settings, UserId};
use auth::Sockets;
use axum::Router;
use chat::bots::Concierge;
use chat::moderator::LocalModerator;
use chat::{ChatService, Performing, Publish, Unpublished, Wiring};
use config::{Config, DataDir, Unusable};
use events::Events;
use hub::{Handler, Hub};
use pubsub::PubSub;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::{OpenError, Sqlite, StoreError};
use transport::in_process;
use web::{Desk, Tickets};
use wire::rest::Call;

/// Where calls to the embedded hub and its webhooks are addressed to. Nothing resolves it: both stay in this
/// process.
const EMBEDDED: &str = "http://embedded";

/// How long the hub says goodbye before the process ends.
const GOODBYE: Duration = Duration::from_secs(5);

/// A server that is ready to listen.
pub struct Built {
    pub router: Router,
    pub running: Running,
}

/// What works behind the router. The data directory is ours for as long as this lives.
pub struct Running {
    hub: Hub,
    _data_dir: DataDir,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    DataDir(#[from] Unusable),
    #[error("CHATR_DATA_DIR: {path}: {why}", path = path.display())]
    Store {
        path: std::path::PathBuf,
        why: OpenError,
    },
    #[error("the store does not answer: {0}")]
    Establish(#[from] StoreError),
    #[error("{setting}: {addr} cannot be listened on: {why}")]
    Listen {
        setting: &'static str,
        addr: SocketAddr,
        why: std::io::Error,
    },
}

/// Makes everything that the settings ask for. Needs a running tokio.
pub async fn build(config: &Config) -> Result<Built, StartError> {
    let data_dir = DataDir::open(config)?;
    let key = data_dir.keys().hub.reveal().to_owned();
    let hub = Hub::new(hub_config(config, &key));
    let pubsub = Arc::new(PubSub::new(
        in_process(hub.rest_router()),
        EMBEDDED,
        &config.hub,
        &key,
    ));

    let path = data_dir.path().join("chatr.sqlite");
    let store = Sqlite::open(&path).map_err(|why| StartError::Store { path, why })?;
    let service = ChatService::start(Wiring {
        store: Arc::new(store),
        publish: pubsub.clone(),
        moderator: Arc::new(LocalModerator),
        bots: vec![Arc::new(Concierge::default())],
        settings: Settings {
            idle_seconds: config.idle_seconds,
        },
        relaxed: config.relaxed,
        clock: Arc::new(clock::now),
    })
    .await?;

    let events = events::router(Events {
        service: service.clone(),
        keys: vec![key],
        hub: config.hub.clone(),
    });
    let site = web::router(web::Parts {
        backend: Arc::new(Desk {
            service: service.clone(),
            tickets: pubsub.clone(),
            public_url: config.public_url.clone(),
        }),
        people: service,
        sockets: pubsub,
        session_key: data_dir.keys().session.clone(),
        config: config.clone(),
    });
    let router = site
        .merge(hub.rest_router())
        .merge(hub.socket_router(in_process(events.clone())))
        .merge(events);
    Ok(Built {
        router,
        running: Running {
            hub,
            _data_dir: data_dir,
        },
    })
}

impl Running {
    /// How many sockets there are.
    pub fn sockets(&self) -> usize {
        self.hub.connections()
    }

    /// Says goodbye to every socket: their pages come back to the next server by themselves.
    pub async fn stop(&self) {
        self.hub.shut_down(GOODBYE).await;
    }
}

fn hub_config(config: &Config, key: &str) -> hub::Config {
    let mut wished = hub::Config::new(key);
    wished.handlers = vec![Handler {
        hub: Some(config.hub.to_ascii_lowercase()),
        ..Handler::of_everything(format!("{EMBEDDED}{}", events::PATH))
    }];
    // Pages of this server only, by whichever name it is called; behind a proxy, by its public one.
    wished.allowed_origins = Some(config.public_url.iter().map(ToString::to_string).collect());
    wished.hosts = config
        .public_url
        .iter()
        .map(|url| url.authority().to_owned())
        .collect();
    wished
}

impl Publish for PubSub {
    fn perform(&self, call: Call) -> Performing<'_> {
        Box::pin(async move {
            let performed = PubSub::perform(self, call).await;
            performed.map_err(|why| Unpublished(Box::new(why)))
        })
    }
}

impl Sockets for PubSub {
    fn close(&self, user: UserId) -> auth::Closing<'_> {
        Box::pin(async move {
            if let Err(error) = PubSub::close(self, user, "signed out").await {
                tracing::warn!(%error, "sockets of somebody who signed out stay open");
            }
        })
    }
}

impl Tickets for PubSub {
    fn ticket(&self, user: UserId, origin: &str) -> Result<String, Refusal> {
        PubSub::ticket(self, user, origin).map_err(|error| {
            tracing::error!(%error, "no ticket");
            Refusal::Unavailable
        })
    }
}
