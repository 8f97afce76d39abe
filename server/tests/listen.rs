//! The listener over real sockets: what a slow, greedy or silent peer gets, and what stopping does to whom.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::Router;
use axum::extract::Request;
use axum::routing::get;
use http::StatusCode;
use http::header::{CONNECTION, UPGRADE};
use server::listen::{Caps, Limits, serve};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

const HEAD: Duration = Duration::from_millis(300);
const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

struct Server {
    at: SocketAddr,
    caps: Caps,
    stop: oneshot::Sender<()>,
    done: JoinHandle<()>,
}

impl Server {
    async fn start(router: Router, caps: Caps) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let limits = Limits {
            caps: caps.clone(),
            head: HEAD,
            drain: Duration::from_secs(5),
        };
        let done = tokio::spawn(serve(listener, router, limits, async {
            let _ = stopped.await;
        }));
        Server {
            at,
            caps,
            stop,
            done,
        }
    }

    async fn plain() -> Server {
        let router = Router::new().route("/", get(|| async { "hello" }));
        Self::start(router, Caps::new(100, 100)).await
    }

    async fn dial(&self) -> TcpStream {
        TcpStream::connect(self.at).await.unwrap()
    }
}

async fn say(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
}

/// Everything until the server closes; a reset is an end too.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let reading = stream.read_to_end(&mut bytes);
    let _ = tokio::time::timeout(Duration::from_secs(10), reading)
        .await
        .expect("the server closes the connection");
    String::from_utf8(bytes).unwrap()
}

/// One answer of a connection that stays open.
async fn hear(stream: &mut TcpStream, end: &str) -> String {
    let mut heard = String::new();
    while !heard.ends_with(end) {
        let mut bytes = [0; 1024];
        let count = stream.read(&mut bytes).await.unwrap();
        assert!(count > 0, "closed after {heard:?}");
        heard.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
    }
    heard
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_let_go() {
    let server = Server::plain().await;
    let mut silent = server.dial().await;
    let since = Instant::now();
    assert_eq!(rest(&mut silent).await, "");
    assert!(since.elapsed() >= HEAD / 2, "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_head_that_comes_drop_by_drop_is_let_go() {
    let server = Server::plain().await;
    let (mut reading, mut writing) = server.dial().await.into_split();
    let dripping = tokio::spawn(async move {
        let mut pace = tokio::time::interval(HEAD / 10);
        writing.write_all(b"GET / HTTP/1.1\r\n").await?;
        loop {
            pace.tick().await;
            writing.write_all(b"a: b\r\n").await?;
        }
        #[expect(unreachable_code, reason = "it says what the block's `?` fail with")]
        Ok::<(), std::io::Error>(())
    });
    let mut heard = Vec::new();
    let reading = reading.read_to_end(&mut heard);
    let closed = tokio::time::timeout(HEAD * 10, reading).await;
    assert!(closed.is_ok(), "still open");
    dripping.abort();
}

#[tokio::test]
async fn a_connection_between_two_requests_is_let_go_too() {
    let server = Server::plain().await;
    let mut idle = server.dial().await;
    say(&mut idle, GET).await;
    hear(&mut idle, "hello").await;
    assert_eq!(rest(&mut idle).await, "");
}

#[tokio::test]
async fn a_head_of_a_megabyte_is_refused() {
    let server = Server::plain().await;
    let mut greedy = server.dial().await;
    say(&mut greedy, "GET / HTTP/1.1\r\n").await;
    // The server may close before all of it is written.
    let _ = greedy
        .write_all("a: 0123456789\r\n".repeat(70_000).as_bytes())
        .await;
    let answer = rest(&mut greedy).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
}

#[tokio::test]
async fn one_address_gets_its_share_and_a_place_back() {
    let router = Router::new().route("/", get(|| async { "hello" }));
    let server = Server::start(router, Caps::new(1, 100)).await;
    let mut first = server.dial().await;
    say(&mut first, GET).await;
    hear(&mut first, "hello").await;
    let mut second = server.dial().await;
    let answer = rest(&mut second).await;
    assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
    assert!(answer.contains("retry-after: 5"), "{answer}");

    rest(&mut first).await;
    while server.caps.open() > 0 {
        tokio::task::yield_now().await;
    }
    let mut third = server.dial().await;
    say(&mut third, GET).await;
    hear(&mut third, "hello").await;
}

#[tokio::test]
async fn a_full_server_says_so() {
    let router = Router::new().route("/", get(|| async { "hello" }));
    let server = Server::start(router, Caps::new(100, 1)).await;
    let mut first = server.dial().await;
    say(&mut first, GET).await;
    hear(&mut first, "hello").await;
    let answer = rest(&mut server.dial().await).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
}

#[tokio::test]
async fn a_connection_that_became_a_socket_keeps_its_place_and_has_no_deadline() {
    let router = Router::new().route(
        "/",
        get(|mut request: Request| async move {
            let upgrade = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                let mut socket = hyper_util::rt::TokioIo::new(upgrade.await.unwrap());
                let mut word = [0; 4];
                socket.read_exact(&mut word).await.unwrap();
                socket.write_all(&word).await.unwrap();
            });
            let headers = [(CONNECTION, "upgrade"), (UPGRADE, "echo")];
            (StatusCode::SWITCHING_PROTOCOLS, headers)
        }),
    );
    let server = Server::start(router, Caps::new(1, 100)).await;
    let mut socket = server.dial().await;
    say(
        &mut socket,
        "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n",
    )
    .await;
    hear(&mut socket, "\r\n\r\n").await;
    let answer = rest(&mut server.dial().await).await;
    assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
    tokio::time::sleep(HEAD * 2).await;
    say(&mut socket, "ping").await;
    assert_eq!(rest(&mut socket).await, "ping");
}

#[tokio::test]
async fn stopping_finishes_answers_and_takes_no_more() {
    let (asked, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (asked, release) = (asked.clone(), release.clone());
        move || async move {
            asked.notify_one();
            release.notified().await;
            "hello"
        }
    };
    let server = Server::start(Router::new().route("/", get(handler)), Caps::new(9, 9)).await;
    let mut waiting = server.dial().await;
    say(&mut waiting, GET).await;
    asked.notified().await;

    server.stop.send(()).unwrap();
    while TcpStream::connect(server.at).await.is_ok() {
        tokio::task::yield_now().await;
    }
    release.notify_one();
    assert!(rest(&mut waiting).await.ends_with("hello"));
    server.done.await.unwrap();
    // A connection keeps its place until the system has closed it, which is when the other side has, too.
    drop(waiting);
    while server.caps.open() > 0 {
        tokio::task::yield_now().await;
    }
}
