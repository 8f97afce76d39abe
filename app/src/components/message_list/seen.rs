//! What counts as read: in sight for a second of a page that is looked at. Pure; the list says what is in
//! sight.

use crate::chat::{Millis, Seq};

const LOOK_MS: u64 = 1_000;

/// Messages that came into sight and may become read.
#[derive(Debug, Default)]
pub struct Seen {
    /// Up to which message, and since when.
    sights: Vec<(Seq, Millis)>,
}

impl Seen {
    /// `newest` is the newest message in sight now, `None` while nobody looks. Gives what is read by now.
    pub fn look(&mut self, newest: Option<Seq>, now: Millis) -> Option<Seq> {
        let Some(newest) = newest else {
            self.sights.clear();
            return None;
        };
        self.sights.retain(|(seq, _)| *seq <= newest);
        if self.sights.last().is_none_or(|(seq, _)| *seq < newest) {
            self.sights.push((newest, now));
        }
        let long = |(_, since): &(Seq, Millis)| now.0.saturating_sub(since.0) >= LOOK_MS;
        let read = self.sights.iter().rev().find(|sight| long(sight))?.0;
        self.sights.retain(|(seq, _)| *seq >= read);
        Some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_after_a_second_in_sight() {
        let mut seen = Seen::default();
        assert_eq!(seen.look(Some(Seq(5)), Millis(0)), None);
        assert_eq!(seen.look(Some(Seq(5)), Millis(999)), None);
        assert_eq!(seen.look(Some(Seq(5)), Millis(1_000)), Some(Seq(5)));
    }

    #[test]
    fn a_message_that_came_later_waits_its_own_second() {
        let mut seen = Seen::default();
        seen.look(Some(Seq(5)), Millis(0));
        assert_eq!(seen.look(Some(Seq(6)), Millis(600)), None);
        assert_eq!(seen.look(Some(Seq(6)), Millis(1_000)), Some(Seq(5)));
        assert_eq!(seen.look(Some(Seq(6)), Millis(1_600)), Some(Seq(6)));
    }

    #[test]
    fn scrolling_past_or_looking_away_reads_nothing() {
        let mut seen = Seen::default();
        seen.look(Some(Seq(9)), Millis(0));
        assert_eq!(seen.look(Some(Seq(3)), Millis(900)), None);
        assert_eq!(seen.look(Some(Seq(9)), Millis(1_100)), None);
        assert_eq!(seen.look(None, Millis(2_000)), None);
        assert_eq!(seen.look(Some(Seq(9)), Millis(2_500)), None);
    }
}
