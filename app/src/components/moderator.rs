//! The dialog in which an owner tells the language moderator what to do.

use super::{Ask, DialogActions};
use crate::chat::{ChatSummary, Command, Moderation};
use crate::markup::{View, view};
use crate::signal::{RwSignal, Signal};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

const CHOICES: [(Moderation, &str, &str); 3] = [
    (
        Moderation::Off,
        "Off",
        "Messages are posted as they are written.",
    ),
    (
        Moderation::Mask,
        "Mask",
        "Offensive words are replaced by asterisks before anybody sees them.",
    ),
    (
        Moderation::Block,
        "Block",
        "A message with offensive words is not posted; its author is told why.",
    ),
];

#[component]
pub fn Moderator(#[prop(into)] summary: Signal<ChatSummary>, open: RwSignal<bool>) -> View {
    let ask = Ask::expect();
    let chosen = RwSignal::new(summary.get_untracked().chat.moderation);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        ask.send(Command::SetModeration {
            chat: summary.get_untracked().chat.id,
            moderation: chosen.get_untracked(),
        });
        open.set(false);
    };
    view! {
        <form class="stack" on:submit=submit>
            <fieldset class="choices">
                <legend class="visually-hidden">"Language moderator"</legend>
                {CHOICES
                    .into_iter()
                    .map(|(moderation, name, note)| {
                        view! {
                            <label class="choice">
                                <input
                                    type="radio"
                                    name="moderation"
                                    aria-label=name
                                    aria-description=note
                                    prop:checked=move || chosen.get() == moderation
                                    on:change=move |_| chosen.set(moderation)
                                />
                                <span class="choice-name">{name}</span>
                                <span class="choice-note">{note}</span>
                            </label>
                        }
                    })
                    .collect::<Vec<_>>()}
            </fieldset>
            <DialogActions open label="Save"/>
        </form>
    }
}
