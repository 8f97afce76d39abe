//! What both sides of Chatr must agree on, and the screen.
//!
//! `chat` is the vocabulary (commands, facts, limits), `api` the server functions, `pages` one file per route,
//! `components` one file per visible thing, made of `markup`; `tree` and `letters` read what the browser can read
//! with little code. The first paint is a pure function of data that the server sends:
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
pub mod realtime;
pub mod state;
pub mod tree;

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::SsrMode;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::path;
use pages::{ChatPage, NotFound, SignIn};

/// The HTML document around the app. Its theme comes with the request, so that no wrong colour flashes.
#[cfg(feature = "ssr")]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    use leptos::nonce::use_nonce;
    use leptos_meta::{HashedStylesheet, MetaTags};

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
                <script nonce=use_nonce()>{early::KEEP_CLICK}</script>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="manifest" href="/manifest.webmanifest"/>
                <link rel="apple-touch-icon" href="/icon-192.png"/>
                <HashedStylesheet id="leptos" options=options.clone()/>
                <AutoReload options=options.clone()/>
                <HydrationScripts options/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// Routes. Everything that a page needs arrives inside its HTML, hence `SsrMode::Async`.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();

    view! {
        <Router>
            <FlatRoutes fallback=NotFound>
                <Route path=path!("/") view=SignIn ssr=SsrMode::Async/>
                <Route path=path!("/chat/:id?") view=ChatPage ssr=SsrMode::Async/>
            </FlatRoutes>
        </Router>
    }
}
