//! Closures that are handed on: `Copy`, and as long-lived as their owner.

use super::{Ask, Memo, RwSignal, StoredValue};
use leptos::prelude::{Owner, untrack};

/// A value that others make, computed whenever it is read.
pub struct Signal<T: 'static>(StoredValue<Box<dyn Ask<(), T> + Send + Sync>>);

impl<T> Clone for Signal<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Signal<T> {}

impl<T> Signal<T> {
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn derive(read: impl Fn() -> T + Send + Sync + 'static) -> Self {
        Signal(StoredValue::new(Box::new(move |()| read())))
    }

    #[cfg_attr(debug_assertions, track_caller)]
    pub fn get(&self) -> T {
        self.0.with_value(|read| read.ask(()))
    }

    #[cfg_attr(debug_assertions, track_caller)]
    pub fn get_untracked(&self) -> T {
        untrack(|| self.get())
    }

    #[cfg_attr(debug_assertions, track_caller)]
    pub fn with<U>(&self, look: impl FnOnce(&T) -> U) -> U {
        look(&self.get())
    }
}

impl<T: Clone + Default + Send + Sync> Default for Signal<T> {
    fn default() -> Self {
        Signal::derive(T::default)
    }
}

impl<T: Clone + Send + Sync> From<RwSignal<T>> for Signal<T> {
    fn from(signal: RwSignal<T>) -> Self {
        Signal::derive(move || signal.get())
    }
}

impl<T: Clone + Send + Sync> From<Memo<T>> for Signal<T> {
    fn from(memo: Memo<T>) -> Self {
        Signal::derive(move || memo.get())
    }
}

/// Something to be done with what is given.
pub struct Callback<In: 'static>(StoredValue<Box<dyn Ask<In> + Send + Sync>>);

impl<In> Clone for Callback<In> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<In> Copy for Callback<In> {}

impl<In> Callback<In> {
    pub fn new(run: impl Fn(In) + Send + Sync + 'static) -> Self {
        Callback(StoredValue::new(Box::new(run)))
    }

    pub fn run(&self, given: In) {
        self.0.with_value(|run| run.ask(given));
    }
}

impl<In, F: Fn(In) + Send + Sync + 'static> From<F> for Callback<In> {
    fn from(run: F) -> Self {
        Callback::new(run)
    }
}

/// Does something when the owner of now goes, or runs again.
pub fn on_cleanup(run: impl FnOnce() + Send + Sync + 'static) {
    fn keep(run: Box<dyn FnOnce() + Send + Sync>) {
        Owner::on_cleanup(run);
    }
    keep(Box::new(run));
}
