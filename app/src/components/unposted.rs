//! What became of a message that was sent as a plain form and not posted. The server sends the browser back with
//! the refusal's name in the address (`?problem=…`), which is anybody's to write: no text is taken from it.

use super::Address;
use crate::chat::{Body, Refusal, Unfit};
use crate::markup::{View, part, view};
use leptos::prelude::*;

#[component]
pub fn Unposted() -> View {
    let problem = Address::expect().problem();
    part(problem.map(|code| {
        view! {
            <p class="unposted" role="alert">
                <strong>"Not posted."</strong>
                " "
                {explain(&code)}
                " The way back in your browser leads to the text."
            </p>
        }
    }))
}

fn explain(code: &str) -> String {
    match code {
        "empty" => Unfit::Empty.to_string(),
        "tooLong" => Unfit::TooLong { max: Body::MAX }.to_string(),
        "notAMember" => Refusal::NotAMember.to_string(),
        "offTheRecord" => Refusal::OffTheRecord.to_string(),
        "blocked" => "The moderator of this chat stopped the message because of its words.".into(),
        "tooFast" => "That was a bit fast. Try again in a moment.".into(),
        _ => "That did not work. Please try again.".into(),
    }
}
