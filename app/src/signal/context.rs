//! What all that is drawn within an owner can reach, one value of each type.

use super::typed::{cast, there};
use leptos::context;
use std::any::{Any, TypeId};
use std::sync::Arc;

/// All that is provided here, the last first; and before that, all that was provided further out.
#[derive(Clone)]
struct Provided(Arc<Link>);

struct Link {
    value: Box<dyn Any + Send + Sync>,
    outer: Option<Provided>,
}

/// Within owners that have provided something themselves, what is provided further out must have been provided before.
pub fn provide_context<T: Send + Sync + 'static>(value: T) {
    fn provide(value: Box<dyn Any + Send + Sync>) {
        let outer = context::use_context::<Provided>();
        context::provide_context(Provided(Arc::new(Link { value, outer })));
    }
    provide(Box::new(value));
}

/// Panics if nobody provides it.
pub fn expect_context<T: Clone + 'static>() -> T {
    let found = there(find(TypeId::of::<T>()));
    cast::<T>(&*found.0.value).clone()
}

/// Looks from the inside out.
fn find(kind: TypeId) -> Option<Provided> {
    let mut provided = context::use_context::<Provided>();
    while let Some(here) = &provided
        && (*here.0.value).type_id() != kind
    {
        provided = here.0.outer.clone();
    }
    provided
}
