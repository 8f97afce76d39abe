//! A site over the real chat service and a store of its own, and a browser to look at it. What would leave the
//! process is only noted: calls to Web PubSub, and sockets that should close.

use app::chat::{
    Access, Body as Text, ChatId, Command, DraftId, Fact, Outcome, Post, Record, Settings, UserId,
};
use axum::Router;
use axum::body::{Body, to_bytes};
use clap::Parser;
use http::header::{COOKIE, HOST, LOCATION, SET_COOKIE};
use http::{HeaderMap, Request, StatusCode};
use server::auth::{Closing, Sockets};
use server::chat::moderator::LocalModerator;
use server::chat::{ChatService, Existing, Performing, Publish, Wiring};
use server::clock;
use server::config::{Config, Secret, Settings as Options};
use server::store::Sqlite;
use server::transport::https;
use server::web::{Desk, Issuing, Parts, Tickets, router};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tower::ServiceExt;
use wire::rest::Call;

/// Calling by this name breaks something inside.
pub const TRAP: &str = "trap.localhost:3000";

/// What lies outside.
#[derive(Default)]
pub struct Outside {
    pub closed: Mutex<Vec<UserId>>,
}

impl Publish for Outside {
    fn perform(&self, _: Call) -> Performing<'_> {
        Box::pin(async { Ok(()) })
    }

    fn exists(&self, _: &str) -> Existing<'_> {
        Box::pin(async { Ok(true) })
    }
}

impl Sockets for Outside {
    fn close(&self, user: UserId) -> Closing<'_> {
        self.closed.lock().unwrap().push(user);
        Box::pin(async {})
    }
}

impl Tickets for Outside {
    fn ticket(&self, user: UserId, origin: String) -> Issuing<'_> {
        Box::pin(async move {
            assert!(!origin.contains(TRAP), "the trap has sprung");
            Ok(format!("{origin}/for/{user}"))
        })
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// Where it redirects to; empty if it does not.
    pub fn location(&self) -> &str {
        self.header(LOCATION.as_str())
    }

    /// The pair that a browser would send back.
    pub fn cookie(&self) -> &str {
        let set = self.header(SET_COOKIE.as_str());
        set.split(';').next().unwrap_or_default()
    }
}

/// The site, and what stands behind it.
pub struct Town {
    pub outside: Arc<Outside>,
    pub service: Arc<ChatService>,
    router: Router,
    host: &'static str,
    folder: Arc<Folder>,
}

/// Gone with the last town that uses it.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn site(service: &Arc<ChatService>, outside: &Arc<Outside>, config: Config) -> Router {
    router(Parts {
        backend: Arc::new(Desk {
            service: service.clone(),
            tickets: outside.clone(),
            public_url: config.public_url.clone(),
        }),
        people: service.clone(),
        sockets: outside.clone(),
        session_key: Secret::new("a key for tests ".repeat(4)),
        http: config.sign_in.asks().then(|| https().unwrap()),
        config,
    })
}

impl Town {
    pub async fn new() -> Town {
        Town::with(&[]).await
    }

    /// One that is called by this name.
    pub async fn called(host: &'static str, options: &[&str]) -> Town {
        let mut town = Town::with(options).await;
        town.host = host;
        town
    }

    /// A site with these options of the program.
    pub async fn with(options: &[&str]) -> Town {
        let options = [&["chatr"], options].concat();
        let config = Options::parse_from(options).check().unwrap();
        let folder = std::env::temp_dir().join(format!("chatr-web-{}", UserId::random()));
        fs::create_dir_all(&folder).unwrap();
        let outside = Arc::new(Outside::default());
        let service = ChatService::start(Wiring {
            store: Arc::new(Sqlite::open(&folder.join("chatr.sqlite")).unwrap()),
            publish: outside.clone(),
            moderator: Arc::new(LocalModerator),
            bots: Vec::new(),
            settings: Settings {
                idle_seconds: config.idle_seconds,
            },
            relaxed: config.relaxed,
            shared: None,
            clock: Arc::new(clock::now),
        })
        .await
        .unwrap();
        let host = match config.public_url {
            Some(_) => "chat.example",
            None => "127.0.0.1:3000",
        };
        Town {
            router: site(&service, &outside, config),
            outside,
            service,
            host,
            folder: Folder(folder).into(),
        }
    }

    /// Another server with the same key and the same people, and these options.
    pub fn beside(&self, options: &[&str]) -> Town {
        let options = [&["chatr"], options].concat();
        let config = Options::parse_from(options).check().unwrap();
        Town {
            router: site(&self.service, &self.outside, config),
            outside: self.outside.clone(),
            service: self.service.clone(),
            host: self.host,
            folder: self.folder.clone(),
        }
    }

    pub async fn ask(&self, mut request: Request<Body>) -> Answer {
        let headers = request.headers_mut();
        if !headers.contains_key(HOST) {
            headers.insert(HOST, self.host.parse().unwrap());
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// A page as a browser asks for it.
    pub async fn open(&self, path: &str, cookie: &str) -> Answer {
        self.ask(get(path, cookie)).await
    }

    pub async fn join(&self, name: &str) -> Answer {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("name", name)
            .finish();
        self.ask(form_to("/.auth/login/guest", "", &form)).await
    }

    /// The chat that everybody finds.
    pub async fn square(&self, user: UserId) -> ChatId {
        let snapshot = self.service.snapshot(user, None).await.unwrap();
        snapshot.default_chat
    }

    /// Makes a chat that only its maker may know of, with a message in it.
    pub async fn cellar(&self, maker: UserId, secret: &str) -> ChatId {
        let made = self.service.execute(
            maker,
            None,
            Command::CreateChat {
                draft: DraftId::random(),
                name: "Cellar".parse().unwrap(),
                access: Access::Private,
                record: Record::Kept,
            },
        );
        let Outcome::Done { facts, .. } = made.await.outcome else {
            panic!("no cellar");
        };
        let chat = facts.iter().find_map(|fact| match fact {
            Fact::ChatCreated { chat, .. } => Some(chat.id),
            _ => None,
        });
        let chat = chat.unwrap();
        let said = Command::PostMessage(Post {
            chat,
            draft: DraftId::random(),
            body: secret.parse::<Text>().unwrap(),
        });
        let said = self.service.execute(maker, None, said).await;
        assert!(matches!(said.outcome, Outcome::Done { .. }));
        chat
    }

    /// Whose cookie it is.
    pub async fn user(&self, cookie: &str) -> UserId {
        let me = self.open("/.auth/me", cookie).await.body;
        let id = me.split(r#""userId":""#).nth(1).unwrap();
        id[..32].parse().unwrap()
    }

    /// A new guest's cookie.
    pub async fn guest(&self, name: &str) -> String {
        self.join(name).await.cookie().to_owned()
    }

    /// A server function as our scripts call it.
    pub async fn call(&self, name: &str, cookie: &str, arguments: &str) -> Answer {
        let request = Request::post(format!("/api/{name}"))
            .header("content-type", "application/json")
            .header(COOKIE, cookie);
        self.ask(request.body(arguments.to_owned().into()).unwrap())
            .await
    }
}

pub fn get(path: &str, cookie: &str) -> Request<Body> {
    let request = Request::get(path)
        .header("accept", "text/html,*/*")
        .header(COOKIE, cookie);
    request.body(Body::empty()).unwrap()
}

pub fn form_to(path: &str, cookie: &str, form: &str) -> Request<Body> {
    let request = Request::post(path)
        .header("accept", "text/html,*/*")
        .header("content-type", "application/x-www-form-urlencoded")
        .header(COOKIE, cookie);
    request.body(form.to_owned().into()).unwrap()
}
