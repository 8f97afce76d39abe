//! The program from outside: what it prints, whom it calls, how it ends.

use axum::Router;
use axum::routing::any;
use futures::StreamExt as _;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
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

/// Opens a socket for somebody who speaks JSON, past its greeting.
async fn client(
    host: &str,
    key: &str,
) -> tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<TcpStream>> {
    let claims = Claims {
        aud: format!("http://{host}/client/hubs/chat"),
        exp: u64::from(u32::MAX),
        sub: Some("ada".into()),
        ..Claims::default()
    };
    let token = sign(&claims, key).expect("signs");
    let mut request = format!("ws://{host}/client/hubs/chat?access_token={token}")
        .into_client_request()
        .expect("a URL");
    let protocol = "json.webpubsub.azure.v1".parse().expect("a header");
    request
        .headers_mut()
        .insert("sec-websocket-protocol", protocol);
    let connected = tokio_tungstenite::connect_async(request).await;
    let (mut socket, _) = connected.expect("is let in");
    timeout(PATIENCE, socket.next()).await.expect("is greeted");
    socket
}

/// Sends a request by hand; all of the answer.
async fn answer(host: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(host).await.expect("connects");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("is written");
    let mut all = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut all))
        .await
        .expect("is answered")
        .expect("is text");
    all
}

fn get(path: &str, host: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{more}\r\n")
}

async fn terminate(child: &mut Child) {
    let id = child.id().expect("it runs").to_string();
    let signalled = Command::new("kill").args(["-TERM", &id]).status().await;
    assert!(signalled.expect("kill is there").success());
    let status = timeout(PATIENCE, child.wait()).await.expect("it ends");
    assert!(status.expect("has a status").success());
}

#[tokio::test]
async fn the_page_is_there_when_asked_for_and_only_by_the_services_own_address() {
    let (_child, host, _) = started(&[]).await;
    let absent = answer(&host, &get("/", &host, "")).await;
    assert!(absent.starts_with("HTTP/1.1 404 "), "{absent}");

    let (_child, host, key) = started(&["--page"]).await;
    let page = answer(&host, &get("/", &host, "")).await;
    assert!(
        page.starts_with("HTTP/1.1 200 ") && page.contains("<form>"),
        "{page}"
    );
    let foreign = answer(&host, &get("/live", "evil.example", "x-hub-page: 1\r\n")).await;
    assert!(foreign.starts_with("HTTP/1.1 404 "), "{foreign}");
    let unasked = answer(&host, &get("/live", &host, "")).await;
    assert!(unasked.starts_with("HTTP/1.1 403 "), "{unasked}");

    let mut socket = client(&host, &key).await;
    let live = answer(&host, &get("/live", &host, "x-hub-page: 1\r\n")).await;
    assert!(
        live.contains(r#""user":"ada""#) && live.contains(r#""kind":"came""#),
        "{live}"
    );
    let form = r#"{"hub":"chat","group":"","text":"from the page"}"#;
    let send = format!(
        "POST /live/send HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nx-hub-page: 1\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    );
    let sent = answer(&host, &send).await;
    assert!(sent.starts_with("HTTP/1.1 202 "), "{sent}");
    let heard = timeout(PATIENCE, socket.next()).await.expect("a frame");
    assert!(
        matches!(heard, Some(Ok(Message::Text(ref text))) if text.contains("from the page")),
        "{heard:?}"
    );
}

#[tokio::test]
async fn who_says_nothing_or_too_little_is_hung_up_on() {
    let (_child, host, _) = started(&["--head-timeout", "1"]).await;
    let head = get("/api/health", &host, "").replace("connection: close\r\n", "");
    for (what, first, drip) in [
        ("nothing", "", ""),
        ("half a head", "GET /api/health HTTP/1.1\r\nhost", ""),
        (
            "a head drop by drop",
            "GET /api/health HTTP/1.1\r\n",
            "a: b\r\n",
        ),
        ("nothing after an answer", &head, ""),
    ] {
        let mut stream = TcpStream::connect(&host).await.expect("connects");
        stream
            .write_all(first.as_bytes())
            .await
            .expect("is written");
        let mut every = tokio::time::interval(Duration::from_millis(100));
        let until_hung_up = async {
            let mut bytes = [0; 512];
            loop {
                tokio::select! {
                    read = stream.read(&mut bytes) => if matches!(read, Ok(0) | Err(_)) { return },
                    _ = every.tick() => {
                        // The other side may have hung up by now.
                        let _ = stream.write_all(drip.as_bytes()).await;
                    }
                }
            }
        };
        let ended = timeout(PATIENCE, until_hung_up).await;
        assert!(ended.is_ok(), "{what} holds a connection");
    }
}

#[tokio::test]
async fn logs_are_json_and_hold_no_token_and_no_body() {
    let (url, _) = handler().await;
    let words = format!("url={url} bearer=the-handlers-token system-events=connect");
    let mut child = program(&["--port", "0", "--log", "info,hub=trace", "--json-logs"])
        .args(["--handler", &words, "--key", KEY])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("is piped")).lines();
    let first = timeout(PATIENCE, lines.next_line()).await.expect("a line");
    let first = first.expect("can be read").expect("is there");
    let host = first
        .strip_prefix("Endpoint=http://")
        .and_then(|rest| rest.split(';').next())
        .expect("a connection string");
    let mut socket = client(host, KEY).await;
    let event = r#"{"type":"event","event":"e","dataType":"text","data":"the-body","ackId":1}"#;
    use futures::SinkExt as _;
    socket.send(Message::text(event)).await.expect("is sent");
    timeout(PATIENCE, socket.next()).await.expect("an ack");
    terminate(&mut child).await;
    let mut said = String::new();
    let mut stderr = child.stderr.take().expect("is piped");
    stderr.read_to_string(&mut said).await.expect("is text");
    assert!(said.lines().count() >= 3, "{said}");
    for line in said.lines() {
        assert!(
            serde_json::from_str::<serde_json::Value>(line).is_ok(),
            "{line}"
        );
    }
    for secret in ["access_token", "eyJ", "the-body", "the-handlers-token", KEY] {
        assert!(!said.contains(secret), "{secret}: {said}");
    }
}

#[tokio::test]
async fn a_file_of_settings_is_read_and_what_is_wrong_with_it_is_told_at_once() {
    let folder = std::env::temp_dir().join(format!("hub-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("hub.toml");
    let name = path.to_str().expect("is text");
    let write = |text: &str| std::fs::write(&path, text).expect("is written");
    write(&format!("port = 1\nkey = \"{KEY}\"\nhub = [\"chat\"]\n"));
    let (_child, host, key) = started(&["--config", name]).await;
    assert_eq!(key, KEY);
    assert!(!host.ends_with(":1"), "the command line outranks the file");
    let elsewhere = answer(&host, &get("/client/hubs/other", &host, "")).await;
    assert!(elsewhere.starts_with("HTTP/1.1 404 "), "{elsewhere}");

    write(
        "keep-alive = 0\n[[handler]]\nurl = \"https://h/\"\n[[handler]]\nhub = \"9\"\nurl = \"http://h/\"\n",
    );
    let (code, said) = output(&["--config", name, "--drain", "9999"]).await;
    assert_eq!(code, Some(1));
    for word in ["keep-alive", "drain", "http only", "`9` names no hub"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    write("key = \"the-secret\nport = 1\n");
    let (code, said) = output(&["--config", name]).await;
    assert_eq!(code, Some(1));
    assert!(
        said.contains("line 1") && !said.contains("the-secret"),
        "{said}"
    );
    std::fs::remove_dir_all(&folder).expect("is removed");
    let (_, said) = output(&["--config", name]).await;
    assert!(said.contains("cannot read"), "{said}");
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
    let bad = "url=http://h/; url=http://h/ bearer=a not-to-be-told";
    let (code, said) = output(&["--handler", bad]).await;
    assert_eq!(code, Some(1));
    let unquoted = ["--handler", "url=http://h/", "bearer=not-to-be-told"];
    let (code, told) = output(&unquoted).await;
    assert_eq!(code, Some(2));
    assert!(told.contains("without quotes"), "{told}");
    assert!(!told.contains("not-to-be-told"), "{told}");
    let from_environment = program(&[]).env("HUB_HANDLERS", bad).output();
    let ended = timeout(PATIENCE, from_environment).await.expect("it ends");
    let ended = ended.expect("it starts");
    assert_eq!(ended.status.code(), Some(1));
    for said in [said, String::from_utf8_lossy(&ended.stderr).into_owned()] {
        assert!(said.contains("handler 2: word 3"), "{said}");
        assert!(!said.contains("not-to-be-told"), "{said}");
    }
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
