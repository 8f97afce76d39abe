//! The chats that one can see: one's own groups, one's private chats, and the public ones that one may join.

use super::chat_sign::{ChatSign, gist_of};
use crate::chat::ChatId;
use crate::markup::{For, Show, View, view};
use crate::signal::{Memo, Signal, StoredValue};
use crate::state::{ChatRow, Lobby};
use leptos::prelude::*;

/// Which of the three lists a chat stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shelf {
    Groups,
    Pairs,
    Joinable,
}

impl Shelf {
    fn of(row: &ChatRow) -> Shelf {
        match (row.with().is_some(), row.is_member()) {
            (true, _) => Shelf::Pairs,
            (false, true) => Shelf::Groups,
            (false, false) => Shelf::Joinable,
        }
    }

    fn rows(self, lobby: Lobby) -> Vec<ChatRow> {
        let mut rows = lobby.chats();
        rows.retain(|row| Shelf::of(row) == self);
        rows
    }
}

/// The chats in the order in which they are shown, for the keys that go to the previous and the next one.
pub fn in_order(lobby: Lobby) -> Vec<ChatId> {
    [Shelf::Groups, Shelf::Pairs, Shelf::Joinable]
        .into_iter()
        .flat_map(|shelf| shelf.rows(lobby))
        .map(|row| row.id)
        .collect()
}

#[component]
pub fn ChatList() -> View {
    view! {
        <nav class="chat-list" aria-label="Chats">
            <ChatShelf shelf=Shelf::Groups title="Chats"/>
            <ChatShelf shelf=Shelf::Pairs title="Private chats"/>
            <ChatShelf shelf=Shelf::Joinable title="Open to join"/>
        </nav>
    }
}

#[component]
fn ChatShelf(shelf: Shelf, title: &'static str) -> View {
    let lobby = Lobby::expect();
    let rows = Memo::new(move |_| shelf.rows(lobby));
    let empty = move || match shelf {
        Shelf::Groups => Some("You are in no chat yet. Open one below, or make one."),
        Shelf::Pairs => Some("Choose somebody under People to talk in private."),
        Shelf::Joinable => None,
    };
    view! {
        <Show when=move || shelf != Shelf::Joinable || !rows.with(Vec::is_empty)>
            <h2 class="chat-shelf">{title}</h2>
            <ul>
                <For each=move || rows.get() key=|row| row.id.as_u128() let:row>
                    <ChatLink row/>
                </For>
            </ul>
            <Show when=move || rows.with(Vec::is_empty)>
                <p class="chat-list-empty">{empty}</p>
            </Show>
        </Show>
    }
}

/// One line: the kind or the person, the title, and what is unread.
#[component]
fn ChatLink(row: ChatRow) -> View {
    let lobby = Lobby::expect();
    let id = row.id;
    let row = StoredValue::new(row);
    let get = move || row.get_value();
    let presence = Signal::derive(move || get().with().and_then(|p| lobby.presence_of(p.id)));
    let note = move || match get().with() {
        Some(_) => presence.get().map_or("Offline", |p| p.label()).to_owned(),
        None => gist_of(&get().summary()),
    };
    let unread = move || get().unread();
    view! {
        <li>
            <a
                class="chat-link"
                href=id.path()
                title=move || get().title()
                aria-current=move || (lobby.open_chat() == Some(id)).then_some("page")
                data-unread=move || (unread() > 0).then_some("")
            >
                <ChatSign summary=Signal::derive(move || get().summary()) presence/>
                <span class="chat-link-text">
                    <bdi class="chat-link-title ellipsis">{move || get().title()}</bdi>
                    <span class="chat-link-note ellipsis">{note}</span>
                </span>
                <Show when=move || { unread() > 0 }>
                    <span class="badge">
                        {move || brief(unread())} <span class="visually-hidden">" unread"</span>
                    </span>
                </Show>
                <Show when=move || !get().is_member()>
                    <span class="badge" data-kind="quiet">
                        "Join"
                    </span>
                </Show>
            </a>
        </li>
    }
}

/// A count that fits into a badge.
fn brief(count: u64) -> String {
    match count {
        0..=99 => count.to_string(),
        _ => "99+".into(),
    }
}
