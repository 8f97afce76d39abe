//! A site over a small village: one chat, whoever signs in, and a browser to look at it. The village answers as
//! the real service does and keeps nothing.

use app::api::{ApiError, Backend, CurrentUser, Reply, Ticket};
use app::chat::{
    Access, Chat, ChatId, ChatSummary, DraftId, Kind, Millis, Moderation, Name, OpenChat, Page,
    Person, Present, Record, Refusal, Seq, Settings, Snapshot, UserId, Window,
};
use axum::Router;
use axum::body::{Body, to_bytes};
use clap::Parser;
use http::header::{COOKIE, HOST, LOCATION, SET_COOKIE};
use http::{HeaderMap, Request, StatusCode};
use server::auth::{Asking, Closing, People, Sockets};
use server::config::{Secret, Settings as Options};
use server::web::{Parts, router};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

/// The public chat.
pub const SQUARE: ChatId = ChatId::from_bytes([1; 16]);
/// A chat that nobody here may know of.
pub const CELLAR: ChatId = ChatId::from_bytes([2; 16]);

#[derive(Default)]
pub struct Village {
    people: Mutex<HashMap<UserId, Person>>,
    pub closed: Mutex<Vec<UserId>>,
    pub posted: Mutex<Vec<String>>,
}

impl People for Village {
    fn find(&self, user: UserId) -> Asking<'_, Option<Person>> {
        let person = self.people.lock().unwrap().get(&user).cloned();
        Box::pin(async { Ok(person) })
    }

    fn admit(&self, name: Name) -> Asking<'_, Person> {
        let person = Person {
            id: UserId::random(),
            name,
            tag: None,
            kind: Kind::Guest,
        };
        self.people
            .lock()
            .unwrap()
            .insert(person.id, person.clone());
        Box::pin(async { Ok(person) })
    }
}

impl Sockets for Village {
    fn close(&self, user: UserId) -> Closing<'_> {
        self.closed.lock().unwrap().push(user);
        Box::pin(async {})
    }
}

fn square() -> ChatSummary {
    ChatSummary {
        chat: Chat {
            id: SQUARE,
            name: "Square".parse().unwrap(),
            access: Access::Public,
            record: Record::Kept,
            moderation: Moderation::Off,
            owner: None,
            created_at: Millis(1),
            last: Seq::ZERO,
            version: 1,
        },
        read: Some(Seq::ZERO),
        with: None,
        members: 1,
    }
}

fn reply<T: Send + 'static>(answer: Result<T, Refusal>) -> Reply<'static, T> {
    Box::pin(async { answer.map_err(ApiError::from) })
}

impl Backend for Village {
    fn negotiate(&self, user: CurrentUser) -> Reply<'_, Ticket> {
        let url = format!("ws://village/{}", user.id());
        reply(Ok(Ticket { url }))
    }

    fn snapshot(&self, CurrentUser(me): CurrentUser, open: Option<ChatId>) -> Reply<'_, Snapshot> {
        reply(Ok(Snapshot {
            default_chat: SQUARE,
            chats: vec![square()],
            people: Vec::new(),
            open: open.filter(|chat| *chat == SQUARE).map(|_| OpenChat {
                summary: square(),
                members: vec![me.clone()],
                page: Page::default(),
            }),
            settings: Settings { idle_seconds: 60 },
            taken_at: Millis(1),
            me,
        }))
    }

    fn messages(&self, _: CurrentUser, chat: ChatId, _: Window) -> Reply<'_, Page> {
        reply(match chat {
            SQUARE => Ok(Page::default()),
            _ => Err(Refusal::NoSuchChat),
        })
    }

    fn chats(&self, _: CurrentUser) -> Reply<'_, Vec<ChatSummary>> {
        reply(Ok(vec![square()]))
    }

    fn people(&self, _: CurrentUser) -> Reply<'_, Vec<Present>> {
        panic!("the village has lost count")
    }

    fn post(&self, _: CurrentUser, _: ChatId, _: DraftId, body: String) -> Reply<'_, ()> {
        reply(match body.as_str() {
            "" => Err(app::chat::Unfit::Empty.into()),
            "hurry" => Err(Refusal::TooFast {
                retry_after_ms: 2_500,
            }),
            _ => {
                self.posted.lock().unwrap().push(body);
                Ok(())
            }
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

/// The village and its site.
pub struct Town {
    pub village: Arc<Village>,
    router: Router,
    host: &'static str,
}

impl Town {
    pub fn new() -> Town {
        Town::with(&[])
    }

    /// A site with these options of the program.
    pub fn with(options: &[&str]) -> Town {
        let options = [&["chatr"], options].concat();
        let config = Options::parse_from(options).check().unwrap();
        let village = Arc::new(Village::default());
        let host = match config.public_url {
            Some(_) => "chat.example",
            None => "127.0.0.1:3000",
        };
        let router = router(Parts {
            backend: village.clone(),
            people: village.clone(),
            sockets: village.clone(),
            session_key: Secret::new("a key for tests ".repeat(4)),
            config,
        });
        Town {
            village,
            router,
            host,
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
