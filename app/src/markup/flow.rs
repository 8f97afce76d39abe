//! Views that depend: shown or not, one for each item; and what follows a change. As Leptos' own, but for all
//! conditions and all items one type.

use super::rows::Rows;
use super::{Part, View};
use crate::signal::{Act, ArcMemo, Ask};
use leptos::prelude::*;
use std::sync::Arc;

/// Runs once the page is alive, and whenever a signal that it reads changes. Never on the server.
pub fn effect(mut run: impl FnMut() + 'static) {
    fn start(mut run: Box<dyn Act<()>>) {
        Effect::new(move || run.act(()));
    }
    start(Box::new(move |()| run()));
}

/// What stands between the tags of a component.
pub type Children = Arc<dyn Fn() -> View + Send + Sync>;

pub fn children(children: impl Fn() -> View + Send + Sync + 'static) -> Children {
    Arc::new(children)
}

/// Its children while `when` holds, else `fallback`.
#[component]
pub fn Show(
    when: impl Fn() -> bool + Send + Sync + 'static,
    children: Children,
    #[prop(optional, into)] fallback: Fallback,
) -> View {
    choose(Box::new(move |()| when()), children, fallback)
}

/// What is shown instead; nothing by default.
#[derive(Default)]
pub struct Fallback(Option<Box<dyn Fn() -> View + Send>>);

impl<F: Fn() -> View + Send + 'static> From<F> for Fallback {
    fn from(draw: F) -> Fallback {
        Fallback(Some(Box::new(draw)))
    }
}

fn choose(
    when: Box<dyn Ask<(), bool> + Send + Sync>,
    children: Children,
    fallback: Fallback,
) -> View {
    let when = ArcMemo::new(move |_| when.ask(()));
    let shown = move || match when.get() {
        true => children(),
        false => fallback.0.as_ref().map_or(View::Nothing, |draw| draw()),
    };
    shown.part()
}

/// What tells the items of a list apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(u128, u128, u8);

impl From<u128> for Key {
    fn from(id: u128) -> Key {
        Key(id, 0, 0)
    }
}

impl From<(u128, u128, u8)> for Key {
    fn from((a, b, c): (u128, u128, u8)) -> Key {
        Key(a, b, c)
    }
}

/// Its children for each item; an item whose `key` stays keeps its part of the page.
#[component]
pub fn For<T, E, K, Q, C>(each: E, key: K, children: C) -> View
where
    T: Send + 'static,
    E: Fn() -> Vec<T> + Send + 'static,
    K: Fn(&T) -> Q + Send + 'static,
    Q: Into<Key>,
    C: Fn(T) -> View + Clone + Send + 'static,
{
    list(Box::new(move |()| {
        let row = |item| {
            let (key, children) = (key(&item).into(), children.clone());
            let draw: Draw = Box::new(move || children(item));
            (key, draw)
        };
        each().into_iter().map(row).collect()
    }))
}

pub(super) type Draw = Box<dyn FnOnce() -> View + Send>;

fn list(rows: Box<dyn Ask<(), Vec<(Key, Draw)>> + Send>) -> View {
    let owner = Owner::current().unwrap_or_default();
    View::Rows(Rows { owner, rows })
}
