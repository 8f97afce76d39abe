//! Line icons of our own on a 24-pixel grid, and the product's mark. For the eye only: the control that
//! holds one carries the name.

use crate::markup::{View, view};
use leptos::prelude::*;

/// Which drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyph {
    Plus,
    Back,
    Close,
    More,
    People,
    Public,
    Private,
    OffRecord,
    Settings,
    SignOut,
    Rename,
    Invite,
    Leave,
    Delete,
    Shield,
    Bell,
    Chat,
    Link,
    Check,
    Down,
    Send,
    Alert,
}

impl Glyph {
    const fn path(self) -> &'static str {
        match self {
            Glyph::Plus => "M12 5v14M5 12h14",
            Glyph::Back => "M15 5l-7 7 7 7",
            Glyph::Close => "M6 6l12 12M18 6L6 18",
            Glyph::More => "M5 11.5v1M4.5 12h1M12 11.5v1M11.5 12h1M19 11.5v1M18.5 12h1",
            Glyph::People => {
                "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 19.5c.6-3.2 3.1-5 6.5-5s5.9 1.8 6.5 5\
                 M16 4.8a3.5 3.5 0 0 1 0 6.4M17.5 14.7c2.2.5 3.6 2.2 4 4.8"
            }
            Glyph::Public => "M9.5 4l-2 16M16.5 4l-2 16M4.5 9h16M3.5 15h16",
            Glyph::Private => {
                "M6 10.5h12a1 1 0 0 1 1 1V19a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-7.5a1 1 0 0 1 1-1zM8 10.5V8a4 4 0 0 1 8 0v2.5"
            }
            Glyph::OffRecord => {
                "M3 3l18 18M10.6 5.7A9.6 9.6 0 0 1 21.5 12a10 10 0 0 1-2.3 3.3M6.3 7.2A10 10 0 0 0 2.5 12a9.7 9.7 0 0 0 13.2 5.3M9.9 9.9a3 3 0 0 0 4.2 4.2"
            }
            Glyph::Settings => {
                "M4 7h9M19 7h1M4 17h1M11 17h9M16 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM8 19.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z"
            }
            Glyph::SignOut => {
                "M14 4H6a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h8M10 12h11M17.5 8.5L21 12l-3.5 3.5"
            }
            Glyph::Rename => {
                "M4 20l1-4.5L16 4.5a1.4 1.4 0 0 1 2 0l1.5 1.5a1.4 1.4 0 0 1 0 2L8.5 19 4 20zM14 6.5l3.5 3.5"
            }
            Glyph::Invite => {
                "M10 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3.5 19.5c.6-3.2 3.1-5 6.5-5 1.6 0 3 .4 4.1 1.2M18 14v6M15 17h6"
            }
            Glyph::Leave => {
                "M10 4h8a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1h-8M14 12H3M6.5 8.5L3 12l3.5 3.5"
            }
            Glyph::Delete => {
                "M4.5 7h15M9.5 7V5a1 1 0 0 1 1-1h3a1 1 0 0 1 1 1v2M6.5 7l.8 12a1 1 0 0 0 1 1h7.4a1 1 0 0 0 1-1l.8-12M10 11v5M14 11v5"
            }
            Glyph::Shield => {
                "M12 3.5l7 2.5v5.5c0 4.3-2.8 7.5-7 9-4.2-1.5-7-4.7-7-9V6l7-2.5zM9 12l2.2 2.2L15.2 10"
            }
            Glyph::Bell => {
                "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15L6 16.5zM10 20.5c1 .9 3 .9 4 0"
            }
            Glyph::Chat => {
                "M4 6.5A2.5 2.5 0 0 1 6.5 4h11A2.5 2.5 0 0 1 20 6.5v7a2.5 2.5 0 0 1-2.5 2.5H11l-4.5 4v-4A2.5 2.5 0 0 1 4 13.5v-7z"
            }
            Glyph::Link => {
                "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7L12 7M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7L12 17"
            }
            Glyph::Check => "M5 12.5l4.5 4.5L19 7.5",
            Glyph::Down => "M12 5v14M6 13l6 6 6-6",
            Glyph::Send => "M5 12h14M13 6l6 6-6 6",
            Glyph::Alert => "M12 8v5M12 16.5h.01M12 3.5l9 16H3l9-16z",
        }
    }
}

#[component]
pub fn Icon(glyph: Glyph) -> View {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d=glyph.path()></path>
        </svg>
    }
}

/// Two bubbles that overlap, and the name.
#[component]
pub fn Mark() -> View {
    view! {
        <p class="mark">
            <svg class="mark-sign" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
                <path class="mark-back" d="M13 3h11a6 6 0 0 1 6 6v7a6 6 0 0 1-5 5.9V27l-6.5-5H13a6 6 0 0 1-6-6V9a6 6 0 0 1 6-6z"></path>
                <path class="mark-front" d="M8 10h9a6 6 0 0 1 6 6v4a6 6 0 0 1-6 6h-5l-7 4.5V25.2A6 6 0 0 1 2 20v-4a6 6 0 0 1 6-6z"></path>
            </svg>
            "Chatr"
        </p>
    }
}
