//! The text field for a chat's name, with what is wrong with it.

use crate::chat::ChatName;
use crate::markup::{Show, View, view};
use crate::signal::RwSignal;
use leptos::prelude::*;

#[component]
pub fn NameField(name: RwSignal<String>, problem: RwSignal<Option<String>>) -> View {
    let described = move || problem.with(Option::is_some).then_some("chat-name-problem");
    view! {
        <label class="field">
            <span class="field-label">"Chat name"</span>
            <input
                class="input"
                type="text"
                required
                autofocus
                autocomplete="off"
                dir="auto"
                maxlength=ChatName::MAX
                aria-invalid=move || described().map(|_| "true")
                aria-describedby=described
                prop:value=move || name.get()
                on:input=move |input| {
                    name.set(event_target_value(&input));
                    problem.set(None);
                }
            />
        </label>
        <Show when=move || problem.with(Option::is_some)>
            <p class="problem" id="chat-name-problem" role="alert">
                {move || problem.get()}
            </p>
        </Show>
    }
}
