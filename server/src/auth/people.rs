//! The door to whoever knows people. Sign-in needs three questions of it and no more.

use super::known::Known;
use crate::chat::ChatService;
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
}
