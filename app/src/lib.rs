//! What both sides of Chatr must agree on, and the screen.
//!
//! `chat` is the vocabulary (commands, facts, limits), `api` the server functions, `pages` one file per page,
//! `components` one file per visible thing, made of `markup`; `tree`, `print`, `letters` and `script` do what
//! the browser can with little code. The first paint is a pure function of data that the server sends:
//! no view reads a clock, a locale, the window or the browser's storage.

#![recursion_limit = "256"]

pub mod api;
pub mod chat;
pub mod components;
#[cfg(feature = "ssr")]
mod early;
mod letters;
pub mod live;
mod markup;
pub mod pages;
pub mod print;
pub mod realtime;
mod script;
mod signal;
pub mod state;
pub mod tree;

use leptos::prelude::*;

/// The document at `path`, with what stands behind `?` there. Its theme comes with the request, so that no wrong colour
/// flashes.
#[cfg(feature = "ssr")]
pub fn shell(
    options: LeptosOptions,
    page: pages::Page,
    path: &str,
    query: &str,
) -> impl IntoView + use<> {
    use leptos::nonce::use_nonce;
    use leptos_meta::HashedStylesheet;

    components::Address::provide(path.to_owned(), query);
    let content = page.to_json();
    let (title, body) = page.draw(query);

    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=api::requested_theme()>
            <head>
                <meta charset="utf-8"/>
                <meta
                    name="viewport"
                    content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content"
                />
                <meta name="description" content="Chat that is there at once: a name, and you are in."/>
                <meta name="color-scheme" content="light dark"/>
                <meta name="theme-color" media="(prefers-color-scheme: light)" content="#f4f2ed"/>
                <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#161a18"/>
                <title>{title}</title>
                // A part of the conversation shall not be painted before the whole is there: it would move.
                {content
                    .is_some()
                    .then(|| view! { <link rel="expect" blocking="render" href="#content"/> })}
                <script nonce=use_nonce()>{early::KEEP_CLICK}</script>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="manifest" href="/manifest.webmanifest"/>
                <link rel="apple-touch-icon" href="/icon-192.png"/>
                <HashedStylesheet id="leptos" options=options.clone()/>
                <AutoReload options=options.clone()/>
                <HydrationScripts options/>
            </head>
            <body>
                {body}
                {content
                    .map(|json| {
                        view! {
                            <script type="application/json" id="content" nonce=use_nonce()>
                                {json}
                            </script>
                        }
                    })}
            </body>
        </html>
    }
}

/// Makes the page live that the server sent. Call once.
#[cfg(feature = "hydrate")]
pub fn enliven() {
    use components::{Address, Hidden, hidden};
    use leptos::mount::{hydrate_body, hydrate_from};
    use leptos::wasm_bindgen::JsCast;

    let found = |id| document().get_element_by_id(id);
    if let Some(content) = found("content") {
        return match tree::read(&content.text_content().unwrap_or_default()) {
            Ok(snapshot) => hydrate_body(move || {
                let here = window().location();
                let query = here.search().unwrap_or_default();
                Address::provide(
                    here.pathname().unwrap_or_default(),
                    query.trim_start_matches('?'),
                );
                pages::chat(snapshot).1
            }),
            Err(unread) => leptos::logging::error!("the page came without its content: {unread}"),
        };
    }
    if let Some(door) = found("passkey-door") {
        // Leptos has nothing that runs tasks before the first hydration.
        wasm_bindgen_futures::spawn_local(async move {
            let back = door.get_attribute("data-back").unwrap_or_default();
            // Without it, the other ways in are there still.
            if let Some(draw) = hidden().await {
                hydrate_from(door.unchecked_into(), move || draw(Hidden::Door(back))).forget();
            }
        });
    }
    live::say_alive();
}
