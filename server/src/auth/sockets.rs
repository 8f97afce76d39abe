//! The door to whoever holds the open sockets: after signing out none of them may go on.

use app::chat::UserId;
use std::future::Future;
use std::pin::Pin;

/// Done when the sockets are told to close, or cannot be told.
pub type Closing<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

pub trait Sockets: Send + Sync {
    /// Closes every socket of the user. A failure is the implementor's to log: signing out goes on.
    fn close(&self, user: UserId) -> Closing<'_>;
}
