//! Where one is, and the ways to go elsewhere. Chatr in the browser lives at `/chat` and `/chat/…`; any other address
//! is another page, for which the browser asks the server. Refuses to know what stands at an address.

use crate::markup::{effect, window_event_listener};
use crate::signal::{RwSignal, StoredValue, expect_context, on_cleanup, provide_context};
use leptos::ev;
use leptos::prelude::*;
use leptos::wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlAnchorElement, MouseEvent};

/// The address of the page. `Copy`: take it from context with `Address::expect`.
#[derive(Clone, Copy)]
pub struct Address {
    path: RwSignal<String>,
    problem: StoredValue<Option<String>>,
}

impl Address {
    /// Puts the address into context, and in the browser keeps it: links and the browser's own buttons change it.
    pub fn provide(path: String, query: &str) -> Address {
        let problem = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("problem="));
        let address = Address {
            path: RwSignal::new(path),
            problem: StoredValue::new(problem.map(str::to_owned)),
        };
        provide_context(address);
        effect(move || address.keep());
        address
    }

    pub fn expect() -> Address {
        expect_context()
    }

    /// Without what stands behind `?` and `#`. Reactive.
    pub fn path(&self) -> String {
        self.path.get()
    }

    /// The code of what went wrong before this page was asked for, which is anybody's to write.
    pub fn problem(&self) -> Option<String> {
        self.problem.get_value()
    }

    /// Goes there; the way back leads here.
    pub fn go(&self, path: &str) {
        if self.path.with_untracked(|at| at != path) {
            // A browser that refuses a new entry, for there were too many, shows the place all the same.
            let _ = history().and_then(|h| h.push_state_with_url(&JsValue::NULL, "", Some(path)));
            self.path.set(path.to_owned());
        }
    }

    /// Goes there; the way back leads to where one was before this place.
    pub fn go_instead(&self, path: &str) {
        let _ = history().and_then(|h| h.replace_state_with_url(&JsValue::NULL, "", Some(path)));
        self.path.set(path.to_owned());
    }

    fn keep(self) {
        let clicked = window_event_listener(ev::click, move |click| {
            if let Some(path) = local_target(&click) {
                click.prevent_default();
                self.go(&path);
            }
        });
        let moved = window_event_listener(ev::popstate, move |_| {
            let Ok(path) = window().location().pathname() else {
                return;
            };
            match is_of_chat(&path) {
                true if self.path.with_untracked(|at| *at != path) => self.path.set(path),
                true => {}
                false => {
                    let _ = window().location().reload();
                }
            }
        });
        on_cleanup(move || {
            clicked.remove();
            moved.remove();
        });
    }
}

fn history() -> Result<web_sys::History, JsValue> {
    window().history()
}

/// Whether this program shows what stands there.
fn is_of_chat(path: &str) -> bool {
    path == "/chat" || path.starts_with("/chat/")
}

/// The path of a link that this program follows itself: clicked plainly, not already answered by somebody, and
/// meant for this window.
fn local_target(click: &MouseEvent) -> Option<String> {
    let aside = click.meta_key() || click.ctrl_key() || click.shift_key() || click.alt_key();
    if click.default_prevented() || click.button() != 0 || aside {
        return None;
    }
    let clicked = click.target()?.dyn_into::<web_sys::Element>().ok()?;
    let link = clicked.closest("a[href]").ok()??;
    let link = link.dyn_into::<HtmlAnchorElement>().ok()?;
    let here = window().location().origin().ok()?;
    let plain = link.target().is_empty() && link.rel().is_empty() && link.hash().is_empty();
    let path = link.pathname();
    (plain && link.origin() == here && is_of_chat(&path)).then_some(path)
}
