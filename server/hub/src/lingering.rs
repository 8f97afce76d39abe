//! A connection that is read on for a moment after its end. Closing one while bytes are still arriving resets it, and
//! a reset takes along what the other side has not read yet: the close frame, or the answer. Refuses to know what is
//! said on it.

use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::runtime::Handle;
use tokio::time::timeout;

/// How long it is read on at most.
const LINGER: Duration = Duration::from_secs(1);

/// What is given back when a connection is over.
pub(crate) type Held = Option<Box<dyn Send + Sync>>;

/// For whoever accepts connections for the hub's routers. Around the system's own stream, the hub takes it out and
/// writes to it without a detour.
pub struct Lingering<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> {
    stream: Option<S>,
    held: Held,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Lingering<S> {
    pub const fn new(stream: S) -> Self {
        Self {
            stream: Some(stream),
            held: None,
        }
    }

    /// Keeps something until the connection is over, reading on not included: its place among those that there may be.
    pub fn with(stream: S, held: impl Send + Sync + 'static) -> Self {
        Self::holding(stream, Some(Box::new(held)))
    }

    pub(crate) const fn holding(stream: S, held: Held) -> Self {
        Self {
            stream: Some(stream),
            held,
        }
    }

    /// Nothing lingers then.
    pub(crate) fn into_parts(mut self) -> (Option<S>, Held) {
        (self.stream.take(), self.held.take())
    }

    fn inner(&mut self) -> Result<Pin<&mut S>> {
        let gone = std::io::ErrorKind::NotConnected;
        self.stream
            .as_mut()
            .map(Pin::new)
            .ok_or_else(|| gone.into())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Drop for Lingering<S> {
    fn drop(&mut self) {
        // Without a runtime the process is about to end, and the connection with it.
        let (Some(mut stream), Ok(runtime)) = (self.stream.take(), Handle::try_current()) else {
            return;
        };
        runtime.spawn(async move {
            let rest = async {
                stream.shutdown().await?;
                // Small: when the hub shuts down, all of them linger at once.
                let mut unheard = [0; 256];
                while stream.read(&mut unheard).await? > 0 {}
                Result::Ok(())
            };
            // Whoever goes on sending after that is cut.
            let _ = timeout(LINGER, rest).await;
        });
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> AsyncRead for Lingering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        self.inner()?.poll_read(context, into)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> AsyncWrite for Lingering<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        self.inner()?.poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        self.inner()?.poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(S::is_write_vectored)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner()?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner()?.poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_written_last_arrives_though_the_other_side_goes_on_sending() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut there = tokio::net::TcpStream::connect(address)
            .await
            .expect("connects");
        let (here, _) = listener.accept().await.expect("accepts");
        there.write_all(&[0; 64 * 1024]).await.expect("is written");
        let mut here = Lingering::new(here);
        here.write_all(b"goodbye").await.expect("is written");
        drop(here);
        there
            .write_all(&[0; 64 * 1024])
            .await
            .expect("is still taken");
        there.shutdown().await.expect("ends");
        let mut heard = String::new();
        there
            .read_to_string(&mut heard)
            .await
            .expect("is not reset");
        assert_eq!(heard, "goodbye");
    }
}
