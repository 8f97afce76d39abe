//! Who else is typing, in words. Its room is kept free, so nothing jumps; it does not speak to screen readers.

use crate::chat::typing::sentence;
use crate::components::Desk;
use crate::components::clock::now;
use crate::markup::{View, effect, set_interval_with_handle, view};
use crate::signal::{Memo, on_cleanup};
use leptos::prelude::*;
use std::time::Duration;

#[component]
pub fn Typing() -> View {
    let Desk { chat, lobby, .. } = Desk::expect();
    let typists = lobby.typists(chat);
    let words = {
        let typists = typists.clone();
        move || {
            let names: Vec<String> = typists.with(|t| {
                t.users()
                    .map(|user| lobby.person(user).to_string())
                    .collect()
            });
            sentence(&names)
        }
    };
    let somebody = Memo::new(move |_| typists.with(|typists| !typists.is_empty()));
    effect(move || {
        if somebody.get() {
            let forget = move || lobby.forget_typists(chat, now());
            if let Ok(ticking) = set_interval_with_handle(forget, Duration::from_millis(500)) {
                on_cleanup(move || ticking.clear());
            }
        }
    });
    view! { <p class="typing" data-on=move || somebody.get().then_some("")>{words}</p> }
}
