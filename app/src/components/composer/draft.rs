//! Half-written texts, kept in this browser per person and chat; and the height of the field where the
//! stylesheet alone cannot set it.

use crate::components::Desk;
use leptos::prelude::*;
use leptos::web_sys::{HtmlElement, HtmlTextAreaElement, Storage, css};

/// Beyond this the field scrolls.
const MAX_HEIGHT: i32 = 320;

/// Writes the text down, or forgets it when there is none.
pub fn keep(desk: Desk, text: &str) {
    if let Some(storage) = storage() {
        // A full or forbidden storage only means that the draft ends with the page.
        let _ = match text.trim().is_empty() {
            true => storage.remove_item(&key(desk)),
            false => storage.set_item(&key(desk), text),
        };
    }
}

pub fn kept(desk: Desk) -> Option<String> {
    storage()?.get_item(&key(desk)).ok().flatten()
}

/// Fits the field to its text where `field-sizing` is unknown.
pub fn fit(area: &HtmlTextAreaElement) {
    if !css::supports_with_value("field-sizing", "content").unwrap_or(false) {
        let style = HtmlElement::style(area);
        // The property exists in every browser.
        let _ = style.set_property("height", "auto");
        let height = area.scroll_height().min(MAX_HEIGHT);
        let _ = style.set_property("height", &format!("{height}px"));
    }
}

fn key(desk: Desk) -> String {
    format!("chatr.draft.{}.{}", desk.lobby.me().id, desk.chat)
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}
