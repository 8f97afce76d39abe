//! What this machine can do at best: a broadcaster that checks and knows nothing. One thread; a frame is made once, and
//! sent to everybody by itself, or in one piece with what the same turn of the loop has read. The bench starts it as a
//! program of its own.

use crate::crowd::waits;
use crate::flaw::Flaw;
use crate::frames::{Received, TEXT, by_server};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use std::io::{self, Read, Write};
use std::net::Ipv4Addr;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The word that makes this program the limit.
pub const NAME: &str = "limit";

/// The word for one send for each message, after the port. Any other joins them.
pub const EACH: &str = "limit-each";

/// Said to whoever comes in.
pub const WELCOME: &str = r#"{"type":"system","event":"connected"}"#;

const DOOR: Token = Token(usize::MAX);
const READ: usize = 64 * 1024;

struct Guest {
    stream: TcpStream,
    partial: Vec<u8>,
    upgraded: bool,
    /// Whoever says something hears nothing.
    speaks: bool,
    unsent: Vec<u8>,
}

/// Serves until it is killed. The first listener suffers from the flaw.
pub fn serve(port: u16, way: &str) -> io::Result<()> {
    let mut flaw = Flaw::named(way);
    let mut poll = Poll::new()?;
    let mut door = TcpListener::bind((Ipv4Addr::LOCALHOST, port).into())?;
    poll.registry()
        .register(&mut door, DOOR, Interest::READABLE)?;
    let mut events = Events::with_capacity(4_096);
    let mut guests: Vec<Option<Guest>> = Vec::new();
    let mut buffer = vec![0; READ];
    loop {
        poll.poll(&mut events, None)?;
        let mut turn: Vec<Vec<u8>> = Vec::new();
        for event in &events {
            let Token(number) = event.token();
            if event.token() == DOOR {
                admit(&poll, &door, &mut guests)?;
                continue;
            }
            let Some(place) = guests.get_mut(number) else {
                continue;
            };
            let alive = place.as_mut().is_some_and(|guest| {
                let pushed = !event.is_writable() || guest.push(&[]);
                pushed && (!event.is_readable() || guest.pull(&mut buffer, &mut turn))
            });
            if !alive {
                *place = None;
            }
        }
        if way != EACH && turn.len() > 1 {
            turn = vec![turn.concat()];
        }
        let listens = |guest: &Guest| guest.upgraded && !guest.speaks;
        for frames in turn {
            let spoilt = flaw.as_mut().and_then(|flaw| {
                let first = guests
                    .iter()
                    .position(|place| place.as_ref().is_some_and(listens));
                Some((first?, flaw.spoil(&frames)))
            });
            for (number, place) in guests.iter_mut().enumerate() {
                let bytes = match &spoilt {
                    Some((first, spoilt)) if *first == number => spoilt,
                    _ => &frames,
                };
                if let Some(guest) = place.as_mut().filter(|guest| listens(guest))
                    && !guest.push(bytes)
                {
                    *place = None;
                }
            }
        }
    }
}

fn admit(poll: &Poll, door: &TcpListener, guests: &mut Vec<Option<Guest>>) -> io::Result<()> {
    loop {
        let mut stream = match door.accept() {
            Ok((stream, _)) => stream,
            Err(error) if waits(&error) => return Ok(()),
            Err(error) => return Err(error),
        };
        stream.set_nodelay(true)?;
        let token = Token(guests.len());
        poll.registry()
            .register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        guests.push(Some(Guest {
            stream,
            partial: Vec::new(),
            upgraded: false,
            speaks: false,
            unsent: Vec::new(),
        }));
    }
}

impl Guest {
    /// Sends, and keeps what the socket does not take. False if the guest has gone.
    fn push(&mut self, bytes: &[u8]) -> bool {
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(bytes);
            let all = std::mem::take(&mut self.unsent);
            return self.write(&all);
        }
        self.write(bytes)
    }

    fn write(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(sent) => bytes = &bytes[sent..],
                Err(error) if waits(&error) => {
                    self.unsent = bytes.to_vec();
                    return true;
                }
                Err(_) => return false,
            }
        }
        true
    }

    /// Reads what there is, and adds the frames that everybody gets. False if the guest has gone.
    fn pull(&mut self, buffer: &mut [u8], turn: &mut Vec<Vec<u8>>) -> bool {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return false,
                Ok(length) => self.partial.extend_from_slice(&buffer[..length]),
                Err(error) if waits(&error) => break,
                Err(_) => return false,
            }
        }
        if !self.upgraded && !self.upgrade() {
            return true;
        }
        let mut used = 0;
        while let Some(frame) = Received::read(&self.partial[used..]) {
            if frame.kind == TEXT {
                self.speaks = true;
                turn.push(by_server(&frame.unmasked(&self.partial[used..])));
            }
            used += frame.to;
        }
        self.partial.drain(..used);
        if self.partial.is_empty() {
            self.partial = Vec::new();
        }
        true
    }

    /// Answers the request to open a socket, once it is complete.
    fn upgrade(&mut self) -> bool {
        let Some(end) = self.partial.windows(4).position(|end| end == b"\r\n\r\n") else {
            return false;
        };
        let head = String::from_utf8_lossy(&self.partial[..end]).into_owned();
        let key = head
            .lines()
            .find_map(|line| line.strip_prefix("sec-websocket-key: "))
            .unwrap_or_default();
        let accept = derive_accept_key(key.as_bytes());
        let mut answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-accept: {accept}\r\n\r\n"
        )
        .into_bytes();
        answer.extend_from_slice(&by_server(WELCOME.as_bytes()));
        self.partial.drain(..end + 4);
        self.upgraded = self.push(&answer);
        self.upgraded
    }
}
