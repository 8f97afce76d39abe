//! Speaks new messages of the open chat to screen readers: at most one sentence a second, never a flood, and
//! nothing that is old by the time there would be time for it. The visible list itself stays silent.

use crate::chat::Millis;
use crate::components::clock::now;
use crate::markup::{View, effect, set_interval_with_handle, view};
use crate::signal::{RwSignal, StoredValue, on_cleanup};
use crate::state::{Aside, Lobby};
use leptos::prelude::*;
use std::time::Duration;

const TEXT_MAX: usize = 120;
const EVERY_MS: u64 = 1_000;
const STALE_MS: u64 = 7_000;

/// What is yet to be spoken. Pure.
#[derive(Debug, Default)]
struct Speech {
    waiting: Vec<(String, Millis)>,
    spoke: Option<Millis>,
}

impl Speech {
    fn hear(&mut self, by: &str, text: &str, now: Millis) {
        let mut words: String = format!("{by}: {text}").chars().take(TEXT_MAX).collect();
        if by.chars().count() + 2 + text.chars().count() > TEXT_MAX {
            words.pop();
            words.push('…');
        }
        self.waiting.push((words, now));
    }

    /// What to say now, if it is time to say something.
    fn speak(&mut self, now: Millis) -> Option<String> {
        self.waiting
            .retain(|(_, heard)| now.0.saturating_sub(heard.0) < STALE_MS);
        let early = |spoke: Millis| now.0.saturating_sub(spoke.0) < EVERY_MS;
        if self.waiting.is_empty() || self.spoke.is_some_and(early) {
            return None;
        }
        self.spoke = Some(now);
        let mut waiting = std::mem::take(&mut self.waiting);
        match waiting.len() {
            1 => waiting.pop().map(|(words, _)| words),
            many => Some(format!("{many} new messages")),
        }
    }
}

#[component]
pub fn Announcer() -> View {
    let lobby = Lobby::expect();
    let words = RwSignal::new(String::new());
    let speech = StoredValue::new(Speech::default());
    let say = move || {
        if let Some(Some(said)) = speech.try_update_value(|speech| speech.speak(now())) {
            words.set(said);
        }
    };
    effect(move || {
        lobby.listen(move |aside| {
            if let Aside::Said { chat, by, text, .. } = aside
                && lobby.open_now() == Some(*chat)
            {
                let _ = speech.try_update_value(|s| s.hear(&by.to_string(), text, now()));
                say();
            }
        });
        if let Ok(ticking) = set_interval_with_handle(say, Duration::from_millis(250)) {
            on_cleanup(move || ticking.clear());
        }
    });
    view! { <div class="visually-hidden" aria-live="polite" aria-atomic="true">{move || words.get()}</div> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_is_spoken_at_once_by_whom_and_what() {
        let mut speech = Speech::default();
        speech.hear("Ada", "hi", Millis(0));
        assert_eq!(speech.speak(Millis(0)).as_deref(), Some("Ada: hi"));
        assert_eq!(speech.speak(Millis(5_000)), None);
    }

    #[test]
    fn a_flood_is_one_sentence_a_second() {
        let mut speech = Speech::default();
        let mut said = Vec::new();
        for at in (0..3_000).step_by(100) {
            speech.hear("Ada", "hi", Millis(at));
            said.extend(speech.speak(Millis(at)));
        }
        assert_eq!(said, ["Ada: hi", "10 new messages", "10 new messages"]);
    }

    #[test]
    fn what_waited_seven_seconds_is_dropped() {
        let mut speech = Speech::default();
        speech.hear("Ada", "old", Millis(0));
        speech.hear("Bo", "new", Millis(6_500));
        assert_eq!(speech.speak(Millis(7_000)).as_deref(), Some("Bo: new"));
    }

    #[test]
    fn long_texts_are_cut() {
        let mut speech = Speech::default();
        speech.hear("Ada", &"é".repeat(500), Millis(0));
        let said = speech.speak(Millis(0)).expect("speaks");
        assert_eq!(said.chars().count(), TEXT_MAX);
        assert!(said.ends_with('…'));
    }
}
