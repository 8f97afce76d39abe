//! Keys of the conversation: which one sends, and those that work from anywhere on the page.

use crate::components::Desk;
use crate::markup::{effect, window_event_listener};
use crate::signal::on_cleanup;
use leptos::ev;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{Element, HtmlElement};

/// An Enter this soon after an input method finished belongs to the input method.
const COMPOSED_MS: u64 = 30;
/// What `keyCode` says while an input method is at work.
const COMPOSING: u32 = 229;

/// Whether this key in the field sends the text. `since_composed` is in milliseconds.
pub fn sends(event: &KeyboardEvent, since_composed: u64) -> bool {
    if event.key() != "Enter"
        || event.is_composing()
        || event.key_code() == COMPOSING
        || since_composed <= COMPOSED_MS
    {
        return false;
    }
    event.ctrl_key() || event.meta_key() || !(event.shift_key() || event.alt_key() || is_touch())
}

/// The first arrival with a real keyboard may write at once. From then on: typing anywhere writes, Page Up and
/// Page Down scroll the messages, Escape goes to the newest one and takes the separator away.
pub fn listen(desk: Desk) {
    effect(move || {
        if desk.composer.get().is_some() && !is_touch() && is_nowhere() {
            desk.focus_composer();
        }
        let listening = window_event_listener(ev::keydown, move |event| act(desk, &event));
        on_cleanup(move || listening.remove());
    });
}

fn act(desk: Desk, event: &KeyboardEvent) {
    if event.default_prevented() || event.is_composing() || is_covered() {
        return;
    }
    let modified = event.ctrl_key() || event.meta_key() || event.alt_key();
    match event.key().as_str() {
        "PageUp" if !modified => page(desk, event, -1.0),
        "PageDown" if !modified => page(desk, event, 1.0),
        "Escape" if !modified => {
            desk.lobby.unmark(desk.chat);
            desk.jump();
        }
        key if !modified && key.chars().count() == 1 && key != " " && !takes_keys(event) => {
            desk.focus_composer();
        }
        _ => {}
    }
}

fn page(desk: Desk, event: &KeyboardEvent, screens: f64) {
    if let Some(scroller) = desk.scroller.get_untracked() {
        event.prevent_default();
        let scroller: &HtmlElement = scroller.unchecked_ref();
        let step = f64::from(scroller.client_height()) * 0.85 * screens;
        scroller.set_scroll_top(scroller.scroll_top() + step as i32);
    }
}

/// The key goes to something that has its own use for it.
fn takes_keys(event: &KeyboardEvent) -> bool {
    event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok())
        .and_then(|element| {
            element
                .closest(
                    "input, textarea, select, [contenteditable], dialog, [popover], [role=menu]",
                )
                .ok()
        })
        .flatten()
        .is_some()
}

/// A dialog or a menu is open.
fn is_covered() -> bool {
    matches!(
        document().query_selector("dialog[open], [popover]:popover-open, [role=menu]:popover-open"),
        Ok(Some(_))
    )
}

fn is_nowhere() -> bool {
    document()
        .active_element()
        .is_none_or(|element| element.tag_name() == "BODY")
}

fn is_touch() -> bool {
    window()
        .match_media("(pointer: coarse) and (hover: none)")
        .ok()
        .flatten()
        .is_some_and(|list| list.matches())
}
