//! A chat where nothing was said yet: what it is, who will read what one says, one action.

use crate::chat::{Access, Record};
use crate::components::{Desk, Glyph, Icon};
use crate::markup::{View, view};
use crate::signal::Memo;
use leptos::prelude::*;

#[component]
pub fn Empty() -> View {
    let desk = Desk::expect();
    let row = desk.lobby.chat_now(desk.chat);
    // Drawn anew only when it would look different: somebody may be about to press the button.
    let about = Memo::new(move |_| {
        row.as_ref().map(|row| {
            let summary = row.summary();
            let kind = (summary.chat.record, summary.chat.access);
            (kind, summary.title(), summary.is_member())
        })
    });
    view! {
        <div class="empty">
            {move || about.get().map(|(kind, title, is_member)| {
                let (glyph, words, hint) = match kind {
                    (Record::Off, _) => (
                        Glyph::OffRecord,
                        "Nothing was said here since you came.".to_owned(),
                        "What you say reaches those who are here now, and stays nowhere.",
                    ),
                    (_, Access::Pair) => (
                        Glyph::Chat,
                        format!("This is between you and {title}."),
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
                    {is_member.then(|| view! {
                        <button class="button" type="button" on:click=move |_| desk.focus_composer()>
                            "Say hello"
                        </button>
                    })}
                }
            })}
        </div>
    }
}
