//! The dialog "Settings": theme, desktop notifications, the typing indicator, passkeys. Every choice works at once.

use super::{Dialog, Hidden, Later, Passkeys, Preferences, Theme, desktop};
use crate::markup::{Show, View, spawn_local, view};
use crate::signal::RwSignal;
use desktop::Permission;
use leptos::prelude::*;

const THEMES: [(Theme, &str); 3] = [
    (Theme::System, "System"),
    (Theme::Light, "Light"),
    (Theme::Dark, "Dark"),
];

#[component]
pub fn Settings(open: RwSignal<bool>) -> View {
    view! {
        <Dialog open title="Settings">
            <Later hidden=Hidden::Settings/>
        </Dialog>
    }
}

pub fn content() -> View {
    view! {
        <div class="settings">
            <ThemeChoice/>
            <Notifications/>
            <Typing/>
            <Passkeys/>
        </div>
    }
}

#[component]
fn ThemeChoice() -> View {
    let preferences = Preferences::expect();
    view! {
        <fieldset class="setting">
            <legend class="setting-name">"Theme"</legend>
            <div class="segments">
                {THEMES
                    .into_iter()
                    .map(|(theme, name)| {
                        view! {
                            <label class="segment">
                                <input
                                    type="radio"
                                    name="theme"
                                    prop:checked=move || preferences.theme.get() == theme
                                    on:change=move |_| preferences.set_theme(theme)
                                />
                                <span>{name}</span>
                            </label>
                        }
                    })
                    .collect::<Vec<_>>()}
            </div>
        </fieldset>
    }
}

#[component]
fn Notifications() -> View {
    let preferences = Preferences::expect();
    let permission = RwSignal::new(desktop::permission());
    let on = move || preferences.notify.get() && permission.get() == Permission::Granted;
    let explain = move || match (permission.get(), on()) {
        (Permission::Missing, _) => "This browser has no desktop notifications.",
        (Permission::Denied, _) => {
            "The browser blocks notifications from this site. Allow them in the site's settings, beside the address."
        }
        (Permission::Granted, true) => "On. You are told of new messages while you look elsewhere.",
        (Permission::Granted | Permission::Unasked, _) => {
            "Off. Turn them on to be told of new messages while you look elsewhere."
        }
    };
    let turn_on = move |_| {
        spawn_local(async move {
            let answer = desktop::ask().await;
            permission.set(answer);
            preferences.set_notify(answer == Permission::Granted);
        });
    };
    let can_turn_on =
        move || !on() && matches!(permission.get(), Permission::Granted | Permission::Unasked);
    view! {
        <section class="setting" aria-label="Notifications">
            <h3 class="setting-name">"Desktop notifications"</h3>
            <p class="quiet" role="status">
                {explain}
            </p>
            <div class="row">
                <Show when=can_turn_on>
                    <button class="button" type="button" on:click=turn_on>
                        "Turn on notifications"
                    </button>
                </Show>
                <Show when=on>
                    <button
                        class="button"
                        type="button"
                        on:click=move |_| preferences.set_notify(false)
                    >
                        "Turn off notifications"
                    </button>
                    <button
                        class="button"
                        type="button"
                        on:click=move |_| {
                            desktop::notify("test", "Chatr", "This is how a message arrives.", || {});
                        }
                    >
                        "Send a test notification"
                    </button>
                </Show>
            </div>
        </section>
    }
}

#[component]
fn Typing() -> View {
    let preferences = Preferences::expect();
    view! {
        <section class="setting" aria-label="Privacy">
            <h3 class="setting-name">"Privacy"</h3>
            <label class="choice">
                <input
                    type="checkbox"
                    prop:checked=move || preferences.typing.get()
                    on:change=move |event| preferences.set_typing(event_target_checked(&event))
                />
                <span class="choice-name">"Show others that I am typing"</span>
            </label>
        </section>
    }
}
