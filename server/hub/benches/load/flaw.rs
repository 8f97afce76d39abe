//! What a server can do wrong with a message, done on purpose: the load must notice each. Refuses to know sockets.

use crate::frames::{Received, by_server};

/// Of so many turns the first is spoilt: a busy machine may make all that it is asked for in one.
const ONE_IN: usize = 2;

pub const NAMES: [&str; 6] = ["lose", "double", "swap", "shorten", "alter", "tell-apart"];

pub struct Flaw {
    name: &'static str,
    count: usize,
    /// What was kept back to come after its successor.
    late: Vec<u8>,
}

impl Flaw {
    pub fn named(name: &str) -> Option<Flaw> {
        let name = NAMES.iter().find(|known| **known == name)?;
        Some(Flaw {
            name,
            count: 0,
            late: Vec::new(),
        })
    }

    /// What is sent instead of these frames.
    pub fn spoil(&mut self, frames: &[u8]) -> Vec<u8> {
        self.count += 1;
        if self.count % ONE_IN != 1 {
            return [frames, &std::mem::take(&mut self.late)].concat();
        }
        match self.name {
            "lose" => Vec::new(),
            "double" => [frames, frames].concat(),
            "swap" => {
                self.late = frames.to_vec();
                Vec::new()
            }
            "shorten" => text_of(frames, |text| text.truncate(text.len() - 2)),
            "alter" => text_of(frames, |text| {
                let middle = text.len() / 2;
                text[middle] ^= 1;
            }),
            // Another message's envelope, and the right data in it.
            _ => text_of(frames, |text| text[2] ^= 1),
        }
    }
}

/// The first of these frames, with another text.
fn text_of(frames: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let Some(frame) = Received::read(frames) else {
        return Vec::new();
    };
    let mut text = frame.unmasked(frames);
    change(&mut text);
    by_server(&text)
}
