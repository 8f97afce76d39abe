//! The signed-in screen: chats, the open conversation, people. One snapshot has everything that the first paint
//! shows; from then on the lobby lives by facts. Refuses to know how a message looks.

use crate::api;
use crate::chat::{ChatId, Snapshot};
use crate::components::clock::Clock;
use crate::components::{
    Address, Announcer, Ask, ChatHeader, ChatList, ChatPane, Glyph, Icon, Mark, Me, NewChat,
    PeopleList, PeopleShown, Preferences, Settings, StatusBar, ToastList, Toasts, herald, in_order,
};
use crate::live;
use crate::markup::{NodeRef, View, effect, view, window_event_listener};
use crate::realtime::Realtime;
use crate::signal::{Memo, RwSignal, Signal, StoredValue, on_cleanup, provide_context};
use crate::state::Lobby;
use leptos::prelude::*;
use leptos::{ev, html};

/// What the address asks for. On a narrow screen it also says which pane is in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// `/chat`: the list.
    List,
    Chat(ChatId),
    /// `/chat/…` with something that is no id.
    Nonsense,
}

impl Wanted {
    fn at(path: &str) -> Wanted {
        let chat = path.strip_prefix("/chat").unwrap_or(path);
        match chat.strip_prefix('/').unwrap_or(chat) {
            "" => Wanted::List,
            id => id.parse().map_or(Wanted::Nonsense, Wanted::Chat),
        }
    }
}

/// What the middle pane shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Front {
    Nothing,
    Chat(ChatId),
    Lost,
}

/// The whole screen, and its title as it is at first; from then on the page keeps that itself.
pub fn chat(snapshot: Snapshot) -> (String, View) {
    let lobby = Lobby::provide(snapshot);
    let address = Address::expect();
    let wanted = Memo::new(move |_| Wanted::at(&address.path()));
    let front = Memo::new(move |_| match wanted.get() {
        Wanted::List => Front::Nothing,
        Wanted::Chat(chat) if lobby.chat(chat).is_some() => Front::Chat(chat),
        Wanted::Chat(_) | Wanted::Nonsense => Front::Lost,
    });
    let first = untrack(|| title(lobby, front.get()));
    effect(move || document().set_title(&title(lobby, front.get())));
    (first, view! { <Frame lobby wanted front/> })
}

#[component]
fn Frame(lobby: Lobby, wanted: Memo<Wanted>, front: Memo<Front>) -> View {
    let preferences = Preferences::provide();
    let toasts = Toasts::provide();
    let realtime = Realtime::provide();
    Ask::provide(move |command| realtime.send(command));
    Clock::provide(lobby.taken_at());
    live::start(lobby);
    let people = RwSignal::new(false);
    provide_context(PeopleShown(people));
    herald(lobby, toasts, preferences);

    let settings = RwSignal::new(false);
    effect(move || {
        people.set(false);
        match front.get() {
            Front::Chat(chat) => {
                lobby.open(Some(chat));
                toasts.forget(chat);
            }
            Front::Nothing | Front::Lost => lobby.open(None),
        }
    });
    step_with_keys(lobby, front);

    let pane = move || match wanted.get() {
        Wanted::List => "list",
        Wanted::Chat(_) | Wanted::Nonsense => "chat",
    };
    view! {
        <a class="skip" href="#main" rel="external">
            "Skip to the conversation"
        </a>
        <div
            class="app"
            data-pane=pane
            data-people=move || if people.get() { "open" } else { "closed" }
        >
            <div class="app-status">
                <StatusBar/>
            </div>
            <div class="app-chats">
                <header class="pane-head">
                    <Mark/>
                    <NewChat/>
                </header>
                <ChatList/>
                <Me settings/>
            </div>
            <main class="app-main" id="main" tabindex="-1">
                {move || match front.get() {
                    Front::Chat(chat) => view! { <Open chat/> },
                    Front::Nothing => view! { <Choose/> },
                    Front::Lost => view! { <Lost/> },
                }}
            </main>
            <PeoplePane shown=people settings/>
        </div>
        <Settings open=settings/>
        <ToastList/>
        <Announcer/>
    }
}

#[component]
fn Open(chat: ChatId) -> View {
    // The row lives as long as the chat is listed, and this view no longer.
    let row = StoredValue::new(untrack(|| Lobby::expect().chat(chat)));
    let summary = row
        .get_value()
        .map(|row| Signal::derive(move || row.summary()));
    view! {
        {summary.map(|summary| view! { <ChatHeader summary/> })}
        <ChatPane chat/>
    }
}

/// The people: beside the conversation where there is room, over it elsewhere.
#[component]
fn PeoplePane(shown: RwSignal<bool>, settings: RwSignal<bool>) -> View {
    let node = NodeRef::<html::Aside>::new();
    effect(move || {
        if shown.get()
            && let Some(pane) = node.get()
        {
            let _ = pane.focus();
        }
    });
    let on_key = move |key: ev::KeyboardEvent| {
        if key.key() == "Escape" {
            shown.set(false);
        }
    };
    view! {
        <aside
            class="app-people"
            aria-label="People"
            tabindex="-1"
            node_ref=node
            on:keydown=on_key
        >
            <PeopleList shown settings/>
        </aside>
    }
}

#[component]
fn Choose() -> View {
    let default_chat = Lobby::expect().default_chat();
    view! {
        <div class="lost">
            <Icon glyph=Glyph::Chat/>
            <h1>"Choose a chat"</h1>
            <p>"Pick one from the list, or go where everybody is."</p>
            <a class="button" data-kind="primary" href=default_chat.path()>
                "Open the default chat"
            </a>
        </div>
    }
}

#[component]
fn Lost() -> View {
    api::answer_not_found();
    let default_chat = Lobby::expect().default_chat();
    view! {
        <div class="lost">
            <Icon glyph=Glyph::Private/>
            <h1>"This chat is not here"</h1>
            <p>"It was deleted, or it is private and you are not a member. Somebody in it can invite you."</p>
            <a class="button" data-kind="primary" href=default_chat.path()>
                "Go to the default chat"
            </a>
        </div>
    }
}

/// `(3) Tea – Chatr`: a number for private chats, a dot when only others have something new.
fn title(lobby: Lobby, front: Front) -> String {
    let place = match front {
        Front::Chat(chat) => lobby.chat(chat).map(|row| row.title()),
        Front::Nothing => Some("Chats".to_owned()),
        Front::Lost => Some("Not found".to_owned()),
    };
    let place = place.unwrap_or_default();
    let unread = lobby.unread();
    match (unread.direct, unread.group) {
        (0, 0) => format!("{place} – Chatr"),
        (0, _) => format!("• {place} – Chatr"),
        (direct, _) => format!("({direct}) {place} – Chatr"),
    }
}

/// Alt+↑ and Alt+↓ go to the previous and the next chat of the list.
fn step_with_keys(lobby: Lobby, front: Memo<Front>) {
    let address = Address::expect();
    effect(move || {
        let keys = window_event_listener(ev::keydown, move |key| {
            let forward = match key.key().as_str() {
                "ArrowDown" => true,
                "ArrowUp" => false,
                _ => return,
            };
            if !key.alt_key() || key.ctrl_key() || key.meta_key() || key.shift_key() {
                return;
            }
            key.prevent_default();
            let chats = untrack(|| in_order(lobby));
            let at = match front.get_untracked() {
                Front::Chat(open) => chats.iter().position(|chat| *chat == open),
                Front::Nothing | Front::Lost => None,
            };
            let next = match (at, forward) {
                (None, true) => 0,
                (None, false) => chats.len().saturating_sub(1),
                (Some(at), true) => (at + 1) % chats.len(),
                (Some(at), false) => (at + chats.len() - 1) % chats.len(),
            };
            if let Some(chat) = chats.get(next) {
                address.go(&chat.path());
            }
        });
        on_cleanup(move || keys.remove());
    });
}
