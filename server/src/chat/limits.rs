//! How often one person may ask for what. Refuses to know why somebody asks.

use app::chat::{Command, Refusal, UserId};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::num::NonZeroU32;
use std::time::Duration;

/// Tokens per person. A command that is refused costs nothing.
pub struct Limits {
    /// 10 messages at once, then 1 a second. Source: Discord and Slack, whose users rarely notice theirs.
    messages: DefaultKeyedRateLimiter<UserId>,
    /// What others see in their lists or pop-ups: 10 at once, then 1 in 6 seconds.
    invitations: DefaultKeyedRateLimiter<UserId>,
    /// Everything else, reading included: 60 at once, then 5 a second; a page sends one such a second.
    others: DefaultKeyedRateLimiter<UserId>,
    clock: DefaultClock,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            messages: RateLimiter::keyed(Quota::per_second(ONE).allow_burst(TEN)),
            invitations: RateLimiter::keyed(
                Quota::with_period(Duration::from_secs(6))
                    .expect("a period above zero")
                    .allow_burst(TEN),
            ),
            others: RateLimiter::keyed(Quota::per_second(FIVE).allow_burst(SIXTY)),
            clock: DefaultClock::default(),
        }
    }
}

const ONE: NonZeroU32 = NonZeroU32::MIN;
const FIVE: NonZeroU32 = NonZeroU32::new(5).expect("not zero");
const TEN: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
const SIXTY: NonZeroU32 = NonZeroU32::new(60).expect("not zero");

impl Limits {
    /// Takes a token, or says when there is one.
    pub fn check(&self, actor: UserId, command: &Command) -> Result<(), Refusal> {
        let limiter = match command {
            Command::PostMessage(_) => &self.messages,
            Command::CreateChat { .. }
            | Command::CreatePrivateChat { .. }
            | Command::RenameChat { .. }
            | Command::InviteToChat { .. } => &self.invitations,
            Command::JoinChat { .. }
            | Command::LeaveChat { .. }
            | Command::DeleteChat { .. }
            | Command::SetModeration { .. }
            | Command::MarkRead { .. }
            | Command::UserEnterIdle {}
            | Command::UserExitIdle {} => &self.others,
        };
        limiter.check_key(&actor).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            Refusal::TooFast {
                retry_after_ms: millis.max(1),
            }
        })
    }

    /// Forgets whoever has all their tokens again.
    pub fn tidy(&self) {
        for limiter in [&self.messages, &self.invitations, &self.others] {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::chat::{ChatId, DraftId, Post};

    fn post() -> Command {
        Command::PostMessage(Post {
            chat: ChatId::from_bytes([1; 16]),
            draft: DraftId::from_bytes([1; 16]),
            body: "hi".parse().expect("fit"),
        })
    }

    #[test]
    fn the_eleventh_message_at_once_is_told_when_to_come_back() {
        let limits = Limits::default();
        let (ada, bob) = (UserId::from_bytes([1; 16]), UserId::from_bytes([2; 16]));
        for _ in 0..10 {
            assert_eq!(limits.check(ada, &post()), Ok(()));
        }
        let refused = limits.check(ada, &post());
        assert!(
            matches!(
                refused,
                Err(Refusal::TooFast {
                    retry_after_ms: 1..=1_000
                })
            ),
            "{refused:?}"
        );
        assert_eq!(limits.check(bob, &post()), Ok(()), "others have their own");
    }
}
