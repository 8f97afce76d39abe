//! Many WebSocket clients on one thread: they come in, and hand over every text that they hear. A client costs as
//! little as it can, or the load would be what is measured. The server's bench uses it too. Refuses to know what the
//! texts mean.

use crate::frames::{BINARY, CLOSE, PING, Received, TEXT, by_client, pong};
use crate::lab::{Fault, void};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

/// Bytes that are read at once.
const READ: usize = 256 * 1024;

/// How long a client may take to come in.
const PATIENCE: Duration = Duration::from_secs(20);

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// How a client comes in.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The subprotocol that it asks for.
    pub subprotocol: Option<&'static str>,
    /// What it says when it has heard its first text.
    pub says: Option<&'static str>,
    /// It is in when it hears this in a text; without, when its request is answered.
    pub welcome: Option<&'static str>,
}

impl Entry {
    /// As Web PubSub's clients do.
    pub const AZURE: Entry = Entry {
        subprotocol: Some("json.webpubsub.azure.v1"),
        says: None,
        welcome: Some(r#""event":"connected""#),
    };
}

/// Finds the first message in a stream of bytes: where it stands, and where the next one begins.
pub type Cut = fn(&[u8]) -> Option<(Range<usize>, usize)>;

/// The clients. Each is called by its number, in the order of coming in.
pub struct Crowd {
    poll: Poll,
    events: Events,
    members: Vec<Member>,
    buffer: Box<[u8]>,
    cut: Option<Cut>,
}

struct Member {
    stream: TcpStream,
    /// The beginning of what has not come completely.
    partial: Vec<u8>,
    /// The same of a stream inside binary frames.
    inner: Vec<u8>,
    upgraded: bool,
    /// Bytes that the socket did not take yet.
    unsent: Vec<u8>,
}

impl Crowd {
    pub fn new() -> Result<Crowd, Fault> {
        Crowd::of_streams(None)
    }

    /// Clients of a server that sends a stream of bytes in binary frames, if there is a way to cut it.
    pub fn of_streams(cut: Option<Cut>) -> Result<Crowd, Fault> {
        Ok(Crowd {
            poll: Poll::new()?,
            events: Events::with_capacity(4_096),
            members: Vec::new(),
            buffer: vec![0; READ].into_boxed_slice(),
            cut,
        })
    }

    /// Lets clients in through these paths, `at_once` at a time. How long each took.
    pub fn gather(
        &mut self,
        host: &str,
        paths: Vec<String>,
        at_once: usize,
        entry: Entry,
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
                self.open(address, host, &path, entry.subprotocol)?;
            }
            let mut heard = Vec::new();
            self.listen(Some(Duration::from_millis(100)), |member, text| {
                let is_welcome = entry
                    .welcome
                    .is_some_and(|word| holds(text, word.as_bytes()));
                heard.push((member, is_welcome));
            })?;
            if entry.welcome.is_none() {
                let new = starts.len().min(greeted.len());
                let answered = (0..new).filter(|number| self.members[began + number].upgraded);
                heard = answered
                    .filter(|number| !greeted[*number])
                    .map(|number| (began + number, true))
                    .collect();
            }
            for (member, is_welcome) in heard {
                let Some(number) = member.checked_sub(began) else {
                    continue;
                };
                if let (false, Some(text)) = (greeted[number], entry.says) {
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

    fn open(
        &mut self,
        address: SocketAddr,
        host: &str,
        path: &str,
        subprotocol: Option<&str>,
    ) -> Result<(), Fault> {
        let mut stream = TcpStream::connect(address)?;
        // As clients do: a burst would wait for the acknowledgement of the last one, for up to 40 ms.
        stream.set_nodelay(true)?;
        let token = Token(self.members.len());
        self.poll.registry().register(&mut stream, token, BOTH)?;
        let subprotocol = subprotocol
            .map(|name| format!("sec-websocket-protocol: {name}\r\n"))
            .unwrap_or_default();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{subprotocol}\r\n"
        );
        self.members.push(Member {
            stream,
            partial: Vec::new(),
            inner: Vec::new(),
            upgraded: false,
            unsent: request.into_bytes(),
        });
        Ok(())
    }

    /// Sends a text as one client.
    pub fn send(&mut self, member: usize, text: &str) -> Result<(), Fault> {
        self.send_together(member, &[text])
    }

    /// Sends texts as one client, in one write.
    pub fn send_together<T: AsRef<str>>(
        &mut self,
        member: usize,
        texts: &[T],
    ) -> Result<(), Fault> {
        let member = &mut self.members[member];
        for text in texts {
            let frame = by_client(text.as_ref().as_bytes());
            member.unsent.extend_from_slice(&frame);
        }
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
            cut,
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
                member.pull(buffer, *cut, &mut |text| hear(number, text))?;
            }
        }
        Ok(())
    }

    /// From now on this client reads nothing more.
    pub fn stop(&mut self, member: usize) -> Result<(), Fault> {
        let stream = &mut self.members[member].stream;
        Ok(self.poll.registry().deregister(stream)?)
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
    fn pull(
        &mut self,
        buffer: &mut [u8],
        cut: Option<Cut>,
        hear: &mut impl FnMut(&[u8]),
    ) -> Result<(), Fault> {
        loop {
            let length = match self.stream.read(buffer) {
                Ok(0) => return void("a client was cut off"),
                Ok(length) => length,
                Err(error) if waits(&error) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            if self.partial.is_empty() {
                let used = self.take(&buffer[..length], cut, hear)?;
                if used < length {
                    self.partial = buffer[used..length].to_vec();
                }
            } else {
                let mut all = std::mem::take(&mut self.partial);
                all.extend_from_slice(&buffer[..length]);
                let used = self.take(&all, cut, hear)?;
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
    fn take(
        &mut self,
        bytes: &[u8],
        cut: Option<Cut>,
        hear: &mut impl FnMut(&[u8]),
    ) -> Result<usize, Fault> {
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
            let payload = &bytes[used + frame.from..used + frame.to];
            match frame.kind {
                TEXT => hear(payload),
                BINARY => self.take_stream(payload, cut, hear)?,
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

    /// Hands over the complete messages of the stream that goes on with these bytes.
    fn take_stream(
        &mut self,
        bytes: &[u8],
        cut: Option<Cut>,
        hear: &mut impl FnMut(&[u8]),
    ) -> Result<(), Fault> {
        let Some(cut) = cut else {
            return void("a binary frame came where only texts are due");
        };
        self.inner.extend_from_slice(bytes);
        let mut used = 0;
        while let Some((place, end)) = cut(&self.inner[used..]) {
            hear(&self.inner[used..][place]);
            used += end;
        }
        self.inner.drain(..used);
        if self.inner.is_empty() {
            self.inner = Vec::new();
        }
        Ok(())
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
