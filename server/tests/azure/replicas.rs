//! Two servers with one state, one service and one name between them, as Azure runs replicas: whichever gets an event,
//! everybody sees the same. One of them ends at any moment.

#[expect(dead_code, reason = "some steps of the stories are not needed here")]
#[path = "../app/house.rs"]
mod house;
#[path = "../app/program.rs"]
mod program;

use crate::service::{PRIMARY, Service};
use app::chat::{Access, Command, Fact, Record, Talk, UserId};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use house::{Guest, House, create, fact, made, post};
use http::{Request, StatusCode};
use server::chat::Pace;
use server::transport::{HttpService, https};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// Quicker than for real, and in the same proportions.
const PACE: Pace = Pace {
    lease: Duration::from_millis(1_500),
    look: Duration::from_millis(150),
    grace: Duration::from_millis(400),
};

/// Longer than anything here takes; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where the servers stand: the same tables and the same service for all of them.
pub struct Together {
    storage: crate::storage::Storage,
    service: Service,
    balancer: Balancer,
}

mod surroundings {
    use super::{PRIMARY, TOGETHER, Together};
    use std::sync::Arc;

    pub struct Surroundings(Arc<Together>);

    impl Surroundings {
        pub async fn of(host: &str) -> Self {
            let together = TOGETHER.with(Arc::clone);
            together.balancer.join(host);
            Surroundings(together)
        }

        pub fn options(&self) -> Vec<String> {
            let service = self.0.service.connection_string(PRIMARY);
            let storage = self.0.storage.connection_string();
            vec![
                format!("--pubsub-connection-string={service}"),
                format!("--storage-connection-string={storage}"),
                format!("--session-key={}", "one key for all replicas ".repeat(3)),
            ]
        }
    }
}

tokio::task_local! {
    static TOGETHER: Arc<Together>;
}

/// One address before all servers: each event goes to the next one that is there.
#[derive(Clone)]
struct Balancer {
    shared: Arc<Backends>,
    network: HttpService,
}

#[derive(Default)]
struct Backends {
    hosts: Mutex<Vec<String>>,
    next: AtomicUsize,
    /// Ends of connections that were answered.
    ends: AtomicUsize,
    /// Events of this kind get lost: they are answered, and nobody hears of them.
    lost: Mutex<Option<&'static str>>,
}

impl Balancer {
    fn join(&self, host: &str) {
        self.shared
            .hosts
            .lock()
            .expect("whole")
            .push(host.to_owned());
    }

    /// All events go to this server.
    fn only(&self, host: &str) {
        *self.shared.hosts.lock().expect("whole") = vec![host.to_owned()];
    }

    fn lose(&self, kind: &'static str) {
        *self.shared.lost.lock().expect("whole") = Some(kind);
    }

    fn next(&self) -> String {
        let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let hosts = self.shared.hosts.lock().expect("whole");
        hosts[number % hosts.len()].clone()
    }
}

async fn forward(State(balancer): State<Balancer>, request: Request<Body>) -> Response {
    let (mut parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    let kind = parts.headers.get("ce-type");
    let kind = kind.and_then(|kind| kind.to_str().ok()).map(str::to_owned);
    let lost = *balancer.shared.lost.lock().expect("whole");
    if kind
        .as_deref()
        .zip(lost)
        .is_some_and(|(kind, lost)| kind.ends_with(lost))
    {
        return StatusCode::NO_CONTENT.into_response();
    }
    let path = parts.uri.path().to_owned();
    parts.headers.remove(http::header::HOST);
    for _ in 0..3 {
        parts.uri = format!("http://{}{path}", balancer.next())
            .parse()
            .expect("a URI");
        let mut request = Request::new(Body::from(body.clone()));
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = parts.uri.clone();
        *request.headers_mut() = parts.headers.clone();
        if let Ok(answer) = balancer.network.clone().oneshot(request).await {
            let is_end = kind
                .as_deref()
                .is_some_and(|kind| kind.ends_with("sys.disconnected"));
            balancer
                .shared
                .ends
                .fetch_add(usize::from(is_end), Ordering::Relaxed);
            return answer.map(Body::new);
        }
    }
    StatusCode::BAD_GATEWAY.into_response()
}

/// A server in a world of its own, which ends at once when it is killed.
struct Replica {
    house: House,
    world: Option<Runtime>,
}

impl Replica {
    async fn start(together: &Arc<Together>, pace: Pace) -> Replica {
        let world = Runtime::new().expect("threads");
        let starting = TOGETHER.scope(together.clone(), House::paced(pace, &["--limits=relaxed"]));
        let house = world.spawn(starting).await.expect("starts");
        Replica {
            house,
            world: Some(world),
        }
    }

    fn kill(&mut self) {
        if let Some(world) = self.world.take() {
            world.shutdown_background();
        }
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn two() -> (Arc<Together>, Replica, Replica) {
    two_at(PACE).await
}

async fn two_at(pace: Pace) -> (Arc<Together>, Replica, Replica) {
    let balancer = Balancer {
        shared: Arc::default(),
        network: https().expect("TLS"),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let host = listener.local_addr().expect("an address").to_string();
    let router = Router::new().fallback(forward).with_state(balancer.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let together = Arc::new(Together {
        storage: crate::storage::Storage::new(),
        service: Service::telling(&host),
        balancer,
    });
    let (one, other) = (
        Replica::start(&together, pace).await,
        Replica::start(&together, pace).await,
    );
    (together, one, other)
}

/// Asks again until it is so.
async fn becomes_true(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(waited.is_ok(), "{what}");
}

async fn sees(house: &House, asker: &Guest, whom: UserId) -> bool {
    let people = house.snapshot(asker, None).await.people;
    people.iter().any(|one| one.person.id == whom)
}

fn is_offline(whom: UserId) -> impl Fn(&Fact) -> bool {
    move |fact| matches!(fact, Fact::UserOffline { user } if *user == whom)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_show_the_same_people() {
    let (_together, one, other) = two().await;
    let ada = one.house.enter("Ada").await;
    let mut bob = other.house.enter("Bob").await;
    for house in [&one.house, &other.house] {
        for (asker, whom) in [(&ada, bob.id()), (&bob, ada.id())] {
            becomes_true("both are there", async || sees(house, asker, whom).await).await;
        }
    }
    let mut ada = ada;
    let second = other.house.open(&bob).await.expect("is let in");
    bob.does(Command::UserEnterIdle {}).await;
    drop(bob.socket.replace(second));
    // The page that was at work has gone, and the other one is at work.
    bob.does(Command::UserEnterIdle {}).await;
    ada.hears(|fact| matches!(fact, Fact::UserIsIdle { user } if *user == bob.id()))
        .await;
    bob.does(Command::UserExitIdle {}).await;
    ada.hears(|fact| matches!(fact, Fact::UserNotIdle { user } if *user == bob.id()))
        .await;
    bob.socket = None;
    ada.hears(is_offline(bob.id())).await;
    for house in [&one.house, &other.house] {
        becomes_true("has gone", async || !sees(house, &ada, bob.id()).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_everybody_gets_those_of_the_other_server_at_once() {
    let rarely = Pace {
        look: Duration::from_secs(3_600),
        ..PACE
    };
    let (together, one, other) = two_at(rarely).await;
    together.balancer.only(&one.house.host);
    let ada = one.house.enter("Ada").await;
    let bob = one.house.enter("Bob").await;
    // A page that comes later is told what happens from then on, and nothing of these.
    for whom in [ada.id(), bob.id()] {
        becomes_true("is there", async || sees(&one.house, &ada, whom).await).await;
        assert!(sees(&other.house, &ada, whom).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_at_both_servers_lose_nothing_and_everybody_sees_one_order() {
    const EACH: usize = 20;
    let (_together, one, other) = two().await;
    let mut ada = one.house.enter("Ada").await;
    let mut bob = other.house.enter("Bob").await;
    let lobby = ada.lobby;
    let writes = async |guest: &mut Guest, name: &str| {
        for number in 0..EACH {
            guest.does(post(lobby, &format!("{name} {number}"))).await;
        }
    };
    tokio::join!(writes(&mut ada, "ada"), writes(&mut bob, "bob"));
    let mut orders = Vec::new();
    for guest in [&mut ada, &mut bob] {
        let mut heard = Vec::new();
        while heard.len() < 2 * EACH {
            let message = guest
                .hears(|fact| matches!(fact, Fact::MessagePosted(_)))
                .await;
            if let Fact::MessagePosted(message) = message {
                heard.push((message.seq, message.body.as_str().to_owned()));
            }
        }
        let rest = guest.everything().await;
        let more = rest.iter().filter_map(fact);
        let more = more.filter(|fact| matches!(fact, Fact::MessagePosted(_)));
        assert_eq!(more.count(), 0, "nothing comes twice");
        heard.sort();
        orders.push(heard);
    }
    assert_eq!(orders[0], orders[1]);
    for house in [&one.house, &other.house] {
        let page = house.page(&ada, lobby).await.expect("a page");
        let stored: Vec<_> = page
            .messages
            .iter()
            .map(|message| (message.seq, message.body.as_str().to_owned()))
            .collect();
        assert_eq!(stored, orders[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_follow_a_membership_whichever_server_met_the_connection() {
    let (together, one, other) = two().await;
    // Bob's connection is met by the one, his joining is carried out by the other.
    together.balancer.only(&one.house.host);
    let mut bob = one.house.enter("Bob").await;
    together.balancer.only(&other.house.host);
    let mut ada = other.house.enter("Ada").await;
    let secret = create("Secret", Access::Private, Record::Off);
    let chat = made(&ada.does(secret).await).id;
    let talk = || Talk::Typing { active: true };
    assert!(bob.says(chat, talk()).await.is_err());
    let invite = Command::InviteToChat {
        chat,
        user: bob.id(),
    };
    ada.does(invite).await;
    bob.says(chat, talk()).await.expect("is granted");
    ada.hears_talk(chat).await;
    bob.does(Command::LeaveChat { chat }).await;
    assert!(bob.says(chat, talk()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_dies_in_a_conversation_and_nothing_is_lost() {
    let (_together, one, mut other) = two().await;
    let mut ada = one.house.enter("Ada").await;
    let mut bob = other.house.enter("Bob").await;
    ada.does(post(ada.lobby, "before")).await;
    bob.hears_message("before").await;
    other.kill();
    // His page was served by the one that is gone; his socket never was.
    for number in 0..6 {
        let text = format!("after {number}");
        bob.does(post(bob.lobby, &text)).await;
        ada.hears_message(&text).await;
    }
    assert!(sees(&one.house, &ada, bob.id()).await);
    bob.socket = None;
    ada.hears(is_offline(bob.id())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_again_is_told_again_as_whoever_stored_it_may_have_died_before_they_told() {
    let (_together, one, other) = two().await;
    let mut ada = one.house.enter("Ada").await;
    let mut bob = other.house.enter("Bob").await;
    let words = post(ada.lobby, "once");
    for _ in 0..2 {
        ada.does(words.clone()).await;
        bob.hears_message("once").await;
    }
    let page = one.house.page(&ada, ada.lobby).await.expect("a page");
    assert_eq!(page.messages.len(), 1);
    let tea = create("Tea", Access::Public, Record::Kept);
    let chat = made(&ada.does(tea).await).id;
    for _ in 0..2 {
        bob.does(Command::JoinChat { chat }).await;
        ada.hears(|fact| matches!(fact, Fact::MemberJoined { member, .. } if member.chat == chat))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_left_at_a_server_that_died_goes_offline_by_the_other() {
    let (together, one, mut other) = two().await;
    let mut ada = one.house.enter("Ada").await;
    let mut bob = other.house.enter("Bob").await;
    let user = bob.id();
    becomes_true("is there", async || sees(&one.house, &ada, user).await).await;
    together.balancer.only(&other.house.host);
    bob.socket = None;
    // It has written down that the connection ended, and dies before it tells.
    becomes_true("ended", async || {
        together.balancer.shared.ends.load(Ordering::Relaxed) > 0
    })
    .await;
    other.kill();
    together.balancer.only(&one.house.host);
    ada.hears(is_offline(user)).await;
    becomes_true("has gone", async || !sees(&one.house, &ada, user).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_nobody_heard_of_is_found_out() {
    let (together, one, other) = two().await;
    let mut ada = one.house.enter("Ada").await;
    let mut bob = other.house.enter("Bob").await;
    let user = bob.id();
    becomes_true("is there", async || sees(&one.house, &ada, user).await).await;
    together.balancer.lose("sys.disconnected");
    bob.socket = None;
    ada.hears(is_offline(user)).await;
    for house in [&one.house, &other.house] {
        becomes_true("has gone", async || !sees(house, &ada, user).await).await;
    }
    // Ada is there for longer than that, since the service says so.
    assert!(sees(&one.house, &ada, ada.id()).await);
}
