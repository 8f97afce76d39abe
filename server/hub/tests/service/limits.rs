//! What is too long, too large or too slow.

use super::support::{ALL, JSON, Service, config, text};
use serde_json::json;
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
