//! The server as a service outside sees it: the handshake, signatures by either key, and what is refused; and
//! the page that its visitors get.

use crate::service::{PRIMARY, SECONDARY};
use crate::sockets_outside::house::{House, create, made};
use app::chat::{Access, Command, DraftId, Post, Record, UserId};
use axum::body::Body;
use http::header::{COOKIE, HOST};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use wire::cloud_event::{CloudEvent, Context, Delivery, validation_allows, validation_request};
use wire::frame::{Metadata, Payload};
use wire::json::Json;

const PATH: &str = "/api/eventHandler";

/// This many seconds from now, as the service writes it.
fn at(seconds: i64) -> String {
    let time = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A command that came by a connection: the text of the answer.
async fn told(house: &House, id: u64, user: UserId, command: Command) -> (StatusCode, String) {
    let mut delivery = gone("chat");
    delivery.context.id = id;
    delivery.context.user_id = Some(user.to_string());
    let event: Value = serde_json::to_value(&command).expect("JSON");
    delivery.event = CloudEvent::User {
        event: event["event"].as_str().expect("a name").to_owned(),
        payload: Payload::Json(Json::of(event["data"].to_string()).expect("JSON")),
        metadata: Metadata::default(),
    };
    let request = delivery.to_request(PATH, [PRIMARY]).expect("a request");
    let (status, body, _) = house.answer(request.map(Body::from)).await;
    (status, body)
}

/// News of a connection that nobody has.
fn gone(hub: &str) -> Delivery {
    Delivery {
        context: Context {
            hub: hub.into(),
            connection_id: "nobody".into(),
            time: at(0),
            origin: "chat.webpubsub.azure.com".into(),
            ..Context::default()
        },
        event: CloudEvent::Disconnected {
            reason: "left".into(),
        },
    }
}

async fn delivered(house: &House, hub: &str, keys: &[&str]) -> StatusCode {
    let request = gone(hub).to_request(PATH, keys.iter().copied());
    let mut request = request.expect("a request").map(Body::from);
    // The service comes under the name that it was given, from no page and with no cookie.
    request
        .headers_mut()
        .insert(HOST, "chat.example.org".parse().expect("a header"));
    house.answer(request).await.0
}

#[tokio::test]
async fn the_handshake_is_answered_to_whoever_asks_as_a_service() {
    let house = House::new().await;
    let origin = "chat.webpubsub.azure.com";
    let asked = validation_request(PATH, origin).expect("a request");
    let response = house.respond(asked.map(Body::from)).await;
    assert!(validation_allows(&response, origin), "{response:?}");
    let without = Request::builder().method(Method::OPTIONS).uri(PATH);
    let without = without.body(Body::empty()).expect("a request");
    assert_eq!(house.answer(without).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_event_is_believed_for_a_signature_by_the_key_that_is_known() {
    let house = House::new().await;
    let stranger = "a key of somebody else with 32 characters";
    for (keys, status) in [
        (vec![PRIMARY], StatusCode::NO_CONTENT),
        (vec![PRIMARY, SECONDARY], StatusCode::NO_CONTENT),
        (vec![SECONDARY, PRIMARY], StatusCode::NO_CONTENT),
        (vec![SECONDARY], StatusCode::UNAUTHORIZED),
        (vec![stranger], StatusCode::UNAUTHORIZED),
        (vec![], StatusCode::UNAUTHORIZED),
    ] {
        assert_eq!(delivered(&house, "chat", &keys).await, status, "{keys:?}");
    }
    assert_eq!(
        delivered(&house, "other", &[PRIMARY]).await,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn whoever_speaks_on_a_connection_that_is_older_than_the_server_is_there() {
    let house = House::new().await;
    let (ada, bob) = (house.sign_in("Ada").await, house.sign_in("Bob").await);
    let online = async || {
        let people = house.snapshot(&bob, None).await.people;
        people.iter().any(|one| one.person.id == ada.id())
    };
    assert!(!online().await);
    let mut spoken = gone("chat");
    spoken.context.user_id = Some(ada.id().to_string());
    spoken.event = CloudEvent::User {
        event: "userExitIdle".into(),
        payload: Payload::Json(Json::of("{}".into()).expect("JSON")),
        metadata: Metadata::default(),
    };
    let request = spoken.to_request(PATH, [PRIMARY]).expect("a request");
    let (status, body, _) = house.answer(request.map(Body::from)).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert!(online().await);
}

#[tokio::test]
async fn an_event_of_another_time_is_refused() {
    let house = House::new().await;
    for (seconds, status) in [
        (-600, StatusCode::UNAUTHORIZED),
        (-200, StatusCode::NO_CONTENT),
        (0, StatusCode::NO_CONTENT),
        (200, StatusCode::NO_CONTENT),
        (600, StatusCode::UNAUTHORIZED),
    ] {
        let mut event = gone("chat");
        event.context.time = at(seconds);
        let request = event.to_request(PATH, [PRIMARY]).expect("a request");
        let (answered, ..) = house.answer(request.map(Body::from)).await;
        assert_eq!(answered, status, "{seconds} s");
    }
}

#[tokio::test]
async fn an_event_that_comes_again_gets_its_answer_and_changes_nothing() {
    let house = House::new().await;
    let mut ada = house.enter("Ada").await;
    let chat = made(&ada.does(create("Tea", Access::Public, Record::Kept)).await);
    let rename = |name: &str| Command::RenameChat {
        chat: chat.id,
        name: name.parse().expect("fit"),
    };
    let first = told(&house, 1, ada.id(), rename("First")).await;
    assert_eq!(first.0, StatusCode::OK);
    assert!(first.1.contains("chatRenamed"), "{}", first.1);
    let second = told(&house, 2, ada.id(), rename("Second")).await;
    assert!(second.1.contains("chatRenamed"), "{}", second.1);
    // A retry, or what somebody recorded.
    let again = told(&house, 1, ada.id(), rename("First")).await;
    assert_eq!(again, first);
    let chats = house.snapshot(&ada, None).await.chats;
    let name = chats.iter().find(|line| line.chat.id == chat.id);
    assert_eq!(name.expect("is there").chat.name.as_str(), "Second");
    // The same wish in another event is another wish.
    let third = told(&house, 3, ada.id(), rename("First")).await;
    assert!(third.1.contains("chatRenamed"), "{}", third.1);
}

#[tokio::test]
async fn of_many_equal_events_at_once_one_is_carried_out() {
    let house = House::new().await;
    let ada = house.enter("Ada").await;
    let draft = DraftId::random();
    let post = || {
        let body = "once".parse().expect("fit");
        Command::PostMessage(Post {
            chat: ada.lobby,
            draft,
            body,
        })
    };
    let all = (0..8).map(|_| told(&house, 1, ada.id(), post()));
    let answers = futures::future::join_all(all).await;
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let page = house.page(&ada, ada.lobby).await.expect("a page");
    assert_eq!(page.messages.len(), 1);
}

#[tokio::test]
async fn a_connection_is_the_person_s_who_opened_it() {
    let house = House::new().await;
    let (ada, bob) = (house.sign_in("Ada").await, house.sign_in("Bob").await);
    let idle = || Command::UserEnterIdle {};
    assert_eq!(told(&house, 1, ada.id(), idle()).await.0, StatusCode::OK);
    let post = Command::PostMessage(Post {
        chat: bob.lobby,
        draft: DraftId::random(),
        body: "in somebody else's name".parse().expect("fit"),
    });
    let (status, body) = told(&house, 2, bob.id(), post).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{body}");
    let page = house.page(&bob, bob.lobby).await.expect("a page");
    assert!(page.messages.is_empty());
}

#[tokio::test]
async fn a_ticket_and_the_page_lead_to_exactly_the_service() {
    let house = House::new().await;
    let ada = house.sign_in("Ada").await;
    let ticket: Value = house
        .api(&ada, "getToken", json!({}))
        .await
        .expect("a ticket");
    let url = ticket["url"].as_str().expect("a URL").to_owned();
    let (service, _) = url
        .split_once("/client/hubs/chat?access_token=")
        .expect("a socket's URL");
    assert!(service.starts_with("ws://127.0.0.1:") && !service.ends_with(&house.host));

    let page = house
        .request(Method::GET, "/chat")
        .header(COOKIE, &ada.cookie);
    let page = page.body(Body::empty()).expect("a request");
    let response = house.respond(page).await;
    let policy = response.headers()["content-security-policy"].to_str();
    let connect = policy
        .expect("text")
        .split(';')
        .find_map(|part| part.trim().strip_prefix("connect-src "));
    assert_eq!(connect, Some(format!("'self' {service}").as_str()));
}

#[tokio::test]
async fn the_paths_of_a_service_are_not_served_here() {
    let house = House::new().await;
    for path in ["/api/health", "/client/hubs/chat"] {
        let request = house.request(Method::GET, path).body(Body::empty());
        let (status, ..) = house.answer(request.expect("a request")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
}
