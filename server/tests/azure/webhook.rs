//! The server as a service outside sees it: the handshake, signatures by either key, and what is refused; and
//! the page that its visitors get.

use crate::service::{PRIMARY, SECONDARY};
use crate::sockets_outside::house::House;
use axum::body::Body;
use http::header::{COOKIE, HOST};
use http::{Method, Request, StatusCode};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use wire::cloud_event::{CloudEvent, Context, Delivery, validation_allows, validation_request};
use wire::frame::{Metadata, Payload};

const PATH: &str = "/api/eventHandler";

/// News of a connection that nobody has.
fn gone(hub: &str) -> Delivery {
    Delivery {
        context: Context {
            hub: hub.into(),
            connection_id: "nobody".into(),
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
        payload: Payload::Json(RawValue::from_string("{}".into()).expect("JSON")),
        metadata: Metadata::default(),
    };
    let request = spoken.to_request(PATH, [PRIMARY]).expect("a request");
    let (status, body, _) = house.answer(request.map(Body::from)).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert!(online().await);
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

    let page = house.request(Method::GET, "/").header(COOKIE, &ada.cookie);
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
