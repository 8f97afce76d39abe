//! Inviting: a public chat by its link, any chat by choosing among the people who are online.

use super::{Ask, Avatar, Glyph, Icon};
use crate::chat::{Access, ChatSummary, Command, Person};
use crate::markup::{For, Show, View, view};
use crate::signal::{RwSignal, Signal, StoredValue};
use crate::state::Lobby;
use leptos::prelude::*;

#[component]
pub fn Invite(#[prop(into)] summary: Signal<ChatSummary>) -> View {
    let lobby = Lobby::expect();
    // Those who are members when the dialog opens are left out; who is invited now stays, marked.
    let chat = summary.get_untracked().chat;
    let members = untrack(|| lobby.members(chat.id));
    let people = move || {
        let mut rows = lobby.people();
        // A bot hears every chat that is kept.
        rows.retain(|row| !row.is_bot() && !members.iter().any(|member| member.id == row.id));
        rows
    };
    let people = Signal::derive(people);
    view! {
        <div class="stack">
            {(chat.access == Access::Public).then(|| view! { <CopyLink path=chat.id.path()/> })}
            <Show
                when=move || !people.with(Vec::is_empty)
                fallback=|| view! { <p class="quiet">"Everybody who is online is in this chat."</p> }
            >
                <ul class="invite-list" aria-label="People to invite">
                    <For each=move || people.get() key=|row| row.id.as_u128() let:row>
                        <Candidate summary person=untrack(|| row.person())/>
                    </For>
                </ul>
            </Show>
        </div>
    }
}

#[component]
fn Candidate(#[prop(into)] summary: Signal<ChatSummary>, person: Person) -> View {
    let ask = Ask::expect();
    let invited = RwSignal::new(false);
    let user = person.id;
    let name = person.to_string();
    let label = format!("Invite {name}");
    let invite = move |_| {
        invited.set(true);
        ask.send(Command::InviteToChat {
            chat: summary.get_untracked().chat.id,
            user,
        });
    };
    view! {
        <li class="invite-row">
            <Avatar person/>
            <bdi class="ellipsis" title=name.clone()>
                {name.clone()}
            </bdi>
            <Show
                when=move || invited.get()
                fallback=move || {
                    view! {
                        <button
                            class="button"
                            data-size="small"
                            type="button"
                            aria-label=label.clone()
                            on:click=invite
                        >
                            "Invite"
                        </button>
                    }
                }
            >
                <span class="invite-done" role="status">
                    <Icon glyph=Glyph::Check/>
                    "Invited"
                </span>
            </Show>
        </li>
    }
}

/// Copies the chat's address. Where the browser forbids it, the address is there to be copied by hand.
#[component]
fn CopyLink(path: String) -> View {
    let origin = window().location().origin().unwrap_or_default();
    let link = StoredValue::new(format!("{origin}{path}"));
    let copied = RwSignal::new(false);
    let copy = move |_| {
        let _ = window()
            .navigator()
            .clipboard()
            .write_text(&link.get_value());
        copied.set(true);
    };
    view! {
        <div class="copy-link">
            <input class="input" readonly aria-label="Link to this chat" value=link.get_value()/>
            <button class="button" type="button" on:click=copy>
                <Icon glyph=Glyph::Link/>
                "Copy link"
            </button>
        </div>
        <p class="visually-hidden" role="status">
            {move || copied.get().then_some("The link is copied.")}
        </p>
    }
}
