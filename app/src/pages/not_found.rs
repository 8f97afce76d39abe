//! An address that leads nowhere: says so and shows the way back.

use crate::api;
use crate::markup::view;
use leptos::prelude::*;
use leptos_meta::Title;

#[component]
pub fn NotFound() -> AnyView {
    api::answer_not_found();

    view! {
        {leptos::view! { <Title text="Not found – Chatr"/> }.into_any()}
        <main class="lost" id="main">
            <h1>"There is nothing here"</h1>
            <p>"The address may be mistyped, or the page is gone."</p>
            <a class="button" data-kind="primary" href="/">"Go to Chatr"</a>
        </main>
    }
}
