//! The kinds of handles, and how each is made. Those with `Arc` live as long as somebody holds them, the others as
//! long as their owner.

use super::Ask;
use super::typed::{Erased, Typed};
use leptos::prelude::*;
use leptos::reactive::{computed, owner, signal};
use std::any::Any;

pub type RwSignal<T> = Typed<signal::RwSignal<Erased>, T>;
pub type ArcRwSignal<T> = Typed<signal::ArcRwSignal<Erased>, T>;
pub type Memo<T> = Typed<computed::Memo<Erased>, T>;
pub type ArcMemo<T> = Typed<computed::ArcMemo<Erased>, T>;
pub type StoredValue<T> = Typed<owner::StoredValue<Erased>, T>;
pub type ArcStoredValue<T> = Typed<owner::ArcStoredValue<Erased>, T>;

impl<T: Send + Sync + 'static> RwSignal<T> {
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn new(value: T) -> Self {
        #[cfg_attr(debug_assertions, track_caller)]
        fn new(value: Erased) -> signal::RwSignal<Erased> {
            signal::RwSignal::new(value)
        }
        Typed::of(new(Box::new(value)))
    }
}

impl<T: Send + Sync + 'static> ArcRwSignal<T> {
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn new(value: T) -> Self {
        #[cfg_attr(debug_assertions, track_caller)]
        fn new(value: Erased) -> signal::ArcRwSignal<Erased> {
            signal::ArcRwSignal::new(value)
        }
        Typed::of(new(Box::new(value)))
    }

    /// Has those run again who follow it.
    pub fn notify(&self) {
        self.handle.notify();
    }
}

impl<T: Default + Send + Sync + 'static> Default for ArcRwSignal<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: PartialEq + Send + Sync + 'static> Memo<T> {
    /// `compute` gets the value of before. Who follows is told only of a value that is not the same.
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn new(compute: impl Fn(Option<&T>) -> T + Send + Sync + 'static) -> Self {
        #[cfg_attr(debug_assertions, track_caller)]
        fn owned(compute: Compute, is_same: IsSame) -> computed::Memo<Erased> {
            memo(compute, is_same).into()
        }
        Typed::of(owned(boxed(compute), is_same::<T>))
    }
}

impl<T: PartialEq + Send + Sync + 'static> ArcMemo<T> {
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn new(compute: impl Fn(Option<&T>) -> T + Send + Sync + 'static) -> Self {
        Typed::of(memo(boxed(compute), is_same::<T>))
    }
}

/// Gets what was before.
type Compute = Box<dyn for<'a> Ask<Option<&'a dyn Any>, Erased> + Send + Sync>;

type IsSame = fn(&dyn Any, &dyn Any) -> bool;

fn boxed<T: Send + Sync + 'static>(
    compute: impl Fn(Option<&T>) -> T + Send + Sync + 'static,
) -> Compute {
    Box::new(move |before: Option<&dyn Any>| -> Erased {
        Box::new(compute(before.and_then(|before| before.downcast_ref())))
    })
}

#[cfg_attr(debug_assertions, track_caller)]
fn memo(compute: Compute, is_same: IsSame) -> computed::ArcMemo<Erased> {
    computed::ArcMemo::new_owning(move |before: Option<Erased>| {
        let value = compute.ask(before.as_ref().map(|before| &**before as &dyn Any));
        let same = before.is_some_and(|before| is_same(&*before, &*value));
        (value, !same)
    })
}

fn is_same<T: PartialEq + 'static>(before: &dyn Any, now: &dyn Any) -> bool {
    before.downcast_ref::<T>() == now.downcast_ref::<T>()
}

impl<T: Send + Sync + 'static> StoredValue<T> {
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn new(value: T) -> Self {
        #[cfg_attr(debug_assertions, track_caller)]
        fn new(value: Erased) -> owner::StoredValue<Erased> {
            owner::StoredValue::new(value)
        }
        Typed::of(new(Box::new(value)))
    }
}

impl<T: Send + Sync + 'static> ArcStoredValue<T> {
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn new(value: T) -> Self {
        let value: Erased = Box::new(value);
        Typed::of(owner::ArcStoredValue::new(value))
    }
}
