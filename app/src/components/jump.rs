//! The way back to the newest message, with how many came meanwhile.

use crate::components::{Desk, Glyph, Icon};
use crate::markup::{View, view};
use crate::signal::Memo;
use crate::state::Log;
use leptos::prelude::*;

#[component]
pub fn Jump(log: Log) -> View {
    let desk = Desk::expect();
    let away = {
        let log = log.clone();
        Memo::new(move |_| !desk.at_bottom.get() || log.edges().behind > 0)
    };
    // What existed when the newest message went out of sight.
    let left_at = Memo::new({
        let log = log.clone();
        move |before: Option<&Option<u64>>| match away.get() {
            true => before
                .copied()
                .flatten()
                .or_else(|| Some(log.edges_now().existing())),
            false => None,
        }
    });
    let new = Memo::new(move |_| match left_at.get() {
        Some(left_at) => log.edges().existing().saturating_sub(left_at),
        None => 0,
    });
    let jump = move |_| {
        desk.jump();
        desk.focus_composer();
    };
    view! {
        {move || away.get().then(|| view! {
            <button class="jump" type="button" on:click=jump>
                <Icon glyph=Glyph::Down/>
                "Jump to latest"
                {move || (new.get() > 0).then(|| view! { <span class="badge">{move || new.get().to_string()}" new"</span> })}
            </button>
        })}
    }
}
