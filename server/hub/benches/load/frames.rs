//! WebSocket frames as bytes, no more than the load needs: whole frames. Refuses to know sockets.

/// What a frame is. Source: RFC 6455, 5.2.
pub const TEXT: u8 = 0x1;
pub const BINARY: u8 = 0x2;
pub const CLOSE: u8 = 0x8;
pub const PING: u8 = 0x9;
const PONG: u8 = 0xA;

const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;
/// Any four bytes will do: nobody is in between who could be confused.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A frame at the beginning of what was received.
pub struct Received {
    pub kind: u8,
    /// Where its payload stands.
    pub from: usize,
    pub to: usize,
    mask: Option<[u8; 4]>,
}

impl Received {
    /// `None` until all of it has come.
    pub fn read(bytes: &[u8]) -> Option<Received> {
        let (kind, second) = (bytes.first()? & 0x0f, *bytes.get(1)?);
        let (length, mut from) = match second & 0x7f {
            126 => (usize::from(u16::from_be_bytes(piece(bytes, 2)?)), 4),
            127 => (u64::from_be_bytes(piece(bytes, 2)?) as usize, 10),
            short => (usize::from(short), 2),
        };
        let mask = match second & MASKED {
            0 => None,
            _ => Some(piece(bytes, from)?),
        };
        if mask.is_some() {
            from += 4;
        }
        let to = from + length;
        (bytes.len() >= to).then_some(Received {
            kind,
            from,
            to,
            mask,
        })
    }

    /// What a client sent, readable.
    pub fn unmasked(&self, bytes: &[u8]) -> Vec<u8> {
        let mask = self.mask.unwrap_or_default();
        let payload = bytes[self.from..self.to].iter();
        payload
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask)
            .collect()
    }
}

fn piece<const N: usize>(bytes: &[u8], from: usize) -> Option<[u8; N]> {
    bytes.get(from..from + N)?.try_into().ok()
}

/// A text as a server sends it.
pub fn by_server(text: &[u8]) -> Vec<u8> {
    let mut frame = head(TEXT, text.len(), 0);
    frame.extend_from_slice(text);
    frame
}

/// A text as a client sends it.
pub fn by_client(text: &[u8]) -> Vec<u8> {
    masked(TEXT, text)
}

/// A client's answer to a ping without a payload.
pub fn pong() -> Vec<u8> {
    masked(PONG, &[])
}

fn masked(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = head(kind, payload.len(), MASKED);
    frame.extend_from_slice(&MASK);
    frame.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

fn head(kind: u8, length: usize, masked: u8) -> Vec<u8> {
    let mut head = Vec::with_capacity(length + 14);
    head.push(FINAL | kind);
    match length {
        0..126 => head.push(masked | length as u8),
        126..0x1_0000 => {
            head.push(masked | 126);
            head.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            head.push(masked | 127);
            head.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    head
}
