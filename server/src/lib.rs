//! The server. `build` is the only place where its parts meet: store, chat, hub and site are made here, in this
//! order, and know each other through traits and requests only.

pub mod admin;
pub mod auth;
pub mod chat;
pub mod clock;
pub mod config;
pub mod error;
pub mod events;
pub mod identity;
pub mod listen;
pub mod operator;
pub mod process;
pub mod pubsub;
pub mod store;
pub mod transport;
pub mod web;

pub use hub::Lingering;

use app::chat::{Refusal, Settings, UserId};
use auth::Sockets;
use axum::Router;
use chat::bots::Concierge;
use chat::moderator::LocalModerator;
use chat::{ChatService, Existing, Pace, Performing, Publish, Shared, Unpublished, Wiring};
use config::{Config, DataDir, Entra, Storage, Unusable};
use events::{Events, Issuer, Tokens, Trust};
use hub::{Handler, Hub};
use identity::{Identity, NoToken};
use pubsub::PubSub;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::attendance::Attendance;
use store::{Account, OpenError, Proof, Sqlite, Store, StoreError, Tables};
use transport::{NoTls, https, in_process};
use web::{Desk, Issuing, Tickets};
use wire::rest::Call;

/// Where calls to the embedded hub and its webhooks are addressed to. Nothing resolves it: both stay in this
/// process.
const EMBEDDED: &str = "http://embedded";

/// The database's name in the data folder.
const SQLITE: &str = "chatr.sqlite";

/// How long the hub says goodbye before the process ends.
const GOODBYE: Duration = Duration::from_secs(5);

/// A server that is ready to listen.
pub struct Built {
    pub router: Router,
    pub running: Running,
}

/// What works behind the router. The data directory is ours for as long as this lives.
pub struct Running {
    /// `None` when the sockets are elsewhere.
    hub: Option<Hub>,
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
    #[error("{setting}: {endpoint}: {why}")]
    Tables {
        setting: &'static str,
        endpoint: String,
        why: StoreError,
    },
    #[error("AZURE_CLIENT_ID: {0}")]
    Identity(#[from] NoToken),
    #[error(transparent)]
    Network(#[from] NoTls),
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
    build_at(config, Pace::default()).await
}

/// As `build`, with another patience towards servers and connections that are gone.
pub async fn build_at(config: &Config, pace: Pace) -> Result<Built, StartError> {
    let data_dir = DataDir::open(config)?;
    let identity = identity(config)?;
    let (hub, pubsub, trust) = sockets(config, &data_dir, identity.as_ref()).await?;
    let Opened { store, rows } = open_store(config, &data_dir, identity.as_ref()).await?;
    // A hub in this process tells this server of all connections.
    let rows = rows.filter(|_| hub.is_none());
    let service = ChatService::start(Wiring {
        store,
        publish: pubsub.clone(),
        moderator: Arc::new(LocalModerator),
        bots: vec![Arc::new(Concierge::default())],
        settings: Settings {
            idle_seconds: config.idle_seconds,
        },
        relaxed: config.relaxed,
        shared: rows.map(|rows| Shared { rows, pace }),
        clock: Arc::new(clock::now),
    })
    .await?;

    let events = events::router(Events {
        service: service.clone(),
        trust,
        hub: config.hub.clone(),
        outside: hub.is_none(),
        clock: Arc::new(clock::now),
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
        http: config.sign_in.asks().then(https).transpose()?,
        config: config.clone(),
    });
    let router = match &hub {
        Some(hub) => site
            .merge(hub.rest_router())
            .merge(hub.socket_router(in_process(events.clone()))),
        None => site,
    };
    Ok(Built {
        router: router.merge(events),
        running: Running {
            hub,
            _data_dir: data_dir,
        },
    })
}

/// The hub in this process, or the way to one elsewhere; and what its events are believed for.
async fn sockets(
    config: &Config,
    data_dir: &DataDir,
    identity: Option<&Arc<Identity>>,
) -> Result<(Option<Hub>, Arc<PubSub>, Trust), StartError> {
    if let Some(service) = &config.pubsub {
        let endpoint = service.endpoint.to_string();
        tracing::info!(%endpoint, "sockets are at Web PubSub");
        let (proof, trust) = match (&service.key, identity, &config.entra) {
            (Some(key), _, _) => {
                let key = key.reveal().to_owned();
                (pubsub::Proof::Key(key.clone()), Trust::Key(key))
            }
            (None, Some(identity), Some(entra)) => (
                pubsub::Proof::Token(identity.clone()),
                Trust::Tokens(Box::new(tokens(identity, entra).await?)),
            ),
            (None, _, _) => unreachable!("settings without a key name an identity"),
        };
        let pubsub = PubSub::with_proof(https()?, &endpoint, &config.hub, proof)
            .with_sockets_at(service.endpoint.socket_origin());
        return Ok((None, Arc::new(pubsub), trust));
    }
    let key = data_dir.keys().hub.reveal().to_owned();
    let hub = Hub::new(hub_config(config, &key));
    let pubsub = PubSub::new(in_process(hub.rest_router()), EMBEDDED, &config.hub, &key);
    Ok((Some(hub), Arc::new(pubsub), Trust::Key(key)))
}

/// A store, and what it knows for other servers.
struct Opened {
    store: Arc<dyn Store>,
    rows: Option<Arc<dyn Attendance>>,
}

async fn open_store(
    config: &Config,
    data_dir: &DataDir,
    identity: Option<&Arc<Identity>>,
) -> Result<Opened, StartError> {
    if let Some(storage) = &config.storage {
        let account = account(storage, identity);
        let tables = Tables::open(&account, https()?).await;
        let tables = tables.map_err(|why| StartError::Tables {
            setting: storage.setting(),
            endpoint: account.endpoint,
            why,
        })?;
        if config.pubsub.is_none() {
            tracing::info!(
                "rows are in Azure Tables, sockets in this process: pages hear this server only, so run one"
            );
        }
        let tables = Arc::new(tables);
        return Ok(Opened {
            store: tables.clone(),
            rows: Some(tables),
        });
    }
    if config.pubsub.is_some() {
        tracing::info!("rows are in this server's data folder, so run one");
    }
    let path = data_dir.path().join(SQLITE);
    let store = Sqlite::open(&path).map_err(|why| StartError::Store { path, why })?;
    Ok(Opened {
        store: Arc::new(store),
        rows: None,
    })
}

/// Who this server is at Azure, if anything there is opened by that.
fn identity(config: &Config) -> Result<Option<Arc<Identity>>, StartError> {
    match &config.entra {
        Some(entra) => Ok(Some(Identity::new(&entra.client_id, https()?)?)),
        None => Ok(None),
    }
}

/// The service acts as the same identity as this server, in the same tenant.
async fn tokens(identity: &Identity, entra: &Entra) -> Result<Tokens, StartError> {
    Ok(Tokens::of(Issuer {
        authority: entra.authority.clone(),
        tenant: identity.tenant(pubsub::SCOPE).await?,
        audience: entra.audience.clone(),
        client_id: entra.client_id.clone(),
        network: https()?,
    }))
}

/// Where the settings say that tables are.
fn account(storage: &Storage, identity: Option<&Arc<Identity>>) -> Account {
    let proof = match (&storage.key, identity) {
        (Some(key), _) => Proof::Key(key.reveal().to_owned()),
        (None, Some(identity)) => Proof::Token(identity.clone()),
        (None, None) => unreachable!("settings without a key name an identity"),
    };
    Account {
        name: storage.account.clone(),
        proof,
        endpoint: storage.endpoint.clone(),
    }
}

impl Running {
    /// How many sockets end here.
    pub fn sockets(&self) -> usize {
        self.hub.as_ref().map_or(0, Hub::connections)
    }

    /// Says goodbye to every socket: their pages come back to the next server by themselves.
    pub async fn stop(&self) {
        if let Some(hub) = &self.hub {
            hub.shut_down(GOODBYE).await;
        }
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

    fn exists(&self, connection: &str) -> Existing<'_> {
        let connection = connection.to_owned();
        Box::pin(async move {
            let found = PubSub::exists(self, &connection).await;
            found.map_err(|why| Unpublished(Box::new(why)))
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
    fn ticket(&self, user: UserId, origin: String) -> Issuing<'_> {
        Box::pin(async move {
            let ticket = PubSub::ticket(self, user, &origin).await;
            ticket.map_err(|error| {
                tracing::error!(%error, "no ticket");
                Refusal::Unavailable
            })
        })
    }
}
