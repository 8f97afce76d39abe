//! The door to whoever delivers: Web PubSub, or a test that takes notes. Refuses to know HTTP.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use wire::rest::Call;

/// A call on its way.
pub type Performing<'a> = Pin<Box<dyn Future<Output = Result<(), Unpublished>> + Send + 'a>>;

/// An answer on its way.
pub type Existing<'a> = Pin<Box<dyn Future<Output = Result<bool, Unpublished>> + Send + 'a>>;

/// The service did not take a call. It is logged and goes no further: the store is the truth, and pages heal
/// by holes and snapshots.
#[derive(Debug, thiserror::Error)]
#[error("the call was not performed")]
pub struct Unpublished(#[source] pub Box<dyn Error + Send + Sync>);

/// Performs calls, each before the answer. Calls of one chat arrive one after the other. That a user or a
/// connection is not there (404) is no failure.
pub trait Publish: Send + Sync {
    fn perform(&self, call: Call) -> Performing<'_>;

    /// Whether the connection is there. Asked only where several servers share a service.
    fn exists(&self, connection: &str) -> Existing<'_>;
}
