//! How the service has been lately: whether it is worth asking again, and whether it is worth asking at all.
//! A service in trouble gets fewer requests from us, not more. Refuses to know what is asked.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What a retry costs, and what an answer earns: one retry for ten answers.
const COST: u32 = 10;
const MOST: u32 = 200;

/// After so many requests in a row without an answer, nothing is asked for a while.
const SILENCES: u32 = 6;
const PAUSE: Duration = Duration::from_millis(500);

pub struct Health {
    saved: AtomicU32,
    silences: AtomicU32,
    /// Nothing is asked before.
    pause: Mutex<Option<Instant>>,
}

impl Default for Health {
    fn default() -> Self {
        Health {
            saved: AtomicU32::new(MOST),
            silences: AtomicU32::new(0),
            pause: Mutex::new(None),
        }
    }
}

impl Health {
    /// Whether a request has a chance. When a pause is over, one goes ahead and the others wait for its luck.
    pub fn may_ask(&self) -> bool {
        let mut pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        match *pause {
            Some(until) if Instant::now() < until => false,
            Some(_) => {
                *pause = Some(Instant::now() + PAUSE);
                true
            }
            None => true,
        }
    }

    pub fn answered(&self) {
        let _ = self
            .saved
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |saved| {
                Some((saved + 1).min(MOST))
            });
        if self.silences.swap(0, Ordering::Relaxed) >= SILENCES {
            *self.pause.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    pub fn silent(&self) {
        if self.silences.fetch_add(1, Ordering::Relaxed) + 1 >= SILENCES {
            let until = Instant::now() + PAUSE;
            *self.pause.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        }
    }

    /// Pays for one retry, if it can be afforded.
    pub fn may_retry(&self) -> bool {
        self.saved
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |saved| {
                saved.checked_sub(COST)
            })
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_are_paid_for_by_answers() {
        let health = Health::default();
        assert_eq!((0..100).filter(|_| health.may_retry()).count(), 20);
        (0..COST).for_each(|_| health.answered());
        assert!(health.may_retry() && !health.may_retry());
    }

    #[test]
    fn a_service_that_is_silent_is_left_alone_until_it_answers() {
        let health = Health::default();
        (0..SILENCES).for_each(|_| health.silent());
        assert!(!health.may_ask());
        health.answered();
        assert!(health.may_ask());
    }
}
