//! What the application's answers do: who comes in and as whom, what a client hears, in which order.

use super::support::{ALL, JSON, PATIENCE, Service, config};
use axum::body::Body;
use http::{Method, Response};
use hub::{Config, Handler};
use serde_json::json;
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;
use tower::util::BoxCloneSyncService;

#[tokio::test]
async fn the_answer_to_connect_decides_user_roles_and_groups() {
    let service = Service::handled(|told| match told.header("ce-eventname") {
        "connect" => Response::new(Body::from(
            r#"{"userId":"bob","roles":["webpubsub.sendToGroup.g"],"groups":["g"]}"#,
        )),
        _ => Response::new(Body::empty()),
    })
    .await;
    let mut client = service.client(JSON, "ada", ALL).await;
    assert_eq!(client.json().await["userId"], json!("bob"));
    client
        .send(r#"{"type":"sendToGroup","group":"g","dataType":"text","data":"x"}"#)
        .await;
    assert_eq!(client.json().await["fromUserId"], json!("bob"));
    client
        .send(r#"{"type":"joinGroup","group":"h","ackId":1}"#)
        .await;
    assert_eq!(client.json().await["error"]["name"], json!("Forbidden"));
}

#[tokio::test]
async fn a_client_that_the_handler_refuses_gets_its_status_and_is_never_told_of_again() {
    let service = Service::handled(|_| {
        Response::builder()
            .status(401)
            .body(Body::empty())
            .expect("a response")
    })
    .await;
    let token = service.token(Some("ada"), &[], &[]);
    assert_eq!(
        service
            .open(&format!("access_token={token}"), JSON)
            .await
            .err(),
        Some(401)
    );
    assert_eq!(service.hub.connections(), 0);
}

#[tokio::test]
async fn an_answer_comes_back_as_a_message_before_the_ack_and_a_failure_as_an_ack() {
    let service = Service::handled(|told| match told.header("ce-eventname") {
        "ask" => Response::builder()
            .header("content-type", "application/json")
            .body(Body::from(r#"{"a":1}"#))
            .expect("a response"),
        "fail" => Response::builder()
            .status(400)
            .body(Body::empty())
            .expect("a response"),
        _ => Response::new(Body::empty()),
    })
    .await;
    let mut client = service.client(JSON, "ada", &[]).await;
    client.json().await;
    client
        .send(r#"{"type":"event","event":"ask","data":1,"ackId":1}"#)
        .await;
    assert_eq!(
        client.text().await,
        r#"{"type":"message","from":"server","dataType":"json","data":{"a":1}}"#
    );
    assert_eq!(
        client.text().await,
        r#"{"type":"ack","ackId":1,"success":true}"#
    );
    client
        .send(r#"{"type":"event","event":"fail","data":1,"ackId":2}"#)
        .await;
    assert_eq!(
        client.json().await["error"]["name"],
        json!("InternalServerError")
    );
    client.has_nothing().await;
}

#[tokio::test]
async fn an_answer_without_words_keeps_what_the_token_says() {
    for (status, body) in [(204, ""), (200, ""), (200, "null"), (200, "{}")] {
        let service = Service::handled(move |_| {
            let answer = Response::builder().status(status);
            answer.body(Body::from(body)).expect("a response")
        })
        .await;
        let mut client = service.member(JSON, "ada", "g").await;
        client
            .send(r#"{"type":"sendToGroup","group":"g","data":1}"#)
            .await;
        assert_eq!(client.json().await["fromUserId"], json!("ada"));
    }
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_a_failure_of_the_server() {
    for body in ["{", r#"{"groups":[" "]}"#, r#"{"roles":"x"}"#] {
        let service = Service::handled(move |_| Response::new(Body::from(body))).await;
        let query = format!("access_token={}", service.token(None, &[], &[]));
        assert_eq!(service.open(&query, JSON).await.err(), Some(500), "{body}");
    }
}

#[tokio::test]
async fn an_empty_list_of_roles_takes_all_of_them() {
    let service = Service::handled(|told| match told.header("ce-eventname") {
        "connect" => Response::new(Body::from(r#"{"roles":[]}"#)),
        _ => Response::new(Body::empty()),
    })
    .await;
    let mut client = service.client(JSON, "ada", ALL).await;
    client.json().await;
    client
        .send(r#"{"type":"joinGroup","group":"g","ackId":1}"#)
        .await;
    assert_eq!(client.json().await["error"]["name"], json!("Forbidden"));
}

#[tokio::test]
async fn an_answer_becomes_a_message_of_the_type_that_it_names() {
    let service = Service::handled(|told| {
        let answer = Response::builder().header("x-webpubsub-metadata-trace", "7f");
        let kind = told.header("ce-eventname").replace("none", "");
        let answer = match kind.as_str() {
            "" | "connect" | "connected" => answer,
            kind => answer.header("content-type", kind.replace('.', "/")),
        };
        let body = if kind.starts_with('c') { "" } else { "[1]" };
        answer.body(Body::from(body)).expect("a response")
    })
    .await;
    let mut client = service.client(JSON, "ada", &[]).await;
    client.json().await;
    for (event, kind, data) in [
        ("text.plain", "text", json!("[1]")),
        ("application.json", "json", json!([1])),
        ("application.octet-stream", "binary", json!("WzFd")),
        ("none", "binary", json!("WzFd")),
    ] {
        client
            .send(&format!(r#"{{"type":"event","event":"{event}","data":1}}"#))
            .await;
        let heard = client.json().await;
        assert_eq!((&heard["dataType"], &heard["data"]), (&json!(kind), &data));
        assert_eq!(heard["from"], json!("server"));
        assert_eq!(heard["metadata"], json!({"trace": "7f"}));
    }
    client
        .send(r#"{"type":"event","event":"text.csv","data":1,"ackId":1}"#)
        .await;
    let ack = client.json().await;
    assert_eq!(ack["error"]["name"], json!("InternalServerError"));
}

#[tokio::test]
async fn events_of_one_connection_wait_for_each_other_and_those_of_two_do_not() {
    // How many are at work, the most that were, and a gate that lets them end.
    let counts = Arc::new(Mutex::new((0_usize, 0_usize)));
    let gate = Arc::new(Semaphore::new(0));
    let (working, opened) = (counts.clone(), gate.clone());
    let application =
        BoxCloneSyncService::new(tower::service_fn(move |request: http::Request<Body>| {
            let (working, opened) = (working.clone(), opened.clone());
            async move {
                let answer = Response::builder().header("WebHook-Allowed-Origin", "*");
                if request.method() == Method::POST {
                    {
                        let mut counts = working.lock().expect("not poisoned");
                        counts.0 += 1;
                        counts.1 = counts.1.max(counts.0);
                    }
                    opened.acquire().await?.forget();
                    working.lock().expect("not poisoned").0 -= 1;
                }
                Ok(answer.body(Body::empty())?)
            }
        }));
    let config = Config {
        handlers: vec![Handler {
            system_events: Vec::new(),
            ..Handler::of_everything("/handle")
        }],
        ..config()
    };
    let service = Service::calling(config, application, Arc::default()).await;
    let mut one = service.client(JSON, "ada", &[]).await;
    let mut two = service.client(JSON, "bob", &[]).await;
    let at_work = async |wanted: usize| {
        let wait = async {
            while counts.lock().expect("not poisoned").0 != wanted {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("in time");
    };
    for client in [&mut one, &mut two] {
        client.json().await;
    }
    for ack in [1, 2, 3] {
        one.send(&format!(
            r#"{{"type":"event","event":"e","data":1,"ackId":{ack}}}"#
        ))
        .await;
    }
    at_work(1).await;
    two.send(r#"{"type":"event","event":"e","data":1,"ackId":1}"#)
        .await;
    at_work(2).await;
    gate.add_permits(4);
    for ack in [1, 2, 3] {
        assert_eq!(one.json().await["ackId"], json!(ack));
    }
    assert_eq!(two.json().await["ackId"], json!(1));
    assert_eq!(counts.lock().expect("not poisoned").1, 2);
}
