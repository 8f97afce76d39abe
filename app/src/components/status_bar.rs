//! The link to the server, but only when it is missing for a while: short gaps are nobody's business. Writing
//! goes on meanwhile.

use crate::markup::{View, effect, set_timeout_with_handle, view};
use crate::realtime::{Realtime, Status};
use crate::signal::{Memo, RwSignal, on_cleanup};
use leptos::prelude::*;
use std::time::Duration;

/// A gap becomes visible after this.
const PATIENCE: Duration = Duration::from_secs(5);

#[component]
pub fn StatusBar() -> View {
    let realtime = Realtime::expect();
    let missing = Memo::new(move |_| realtime.status() != Status::Online);
    let shown = RwSignal::new(false);
    effect(move || {
        if !missing.get() {
            shown.set(false);
        } else if let Ok(waiting) = set_timeout_with_handle(move || shown.set(true), PATIENCE) {
            on_cleanup(move || waiting.clear());
        }
    });
    view! {
        <div
            class="status-bar"
            data-shown=move || shown.get().then_some("")
            data-online=move || (!missing.get()).then_some("")
        >
            <p role="status" aria-label=move || shown.get().then_some("Reconnecting")>
                {move || shown.get().then_some("Reconnecting… You can go on writing.")}
            </p>
            {move || shown.get().then(|| view! {
                <button
                    class="button" data-size="small" type="button"
                    on:click=move |_| realtime.reconnect_now()
                >"Reconnect now"</button>
            })}
        </div>
    }
}
