//! The port: accepts connections until it is told to stop, and gives each a deadline for its request. axum's
//! own loop knows no deadlines and waits a while before small frames.

use axum::Router;
use axum::body::Body;
use http::Request;
use hub::Lingering;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tower::ServiceExt as _;

/// Bytes of a request's head.
const MAX_HEAD: usize = 64 * 1024;

/// How long nothing is accepted after the system had no room for a connection.
const BREATH: Duration = Duration::from_millis(50);

/// How long REST calls that are under way may take when the program is to stop.
const LAST_CALLS: Duration = Duration::from_secs(5);

pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    head: Duration,
}

impl Listener {
    /// Port 0 takes a free one. `head` is how long a peer may take over the head of a request: the first one, its
    /// first byte included, and every later one.
    pub async fn bind(address: SocketAddr, head: Duration) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        let address = socket.local_addr()?;
        Ok(Self {
            socket,
            address,
            head,
        })
    }

    /// Where programs on this machine find the service.
    pub fn endpoint(&self) -> String {
        if self.address.ip().is_unspecified() {
            format!("http://localhost:{}", self.address.port())
        } else {
            format!("http://{}", self.address)
        }
    }

    /// Serves until `stop`; then REST calls are finished, and sockets are left to the hub.
    pub async fn serve(self, router: Router, stop: impl Future<Output = ()>) {
        let (stopping, seen) = watch::channel(());
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                () = &mut stop => break,
            };
            match accepted {
                Ok((stream, _)) => answer(stream, router.clone(), self.head, seen.clone()),
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
        drop((self.socket, seen));
        // Nobody is left to tell when there is no connection.
        let _ = stopping.send(());
        if tokio::time::timeout(LAST_CALLS, stopping.closed())
            .await
            .is_err()
        {
            tracing::warn!("calls that were under way are cut");
        }
    }
}

fn answer(stream: TcpStream, router: Router, head: Duration, mut stopping: watch::Receiver<()>) {
    // Frames are small and the next one does not wait for an answer to the last.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection went before it was served");
        return;
    }
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(Lingering::new(stream)), service)
        .with_upgrades();
    tokio::spawn(async move {
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            _ = stopping.changed() => {
                connection.as_mut().graceful_shutdown();
                connection.as_mut().await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection failed");
        }
    });
}

/// Resolves when the program is asked to stop by its user or its supervisor.
pub fn asked_to_stop() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
