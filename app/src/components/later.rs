//! What is behind a click: the contents of dialogs, which a first view does without. In a released page their code is a
//! file of its own, fetched when somebody reaches for a button that leads there. Refuses to know what is in a dialog.
//!
//! Not for a dialog in which one types at once: letters do not wait for a file.

use super::{PasskeyDoor, chat_options, settings};
use crate::chat::ChatSummary;
use crate::markup::{Part, View, effect, request_animation_frame, spawn_local, view};
use crate::signal::{RwSignal, Signal};
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
#[cfg(feature = "split")]
use leptos::wasm_split::SplitLoaderError;
#[cfg(feature = "split")]
use std::sync::OnceLock;
use web_sys::{Element, HtmlElement};

/// Each content, with what it needs to know.
#[derive(Clone)]
pub enum Hidden {
    /// The front page's way in, which leads on to an address.
    Door(String),
    Settings,
    Invite(Signal<ChatSummary>),
    Moderator(Signal<ChatSummary>, RwSignal<bool>),
    Delete(Signal<ChatSummary>, RwSignal<bool>),
}

pub type Draw = fn(Hidden) -> View;

/// Once it is here.
#[cfg(feature = "split")]
static DRAW: OnceLock<Draw> = OnceLock::new();

#[cfg(feature = "split")]
fn here() -> Option<Draw> {
    DRAW.get().copied()
}

/// Builds that are made often are not split.
#[cfg(not(feature = "split"))]
fn here() -> Option<Draw> {
    Some(draw)
}

/// Split off is what only `draw` leads to.
#[cfg(feature = "split")]
#[leptos::wasm_split::wasm_split(later, wasm_split_path = ::leptos::wasm_split, fallible)]
fn fetched() -> Result<Draw, SplitLoaderError> {
    Ok(draw)
}

/// Whether it is here now.
#[cfg(feature = "split")]
async fn fetch() -> bool {
    let found = fetched().await;
    found.map(|draw| DRAW.set(draw)).is_ok()
}

#[cfg(not(feature = "split"))]
async fn fetch() -> bool {
    true
}

fn draw(hidden: Hidden) -> View {
    match hidden {
        Hidden::Door(back) => view! { <PasskeyDoor back/> },
        Hidden::Settings => settings::content(),
        Hidden::Invite(summary) => chat_options::invite(summary),
        Hidden::Moderator(summary, open) => chat_options::moderator(summary, open),
        Hidden::Delete(summary, open) => chat_options::delete(summary, open),
    }
}

/// Somebody points at a button that leads there, or has the focus on it: it shall be here when they press it.
pub fn reach() {
    if here().is_none() {
        spawn_local(async {
            fetch().await;
        });
    }
}

/// What draws them, once it is here; `None` if it could not be fetched.
pub async fn hidden() -> Option<Draw> {
    fetch().await.then(here).flatten()
}

/// The content, as soon as it is here.
#[component]
pub fn Later(hidden: Hidden) -> View {
    let is_here = RwSignal::new(here().map(|_| true));
    let get = move || {
        spawn_local(async move {
            is_here.set(Some(fetch().await));
            request_animation_frame(keep_focus);
        });
    };
    effect(move || {
        if is_here.get_untracked().is_none() {
            get();
        }
    });
    let again = move |_| {
        is_here.set(None);
        get();
    };
    let shown = move || match (is_here.get(), here()) {
        (Some(true), Some(draw)) => draw(hidden.clone()),
        (Some(_), _) => view! {
            <div class="stack">
                <p class="problem" role="alert">
                    "This part of Chatr could not be fetched. Check the connection and try again, or reload the page."
                </p>
                <button class="button" type="button" on:click=again>
                    "Try again"
                </button>
            </div>
        },
        (None, _) => view! {
            <p class="quiet" role="status">
                "One moment…"
            </p>
        },
    };
    shown.part()
}

/// The focus was on a button that went away: it stays in the dialog.
fn keep_focus() {
    let is_lost = document().active_element() == document().body().map(Element::from);
    let button = document().query_selector("dialog[open] button");
    if is_lost
        && let Some(button) = button.ok().flatten()
        && let Some(button) = button.dyn_ref::<HtmlElement>()
    {
        let _ = button.focus();
    }
}
