//! RFC 6455 as bytes: frames of a client out of what was read, in place, and frames of the service. Pure: no sockets,
//! no clock. Refuses to know what is said.

use super::MAX_MESSAGE;
use std::borrow::Cow;

pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;
const CONTINUATION: u8 = 0;
const CLOSE: u8 = 8;

/// Bytes that a control frame carries at most. Source: RFC 6455, 5.5.
const MAX_CONTROL: usize = 125;

/// The longest head of a frame of ours, which has no mask.
pub const MAX_HEAD: usize = 10;

/// What a client said.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming<'b> {
    Text(Cow<'b, str>),
    Binary(Cow<'b, [u8]>),
    Ping(&'b [u8]),
    Pong,
    /// With its code, if it has one.
    Close(Option<u16>),
}

/// Which kind of rule a client broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    Protocol,
    Utf8,
    TooBig,
}

impl Broken {
    /// The close code and its reason. Source: RFC 6455, 7.4.1.
    pub const fn told(self) -> (u16, &'static str) {
        match self {
            Broken::Protocol => (1002, "The frame breaks the protocol."),
            Broken::Utf8 => (1007, "The text is not UTF-8."),
            Broken::TooBig => (1009, "The message is too big."),
        }
    }
}

/// One frame at the beginning of what was read.
#[derive(Debug, PartialEq, Eq)]
pub struct Taken<'b> {
    /// Bytes that it took.
    pub used: usize,
    /// `None` for the beginning or the middle of a message.
    pub said: Option<Incoming<'b>>,
}

/// What is remembered between frames of one client: the message of which not every fragment has come. Boxed, because
/// most clients never send one.
#[derive(Debug, Default)]
pub struct Decoder {
    fragments: Option<Box<Fragments>>,
}

#[derive(Debug)]
struct Fragments {
    opcode: u8,
    bytes: Vec<u8>,
    /// How many of them are known to be UTF-8, in a text.
    sound: usize,
}

impl Fragments {
    /// Adds one, and refuses a text that nothing can make whole any more. A character may go on in the next.
    fn add(&mut self, payload: &[u8]) -> Result<(), Broken> {
        self.bytes.extend_from_slice(payload);
        if self.opcode == TEXT {
            self.sound += match std::str::from_utf8(&self.bytes[self.sound..]) {
                Ok(text) => text.len(),
                Err(error) if error.error_len().is_none() => error.valid_up_to(),
                Err(_) => return Err(Broken::Utf8),
            };
        }
        Ok(())
    }
}

/// The head of a client's frame.
struct Head {
    last: bool,
    opcode: u8,
    mask: [u8; 4],
    /// Where the payload begins, and how long it is.
    start: usize,
    length: usize,
}

impl Decoder {
    /// Takes one frame from the front and unmasks it there. `None` until all of it has come; what is wrong is told
    /// as soon as the head shows it.
    pub fn take<'b>(&mut self, bytes: &'b mut [u8]) -> Result<Option<Taken<'b>>, Broken> {
        let Some(head) = self.head(bytes)? else {
            return Ok(None);
        };
        let used = head.start + head.length;
        let Some(payload) = bytes.get_mut(head.start..used) else {
            return Ok(None);
        };
        unmask(payload, head.mask);
        let said = match head.opcode {
            PING => Some(Incoming::Ping(payload)),
            PONG => Some(Incoming::Pong),
            CLOSE => Some(Incoming::Close(close_code(payload)?)),
            opcode => self.part(opcode, head.last, payload)?,
        };
        Ok(Some(Taken { used, said }))
    }

    fn head(&self, bytes: &[u8]) -> Result<Option<Head>, Broken> {
        let (Some(first), second) = (bytes.first(), bytes.get(1)) else {
            return Ok(None);
        };
        let (last, opcode) = (first & 0x80 != 0, first & 0x0F);
        let fits = match opcode {
            CONTINUATION => self.fragments.is_some(),
            TEXT | BINARY => self.fragments.is_none(),
            CLOSE | PING | PONG => last,
            _ => false,
        };
        if first & 0x70 != 0 || !fits {
            return Err(Broken::Protocol);
        }
        let Some(second) = second else {
            return Ok(None);
        };
        if second & 0x80 == 0 {
            return Err(Broken::Protocol);
        }
        let (length, at) = match second & 0x7F {
            126 => match bytes.get(2..4) {
                Some(two) => (
                    two.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
                    4,
                ),
                None => return self.incomplete(opcode),
            },
            127 => match bytes.get(2..10) {
                Some(eight) => (
                    eight
                        .iter()
                        .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
                    10,
                ),
                None => return self.incomplete(opcode),
            },
            short => (u64::from(short), 2),
        };
        if opcode >= CLOSE && length > MAX_CONTROL as u64 {
            return Err(Broken::Protocol);
        }
        let before = self.fragments.as_ref().map_or(0, |it| it.bytes.len());
        let room = if opcode >= CLOSE {
            MAX_CONTROL
        } else {
            MAX_MESSAGE - before
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > room {
            return Err(Broken::TooBig);
        }
        let Some(mask) = bytes.get(at..at + 4) else {
            return Ok(None);
        };
        Ok(Some(Head {
            last,
            opcode,
            mask: [mask[0], mask[1], mask[2], mask[3]],
            start: at + 4,
            length,
        }))
    }

    /// A control frame is never as long as to need more bytes for its length.
    fn incomplete(&self, opcode: u8) -> Result<Option<Head>, Broken> {
        if opcode >= CLOSE {
            Err(Broken::Protocol)
        } else {
            Ok(None)
        }
    }

    fn part<'b>(
        &mut self,
        opcode: u8,
        last: bool,
        payload: &'b [u8],
    ) -> Result<Option<Incoming<'b>>, Broken> {
        let before = self.fragments.take();
        match (before, last) {
            (None, true) if opcode == TEXT => {
                let text = std::str::from_utf8(payload).map_err(|_| Broken::Utf8)?;
                Ok(Some(Incoming::Text(Cow::Borrowed(text))))
            }
            (None, true) => Ok(Some(Incoming::Binary(Cow::Borrowed(payload)))),
            (None, false) => {
                let mut first = Fragments {
                    opcode,
                    bytes: Vec::new(),
                    sound: 0,
                };
                first.add(payload)?;
                self.fragments = Some(Box::new(first));
                Ok(None)
            }
            (Some(mut before), last) => {
                before.add(payload)?;
                if !last {
                    self.fragments = Some(before);
                    return Ok(None);
                }
                let Fragments { opcode, bytes, .. } = *before;
                if opcode == TEXT {
                    let text = String::from_utf8(bytes).map_err(|_| Broken::Utf8)?;
                    return Ok(Some(Incoming::Text(Cow::Owned(text))));
                }
                Ok(Some(Incoming::Binary(Cow::Owned(bytes))))
            }
        }
    }
}

/// Eight bytes at a time: the compiler makes wide registers of it.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let mut wide = [0; 8];
    wide[..4].copy_from_slice(&mask);
    wide[4..].copy_from_slice(&mask);
    let mut chunks = payload.chunks_exact_mut(8);
    for chunk in &mut chunks {
        for (byte, key) in chunk.iter_mut().zip(&wide) {
            *byte ^= key;
        }
    }
    for (byte, key) in chunks.into_remainder().iter_mut().zip(&wide) {
        *byte ^= key;
    }
}

fn close_code(payload: &[u8]) -> Result<Option<u16>, Broken> {
    let Some((code, reason)) = payload.split_at_checked(2) else {
        return if payload.is_empty() {
            Ok(None)
        } else {
            Err(Broken::Protocol)
        };
    };
    let code = u16::from_be_bytes([code[0], code[1]]);
    if !matches!(code, 1000..=1003 | 1007..=1013 | 3000..=4999) {
        return Err(Broken::Protocol);
    }
    std::str::from_utf8(reason).map_err(|_| Broken::Utf8)?;
    Ok(Some(code))
}

/// The head of a whole frame of ours; how many of the bytes it has.
pub fn head(opcode: u8, length: usize) -> ([u8; MAX_HEAD], usize) {
    let mut head = [0; MAX_HEAD];
    head[0] = 0x80 | opcode;
    let wide = (length as u64).to_be_bytes();
    let size = match length {
        0..=125 => {
            head[1] = wide[7];
            2
        }
        126..=0xFFFF => {
            head[1] = 126;
            head[2..4].copy_from_slice(&wide[6..]);
            4
        }
        _ => {
            head[1] = 127;
            head[2..].copy_from_slice(&wide);
            10
        }
    };
    (head, size)
}

/// Adds a whole frame of ours.
pub fn print(opcode: u8, payload: &[u8], into: &mut Vec<u8>) {
    let (head, size) = head(opcode, payload.len());
    into.reserve_exact(size + payload.len());
    into.extend_from_slice(&head[..size]);
    into.extend_from_slice(payload);
}

/// A frame that closes, with a code unless it answers one that has none.
pub fn close(code: Option<u16>, reason: &str) -> Vec<u8> {
    let mut payload = Vec::new();
    if let Some(code) = code {
        payload.extend_from_slice(&code.to_be_bytes());
        payload.extend_from_slice(reason.as_bytes());
    }
    let mut frame = Vec::new();
    print(CLOSE, &payload, &mut frame);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masked(first: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
        let mut frame = Vec::new();
        print(first & 0x0F, payload, &mut frame);
        let start = frame.len() - payload.len();
        frame[0] = first;
        frame[1] |= 0x80;
        let tail: Vec<u8> = frame.drain(start..).collect();
        frame.extend(mask);
        frame.extend(
            tail.iter()
                .enumerate()
                .map(|(at, byte)| byte ^ mask[at % 4]),
        );
        frame
    }

    /// What is heard, without borrowing.
    #[derive(Clone, Debug, PartialEq, Eq)]
    enum Heard {
        Text(String),
        Binary(Vec<u8>),
        Ping(Vec<u8>),
        Pong,
        Close(Option<u16>),
    }

    impl From<Incoming<'_>> for Heard {
        fn from(incoming: Incoming<'_>) -> Self {
            match incoming {
                Incoming::Text(text) => Heard::Text(text.into_owned()),
                Incoming::Binary(bytes) => Heard::Binary(bytes.into_owned()),
                Incoming::Ping(bytes) => Heard::Ping(bytes.to_vec()),
                Incoming::Pong => Heard::Pong,
                Incoming::Close(code) => Heard::Close(code),
            }
        }
    }

    /// Hears bytes that arrive in these pieces, as a connection does.
    fn hear(pieces: &[&[u8]]) -> Result<Vec<Heard>, Broken> {
        let (mut decoder, mut kept, mut heard) = (Decoder::default(), Vec::new(), Vec::new());
        for piece in pieces {
            kept.extend_from_slice(piece);
            while let Some(taken) = decoder.take(&mut kept)? {
                heard.extend(taken.said.map(Heard::from));
                let used = taken.used;
                kept.drain(..used);
            }
        }
        Ok(heard)
    }

    #[test]
    fn a_frame_may_be_cut_between_any_two_of_its_bytes() {
        for length in [0, 1, 7, 8, 9, 125, 126, 300, 70_000] {
            let payload: Vec<u8> = (0..length).map(|at: u32| at.to_le_bytes()[0]).collect();
            let frame = masked(0x80 | BINARY, &payload, [9, 0, 255, 3]);
            let cuts = (0..=frame.len().min(40)).chain([frame.len() - 1]);
            for cut in cuts.filter(|cut| *cut <= frame.len()) {
                let (front, back) = frame.split_at(cut);
                let heard = hear(&[front, back]);
                assert_eq!(
                    heard,
                    Ok(vec![Heard::Binary(payload.clone())]),
                    "{length} {cut}"
                );
            }
        }
    }

    #[test]
    fn what_is_wrong_is_told_by_the_head_alone() {
        let too_big = (MAX_MESSAGE as u64 + 1).to_be_bytes();
        let long = [&[0x81, 0xFF][..], &too_big[..]].concat();
        for (bytes, broken) in [
            (&[0xC1][..], Broken::Protocol),
            (&[0x83], Broken::Protocol),
            (&[0x80], Broken::Protocol),
            (&[0x09], Broken::Protocol),
            (&[0x81, 0x01], Broken::Protocol),
            (&[0x89, 0xFE], Broken::Protocol),
            (&long, Broken::TooBig),
        ] {
            assert_eq!(hear(&[bytes]), Err(broken), "{bytes:?}");
        }
    }

    #[test]
    fn a_text_that_cannot_become_one_is_refused_at_the_fragment_that_spoils_it() {
        let euro = "€".as_bytes();
        let parts = |first: &[u8], second: &[u8]| {
            let mask = [1, 2, 3, 4];
            [
                masked(TEXT, first, mask),
                masked(CONTINUATION, second, mask),
            ]
            .concat()
        };
        assert_eq!(hear(&[&parts(&euro[..2], &euro[2..])]), Ok(vec![]));
        assert_eq!(hear(&[&parts(&euro[..2], b"x")]), Err(Broken::Utf8));
        assert_eq!(hear(&[&parts(b"x", &[0xFF])]), Err(Broken::Utf8));
        assert_eq!(hear(&[&masked(TEXT, &[0xC0], [0; 4])]), Err(Broken::Utf8));
    }

    proptest! {
        /// Messages in fragments, control frames between them, any masks, any cuts: what is heard is what was said.
        #[test]
        fn what_is_heard_is_what_was_said(
            messages in prop::collection::vec((any::<bool>(), "[a-zż€😀]{0,40}", 1..5usize, any::<[u8; 4]>(), prop::option::of(0..9u8)), 0..8),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let (mut bytes, mut said) = (Vec::new(), Vec::new());
            for (is_text, text, parts, mask, ping) in messages {
                let payload = text.as_bytes();
                let size = payload.len().div_ceil(parts).max(1);
                let chunks: Vec<&[u8]> = if payload.is_empty() { vec![&[]] } else { payload.chunks(size).collect() };
                for (at, chunk) in chunks.iter().enumerate() {
                    let kind = if at > 0 { CONTINUATION } else if is_text { TEXT } else { BINARY };
                    let last = if at + 1 == chunks.len() { 0x80 } else { 0 };
                    bytes.extend(masked(last | kind, chunk, mask));
                    if let (Some(ping), 0) = (ping, last) {
                        let words = vec![ping; ping.into()];
                        bytes.extend(masked(0x80 | PING, &words, mask));
                        said.push(Heard::Ping(words));
                    }
                }
                said.push(if is_text { Heard::Text(text) } else { Heard::Binary(payload.to_vec()) });
            }
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            at.extend([0, bytes.len()]);
            at.sort_unstable();
            let pieces: Vec<&[u8]> = at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(hear(&pieces), Ok(said));
        }

        /// Whatever comes, it is heard, waited for or refused; nothing is taken twice.
        #[test]
        fn any_bytes_come_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let whole = hear(&[&bytes]);
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(hear(&single).is_ok(), whole.is_ok());
            if let (Ok(whole), Ok(single)) = (whole, hear(&single)) {
                prop_assert_eq!(whole, single);
            }
        }
    }
}
