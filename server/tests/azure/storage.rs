//! Tables of one's own as a setting says it.

use crate::azurite::{Azurite, OwnAccount};

pub struct Storage(OwnAccount);

impl Storage {
    pub fn new() -> Self {
        Storage(Azurite::account())
    }

    pub fn connection_string(&self) -> String {
        let OwnAccount {
            name,
            key,
            endpoint,
            ..
        } = &self.0;
        format!("AccountName={name};AccountKey={key};TableEndpoint={endpoint};")
    }
}
