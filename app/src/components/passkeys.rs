//! Passkeys as a guest sees them: in the settings, to be added and taken away, and on the front page, to come back by.
//! Neither is there where passkeys cannot work. Refuses to know how a device is asked.

use super::clock::Clock;
use super::device::{self, Told};
use crate::api::Passkey;
use crate::markup::{NodeRef, Show, View, effect, spawn_local, view};
use crate::signal::{Memo, RwSignal};
use leptos::html;
use leptos::prelude::*;

/// The section in the settings.
#[component]
pub fn Passkeys() -> View {
    let kept = RwSignal::new(None::<Vec<Passkey>>);
    let problem = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let adder = NodeRef::<html::Button>::new();
    effect(move || {
        spawn_local(async move {
            if device::is_able()
                && let Ok(found) = device::list().await
            {
                kept.set(found);
            }
        });
    });
    let show = move |told: Told<Vec<Passkey>>| {
        busy.set(false);
        match told {
            Ok(now) => kept.set(Some(now)),
            Err(why) => problem.set(why),
        }
    };
    // One thing at a time; the buttons stay, so that the keyboard does not lose its place.
    let begin = move || {
        problem.set(String::new());
        !busy
            .try_update(|busy| std::mem::replace(busy, true))
            .unwrap_or(true)
    };
    let add = move |_| {
        if begin() {
            spawn_local(async move { show(device::add().await) });
        }
    };
    let remove = move |id: String| {
        if begin() {
            spawn_local(async move {
                show(device::remove(&id).await);
                if let Some(adder) = adder.get_untracked() {
                    let _ = adder.focus();
                }
            });
        }
    };
    let has_none = Memo::new(move |_| kept.with(|kept| kept.as_ref().is_none_or(Vec::is_empty)));
    let explain = move || match has_none.get() {
        true => {
            "Only this browser knows that you are you. With a passkey you can come back under the same name, to the same chats, when it has forgotten."
        }
        false => {
            "With these you can come back as you, by fingerprint, face or PIN, when this browser has forgotten."
        }
    };
    view! {
        <Show when=move || kept.with(Option::is_some)>
            <section class="setting" aria-label="Passkeys">
                <h3 class="setting-name">"Passkeys"</h3>
                <p class="quiet" role="status">
                    {explain}
                </p>
                <Show when=move || !has_none.get()>
                    <ul class="passkeys" aria-label="Your passkeys">
                        {move || {
                            let kept = kept.get().unwrap_or_default().into_iter();
                            kept.map(|passkey| view! { <Line passkey remove/> }).collect::<Vec<_>>()
                        }}
                    </ul>
                </Show>
                <Problem problem/>
                <div class="row">
                    <button
                        class="button"
                        type="button"
                        node_ref=adder
                        aria-disabled=move || busy.get().then_some("true")
                        on:click=add
                    >
                        {move || match has_none.get() {
                            true => "Keep this name with a passkey",
                            false => "Add another passkey",
                        }}
                    </button>
                </div>
            </section>
        </Show>
    }
}

#[component]
fn Line(passkey: Passkey, remove: impl Fn(String) + Copy + Send + 'static) -> View {
    let Passkey {
        id,
        added_at,
        used_at,
    } = passkey;
    let clock = Clock::expect();
    let used = move || match used_at.0 {
        0 => "Never used".to_owned(),
        _ => format!("Last used {}", clock.full(used_at)),
    };
    view! {
        <li class="passkey">
            <p>
                {move || format!("Added {}", clock.full(added_at))}
                <span class="quiet">{used}</span>
            </p>
            <button
                class="button"
                type="button"
                aria-label=move || format!("Remove the passkey added {}", clock.full(added_at))
                on:click=move |_| remove(id.clone())
            >
                "Remove"
            </button>
        </li>
    }
}

/// The button on the front page, which leads on to `back`.
#[component]
pub fn PasskeyDoor(back: String) -> View {
    let able = RwSignal::new(false);
    let problem = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    effect(move || able.set(device::is_able()));
    let enter = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(String::new());
        let back = back.clone();
        spawn_local(async move {
            match device::sign_in().await {
                // Another page, as another person.
                Ok(()) => {
                    let _ = window().location().assign(&back);
                }
                Err(why) => {
                    problem.set(why);
                    busy.set(false);
                }
            }
        });
    };
    view! {
        <Show when=move || able.get()>
            <div class="stack">
                <button
                    class="button"
                    data-size="large"
                    type="button"
                    aria-disabled=move || busy.get().then_some("true")
                    on:click=enter.clone()
                >
                    "Sign in with a passkey"
                </button>
                <Problem problem/>
            </div>
        </Show>
    }
}

#[component]
fn Problem(problem: RwSignal<String>) -> View {
    view! {
        <Show when=move || !problem.with(String::is_empty)>
            <p class="problem" role="alert">
                {move || problem.get()}
            </p>
        </Show>
    }
}
