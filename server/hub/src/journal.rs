//! What happened lately, for a developer's page: a bounded list of notes, kept only where it was asked for. Refuses
//! to interpret what it notes.

use crate::session::Session;
use crate::upstream::UpstreamError;
use crate::{Hub, clock};
use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use wire::cloud_event::Delivery;
use wire::frame::{ClientFrame, Payload};

/// Notes that are kept; older ones go.
const MAX_NOTES: usize = 200;

/// Characters of a note.
const MAX_TEXT: usize = 400;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    pub number: u64,
    /// `yyyy-MM-ddTHH:mm:ssZ`
    pub time: String,
    /// `came`, `gone`, `frame`, `call` (to a handler) or `rest`.
    pub kind: &'static str,
    pub hub: String,
    pub connection: String,
    pub text: String,
}

#[derive(Default)]
pub struct Journal(Mutex<Notes>);

#[derive(Default)]
struct Notes {
    last: u64,
    kept: VecDeque<Note>,
}

impl Journal {
    fn note(&self, kind: &'static str, hub: &str, connection: &str, text: &str) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.last += 1;
        let note = Note {
            number: notes.last,
            time: clock::now(),
            kind,
            hub: hub.to_owned(),
            connection: connection.to_owned(),
            text: text.chars().take(MAX_TEXT).collect(),
        };
        notes.kept.push_back(note);
        if notes.kept.len() > MAX_NOTES {
            notes.kept.pop_front();
        }
    }

    /// Newest first.
    pub fn notes(&self) -> Vec<Note> {
        let notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.kept.iter().rev().cloned().collect()
    }
}

/// Each does nothing, and prints nothing, where no journal is kept.
impl Hub {
    pub(crate) fn note_came(&self, session: &Session) {
        if let Some(journal) = self.journal() {
            let protocol = session.subprotocol().unwrap_or("raw");
            let user = session.user.as_deref().unwrap_or("nobody");
            let text = format!("{user}, {protocol}");
            journal.note("came", &session.hub, &session.id, &text);
        }
    }

    pub(crate) fn note_gone(&self, session: &Session, reason: &str) {
        if let Some(journal) = self.journal() {
            journal.note("gone", &session.hub, &session.id, reason);
        }
    }

    pub(crate) fn note_client_frame(&self, session: &Session, frame: &ClientFrame) {
        if let Some(journal) = self.journal() {
            journal.note("frame", &session.hub, &session.id, &frame.to_json());
        }
    }

    pub(crate) fn note_raw_frame(&self, session: &Session, payload: &Payload) {
        if let Some(journal) = self.journal() {
            let text = match payload {
                Payload::Text(text) => text.clone(),
                Payload::Json(json) => json.get().to_owned(),
                Payload::Binary(bytes) | Payload::Protobuf(bytes) => {
                    format!("{} bytes", bytes.len())
                }
            };
            journal.note("frame", &session.hub, &session.id, &text);
        }
    }

    pub(crate) fn note_call(
        &self,
        delivery: &Delivery,
        answer: &Result<Response<Bytes>, UpstreamError>,
        took: Duration,
    ) {
        if let Some(journal) = self.journal() {
            let end = match answer {
                Ok(response) => response.status().to_string(),
                Err(error) => error.to_string(),
            };
            let name = delivery.event.name();
            let text = format!("{name}: {end}, {} ms", took.as_millis());
            let context = &delivery.context;
            journal.note("call", &context.hub, &context.connection_id, &text);
        }
    }

    /// Without the query, which may hold words that are nobody's business.
    pub(crate) fn note_rest(&self, hub: &str, method: &Method, path: &str, status: StatusCode) {
        if let Some(journal) = self.journal() {
            journal.note("rest", hub, "", &format!("{method} {path}: {status}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_notes_are_kept_and_long_ones_are_cut() {
        let journal = Journal::default();
        for number in 0..MAX_NOTES + 5 {
            journal.note("frame", "chat", "c1", &format!("{number}"));
        }
        journal.note("frame", "chat", "c1", &"ü".repeat(MAX_TEXT + 1));
        let notes = journal.notes();
        assert_eq!(notes.len(), MAX_NOTES);
        assert_eq!(notes[0].text.chars().count(), MAX_TEXT);
        assert_eq!(notes[1].text, (MAX_NOTES + 4).to_string());
    }
}
