//! One's own corner: the button with one's name, and its menu.

use super::{Avatar, Glyph, Icon, Menu, MenuControl, MenuItem, reach};
use crate::markup::{View, view};
use crate::signal::RwSignal;
use crate::state::Lobby;
use leptos::prelude::*;

#[component]
pub fn Me(settings: RwSignal<bool>) -> View {
    let me = Lobby::expect().me();
    let name = me.to_string();
    let badge = me.kind.badge();
    let menu = MenuControl::new();
    view! {
        <footer class="me">
            <button
                class="person"
                type="button"
                aria-haspopup="menu"
                aria-expanded=move || menu.is_open().to_string()
                aria-labelledby=badge.map(|_| "my-name")
                aria-describedby=badge.map(|_| "my-badge")
                on:pointerenter=move |_| reach()
                on:focusin=move |_| reach()
                on:pointerdown=move |event| menu.press(event)
                on:click=move |click| {
                    menu.toggle(&click);
                }
            >
                <Avatar person=me/>
                <bdi class="person-name ellipsis" id="my-name" title=name.clone()>
                    {name.clone()}
                </bdi>
                {badge
                    .map(|badge| {
                        view! {
                            <span class="badge" data-kind="quiet" id="my-badge">
                                {badge}
                            </span>
                        }
                    })}
                <Icon glyph=Glyph::Settings/>
            </button>
            <Menu control=menu label="You">
                <MenuItem
                    glyph=Glyph::Settings
                    label="Settings"
                    on_choose=move |()| settings.set(true)
                />
                <form role="none" method="post" action="/api/signOut">
                    <button class="menu-item" type="submit" role="menuitem" tabindex="-1">
                        <Icon glyph=Glyph::SignOut/>
                        "Sign out"
                    </button>
                </form>
            </Menu>
        </footer>
    }
}
