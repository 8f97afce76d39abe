//! The head of the open conversation: which chat this is, of what kind, and what one can do with it.

use super::chat_sign::{ChatSign, kind_of};
use super::{ChatOptions, Glyph, Icon};
use crate::chat::{ChatSummary, Record};
use crate::markup::{View, view};
use crate::signal::{RwSignal, Signal, expect_context};
use crate::state::Lobby;
use leptos::prelude::*;

/// Whether the people are in front, on screens without room for three panes. In context.
#[derive(Clone, Copy)]
pub struct PeopleShown(pub RwSignal<bool>);

#[component]
pub fn ChatHeader(#[prop(into)] summary: Signal<ChatSummary>) -> View {
    let lobby = Lobby::expect();
    let PeopleShown(people) = expect_context();
    let presence = Signal::derive(move || {
        let with = summary.with(|summary| summary.with.as_ref().map(|person| person.id))?;
        lobby.presence_of(with)
    });
    let note = move || {
        let summary = summary.get();
        match (&summary.with, summary.chat.record) {
            (Some(_), _) => presence.get().map_or("Offline", |p| p.label()).to_owned(),
            (None, Record::Off) => "Off the record: nothing is kept".to_owned(),
            (None, Record::Kept) => {
                let plural = if summary.members == 1 { "" } else { "s" };
                format!("{} · {} member{plural}", kind_of(&summary), summary.members)
            }
        }
    };
    view! {
        <header class="pane-head chat-head">
            <a class="icon-button chat-back" href="/chat" aria-label="Back to chats">
                <Icon glyph=Glyph::Back/>
            </a>
            <ChatSign summary presence/>
            <div class="chat-head-text">
                <h1 class="ellipsis" dir="auto" title=move || summary.with(ChatSummary::title)>
                    {move || summary.with(ChatSummary::title)}
                </h1>
                <p class="ellipsis">{note}</p>
            </div>
            <button
                class="icon-button people-open"
                type="button"
                aria-label="Show people"
                aria-expanded=move || people.get().to_string()
                on:click=move |_| people.update(|shown| *shown = !*shown)
            >
                <Icon glyph=Glyph::People/>
            </button>
            <ChatOptions summary/>
        </header>
    }
}
