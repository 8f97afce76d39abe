//! The server. `build` is the only place where its parts meet: store, chat, hub and site are made here, in this
//! order, and know each other through traits only.

pub mod auth;
pub mod chat;
pub mod config;
pub mod error;
pub mod listen;
pub mod store;
pub mod web;

use axum::Router;
use config::{Config, DataDir, Unusable};

/// A server that is ready to listen. The data directory is ours for as long as this lives.
pub struct Built {
    pub router: Router,
    pub data_dir: DataDir,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    DataDir(#[from] Unusable),
    #[error("this build has no store yet")]
    NoStore,
}

/// Makes everything that the settings ask for. Needs a running tokio.
pub async fn build(config: &Config) -> Result<Built, StartError> {
    let _data_dir = DataDir::open(config)?;
    Err(StartError::NoStore)
}
