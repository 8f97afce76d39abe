//! The client's end of a WebSocket, as bytes: the question, the frames out, the frames in. Refuses to know what they
//! say.

/// What came in.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// The answer to the question was no.
    Refused,
    Text(String),
    Ping(Vec<u8>),
    Closed(Option<u16>),
}

/// One socket from its question to its end.
pub struct Socket {
    pub wire: u64,
    open: bool,
    bytes: Vec<u8>,
}

/// A frame of a client, in its mask of zeros.
pub fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80 | opcode];
    match payload.len() {
        short @ 0..126 => bytes.push(0x80 | u8::try_from(short).expect("is short")),
        long => {
            bytes.push(0x80 | 126);
            let long = u16::try_from(long).expect("clients here say little");
            bytes.extend_from_slice(&long.to_be_bytes());
        }
    }
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(payload);
    bytes
}

pub fn close_frame() -> Vec<u8> {
    frame(8, &1000_u16.to_be_bytes())
}

/// The question for a socket at `url`.
pub fn question(url: &str) -> Vec<u8> {
    let path = url.strip_prefix("ws://hub").expect("one host");
    let protocol = wire::link::SUBPROTOCOL;
    format!(
        "GET {path} HTTP/1.1\r\nHost: hub\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: {protocol}\r\n\r\n"
    )
    .into_bytes()
}

impl Socket {
    pub fn new(wire: u64) -> Self {
        Self {
            wire,
            open: false,
            bytes: Vec::new(),
        }
    }

    pub fn take(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next thing that is complete.
    pub fn next(&mut self) -> Option<Heard> {
        if !self.open {
            let end = self.bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
            let yes = self.bytes.starts_with(b"HTTP/1.1 101 ");
            self.bytes.drain(..end + 4);
            if !yes {
                return Some(Heard::Refused);
            }
            self.open = true;
        }
        loop {
            let (&first, rest) = self.bytes.split_first()?;
            let (&second, rest) = rest.split_first()?;
            let (head, length) = match second {
                127 => (10, u64::from_be_bytes(*rest.first_chunk()?)),
                126 => (4, u64::from(u16::from_be_bytes(*rest.first_chunk()?))),
                short => (2, u64::from(short)),
            };
            let end = head + usize::try_from(length).expect("fits");
            if self.bytes.len() < end {
                return None;
            }
            let payload = self.bytes[head..end].to_vec();
            self.bytes.drain(..end);
            match first {
                0x81 => {
                    let text = String::from_utf8(payload).expect("the hub says UTF-8");
                    return Some(Heard::Text(text));
                }
                0x89 => return Some(Heard::Ping(payload)),
                0x88 => {
                    let code = payload.first_chunk().map(|two| u16::from_be_bytes(*two));
                    return Some(Heard::Closed(code));
                }
                0x8a => {}
                other => panic!("the hub says no frame {other:#x}"),
            }
        }
    }
}
