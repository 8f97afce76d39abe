//! Who is typing, and when to say that one is: both with the clock as an argument. Refuses to know timers and
//! sockets. The numbers are those that people's fingers know.

use super::id::UserId;
use super::model::Millis;

/// The least time between two reports of the same typing.
pub const EVERY_MS: u64 = 3_000;
/// Without a key for this long, typing has stopped.
pub const STOP_MS: u64 = 4_000;
/// A typist of whom nothing was heard for this long is forgotten.
pub const FORGET_MS: u64 = 6_000;
/// In larger chats nobody reports typing.
pub const MAX_MEMBERS: u32 = 100;

/// The others who are typing in one chat, by when they began.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Typists {
    rows: Vec<(UserId, Millis)>,
}

impl Typists {
    /// Takes a report. Says whether the set of typists changed.
    pub fn hear(&mut self, user: UserId, active: bool, now: Millis) -> bool {
        match self.rows.iter_mut().find(|(who, _)| *who == user) {
            Some(row) if active => {
                row.1 = now;
                false
            }
            Some(_) => self.stop(user),
            None if active => {
                self.rows.push((user, now));
                true
            }
            None => false,
        }
    }

    /// That person's message arrived, or they left.
    pub fn stop(&mut self, user: UserId) -> bool {
        let before = self.rows.len();
        self.rows.retain(|(who, _)| *who != user);
        self.rows.len() != before
    }

    /// Forgets whom nothing was heard of. Says whether the set of typists changed.
    pub fn forget(&mut self, now: Millis) -> bool {
        let before = self.rows.len();
        self.rows
            .retain(|(_, heard)| now.0.saturating_sub(heard.0) < FORGET_MS);
        self.rows.len() != before
    }

    pub fn users(&self) -> impl Iterator<Item = UserId> + '_ {
        self.rows.iter().map(|(user, _)| *user)
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// `Ada is typing…`; nothing for nobody.
pub fn sentence(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [a] => format!("{a} is typing…"),
        [a, b] => format!("{a} and {b} are typing…"),
        [a, b, c] => format!("{a}, {b} and {c} are typing…"),
        _ => "Several people are typing…".to_owned(),
    }
}

/// What one's own keys mean for the others.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fingers {
    /// When the last report that typing goes on was made; `None` while not typing.
    reported: Option<Millis>,
    key: Millis,
}

impl Fingers {
    /// The text changed. `Some(active)` is to be reported now.
    pub fn key(&mut self, blank: bool, now: Millis) -> Option<bool> {
        if blank {
            return self.stop();
        }
        self.key = now;
        match self.reported {
            Some(at) if now.0.saturating_sub(at.0) < EVERY_MS => None,
            Some(_) | None => {
                self.reported = Some(now);
                Some(true)
            }
        }
    }

    /// Time passed: call about every second.
    pub fn tick(&mut self, now: Millis) -> Option<bool> {
        match now.0.saturating_sub(self.key.0) >= STOP_MS {
            true => self.stop(),
            false => None,
        }
    }

    /// The message was sent, or the chat was left.
    pub fn stop(&mut self) -> Option<bool> {
        self.reported.take().map(|_| false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: u8) -> UserId {
        UserId::from_bytes([id; 16])
    }

    #[test]
    fn the_first_key_reports_at_once_and_then_at_most_every_three_seconds() {
        let mut fingers = Fingers::default();
        let reports: Vec<u64> = (0..=7_000)
            .step_by(250)
            .filter(|at| fingers.key(false, Millis(*at)) == Some(true))
            .collect();
        assert_eq!(reports, [0, 3_000, 6_000]);
    }

    #[test]
    fn four_seconds_without_a_key_stop_typing_once() {
        let mut fingers = Fingers::default();
        fingers.key(false, Millis(1_000));
        assert_eq!(fingers.tick(Millis(4_999)), None);
        assert_eq!(fingers.tick(Millis(5_000)), Some(false));
        assert_eq!(fingers.tick(Millis(6_000)), None);
    }

    #[test]
    fn emptying_or_sending_stops_typing_and_blank_text_never_starts_it() {
        let mut fingers = Fingers::default();
        assert_eq!(fingers.key(true, Millis(0)), None);
        fingers.key(false, Millis(1));
        assert_eq!(fingers.key(true, Millis(2)), Some(false));
        fingers.key(false, Millis(3));
        assert_eq!(fingers.stop(), Some(false));
        assert_eq!(fingers.key(false, Millis(4)), Some(true));
    }

    #[test]
    fn a_typist_is_forgotten_after_six_seconds_and_at_once_with_the_message() {
        let mut typists = Typists::default();
        assert!(typists.hear(user(1), true, Millis(0)));
        assert!(typists.hear(user(2), true, Millis(0)));
        assert!(!typists.hear(user(1), true, Millis(3_000)));
        assert!(typists.forget(Millis(6_000)));
        assert_eq!(typists.users().collect::<Vec<_>>(), [user(1)]);
        assert!(typists.stop(user(1)));
        assert!(typists.is_empty());
        assert!(!typists.hear(user(1), false, Millis(7_000)));
    }

    #[test]
    fn the_sentence_names_up_to_three() {
        let names: Vec<String> = ["Ada", "Bo", "Cy", "Di"].map(str::to_owned).into();
        assert_eq!(sentence(&names[..0]), "");
        assert_eq!(sentence(&names[..1]), "Ada is typing…");
        assert_eq!(sentence(&names[..2]), "Ada and Bo are typing…");
        assert_eq!(sentence(&names[..3]), "Ada, Bo and Cy are typing…");
        assert_eq!(sentence(&names), "Several people are typing…");
    }
}
