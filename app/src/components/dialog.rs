//! A modal dialog on the native element: the browser traps the focus, closes by Escape and gives the focus
//! back. Its content exists only while it is open, so every opening starts afresh.

use super::{Glyph, Icon};
use crate::markup::{Children, NodeRef, Show, View, effect, view};
use crate::signal::{RwSignal, Signal};
use leptos::ev::MouseEvent;
use leptos::html;
use leptos::prelude::*;

#[component]
pub fn Dialog(open: RwSignal<bool>, title: &'static str, children: Children) -> View {
    let node = NodeRef::<html::Dialog>::new();
    effect(move || {
        let Some(dialog) = node.get() else { return };
        match open.get() {
            // The content is in the document already: effects run after the view.
            true if !dialog.open() => {
                let _ = dialog.show_modal();
            }
            true => {}
            false => dialog.close(),
        }
    });
    let on_click = move |click: MouseEvent| {
        // Only the backdrop belongs to the dialog element itself; its content covers the rest.
        let node = node.get_untracked();
        if click.target().as_ref() == node.as_deref().map(|node| node.as_ref()) {
            open.set(false);
        }
    };
    view! {
        <dialog
            class="dialog"
            aria-label=title
            node_ref=node
            on:close=move |_| open.set(false)
            on:click=on_click
        >
            <Show when=move || open.get()>
                <div class="dialog-body">
                    <header class="dialog-head">
                        <h2>{title}</h2>
                        <button
                            class="icon-button"
                            type="button"
                            aria-label="Close"
                            on:click=move |_| open.set(false)
                        >
                            <Icon glyph=Glyph::Close/>
                        </button>
                    </header>
                    {children()}
                </div>
            </Show>
        </dialog>
    }
}

/// The row of buttons that ends a dialog: "Cancel" and what is to be done.
#[component]
pub fn DialogActions(
    open: RwSignal<bool>,
    label: &'static str,
    #[prop(default = "primary")] kind: &'static str,
    #[prop(optional, into)] busy: Signal<bool>,
) -> View {
    view! {
        <footer class="dialog-actions">
            <button class="button" type="button" on:click=move |_| open.set(false)>
                "Cancel"
            </button>
            <button class="button" type="submit" data-kind=kind disabled=move || busy.get()>
                {label}
            </button>
        </footer>
    }
}
