//! Pop-ups for what happens elsewhere: one per chat, three at most, gone after seven seconds unless somebody
//! points at them. They never take the focus.

use super::{Address, Glyph, Icon};
use crate::chat::ChatId;
use crate::markup::{For, View, effect, set_timeout_with_handle, view, window_event_listener};
use crate::signal::{
    ArcRwSignal, RwSignal, StoredValue, expect_context, on_cleanup, provide_context,
};
use leptos::ev;
use leptos::prelude::*;
use std::time::Duration;

const LIFE: Duration = Duration::from_secs(7);
const MOST: usize = 3;

/// One pop-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// The chat that "Open" opens. A newer toast about the same chat takes the place of the older.
    pub about: Option<ChatId>,
    pub title: String,
    pub text: String,
    /// Something went wrong: spoken at once.
    pub urgent: bool,
}

/// A toast that is on the screen.
#[derive(Clone)]
struct Shown {
    id: u32,
    /// Grows when the toast is replaced, so that its time starts again.
    toast: ArcRwSignal<Toast>,
    /// How many older ones it replaced.
    more: ArcRwSignal<u32>,
}

/// In context, made by the page.
#[derive(Clone, Copy)]
pub struct Toasts {
    shown: RwSignal<Vec<Shown>>,
    next: StoredValue<u32>,
}

impl Toasts {
    pub fn provide() -> Toasts {
        let toasts = Toasts {
            shown: RwSignal::new(Vec::new()),
            next: StoredValue::new(0),
        };
        provide_context(toasts);
        toasts
    }

    pub fn expect() -> Toasts {
        expect_context()
    }

    pub fn show(&self, toast: Toast) {
        let same = self.shown.with_untracked(|shown| {
            let same = |one: &&Shown| {
                toast.about.is_some() && one.toast.with_untracked(|t| t.about == toast.about)
            };
            shown.iter().find(same).cloned()
        });
        if let Some(same) = same {
            same.more.update(|more| *more += 1);
            same.toast.set(toast);
            return;
        }
        let id = self.next.get_value();
        self.next.set_value(id + 1);
        self.shown.update(|shown| {
            if shown.len() == MOST {
                shown.remove(0);
            }
            shown.push(Shown {
                id,
                toast: ArcRwSignal::new(toast),
                more: ArcRwSignal::new(0),
            });
        });
    }

    /// The chat was opened: what pointed there has done its work.
    pub fn forget(&self, chat: ChatId) {
        let about = |one: &Shown| one.toast.with_untracked(|toast| toast.about == Some(chat));
        if self.shown.with_untracked(|shown| shown.iter().any(about)) {
            self.shown.update(|shown| shown.retain(|one| !about(one)));
        }
    }

    fn dismiss(&self, id: u32) {
        self.shown.update(|shown| shown.retain(|one| one.id != id));
    }
}

#[component]
pub fn ToastList() -> View {
    let toasts = Toasts::expect();
    effect(move || {
        let escape = window_event_listener(ev::keydown, move |key| {
            let newest = toasts
                .shown
                .with_untracked(|shown| shown.last().map(|one| one.id));
            if key.key() == "Escape"
                && !something_else_is_open()
                && let Some(id) = newest
            {
                key.prevent_default();
                toasts.dismiss(id);
            }
        });
        on_cleanup(move || escape.remove());
    });
    view! {
        <div class="toasts">
            <For each=move || toasts.shown.get() key=|shown| u128::from(shown.id) let:shown>
                <ToastCard shown/>
            </For>
        </div>
    }
}

/// Escape belongs to a dialog or a menu first.
fn something_else_is_open() -> bool {
    let open = document().query_selector("dialog[open], :popover-open");
    open.is_ok_and(|found| found.is_some())
}

#[component]
fn ToastCard(shown: Shown) -> View {
    let toasts = Toasts::expect();
    let address = Address::expect();
    let Shown { id, toast, more } = shown;
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let hold = move || {
        if let Some(running) = timer.try_update_value(Option::take).flatten() {
            running.clear();
        }
    };
    let start = move || {
        hold();
        timer.set_value(set_timeout_with_handle(move || toasts.dismiss(id), LIFE).ok());
    };
    on_cleanup(hold);
    let changed = toast.clone();
    effect(move || {
        changed.track();
        start();
    });
    let urgent = toast.with_untracked(|toast| toast.urgent);
    let about = toast.with_untracked(|toast| toast.about);
    let open = move |_| {
        if let Some(chat) = about {
            address.go(&chat.path());
        }
        toasts.dismiss(id);
    };
    let (title, text) = (toast.clone(), toast);
    view! {
        <div
            class="toast"
            role=if urgent { "alert" } else { "status" }
            data-kind=urgent.then_some("urgent")
            on:pointerenter=move |_| hold()
            on:pointerleave=move |_| start()
            on:focusin=move |_| hold()
            on:focusout=move |_| start()
        >
            <Icon glyph=if urgent { Glyph::Alert } else { Glyph::Chat }/>
            <div class="toast-text">
                <p class="toast-title">
                    <bdi>{move || title.with(|toast| toast.title.clone())}</bdi>
                    {move || {
                        let more = more.get();
                        (more > 0).then(|| format!(" (+{more})"))
                    }}
                </p>
                <p class="toast-body" dir="auto">
                    {move || text.with(|toast| toast.text.clone())}
                </p>
            </div>
            <div class="toast-actions">
                {about
                    .map(|_| {
                        view! {
                            <button class="button" data-size="small" type="button" on:click=open>
                                "Open"
                            </button>
                        }
                    })}
                <button
                    class="icon-button"
                    type="button"
                    aria-label="Dismiss"
                    on:click=move |_| toasts.dismiss(id)
                >
                    <Icon glyph=Glyph::Close/>
                </button>
            </div>
        </div>
    }
}
