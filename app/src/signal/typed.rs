//! A value of whatever type, and a handle that remembers which type it is.

use leptos::prelude::*;
use leptos::reactive::signal::guards::UntrackedWriteGuard;
use std::any::Any;
use std::marker::PhantomData;
use std::ops::Deref;

pub type Erased = Box<dyn Any + Send + Sync>;

/// One of Leptos' handles, whose value is always a `T`.
pub struct Typed<H, T> {
    pub(super) handle: H,
    of: PhantomData<fn() -> T>,
}

impl<H, T> Typed<H, T> {
    pub(super) fn of(handle: H) -> Self {
        let of = PhantomData;
        Typed { handle, of }
    }
}

impl<H: Clone, T> Clone for Typed<H, T> {
    fn clone(&self) -> Self {
        Typed::of(self.handle.clone())
    }
}

impl<H: Copy, T> Copy for Typed<H, T> {}

/// Signals and memos: what may be followed.
impl<H, T> Typed<H, T>
where
    H: Track + ReadUntracked<Value: Deref<Target = Erased>>,
    T: 'static,
{
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn with<U>(&self, look: impl FnOnce(&T) -> U) -> U {
        look(cast(&**followed(&self.handle)))
    }

    #[cfg_attr(debug_assertions, track_caller)]
    pub fn with_untracked<U>(&self, look: impl FnOnce(&T) -> U) -> U {
        look(cast(&**read(&self.handle)))
    }

    /// `None` when its owner is gone, like all that try.
    pub fn try_with_untracked<U>(&self, look: impl FnOnce(&T) -> U) -> Option<U> {
        try_read(&self.handle).map(|value| look(cast(&**value)))
    }

    #[cfg_attr(debug_assertions, track_caller)]
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    #[cfg_attr(debug_assertions, track_caller)]
    pub fn get_untracked(&self) -> T
    where
        T: Clone,
    {
        self.with_untracked(T::clone)
    }

    pub fn try_get_untracked(&self) -> Option<T>
    where
        T: Clone,
    {
        self.try_with_untracked(T::clone)
    }

    #[cfg_attr(debug_assertions, track_caller)]
    pub fn track(&self) {
        self.handle.track();
    }
}

/// Signals that are written. Nobody is told before the value is free to be read again. Writing does nothing when the
/// owner is gone.
impl<H, T> Typed<H, T>
where
    H: Write<Value = Erased>,
    T: Send + Sync + 'static,
{
    pub fn set(&self, value: T) {
        put(&self.handle, Box::new(value));
    }

    pub fn update(&self, change: impl FnOnce(&mut T)) {
        self.try_update(change);
    }

    pub fn try_update<U>(&self, change: impl FnOnce(&mut T) -> U) -> Option<U> {
        let mut value = write(&self.handle)?;
        Some(change(cast_mut(&mut **value)))
    }

    /// Tells nobody.
    pub fn try_update_untracked<U>(&self, change: impl FnOnce(&mut T) -> U) -> Option<U> {
        let mut value = write(&self.handle)?;
        value.untrack();
        Some(change(cast_mut(&mut **value)))
    }
}

/// What is only kept.
impl<H, T> Typed<H, T>
where
    H: ReadValue<Value: Deref<Target = Erased>> + WriteValue<Value = Erased>,
    T: Send + Sync + 'static,
{
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn with_value<U>(&self, look: impl FnOnce(&T) -> U) -> U {
        look(cast(&**there(look_into(&self.handle))))
    }

    pub fn try_with_value<U>(&self, look: impl FnOnce(&T) -> U) -> Option<U> {
        look_into(&self.handle).map(|value| look(cast(&**value)))
    }

    #[cfg_attr(debug_assertions, track_caller)]
    pub fn get_value(&self) -> T
    where
        T: Clone,
    {
        self.with_value(T::clone)
    }

    pub fn set_value(&self, value: T) {
        put_into(&self.handle, Box::new(value));
    }

    pub fn update_value(&self, change: impl FnOnce(&mut T)) {
        self.try_update_value(change);
    }

    pub fn try_update_value<U>(&self, change: impl FnOnce(&mut T) -> U) -> Option<U> {
        let mut value = reach_into(&self.handle)?;
        Some(change(cast_mut(&mut **value)))
    }
}

// What follows is compiled for each type of value, or for each kind of handle, but not for each closure. Where the
// compiler would rather write it anew each time, it is told not to.

#[inline(never)]
pub fn cast<T: 'static>(value: &dyn Any) -> &T {
    there(value.downcast_ref())
}

#[inline(never)]
fn cast_mut<T: 'static>(value: &mut dyn Any) -> &mut T {
    there(value.downcast_mut())
}

#[inline(never)]
#[cfg_attr(debug_assertions, track_caller)]
fn followed<H: Track + ReadUntracked>(handle: &H) -> H::Value {
    handle.track();
    there(handle.try_read_untracked())
}

#[inline(never)]
#[cfg_attr(debug_assertions, track_caller)]
fn read<H: ReadUntracked>(handle: &H) -> H::Value {
    there(handle.try_read_untracked())
}

#[inline(never)]
fn try_read<H: ReadUntracked>(handle: &H) -> Option<H::Value> {
    handle.try_read_untracked()
}

#[inline(never)]
fn write<H: Write<Value = Erased>>(handle: &H) -> Option<impl UntrackableGuard<Target = Erased>> {
    handle.try_write()
}

#[inline(never)]
fn put(handle: &impl Update<Value = Erased>, value: Erased) {
    // What was there goes when nothing is locked any more.
    drop(handle.try_update(|held| std::mem::replace(held, value)));
}

#[inline(never)]
fn look_into<H: ReadValue>(handle: &H) -> Option<H::Value> {
    handle.try_read_value()
}

#[inline(never)]
fn reach_into<H: WriteValue<Value = Erased>>(handle: &H) -> Option<UntrackedWriteGuard<Erased>> {
    handle.try_write_value()
}

#[inline(never)]
fn put_into(handle: &impl WriteValue<Value = Erased>, value: Erased) {
    let held = reach_into(handle).map(|mut held| std::mem::replace(&mut *held, value));
    drop(held);
}

/// A value that somebody relies on.
#[cfg_attr(debug_assertions, track_caller)]
pub fn there<T>(value: Option<T>) -> T {
    match value {
        Some(value) => value,
        None => gone(),
    }
}

/// As Leptos' own signals do: to ask for a value that cannot be there is a mistake of the program's. Whoever may come
/// too late uses what tries.
#[cold]
#[cfg_attr(debug_assertions, track_caller)]
fn gone() -> ! {
    panic!("a value is not there: its owner is gone, or it was never provided")
}
