//! The program from outside: what it prints, whom it calls, how it ends.

use axum::Router;
use axum::routing::any;
use futures::StreamExt as _;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use wire::token::{Claims, sign};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);
const KEY: &str = "a key that has more than thirty-two bytes";

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hub"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Starts the program at a free port; returns it, its host and its key as it printed them.
async fn started(arguments: &[&str]) -> (Child, String, String) {
    let mut child = program(&["--port", "0", "--log", "error"])
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("is piped")).lines();
    let mut line = async || {
        let line = timeout(PATIENCE, lines.next_line()).await.expect("a line");
        line.expect("can be read").expect("is there")
    };
    let connection_string = line().await;
    let host = connection_string
        .strip_prefix("Endpoint=http://")
        .and_then(|rest| rest.split_once(";AccessKey="))
        .and_then(|(host, rest)| Some((host, rest.strip_suffix(";Version=1.0;")?)));
    let (host, key) = host.expect("a connection string");
    assert_eq!(line().await, format!("hub: ready at http://{host}"));
    (child, host.to_owned(), key.to_owned())
}

async fn output(arguments: &[&str]) -> (Option<i32>, String) {
    let output = timeout(PATIENCE, program(arguments).output())
        .await
        .expect("it ends")
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}

/// A handler that notes the names of the events it gets.
async fn handler() -> (String, Arc<Mutex<Vec<String>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let notes = told.clone();
    let router = Router::new().fallback(any(move |request: http::Request<axum::body::Body>| {
        let name = request.headers().get("ce-eventname").cloned();
        let notes = notes.clone();
        async move {
            if let Some(name) = name {
                let name = name.to_str().expect("a name").to_owned();
                notes.lock().expect("not poisoned").push(name);
            }
            [("webhook-allowed-origin", "*")]
        }
    }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}/events/{{event}}"), told)
}

#[tokio::test]
async fn it_serves_with_the_key_it_printed_and_says_goodbye_when_it_is_told_to_stop() {
    let (url, told) = handler().await;
    let words = format!("hub=chat url={url} system-events=connect,connected,disconnected");
    let (mut child, host, key) = started(&["--handler", &words]).await;
    let claims = Claims {
        aud: format!("http://{host}/client/hubs/chat"),
        exp: u64::from(u32::MAX),
        ..Claims::default()
    };
    let token = sign(&claims, &key).expect("signs");
    let mut request = format!("ws://{host}/client/hubs/chat?access_token={token}")
        .into_client_request()
        .expect("a URL");
    let protocol = "json.webpubsub.azure.v1".parse().expect("a header");
    request
        .headers_mut()
        .insert("sec-websocket-protocol", protocol);
    let (mut socket, _) = tokio_tungstenite::connect_async(request)
        .await
        .expect("is let in");
    let mut next = async || timeout(PATIENCE, socket.next()).await.expect("a frame");
    assert!(matches!(next().await, Some(Ok(Message::Text(text))) if text.contains("connected")));

    let id = child.id().expect("it runs").to_string();
    let signalled = Command::new("kill").args(["-TERM", &id]).status().await;
    assert!(signalled.expect("kill is there").success());

    let goodbye = next().await;
    assert!(
        matches!(goodbye, Some(Ok(Message::Text(ref text))) if text.contains("disconnected")),
        "{goodbye:?}"
    );
    let close = next().await;
    assert!(
        matches!(close, Some(Ok(Message::Close(Some(ref frame)))) if u16::from(frame.code) == 1001),
        "{close:?}"
    );
    let status = timeout(PATIENCE, child.wait()).await.expect("it ends");
    assert!(status.expect("has a status").success());
    let told = told.lock().expect("not poisoned").clone();
    assert_eq!(told, ["connect", "connected", "disconnected"]);
}

#[tokio::test]
async fn it_takes_the_key_it_is_given() {
    let (_child, _, key) = started(&["--key", KEY]).await;
    assert_eq!(key, KEY);
}

#[tokio::test]
async fn what_it_cannot_do_it_says_and_does_not_start() {
    for (arguments, word) in [
        (["--handler", "url=https://h/"], "http only"),
        (["--handler", "hub=9 url=http://h/"], "names no hub"),
        (["--port", "65536"], "65535"),
        (["--listen", "nowhere"], "invalid IP address"),
        (["--key", "short"], "5 bytes"),
    ] {
        let (code, said) = output(&arguments).await;
        assert_ne!(code, Some(0), "{arguments:?}");
        assert!(said.contains(word), "{arguments:?}: {said}");
    }
    let (_, said) = output(&["--key", "not-to-be-told"]).await;
    assert!(!said.contains("not-to-be-told"), "{said}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let (code, said) = output(&["--port", &port]).await;
    assert_eq!(code, Some(1));
    assert!(
        said.contains(&format!("cannot listen on 127.0.0.1:{port}")),
        "{said}"
    );
}
