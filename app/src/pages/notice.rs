//! Pages that only say something: the address leads nowhere, or the server cannot say more just now.

use crate::markup::{View, view};

/// The page about nothing.
pub fn not_found() -> View {
    view! {
        <main class="lost" id="main">
            <h1>"There is nothing here"</h1>
            <p>"The address may be mistyped, or the page is gone."</p>
            <a class="button" data-kind="primary" href="/">"Go to Chatr"</a>
        </main>
    }
}

/// In the place of the chats, which could not be read.
pub fn silent(problem: String) -> View {
    view! {
        <main class="lost" id="main">
            <h1>"Chatr is not answering"</h1>
            <p role="alert">{problem}</p>
        </main>
    }
}
