//! What clients of the JSON subprotocols say to each other.

use super::support::{ALL, JSON, Service, config};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use wire::rest::{Call, Target};

#[tokio::test]
async fn joining_and_leaving_is_acknowledged_and_may_be_repeated() {
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
    let service = Service::alone(config()).await;
    let mut client = service.client(JSON, "ada", &[]).await;
    client.json().await;
    client.send(r#"{"type":"ping","more":1}"#).await;
    assert_eq!(client.text().await, r#"{"type":"pong"}"#);
}

#[tokio::test]
async fn messages_of_one_sender_arrive_in_order() {
    let service = Service::alone(config()).await;
    let mut client = service.client(JSON, "ada", ALL).await;
    client.json().await;
    client.send(r#"{"type":"joinGroup","group":"g"}"#).await;
    for number in 0..10_000 {
        client
            .send(&format!(
                r#"{{"type":"sendToGroup","group":"g","data":{number}}}"#
            ))
            .await;
    }
    for number in 0..10_000 {
        assert_eq!(client.json().await["data"], json!(number));
    }
}

#[tokio::test]
async fn frames_that_were_sent_before_the_greeting_came_are_executed() {
    let service = Service::alone(config()).await;
    let mut client = service.client(JSON, "ada", ALL).await;
    client
        .send(r#"{"type":"joinGroup","group":"g","ackId":1}"#)
        .await;
    client
        .send(r#"{"type":"sendToGroup","group":"g","data":1,"ackId":2}"#)
        .await;
    assert_eq!(client.json().await["event"], json!("connected"));
    assert_eq!(client.json().await["ackId"], json!(1));
    assert_eq!(client.json().await["data"], json!(1));
    assert_eq!(client.json().await["ackId"], json!(2));
}

#[tokio::test]
async fn a_raw_member_hears_bare_text_and_bare_bytes() {
    let service = Service::alone(config()).await;
    let mut raw = service.member("", "raw", "g").await;
    let mut client = service.member(JSON, "ada", "g").await;
    for data in [
        r#""dataType":"text","data":"words""#,
        r#""dataType":"json","data":{"a":1.50}"#,
        r#""dataType":"binary","data":"AQID""#,
        r#""dataType":"protobuf","data":"CgFh""#,
    ] {
        client
            .send(&format!(
                r#"{{"type":"sendToGroup","group":"g","noEcho":true,{data}}}"#
            ))
            .await;
    }
    assert_eq!(raw.next().await, Message::text("words"));
    assert_eq!(raw.next().await, Message::text(r#"{"a":1.50}"#));
    assert_eq!(raw.next().await, Message::binary(vec![1, 2, 3]));
    assert_eq!(raw.next().await, Message::binary(vec![10, 1, 97]));
}

#[tokio::test]
async fn json_in_a_binary_message_is_a_frame_too() {
    let service = Service::alone(config()).await;
    let mut client = service.client(JSON, "ada", &[]).await;
    client.json().await;
    use futures::SinkExt as _;
    let ping = Message::binary(br#"{"type":"ping"}"#.to_vec());
    client.socket.send(ping).await.expect("is sent");
    assert_eq!(client.text().await, r#"{"type":"pong"}"#);
}

#[tokio::test]
async fn metadata_is_relayed_and_too_much_of_it_closes_with_1007() {
    let service = Service::alone(config()).await;
    let mut client = service.member(JSON, "ada", "g").await;
    client
        .send(r#"{"type":"sendToGroup","group":"g","data":1,"metadata":{"trace-id":"7f"}}"#)
        .await;
    assert_eq!(client.json().await["metadata"], json!({"trace-id": "7f"}));
    client
        .send(r#"{"type":"sendToGroup","group":"g","metadata":{"a":"b"}}"#)
        .await;
    assert_eq!(client.json().await["data"], json!(""));
    let long = "x".repeat(1_025);
    let key = "k".repeat(257);
    let many: Vec<String> = (0..9)
        .map(|n| format!(r#""k{n}":"{}""#, "x".repeat(1_000)))
        .collect();
    for metadata in [
        format!(r#"{{"a":"{long}"}}"#),
        format!(r#"{{"{key}":"b"}}"#),
        format!("{{{}}}", many.join(",")),
        r#"{"a b":"c"}"#.to_owned(),
        r#"{"a":"ż"}"#.to_owned(),
        r#"{"a":1}"#.to_owned(),
    ] {
        let mut client = service.member(JSON, "ada", "g").await;
        client
            .send(&format!(
                r#"{{"type":"sendToGroup","group":"g","data":1,"metadata":{metadata}}}"#
            ))
            .await;
        assert_eq!(client.closed().await, Some(1007), "{metadata}");
    }
}

#[tokio::test]
async fn a_time_to_live_of_five_minutes_is_the_longest() {
    let service = Service::alone(config()).await;
    let mut client = service.member(JSON, "ada", "g").await;
    for seconds in [0, 300] {
        client
            .send(&format!(
                r#"{{"type":"sendToGroup","group":"g","data":{seconds},"ttlSeconds":{seconds}}}"#
            ))
            .await;
        assert_eq!(client.json().await["data"], json!(seconds));
    }
    client
        .send(r#"{"type":"sendToGroup","group":"g","data":1,"ttlSeconds":301}"#)
        .await;
    assert_eq!(client.closed().await, Some(1007));
}

#[tokio::test]
async fn a_connection_that_the_server_closes_is_told_why_and_closed_with_1000() {
    let service = Service::alone(config()).await;
    let mut client = service.client(JSON, "ada", &[]).await;
    let (id, _) = client.greeting().await;
    service
        .call(Call::Close {
            whom: Target::Connection(id),
            excluded: Vec::new(),
            reason: Some("that is all".into()),
        })
        .await;
    assert_eq!(
        client.text().await,
        r#"{"type":"system","event":"disconnected","message":"that is all"}"#
    );
    assert_eq!(client.closed().await, Some(1000));
}
