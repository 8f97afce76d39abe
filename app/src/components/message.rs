//! One message. `data-state` is `posted`, `pending` or `refused`; the stylesheet does the rest, also that
//! "Sending" appears only after a second. Refuses to know its neighbours: the line says what they make of it.

use crate::chat::refusal::listed;
use crate::chat::timeline::{Line, State};
use crate::chat::{Body, DraftId, Kind, Refusal};
use crate::components::clock::{Clock, iso};
use crate::components::prose::Prose;
use crate::components::{Avatar, Desk};
use crate::markup::{View, effect, part, set_interval_with_handle, view};
use crate::signal::{RwSignal, on_cleanup};
use leptos::prelude::*;
use std::time::Duration;

/// A spoken label names at most this much of the text.
const LABEL_MAX: usize = 300;

#[component]
pub fn Message(line: Line) -> View {
    let Line { entry, head, mark } = line;
    let clock = Clock::expect();
    let lobby = Desk::expect().lobby;
    let own = lobby.is_me(entry.author.id);
    let at = entry.at;
    let name = entry.author.to_string();
    let spoken = if own { "You".to_owned() } else { name.clone() };
    let said = shortened(entry.body.as_str());
    let label = move || format!("{spoken}, {}, {said}", clock.time(at));
    let state = match entry.state {
        State::Posted => "posted",
        State::Pending => "pending",
        State::Refused(_) => "refused",
    };
    let byline = head.then(|| {
        view! {
            <Avatar person=entry.author.clone()/>
            <div class="message-byline">
                <span class="message-author" dir="auto">{name}</span>
                {(entry.author.kind == Kind::Bot).then(|| view! { <span class="badge" data-kind="quiet">"Bot"</span> })}
                <time datetime=iso(at) title=move || clock.full(at)>{move || clock.time(at)}</time>
            </div>
        }
    });
    let fate = match &entry.state {
        State::Posted => own.then(|| remark(entry.draft)),
        State::Pending => Some(view! { <p class="message-sending">"Sending"</p> }),
        State::Refused(why) => Some(unsent(entry.draft, entry.body.clone(), why.clone())),
    };
    let masked = entry.masked.then(|| {
        view! { <p class="message-note">"Some words were masked by the moderator."</p> }
    });
    view! {
        {mark.then(|| view! { <div class="message-mark" role="separator" aria-label="New messages"><span aria-hidden="true">"New messages"</span></div> })}
        <article
            class="message"
            aria-label=label
            data-seq=entry.seq.map(|seq| seq.to_string())
            data-state=state
            data-head=head.then_some("")
            data-own=own.then_some("")
        >
            {byline}
            <div class="message-body" dir="auto"><Prose text=entry.body.as_str()/></div>
            {masked}
            {fate}
        </article>
    }
}

/// What the moderator did, told to the author alone.
fn remark(draft: DraftId) -> View {
    let lobby = Desk::expect().lobby;
    part(move || {
        lobby.remark(draft).map(|words| {
            let words = listed(&words);
            view! {
                <p class="message-note" role="status">{format!("The moderator masked: {words}")}</p>
            }
        })
    })
}

/// Why the message was not sent, and what can be done. The text stays.
fn unsent(draft: DraftId, body: Body, why: Refusal) -> View {
    let desk = Desk::expect();
    let reason = match why {
        Refusal::TooFast { retry_after_ms } => countdown(retry_after_ms),
        other => part(other.to_string()),
    };
    view! {
        <div class="message-unsent">
            <p role="alert"><strong>"Not sent"</strong>" "{reason}</p>
            <div class="message-actions">
                <button
                    class="button" data-size="small" type="button"
                    on:click=move |_| desk.retry(draft, body.clone())
                >"Retry"</button>
                <button
                    class="button" data-size="small" type="button"
                    on:click=move |_| desk.discard(draft, true)
                >"Edit"</button>
                <button
                    class="button" data-size="small" data-kind="quiet" type="button"
                    on:click=move |_| desk.discard(draft, false)
                >"Delete"</button>
            </div>
        </div>
    }
}

/// Counts the seconds down until the next try makes sense.
fn countdown(retry_after_ms: u64) -> View {
    let seconds = RwSignal::new(retry_after_ms.div_ceil(1_000));
    effect(move || {
        let tick = move || seconds.update(|left| *left = left.saturating_sub(1));
        if let Ok(ticking) = set_interval_with_handle(tick, Duration::from_secs(1)) {
            on_cleanup(move || ticking.clear());
        }
    });
    part(move || match seconds.get() {
        0 => "That was a bit fast. You can try again now.".to_owned(),
        left => {
            let retry_after_ms = left * 1_000;
            Refusal::TooFast { retry_after_ms }.to_string()
        }
    })
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LABEL_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
