//! NATS' protocol, as far as the load speaks it: a stream of lines, and messages of a stated length. Refuses to know
//! sockets.

use std::ops::Range;

pub const CONNECT: &str =
    "CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false}\r\nPING\r\n";
pub const SUBSCRIBE: &str =
    "CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false}\r\nSUB crowd 1\r\nPING\r\n";

/// What the server asks after a while, only to hear something.
pub const PING: &[u8] = b"PING";

pub fn publish(subject: &str, text: &str) -> String {
    format!("PUB {subject} {}\r\n{text}\r\n", text.len())
}

/// Where the first message's payload stands, or the first line, and where it ends.
pub fn cut(bytes: &[u8]) -> Option<(Range<usize>, usize)> {
    let line = bytes.windows(2).position(|end| end == b"\r\n")?;
    if !bytes.starts_with(b"MSG ") {
        return Some((0..line, line + 2));
    }
    let length = bytes[..line].rsplit(|byte| *byte == b' ').next()?;
    let length: usize = str::from_utf8(length).ok()?.parse().ok()?;
    let from = line + 2;
    let end = from + length + 2;
    (bytes.len() >= end).then_some((from..from + length, end))
}
