//! Events that come again: the service sends one again when it heard no answer, and somebody may send what they
//! have recorded. Either gets the answer of the first time, and nothing happens twice. Owns how long and how much
//! is remembered; refuses to know what the events mean.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex as Turn;
use tokio::time::Instant;

/// How far an event's time may be from ours, in seconds: clocks, and the retries of the service within it.
pub const WINDOW: i64 = 300;

/// An event older than the window is refused for its age, and one may be as far ahead.
const REMEMBERED: Duration = Duration::from_secs(2 * WINDOW.unsigned_abs());

/// Events that are remembered, a hundred bytes each; with more in ten minutes, the oldest are forgotten.
const EVENTS: usize = 131_072;

/// Answers that are remembered with them. A retry comes within seconds.
const ANSWERS: usize = 4_096;

/// Which event it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mark([u8; 16]);

impl Mark {
    /// `None` for an event without an id.
    pub fn of(headers: &HeaderMap, body: &[u8]) -> Option<Mark> {
        let mut digest = Sha256::new();
        for name in ["ce-connectionId", "ce-id", "ce-type"] {
            let value = headers.get(name)?.as_bytes();
            digest.update(value.len().to_le_bytes());
            digest.update(value);
        }
        digest.update(body);
        let digest = digest.finalize();
        let mut mark = [0; 16];
        mark.copy_from_slice(&digest[..16]);
        Some(Mark(mark))
    }
}

/// An answer to give again.
#[derive(Clone)]
pub struct Kept {
    status: StatusCode,
    content_type: Option<HeaderValue>,
    body: Bytes,
}

impl Kept {
    pub fn of(response: &Response<Bytes>) -> Kept {
        Kept {
            status: response.status(),
            content_type: response.headers().get(http::header::CONTENT_TYPE).cloned(),
            body: response.body().clone(),
        }
    }

    pub fn response(&self) -> Response<Bytes> {
        let mut response = Response::new(self.body.clone());
        *response.status_mut() = self.status;
        if let Some(kind) = &self.content_type {
            let headers = response.headers_mut();
            headers.insert(http::header::CONTENT_TYPE, kind.clone());
        }
        response
    }
}

/// Taken for as long as the event is worked on; whoever comes with the same one waits, and finds the answer here.
pub type Answer = Arc<Turn<Option<Kept>>>;

/// What is known of an event that came.
pub enum Known {
    /// It is new, or being worked on, or its answer is still here.
    Answer(Answer),
    /// It was carried out; its answer has been forgotten.
    Done,
}

#[derive(Default)]
pub struct Repetitions(Mutex<Memory>);

#[derive(Default)]
struct Memory {
    /// `None` where the answer has been forgotten.
    events: HashMap<Mark, Option<Answer>>,
    order: VecDeque<(Instant, Mark)>,
}

impl Repetitions {
    pub fn look(&self, mark: Mark) -> Known {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match memory.events.get(&mark) {
            Some(Some(answer)) => Known::Answer(answer.clone()),
            Some(None) => Known::Done,
            None => {
                let answer = Answer::default();
                memory.add(mark, answer.clone());
                Known::Answer(answer)
            }
        }
    }

    /// It was not carried out: the next one is the first.
    pub fn forget(&self, mark: Mark) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Its place in the order goes by itself.
        memory.events.remove(&mark);
    }
}

impl Memory {
    fn add(&mut self, mark: Mark, answer: Answer) {
        let now = Instant::now();
        self.events.insert(mark, Some(answer));
        self.order.push_back((now, mark));
        while let Some((since, oldest)) = self.order.front()
            && (self.order.len() > EVENTS || now.duration_since(*since) > REMEMBERED)
        {
            self.events.remove(oldest);
            self.order.pop_front();
        }
        if let Some(place) = self.order.len().checked_sub(ANSWERS + 1)
            && let Some(answer) = self.events.get_mut(&self.order[place].1)
        {
            *answer = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(number: usize) -> Mark {
        let mut mark = [0; 16];
        mark[..8].copy_from_slice(&number.to_le_bytes());
        Mark(mark)
    }

    fn is_new(known: &Known) -> bool {
        matches!(known, Known::Answer(answer) if answer.try_lock().is_ok_and(|kept| kept.is_none()))
    }

    fn answer(known: Known) {
        if let Known::Answer(answer) = known
            && let Ok(mut kept) = answer.try_lock()
        {
            *kept = Some(Kept::of(&Response::new(Bytes::new())));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_is_new_once_for_as_long_as_it_could_come_again() {
        let events = Repetitions::default();
        answer(events.look(mark(1)));
        assert!(!is_new(&events.look(mark(1))));
        tokio::time::advance(REMEMBERED).await;
        answer(events.look(mark(2)));
        assert!(!is_new(&events.look(mark(1))));
        tokio::time::advance(Duration::from_secs(1)).await;
        answer(events.look(mark(3)));
        assert!(is_new(&events.look(mark(1))));
    }

    #[tokio::test]
    async fn answers_are_forgotten_before_events_and_both_are_bounded() {
        let events = Repetitions::default();
        for number in 0..EVENTS + 10 {
            answer(events.look(mark(number)));
        }
        assert!(is_new(&events.look(mark(0))));
        assert!(matches!(events.look(mark(EVENTS / 2)), Known::Done));
        assert!(matches!(events.look(mark(EVENTS + 9)), Known::Answer(_)));
        let memory = events.0.lock().expect("whole");
        assert!(memory.order.len() <= EVENTS && memory.events.len() <= EVENTS);
        let kept = memory.events.values().filter(|answer| answer.is_some());
        assert!(kept.count() <= ANSWERS);
    }

    #[test]
    fn an_event_is_told_by_its_connection_id_kind_and_body() {
        let headers = |connection: &str, id: &str| {
            let mut headers = HeaderMap::new();
            for (name, value) in [
                ("ce-connectionId", connection),
                ("ce-id", id),
                ("ce-type", "azure.webpubsub.user.x"),
            ] {
                headers.insert(name, value.parse().expect("a header"));
            }
            headers
        };
        let mark = |connection, id, body: &[u8]| Mark::of(&headers(connection, id), body);
        let one = mark("a", "1", b"{}").expect("a mark");
        assert!(one == mark("a", "1", b"{}").expect("a mark"));
        for (connection, id, body) in [("b", "1", "{}"), ("a", "2", "{}"), ("a", "1", "[]")] {
            assert!(one != mark(connection, id, body.as_bytes()).expect("a mark"));
        }
        let mut without = headers("a", "1");
        without.remove("ce-id");
        assert!(Mark::of(&without, b"").is_none());
    }
}
