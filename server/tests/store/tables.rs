//! The store in Azure Tables, on Azurite: where it passes the contract, and what it promises beyond that, with
//! several servers at once and a service that is not always there.

#[path = "../support/azurite.rs"]
mod azurite;
mod costs;
mod losses;
mod outage;
mod outages;
mod patience;
mod servers;

use crate::hall::Place;
use azurite::{Azurite, OwnAccount};
use patience::Patience;
use server::store::{Account, Proof, Store, Tables};
use server::transport::https;
use std::sync::Arc;

/// Tables of one's own.
pub struct Own(pub OwnAccount);

impl Place for Own {
    const CROWD: usize = 1_200;

    async fn new() -> Self {
        Own(Azurite::account())
    }

    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(Patience::before(self.server().await))
    }
}

impl Own {
    /// One more server on the same tables.
    pub async fn server(&self) -> Arc<dyn Store> {
        let account = Account {
            name: self.0.name.clone(),
            proof: Proof::Key(self.0.key.clone()),
            endpoint: self.0.endpoint.clone(),
        };
        Arc::new(
            Tables::open(&account, https().expect("TLS"))
                .await
                .expect("tables"),
        )
    }
}
