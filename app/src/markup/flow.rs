//! Views that depend: shown or not, one for each item; and what follows a change. As Leptos' own, but for all
//! conditions and all items one type.

use super::Part;
use crate::signal::{Act, ArcMemo, Ask};
use leptos::children::ViewFn;
use leptos::prelude::*;
use leptos::tachys::reactive_graph::OwnedView;
use leptos::tachys::view::keyed::keyed;
use std::sync::Arc;

/// Runs once the page is alive, and whenever a signal that it reads changes. Never on the server.
pub fn effect(mut run: impl FnMut() + 'static) {
    fn start(mut run: Box<dyn Act<()>>) {
        Effect::new(move || run.act(()));
    }
    start(Box::new(move |()| run()));
}

/// What stands between the tags of a component.
pub fn children(children: impl Fn() -> AnyView + Send + Sync + 'static) -> ChildrenFn {
    Arc::new(children)
}

/// Its children while `when` holds, else `fallback`.
#[component]
pub fn Show(
    when: impl Fn() -> bool + Send + Sync + 'static,
    children: ChildrenFn,
    #[prop(optional, into)] fallback: ViewFn,
) -> AnyView {
    choose(Box::new(move |()| when()), children, fallback)
}

fn choose(
    when: Box<dyn Ask<(), bool> + Send + Sync>,
    children: ChildrenFn,
    fallback: ViewFn,
) -> AnyView {
    let when = ArcMemo::new(move |_| when.ask(()));
    let shown = move || match when.get() {
        true => children(),
        false => fallback.run(),
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
pub fn For<T, E, K, Q, C>(each: E, key: K, children: C) -> AnyView
where
    T: Send + 'static,
    E: Fn() -> Vec<T> + Send + 'static,
    K: Fn(&T) -> Q + Send + 'static,
    Q: Into<Key>,
    C: Fn(T) -> AnyView + Clone + Send + 'static,
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

type Draw = Box<dyn FnOnce() -> AnyView + Send>;

fn list(rows: Box<dyn Ask<(), Vec<(Key, Draw)>> + Send>) -> AnyView {
    let parent = Owner::current().unwrap_or_default();
    let drawn = move || {
        let parent = parent.clone();
        keyed(
            rows.ask(()),
            |(key, _): &(Key, Draw)| *key,
            move |_, (_, draw)| {
                let owner = parent.with(Owner::new);
                let view = owner.with(draw);
                (|_: usize| {}, OwnedView::new_with_owner(view, owner))
            },
        )
    };
    drawn.into_any()
}
