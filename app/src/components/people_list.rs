//! Who is online. Each person is a button with a menu of what one can do with them; presence is a shape, a
//! colour and a word.

use super::chat_sign::presence_word;
use super::{Ask, Avatar, Glyph, Icon, Menu, MenuControl, MenuItem};
use crate::chat::{Command, UserId};
use crate::markup::{For, Show, View, view};
use crate::signal::{RwSignal, StoredValue};
use crate::state::{Lobby, PersonRow};
use leptos::prelude::*;

#[component]
pub fn PeopleList(
    /// On screens without room for three panes: whether people are in front.
    shown: RwSignal<bool>,
    /// Opens one's own settings.
    settings: RwSignal<bool>,
) -> View {
    let lobby = Lobby::expect();
    let ask = Ask::expect();
    let menu = MenuControl::new();
    let chosen = RwSignal::new(None::<UserId>);
    let is_me = move || chosen.get().is_some_and(|user| lobby.is_me(user));
    let name = move || {
        let person = chosen.get().and_then(|user| lobby.name_of(user));
        person.map(|person| person.to_string()).unwrap_or_default()
    };
    let alone = move || {
        let mut people = lobby.people().into_iter();
        people.all(|row| lobby.is_me(row.id) || row.is_bot())
    };
    let talk = move |()| {
        if let Some(with) = chosen.get_untracked() {
            shown.set(false);
            ask.send(Command::CreatePrivateChat { with });
        }
    };
    view! {
        <header class="pane-head">
            <h2>"People"</h2>
            <span class="badge" data-kind="quiet">
                {move || lobby.people().len()}
                <span class="visually-hidden">" online"</span>
            </span>
            <button
                class="icon-button people-close"
                type="button"
                aria-label="Close people"
                on:click=move |_| shown.set(false)
            >
                <Icon glyph=Glyph::Close/>
            </button>
        </header>
        <ul class="people-list">
            <For each=move || lobby.people() key=|row| row.id.as_u128() let:row>
                <PersonButton row menu chosen/>
            </For>
        </ul>
        <Show when=alone>
            <p class="people-empty">
                "Nobody else is here yet. Open this page's address on another device, or send it to a friend."
            </p>
        </Show>
        <Menu control=menu label=name>
            <Show
                when=is_me
                fallback=move || {
                    view! {
                        <MenuItem glyph=Glyph::Chat label="Private chat" on_choose=talk/>
                    }
                }
            >
                <MenuItem
                    glyph=Glyph::Settings
                    label="Settings"
                    on_choose=move |()| settings.set(true)
                />
            </Show>
        </Menu>
    }
}

#[component]
fn PersonButton(row: PersonRow, menu: MenuControl, chosen: RwSignal<Option<UserId>>) -> View {
    let id = row.id;
    let me = Lobby::expect().is_me(id);
    let row = StoredValue::new(row);
    let get = move || row.get_value();
    let (named, described) = (format!("person-{id}"), format!("presence-{id}"));
    let (name_id, note_id) = (named.clone(), described.clone());
    view! {
        <li class="people-row">
            <button
                class="person"
                type="button"
                aria-haspopup="menu"
                aria-expanded=move || (menu.is_open() && chosen.get() == Some(id)).to_string()
                aria-labelledby=named
                aria-describedby=described
                on:pointerdown=move |event| menu.press(event)
                on:click=move |click| {
                    chosen.set(Some(id));
                    menu.toggle(&click);
                }
            >
                <span class="signed" data-presence=move || presence_word(get().presence())>
                    {move || view! { <Avatar person=get().person()/> }}
                </span>
                <span class="person-text">
                    <bdi class="person-name ellipsis" id=name_id title=move || get().person().to_string()>
                        {move || get().person().to_string()}
                    </bdi>
                    <span class="person-note" id=note_id>
                        {move || get().presence().label()}
                        {me.then_some(" · You")}
                        {move || get().kind().badge().map(|badge| format!(" · {badge}"))}
                    </span>
                </span>
            </button>
        </li>
    }
}
