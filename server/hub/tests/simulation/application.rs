//! An application behind the hub: it writes down each thing that is said once, publishes it to everybody in the order
//! of its log, and answers. It can be slow, and it can fail before it did it, or after. Refuses to know the network.

use super::chance::Chance;
use axum::Router;
use axum::body::Body;
use http::{Method, Request, Response};
use hub::HttpService;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tower::ServiceExt as _;
use tower::util::BoxCloneSyncService;
use wire::frame::Payload;
use wire::rest::{Call, Target};
use wire::token::{Claims, sign};

pub const KEY: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";

/// The group of what the application publishes.
pub const LOG: &str = "log";

#[derive(Clone)]
pub struct Application {
    state: Arc<Mutex<State>>,
    /// One thing is written down and published at a time: the log is the order of the publications.
    turn: Arc<tokio::sync::Mutex<()>>,
}

struct State {
    log: Vec<u64>,
    known: HashSet<u64>,
    ends: HashMap<String, u32>,
    /// The hub's REST door; `None` while there is no hub.
    rest: Option<Router>,
    chance: Chance,
    /// Milliseconds that an answer takes at most.
    slow: u64,
    /// Of a hundred events, how many fail.
    failing: u64,
}

impl Application {
    pub fn new(seed: u64) -> Self {
        let state = State {
            log: Vec::new(),
            known: HashSet::new(),
            ends: HashMap::new(),
            rest: None,
            chance: Chance::new(seed),
            slow: 0,
            failing: 0,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            turn: Arc::default(),
        }
    }

    pub fn publish_through(&self, rest: Option<Router>) {
        self.lock().rest = rest;
    }

    pub fn weather(&self, slow: u64, failing: u64) {
        let mut state = self.lock();
        (state.slow, state.failing) = (slow, failing);
    }

    pub fn log(&self) -> Vec<u64> {
        self.lock().log.clone()
    }

    pub fn written(&self) -> usize {
        self.lock().log.len()
    }

    /// A connection whose end was told more than once.
    pub fn told_twice(&self) -> bool {
        self.lock().ends.values().any(|ends| *ends > 1)
    }

    /// What the hub calls.
    pub fn service(&self) -> HttpService {
        let application = self.clone();
        BoxCloneSyncService::new(tower::service_fn(move |request: Request<Body>| {
            let application = application.clone();
            async move {
                let (parts, body) = request.into_parts();
                let answer = Response::builder().header("WebHook-Allowed-Origin", "*");
                if parts.method == Method::OPTIONS {
                    return Ok(answer.body(Body::empty())?);
                }
                let header = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok());
                if header("ce-type").is_some_and(|kind| kind.contains(".sys.")) {
                    if header("ce-eventname") == Some("disconnected") {
                        let id = header("ce-connectionid").unwrap_or_default().to_owned();
                        *application.lock().ends.entry(id).or_default() += 1;
                    }
                    return Ok(answer.status(204).body(Body::empty())?);
                }
                let body = axum::body::to_bytes(body, 1_000).await?;
                let status = application.hear(std::str::from_utf8(&body)?.parse()?).await;
                Ok(answer.status(status).body(Body::empty())?)
            }
        }))
    }

    async fn hear(&self, key: u64) -> u16 {
        let (wait, fails_before, fails_after) = {
            let mut state = self.lock();
            let (slow, failing) = (state.slow, state.failing);
            let wait = state.chance.below(slow + 1);
            let (before, after) = (state.chance.percent(failing), state.chance.percent(failing));
            (wait, before, after)
        };
        if wait > 0 {
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
        if fails_before {
            return 503;
        }
        let new = self.lock().known.insert(key);
        if new {
            self.write(key).await;
        }
        if fails_after { 503 } else { 200 }
    }

    /// Writes one thing down and tells everybody.
    pub async fn write(&self, key: u64) {
        let _turn = self.turn.lock().await;
        let (number, rest) = {
            let mut state = self.lock();
            state.log.push(key);
            (state.log.len() as u64, state.rest.clone())
        };
        let payload = Payload::json(&(number, key)).expect("numbers are JSON");
        if let Some(rest) = rest {
            let call = Call::send(Target::Group(LOG.into()), payload);
            assert_eq!(perform(rest, call).await, 202, "a message is taken");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a call; its status.
pub async fn perform(rest: Router, call: Call) -> u16 {
    let mut request = call.to_request("http://hub", "chat").expect("a request");
    let claims = Claims {
        aud: request.uri().to_string(),
        exp: u64::from(u32::MAX),
        ..Claims::default()
    };
    let token = sign(&claims, KEY).expect("signs");
    let bearer = format!("Bearer {token}").parse().expect("a header");
    request.headers_mut().insert("authorization", bearer);
    let answer = rest.oneshot(request.map(Body::from)).await;
    answer.expect("answers").status().as_u16()
}
