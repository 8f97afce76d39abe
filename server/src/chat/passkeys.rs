//! Passkeys on their way between sign-in and the store: no rule of the chat is about them.

use super::{ChatService, stored};
use crate::store::Passkey;
use app::chat::{Refusal, UserId};

impl ChatService {
    pub async fn passkeys_of(&self, user: UserId) -> Result<Vec<Passkey>, Refusal> {
        stored(self.wiring.store.passkeys(user).await)
    }

    pub async fn keep_passkey(&self, passkey: Passkey) -> Result<bool, Refusal> {
        stored(self.wiring.store.add_passkey(passkey).await)
    }

    pub async fn change_passkey(&self, before: Passkey, after: Passkey) -> Result<bool, Refusal> {
        stored(self.wiring.store.renew_passkey(before, after).await)
    }

    pub async fn drop_passkey(&self, user: UserId, id: String) -> Result<bool, Refusal> {
        stored(self.wiring.store.remove_passkey(user, id).await)
    }
}
