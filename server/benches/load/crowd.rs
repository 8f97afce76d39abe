//! Many WebSocket clients on one thread: they come in, and hand over every text that they hear. A client costs as
//! little as it can, or the load would be what is measured. Refuses to know what the texts mean.

use crate::frames::{CLOSE, PING, Received, TEXT, by_client, pong};
use crate::lab::{Fault, void};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Bytes that are read at once.
const READ: usize = 256 * 1024;

/// How long a client may take to come in.
const PATIENCE: Duration = Duration::from_secs(20);

const SUBPROTOCOL: &str = "json.webpubsub.azure.v1";

/// The clients. Each is called by its number, in the order of coming in.
pub struct Crowd {
    poll: Poll,
    events: Events,
    members: Vec<Member>,
    buffer: Box<[u8]>,
}

struct Member {
    stream: TcpStream,
    /// The beginning of what has not come completely.
    partial: Vec<u8>,
    upgraded: bool,
    /// Bytes that the socket did not take yet.
    unsent: Vec<u8>,
}

impl Crowd {
    pub fn new() -> Result<Crowd, Fault> {
        Ok(Crowd {
            poll: Poll::new()?,
            events: Events::with_capacity(4_096),
            members: Vec::new(),
            buffer: vec![0; READ].into_boxed_slice(),
        })
    }

    /// Lets clients in through these paths, `at_once` at a time, each until it hears `welcome` in a text; `after`
    /// says what a client sends when it has heard its first text. How long each took.
    pub fn gather(
        &mut self,
        host: &str,
        paths: Vec<String>,
        at_once: usize,
        welcome: &str,
        after: Option<&str>,
    ) -> Result<Vec<Duration>, Fault> {
        let address: SocketAddr = host.parse().map_err(io::Error::other)?;
        let began = self.members.len();
        let mut waiting: VecDeque<String> = paths.into();
        let all = waiting.len();
        let mut starts: Vec<Instant> = Vec::with_capacity(all);
        let mut times = Vec::with_capacity(all);
        let mut greeted = vec![false; all];
        let late = Instant::now() + PATIENCE + Duration::from_millis(all as u64 * 5);
        while times.len() < all {
            while starts.len() - times.len() < at_once
                && let Some(path) = waiting.pop_front()
            {
                starts.push(Instant::now());
                self.open(address, host, &path)?;
            }
            let mut heard = Vec::new();
            self.listen(Some(Duration::from_millis(100)), |member, text| {
                heard.push((member, holds(text, welcome.as_bytes())));
            })?;
            for (member, is_welcome) in heard {
                let Some(number) = member.checked_sub(began) else {
                    continue;
                };
                if let (false, Some(text)) = (greeted[number], after) {
                    self.send(member, text)?;
                }
                greeted[number] = true;
                if is_welcome {
                    times.push(starts[number].elapsed());
                }
            }
            if Instant::now() > late {
                return void(format!("{} of {all} clients came in", times.len()));
            }
        }
        Ok(times)
    }

    fn open(&mut self, address: SocketAddr, host: &str, path: &str) -> Result<(), Fault> {
        let mut stream = TcpStream::connect(address)?;
        let token = Token(self.members.len());
        self.poll.registry().register(
            &mut stream,
            token,
            Interest::READABLE | Interest::WRITABLE,
        )?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             sec-websocket-protocol: {SUBPROTOCOL}\r\n\r\n"
        );
        self.members.push(Member {
            stream,
            partial: Vec::new(),
            upgraded: false,
            unsent: request.into_bytes(),
        });
        Ok(())
    }

    /// Sends a text as one client.
    pub fn send(&mut self, member: usize, text: &str) -> Result<(), Fault> {
        let member = &mut self.members[member];
        member.unsent.extend_from_slice(&by_client(text.as_bytes()));
        member.push()
    }

    /// Waits at most so long, and hands over every text that has come, with the number of who heard it.
    pub fn listen(
        &mut self,
        patience: Option<Duration>,
        mut hear: impl FnMut(usize, &[u8]),
    ) -> Result<(), Fault> {
        let Crowd {
            poll,
            events,
            members,
            buffer,
        } = self;
        match poll.poll(events, patience) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        for event in events.iter() {
            let Token(number) = event.token();
            let member = &mut members[number];
            if event.is_writable() {
                member.push()?;
            }
            if event.is_readable() {
                member.pull(buffer, &mut |text| hear(number, text))?;
            }
        }
        Ok(())
    }
}

impl Member {
    /// Sends what is due, as far as the socket takes it.
    fn push(&mut self) -> Result<(), Fault> {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(sent) => drop(self.unsent.drain(..sent)),
                Err(error) if waits(&error) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        self.unsent = Vec::new();
        Ok(())
    }

    /// Reads what there is.
    fn pull(&mut self, buffer: &mut [u8], hear: &mut impl FnMut(&[u8])) -> Result<(), Fault> {
        loop {
            let length = match self.stream.read(buffer) {
                Ok(0) => return void("a client was cut off"),
                Ok(length) => length,
                Err(error) if waits(&error) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            if self.partial.is_empty() {
                let used = self.take(&buffer[..length], hear)?;
                if used < length {
                    self.partial = buffer[used..length].to_vec();
                }
            } else {
                let mut all = std::mem::take(&mut self.partial);
                all.extend_from_slice(&buffer[..length]);
                let used = self.take(&all, hear)?;
                if used < all.len() {
                    all.drain(..used);
                    self.partial = all;
                }
            }
            // Less than the buffer holds: there is no more, and the next event says when there is.
            if length < buffer.len() {
                return Ok(());
            }
        }
    }

    /// Hands over the complete texts, and says how many bytes were used.
    fn take(&mut self, bytes: &[u8], hear: &mut impl FnMut(&[u8])) -> Result<usize, Fault> {
        let mut used = 0;
        if !self.upgraded {
            let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") else {
                return Ok(0);
            };
            if !bytes.starts_with(b"HTTP/1.1 101") {
                return void(String::from_utf8_lossy(&bytes[..end]));
            }
            self.upgraded = true;
            used = end + 4;
        }
        while let Some(frame) = Received::read(&bytes[used..]) {
            match frame.kind {
                TEXT => hear(&bytes[used + frame.from..used + frame.to]),
                PING => {
                    self.unsent.extend_from_slice(&pong());
                    self.push()?;
                }
                CLOSE => return void("a client was sent away"),
                _ => {}
            }
            used += frame.to;
        }
        Ok(used)
    }
}

pub fn waits(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, NotConnected, WouldBlock};
    matches!(error.kind(), WouldBlock | NotConnected | Interrupted)
}

/// Does the text hold these bytes?
fn holds(text: &[u8], wanted: &[u8]) -> bool {
    text.windows(wanted.len()).any(|part| part == wanted)
}
