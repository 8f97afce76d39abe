//! A client's socket, taken whole from the HTTP server that granted it: a half to read, which belongs to the
//! connection's task, and a half to write, which whoever has something to deliver may use at once. Refuses to know
//! what is said.

pub mod frames;
mod handshake;

pub use handshake::Upgrade;

use crate::lingering::{Held, Lingering};
use bytes::Bytes;
use frames::{Broken, Decoder, Incoming};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// Bytes of a client's message. Source: product documentation (1 MB).
pub const MAX_MESSAGE: usize = 1024 * 1024;

/// Bytes that are read at once. Each thread has such a room; an idle connection has none.
const ROOM: usize = 64 * 1024;

thread_local! {
    static SHARED: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// A socket that has just come.
pub struct Socket {
    pub reader: Reader,
    pub writer: Writer,
}

/// The half that its connection's task reads.
pub struct Reader {
    half: ReadHalf,
    decoder: Decoder,
    /// What was read and not taken: mostly the beginning of a frame, mostly nothing.
    unread: Vec<u8>,
    /// There may be whole frames in it.
    ripe: bool,
    held: Held,
}

enum ReadHalf {
    Tcp(OwnedReadHalf),
    Other(tokio::io::ReadHalf<TokioIo<Upgraded>>),
}

/// The half that is written.
pub enum Writer {
    Tcp(OwnedWriteHalf),
    /// Something between us and the system: only the connection's task writes to it.
    Other(tokio::io::WriteHalf<TokioIo<Upgraded>>),
}

impl Socket {
    /// Takes the system's own socket out of its wrappings, if we know them.
    pub fn take(upgraded: Upgraded) -> Self {
        let upgraded = match upgraded.downcast::<TokioIo<Lingering<TcpStream>>>() {
            Ok(parts) => match parts.io.into_inner().into_parts() {
                (Some(stream), held) => return Self::tcp(stream, held, &parts.read_buf),
                (None, _) => unreachable!("only a dropped one is empty"),
            },
            Err(upgraded) => upgraded,
        };
        match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(parts) => Self::tcp(parts.io.into_inner(), None, &parts.read_buf),
            Err(upgraded) => {
                let (reader, writer) = tokio::io::split(TokioIo::new(upgraded));
                Self {
                    reader: Reader::new(ReadHalf::Other(reader), None, &[]),
                    writer: Writer::Other(writer),
                }
            }
        }
    }

    fn tcp(stream: TcpStream, held: Held, read: &[u8]) -> Self {
        let (reader, writer) = stream.into_split();
        Self {
            reader: Reader::new(ReadHalf::Tcp(reader), held, read),
            writer: Writer::Tcp(writer),
        }
    }
}

impl Reader {
    fn new(half: ReadHalf, held: Held, read: &[u8]) -> Self {
        Self {
            half,
            decoder: Decoder::default(),
            unread: read.to_vec(),
            ripe: !read.is_empty(),
            held,
        }
    }

    /// Reads once and hears every whole frame, until `hear` has enough; what is left is heard the next time. False at
    /// the end of the socket.
    pub fn poll_hear(
        &mut self,
        context: &mut Context<'_>,
        hear: &mut dyn FnMut(Incoming<'_>) -> bool,
    ) -> Poll<io::Result<Result<bool, Broken>>> {
        if self.ripe {
            let mut unread = std::mem::take(&mut self.unread);
            let used = self.hear(&mut unread, hear);
            return Poll::Ready(Ok(used.map(|used| {
                self.keep(unread, used);
                true
            })));
        }
        let mut room = SHARED
            .take()
            .unwrap_or_else(|| vec![0; ROOM].into_boxed_slice());
        let heard = self.poll_hear_in(context, &mut room, hear);
        SHARED.set(Some(room));
        heard
    }

    fn poll_hear_in(
        &mut self,
        context: &mut Context<'_>,
        room: &mut [u8],
        hear: &mut dyn FnMut(Incoming<'_>) -> bool,
    ) -> Poll<io::Result<Result<bool, Broken>>> {
        let mut buffer = ReadBuf::new(room);
        ready!(match &mut self.half {
            ReadHalf::Tcp(half) => Pin::new(half).poll_read(context, &mut buffer),
            ReadHalf::Other(half) => Pin::new(half).poll_read(context, &mut buffer),
        })?;
        let read = buffer.filled_mut();
        if read.is_empty() {
            return Poll::Ready(Ok(Ok(false)));
        }
        let heard = if self.unread.is_empty() {
            self.hear(read, hear).map(|used| {
                if used < read.len() {
                    self.keep(read[used..].to_vec(), 0);
                }
            })
        } else {
            let mut unread = std::mem::take(&mut self.unread);
            unread.extend_from_slice(read);
            self.hear(&mut unread, hear)
                .map(|used| self.keep(unread, used))
        };
        Poll::Ready(Ok(heard.map(|()| true)))
    }

    fn keep(&mut self, mut unread: Vec<u8>, used: usize) {
        if used < unread.len() {
            unread.drain(..used);
            self.unread = unread;
        }
    }

    /// How many bytes were heard.
    fn hear(
        &mut self,
        bytes: &mut [u8],
        hear: &mut dyn FnMut(Incoming<'_>) -> bool,
    ) -> Result<usize, Broken> {
        let mut used = 0;
        self.ripe = false;
        while let Some(taken) = self.decoder.take(&mut bytes[used..])? {
            used += taken.used;
            if let Some(said) = taken.said
                && !hear(said)
            {
                self.ripe = used < bytes.len();
                break;
            }
        }
        Ok(used)
    }

    /// Ends the socket: what was written last arrives though the other side goes on sending.
    pub fn end(self, writer: Option<Writer>) {
        match (self.half, writer) {
            (ReadHalf::Tcp(reader), Some(Writer::Tcp(writer))) => {
                if let Ok(stream) = reader.reunite(writer) {
                    drop(Lingering::holding(stream, self.held));
                }
            }
            (ReadHalf::Other(reader), Some(Writer::Other(writer)))
                if reader.is_pair_of(&writer) =>
            {
                drop(Lingering::new(reader.unsplit(writer)));
            }
            _ => {}
        }
    }
}

impl Writer {
    /// Writes what the system takes at once.
    pub fn try_write(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match (self, parts) {
            (Writer::Tcp(half), [one]) => half.try_write(one),
            (Writer::Tcp(half), parts) => half.try_write_vectored(parts),
            (Writer::Other(_), _) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// The same, and the task is woken when there is room again.
    pub fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self {
            Writer::Tcp(half) => Pin::new(half).poll_write_vectored(context, parts),
            Writer::Other(half) => Pin::new(half).poll_write_vectored(context, parts),
        }
    }

    /// Sees to it that nothing stays between us and the system.
    pub fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Writer::Tcp(_) => Poll::Ready(Ok(())),
            Writer::Other(half) => Pin::new(half).poll_flush(context),
        }
    }
}

/// A whole frame of ours.
pub fn frame(opcode: u8, payload: &[u8]) -> Bytes {
    let mut frame = Vec::new();
    frames::print(opcode, payload, &mut frame);
    frame.into()
}
