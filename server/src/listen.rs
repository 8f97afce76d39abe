//! Connections in, until it is time to stop. Owns the deadlines and caps that keep strangers from holding what
//! others need; refuses to know what is asked and answered.

mod caps;

pub use caps::{Caps, Full};

use crate::Lingering;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower::ServiceExt;

/// How patient the listener is.
#[derive(Clone, Debug)]
pub struct Limits {
    pub caps: Caps,
    /// From the opening of a connection, or the end of an answer, to the end of the next request's head.
    pub head: Duration,
    /// From the signal to stop until answers that are under way are cut.
    pub drain: Duration,
}

/// The longest head, in bytes; also how much of a request is read ahead.
const HEAD_BYTES: usize = 16 * 1024;
/// A rest after the system had no connection to give, mostly because there are no more file descriptors.
const BREATHER: Duration = Duration::from_millis(100);

impl Limits {
    /// With a trusted proxy in front, all connections come from one address: then only their sum is capped.
    pub fn new(relaxed: bool, behind_proxy: bool) -> Self {
        let (each, all) = match (relaxed, behind_proxy) {
            (true, _) => (60_000, 60_000),
            (false, true) => (10_000, 10_000),
            (false, false) => (256, 10_000),
        };
        Limits {
            caps: Caps::new(each, all),
            head: Duration::from_secs(15),
            drain: Duration::from_secs(10),
        }
    }
}

/// Serves until `stop` is done, then lets answers that are under way finish. Sockets are whoever's who upgraded
/// them: they count as connections, and are not waited for.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let mut stop = std::pin::pin!(stop);
    let (stopping, _) = watch::channel(());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                rest_after(error).await;
                continue;
            }
        };
        match limits.caps.admit(peer.ip()) {
            Ok(place) => {
                // Small frames go out at once. Where that cannot be set, they go a little later.
                let _ = stream.set_nodelay(true);
                let stream = Lingering::with(stream, place);
                let told = stopping.subscribe();
                tokio::spawn(answer(stream, peer, router.clone(), limits.head, told));
            }
            Err(full) => {
                tokio::spawn(turn_away(stream, full));
            }
        }
    }
    drop(listener);
    stopping.send_replace(());
    // What is still under way after that is cut by the end of the process.
    let _ = tokio::time::timeout(limits.drain, stopping.closed()).await;
}

/// One connection, to its end or to its upgrade. Keeping `stopping` until then is what `serve` waits for.
async fn answer(
    stream: Lingering<TcpStream>,
    peer: SocketAddr,
    router: Router,
    head: Duration,
    mut stopping: watch::Receiver<()>,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

async fn rest_after(error: io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    ) {
        tracing::warn!(%error, "no connection can be accepted");
        tokio::time::sleep(BREATHER).await;
    }
}

/// Says why before closing. Whoever does not read it waits for nothing.
async fn turn_away(mut stream: TcpStream, full: Full) {
    let (status, text) = match full {
        Full::Address => (
            "429 Too Many Requests",
            "Too many connections from your address.\n",
        ),
        Full::All => ("503 Service Unavailable", "The server is full just now.\n"),
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\nretry-after: 5\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\r\n{text}",
        text.len()
    );
    let told = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        // A close while the request is still arriving would reset the connection, and the answer with it.
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), told).await;
}
