//! What happened, as a number that two equal runs share, and in words when somebody wants to read it.

use std::fmt::Write as _;

pub struct Story {
    tells: bool,
    digest: u64,
    lines: u64,
}

impl Story {
    pub fn new(tells: bool) -> Self {
        Self {
            tells,
            digest: 0xcbf2_9ce4_8422_2325,
            lines: 0,
        }
    }

    /// The number that stands for everything that happened.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    pub fn lines(&self) -> u64 {
        self.lines
    }

    pub fn tell(&mut self, now: u64, what: &str, client: usize, number: u64) {
        self.mix(now, what, client as u64 ^ number << 8);
        if self.tells {
            println!("{:>8} c{client} {what} {number}", now);
        }
    }

    /// Ids and tokens differ from run to run; their lengths do not.
    pub fn tell_text(&mut self, now: u64, what: &str, client: usize, text: &str) {
        self.mix(now, what, client as u64 ^ (text.len() as u64) << 8);
        if self.tells {
            let mut short = String::new();
            let _ = write!(short, "{text:.160}");
            println!("{:>8} c{client} {what} {short}", now);
        }
    }

    fn mix(&mut self, now: u64, what: &str, detail: u64) {
        self.lines += 1;
        for word in [now, what.len() as u64, detail] {
            self.digest = (self.digest ^ word).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
