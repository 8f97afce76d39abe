//! What waits to be written to one socket, in order, and how it is written: as much as the socket takes, in as few
//! calls as that needs. Pure but for whoever writes. Refuses to know who sent what.

use crate::reliable::Kept;
use crate::websocket::frames::{MAX_HEAD, TEXT, head};
use bytes::Bytes;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Write as _};

/// Pieces that are written at once.
const AT_ONCE: usize = 64;

/// Room for pieces that is kept for the next message.
const KEPT_ROOM: usize = 16;

/// The longest beginning of a numbered message: the frame's head, and 35 bytes with the greatest number.
const MAX_PREFIX: usize = MAX_HEAD + 35;

type Prefix = [u8; MAX_PREFIX];

/// Frames that are written together. Bytes are shared with everybody who gets them.
#[derive(Clone, Debug)]
pub enum Piece {
    /// One frame or several, of which none has a number.
    Frames(Bytes),
    /// A frame with its number in it.
    Numbered(Bytes),
    /// A JSON message without its first byte. The beginning with the number is made while it is written, so that
    /// receivers with different numbers share the rest.
    Rest { number: u64, rest: Bytes },
}

impl Piece {
    fn is_numbered(&self) -> bool {
        !matches!(self, Piece::Frames(_))
    }

    fn bytes(&self) -> &Bytes {
        match self {
            Piece::Frames(bytes) | Piece::Numbered(bytes) | Piece::Rest { rest: bytes, .. } => {
                bytes
            }
        }
    }

    /// What comes before the bytes, and how long it is.
    fn prefix(&self) -> (Prefix, usize) {
        let mut prefix = [0; MAX_PREFIX];
        let Piece::Rest { number, rest } = self else {
            return (prefix, 0);
        };
        let mut json = [0; MAX_PREFIX - MAX_HEAD];
        let mut left = &mut json[..];
        // The greatest number fits.
        let _ = write!(left, r#"{{"sequenceId":{number},"#);
        let length = MAX_PREFIX - MAX_HEAD - left.len();
        let (head, size) = head(TEXT, length + rest.len());
        prefix[..size].copy_from_slice(&head[..size]);
        prefix[size..size + length].copy_from_slice(&json[..length]);
        (prefix, size + length)
    }
}

impl Kept for Piece {
    fn size(&self) -> usize {
        let Piece::Rest { number, rest } = self else {
            return self.bytes().len();
        };
        let digits = number.checked_ilog10().unwrap_or(0) as usize + 1;
        let length = r#"{"sequenceId":,"#.len() + digits + rest.len();
        head(TEXT, length).1 + length
    }
}

#[derive(Debug, Default)]
pub struct Outbox {
    /// The first piece stands here: one that is alone, as most are, is found without a detour.
    first: Option<Piece>,
    queue: VecDeque<Piece>,
    /// Bytes of the first piece that are written.
    begun: usize,
    /// Bytes that wait.
    waiting: usize,
    /// Bytes that were written, ever.
    written: u64,
}

impl Outbox {
    pub fn push(&mut self, piece: Piece) {
        self.waiting += piece.size();
        if self.first.is_none() {
            self.first = Some(piece);
        } else {
            self.queue.push_back(piece);
        }
    }

    pub const fn waiting(&self) -> usize {
        self.waiting
    }

    pub const fn written(&self) -> u64 {
        self.written
    }

    /// Drops what waits, but for the rest of a piece that has begun: what follows would be taken for it.
    pub fn clear(&mut self) {
        if self.begun == 0 {
            self.first = None;
        }
        self.queue.clear();
        self.waiting = self.first.as_ref().map_or(0, Kept::size) - self.begun;
    }

    /// The socket is gone: a piece that it did not take whole is written again from its beginning, and numbered ones
    /// are kept elsewhere.
    pub fn restart(&mut self) -> Vec<Piece> {
        self.begun = 0;
        self.waiting = 0;
        let pieces = self.first.take().into_iter().chain(self.queue.drain(..));
        pieces.filter(|piece| !piece.is_numbered()).collect()
    }

    /// Nothing is sent for a while: an idle client holds no room.
    pub fn rest(&mut self) {
        if self.queue.is_empty() {
            self.queue = VecDeque::new();
        }
    }

    /// Writes until nothing waits, or the socket takes no more: then false.
    pub fn write(
        &mut self,
        mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<bool> {
        while let Some(first) = &self.first {
            let wrote = match (first, self.queue.len()) {
                (Piece::Frames(bytes), 0) => write(&[IoSlice::new(&bytes[self.begun..])]),
                _ => self.write_many(&mut write),
            };
            match wrote {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => self.wrote(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if self.queue.capacity() > KEPT_ROOM {
            self.queue = VecDeque::new();
        }
        Ok(true)
    }

    fn write_many(
        &self,
        write: &mut impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut prefixes = [([0; MAX_PREFIX], 0); AT_ONCE / 2];
        let pieces = self.first.iter().chain(&self.queue).take(AT_ONCE / 2);
        for (prefix, piece) in prefixes.iter_mut().zip(pieces.clone()) {
            *prefix = piece.prefix();
        }
        let mut slices = [IoSlice::new(&[]); AT_ONCE];
        let mut count = 0;
        let mut skip = self.begun;
        for ((prefix, length), piece) in prefixes.iter().zip(pieces) {
            for part in [&prefix[..*length], &piece.bytes()[..]] {
                let skipped = skip.min(part.len());
                skip -= skipped;
                if skipped < part.len() {
                    slices[count] = IoSlice::new(&part[skipped..]);
                    count += 1;
                }
            }
        }
        write(&slices[..count])
    }

    fn wrote(&mut self, count: usize) {
        self.waiting = self.waiting.saturating_sub(count);
        self.written += count as u64;
        self.begun += count;
        while let Some(first) = &self.first {
            let size = first.size();
            if self.begun < size {
                return;
            }
            self.begun -= size;
            self.first = self.queue.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rest(number: u64, text: &'static str) -> Piece {
        let rest = Bytes::from_static(text.as_bytes());
        Piece::Rest { number, rest }
    }

    #[test]
    fn a_number_is_put_in_front_of_what_is_shared() {
        let mut outbox = Outbox::default();
        outbox.push(rest(u64::MAX, r#""type":"message"}"#));
        let mut written = Vec::new();
        let all = outbox.write(|parts| written.write_vectored(parts));
        assert!(matches!(all, Ok(true)));
        let json = br#"{"sequenceId":18446744073709551615,"type":"message"}"#;
        assert_eq!(
            &written[..2],
            [0x81, u8::try_from(json.len()).expect("is short")]
        );
        assert_eq!(&written[2..], json);
    }

    proptest! {
        /// However little a socket takes at a time, it gets every byte once and in order.
        #[test]
        fn what_is_written_is_what_was_pushed(
            pieces in prop::collection::vec((any::<bool>(), prop_oneof![0..3u64, any::<u64>()], 1..400usize), 1..100),
            takes in prop::collection::vec(prop::option::of(1..3_000usize), 1..60),
        ) {
            let mut outbox = Outbox::default();
            let mut expected = Vec::new();
            for (at, (numbered, number, length)) in pieces.into_iter().enumerate() {
                let bytes = Bytes::from(vec![at.to_le_bytes()[0]; length]);
                let piece = if numbered { Piece::Rest { number, rest: bytes } } else { Piece::Frames(bytes) };
                let (prefix, size) = piece.prefix();
                prop_assert_eq!(piece.size(), size + length);
                expected.extend_from_slice(&prefix[..size]);
                expected.extend_from_slice(piece.bytes());
                outbox.push(piece);
            }
            prop_assert_eq!(outbox.waiting(), expected.len());
            let mut written: Vec<u8> = Vec::new();
            for take in takes {
                let mut left = take;
                let all = outbox.write(|parts| match left.take() {
                    None => Err(ErrorKind::WouldBlock.into()),
                    Some(most) => {
                        let before = written.len();
                        for part in parts {
                            let room = most - (written.len() - before);
                            written.extend_from_slice(&part[..part.len().min(room)]);
                        }
                        Ok(written.len() - before)
                    }
                });
                prop_assert!(all.is_ok());
            }
            let all = outbox.write(|parts| written.write_vectored(parts));
            prop_assert!(matches!(all, Ok(true)));
            prop_assert_eq!(outbox.waiting(), 0);
            prop_assert_eq!(written, expected);
        }
    }
}
