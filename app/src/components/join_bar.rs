//! What stands in the composer's place for who reads a public chat without being in it.

use crate::components::Desk;
use crate::markup::{View, set_timeout, view};
use crate::signal::RwSignal;
use leptos::prelude::*;
use std::time::Duration;

/// Without an answer for this long, the button may be tried again.
const PATIENCE: Duration = Duration::from_secs(4);

#[component]
pub fn JoinBar() -> View {
    let desk = Desk::expect();
    let asked = RwSignal::new(false);
    let join = move |_| {
        asked.set(true);
        desk.join();
        set_timeout(
            move || {
                asked.set(false);
            },
            PATIENCE,
        );
    };
    view! {
        <div class="join-bar">
            <p>"You are reading along. Join to write."</p>
            <button
                class="button" data-kind="primary" type="button"
                aria-disabled=move || asked.get().then_some("true")
                on:click=join
            >"Join chat"</button>
        </div>
    }
}
