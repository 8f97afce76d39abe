//! A chat where nothing was said yet: one sentence, one action.

use crate::chat::{Access, Record};
use crate::components::Desk;
use leptos::prelude::*;

#[component]
pub fn Empty() -> AnyView {
    let desk = Desk::expect();
    let row = desk.lobby.chat_now(desk.chat);
    let words = move || {
        let Some(row) = row.as_ref().map(|row| row.summary()) else {
            return String::new();
        };
        match (row.chat.record, row.chat.access) {
            (Record::Off, _) => "Nothing was said here since you came.".to_owned(),
            (_, Access::Pair) => format!("This is between you and {}.", row.title()),
            (_, Access::Public | Access::Private) => "Nobody has said anything yet.".to_owned(),
        }
    };
    view! {
        <div class="empty">
            <p>{words}</p>
            <button class="button" type="button" on:click=move |_| desk.focus_composer()>
                "Say hello"
            </button>
        </div>
    }
    .into_any()
}
