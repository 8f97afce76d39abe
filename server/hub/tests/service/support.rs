//! A hub on a port of its own, clients that speak in verbs, and a handler that remembers what it was told.

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use http::{HeaderMap, Method, Request, Response};
use hub::{Config, Handler, HttpService, Hub};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use wire::frame::{ClientFrame, Payload, ServiceFrame};
use wire::rest::Call;
use wire::token::{Claims, sign};

pub const KEY: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";
pub const JSON: &str = "json.webpubsub.azure.v1";
pub const RELIABLE: &str = "json.reliable.webpubsub.azure.v1";
pub const PROTOBUF: &str = "protobuf.webpubsub.azure.v1";
pub const RELIABLE_PROTOBUF: &str = "protobuf.reliable.webpubsub.azure.v1";
/// Roles for everything.
pub const ALL: &[&str] = &["webpubsub.joinLeaveGroup", "webpubsub.sendToGroup"];
/// Longer than anything here takes; a test that waits for it has failed.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// One webhook call as the handler saw it.
#[derive(Clone, Debug)]
pub struct Told {
    pub method: Method,
    pub uri: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Told {
    /// Without a body.
    pub fn of(parts: &http::request::Parts) -> Self {
        Self {
            method: parts.method.clone(),
            uri: parts.uri.to_string(),
            headers: parts.headers.clone(),
            body: Bytes::new(),
        }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

type Answerer = dyn Fn(&Told) -> Response<Body> + Send + Sync;

/// The running service.
pub struct Service {
    pub hub: Hub,
    pub host: String,
    pub told: Arc<Mutex<Vec<Told>>>,
}

pub fn text(text: &str) -> Payload {
    Payload::Text(text.into())
}

pub fn config() -> Config {
    Config::new(KEY)
}

impl Service {
    /// A hub without a handler.
    pub async fn alone(config: Config) -> Self {
        Self::with(config, |_| Response::new(Body::empty())).await
    }

    /// A hub whose every event is answered by `answer`.
    pub async fn handled(answer: impl Fn(&Told) -> Response<Body> + Send + Sync + 'static) -> Self {
        let handlers = vec![Handler::of_everything("/handle/{event}")];
        Self::with(
            Config {
                handlers,
                retention: Duration::from_millis(300),
                ..config()
            },
            answer,
        )
        .await
    }

    pub async fn with(
        config: Config,
        answer: impl Fn(&Told) -> Response<Body> + Send + Sync + 'static,
    ) -> Self {
        let told = Arc::new(Mutex::new(Vec::new()));
        let application = application(told.clone(), Arc::new(answer));
        Self::calling(config, application, told).await
    }

    /// A hub that calls an application of the test's own making.
    pub async fn calling(
        config: Config,
        application: HttpService,
        told: Arc<Mutex<Vec<Told>>>,
    ) -> Self {
        let hub = Hub::new(config);
        let router: Router = hub.rest_router().merge(hub.socket_router(application));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let host = listener.local_addr().expect("an address").to_string();
        tokio::spawn(async move { axum::serve(Port(listener), router).await });
        Self { hub, host, told }
    }

    pub fn token(&self, user: Option<&str>, roles: &[&str], groups: &[&str]) -> String {
        self.token_for("chat", user, roles, groups)
    }

    pub fn token_for(
        &self,
        hub: &str,
        user: Option<&str>,
        roles: &[&str],
        groups: &[&str],
    ) -> String {
        sign(
            &Claims {
                aud: format!("http://{}/client/hubs/{hub}", self.host),
                exp: u64::from(u32::MAX),
                sub: user.map(str::to_owned),
                role: roles.iter().map(|role| (*role).to_owned()).collect(),
                groups: groups.iter().map(|group| (*group).to_owned()).collect(),
                ..Claims::default()
            },
            KEY,
        )
        .expect("signs")
    }

    /// Connects with a token of these roles; panics if refused.
    pub async fn client(&self, protocol: &str, user: &str, roles: &[&str]) -> Client {
        let token = self.token(Some(user), roles, &[]);
        self.open(&format!("access_token={token}"), protocol)
            .await
            .expect("is let in")
    }

    pub async fn open(&self, query: &str, protocol: &str) -> Result<Client, u16> {
        self.open_at(
            &format!("/client/hubs/chat?{query}"),
            &[("sec-websocket-protocol", protocol)],
        )
        .await
    }

    /// Opens a socket; the error is the status of the refusal.
    pub async fn open_at(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Client, u16> {
        let mut request = format!("ws://{}{path}", self.host)
            .into_client_request()
            .expect("a URL");
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request
                .headers_mut()
                .insert(*name, value.parse().expect("a header"));
        }
        // Small frames are sent at once: nothing here waits for the network's own patience.
        match tokio_tungstenite::connect_async_with_config(request, None, true).await {
            Ok((socket, response)) => {
                let subprotocol = response
                    .headers()
                    .get("sec-websocket-protocol")
                    .and_then(|value| value.to_str().ok())
                    .map(str::to_owned);
                Ok(Client {
                    socket,
                    subprotocol,
                })
            }
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
                Err(response.status().as_u16())
            }
            Err(other) => panic!("neither let in nor refused: {other}"),
        }
    }

    /// Performs a REST call over real HTTP bytes and returns the status.
    pub async fn call(&self, call: Call) -> u16 {
        self.answer(call).await.status().as_u16()
    }

    pub async fn answer(&self, call: Call) -> Response<Bytes> {
        let mut request = call
            .to_request(&format!("http://{}", self.host), "chat")
            .expect("a request");
        let claims = Claims {
            aud: request.uri().to_string(),
            exp: u64::from(u32::MAX),
            ..Claims::default()
        };
        let token = sign(&claims, KEY).expect("signs");
        request.headers_mut().insert(
            "authorization",
            format!("Bearer {token}").parse().expect("a header"),
        );
        self.request(request).await
    }

    /// A REST call with a valid token, written by hand; its status, its body, and the header with its error code.
    pub async fn rest(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (u16, Value, String) {
        let claims = Claims {
            aud: format!("http://{}{path}", self.host),
            exp: u64::from(u32::MAX),
            ..Claims::default()
        };
        let token = sign(&claims, KEY).expect("signs");
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.host))
            .header("authorization", format!("Bearer {token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .expect("a request");
        let answer = self.request(request).await;
        let code = answer.headers().get("x-ms-error-code");
        let code = code.and_then(|code| code.to_str().ok()).unwrap_or_default();
        (
            answer.status().as_u16(),
            serde_json::from_slice(answer.body()).unwrap_or_default(),
            code.to_owned(),
        )
    }

    /// A member of a group, past its greeting.
    pub async fn member(&self, protocol: &str, user: &str, group: &str) -> Client {
        let token = self.token(Some(user), ALL, &[group]);
        let mut client = self
            .open(&format!("access_token={token}"), protocol)
            .await
            .expect("is let in");
        if !protocol.is_empty() {
            client.next().await;
        }
        client
    }

    pub async fn request(&self, request: Request<Bytes>) -> Response<Bytes> {
        let response = self
            .hub
            .rest_router()
            .oneshot(request.map(Body::from))
            .await
            .expect("answers");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX)
            .await
            .expect("a body");
        Response::from_parts(parts, bytes)
    }

    /// Waits until the handler was told about `name`, and returns every telling of it.
    pub async fn told_of(&self, name: &str) -> Vec<Told> {
        let wait = async {
            loop {
                let found: Vec<Told> = self
                    .told
                    .lock()
                    .expect("not poisoned")
                    .iter()
                    .filter(|told| told.header("ce-eventname") == name)
                    .cloned()
                    .collect();
                if !found.is_empty() {
                    return found;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, wait)
            .await
            .unwrap_or_else(|_| panic!("was never told of {name}"))
    }
}

/// Accepts connections as a program does that minds its goodbyes.
struct Port(tokio::net::TcpListener);

impl axum::serve::Listener for Port {
    type Io = hub::Lingering<TcpStream>;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            if let Ok((stream, address)) = self.0.accept().await
                && stream.set_nodelay(true).is_ok()
            {
                return (hub::Lingering::new(stream), address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

fn application(told: Arc<Mutex<Vec<Told>>>, answer: Arc<Answerer>) -> HttpService {
    BoxCloneSyncService::new(tower::service_fn(move |request: Request<Body>| {
        let (told, answer) = (told.clone(), answer.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await?;
            let seen = Told {
                body,
                ..Told::of(&parts)
            };
            told.lock().expect("not poisoned").push(seen.clone());
            if parts.method == http::Method::OPTIONS {
                return Ok(Response::builder()
                    .header("WebHook-Allowed-Origin", "*")
                    .body(Body::empty())?);
            }
            Ok(answer(&seen))
        }
    }))
}

/// A hub whose handler answers an event only when it is let, and the means to let it.
pub async fn gated() -> (Service, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let told = Arc::new(Mutex::new(Vec::new()));
    let (notes, opened) = (told.clone(), gate.clone());
    let application = BoxCloneSyncService::new(tower::service_fn(move |request: Request<Body>| {
        let (notes, opened) = (notes.clone(), opened.clone());
        async move {
            let (parts, _) = request.into_parts();
            let seen = Told::of(&parts);
            notes.lock().expect("not poisoned").push(seen);
            let answer = Response::builder().header("WebHook-Allowed-Origin", "*");
            if parts.method != Method::OPTIONS {
                opened.acquire().await?.forget();
            }
            Ok(answer.body(Body::empty())?)
        }
    }));
    let config = Config {
        handlers: vec![Handler {
            system_events: Vec::new(),
            ..Handler::of_everything("/handle/{event}")
        }],
        ..Config::new(KEY)
    };
    (Service::calling(config, application, told).await, gate)
}

/// A socket that speaks JSON.
pub struct Client {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub subprotocol: Option<String>,
}

impl Client {
    pub async fn send(&mut self, text: &str) {
        self.socket
            .send(Message::text(text))
            .await
            .expect("is sent");
    }

    /// The next message, whatever it is.
    pub async fn next(&mut self) -> Message {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next())
                .await
                .expect("something arrives");
            match next.expect("the socket is open").expect("a frame") {
                Message::Ping(_) | Message::Pong(_) => {}
                other => return other,
            }
        }
    }

    pub async fn text(&mut self) -> String {
        match self.next().await {
            Message::Text(text) => text.to_string(),
            other => panic!("not a text: {other:?}"),
        }
    }

    pub async fn json(&mut self) -> Value {
        serde_json::from_str(&self.text().await).expect("JSON")
    }

    /// Sends a frame as the protobuf subprotocols have it.
    pub async fn send_protobuf(&mut self, frame: &ClientFrame) {
        let bytes = frame.to_protobuf().expect("has a form");
        self.socket
            .send(Message::Binary(bytes))
            .await
            .expect("is sent");
    }

    /// The next frame of a protobuf subprotocol.
    pub async fn protobuf(&mut self) -> ServiceFrame {
        match self.next().await {
            Message::Binary(bytes) => ServiceFrame::from_protobuf(bytes)
                .expect("protobuf")
                .expect("a known frame"),
            other => panic!("not binary: {other:?}"),
        }
    }

    /// The id and the reconnection token of the greeting.
    pub async fn greeting(&mut self) -> (String, String) {
        let greeting = self.json().await;
        let text = |key: &str| greeting[key].as_str().unwrap_or_default().to_owned();
        (text("connectionId"), text("reconnectionToken"))
    }

    /// Reads until the socket is closed; the close code.
    pub async fn closed(&mut self) -> Option<u16> {
        loop {
            match tokio::time::timeout(PATIENCE, self.socket.next())
                .await
                .expect("is closed")
            {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// Proves that nothing else was waiting: a ping's answer comes next.
    pub async fn has_nothing(&mut self) {
        self.send(r#"{"type":"ping"}"#).await;
        assert_eq!(self.text().await, r#"{"type":"pong"}"#);
    }

    /// Drops the socket without a goodbye.
    pub fn cut(self) {
        drop(self);
    }
}
