//! The hub's end of a connection that lies in memory. What the hub writes waits here until the world carries it away;
//! what it reads was put here by the world. Refuses to know time and bytes' meaning.

use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

/// Both ends hold one.
#[derive(Clone)]
pub struct Pipe {
    state: Arc<Mutex<State>>,
    /// The world is told when the hub wrote or went.
    told: Arc<Notify>,
}

struct State {
    to_hub: Vec<u8>,
    to_client: Vec<u8>,
    /// Bytes that the hub may write before somebody carries them away.
    room: usize,
    /// How the client's side ended, as the hub reads it.
    end: Option<End>,
    hub_is_gone: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

#[derive(Clone, Copy)]
pub enum End {
    Closed,
    Reset,
}

impl Pipe {
    pub fn new(room: usize, told: Arc<Notify>) -> Self {
        let state = State {
            to_hub: Vec::new(),
            to_client: Vec::new(),
            room,
            end: None,
            hub_is_gone: false,
            reader: None,
            writer: None,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            told,
        }
    }

    /// The hub may read these bytes now.
    pub fn give(&self, bytes: &[u8]) {
        let mut state = self.lock();
        state.to_hub.extend_from_slice(bytes);
        let reader = state.reader.take();
        drop(state);
        reader.into_iter().for_each(Waker::wake);
    }

    /// Carries away what the hub wrote.
    pub fn take(&self) -> Vec<u8> {
        let mut state = self.lock();
        let bytes = std::mem::take(&mut state.to_client);
        let writer = state.writer.take();
        drop(state);
        writer.into_iter().for_each(Waker::wake);
        bytes
    }

    /// The hub learns that its client is gone.
    pub fn end(&self, end: End) {
        let mut state = self.lock();
        state.end.get_or_insert(end);
        let woken = [state.reader.take(), state.writer.take()];
        drop(state);
        woken.into_iter().flatten().for_each(Waker::wake);
    }

    pub fn hub_is_gone(&self) -> bool {
        self.lock().hub_is_gone
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the hub is served with.
pub struct HubEnd(pub Pipe);

impl AsyncRead for HubEnd {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let mut state = self.0.lock();
        if state.to_hub.is_empty() {
            return match state.end {
                Some(End::Closed) => Poll::Ready(Ok(())),
                Some(End::Reset) => Poll::Ready(Err(ErrorKind::ConnectionReset.into())),
                None => {
                    state.reader = Some(context.waker().clone());
                    Poll::Pending
                }
            };
        }
        let count = buffer.remaining().min(state.to_hub.len());
        buffer.put_slice(&state.to_hub[..count]);
        state.to_hub.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for HubEnd {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let mut state = self.0.lock();
        if let Some(End::Reset) = state.end {
            return Poll::Ready(Err(Error::from(ErrorKind::ConnectionReset)));
        }
        let count = bytes.len().min(state.room - state.to_client.len());
        if count == 0 && !bytes.is_empty() {
            state.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        state.to_client.extend_from_slice(&bytes[..count]);
        drop(state);
        self.0.told.notify_one();
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        self.0.lock().hub_is_gone = true;
        self.0.told.notify_one();
        Poll::Ready(Ok(()))
    }
}

impl Drop for HubEnd {
    fn drop(&mut self) {
        self.0.lock().hub_is_gone = true;
        self.0.told.notify_one();
    }
}
