//! Streams: numbered fragments from one publisher to a group, and every way in which they end.

use super::support::{ALL, Client, JSON, RELIABLE, Service, config, gated};
use serde_json::json;
use wire::rest::{Call, Target};
use wire::role::Permission;

async fn start(client: &mut Client, id: &str, more: &str) {
    client
        .send(&format!(
            r#"{{"type":"sendToGroup","group":"g","stream":{{"streamId":"{id}"{more}}}}}"#
        ))
        .await;
}

async fn fragment(client: &mut Client, id: &str, number: u64, text: &str) {
    client
        .send(&format!(
            r#"{{"type":"streamData","streamId":"{id}","streamSequenceId":{number},"dataType":"text","data":"{text}"}}"#
        ))
        .await;
}

async fn end(client: &mut Client, id: &str, more: &str) {
    client
        .send(&format!(
            r#"{{"type":"streamEnd","streamId":"{id}"{more}}}"#
        ))
        .await;
}

fn ack(id: &str, expected: u64) -> String {
    format!(r#"{{"type":"streamAck","streamId":"{id}","expectedSequenceId":{expected}}}"#)
}

/// A publisher that is not in the group, its stream begun, and a member.
async fn pair(service: &Service, protocol: &str) -> (Client, Client) {
    let mut publisher = service.client(protocol, "alice", ALL).await;
    publisher.json().await;
    let member = service.member(JSON, "bob", "g").await;
    start(&mut publisher, "s", "").await;
    assert_eq!(publisher.text().await, ack("s", 1));
    (publisher, member)
}

#[tokio::test]
async fn fragments_reach_the_group_numbered_and_are_acknowledged_one_by_one() {
    let service = Service::alone(config()).await;
    let (mut publisher, mut member) = pair(&service, JSON).await;
    for (number, word) in [(1, "Hel"), (2, "lo")] {
        fragment(&mut publisher, "s", number, word).await;
        assert_eq!(publisher.text().await, ack("s", number + 1));
        assert_eq!(
            member.text().await,
            format!(
                r#"{{"type":"message","from":"group","group":"g","fromUserId":"alice","dataType":"text","data":"{word}","stream":{{"streamId":"s","streamSequenceId":{number}}}}}"#
            )
        );
    }
}

#[tokio::test]
async fn a_fragment_that_comes_too_early_is_refused_with_the_number_that_is_expected() {
    let service = Service::alone(config()).await;
    let (mut publisher, mut member) = pair(&service, JSON).await;
    fragment(&mut publisher, "s", 5, "early").await;
    let nack = publisher.json().await;
    assert_eq!(nack["type"], json!("streamNack"));
    assert_eq!(nack["expectedSequenceId"], json!(1));
    assert_eq!(nack["name"], json!("InvalidSequenceId"));
    assert!(nack["message"].is_string());
    fragment(&mut publisher, "s", 1, "now").await;
    assert_eq!(publisher.text().await, ack("s", 2));
    assert_eq!(member.json().await["data"], json!("now"));
}

#[tokio::test]
async fn a_fragment_that_comes_again_is_acknowledged_and_not_delivered() {
    let service = Service::alone(config()).await;
    let (mut publisher, mut member) = pair(&service, JSON).await;
    for _ in 0..2 {
        fragment(&mut publisher, "s", 1, "once").await;
        assert_eq!(publisher.text().await, ack("s", 2));
    }
    fragment(&mut publisher, "s", 0, "before the first").await;
    assert_eq!(publisher.text().await, ack("s", 2));
    assert_eq!(member.json().await["data"], json!("once"));
    member.has_nothing().await;
}

#[tokio::test]
async fn the_end_of_a_stream_is_told_to_both_sides_and_its_id_is_free_again() {
    let service = Service::alone(config()).await;
    let (mut publisher, mut member) = pair(&service, JSON).await;
    fragment(&mut publisher, "s", 1, "all").await;
    publisher.text().await;
    member.text().await;
    end(&mut publisher, "s", "").await;
    assert_eq!(
        publisher.text().await,
        r#"{"type":"streamClosed","streamId":"s"}"#
    );
    let last = member.json().await;
    assert_eq!(
        last["stream"],
        json!({"streamId": "s", "streamSequenceId": 2, "endOfStream": true})
    );
    assert_eq!(
        (&last["dataType"], &last["data"]),
        (&json!("text"), &json!(""))
    );
    start(&mut publisher, "s", "").await;
    assert_eq!(publisher.text().await, ack("s", 1));
}

#[tokio::test]
async fn a_stream_that_fails_tells_the_group_why_in_the_publishers_words() {
    let service = Service::alone(config()).await;
    let (mut publisher, mut member) = pair(&service, JSON).await;
    let error = r#","error":{"message":"model failed","userErrorCode":"E42"}"#;
    end(&mut publisher, "s", error).await;
    assert_eq!(
        publisher.text().await,
        r#"{"type":"streamClosed","streamId":"s"}"#
    );
    assert_eq!(
        member.json().await["stream"],
        json!({
            "streamId": "s", "streamSequenceId": 1, "endOfStream": true,
            "error": {"name": "UserError", "message": "model failed", "userErrorCode": "E42"},
        })
    );
}

#[tokio::test]
async fn a_stream_that_is_not_there_is_not_found() {
    let service = Service::alone(config()).await;
    let mut client = service.client(JSON, "ada", ALL).await;
    client.json().await;
    fragment(&mut client, "s", 1, "x").await;
    end(&mut client, "s", "").await;
    client.send(r#"{"type":"streamData","streamId":"s"}"#).await;
    for _ in 0..3 {
        let closed = client.json().await;
        assert_eq!(closed["type"], json!("streamClosed"));
        assert_eq!(closed["error"]["name"], json!("StreamNotFound"));
    }
}

#[tokio::test]
async fn a_stream_that_says_nothing_is_closed_on_both_sides() {
    let service = Service::alone(config()).await;
    let mut publisher = service.client(JSON, "alice", ALL).await;
    publisher.json().await;
    let mut member = service.member(JSON, "bob", "g").await;
    start(&mut publisher, "s", r#","idleTimeoutMs":50"#).await;
    assert_eq!(publisher.text().await, ack("s", 1));
    let closed = publisher.json().await;
    assert_eq!(closed["error"]["name"], json!("IdleTimeout"));
    let last = member.json().await;
    assert_eq!(last["stream"]["error"]["name"], json!("IdleTimeout"));
    assert_eq!(last["stream"]["endOfStream"], json!(true));
}

#[tokio::test]
async fn a_stream_is_not_idle_while_its_publisher_is_not_heard_for_an_answer() {
    for question in [
        r#"{"type":"event","event":"slow","data":1,"ackId":1}"#,
        r#"{"type":"invoke","invocationId":"1","target":"event","event":"slow"}"#,
    ] {
        let (service, gate) = gated().await;
        let mut publisher = service.client(JSON, "alice", ALL).await;
        publisher.json().await;
        let mut member = service.member(JSON, "bob", "g").await;
        let mut clock = service.member(JSON, "clock", "other").await;
        start(&mut publisher, "s", r#","idleTimeoutMs":300"#).await;
        assert_eq!(publisher.text().await, ack("s", 1));
        publisher.send(question).await;
        service.told_of("slow").await;
        // Much else is read before the fragment is.
        for _ in 0..20 {
            publisher
                .send(r#"{"type":"sequenceAck","sequenceId":1}"#)
                .await;
        }
        fragment(&mut publisher, "s", 1, "in time").await;
        // Another stream that begins later and may be idle for longer is over.
        start(&mut clock, "t", r#","idleTimeoutMs":400"#).await;
        assert_eq!(clock.text().await, ack("t", 1));
        assert_eq!(clock.json().await["error"]["name"], json!("IdleTimeout"));
        // It was in the group `g`: its end is told there, too.
        assert_eq!(member.json().await["stream"]["streamId"], json!("t"));
        gate.add_permits(1);
        assert_eq!(publisher.json().await["success"], json!(true), "{question}");
        assert_eq!(publisher.text().await, ack("s", 2), "{question}");
        assert_eq!(member.json().await["data"], json!("in time"), "{question}");
        // Nothing is heard of it again: now it is idle.
        let closed = publisher.json().await;
        assert_eq!(closed["error"]["name"], json!("IdleTimeout"));
    }
}

#[tokio::test]
async fn a_stream_without_role_id_or_time_does_not_begin() {
    let service = Service::alone(config()).await;
    let mut client = service.client(JSON, "ada", &[]).await;
    client.json().await;
    start(&mut client, "s", "").await;
    assert_eq!(client.json().await["error"]["name"], json!("Forbidden"));
    let (mut publisher, _member) = pair(&service, JSON).await;
    for (id, more) in [("", ""), ("s", ""), ("t", r#","idleTimeoutMs":0"#)] {
        start(&mut publisher, id, more).await;
        let closed = publisher.json().await;
        assert_eq!(closed["error"]["name"], json!("BadRequest"), "{id} {more}");
    }
}

#[tokio::test]
async fn a_publisher_may_leave_itself_out() {
    let service = Service::alone(config()).await;
    let mut publisher = service.member(JSON, "alice", "g").await;
    let mut member = service.member(JSON, "bob", "g").await;
    publisher
        .send(r#"{"type":"sendToGroup","group":"g","noEcho":true,"stream":{"streamId":"s"}}"#)
        .await;
    publisher.text().await;
    fragment(&mut publisher, "s", 1, "x").await;
    assert_eq!(publisher.text().await, ack("s", 2));
    end(&mut publisher, "s", "").await;
    assert_eq!(publisher.json().await["type"], json!("streamClosed"));
    assert_eq!(member.json().await["data"], json!("x"));
    assert_eq!(member.json().await["stream"]["endOfStream"], json!(true));
}

#[tokio::test]
async fn a_stream_goes_on_after_a_recovery_and_ends_when_its_publisher_is_gone() {
    let service = Service::alone(config()).await;
    let mut publisher = service.client(RELIABLE, "alice", ALL).await;
    let (id, token) = publisher.greeting().await;
    let mut member = service.member(JSON, "bob", "g").await;
    start(&mut publisher, "s", "").await;
    publisher.text().await;
    fragment(&mut publisher, "s", 1, "one").await;
    publisher.text().await;
    publisher.cut();
    let query = format!("awps_connection_id={id}&awps_reconnection_token={token}");
    let mut back = service.open(&query, RELIABLE).await.expect("is let in");
    back.json().await;
    for (number, word) in [(1, "one"), (2, "two")] {
        fragment(&mut back, "s", number, word).await;
        assert_eq!(back.json().await["type"], json!("streamAck"));
    }
    assert_eq!(member.json().await["data"], json!("one"));
    assert_eq!(member.json().await["data"], json!("two"));
    service
        .call(Call::Close {
            whom: Target::Connection(id),
            excluded: Vec::new(),
            reason: None,
        })
        .await;
    let last = member.json().await;
    assert_eq!(last["stream"]["error"]["name"], json!("Cancelled"));
    assert_eq!(last["stream"]["streamSequenceId"], json!(3));
}

#[tokio::test]
async fn a_stream_whose_permission_is_revoked_is_closed_on_both_sides() {
    let service = Service::alone(config()).await;
    let mut publisher = service.client(JSON, "alice", ALL).await;
    let (connection, _) = publisher.greeting().await;
    let mut member = service.member(JSON, "bob", "g").await;
    start(&mut publisher, "s", "").await;
    publisher.text().await;
    service
        .call(Call::Revoke {
            permission: Permission::SendToGroup,
            group: "g".into(),
            connection,
        })
        .await;
    fragment(&mut publisher, "s", 1, "x").await;
    assert_eq!(publisher.json().await["error"]["name"], json!("Forbidden"));
    let last = member.json().await;
    assert_eq!(last["stream"]["error"]["name"], json!("Forbidden"));
}

#[tokio::test]
async fn a_raw_member_hears_the_fragments_and_no_empty_frame_at_the_end() {
    let service = Service::alone(config()).await;
    let mut raw = service.member("", "raw", "g").await;
    let (mut publisher, _member) = pair(&service, JSON).await;
    fragment(&mut publisher, "s", 1, "bare").await;
    end(&mut publisher, "s", "").await;
    publisher.text().await;
    publisher.text().await;
    publisher
        .send(r#"{"type":"sendToGroup","group":"g","dataType":"text","data":"after"}"#)
        .await;
    assert_eq!(raw.text().await, "bare");
    assert_eq!(raw.text().await, "after");
}

#[tokio::test]
async fn half_a_fragment_and_a_start_with_more_than_a_start_close_with_1007() {
    let service = Service::alone(config()).await;
    for frame in [
        r#"{"type":"streamData","streamId":"s","streamSequenceId":1}"#,
        r#"{"type":"streamData","streamId":"s","dataType":"text","data":"x"}"#,
        r#"{"type":"streamData"}"#,
        r#"{"type":"streamEnd"}"#,
        r#"{"type":"sendToGroup","group":"g","stream":{"streamId":"s"},"data":1}"#,
        r#"{"type":"sendToGroup","group":"g","stream":{"streamId":"s"},"ackId":1}"#,
        r#"{"type":"sendToGroup","group":"g","stream":{"streamId":"s"},"ttlSeconds":30}"#,
        r#"{"type":"sendToGroup","group":"g","stream":{"streamId":"s"},"metadata":{"k":"v"}}"#,
        r#"{"type":"sendToGroup","group":"g","stream":{"streamId":"s","idleTimeoutMs":-1}}"#,
        r#"{"type":"sendToGroup","group":"g","stream":{}}"#,
    ] {
        let mut client = service.client(JSON, "ada", ALL).await;
        client.send(frame).await;
        assert_eq!(client.closed().await, Some(1007), "{frame}");
    }
}
