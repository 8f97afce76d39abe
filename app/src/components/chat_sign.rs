//! What sort of chat this is, as a drawing: the other person of a pair, or an icon of the kind. The words
//! stand in `kind_of`, so that nobody depends on the drawing.

use super::{Avatar, Glyph, Icon};
use crate::chat::{Access, ChatSummary, Presence, Record};
use crate::markup::{View, part, view};
use crate::signal::{Memo, Signal};
use leptos::prelude::*;

#[component]
pub fn ChatSign(
    #[prop(into)] summary: Signal<ChatSummary>,
    /// The presence of a pair's other person.
    #[prop(into)]
    presence: Signal<Option<Presence>>,
) -> View {
    let drawing = Memo::new(move |_| {
        let summary = summary.get();
        let glyph = glyph_of(&summary);
        (summary.with, glyph)
    });
    part(move || {
        let (with, glyph) = drawing.get();
        let presence = move || presence.get().map(presence_word);
        match with {
            Some(person) => view! {
                <span class="signed" data-presence=presence>
                    <Avatar person/>
                </span>
            },
            None => view! {
                <span class="chat-sign">
                    <Icon glyph/>
                </span>
            },
        }
    })
}

fn glyph_of(summary: &ChatSummary) -> Glyph {
    match (summary.chat.record, summary.chat.access) {
        (Record::Off, _) => Glyph::OffRecord,
        (Record::Kept, Access::Public) => Glyph::Public,
        (Record::Kept, Access::Private | Access::Pair) => Glyph::Private,
    }
}

/// The kind in words.
pub fn kind_of(summary: &ChatSummary) -> &'static str {
    match (summary.chat.record, summary.chat.access) {
        (Record::Off, Access::Public) => "Public, off the record",
        (Record::Off, Access::Private | Access::Pair) => "Private, off the record",
        (Record::Kept, Access::Public) => "Public",
        (Record::Kept, Access::Private) => "Private",
        (Record::Kept, Access::Pair) => "Private chat",
    }
}

/// What there is to know in a list: how many are in it, and what sets it apart from other chats.
pub fn gist_of(summary: &ChatSummary) -> String {
    let plural = if summary.members == 1 { "" } else { "s" };
    let members = format!("{} member{plural}", summary.members);
    match (summary.chat.record, summary.chat.access) {
        (Record::Kept, Access::Public) => members,
        (Record::Kept, Access::Private | Access::Pair) => format!("Private, {members}"),
        (Record::Off, Access::Public) => format!("Off the record, {members}"),
        (Record::Off, Access::Private | Access::Pair) => "Private, off the record".to_owned(),
    }
}

/// The value of `data-presence`.
pub fn presence_word(presence: Presence) -> &'static str {
    match presence {
        Presence::Online => "online",
        Presence::Away => "away",
    }
}
