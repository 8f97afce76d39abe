//! The protobuf subprotocols, among themselves and with all others.

use super::support::{ALL, JSON, PROTOBUF, RELIABLE_PROTOBUF, Service, config, text};
use axum::body::Body;
use bytes::Bytes;
use futures::SinkExt as _;
use http::Response;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message as Frame;
use wire::frame::{
    AckErrorName, ClientFrame, Message, Metadata, Payload, Sender, ServiceFrame, StreamPart,
};
use wire::rest::{Call, Target};

/// A `google.protobuf.Any` with a type and a field that nobody knows.
const ANY: &[u8] = &[0x0A, 1, b'a', 0x12, 2, 8, 1, 0x78, 5];

fn send(payload: Payload, ack_id: Option<u64>) -> ClientFrame {
    ClientFrame::SendToGroup {
        group: "g".into(),
        payload,
        no_echo: false,
        ack_id,
        ttl_seconds: None,
        metadata: Metadata::new(),
    }
}

fn json_payload(text: &str) -> Payload {
    Payload::Json(serde_json::from_str(text).expect("JSON"))
}

#[tokio::test]
async fn a_protobuf_client_connects_joins_sends_and_pings() {
    let service = Service::alone(config()).await;
    let mut client = service.client(PROTOBUF, "ada", ALL).await;
    assert_eq!(client.subprotocol.as_deref(), Some(PROTOBUF));
    let ServiceFrame::Connected {
        user_id,
        connection_id,
        reconnection_token,
    } = client.protobuf().await
    else {
        panic!("is greeted first");
    };
    assert_eq!(
        (user_id.as_deref(), reconnection_token),
        (Some("ada"), None)
    );
    assert!(!connection_id.is_empty());
    let join = ClientFrame::JoinGroup {
        group: "g".into(),
        ack_id: Some(u64::MAX),
    };
    client.send_protobuf(&join).await;
    let ack = ServiceFrame::Ack {
        ack_id: u64::MAX,
        result: Ok(()),
    };
    assert_eq!(client.protobuf().await, ack);
    client.send_protobuf(&join).await;
    let ServiceFrame::Ack { result, .. } = client.protobuf().await else {
        panic!("is acknowledged");
    };
    assert_eq!(
        result.map_err(|error| error.name),
        Err(AckErrorName::Duplicate)
    );
    client.send_protobuf(&send(text("hi"), Some(2))).await;
    let ServiceFrame::Message(message) = client.protobuf().await else {
        panic!("hears itself");
    };
    let group = Sender::Group {
        group: "g".into(),
        user: None,
    };
    assert_eq!((message.from, message.payload), (group, text("hi")));
    assert!(matches!(
        client.protobuf().await,
        ServiceFrame::Ack { ack_id: 2, .. }
    ));
    client.send_protobuf(&ClientFrame::Ping).await;
    assert_eq!(client.protobuf().await, ServiceFrame::Pong);
}

#[tokio::test]
async fn payloads_pass_between_json_protobuf_and_raw_clients_as_tabled() {
    let service = Service::alone(config()).await;
    let mut sender = service.member(PROTOBUF, "sender", "other").await;
    let mut protobuf = service.member(PROTOBUF, "ada", "g").await;
    let mut json = service.member(JSON, "bob", "g").await;
    let mut raw = service.member("", "raw", "g").await;
    for (payload, kind, data, bare) in [
        (text("ż"), "text", json!("ż"), Frame::text("ż")),
        (
            json_payload(r#"{"a":1.50}"#),
            "json",
            json!({"a": 1.5}),
            Frame::text(r#"{"a":1.50}"#),
        ),
        (
            Payload::Binary(Bytes::from_static(&[1, 2, 3])),
            "binary",
            json!("AQID"),
            Frame::binary(vec![1, 2, 3]),
        ),
        (
            Payload::Protobuf(Bytes::from_static(ANY)),
            "protobuf",
            json!("CgFhEgIIAXgF"),
            Frame::binary(ANY.to_vec()),
        ),
    ] {
        sender.send_protobuf(&send(payload.clone(), None)).await;
        let ServiceFrame::Message(heard) = protobuf.protobuf().await else {
            panic!("a message");
        };
        assert_eq!(heard.payload, payload);
        let heard = json.json().await;
        assert_eq!((&heard["dataType"], &heard["data"]), (&json!(kind), &data));
        assert_eq!(heard["fromUserId"], json!("sender"));
        assert_eq!(raw.next().await, bare);
    }
    json.send(r#"{"type":"sendToGroup","group":"g","data":{"z":9007199254740993,"a":1.50}}"#)
        .await;
    let ServiceFrame::Message(heard) = protobuf.protobuf().await else {
        panic!("a message");
    };
    assert_eq!(
        heard.payload,
        json_payload(r#"{"z":9007199254740993,"a":1.50}"#)
    );
}

#[tokio::test]
async fn an_event_of_a_protobuf_client_reaches_the_handler_and_its_answer_the_client() {
    let service = Service::handled(|told| match told.header("ce-eventname") {
        "echo" => Response::builder()
            .header("content-type", told.header("content-type"))
            .body(Body::from(told.body.clone()))
            .expect("a response"),
        _ => Response::new(Body::empty()),
    })
    .await;
    let mut client = service.client(PROTOBUF, "ada", &[]).await;
    client.protobuf().await;
    for payload in [
        text("x"),
        json_payload("[1]"),
        Payload::Binary(Bytes::from_static(b"b")),
        Payload::Protobuf(Bytes::from_static(ANY)),
    ] {
        let event = ClientFrame::Event {
            event: "echo".into(),
            payload: payload.clone(),
            ack_id: None,
            metadata: Metadata::new(),
        };
        client.send_protobuf(&event).await;
        let ServiceFrame::Message(heard) = client.protobuf().await else {
            panic!("a message");
        };
        assert_eq!((heard.from, heard.payload), (Sender::Server, payload));
    }
    let told = service.told_of("echo").await;
    let kinds: Vec<&str> = told
        .iter()
        .map(|told| told.header("content-type"))
        .collect();
    assert_eq!(
        kinds,
        [
            "text/plain; charset=utf-8",
            "application/json",
            "application/octet-stream",
            "application/x-protobuf"
        ]
    );
    assert_eq!(&told[3].body[..], ANY);
}

#[tokio::test]
async fn what_is_no_protobuf_message_closes_the_socket() {
    let service = Service::alone(config()).await;
    let any_without_end = Payload::Protobuf(Bytes::from_static(&[0x0A, 9, b'a']));
    let bad_any = send(any_without_end, None)
        .to_protobuf()
        .expect("has a form");
    let odd_group = ClientFrame::JoinGroup {
        group: " ".into(),
        ack_id: None,
    };
    let odd_group = odd_group.to_protobuf().expect("has a form");
    for (frame, code) in [
        (Frame::binary(vec![0xFF, 0xFF, 0xFF]), 1007),
        (Frame::binary(Vec::new()), 1007),
        // Field 10, which is an invocation at the service.
        (Frame::binary(vec![0x52, 0]), 1007),
        (Frame::Binary(bad_any), 1007),
        (Frame::Binary(odd_group), 1007),
        (Frame::text(r#"{"type":"ping"}"#), 1003),
    ] {
        let mut client = service.client(PROTOBUF, "ada", ALL).await;
        client.protobuf().await;
        client.socket.send(frame.clone()).await.expect("is sent");
        assert!(matches!(
            client.protobuf().await,
            ServiceFrame::Disconnected { .. }
        ));
        assert_eq!(client.closed().await, Some(code), "{frame:?}");
    }
}

#[tokio::test]
async fn a_reliable_protobuf_client_gets_numbers_and_recovers() {
    let service = Service::alone(config()).await;
    let mut client = service.client(RELIABLE_PROTOBUF, "ada", ALL).await;
    let ServiceFrame::Connected {
        connection_id,
        reconnection_token: Some(token),
        ..
    } = client.protobuf().await
    else {
        panic!("is greeted with a token");
    };
    let say = async |word: &str| {
        service
            .call(Call::send(Target::User("ada".into()), text(word)))
            .await
    };
    let said = |number: u64, word: &str| {
        ServiceFrame::Message(Message {
            from: Sender::Server,
            payload: text(word),
            sequence_id: Some(number),
            metadata: Metadata::new(),
            stream: None,
        })
    };
    say("a").await;
    say("b").await;
    assert_eq!(client.protobuf().await, said(1, "a"));
    assert_eq!(client.protobuf().await, said(2, "b"));
    let ack = ClientFrame::SequenceAck { sequence_id: 1 };
    client.send_protobuf(&ack).await;
    client.send_protobuf(&ClientFrame::Ping).await;
    assert_eq!(client.protobuf().await, ServiceFrame::Pong);
    client.cut();
    say("c").await;
    let query = format!("awps_connection_id={connection_id}&awps_reconnection_token={token}");
    let opened = service.open(&query, RELIABLE_PROTOBUF).await;
    let mut back = opened.expect("is let in");
    assert!(matches!(
        back.protobuf().await,
        ServiceFrame::Connected { .. }
    ));
    assert_eq!(back.protobuf().await, said(2, "b"));
    assert_eq!(back.protobuf().await, said(3, "c"));
}

#[tokio::test]
async fn a_protobuf_client_publishes_streams_and_hears_them() {
    let service = Service::alone(config()).await;
    let mut client = service.member(PROTOBUF, "ada", "g").await;
    let mut json = service.member(JSON, "bob", "g").await;
    let id = || "s".to_owned();
    let acknowledged = |expected| ServiceFrame::StreamAck {
        stream_id: id(),
        expected,
    };
    client
        .send_protobuf(&ClientFrame::StreamStart {
            group: "g".into(),
            stream_id: id(),
            idle_timeout_ms: None,
            no_echo: false,
        })
        .await;
    assert_eq!(client.protobuf().await, acknowledged(1));
    client
        .send_protobuf(&ClientFrame::StreamData {
            stream_id: id(),
            fragment: Some((1, text("x"))),
        })
        .await;
    let ServiceFrame::Message(heard) = client.protobuf().await else {
        panic!("hears itself");
    };
    let part = |sequence_id, end| StreamPart {
        stream_id: id(),
        sequence_id,
        end,
        error: None,
    };
    assert_eq!(heard.stream, Some(part(1, false)));
    assert_eq!(client.protobuf().await, acknowledged(2));
    assert_eq!(json.json().await["stream"]["streamSequenceId"], json!(1));
    client
        .send_protobuf(&ClientFrame::StreamEnd {
            stream_id: id(),
            error: None,
        })
        .await;
    let ServiceFrame::Message(heard) = client.protobuf().await else {
        panic!("hears the end");
    };
    assert_eq!(heard.stream, Some(part(2, true)));
    let closed = ServiceFrame::StreamClosed {
        stream_id: id(),
        error: None,
    };
    assert_eq!(client.protobuf().await, closed);
}
