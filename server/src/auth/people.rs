//! The door to whoever knows people and keeps their passkeys. Sign-in asks these questions of it and no more.

use super::known::Known;
use crate::chat::ChatService;
use crate::store::Passkey;
use app::chat::{Name, Person, Refusal, UserId};
use std::future::Future;
use std::pin::Pin;

/// An answer on its way.
pub type Asking<'a, T> = Pin<Box<dyn Future<Output = Result<T, Refusal>> + Send + 'a>>;

pub trait People: Send + Sync {
    /// Who this is; `None` for nobody that is stored.
    fn find(&self, user: UserId) -> Asking<'_, Option<Person>>;

    /// Makes somebody new. The identity is drawn at random: a name never leads to one.
    fn admit(&self, name: Name) -> Asking<'_, Person>;

    /// Who is known under this identity already, or else becomes so now.
    fn welcome(&self, known: Known) -> Asking<'_, Person>;

    /// The person's, by time of adding.
    fn passkeys(&self, user: UserId) -> Asking<'_, Vec<Passkey>>;

    /// Says whether it is new.
    fn add_passkey(&self, passkey: Passkey) -> Asking<'_, bool>;

    /// Says whether `before` was still there, and exactly so.
    fn renew_passkey(&self, before: Passkey, after: Passkey) -> Asking<'_, bool>;

    /// Says whether the person had it.
    fn remove_passkey(&self, user: UserId, id: String) -> Asking<'_, bool>;
}

impl People for ChatService {
    fn find(&self, user: UserId) -> Asking<'_, Option<Person>> {
        Box::pin(self.person(user))
    }

    fn admit(&self, name: Name) -> Asking<'_, Person> {
        Box::pin(self.sign_in_guest(name))
    }

    fn welcome(&self, known: Known) -> Asking<'_, Person> {
        Box::pin(self.sign_in_known(known.id, known.kind, known.name))
    }

    fn passkeys(&self, user: UserId) -> Asking<'_, Vec<Passkey>> {
        Box::pin(self.passkeys_of(user))
    }

    fn add_passkey(&self, passkey: Passkey) -> Asking<'_, bool> {
        Box::pin(self.keep_passkey(passkey))
    }

    fn renew_passkey(&self, before: Passkey, after: Passkey) -> Asking<'_, bool> {
        Box::pin(self.change_passkey(before, after))
    }

    fn remove_passkey(&self, user: UserId, id: String) -> Asking<'_, bool> {
        Box::pin(self.drop_passkey(user, id))
    }
}
