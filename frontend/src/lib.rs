//! The browser's entry: hydrates the page that the server rendered. Nothing else, ever.

use leptos::leptos_dom::logging::console_error;
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the script that `HydrationScripts` writes into the page.
#[wasm_bindgen]
pub fn hydrate() {
    std::panic::set_hook(Box::new(|panic| console_error(&panic.to_string())));
    app::enliven();
}
