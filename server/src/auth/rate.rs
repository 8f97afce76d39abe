//! How often an address may sign in: each time makes a person, and people are kept.

use governor::{DefaultKeyedRateLimiter, Quota};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A class of thirty behind one address may come in together.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(30).expect("30 is not 0");
/// After that, one each.
const EVERY: Duration = Duration::from_secs(2);
/// Addresses that have their full share again are forgotten after so many tries.
const SWEEP: u32 = 1_000;

pub struct SignInRate {
    limiter: Option<DefaultKeyedRateLimiter<IpAddr>>,
    tries: AtomicU32,
}

impl SignInRate {
    /// `relaxed` never stops anybody.
    pub fn new(relaxed: bool) -> Self {
        let quota = Quota::with_period(EVERY)
            .expect("the period is not zero")
            .allow_burst(AT_ONCE);
        SignInRate {
            limiter: (!relaxed).then(|| DefaultKeyedRateLimiter::keyed(quota)),
            tries: AtomicU32::new(1),
        }
    }

    /// Counts a try; false if it is one too many.
    pub fn admits(&self, address: IpAddr) -> bool {
        let Some(limiter) = &self.limiter else {
            return true;
        };
        if self
            .tries
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(SWEEP)
        {
            limiter.retain_recent();
        }
        limiter.check_key(&address).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_is_slowed_down_and_the_others_are_not() {
        let rate = SignInRate::new(false);
        let [one, other] = [IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2])];
        assert!((0..AT_ONCE.get()).all(|_| rate.admits(one)));
        assert!(!rate.admits(one));
        assert!(rate.admits(other));
    }

    #[test]
    fn relaxed_limits_stop_nobody() {
        let rate = SignInRate::new(true);
        assert!((0..10_000).all(|_| rate.admits(IpAddr::from([192, 0, 2, 1]))));
    }
}
