//! Brings a page to life: what comes over the link goes into the lobby, what is missing is fetched. The only
//! place where the state, the link and the server functions meet. Refuses to decide and to draw.

use crate::api::{read_messages, take_snapshot};
use crate::chat::{ChatId, Window};
use crate::components::Desk;
use crate::components::clock::{local_zone, now};
use crate::components::idle::watch_idle;
use crate::markup::{effect, request_animation_frame, set_timeout, spawn_local};
use crate::realtime::{Incoming, Realtime};
use crate::signal::RwSignal;
use crate::state::{Lobby, Log};
use leptos::prelude::*;
use std::time::Duration;

/// After a fetch that failed, the next one waits.
const AGAIN: Duration = Duration::from_secs(3);

/// Starts everything that only a browser can do. Call once, in the signed-in page; does nothing on the server.
pub fn start(lobby: Lobby) {
    let realtime = Realtime::expect();
    effect(move || {
        lobby.come_alive(local_zone(), |draw| {
            request_animation_frame(draw);
        });
        let repeat = watch_idle(lobby.settings().idle_seconds, move |command| {
            realtime.send(command);
        });
        realtime.start(lobby.me().id, move |incoming| match incoming {
            Incoming::Notice(notice) => lobby.absorb(notice),
            Incoming::Talk { chat, from, talk } => lobby.talk(chat, from, talk, now()),
            Incoming::Settled { draft, outcome } => lobby.settled(Some(draft), outcome),
            Incoming::Unsent {
                chat,
                draft,
                body,
                at,
            } => lobby.say(chat, draft, body, at),
            // What happened between the page's snapshot, or the lost connection, and this one was missed.
            Incoming::Fresh | Incoming::Resync => {
                repeat();
                catch_up(lobby);
            }
            Incoming::Recovered => {}
        });
        say_alive();
    });
    // A chat that comes to the front for the first time is fetched with all its people; one of which this person
    // is no member every time, since nobody told what happened there meanwhile.
    let mut first = true;
    effect(move || {
        if let Some(chat) = lobby.open_chat()
            && !(lobby.is_loaded(chat) && (first || is_inside(lobby, chat)))
        {
            fetch(lobby, Some(chat));
        }
        first = false;
    });
}

/// Tells whoever looks at the page that it hears clicks now.
pub fn say_alive() {
    if let Some(root) = document().document_element() {
        // An element of this page takes attributes.
        let _ = root.set_attribute("data-hydrated", "");
    }
}

fn is_inside(lobby: Lobby, chat: ChatId) -> bool {
    untrack(|| lobby.chat(chat).is_some_and(|row| row.is_member()))
}

/// Takes a whole snapshot, as after a time without link.
pub fn catch_up(lobby: Lobby) {
    fetch(lobby, lobby.open_now());
}

fn fetch(lobby: Lobby, open: Option<ChatId>) {
    lobby.hold();
    spawn_local(async move {
        match take_snapshot(open).await {
            Ok(snapshot) => lobby.resync(snapshot),
            Err(_) => {
                lobby.give_up();
                set_timeout(move || fetch(lobby, lobby.open_now()), AGAIN);
            }
        }
    });
}

/// Fetches what is missing in an open chat: what skipped over, what is near an edge, the newest when somebody
/// wants to see it.
pub fn turn_pages(desk: Desk, log: Log) {
    let busy = RwSignal::new(false);
    let mut wished = 0;
    effect(move || {
        let wish = desk.wish.get();
        let edges = log.edges();
        let (near_top, near_bottom) = (desk.near_top.get(), desk.near_bottom.get());
        if busy.get() || !edges.loaded {
            // A wish is not forgotten while something else is fetched.
            return;
        }
        let wanted = log.read(|timeline| timeline.wants());
        let window = if edges.behind > 0 && wished != wish {
            Some(Window::Latest)
        } else if wanted.is_some() {
            wanted
        } else if edges.before && near_top {
            Some(Window::Before(edges.oldest))
        } else if edges.behind > 0 && near_bottom {
            Some(Window::After(edges.newest))
        } else {
            None
        };
        if let Some(window) = window {
            busy.set(true);
            turn(desk, window, busy);
        }
        wished = wish;
    });
}

fn turn(desk: Desk, window: Window, busy: RwSignal<bool>) {
    let Desk { chat, lobby, .. } = desk;
    // The page draws and scrolls before it says again what is missing.
    let free = move || {
        request_animation_frame(move || {
            request_animation_frame(move || {
                busy.set(false);
            });
        });
    };
    spawn_local(async move {
        match read_messages(chat, window).await {
            Ok(page) if window == Window::Latest => {
                lobby.restart(chat, page);
                free();
                desk.settle_at_bottom();
            }
            Ok(page) => {
                lobby.turn(chat, window, page);
                free();
            }
            Err(_) => set_timeout(
                move || {
                    busy.set(false);
                },
                AGAIN,
            ),
        }
    });
}
