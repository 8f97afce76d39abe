//! One file per page. The server chooses the page and sends with it what it was made of; the browser makes the page of
//! the chats once more, live, and of the front page only what needs scripts. What else there is, is HTML.

mod chat;
mod notice;
mod sign_in;

use crate::api::{ApiError, WaysIn};
use crate::chat::Snapshot;
use crate::markup::View;
pub use chat::chat;
use notice::{not_found, silent};
use sign_in::sign_in;

/// A page, with all that it shows.
#[derive(Clone)]
pub enum Page {
    SignIn(WaysIn),
    Chat(Box<Snapshot>),
    /// The chats cannot be read.
    Silent(ApiError),
    NotFound,
}

impl Page {
    /// Its title and what it shows, with what stands behind `?` in its address.
    pub fn draw(self, query: &str) -> (String, View) {
        match self {
            Page::SignIn(ways_in) => ("Chatr".into(), sign_in(ways_in, query)),
            Page::Chat(snapshot) => chat(*snapshot),
            Page::Silent(problem) => ("Chatr".into(), silent(problem.to_string())),
            Page::NotFound => ("Not found – Chatr".into(), not_found()),
        }
    }

    /// What the browser makes the page of once more: JSON that cannot end the element around it, whatever people wrote.
    pub fn to_json(&self) -> Option<String> {
        let Page::Chat(snapshot) = self else {
            return None;
        };
        let json = serde_json::to_string(snapshot).ok()?;
        Some(json.replace('<', "\\u003c"))
    }
}
