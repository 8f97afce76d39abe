//! Reliable sessions: what survives a socket, and what does not.

use super::support::{ALL, JSON, PATIENCE, RELIABLE, Service, config, text};
use axum::body::Body;
use http::Response;
use serde_json::json;
use wire::rest::{Call, Target};
use wire::role::Permission;

#[tokio::test]
async fn messages_are_numbered_from_one_and_only_unacknowledged_ones_come_again() {
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
    let service = Service::alone(config()).await;
    let mut client = service.client(RELIABLE, "ada", &[]).await;
    let greeting = client.json().await;
    let (id, token) = (
        greeting["connectionId"].as_str().expect("an id"),
        greeting["reconnectionToken"].as_str().expect("a token"),
    );
    for query in [
        format!("/client/hubs/chat?awps_connection_id={id}&awps_reconnection_token=wrong"),
        format!("/client/hubs/chat?awps_connection_id={id}"),
        format!("/client/hubs/chat?awps_connection_id=unknown&awps_reconnection_token={token}"),
        format!("/client/hubs/other?awps_connection_id={id}&awps_reconnection_token={token}"),
    ] {
        let mut refused = service
            .open_at(&query, &[("sec-websocket-protocol", RELIABLE)])
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

#[tokio::test]
async fn an_expired_or_a_foreign_access_token_does_not_hinder_a_recovery() {
    let service = Service::alone(config()).await;
    let mut client = service.client(RELIABLE, "ada", &[]).await;
    let (id, token) = client.greeting().await;
    client.cut();
    for access in ["", "&access_token=long.expired.token"] {
        let query = format!("awps_connection_id={id}&awps_reconnection_token={token}{access}");
        let mut back = service.open(&query, RELIABLE).await.expect("is let in");
        assert_eq!(back.greeting().await.0, id);
    }
}

#[tokio::test]
async fn a_session_that_waited_too_long_is_over_and_its_end_is_told_once() {
    let service = Service::handled(|_| Response::new(Body::empty())).await;
    let mut client = service.client(RELIABLE, "ada", &[]).await;
    let (id, token) = client.greeting().await;
    client.cut();
    assert_eq!(service.told_of("disconnected").await.len(), 1);
    let query = format!("awps_connection_id={id}&awps_reconnection_token={token}");
    let mut late = service
        .open(&query, RELIABLE)
        .await
        .expect("is let in first");
    assert_eq!(late.closed().await, Some(1008));
    assert_eq!(service.told_of("disconnected").await.len(), 1);
    assert_eq!(service.hub.connections(), 0);
}

#[tokio::test]
async fn a_recovery_greets_again_and_asks_no_handler() {
    let handlers = vec![hub::Handler::of_everything("/handle/{event}")];
    let patient = hub::Config {
        handlers,
        ..config()
    };
    let service = Service::with(patient, |_| Response::new(Body::empty())).await;
    let mut client = service.client(RELIABLE, "ada", &[]).await;
    let (id, token) = client.greeting().await;
    service.told_of("connected").await;
    client.cut();
    service
        .call(Call::send(Target::User("ada".into()), text("missed")))
        .await;
    let query = format!("awps_connection_id={id}&awps_reconnection_token={token}");
    let mut back = service.open(&query, RELIABLE).await.expect("is let in");
    let greeting = back.json().await;
    assert_eq!(
        (&greeting["event"], &greeting["connectionId"]),
        (&json!("connected"), &json!(id))
    );
    assert_eq!(back.json().await["data"], json!("missed"));
    assert_eq!(service.told_of("connect").await.len(), 1);
    assert_eq!(service.told_of("connected").await.len(), 1);
}

#[tokio::test]
async fn groups_and_permissions_survive_a_recovery() {
    let service = Service::alone(config()).await;
    let mut client = service.client(RELIABLE, "ada", &[]).await;
    let (id, token) = client.greeting().await;
    for permission in [Permission::JoinLeaveGroup, Permission::SendToGroup] {
        let granted = Call::Grant {
            permission,
            group: "g".into(),
            connection: id.clone(),
        };
        assert_eq!(service.call(granted).await, 200);
    }
    client
        .send(r#"{"type":"joinGroup","group":"g","ackId":1}"#)
        .await;
    assert_eq!(client.json().await["success"], json!(true));
    client.cut();
    let query = format!("awps_connection_id={id}&awps_reconnection_token={token}");
    let mut back = service.open(&query, RELIABLE).await.expect("is let in");
    back.json().await;
    back.send(r#"{"type":"sendToGroup","group":"g","data":1,"ackId":2}"#)
        .await;
    assert_eq!(back.json().await["data"], json!(1));
    assert_eq!(back.json().await["success"], json!(true));
}

#[tokio::test]
async fn a_client_without_recovery_may_acknowledge_and_nothing_happens() {
    let service = Service::alone(config()).await;
    let mut client = service.member(JSON, "ada", "g").await;
    client
        .send(r#"{"type":"sequenceAck","sequenceId":7}"#)
        .await;
    client.has_nothing().await;
    service
        .call(Call::send(Target::Group("g".into()), text("x")))
        .await;
    assert_eq!(client.json().await.get("sequenceId"), None);
}

#[tokio::test]
async fn an_acknowledgement_that_is_no_number_closes_with_1007() {
    let service = Service::alone(config()).await;
    let mut client = service.client(RELIABLE, "ada", &[]).await;
    client
        .send(r#"{"type":"sequenceAck","sequenceId":"7"}"#)
        .await;
    assert_eq!(client.closed().await, Some(1007));
}

#[tokio::test]
async fn a_recovered_session_that_the_server_closed_does_not_come_back() {
    let service = Service::alone(config()).await;
    let mut client = service.client(RELIABLE, "ada", &[]).await;
    let (id, token) = client.greeting().await;
    client.cut();
    let closed = Call::Close {
        whom: Target::User("ada".into()),
        excluded: Vec::new(),
        reason: None,
    };
    assert_eq!(service.call(closed).await, 204);
    let query = format!("awps_connection_id={id}&awps_reconnection_token={token}");
    let mut late = service
        .open(&query, RELIABLE)
        .await
        .expect("is let in first");
    assert_eq!(late.closed().await, Some(1008));
    let gone = async {
        while service.hub.connections() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("is gone");
}
