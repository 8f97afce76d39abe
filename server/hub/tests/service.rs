//! The hub from outside, over real sockets. The names of the rows are those of the conformance list.
//! Long because one file is one program to link, and a row is found by its name.

mod support;

use axum::body::Body;
use http::Response;
use serde_json::json;
use std::time::Duration;
use support::{JSON, KEY, RELIABLE, Service, config};
use wire::frame::Payload;
use wire::rest::{Call, Member, PageRequest, Target};
use wire::role::Permission;
use wire::token::{Claims, sign};

const ALL: &[&str] = &["webpubsub.joinLeaveGroup", "webpubsub.sendToGroup"];

fn text(text: &str) -> Payload {
    Payload::Text(text.into())
}

// CN: connecting

#[tokio::test]
async fn both_forms_of_the_address_and_a_header_token_open_a_socket() {
    // CN-01, CN-02, CN-03, CN-04, CN-08
    let service = Service::alone(config()).await;
    let token = service.token(Some("ada"), &[], &[]);
    for path in [
        format!("/client/hubs/chat?access_token={token}"),
        format!("/client/hubs/CHAT?access_token={token}"),
        format!("/client/?hub=chat&access_token={token}"),
    ] {
        let client = service
            .open_at(&path, &[("sec-websocket-protocol", JSON)])
            .await
            .expect("is let in");
        assert_eq!(client.subprotocol.as_deref(), Some(JSON));
    }
    let bearer = format!("Bearer {token}");
    let headers = [
        ("sec-websocket-protocol", RELIABLE),
        ("authorization", bearer.as_str()),
    ];
    assert!(service.open_at("/client/hubs/chat", &headers).await.is_ok());
}

#[tokio::test]
async fn a_request_that_is_no_valid_entry_is_refused_before_the_upgrade() {
    // CN-05, CN-06
    let service = Service::alone(config()).await;
    assert_eq!(
        service
            .open_at("/client/hubs/9?access_token=x", &[])
            .await
            .err(),
        Some(400)
    );
    assert_eq!(
        service.open_at("/client/hubs/chat", &[]).await.err(),
        Some(401)
    );
    let token = service.token(None, &[], &[]);
    let twice = format!("/client/hubs/chat?access_token={token}&access_token={token}");
    assert_eq!(service.open_at(&twice, &[]).await.err(), Some(400));
}

#[tokio::test]
async fn a_client_without_subprotocol_gets_bare_payloads_and_no_greeting() {
    // CN-07, FR-10
    let service = Service::alone(config()).await;
    let token = service.token(Some("ada"), &[], &["g"]);
    let mut raw = service
        .open(&format!("access_token={token}"), "")
        .await
        .expect("is let in");
    assert_eq!(raw.subprotocol, None);
    assert_eq!(
        service
            .call(Call::send(Target::Group("g".into()), text("hi")))
            .await,
        202
    );
    assert_eq!(raw.text().await, "hi");
}

#[tokio::test]
async fn a_foreign_page_cannot_open_a_socket_where_origins_are_listed() {
    let listed = Service::alone(hub::Config {
        allowed_origins: Some(vec!["https://app.example".into()]),
        ..config()
    })
    .await;
    let path = format!(
        "/client/hubs/chat?access_token={}",
        listed.token(None, &[], &[])
    );
    for origin in [
        "https://evil.example",
        "null",
        "https://app.example.evil.com",
    ] {
        assert_eq!(
            listed.open_at(&path, &[("origin", origin)]).await.err(),
            Some(403),
            "{origin}"
        );
    }
    assert!(
        listed
            .open_at(&path, &[("origin", "https://app.example")])
            .await
            .is_ok()
    );
    assert!(listed.open_at(&path, &[]).await.is_ok());
    // CN-14
    let open = Service::alone(config()).await;
    let path = format!(
        "/client/hubs/chat?access_token={}",
        open.token(None, &[], &[])
    );
    assert!(
        open.open_at(&path, &[("origin", "https://any.example")])
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_peer_that_answers_no_ping_is_dropped() {
    // CN-13
    let quick = hub::Config {
        keep_alive: Duration::from_millis(50),
        ..config()
    };
    let service = Service::alone(quick).await;
    let client = service.client(JSON, "ada", &[]).await;
    assert_eq!(service.hub.connections(), 1);
    // The socket stays open, but nobody reads it, so no pong is sent.
    let gone = async {
        while service.hub.connections() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(support::PATIENCE, gone)
        .await
        .expect("is dropped");
    client.cut();
}

// TK: tokens

#[tokio::test]
async fn only_a_token_for_this_hub_by_one_of_its_keys_opens_a_socket() {
    // TK-02, TK-04, TK-06, TK-13
    let second = "secondary-key-secondary-key-secondary-key-00";
    let service = Service::alone(hub::Config {
        keys: vec![KEY.into(), second.into()],
        ..config()
    })
    .await;
    let aud = format!("http://{}/client/hubs/chat", service.host);
    let claims = |aud: &str, exp: u64| Claims {
        aud: aud.to_owned(),
        exp,
        ..Claims::default()
    };
    let far = u64::from(u32::MAX);
    let attempt = async |claims: Claims, key: &str| {
        let token = sign(&claims, key).expect("signs");
        service
            .open(&format!("access_token={token}"), JSON)
            .await
            .map(drop)
    };
    assert_eq!(attempt(claims(&aud, far), KEY).await, Ok(()));
    assert_eq!(attempt(claims(&aud, far), second).await, Ok(()));
    assert_eq!(
        attempt(claims(&aud, far), "unknown-key-unknown-key-unknown-key-").await,
        Err(401)
    );
    assert_eq!(attempt(claims(&aud, 1_000_000), KEY).await, Err(401));
    assert_eq!(
        attempt(claims(&aud.replace("chat", "other"), far), KEY).await,
        Err(401)
    );
    assert_eq!(
        attempt(claims("http://elsewhere/client/hubs/chat", far), KEY).await,
        Err(401)
    );
    assert_eq!(
        attempt(
            claims(&format!("http://{}/api/hubs/chat", service.host), far),
            KEY
        )
        .await,
        Err(401)
    );
}

#[tokio::test]
async fn groups_of_the_token_are_joined_without_a_role() {
    // TK-08, TK-11
    let service = Service::alone(config()).await;
    let token = service.token(None, &[], &["g"]);
    let mut client = service
        .open(&format!("access_token={token}"), JSON)
        .await
        .expect("is let in");
    assert_eq!(client.json().await["userId"], json!(null));
    service
        .call(Call::send(Target::Group("g".into()), text("hi")))
        .await;
    assert_eq!(
        client.text().await,
        r#"{"type":"message","from":"group","group":"g","fromUserId":null,"dataType":"text","data":"hi"}"#
    );
}

// FR: frames

#[tokio::test]
async fn joining_and_leaving_is_acknowledged_and_may_be_repeated() {
    // FR-01, FR-03
    let service = Service::alone(config()).await;
    let mut client = service.client(JSON, "ada", ALL).await;
    let greeting = client.json().await;
    assert_eq!(
        (&greeting["type"], &greeting["event"], &greeting["userId"]),
        (&json!("system"), &json!("connected"), &json!("ada"))
    );
    for (ack, kind) in [
        (1, "joinGroup"),
        (2, "joinGroup"),
        (3, "leaveGroup"),
        (4, "leaveGroup"),
    ] {
        client
            .send(&format!(r#"{{"type":"{kind}","group":"g","ackId":{ack}}}"#))
            .await;
        assert_eq!(
            client.text().await,
            format!(r#"{{"type":"ack","ackId":{ack},"success":true}}"#)
        );
    }
}

#[tokio::test]
async fn without_the_role_nothing_is_joined_or_published_and_the_socket_stays() {
    // FR-04, TK-09
    let service = Service::alone(config()).await;
    let mut client = service
        .client(JSON, "ada", &["webpubsub.sendToGroup.mine"])
        .await;
    let mut other = service
        .open(
            &format!(
                "access_token={}",
                service.token(None, &[], &["other", "mine"])
            ),
            JSON,
        )
        .await
        .expect("is let in");
    client.json().await;
    other.json().await;
    for frame in [
        r#"{"type":"joinGroup","group":"mine","ackId":1}"#,
        r#"{"type":"sendToGroup","group":"other","dataType":"text","data":"x","ackId":1}"#,
    ] {
        client.send(frame).await;
        let ack = client.json().await;
        assert_eq!(
            (&ack["success"], &ack["error"]["name"]),
            (&json!(false), &json!("Forbidden"))
        );
        assert!(ack["error"]["message"].is_string());
    }
    client
        .send(r#"{"type":"sendToGroup","group":"mine","dataType":"text","data":"y","ackId":1}"#)
        .await;
    assert_eq!(client.json().await["success"], json!(true));
    let heard = other.json().await;
    assert_eq!(
        (&heard["data"], &heard["fromUserId"]),
        (&json!("y"), &json!("ada"))
    );
}

#[tokio::test]
async fn what_a_member_sends_reaches_all_and_with_no_echo_all_others() {
    // FR-05, FR-06, FR-11
    let service = Service::alone(config()).await;
    let mut one = service.client(JSON, "ada", ALL).await;
    let mut two = service.client(JSON, "ada", ALL).await;
    for client in [&mut one, &mut two] {
        client.json().await;
        client
            .send(r#"{"type":"joinGroup","group":"g","ackId":1}"#)
            .await;
        client.json().await;
    }
    one.send(r#"{"type":"sendToGroup","group":"g","dataType":"text","data":"a"}"#)
        .await;
    assert_eq!(one.json().await["data"], json!("a"));
    assert_eq!(two.json().await["data"], json!("a"));
    one.send(r#"{"type":"sendToGroup","group":"g","noEcho":true,"dataType":"text","data":"b"}"#)
        .await;
    assert_eq!(two.json().await["data"], json!("b"));
    one.has_nothing().await;
}

#[tokio::test]
async fn payloads_pass_unchanged_number_formatting_and_key_order_included() {
    // FR-07, FR-08
    let service = Service::alone(config()).await;
    let mut client = service.client(JSON, "ada", ALL).await;
    client.json().await;
    client.send(r#"{"type":"joinGroup","group":"g"}"#).await;
    client
        .send(r#"{"type":"sendToGroup","group":"g","data":{"z":9007199254740993,"a":1.50}}"#)
        .await;
    assert!(
        client
            .text()
            .await
            .ends_with(r#""dataType":"json","data":{"z":9007199254740993,"a":1.50}}"#)
    );
    client
        .send(r#"{"type":"sendToGroup","group":"g","dataType":"binary","data":"AQID"}"#)
        .await;
    assert!(
        client
            .text()
            .await
            .ends_with(r#""dataType":"binary","data":"AQID"}"#)
    );
}

#[tokio::test]
async fn a_repeated_request_is_a_duplicate_and_a_failed_one_may_be_repeated() {
    // FR-12, FR-13
    let service = Service::alone(config()).await;
    let mut client = service.client(JSON, "ada", ALL).await;
    client.json().await;
    for id in ["9007199254740993", "18446744073709551615", "0"] {
        client
            .send(&format!(
                r#"{{"type":"joinGroup","group":"g","ackId":{id}}}"#
            ))
            .await;
        assert_eq!(
            client.text().await,
            format!(r#"{{"type":"ack","ackId":{id},"success":true}}"#)
        );
    }
    client
        .send(r#"{"type":"sendToGroup","group":"g","dataType":"text","data":"again","ackId":0}"#)
        .await;
    assert_eq!(client.json().await["error"]["name"], json!("Duplicate"));
    client.has_nothing().await;
}

#[tokio::test]
async fn a_frame_that_is_not_of_the_protocol_closes_with_1007() {
    // FR-14, FR-16, FR-22
    let service = Service::alone(config()).await;
    for frame in [
        "{",
        "[]",
        "null",
        r#"{"type":"nope"}"#,
        r#"{"group":"g"}"#,
        r#"{"type":"joinGroup","group":"g","ackId":"7"}"#,
        r#"{"type":"joinGroup","group":"g","ackId":-1}"#,
        r#"{"type":"joinGroup","group":"g","ackId":true}"#,
        r#"{"type":"joinGroup","group":" "}"#,
        r#"{"type":"sendToGroup","group":"g","dataType":"binary","data":"%"}"#,
        r#"{"type":"sendToGroup","group":"g","dataType":"text","data":"x","ttlSeconds":301}"#,
        r#"{"type":"event","event":"__proto__","data":1}"#,
    ] {
        let mut client = service.client(JSON, "ada", ALL).await;
        client.json().await;
        client.send(frame).await;
        assert_eq!(
            client.json().await["event"],
            json!("disconnected"),
            "{frame}"
        );
        assert_eq!(client.closed().await, Some(1007), "{frame}");
    }
}

#[tokio::test]
async fn unknown_members_are_ignored_and_a_ping_is_answered() {
    // FR-15, FR-17
    let service = Service::alone(config()).await;
    let mut client = service.client(JSON, "ada", &[]).await;
    client.json().await;
    client.send(r#"{"type":"ping","more":1}"#).await;
    assert_eq!(client.text().await, r#"{"type":"pong"}"#);
}

#[tokio::test]
async fn messages_of_one_sender_arrive_in_order() {
    // FR-23
    let service = Service::alone(config()).await;
    let mut client = service.client(JSON, "ada", ALL).await;
    client.json().await;
    client.send(r#"{"type":"joinGroup","group":"g"}"#).await;
    for number in 0..2_000 {
        client
            .send(&format!(
                r#"{{"type":"sendToGroup","group":"g","data":{number}}}"#
            ))
            .await;
    }
    for number in 0..2_000 {
        assert_eq!(client.json().await["data"], json!(number));
    }
}

#[tokio::test]
async fn a_message_over_one_mebibyte_closes_with_1009() {
    // LM-01
    let service = Service::alone(config()).await;
    let mut client = service.client(JSON, "ada", ALL).await;
    client.json().await;
    client.send(&"x".repeat(hub::MAX_MESSAGE + 1)).await;
    assert_eq!(client.closed().await, Some(1009));
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_closed_and_the_others_hear_everything() {
    // LM-03
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

// RL: reliable

#[tokio::test]
async fn messages_are_numbered_from_one_and_only_unacknowledged_ones_come_again() {
    // RL-01, RL-02, RL-03, RL-05, RL-07, RL-11
    let service = Service::alone(config()).await;
    let mut client = service.client(RELIABLE, "ada", ALL).await;
    let greeting = client.json().await;
    client
        .send(r#"{"type":"joinGroup","group":"g","ackId":1}"#)
        .await;
    client.json().await;
    let send = async |word: &str| {
        service
            .call(Call::send(Target::Group("g".into()), text(word)))
            .await
    };
    for (number, word) in [(1, "a"), (2, "b"), (3, "c")] {
        send(word).await;
        let message = client.json().await;
        assert_eq!(
            (&message["sequenceId"], &message["data"]),
            (&json!(number), &json!(word))
        );
    }
    client
        .send(r#"{"type":"sequenceAck","sequenceId":2}"#)
        .await;
    client.has_nothing().await;
    client.cut();
    send("d").await;
    let (id, token) = (
        greeting["connectionId"].as_str().expect("an id"),
        greeting["reconnectionToken"].as_str().expect("a token"),
    );
    let mut back = service
        .open(
            &format!("awps_connection_id={id}&awps_reconnection_token={token}"),
            RELIABLE,
        )
        .await
        .expect("is let in");
    assert_eq!(back.json().await["connectionId"], json!(id));
    for (number, word) in [(3, "c"), (4, "d")] {
        let message = back.json().await;
        assert_eq!(
            (&message["sequenceId"], &message["data"]),
            (&json!(number), &json!(word))
        );
    }
    back.send(r#"{"type":"joinGroup","group":"g","ackId":1}"#)
        .await;
    assert_eq!(back.json().await["error"]["name"], json!("Duplicate"));
}

#[tokio::test]
async fn a_recovery_that_is_not_possible_opens_and_closes_with_1008() {
    // RL-04, RL-08
    let service = Service::alone(config()).await;
    let mut client = service.client(RELIABLE, "ada", &[]).await;
    let greeting = client.json().await;
    let (id, token) = (
        greeting["connectionId"].as_str().expect("an id"),
        greeting["reconnectionToken"].as_str().expect("a token"),
    );
    for query in [
        format!("awps_connection_id={id}&awps_reconnection_token=wrong"),
        format!("awps_connection_id=unknown&awps_reconnection_token={token}"),
    ] {
        let mut refused = service
            .open(&query, RELIABLE)
            .await
            .expect("is let in first");
        assert_eq!(refused.closed().await, Some(1008));
    }
    let reason = Some("bye".to_owned());
    service
        .call(Call::Close {
            whom: Target::Connection(id.into()),
            excluded: Vec::new(),
            reason,
        })
        .await;
    let goodbye = client.json().await;
    assert_eq!(
        (&goodbye["event"], &goodbye["message"]),
        (&json!("disconnected"), &json!("bye"))
    );
    assert_eq!(client.closed().await, Some(1000));
    let mut refused = service
        .open(
            &format!("awps_connection_id={id}&awps_reconnection_token={token}"),
            RELIABLE,
        )
        .await
        .expect("is let in first");
    assert_eq!(refused.closed().await, Some(1008));
}

#[tokio::test]
async fn a_second_socket_takes_the_session_over() {
    // RL-09
    let service = Service::alone(config()).await;
    let mut first = service.client(RELIABLE, "ada", &[]).await;
    let greeting = first.json().await;
    let (id, token) = (
        greeting["connectionId"].as_str().expect("an id"),
        greeting["reconnectionToken"].as_str().expect("a token"),
    );
    let mut second = service
        .open(
            &format!("awps_connection_id={id}&awps_reconnection_token={token}"),
            RELIABLE,
        )
        .await
        .expect("is let in");
    second.json().await;
    first.closed().await;
    service
        .call(Call::send(Target::User("ada".into()), text("hi")))
        .await;
    assert_eq!(second.json().await["data"], json!("hi"));
    assert_eq!(service.hub.connections(), 1);
}

#[tokio::test]
async fn the_1001st_unacknowledged_message_ends_the_session() {
    // RL-10
    let service = Service::alone(config()).await;
    let mut client = service.client(RELIABLE, "ada", &[]).await;
    client.json().await;
    for _ in 0..=1_000 {
        service
            .call(Call::send(Target::User("ada".into()), text("x")))
            .await;
    }
    assert_eq!(client.closed().await, Some(1008));
}

// EV: webhooks

#[tokio::test]
async fn a_connection_is_told_of_from_connect_to_disconnected_signed_and_once() {
    // EV-01, EV-04, EV-05, EV-09, EV-10, RL-06
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
async fn the_answer_to_connect_decides_user_roles_and_groups() {
    // EV-07
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
    // EV-08
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
    // FR-18, FR-19, EV-12
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
async fn a_raw_client_whose_frame_nobody_handles_is_closed_with_1011() {
    // EV-16
    let service = Service::alone(config()).await;
    let mut raw = service.client("", "ada", &[]).await;
    raw.send("hello").await;
    assert_eq!(raw.closed().await, Some(1011));
}

// RS: REST

#[tokio::test]
async fn every_operation_answers_with_its_code() {
    // RS-01, RS-02, RS-06, RS-07
    let service = Service::alone(config()).await;
    let mut client = service.client(JSON, "ada", &[]).await;
    let id = client.json().await["connectionId"]
        .as_str()
        .expect("an id")
        .to_owned();
    let (group, user) = (|| "g".to_owned(), || "ada".to_owned());
    let there = Member::Connection(id.clone());
    let gone = || "gone".to_owned();
    let grant = |connection: String| Call::Grant {
        permission: Permission::SendToGroup,
        group: group(),
        connection,
    };
    for (call, status) in [
        (Call::Health, 200),
        (Call::send(Target::All, text("x")), 202),
        (Call::send(Target::User(gone()), text("x")), 202),
        (Call::send(Target::Connection(gone()), text("x")), 202),
        (
            Call::AddToGroup {
                group: group(),
                member: there.clone(),
            },
            200,
        ),
        (
            Call::AddToGroup {
                group: group(),
                member: Member::Connection(gone()),
            },
            404,
        ),
        (
            Call::AddToGroup {
                group: group(),
                member: Member::User(user()),
            },
            200,
        ),
        (
            Call::AddToGroup {
                group: group(),
                member: Member::User(gone()),
            },
            404,
        ),
        (
            Call::Exists {
                what: Target::Group(group()),
            },
            200,
        ),
        (
            Call::Exists {
                what: Target::User(user()),
            },
            200,
        ),
        (
            Call::Exists {
                what: Target::Connection(id.clone()),
            },
            200,
        ),
        (grant(id.clone()), 200),
        (
            Call::Check {
                permission: Permission::SendToGroup,
                group: group(),
                connection: id.clone(),
            },
            200,
        ),
        (
            Call::Revoke {
                permission: Permission::SendToGroup,
                group: group(),
                connection: id.clone(),
            },
            204,
        ),
        (
            Call::Check {
                permission: Permission::SendToGroup,
                group: group(),
                connection: id.clone(),
            },
            404,
        ),
        (grant(gone()), 404),
        (
            Call::RemoveFromGroup {
                group: group(),
                member: there.clone(),
            },
            204,
        ),
        (
            Call::RemoveFromGroup {
                group: group(),
                member: Member::Connection(gone()),
            },
            204,
        ),
        (
            Call::Exists {
                what: Target::Group(group()),
            },
            404,
        ),
        (
            Call::AddToGroups {
                groups: vec![group()],
                filter: None,
            },
            200,
        ),
        (
            Call::RemoveFromGroups {
                groups: vec![group()],
                filter: None,
            },
            200,
        ),
        (Call::RemoveFromAllGroups { member: there }, 204),
        (
            Call::RemoveFromAllGroups {
                member: Member::User(user()),
            },
            204,
        ),
        (
            Call::Close {
                whom: Target::Connection(gone()),
                excluded: Vec::new(),
                reason: None,
            },
            204,
        ),
        (
            Call::Close {
                whom: Target::User(user()),
                excluded: vec![id],
                reason: None,
            },
            204,
        ),
    ] {
        assert_eq!(service.call(call.clone()).await, status, "{call:?}");
    }
    let absent = service
        .answer(Call::Exists {
            what: Target::User(gone()),
        })
        .await;
    assert_eq!(
        absent.headers()["x-ms-error-code"],
        "Warning.User.NotExisted"
    );
}

#[tokio::test]
async fn excluded_connections_hear_nothing_and_a_server_message_has_these_bytes() {
    // RS-03, RS-04, RS-05
    let service = Service::alone(config()).await;
    let mut one = service.client(JSON, "ada", &[]).await;
    let mut two = service.client(JSON, "bob", &[]).await;
    let id = one.json().await["connectionId"]
        .as_str()
        .expect("an id")
        .to_owned();
    two.json().await;
    let options = wire::rest::SendOptions {
        excluded: vec![id],
        ..Default::default()
    };
    let call = Call::Send {
        to: Target::All,
        payload: text("x"),
        metadata: Default::default(),
        options,
    };
    service.call(call).await;
    assert_eq!(
        two.text().await,
        r#"{"type":"message","from":"server","dataType":"text","data":"x"}"#
    );
    one.has_nothing().await;
}

#[tokio::test]
async fn a_call_without_a_valid_token_is_refused() {
    // TK-12
    let service = Service::alone(config()).await;
    let request = || {
        Call::send(Target::All, text("x"))
            .to_request(&format!("http://{}", service.host), "chat")
            .expect("a request")
    };
    assert_eq!(service.request(request()).await.status(), 401);
    let with = |aud: String| {
        let token = sign(
            &Claims {
                aud,
                exp: u64::from(u32::MAX),
                ..Claims::default()
            },
            KEY,
        )
        .expect("signs");
        let mut request = request();
        request.headers_mut().insert(
            "authorization",
            format!("Bearer {token}").parse().expect("a header"),
        );
        request
    };
    let url = request().uri().to_string();
    let bare = url.split('?').next().expect("a path").to_owned();
    assert_eq!(service.request(with(url)).await.status(), 202);
    assert_eq!(service.request(with(bare)).await.status(), 202);
    assert_eq!(
        service
            .request(with(format!(
                "http://{}/api/hubs/other/:send",
                service.host
            )))
            .await
            .status(),
        401
    );
    assert_eq!(
        service
            .request(with(format!("http://{}/client/hubs/chat", service.host)))
            .await
            .status(),
        401
    );
}

#[tokio::test]
async fn a_group_is_listed_in_pages() {
    // RS-12
    let service = Service::alone(config()).await;
    let mut clients = Vec::new();
    for number in 0..5 {
        let token = service.token(Some(&format!("u{number}")), &[], &["g"]);
        let mut client = service
            .open(&format!("access_token={token}"), JSON)
            .await
            .expect("is let in");
        client.json().await;
        clients.push(client);
    }
    let mut seen = Vec::new();
    let mut continuation = None;
    loop {
        let page = PageRequest {
            max_page_size: Some(2),
            top: None,
            continuation: continuation.take(),
        };
        let answer = service
            .answer(Call::ListConnections {
                group: "g".into(),
                page,
            })
            .await;
        let listing: serde_json::Value = serde_json::from_slice(answer.body()).expect("JSON");
        seen.extend(
            listing["value"]
                .as_array()
                .expect("a list")
                .iter()
                .map(|entry| entry["connectionId"].clone()),
        );
        match listing["nextLink"].as_str() {
            Some(link) => continuation = link.split("continuationToken=").nth(1).map(str::to_owned),
            None => break,
        }
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.windows(2).all(|two| two[0].as_str() < two[1].as_str()));
}

#[tokio::test]
async fn a_grant_lets_a_running_client_publish_and_a_revocation_stops_it() {
    // RS-13
    let service = Service::alone(config()).await;
    let mut client = service
        .client(JSON, "ada", &["webpubsub.sendToGroups.**"])
        .await;
    let connection = client.json().await["connectionId"]
        .as_str()
        .expect("an id")
        .to_owned();
    let mut publish = async |ack: u32| {
        client
            .send(&format!(
                r#"{{"type":"sendToGroup","group":"g","data":1,"ackId":{ack}}}"#
            ))
            .await;
        client.json().await["success"].clone()
    };
    assert_eq!(publish(1).await, json!(true));
    let permission = Permission::SendToGroup;
    service
        .call(Call::Revoke {
            permission,
            group: "g".into(),
            connection: connection.clone(),
        })
        .await;
    assert_eq!(publish(2).await, json!(false));
    service
        .call(Call::Grant {
            permission,
            group: "g".into(),
            connection,
        })
        .await;
    assert_eq!(publish(3).await, json!(true));
}

#[tokio::test]
async fn shutting_down_says_goodbye_to_everybody() {
    let service = Service::alone(config()).await;
    let mut client = service.client(RELIABLE, "ada", &[]).await;
    client.json().await;
    let hub = service.hub.clone();
    let shutdown = tokio::spawn(async move { hub.shut_down(support::PATIENCE).await });
    assert_eq!(client.json().await["event"], json!("disconnected"));
    assert_eq!(client.closed().await, Some(1001));
    shutdown.await.expect("ends");
    assert_eq!(service.hub.connections(), 0);
}
