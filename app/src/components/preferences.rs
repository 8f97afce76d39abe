//! What this browser's person chose for themselves. The theme is a cookie, because the server needs it for
//! the first paint; the rest stays in the browser. Read after hydration, never during it.

use crate::markup::effect;
use crate::signal::{RwSignal, expect_context, provide_context};
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use web_sys::{HtmlDocument, Storage};

const NOTIFY: &str = "chatr.notify";
const TYPING: &str = "chatr.typing";

/// Which palette.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    System,
    Light,
    Dark,
}

impl Theme {
    /// The value of `data-theme` and of the cookie; the system's choice has none.
    const fn word(self) -> Option<&'static str> {
        match self {
            Theme::System => None,
            Theme::Light => Some("light"),
            Theme::Dark => Some("dark"),
        }
    }
}

/// In context, made by the page.
#[derive(Clone, Copy)]
pub struct Preferences {
    pub theme: RwSignal<Theme>,
    /// Desktop notifications are wanted here. The browser's permission is another matter.
    pub notify: RwSignal<bool>,
    /// Others may see that one is typing.
    pub typing: RwSignal<bool>,
}

impl Preferences {
    pub fn provide() -> Preferences {
        let preferences = Preferences {
            theme: RwSignal::new(Theme::System),
            notify: RwSignal::new(false),
            typing: RwSignal::new(true),
        };
        provide_context(preferences);
        effect(move || preferences.recall());
        preferences
    }

    pub fn expect() -> Preferences {
        expect_context()
    }

    pub fn set_theme(&self, theme: Theme) {
        self.theme.set(theme);
        let document = document();
        if let Some(root) = document.document_element() {
            let _ = match theme.word() {
                Some(word) => root.set_attribute("data-theme", word),
                None => root.remove_attribute("data-theme"),
            };
        }
        if let Some(document) = document.dyn_ref::<HtmlDocument>() {
            let (word, seconds) = theme.word().map_or(("", 0), |word| (word, 31_536_000));
            let _ = document.set_cookie(&format!(
                "theme={word}; Path=/; Max-Age={seconds}; SameSite=Lax"
            ));
        }
    }

    pub fn set_notify(&self, on: bool) {
        self.notify.set(on);
        keep(NOTIFY, on);
    }

    pub fn set_typing(&self, on: bool) {
        self.typing.set(on);
        keep(TYPING, on);
    }

    fn recall(&self) {
        let word = document()
            .document_element()
            .and_then(|root| root.get_attribute("data-theme"));
        self.theme.set(match word.as_deref() {
            Some("light") => Theme::Light,
            Some("dark") => Theme::Dark,
            _ => Theme::System,
        });
        if let Some(on) = kept(NOTIFY) {
            self.notify.set(on);
        }
        if let Some(on) = kept(TYPING) {
            self.typing.set(on);
        }
    }
}

/// A browser may refuse to store anything; then a choice lasts as long as the page.
fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

fn keep(key: &str, on: bool) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(key, if on { "on" } else { "off" });
    }
}

fn kept(key: &str) -> Option<bool> {
    let text = storage()?.get_item(key).ok()??;
    Some(text == "on")
}
