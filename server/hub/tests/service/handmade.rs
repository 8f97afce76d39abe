//! Bytes on a TCP socket, as no library would write them. Knows no message.

use super::support::{JSON, PATIENCE, Service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What frames of a client are masked with.
const MASK: [u8; 4] = [1, 2, 3, 4];

pub struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Wire {
    pub async fn dial(host: &str) -> Self {
        let stream = TcpStream::connect(host).await.expect("connects");
        stream.set_nodelay(true).expect("a socket");
        Self {
            stream,
            read: Vec::new(),
        }
    }

    /// Asks for a WebSocket, with lines of one's own, each with its end.
    pub async fn upgrade(host: &str, path: &str, lines: &str) -> Self {
        let mut wire = Self::dial(host).await;
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{lines}\r\n"
        );
        wire.write(head.as_bytes()).await;
        wire
    }

    /// A client of the JSON subprotocol, past its greeting.
    pub async fn client(service: &Service, lines: &str) -> Self {
        let token = service.token(Some("ada"), super::support::ALL, &[]);
        let path = format!("/client/hubs/chat?access_token={token}");
        let lines = format!("sec-websocket-protocol: {JSON}\r\n{lines}");
        let mut wire = Self::upgrade(&service.host, &path, &lines).await;
        let head = wire.head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert!(!head.contains("permessage-deflate"), "{head}");
        let (first, _) = wire.next().await;
        assert_eq!(first, 0x81, "the greeting is a text");
        wire
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("is written");
    }

    /// Writes as far as the other side lets.
    pub async fn pour(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// A masked frame: its first byte (end, reserved bits, opcode) and what it carries.
    pub async fn frame(&mut self, first: u8, payload: &[u8]) {
        let bytes = masked(first, payload);
        self.write(&bytes).await;
    }

    /// The head of an HTTP answer.
    pub async fn head(&mut self) -> String {
        loop {
            let end = self.read.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                let head: Vec<u8> = self.read.drain(..end + 4).collect();
                return String::from_utf8(head).expect("is text");
            }
            assert!(self.more().await, "the head has an end");
        }
    }

    pub async fn status(&mut self) -> u16 {
        let head = self.head().await;
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        status.expect("a status")
    }

    /// The next frame: its first byte and what it carries.
    pub async fn next(&mut self) -> (u8, Vec<u8>) {
        loop {
            if let Some(frame) = self.parsed() {
                return frame;
            }
            assert!(self.more().await, "the socket ended without a frame");
        }
    }

    /// Reads until the close frame; its code, and whether the socket ends well after it.
    pub async fn closed(&mut self) -> (u16, bool) {
        loop {
            let (first, payload) = self.next().await;
            if first != 0x88 {
                continue;
            }
            let code = u16::from_be_bytes([payload[0], payload[1]]);
            while self.more().await {}
            return (code, self.ends_well().await);
        }
    }

    async fn ends_well(&mut self) -> bool {
        let mut rest = [0; 64];
        let read = timeout(PATIENCE, self.stream.read(&mut rest)).await;
        matches!(read, Ok(Ok(0)))
    }

    async fn more(&mut self) -> bool {
        let mut bytes = [0; 4096];
        let read = timeout(PATIENCE, self.stream.read(&mut bytes)).await;
        match read.expect("in time") {
            Ok(0) | Err(_) => false,
            Ok(count) => {
                self.read.extend_from_slice(&bytes[..count]);
                true
            }
        }
    }

    fn parsed(&mut self) -> Option<(u8, Vec<u8>)> {
        let (first, length) = (*self.read.first()?, *self.read.get(1)?);
        assert_eq!(length & 0x80, 0, "a server masks nothing");
        let (start, length) = match length {
            126 => {
                let two = self.read.get(2..4)?;
                (4, usize::from(u16::from_be_bytes([two[0], two[1]])))
            }
            127 => {
                let eight: [u8; 8] = self.read.get(2..10)?.try_into().ok()?;
                (10, usize::try_from(u64::from_be_bytes(eight)).ok()?)
            }
            short => (2, usize::from(short)),
        };
        if self.read.len() < start + length {
            return None;
        }
        let payload = self.read[start..start + length].to_vec();
        self.read.drain(..start + length);
        Some((first, payload))
    }
}

pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..=125 => bytes.push(0x80 | u8::try_from(short).expect("is short")),
        middle @ 126..=0xFFFF => {
            bytes.push(0x80 | 126);
            bytes.extend(u16::try_from(middle).expect("fits").to_be_bytes());
        }
        long => {
            bytes.push(0x80 | 127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(
        payload
            .iter()
            .enumerate()
            .map(|(at, byte)| byte ^ MASK[at % 4]),
    );
    bytes
}
