//! A server on a port of its own, and people who use it as a page does: a cookie, a ticket, a socket.

use super::program::{Folder, Program};
use super::surroundings::Surroundings;
use app::chat::{
    Access, Answer, Chat, ChatId, ChatSummary, Command, DraftId, Fact, Message, Notice, Outcome,
    Page, Person, Post, Record, Refusal, Snapshot, Talk, UserId, Window,
};
use axum::Router;
use axum::body::{Body, to_bytes};
use clap::Parser;
use futures::{SinkExt, StreamExt};
use http::header::{CONTENT_TYPE, COOKIE, HOST, ORIGIN, SET_COOKIE};
use http::{Method, Request, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use server::Running;
use server::chat::Pace;
use server::config::Settings as Options;
use server::listen::{Limits, serve};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tower::ServiceExt;

pub const JSON: &str = "json.webpubsub.azure.v1";

/// Longer than anything here takes; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct House {
    pub host: String,
    door: Door,
    /// Kept for as long as the server uses it.
    _folder: Arc<Folder>,
    _around: Option<Surroundings>,
}

/// How a request reaches the server.
enum Door {
    /// It runs in this process.
    Here { router: Router, _running: Running },
    /// It is a program of its own.
    There(Program),
}

impl House {
    pub async fn new() -> House {
        House::with(&["--limits=relaxed"]).await
    }

    pub async fn with(options_of_test: &[&str]) -> House {
        House::paced(Pace::default(), options_of_test).await
    }

    pub async fn paced(pace: Pace, options_of_test: &[&str]) -> House {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let host = listener.local_addr().expect("an address").to_string();
        let around = Surroundings::of(&host).await;
        let folder = Folder::new();
        let data = format!("--data-dir={}", folder.path().display());
        let besides = around.options();
        let besides = besides.iter().map(String::as_str);
        let options = ["chatr", data.as_str()].into_iter().chain(besides);
        let options = options.chain(options_of_test.iter().copied());
        let config = Options::parse_from(options).check().expect("settings");
        let built = server::build_at(&config, pace).await.expect("a server");
        let limits = Limits::new(true, false);
        tokio::spawn(serve(
            listener,
            built.router.clone(),
            limits,
            std::future::pending(),
        ));
        House {
            host,
            door: Door::Here {
                router: built.router,
                _running: built.running,
            },
            _folder: folder,
            _around: Some(around),
        }
    }

    /// The program itself, in a process of its own that can be killed.
    pub fn program(folder: &Arc<Folder>) -> House {
        let program = Program::start(folder);
        House {
            host: program.host.clone(),
            door: Door::There(program),
            _folder: folder.clone(),
            _around: None,
        }
    }

    /// Ends the program in the middle of whatever it does.
    pub fn kill(&mut self) {
        if let Door::There(program) = &mut self.door {
            program.kill();
        }
    }

    /// Somebody signs in, and opens a socket as a page does.
    pub async fn enter(&self, name: &str) -> Guest {
        let mut guest = self.sign_in(name).await;
        guest.socket = Some(self.open(&guest).await.expect("is let in"));
        guest
    }

    pub async fn sign_in(&self, name: &str) -> Guest {
        let form = format!("name={name}");
        let request = self
            .request(Method::POST, "/.auth/login/guest")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form));
        let answer = self.answer(request.expect("a request")).await;
        let cookie = answer.2.split(';').next().unwrap_or_default().to_owned();
        assert!(!cookie.is_empty(), "{:?}", answer.0);
        let mut guest = Guest {
            me: nobody(),
            lobby: ChatId::from_bytes([0; 16]),
            cookie,
            socket: None,
            waiting: VecDeque::new(),
            next_ack: 1,
        };
        let snapshot = self.snapshot(&guest, None).await;
        guest.me = snapshot.me;
        guest.lobby = snapshot.default_chat;
        guest
    }

    pub async fn open(&self, guest: &Guest) -> Result<Socket, u16> {
        let ticket: Value = self
            .api(guest, "getToken", json!({}))
            .await
            .expect("a ticket");
        let url = ticket["url"].as_str().expect("a URL").to_owned();
        self.open_at(&url, &format!("http://{}", self.host)).await
    }

    pub async fn open_at(&self, url: &str, origin: &str) -> Result<Socket, u16> {
        let mut request = url.into_client_request().expect("a URL");
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", JSON.parse().expect("a header"));
        headers.insert(ORIGIN, origin.parse().expect("a header"));
        match tokio_tungstenite::connect_async(request).await {
            Ok((mut socket, _)) => {
                let first = read(&mut socket).await.expect("says hello");
                assert_eq!(first["event"], "connected");
                Ok(socket)
            }
            Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(other) => panic!("neither let in nor refused: {other}"),
        }
    }

    /// Calls a server function.
    pub async fn api<T: DeserializeOwned>(
        &self,
        guest: &Guest,
        name: &str,
        arguments: Value,
    ) -> Result<T, (StatusCode, String)> {
        let request = self
            .request(Method::POST, &format!("/api/{name}"))
            .header(COOKIE, &guest.cookie)
            .header(CONTENT_TYPE, "application/json")
            .header("accept", "application/json")
            .body(Body::from(arguments.to_string()));
        let (status, body, _) = self.answer(request.expect("a request")).await;
        if !status.is_success() {
            return Err((status, body));
        }
        Ok(serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}")))
    }

    pub async fn snapshot(&self, guest: &Guest, open: Option<ChatId>) -> Snapshot {
        let snapshot = self.api(guest, "snapshot", json!({ "open": open })).await;
        snapshot.expect("a snapshot")
    }

    pub async fn page(&self, guest: &Guest, chat: ChatId) -> Result<Page, (StatusCode, String)> {
        let window = Window::Latest;
        self.api(guest, "messages", json!({ "chat": chat, "window": window }))
            .await
    }

    pub async fn chats(&self, guest: &Guest) -> Vec<ChatSummary> {
        self.api(guest, "chats", json!({})).await.expect("chats")
    }

    pub fn request(&self, method: Method, path: &str) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.host)
            .header(ORIGIN, format!("http://{}", self.host))
    }

    pub async fn respond(&self, request: Request<Body>) -> Response<Body> {
        match &self.door {
            Door::Here { router, .. } => router.clone().oneshot(request).await.expect("answers"),
            Door::There(program) => program.answer(request).await,
        }
    }

    /// Status, body, and the cookie that was set.
    pub async fn answer(&self, request: Request<Body>) -> (StatusCode, String, String) {
        let response = self.respond(request).await;
        let status = response.status();
        let cookie = response.headers().get(SET_COOKIE);
        let cookie = cookie
            .map_or("", |value| value.to_str().expect("text"))
            .to_owned();
        let bytes = to_bytes(response.into_body(), usize::MAX)
            .await
            .expect("a body");
        (status, String::from_utf8_lossy(&bytes).into_owned(), cookie)
    }
}

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Somebody who is signed in.
pub struct Guest {
    pub me: Person,
    pub lobby: ChatId,
    pub cookie: String,
    pub socket: Option<Socket>,
    /// Frames that came while another was waited for.
    waiting: VecDeque<Value>,
    next_ack: u64,
}

impl Guest {
    pub fn id(&self) -> UserId {
        self.me.id
    }

    pub async fn ask(&mut self, command: Command) -> Outcome {
        let data: Value = serde_json::from_str(&command.data()).expect("JSON");
        self.event(command.name(), data).await.outcome
    }

    pub async fn does(&mut self, command: Command) -> Vec<Fact> {
        match self.ask(command).await {
            Outcome::Done { facts, .. } => facts,
            Outcome::Refused { why } => panic!("refused: {why}"),
        }
    }

    pub async fn is_refused(&mut self, command: Command) -> Refusal {
        match self.ask(command).await {
            Outcome::Refused { why } => why,
            Outcome::Done { facts, .. } => panic!("done: {facts:?}"),
        }
    }

    /// Sends any event at all, and waits for the answer to it.
    pub async fn event(&mut self, name: &str, data: Value) -> Answer {
        let ack = self.next_ack;
        self.next_ack += 1;
        self.send(json!({
            "type": "event", "event": name, "dataType": "json", "data": data, "ackId": ack,
        }))
        .await;
        let answer = self
            .until(|frame| frame["data"]["answer"].is_object())
            .await;
        match Notice::from_json(&answer["data"].to_string()).expect("a notice") {
            Notice::Answer(answer) => answer,
            Notice::Fact(fact) => panic!("a fact came as an answer: {fact:?}"),
        }
    }

    /// As `ask`, of a server that may end at any moment: `None` if it did.
    pub async fn tries(&mut self, command: &Command) -> Option<Outcome> {
        let data: Value = serde_json::from_str(&command.data()).expect("JSON");
        let frame = json!({
            "type": "event", "event": command.name(), "dataType": "json", "data": data,
        });
        let text = tungstenite::Message::text(frame.to_string());
        let socket = self.socket.as_mut().expect("a socket");
        socket.send(text).await.ok()?;
        loop {
            let frame = self.read().await?;
            if frame["data"]["answer"].is_object() {
                match Notice::from_json(&frame["data"].to_string()).expect("a notice") {
                    Notice::Answer(answer) => return Some(answer.outcome),
                    Notice::Fact(fact) => panic!("a fact came as an answer: {fact:?}"),
                }
            }
        }
    }

    /// Sends something to a group directly; the error's name if the service refused.
    pub async fn publish(&mut self, group: String, data: Value) -> Result<(), String> {
        let ack = self.next_ack;
        self.next_ack += 1;
        self.send(json!({
            "type": "sendToGroup", "group": group, "dataType": "json", "data": data, "ackId": ack,
            "noEcho": true,
        }))
        .await;
        let answer = self
            .until(|frame| frame["type"] == "ack" && frame["ackId"] == ack)
            .await;
        match answer["success"].as_bool() {
            Some(true) => Ok(()),
            _ => Err(answer["error"]["name"]
                .as_str()
                .unwrap_or("unknown")
                .to_owned()),
        }
    }

    pub async fn says(&mut self, chat: ChatId, talk: Talk) -> Result<(), String> {
        let data = serde_json::to_value(talk).expect("JSON");
        self.publish(chat.talk_group(), data).await
    }

    /// Waits for a fact that fits, as the server tells it to groups and people.
    pub async fn hears(&mut self, fits: impl Fn(&Fact) -> bool) -> Fact {
        let mut found = None;
        self.until(|frame| {
            let fact = fact(frame).filter(|fact| fits(fact));
            let is_it = fact.is_some();
            found = fact.or(found.take());
            is_it
        })
        .await;
        found.expect("until found it")
    }

    pub async fn hears_message(&mut self, text: &str) -> Message {
        let fact = self
            .hears(|fact| matches!(fact, Fact::MessagePosted(message) if message.body.as_str() == text))
            .await;
        match fact {
            Fact::MessagePosted(message) => message,
            other => panic!("{other:?}"),
        }
    }

    /// Waits for what a member said directly: who the service says it was, and the data.
    pub async fn hears_talk(&mut self, chat: ChatId) -> (String, Value) {
        let group = chat.talk_group();
        let frame = self.until(|frame| frame["group"] == group.as_str()).await;
        (
            frame["fromUserId"].as_str().unwrap_or_default().to_owned(),
            frame["data"].clone(),
        )
    }

    /// Everything that has come so far: a ping's answer comes after it.
    pub async fn everything(&mut self) -> Vec<Value> {
        self.send(json!({ "type": "ping" })).await;
        let mut all: Vec<Value> = self.waiting.drain(..).collect();
        loop {
            let frame = self.read().await.expect("the socket is open");
            if frame["type"] == "pong" {
                return all;
            }
            all.push(frame);
        }
    }

    /// Waits until the server has closed the socket.
    pub async fn is_closed(&mut self) {
        while self.read().await.is_some() {}
    }

    pub async fn send(&mut self, frame: Value) {
        let socket = self.socket.as_mut().expect("a socket");
        let text = tungstenite::Message::text(frame.to_string());
        socket.send(text).await.expect("is sent");
    }

    async fn until(&mut self, mut fits: impl FnMut(&Value) -> bool) -> Value {
        if let Some(place) = self.waiting.iter().position(&mut fits) {
            return self.waiting.remove(place).expect("it is there");
        }
        loop {
            let frame = self.read().await.expect("the socket is open");
            if fits(&frame) {
                return frame;
            }
            self.waiting.push_back(frame);
        }
    }

    async fn read(&mut self) -> Option<Value> {
        read(self.socket.as_mut().expect("a socket")).await
    }
}

pub fn fact(frame: &Value) -> Option<Fact> {
    match Notice::from_json(&frame["data"].to_string()) {
        Ok(Notice::Fact(fact)) if frame["fromUserId"].is_null() => Some(*fact),
        Ok(_) | Err(_) => None,
    }
}

pub fn post(chat: ChatId, text: &str) -> Command {
    Command::PostMessage(Post {
        chat,
        draft: DraftId::random(),
        body: text.parse().expect("fit"),
    })
}

pub fn create(name: &str, access: Access, record: Record) -> Command {
    Command::CreateChat {
        draft: DraftId::random(),
        name: name.parse().expect("fit"),
        access,
        record,
    }
}

/// The chat that a command made.
pub fn made(facts: &[Fact]) -> Chat {
    let chat = facts.iter().find_map(|fact| match fact {
        Fact::ChatCreated { chat, .. } | Fact::JoinPrivateChat { chat, .. } => Some(chat.clone()),
        _ => None,
    });
    chat.expect("a chat")
}

async fn read(socket: &mut Socket) -> Option<Value> {
    loop {
        let next = tokio::time::timeout(PATIENCE, socket.next()).await;
        match next.expect("something arrives")? {
            Ok(tungstenite::Message::Text(text)) => {
                return Some(serde_json::from_str(&text).expect("JSON"));
            }
            Ok(tungstenite::Message::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

fn nobody() -> Person {
    Person {
        id: UserId::from_bytes([0; 16]),
        name: "nobody".parse().expect("fit"),
        tag: None,
        kind: app::chat::Kind::Guest,
    }
}
