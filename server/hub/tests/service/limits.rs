//! What is too long, too large or too slow.

use super::support::{ALL, JSON, RELIABLE, Service, config, text};
use axum::body::Body;
use http::Response;
use serde_json::{Value, json};
use wire::rest::{Call, Target};

#[tokio::test]
async fn a_message_over_one_mebibyte_closes_with_1009() {
    let service = Service::alone(config()).await;
    let mut client = service.client(JSON, "ada", ALL).await;
    client.json().await;
    client.send(&"x".repeat(hub::MAX_MESSAGE + 1)).await;
    assert_eq!(client.closed().await, Some(1009));
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_closed_and_the_others_hear_everything() {
    let service = Service::alone(config()).await;
    let mut stuck = service.client(JSON, "stuck", ALL).await;
    stuck.json().await;
    stuck
        .send(r#"{"type":"joinGroup","group":"g","ackId":1}"#)
        .await;
    stuck.json().await;
    let mut well = service.client(JSON, "well", ALL).await;
    well.json().await;
    well.send(r#"{"type":"joinGroup","group":"g","ackId":1}"#)
        .await;
    well.json().await;
    let mut sent = 0;
    while service.hub.connections() == 2 {
        service
            .call(Call::send(
                Target::Group("g".into()),
                text(&"x".repeat(64 * 1024)),
            ))
            .await;
        assert_eq!(well.json().await["type"], json!("message"));
        sent += 1;
        assert!(sent < 2_000, "the stuck reader is never closed");
    }
}

#[tokio::test]
async fn a_reader_that_takes_nothing_and_is_told_to_go_is_gone_for_the_reason_that_was_given() {
    let service = Service::handled(|_| Response::new(Body::empty())).await;
    let mut stuck = service.client(RELIABLE, "stuck", ALL).await;
    let (id, _) = stuck.greeting().await;
    let to_it = Target::Connection(id);
    let much = "x".repeat(1_000_000);
    // More than two sockets hold while nobody reads, and less than a session may owe.
    for _ in 0..15 {
        let sent = service.call(Call::send(to_it.clone(), text(&much))).await;
        assert_eq!(sent, 202);
    }
    let close = Call::Close {
        whom: to_it,
        excluded: Vec::new(),
        reason: Some("maintenance".into()),
    };
    assert_eq!(service.call(close).await, 204);
    let told = &service.told_of("disconnected").await[0];
    let body: Value = serde_json::from_slice(&told.body).expect("JSON");
    assert_eq!(body["reason"], json!("maintenance"));
}

#[tokio::test]
async fn what_was_sent_just_before_the_end_arrives_before_it() {
    let service = Service::alone(config()).await;
    for _ in 0..20 {
        let mut client = service.client(JSON, "ada", ALL).await;
        let (id, _) = client.greeting().await;
        let to_it = Target::Connection(id);
        service.call(Call::send(to_it.clone(), text("last"))).await;
        let close = Call::Close {
            whom: to_it,
            excluded: Vec::new(),
            reason: None,
        };
        service.call(close).await;
        assert_eq!(client.json().await["data"], json!("last"));
        assert_eq!(client.json().await["event"], json!("disconnected"));
        assert_eq!(client.closed().await, Some(1000));
    }
}

/// A frame of exactly this many bytes.
fn frame_of(bytes: usize) -> String {
    let (head, tail) = (
        r#"{"type":"sendToGroup","group":"g","dataType":"text","data":""#,
        r#""}"#,
    );
    format!(
        "{head}{}{tail}",
        "x".repeat(bytes - head.len() - tail.len())
    )
}

#[tokio::test]
async fn exactly_one_mebibyte_is_taken_from_a_client_and_from_a_call() {
    let service = Service::alone(config()).await;
    let mut client = service.member(JSON, "ada", "g").await;
    client.send(&frame_of(hub::MAX_MESSAGE)).await;
    assert_eq!(client.json().await["type"], json!("message"));
    client.send(&frame_of(hub::MAX_MESSAGE + 1)).await;
    assert_eq!(client.closed().await, Some(1009));
    let send = async |bytes: usize| {
        let length = bytes.to_string();
        let headers = [("content-type", "text/plain"), ("content-length", &length)];
        let body = "x".repeat(bytes);
        let path = "/api/hubs/chat/:send";
        service.rest("POST", path, &headers, &body).await.0
    };
    assert_eq!(send(1024 * 1024).await, 202);
    assert_eq!(send(1024 * 1024 + 1).await, 400);
}

#[tokio::test]
async fn names_have_their_longest() {
    let service = Service::alone(config()).await;
    let join = |characters: usize| {
        let group = "ż".repeat(characters);
        format!(r#"{{"type":"joinGroup","group":"{group}","ackId":1}}"#)
    };
    let event = |characters: usize| {
        let event = "e".repeat(characters);
        format!(r#"{{"type":"event","event":"{event}","data":1,"ackId":1}}"#)
    };
    for (frame, answered) in [
        (join(1_024), true),
        (join(1_025), false),
        (event(128), true),
        (event(129), false),
    ] {
        let mut client = service.client(JSON, "ada", ALL).await;
        client.json().await;
        client.send(&frame).await;
        if answered {
            assert_eq!(client.json().await["type"], json!("ack"));
        } else {
            assert_eq!(client.closed().await, Some(1007));
        }
    }
}

#[tokio::test]
async fn one_connection_more_than_the_service_takes_is_refused_with_429() {
    let few = hub::Config {
        max_connections: Some(2),
        ..config()
    };
    let service = Service::alone(few).await;
    let one = service.member(JSON, "ada", "g").await;
    let _two = service.member(JSON, "bob", "g").await;
    let query = format!("access_token={}", service.token(None, &[], &[]));
    assert_eq!(service.open(&query, JSON).await.err(), Some(429));
    one.cut();
    while service.open(&query, JSON).await.is_err() {}
}
