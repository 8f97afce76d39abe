//! Where one writes. Without scripts it is a plain form; with them Enter sends, nothing is ever lost, and a
//! text that cannot be sent stays with a reason beside it. Never disabled: sending waits for the link.

mod draft;
mod keys;

use crate::chat::typing::{Fingers, MAX_MEMBERS};
use crate::chat::{Body, DraftId, Unfit};
use crate::components::clock::now;
use crate::components::{Desk, Glyph, Icon};
use crate::markup::{View, effect, set_interval_with_handle, set_timeout_with_handle, view};
use crate::signal::{RwSignal, StoredValue, on_cleanup};
use leptos::ev;
use leptos::prelude::*;
use std::time::Duration;

/// From here on the characters are counted aloud.
const COUNT_FROM: usize = Body::MAX / 10 * 9;
/// A draft is written to the browser's storage after this pause.
const KEEP_AFTER: Duration = Duration::from_millis(500);

#[component]
pub fn Composer() -> View {
    let desk = Desk::expect();
    let length = RwSignal::new(0);
    let problem = RwSignal::new(None::<Unfit>);
    let fingers = StoredValue::new(Fingers::default());
    let keeping = StoredValue::new(None::<TimeoutHandle>);
    let row = desk.lobby.chat_now(desk.chat);
    let title = {
        let row = row.clone();
        move || row.as_ref().map(|row| row.title()).unwrap_or_default()
    };

    let report = move |change: Option<Option<bool>>| {
        let few = row
            .as_ref()
            .is_some_and(|row| row.members_now() <= MAX_MEMBERS);
        if let Some(active) = change.flatten().filter(|_| few) {
            desk.typing(active);
        }
    };
    let text = move || desk.composer.get_untracked().map(|area| area.value());
    let keep = move || {
        if let Some(text) = text() {
            draft::keep(desk, &text);
        }
    };
    // The text changed, by whomever.
    let changed = move || {
        let Some(text) = text() else {
            return;
        };
        length.set(text.chars().count());
        problem.set(None);
        if let Some(area) = desk.composer.get_untracked() {
            draft::fit(&area);
        }
        keeping.update_value(|keeping| {
            if let Some(waiting) = keeping.take() {
                waiting.clear();
            }
            *keeping = set_timeout_with_handle(keep, KEEP_AFTER).ok();
        });
    };
    let put = move |text: &str| {
        if let Some(area) = desk.composer.get_untracked() {
            area.set_value(text);
            changed();
        }
    };
    let send = {
        let report = report.clone();
        move || {
            let Some(text) = text() else {
                return;
            };
            match text.parse::<Body>() {
                Ok(body) => {
                    desk.say(body);
                    put("");
                    keep();
                    report(fingers.try_update_value(Fingers::stop));
                }
                Err(Unfit::Empty) => {}
                Err(why) => problem.set(Some(why)),
            }
            desk.focus_composer();
        }
    };
    let submit = {
        let send = send.clone();
        move |event: ev::SubmitEvent| {
            event.prevent_default();
            send();
        }
    };
    let input = {
        let report = report.clone();
        move |_| {
            changed();
            let blank = text().is_none_or(|text| text.trim().is_empty());
            report(fingers.try_update_value(|fingers| fingers.key(blank, now())));
        }
    };
    let composed = StoredValue::new(0u64);
    let keydown = move |event: ev::KeyboardEvent| {
        let since_composed = now().0.saturating_sub(composed.get_value());
        if keys::sends(&event, since_composed) {
            event.prevent_default();
            send();
        }
    };

    // A tick for the fingers; what was kept or handed over comes back; the first arrival may write at once.
    effect({
        let report = report.clone();
        move || {
            let report = report.clone();
            let tick = move || report(fingers.try_update_value(|fingers| fingers.tick(now())));
            if let Ok(ticking) = set_interval_with_handle(tick, Duration::from_secs(1)) {
                on_cleanup(move || ticking.clear());
            }
        }
    });
    on_cleanup(move || {
        // What waited to be kept is kept now; later there is no field to read.
        if let Some(waiting) = keeping.try_update_value(Option::take).flatten() {
            waiting.clear();
        }
        keep();
        report(fingers.try_update_value(Fingers::stop));
    });
    effect(move || {
        if desk
            .composer
            .get()
            .is_some_and(|area| area.value().is_empty())
            && let Some(kept) = draft::kept(desk)
        {
            put(&kept);
        }
    });
    effect(move || {
        if let Some(handed) = desk.handed.get() {
            let before = text().filter(|text| !text.trim().is_empty());
            put(&before.map_or(handed.clone(), |before| format!("{before}\n{handed}")));
            desk.handed.set(None);
        }
    });
    keys::listen(desk);

    view! {
        <form class="composer" method="post" action="/api/postMessage" on:submit=submit>
            <input type="hidden" name="chat" value=desk.chat.to_string()/>
            <input type="hidden" name="draft" value=DraftId::random().to_string()/>
            <div class="composer-field">
                <textarea
                    class="composer-text" name="body" rows="1" dir="auto" required
                    aria-label="Message" enterkeyhint="send" autocomplete="off"
                    placeholder=move || format!("Message {}", title())
                    aria-invalid=move || problem.get().is_some().then_some("true")
                    node_ref=desk.composer
                    on:input=input
                    on:keydown=keydown
                    on:compositionend=move |_| composed.set_value(now().0)
                ></textarea>
                <button class="composer-send" type="submit" aria-label="Send" title="Send">
                    <Icon glyph=Glyph::Send/>
                </button>
            </div>
            {move || problem.get().map(|why| view! {
                <p class="composer-problem" role="alert">{why.to_string()}</p>
            })}
            {move || (length.get() >= COUNT_FROM).then(|| view! {
                <p class="composer-count" data-over=move || (length.get() > Body::MAX).then_some("")>
                    {move || format!("{} of {}", length.get(), Body::MAX)}
                </p>
            })}
        </form>
    }
}
