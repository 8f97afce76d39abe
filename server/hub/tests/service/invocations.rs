//! Questions with an answer of their own: `invoke`, its response, and calling it off.

use super::support::{JSON, RELIABLE, Service, config, gated};
use axum::body::Body;
use http::Response;
use serde_json::json;

fn answered(status: u16, kind: &str, body: &'static str) -> Response<Body> {
    Response::builder()
        .status(status)
        .header("content-type", kind)
        .body(Body::from(body))
        .expect("a response")
}

fn invoke(id: &str, event: &str) -> String {
    format!(
        r#"{{"type":"invoke","invocationId":"{id}","target":"event","event":"{event}","dataType":"json","data":{{"symbol":"X"}}}}"#
    )
}

#[tokio::test]
async fn an_invocation_is_answered_with_what_the_handler_says() {
    let service = Service::handled(|told| match told.header("ce-eventname") {
        "quote" => answered(200, "application/json", r#"{"price":7.50}"#),
        "greet" => answered(200, "text/plain", "hello"),
        _ => Response::new(Body::empty()),
    })
    .await;
    let mut client = service.client(JSON, "ada", &[]).await;
    client.json().await;
    client.send(&invoke("1", "quote")).await;
    assert_eq!(
        client.text().await,
        r#"{"type":"invokeResponse","invocationId":"1","success":true,"dataType":"json","data":{"price":7.50}}"#
    );
    let told = &service.told_of("quote").await[0];
    assert_eq!(told.header("ce-type"), "azure.webpubsub.user.quote");
    assert_eq!(&told.body[..], br#"{"symbol":"X"}"#);
    client.send(&invoke("2", "greet")).await;
    assert_eq!(client.json().await["data"], json!("hello"));
    client
        .send(r#"{"type":"invoke","invocationId":"3","target":"event","event":"note"}"#)
        .await;
    assert_eq!(
        client.text().await,
        r#"{"type":"invokeResponse","invocationId":"3","success":true}"#
    );
}

#[tokio::test]
async fn an_invocation_that_the_handler_refuses_fails_by_a_name_and_in_its_words() {
    let service = Service::handled(|told| match told.header("ce-eventname") {
        "bad" => answered(400, "text/plain", "unknown symbol"),
        "secret" => answered(403, "text/plain", ""),
        "who" => answered(401, "text/plain", ""),
        "csv" => answered(200, "text/csv", "a,b"),
        _ => Response::new(Body::empty()),
    })
    .await;
    let mut client = service.client(JSON, "ada", &[]).await;
    client.json().await;
    client.send(&invoke("1", "bad")).await;
    assert_eq!(
        client.text().await,
        r#"{"type":"invokeResponse","invocationId":"1","success":false,"error":{"name":"BadRequest","message":"unknown symbol"}}"#
    );
    for (event, name) in [
        ("secret", "Forbidden"),
        ("who", "Forbidden"),
        ("csv", "InternalServerError"),
    ] {
        client.send(&invoke(event, event)).await;
        let response = client.json().await;
        assert_eq!(
            (&response["success"], &response["error"]["name"]),
            (&json!(false), &json!(name))
        );
        assert!(
            response["error"]["message"]
                .as_str()
                .is_some_and(|words| !words.is_empty())
        );
    }
}

#[tokio::test]
async fn an_invocation_that_nobody_takes_fails() {
    let service = Service::alone(config()).await;
    let mut client = service.client(JSON, "ada", &[]).await;
    client.json().await;
    client.send(&invoke("1", "quote")).await;
    let response = client.json().await;
    assert_eq!(response["error"]["name"], json!("InternalServerError"));
    client.has_nothing().await;
}

#[tokio::test]
async fn an_invocation_without_id_or_target_closes_with_1007() {
    let service = Service::alone(config()).await;
    for frame in [
        r#"{"type":"invoke","target":"event","event":"quote"}"#,
        r#"{"type":"invoke","invocationId":"1","event":"quote"}"#,
        r#"{"type":"invoke","invocationId":"1","target":"group","event":"quote"}"#,
        r#"{"type":"invoke","invocationId":1,"target":"event","event":"quote"}"#,
        r#"{"type":"cancelInvocation"}"#,
    ] {
        let mut client = service.client(JSON, "ada", &[]).await;
        client.send(frame).await;
        assert_eq!(client.closed().await, Some(1007), "{frame}");
    }
}

#[tokio::test]
async fn an_invocation_that_was_called_off_is_not_answered() {
    let (service, gate) = gated().await;
    let mut client = service.client(JSON, "ada", &[]).await;
    client.json().await;
    client.send(&invoke("1", "slow")).await;
    service.told_of("slow").await;
    client.send(&invoke("2", "waiting")).await;
    for id in ["1", "2", "never"] {
        client
            .send(&format!(
                r#"{{"type":"cancelInvocation","invocationId":"{id}"}}"#
            ))
            .await;
    }
    client.has_nothing().await;
    client
        .send(r#"{"type":"event","event":"next","data":1,"ackId":1}"#)
        .await;
    // One answer for what was called off, one for the event; what waited was never asked.
    gate.add_permits(2);
    assert_eq!(
        client.text().await,
        r#"{"type":"ack","ackId":1,"success":true}"#
    );
    let told = service.told.lock().expect("not poisoned").clone();
    assert!(
        told.iter()
            .all(|told| told.header("ce-eventname") != "waiting")
    );
}

#[tokio::test]
async fn what_is_sent_behind_an_invocation_waits_for_its_turn() {
    let (service, gate) = gated().await;
    let mut client = service
        .client(JSON, "ada", &["webpubsub.joinLeaveGroup"])
        .await;
    client.json().await;
    client.send(&invoke("1", "slow")).await;
    client
        .send(r#"{"type":"joinGroup","group":"g","ackId":1}"#)
        .await;
    client.send(&invoke("2", "slow")).await;
    client.has_nothing().await;
    gate.add_permits(2);
    assert_eq!(client.json().await["invocationId"], json!("1"));
    assert_eq!(client.json().await["ackId"], json!(1));
    assert_eq!(client.json().await["invocationId"], json!("2"));
}

#[tokio::test]
async fn a_client_that_lost_its_socket_gets_no_response_to_what_it_asked_before() {
    let (service, gate) = gated().await;
    let mut client = service.client(RELIABLE, "ada", &[]).await;
    let (id, token) = client.greeting().await;
    client.send(&invoke("1", "slow")).await;
    service.told_of("slow").await;
    client.cut();
    let query = format!("awps_connection_id={id}&awps_reconnection_token={token}");
    let mut back = service.open(&query, RELIABLE).await.expect("is let in");
    back.json().await;
    gate.add_permits(1);
    back.has_nothing().await;
}
