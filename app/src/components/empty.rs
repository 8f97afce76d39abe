//! A chat where nothing was said yet: what it is, who will read what one says, one action.

use crate::chat::{Access, Record};
use crate::components::{Desk, Glyph, Icon};
use leptos::prelude::*;

#[component]
pub fn Empty() -> AnyView {
    let desk = Desk::expect();
    let row = desk.lobby.chat_now(desk.chat);
    view! {
        <div class="empty">
            {move || row.as_ref().map(|row| row.summary()).map(|row| {
                let (glyph, words, hint) = match (row.chat.record, row.chat.access) {
                    (Record::Off, _) => (
                        Glyph::OffRecord,
                        "Nothing was said here since you came.".to_owned(),
                        "What you say reaches those who are here now, and stays nowhere.",
                    ),
                    (_, Access::Pair) => (
                        Glyph::Chat,
                        format!("This is between you and {}.", row.title()),
                        "Nobody else finds it, and nobody can be added.",
                    ),
                    (_, Access::Public) => (
                        Glyph::Chat,
                        "Nobody has said anything yet.".to_owned(),
                        "Everybody can find this chat and read along.",
                    ),
                    (_, Access::Private) => (
                        Glyph::Chat,
                        "Nobody has said anything yet.".to_owned(),
                        "Only members can find this chat. Invite some.",
                    ),
                };
                view! {
                    <span class="empty-sign"><Icon glyph/></span>
                    <p class="empty-words">{words}</p>
                    <p class="empty-hint">{hint}</p>
                    {row.is_member().then(|| view! {
                        <button class="button" type="button" on:click=move |_| desk.focus_composer()>
                            "Say hello"
                        </button>
                    })}
                }
            })}
        </div>
    }
    .into_any()
}
