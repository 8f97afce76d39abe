//! The messages of one chat, in blocks that the browser may skip while they are out of sight. Owns where the
//! list stands: new messages never move what is being read; at the end, the end stays in sight. Refuses to
//! fetch: it says that an edge is near (`Pager`).

mod scroll;
mod seen;

use crate::chat::timeline::Line;
use crate::components::clock::{Clock, now};
use crate::components::empty::Empty;
use crate::components::message::Message;
use crate::components::{Desk, Jump};
use crate::markup::{
    For, NodeRef, View, effect, request_animation_frame, set_interval_with_handle, view,
};
use crate::signal::{Memo, StoredValue, on_cleanup};
use crate::state::{Block, Log};
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::wasm_bindgen::closure::Closure;
use leptos::web_sys::ResizeObserver;
use scroll::{Anchor, Scroll, is_looked_at};
use seen::Seen;
use send_wrapper::SendWrapper;
use std::time::Duration;

/// How often the list looks whether messages were seen.
const LOOK: Duration = Duration::from_millis(250);

/// What stands in the list: the heading of a day, or a block of messages.
#[derive(Clone)]
enum Item {
    Day(i64),
    Block(Block),
}

#[component]
pub fn MessageList(log: Log) -> View {
    let desk = Desk::expect();
    let clock = Clock::expect();
    let items = {
        let log = log.clone();
        move || items(log.blocks())
    };
    let tail = {
        let log = log.clone();
        move || log.tail()
    };
    let beginning = {
        let log = log.clone();
        move || {
            let edges = log.edges();
            (edges.loaded && !edges.before && !edges.empty).then(|| {
                view! { <p class="messages-beginning">"This is the beginning of the chat."</p> }
            })
        }
    };
    let empty = {
        let log = log.clone();
        Memo::new(move |_| {
            let edges = log.edges();
            edges.loaded && edges.empty
        })
    };
    let older = {
        let log = log.clone();
        move || {
            log.edges().before.then(|| view! { <p class="messages-older" aria-hidden="true">"Loading older messages…"</p> })
        }
    };
    let content = NodeRef::<leptos::html::Div>::new();
    watch(desk, log.clone(), content);

    view! {
        <div class="messages-frame">
            <div
                class="messages" role="log" aria-label="Messages" aria-live="off" tabindex="0"
                node_ref=desk.scroller
            >
                <div class="messages-content" node_ref=content>
                    {older}
                    {beginning}
                    <For each=items key=Item::key let:item>{show(item, clock)}</For>
                    <div class="message-block" data-tail="">
                        <For each=tail key=Line::key let:line><Message line/></For>
                    </div>
                    {move || empty.get().then(|| view! { <Empty/> })}
                    <div class="messages-end"></div>
                </div>
            </div>
            <Jump log/>
        </div>
    }
}

impl Item {
    fn key(&self) -> (u128, u128, u8) {
        match self {
            Item::Day(day) => (*day as u128, 0, 0),
            Item::Block(block) => (block.id.into(), 0, 1),
        }
    }
}

fn items(blocks: Vec<Block>) -> Vec<Item> {
    let mut items = Vec::with_capacity(blocks.len() + 2);
    for block in blocks {
        if block.opens_day {
            items.push(Item::Day(block.day));
        }
        items.push(Item::Block(block));
    }
    items
}

fn show(item: Item, clock: Clock) -> View {
    match item {
        Item::Day(day) => view! {
            <h3 class="messages-day"><span>{move || clock.day(day)}</span></h3>
        },
        Item::Block(block) => view! {
            <div class="message-block">
                <For each=move || block.lines() key=Line::key let:line><Message line/></For>
            </div>
        },
    }
}

/// Everything that happens to the list in a browser.
fn watch(desk: Desk, log: Log, content: NodeRef<leptos::html::Div>) {
    let anchor = StoredValue::new(None::<SendWrapper<Anchor>>);
    let last_top = StoredValue::new(0.0);
    let placed = StoredValue::new(false);
    // Frames and observers may come when the list has gone.
    let element = move || -> Option<Scroll> {
        let element = desk.scroller.try_get_untracked()?;
        Some(Scroll(element.unchecked_into()))
    };

    // The size of the content or of the frame changed: keep the end in sight, or what is being read in place.
    let settle = move || {
        let Some(scroll) = element() else {
            return;
        };
        if !placed.get_value() {
            return;
        }
        if desk.at_bottom.get_untracked() {
            scroll.to_bottom();
        } else if let Some(anchor) = anchor.get_value() {
            scroll.restore(&anchor);
        }
        last_top.set_value(scroll.top());
        near(desk, &scroll);
    };

    // Scrolled, by whomever.
    let moved = {
        let log = log.clone();
        move || {
            let Some(scroll) = element() else {
                return;
            };
            let top = scroll.top();
            let bottom = scroll.is_at_bottom() && log.read(|timeline| timeline.behind() == 0);
            if bottom != desk.at_bottom.get_untracked() && (bottom || top < last_top.get_value()) {
                desk.at_bottom.set(bottom);
            }
            last_top.set_value(top);
            anchor.set_value(scroll.anchor().map(SendWrapper::new));
            near(desk, &scroll);
        }
    };

    effect({
        let moved = moved.clone();
        move || {
            let Some(scroller) = desk.scroller.get() else {
                return;
            };
            let listening = Closure::<dyn Fn()>::new(moved.clone());
            // Listening to an element of this page cannot fail.
            let _ = scroller
                .add_event_listener_with_callback("scroll", listening.as_ref().unchecked_ref());
            let observing = Closure::<dyn Fn()>::new(settle);
            if let (Ok(observer), Some(content)) = (
                ResizeObserver::new(observing.as_ref().unchecked_ref()),
                content.get(),
            ) {
                observer.observe(&content);
                observer.observe(&scroller);
                let kept = StoredValue::new(SendWrapper::new((observer, observing)));
                on_cleanup(move || kept.with_value(|kept| kept.0.disconnect()));
            }
            let kept = StoredValue::new(SendWrapper::new((scroller, listening)));
            on_cleanup(move || {
                kept.with_value(|kept| {
                    let (scroller, listening) = &**kept;
                    // What is scrolled on its way out has nobody to tell.
                    let _ = scroller.remove_event_listener_with_callback(
                        "scroll",
                        listening.as_ref().unchecked_ref(),
                    );
                });
            });
        }
    });

    // The first position, once the messages are there: where reading stopped, else the end.
    effect({
        let log = log.clone();
        move || {
            if !log.edges().loaded || placed.get_value() || desk.scroller.get().is_none() {
                return;
            }
            let moved = moved.clone();
            request_animation_frame(move || {
                let Some(scroll) = element() else {
                    return;
                };
                if desk.wish.get_untracked() == 0 && scroll.to_mark() {
                    desk.at_bottom.set(scroll.is_at_bottom());
                } else {
                    scroll.to_bottom();
                }
                placed.set_value(true);
                moved();
            });
        }
    });

    // Somebody wants to see the newest message, perhaps since before this ran.
    let mut before = 0;
    effect(move || {
        let wish = desk.wish.get();
        if before != wish {
            desk.at_bottom.set(true);
            if let Some(scroll) = element() {
                scroll.to_bottom();
            }
        }
        before = wish;
    });

    // What was in sight for a second of a page that is looked at is read.
    effect(move || {
        let seen = StoredValue::new(Seen::default());
        let look = move || {
            if !desk.has_unread() || !placed.get_value() {
                return;
            }
            let newest = element()
                .filter(|_| is_looked_at())
                .and_then(|scroll| scroll.newest_in_sight());
            let read = seen.try_update_value(|seen| seen.look(newest, now()));
            if let Some(read) = read.flatten() {
                desk.see(read);
            }
        };
        if let Ok(looking) = set_interval_with_handle(look, LOOK) {
            on_cleanup(move || looking.clear());
        }
    });
}

fn near(desk: Desk, scroll: &Scroll) {
    for (signal, near) in [
        (desk.near_top, scroll.is_near_top()),
        (desk.near_bottom, scroll.is_near_bottom()),
    ] {
        if signal.get_untracked() != near {
            signal.set(near);
        }
    }
}
