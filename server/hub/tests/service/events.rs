//! What the application is asked and told, and what its answers do.

use super::support::{JSON, KEY, RELIABLE, Service, Told, config};
use axum::body::Body;
use http::{Method, Response};
use hub::{Config, Handler, SystemEvent, UserEvents};
use serde_json::json;
use std::sync::{Arc, Mutex};
use tower::util::BoxCloneSyncService;
use wire::rest::{Call, Target};

#[tokio::test]
async fn a_connection_is_told_of_from_connect_to_disconnected_signed_and_once() {
    let service = Service::handled(|told| {
        let state = if told.header("ce-eventname") == "connect" {
            "one"
        } else {
            "two"
        };
        Response::builder()
            .header("ce-connectionState", state)
            .body(Body::empty())
            .expect("a response")
    })
    .await;
    let mut client = service.client(RELIABLE, "ada", &[]).await;
    client.json().await;
    client
        .send(r#"{"type":"event","event":"hello","dataType":"text","data":"x","ackId":1}"#)
        .await;
    assert_eq!(client.json().await["success"], json!(true));
    client.cut();
    let gone = service.told_of("disconnected").await;
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0].header("ce-connectionstate"), "two");
    let hello = &service.told_of("hello").await[0];
    assert_eq!(hello.header("ce-type"), "azure.webpubsub.user.hello");
    assert_eq!(hello.header("ce-connectionstate"), "one");
    assert_eq!(hello.header("ce-userid"), "ada");
    assert_eq!(hello.header("ce-hub"), "chat");
    assert_eq!(hello.header("ce-awpsversion"), "1.0");
    assert_eq!(&hello.body[..], b"x");
    assert!(wire::cloud_event::verify(
        [KEY],
        hello.header("ce-connectionid"),
        hello.header("ce-signature")
    ));
    let connect: serde_json::Value =
        serde_json::from_slice(&service.told_of("connect").await[0].body).expect("JSON");
    assert_eq!(connect["claims"]["sub"], json!(["ada"]));
    assert_eq!(connect["subprotocols"], json!([RELIABLE]));
    assert!(!connect.to_string().contains("access_token"));
}

#[tokio::test]
async fn a_raw_client_whose_frame_nobody_handles_is_closed_with_1011() {
    let service = Service::alone(config()).await;
    let mut raw = service.client("", "ada", &[]).await;
    raw.send("hello").await;
    assert_eq!(raw.closed().await, Some(1011));
}

fn silent(_: &Told) -> Response<Body> {
    Response::new(Body::empty())
}

/// Events of this name, as their handlers' addresses.
fn addresses(told: &[Told]) -> Vec<&str> {
    told.iter().map(|told| told.uri.as_str()).collect()
}

#[tokio::test]
async fn the_handler_is_asked_before_the_first_event_and_not_again() {
    let service = Service::handled(silent).await;
    for _ in 0..2 {
        service.client(JSON, "ada", &[]).await.json().await;
    }
    service.told_of("connected").await;
    let told = service.told.lock().expect("not poisoned").clone();
    assert_eq!(told[0].method, Method::OPTIONS);
    assert_eq!(told[0].uri, "/handle/validate");
    assert_eq!(told[0].header("webhook-request-origin"), service.host);
    assert_eq!(told[0].header("ce-awpsversion"), "1.0");
    assert_eq!(told[0].header("ce-signature"), "");
    assert!(told[1..].iter().all(|told| told.method == Method::POST));
}

/// A hub whose handler answers the question whether it wants events with `allowed`, to the method that it knows.
async fn asking(allowed: Vec<String>, known: Method) -> Service {
    let told = Arc::new(Mutex::new(Vec::new()));
    let notes = told.clone();
    let application =
        BoxCloneSyncService::new(tower::service_fn(move |request: http::Request<Body>| {
            let (parts, _) = request.into_parts();
            notes.lock().expect("not poisoned").push(Told::of(&parts));
            let host = Told::of(&parts).header("webhook-request-origin").to_owned();
            let mut answer = Response::builder();
            if parts.method != known && parts.method != Method::POST {
                answer = answer.status(404);
            } else {
                for one in &allowed {
                    answer = answer.header("WebHook-Allowed-Origin", one.replace("HOST", &host));
                }
            }
            std::future::ready(answer.body(Body::empty()).map_err(Into::into))
        }));
    let config = Config {
        handlers: vec![Handler::of_everything("/handle/{event}")],
        ..config()
    };
    Service::calling(config, application, told).await
}

#[tokio::test]
async fn a_handler_that_does_not_allow_this_service_gets_no_event_and_nobody_comes_in() {
    for allowed in [
        vec![],
        vec!["other.example".to_owned()],
        vec!["HOST,other.example".to_owned()],
    ] {
        let service = asking(allowed, Method::OPTIONS).await;
        let query = format!("access_token={}", service.token(None, &[], &[]));
        assert_eq!(service.open(&query, JSON).await.err(), Some(500));
        let told = service.told.lock().expect("not poisoned").clone();
        assert!(told.iter().all(|told| told.method == Method::OPTIONS));
    }
}

#[tokio::test]
async fn a_handler_allows_by_a_star_by_name_or_by_one_of_several_names() {
    for allowed in [
        vec!["*".to_owned()],
        vec!["HOST".to_owned()],
        vec!["other.example".to_owned(), "HOST".to_owned()],
    ] {
        let service = asking(allowed, Method::OPTIONS).await;
        service.client(JSON, "ada", &[]).await.json().await;
    }
}

#[tokio::test]
async fn a_handler_that_knows_no_options_is_asked_with_get() {
    let service = asking(vec!["*".to_owned()], Method::GET).await;
    service.client(JSON, "ada", &[]).await.json().await;
}

#[tokio::test]
async fn an_event_has_every_header_of_the_reference() {
    let second = "secondary-key-secondary-key-secondary-key-00";
    let service = Service::with(
        Config {
            keys: vec![KEY.into(), second.into()],
            handlers: vec![Handler::of_everything("/handle/{event}")],
            ..config()
        },
        silent,
    )
    .await;
    let mut client = service.client(JSON, "ada", &[]).await;
    let (id, _) = client.greeting().await;
    client
        .send(r#"{"type":"event","event":"hello","dataType":"text","data":"x","metadata":{"Trace":"7f"}}"#)
        .await;
    let connect = &service.told_of("connect").await[0];
    let connected = &service.told_of("connected").await[0];
    let hello = &service.told_of("hello").await[0];
    for (told, kind, number, content) in [
        (
            connect,
            "sys.connect",
            "0",
            "application/json; charset=utf-8",
        ),
        (
            connected,
            "sys.connected",
            "1",
            "application/json; charset=utf-8",
        ),
        (hello, "user.hello", "2", "text/plain; charset=utf-8"),
    ] {
        let source = format!("/hubs/chat/client/{id}");
        let signature = wire::cloud_event::signature([KEY, second], &id);
        for (name, value) in [
            ("ce-specversion", "1.0"),
            ("ce-awpsversion", "1.0"),
            ("ce-type", &format!("azure.webpubsub.{kind}")),
            ("ce-eventname", kind.split('.').nth(1).unwrap_or_default()),
            ("ce-hub", "chat"),
            ("ce-source", &source),
            ("ce-id", number),
            ("ce-connectionid", &id),
            ("ce-userid", "ada"),
            ("ce-signature", &signature),
            ("webhook-request-origin", &service.host),
            ("content-type", content),
        ] {
            assert_eq!(told.header(name), value, "{kind}: {name}");
        }
        assert_eq!(told.header("ce-time").len(), "2026-11-22T10:00:00Z".len());
        assert_eq!(told.header("x-ms-client-request-id").len(), 36);
    }
    assert_eq!(hello.header("x-webpubsub-metadata-trace"), "7f");
    assert_eq!(hello.header("ce-subprotocol"), JSON);
    assert_eq!(&connected.body[..], b"{}");
}

#[tokio::test]
async fn the_question_who_comes_in_lists_claims_query_headers_and_subprotocols() {
    let service = Service::handled(silent).await;
    let token = service.token(Some("ada"), &["webpubsub.sendToGroup"], &["g"]);
    let path = format!("/client/hubs/chat?access_token={token}&room=1&room=2");
    let offered = format!("mine, {JSON}");
    let headers = [
        ("sec-websocket-protocol", offered.as_str()),
        ("x-mine", "yes"),
        ("authorization", "Bearer secret"),
    ];
    service.open_at(&path, &headers).await.expect("is let in");
    let told = &service.told_of("connect").await[0];
    let asked: serde_json::Value = serde_json::from_slice(&told.body).expect("JSON");
    assert_eq!(asked["claims"]["sub"], json!(["ada"]));
    assert_eq!(asked["claims"]["role"], json!(["webpubsub.sendToGroup"]));
    assert_eq!(asked["claims"]["webpubsub.group"], json!(["g"]));
    assert_eq!(asked["query"], json!({"room": ["1", "2"]}));
    assert_eq!(asked["headers"]["x-mine"], json!(["yes"]));
    assert_eq!(asked["subprotocols"], json!(["mine", JSON]));
    assert_eq!(asked["clientCertificates"], json!([]));
    assert!(!asked.to_string().contains("secret") && !asked.to_string().contains(&token));
}

#[tokio::test]
async fn the_end_is_told_once_with_its_reason() {
    let service = Service::handled(silent).await;
    let mut client = service.client(JSON, "ada", &[]).await;
    let (id, _) = client.greeting().await;
    service
        .call(Call::Close {
            whom: Target::Connection(id),
            excluded: Vec::new(),
            reason: Some("that is all".into()),
        })
        .await;
    client.closed().await;
    let told = service.told_of("disconnected").await;
    assert_eq!(told.len(), 1);
    assert_eq!(&told[0].body[..], br#"{"reason":"that is all"}"#);
}

#[tokio::test]
async fn each_kind_of_data_has_its_content_type_and_a_raw_frame_is_a_message() {
    let service = Service::handled(silent).await;
    let mut client = service.client(JSON, "ada", &[]).await;
    client.json().await;
    for (data, kind, body) in [
        (
            r#""dataType":"text","data":"x""#,
            "text/plain; charset=utf-8",
            &b"x"[..],
        ),
        (r#""data":{"a":1.50}"#, "application/json", br#"{"a":1.50}"#),
        (
            r#""dataType":"binary","data":"AQID""#,
            "application/octet-stream",
            &[1, 2, 3],
        ),
        (
            r#""dataType":"protobuf","data":"CgFh""#,
            "application/x-protobuf",
            &[10, 1, 97],
        ),
    ] {
        client
            .send(&format!(r#"{{"type":"event","event":"note",{data}}}"#))
            .await;
        client.has_nothing().await;
        let told = service.told_of("note").await;
        let last = told.last().expect("was told");
        assert_eq!((last.header("content-type"), &last.body[..]), (kind, body));
    }
    let mut raw = service.client("", "raw", &[]).await;
    raw.send("bare").await;
    let told = &service.told_of("message").await[0];
    assert_eq!(told.header("ce-type"), "azure.webpubsub.user.message");
    assert_eq!(told.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(told.header("ce-subprotocol"), "");
    assert_eq!(&told.body[..], b"bare");
}

#[tokio::test]
async fn the_first_handler_that_fits_gets_an_event_and_no_other() {
    let handler = |url: &str, hub: Option<&str>, user_events| Handler {
        hub: hub.map(str::to_owned),
        url_template: url.to_owned(),
        user_events,
        system_events: Vec::new(),
        bearer: None,
    };
    let named =
        |names: &[&str]| UserEvents::Named(names.iter().map(|name| (*name).to_owned()).collect());
    let config = Config {
        handlers: vec![
            handler("/other/{event}", Some("other"), UserEvents::All),
            handler("/named/{event}", Some("chat"), named(&["ping", "pong"])),
            Handler {
                system_events: vec![SystemEvent::Disconnected],
                ..handler("/all/{event}", None, UserEvents::All)
            },
            handler("/late/{event}", None, UserEvents::All),
        ],
        ..config()
    };
    let service = Service::with(config, silent).await;
    let mut client = service.client(JSON, "ada", &[]).await;
    client.json().await;
    for (ack, event, address) in [
        (1, "ping", "/named/ping"),
        (2, "PONG", "/named/PONG"),
        (3, "else", "/all/else"),
    ] {
        client
            .send(&format!(
                r#"{{"type":"event","event":"{event}","data":1,"ackId":{ack}}}"#
            ))
            .await;
        assert_eq!(client.json().await["success"], json!(true));
        assert_eq!(addresses(&service.told_of(event).await), [address]);
    }
    drop(client);
    assert_eq!(
        addresses(&service.told_of("disconnected").await),
        ["/all/disconnected"]
    );
    let told = service.told.lock().expect("not poisoned").clone();
    assert!(
        told.iter()
            .all(|told| told.header("ce-eventname") != "connect")
    );
}

#[tokio::test]
async fn hub_and_event_are_put_into_the_address_and_a_token_into_its_header() {
    let config = Config {
        handlers: vec![Handler {
            system_events: Vec::new(),
            bearer: Some("letmein".into()),
            ..Handler::of_everything("/in/{hub}/{event}?code=1&e={event}")
        }],
        ..config()
    };
    let service = Service::with(config, silent).await;
    let token = service.token_for("a,b", Some("ada"), &[], &[]);
    let path = format!("/client/?hub=a%2Cb&access_token={token}");
    let headers = [("sec-websocket-protocol", JSON)];
    let mut client = service.open_at(&path, &headers).await.expect("is let in");
    client
        .send(r#"{"type":"event","event":"my-event.1","data":1}"#)
        .await;
    let told = &service.told_of("my-event.1").await[0];
    assert_eq!(told.uri, "/in/a%2Cb/my-event.1?code=1&e=my-event.1");
    assert_eq!(told.header("authorization"), "Bearer letmein");
}
