//! How long to wait: the link's time limits, the growing pauses between attempts, and the chance that spreads
//! clients which lost their service at the same moment. Refuses to know a clock: times are handed in.

/// A ticket must be there within this many milliseconds, else it is asked for again later.
pub const TICKET_MS: u64 = 15_000;

/// Milliseconds from opening a socket to the service's first frame.
pub const OPEN_MS: u64 = 15_000;

/// After so many milliseconds without a frame the service is asked whether it is still there.
pub const SILENCE_MS: u64 = 25_000;

/// Milliseconds that the service has to answer that question.
pub const PONG_MS: u64 = 10_000;

/// A page that comes to the front asks at once if it heard nothing for so many milliseconds.
pub const DOUBT_MS: u64 = 5_000;

/// Milliseconds between the word that the service is about to close and the close itself.
pub const GOODBYE_MS: u64 = 3_000;

/// A timer that fires so many milliseconds late has slept through the end of the connection.
pub const SLEPT_MS: u64 = 60_000;

/// Milliseconds that the service keeps a lost connection. Source: client specification, reliable clients.
pub const RECOVERY_MS: u64 = 30_000;

/// Milliseconds that a request may go without an answer on a connection that works.
pub const ANSWER_MS: u64 = 30_000;

/// Milliseconds between two acknowledgements of what arrived. Source: client specification.
pub const SEQUENCE_ACK_MS: u64 = 1_000;

/// The pauses grow from up to one second ...
const SHORTEST_MS: u64 = 1_000;

/// ... to up to thirty.
const LONGEST_MS: u64 = 30_000;

/// Milliseconds online after which the next loss counts as the first one again.
const STEADY_MS: u64 = 10_000;

/// Numbers that two clients with different seeds do not share (SplitMix64). Not for secrets.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 0 to `most`, both included.
    pub(super) fn up_to(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        mixed % most.saturating_add(1).max(1)
    }
}

/// The longest pause before attempt number `nth`, counted from 0.
fn ceiling(nth: u32) -> u64 {
    SHORTEST_MS
        .checked_shl(nth)
        .unwrap_or(LONGEST_MS)
        .min(LONGEST_MS)
}

/// A pause before a request that the service failed at is sent again: never shorter than half of its ceiling,
/// so that the few tries are not used up within one hiccup.
pub(super) fn pause(failures: u32, chance: &mut Chance) -> u64 {
    let half = ceiling(failures.saturating_sub(1)) / 2;
    half + chance.up_to(half)
}

/// The pauses between attempts to connect: exponential with full jitter.
#[derive(Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The pause before the next attempt.
    pub(super) fn next(&mut self, chance: &mut Chance) -> u64 {
        let most = ceiling(self.failures);
        self.failures = self.failures.saturating_add(1);
        chance.up_to(most)
    }

    /// A connection ended that was up for `online_ms`.
    pub(super) fn was_online(&mut self, online_ms: u64) {
        if online_ms >= STEADY_MS {
            self.reset();
        }
    }

    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_thirty_seconds_and_are_spread_over_their_whole_length() {
        let mut longest = [0; 8];
        let mut shortest = [u64::MAX; 8];
        for seed in 0..500 {
            let (mut backoff, mut chance) = (Backoff::default(), Chance::new(seed));
            for nth in 0..8 {
                let pause = backoff.next(&mut chance);
                longest[nth] = longest[nth].max(pause);
                shortest[nth] = shortest[nth].min(pause);
            }
        }
        let ceilings = [
            1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000_u64,
        ];
        for (nth, ceiling) in ceilings.into_iter().enumerate() {
            assert!(longest[nth] <= ceiling && longest[nth] > ceiling * 9 / 10);
            assert!(shortest[nth] < ceiling / 10);
        }
    }

    #[test]
    fn ten_seconds_online_make_the_next_pause_a_short_one() {
        let (mut backoff, mut chance) = (Backoff::default(), Chance::new(1));
        for _ in 0..100 {
            backoff.next(&mut chance);
        }
        backoff.was_online(9_999);
        assert_eq!(backoff.failures, 100);
        backoff.was_online(10_000);
        assert!(backoff.next(&mut chance) <= 1_000);
    }
}
