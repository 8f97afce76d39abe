//! What was used once and may not be used again, as far as this server knows. Refuses to know what it was.

use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many are remembered. More within one life, and all are forgotten: each of them has a second guard.
const MOST: usize = 100_000;

/// Remembers for as long as what it remembers would be good.
pub struct Spent {
    life: Duration,
    seen: Mutex<HashMap<[u8; 32], Instant>>,
}

impl Spent {
    pub fn new(life: Duration) -> Self {
        Spent {
            life,
            seen: Mutex::default(),
        }
    }

    /// False for what was spent before.
    pub fn spend(&self, what: &str) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST {
            seen.retain(|_, at| at.elapsed() < self.life);
        }
        if seen.len() >= MOST {
            seen.clear();
        }
        let digest = Sha256::digest(what).into();
        seen.insert(digest, Instant::now()).is_none()
    }
}
