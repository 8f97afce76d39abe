//! The streams that one connection publishes: their numbers and their idle times. Pure: no sockets, no clock.
//! Refuses to know who listens.

use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// How long a stream may say nothing, unless its publisher names a time. Source: client specification.
pub const IDLE: Duration = Duration::from_secs(300);

/// Streams that one connection may have open. Ours: the service publishes no figure.
pub const MAX_STREAMS: usize = 100;

/// One open stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    pub group: String,
    pub no_echo: bool,
    /// The number of the next fragment.
    pub expected: u64,
    idle: Duration,
    deadline: Instant,
}

/// Why a stream does not begin.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotStarted {
    #[error("a stream needs an id")]
    NoId,
    #[error("a stream with this id is open")]
    Open,
    #[error("the idle timeout must be more than 0")]
    NoTime,
    #[error("at most {MAX_STREAMS} streams may be open")]
    TooMany,
}

/// What is to be done with a fragment.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is the next one.
    Publish,
    /// It was published before, or comes too early.
    Repeated {
        expected: u64,
    },
    Early {
        expected: u64,
    },
    Unknown,
}

/// Boxed, because nearly every connection has none, ever.
#[derive(Debug, Default)]
pub struct Streams {
    #[expect(
        clippy::box_collection,
        reason = "every connection keeps room for it, and few need one"
    )]
    open: Option<Box<BTreeMap<String, Stream>>>,
}

impl Streams {
    pub fn start(
        &mut self,
        now: Instant,
        id: &str,
        group: String,
        no_echo: bool,
        idle_ms: Option<u32>,
    ) -> Result<(), NotStarted> {
        let idle = idle_ms.map_or(IDLE, |ms| Duration::from_millis(ms.into()));
        if id.is_empty() {
            return Err(NotStarted::NoId);
        }
        if idle.is_zero() {
            return Err(NotStarted::NoTime);
        }
        let open = self.open.get_or_insert_default();
        if open.contains_key(id) {
            return Err(NotStarted::Open);
        }
        if open.len() >= MAX_STREAMS {
            return Err(NotStarted::TooMany);
        }
        let stream = Stream {
            group,
            no_echo,
            expected: 1,
            idle,
            deadline: now + idle,
        };
        open.insert(id.to_owned(), stream);
        Ok(())
    }

    pub fn get(&self, id: &str) -> Option<&Stream> {
        self.open.as_ref()?.get(id)
    }

    fn get_mut(&mut self, id: &str) -> Option<&mut Stream> {
        self.open.as_mut()?.get_mut(id)
    }

    /// Looks at a fragment's number. Whatever it is, the stream is alive.
    pub fn turn(&mut self, now: Instant, id: &str, number: u64) -> Turn {
        let Some(stream) = self.get_mut(id) else {
            return Turn::Unknown;
        };
        stream.deadline = now + stream.idle;
        let expected = stream.expected;
        match number.cmp(&expected) {
            std::cmp::Ordering::Less => Turn::Repeated { expected },
            std::cmp::Ordering::Equal => Turn::Publish,
            std::cmp::Ordering::Greater => Turn::Early { expected },
        }
    }

    /// The expected fragment was published; the number of the next one.
    pub fn advance(&mut self, id: &str) -> Option<u64> {
        let stream = self.get_mut(id)?;
        stream.expected += 1;
        Some(stream.expected)
    }

    /// A sign of life. False if there is no such stream.
    pub fn touch(&mut self, now: Instant, id: &str) -> bool {
        match self.get_mut(id) {
            Some(stream) => {
                stream.deadline = now + stream.idle;
                true
            }
            None => false,
        }
    }

    /// A sign of life for all: what their publisher said was not heard until now.
    pub fn renew(&mut self, now: Instant) {
        for stream in self.open.iter_mut().flat_map(|open| open.values_mut()) {
            stream.deadline = now + stream.idle;
        }
    }

    pub fn end(&mut self, id: &str) -> Option<Stream> {
        self.open.as_mut()?.remove(id)
    }

    /// When the next stream will have been idle for too long.
    pub fn due(&self) -> Option<Instant> {
        let open = self.open.as_ref()?;
        open.values().map(|stream| stream.deadline).min()
    }

    /// Removes the streams that were idle for too long.
    pub fn expire(&mut self, now: Instant) -> Vec<(String, Stream)> {
        let Some(open) = &mut self.open else {
            return Vec::new();
        };
        let over = open.iter().filter(|(_, stream)| stream.deadline <= now);
        let over: Vec<String> = over.map(|(id, _)| id.clone()).collect();
        over.into_iter()
            .filter_map(|id| open.remove_entry(&id))
            .collect()
    }

    /// Removes all streams.
    pub fn drain(&mut self) -> Vec<(String, Stream)> {
        let open = self.open.take();
        open.into_iter().flat_map(|open| *open).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn started(now: Instant, idle_ms: u32) -> Streams {
        let mut streams = Streams::default();
        streams
            .start(now, "s", "g".into(), false, Some(idle_ms))
            .expect("starts");
        streams
    }

    #[test]
    fn a_stream_needs_an_id_a_time_and_a_place() {
        let now = Instant::now();
        let mut streams = started(now, 1);
        let mut start =
            |id: &str, idle: Option<u32>| streams.start(now, id, "g".into(), false, idle);
        assert_eq!(start("", None), Err(NotStarted::NoId));
        assert_eq!(start("s", None), Err(NotStarted::Open));
        assert_eq!(start("t", Some(0)), Err(NotStarted::NoTime));
        for n in 1..MAX_STREAMS {
            assert_eq!(start(&format!("n{n}"), None), Ok(()));
        }
        assert_eq!(start("one more", None), Err(NotStarted::TooMany));
        assert!(streams.end("s").is_some());
        assert_eq!(streams.start(now, "s", "g".into(), false, None), Ok(()));
    }

    #[test]
    fn a_sign_of_life_puts_the_end_off() {
        let now = Instant::now();
        let mut streams = started(now, 100);
        let later = |ms| now + Duration::from_millis(ms);
        assert!(streams.touch(later(90), "s"));
        assert!(streams.expire(later(189)).is_empty());
        assert_eq!(streams.due(), Some(later(190)));
        assert_eq!(streams.expire(later(190)).len(), 1);
        assert!(!streams.touch(later(190), "s") && streams.due().is_none());
    }

    proptest! {
        /// Whatever numbers come, those that are published are 1, 2, 3 and so on.
        #[test]
        fn what_is_published_is_numbered_without_gap(numbers in prop::collection::vec(0..8u64, 0..60)) {
            let now = Instant::now();
            let mut streams = started(now, 1);
            let mut published = Vec::new();
            for number in numbers {
                match streams.turn(now, "s", number) {
                    Turn::Publish => {
                        published.push(number);
                        prop_assert_eq!(streams.advance("s"), Some(number + 1));
                    }
                    Turn::Repeated { expected } => prop_assert!(number < expected),
                    Turn::Early { expected } => prop_assert!(number > expected),
                    Turn::Unknown => prop_assert!(false, "the stream is open"),
                }
            }
            prop_assert_eq!(published.clone(), (1..=published.len() as u64).collect::<Vec<_>>());
        }
    }
}
