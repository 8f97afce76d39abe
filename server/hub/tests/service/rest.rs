//! What the REST interface does to connections, and what it refuses.

use super::support::{ALL, JSON, KEY, PATIENCE, RELIABLE, Service, config, text};
use serde_json::json;
use wire::rest::{Call, Member, SendOptions, Target};
use wire::token::{Claims, sign};

#[tokio::test]
async fn excluded_connections_hear_nothing_and_a_server_message_has_these_bytes() {
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
async fn shutting_down_says_goodbye_to_everybody() {
    let service = Service::alone(config()).await;
    let mut client = service.client(RELIABLE, "ada", &[]).await;
    client.json().await;
    let hub = service.hub.clone();
    let shutdown = tokio::spawn(async move { hub.shut_down(PATIENCE).await });
    assert_eq!(client.json().await["event"], json!("disconnected"));
    assert_eq!(client.closed().await, Some(1001));
    shutdown.await.expect("ends");
    assert_eq!(service.hub.connections(), 0);
}

#[tokio::test]
async fn a_call_to_a_group_arrives_as_the_groups_and_any_other_as_the_servers() {
    let service = Service::alone(config()).await;
    let mut client = service.client(JSON, "ada", &[]).await;
    let (id, _) = client.greeting().await;
    let joined = Call::AddToGroup {
        group: "g".into(),
        member: Member::Connection(id.clone()),
    };
    assert_eq!(service.call(joined).await, 200);
    for (to, from) in [
        (Target::Group("g".into()), "group"),
        (Target::All, "server"),
        (Target::User("ada".into()), "server"),
        (Target::Connection(id), "server"),
    ] {
        service.call(Call::send(to, text("x"))).await;
        assert_eq!(client.json().await["from"], json!(from));
    }
}

#[tokio::test]
async fn a_filter_chooses_who_hears_a_message() {
    let service = Service::alone(config()).await;
    let mut alice = service.member(JSON, "alice", "room1").await;
    let mut muted = service.member(JSON, "alice", "muted").await;
    let mut bot = service.member(JSON, "bot-1", "room1").await;
    let heard = async |to: Target, filter: &str| {
        let options = SendOptions {
            filter: Some(filter.to_owned()),
            ..SendOptions::default()
        };
        let call = Call::Send {
            to,
            payload: text(filter),
            metadata: Default::default(),
            options,
        };
        service.call(call).await
    };
    let all = || Target::All;
    assert_eq!(
        heard(all(), "userId eq 'alice' and not ('muted' in groups)").await,
        202
    );
    assert!(alice.json().await["data"].is_string());
    assert_eq!(
        heard(all(), "startswith(userId, 'bot-') or length(groups) eq 0").await,
        202
    );
    assert!(bot.json().await["data"].is_string());
    assert_eq!(heard(all(), "userId eq null").await, 202);
    let user = Target::User("alice".into());
    assert_eq!(heard(user, "'muted' in groups").await, 202);
    assert!(muted.json().await["data"].is_string());
    let group = Target::Group("room1".into());
    assert_eq!(
        heard(
            group,
            "protocol eq 'json.webpubsub.azure.v1' and userId ne 'alice'"
        )
        .await,
        202
    );
    assert!(bot.json().await["data"].is_string());
    for wrong in ["userId eq", "userId", "age eq 1", "not length(userId) gt 5"] {
        assert_eq!(heard(all(), wrong).await, 400, "{wrong}");
    }
    for client in [&mut alice, &mut muted, &mut bot] {
        client.has_nothing().await;
    }
}

#[tokio::test]
async fn a_message_needs_a_length_a_type_that_is_known_and_a_body_that_fits_it() {
    let service = Service::alone(config()).await;
    let send = async |headers: &[(&str, &str)], body: &str| {
        let path = "/api/hubs/chat/:send";
        service.rest("POST", path, headers, body).await.0
    };
    let json = ("content-type", "application/json");
    assert_eq!(send(&[json, ("content-length", "1")], "{").await, 400);
    assert_eq!(send(&[json, ("content-length", "2")], "{}").await, 202);
    assert_eq!(send(&[("content-length", "1")], "x").await, 202);
    assert_eq!(send(&[json], "{}").await, 400);
    assert_eq!(send(&[json, ("content-length", "two")], "{}").await, 400);
    for kind in ["text/csv", "application/x-protobuf", "multipart/form-data"] {
        let kind = ("content-type", kind);
        assert_eq!(send(&[kind, ("content-length", "1")], "x").await, 415);
    }
}

#[tokio::test]
async fn a_message_lives_for_five_minutes_at_most() {
    let service = Service::alone(config()).await;
    for (seconds, status) in [
        ("0", 202),
        ("300", 202),
        ("301", 400),
        ("-1", 400),
        ("x", 400),
    ] {
        let path = format!("/api/hubs/chat/:send?messageTtlSeconds={seconds}");
        let headers = [("content-type", "text/plain"), ("content-length", "1")];
        assert_eq!(
            service.rest("POST", &path, &headers, "x").await.0,
            status,
            "{seconds}"
        );
    }
}

#[tokio::test]
async fn a_generated_token_opens_a_socket_with_what_it_was_made_for() {
    let service = Service::alone(config()).await;
    let path = "/api/hubs/chat/:generateToken";
    let wanted = "userId=ada%20b&role=webpubsub.sendToGroup&group=g&group=h&minutesToExpire=5";
    let (status, body, _) = service
        .rest("POST", &format!("{path}?{wanted}"), &[], "")
        .await;
    assert_eq!(status, 200);
    let token = body["token"].as_str().expect("a token");
    let opened = service
        .open(&format!("access_token={token}"), RELIABLE)
        .await;
    let mut client = opened.expect("is let in");
    assert_eq!(client.json().await["userId"], json!("ada b"));
    client
        .send(r#"{"type":"sendToGroup","group":"h","data":1}"#)
        .await;
    assert_eq!(client.json().await["group"], json!("h"));
    for (query, status) in [
        ("minutesToExpire=0", 400),
        ("minutesToExpire=x", 400),
        ("group=%20", 400),
        ("clientType=Default", 200),
        ("clientType=MQTT", 501),
        ("clientType=SocketIO", 501),
    ] {
        let answer = service
            .rest("POST", &format!("{path}?{query}"), &[], "")
            .await;
        assert_eq!(answer.0, status, "{query}");
    }
}

#[tokio::test]
async fn names_with_reserved_and_foreign_characters_are_found_again() {
    let service = Service::alone(config()).await;
    for name in [
        "user/1 a", "a%2Fb", "a+b", "żółw", "?#&=", "..", "a:b@c", "%",
    ] {
        let mut client = service.member(JSON, name, name).await;
        for to in [Target::User(name.into()), Target::Group(name.into())] {
            let exists = Call::Exists { what: to.clone() };
            assert_eq!(service.call(exists).await, 200, "{name}");
            service.call(Call::send(to, text(name))).await;
            assert_eq!(client.json().await["data"], json!(name));
        }
        let leave = Call::RemoveFromGroup {
            group: name.into(),
            member: Member::User(name.into()),
        };
        assert_eq!(service.call(leave).await, 204);
        let exists = Call::Exists {
            what: Target::Group(name.into()),
        };
        assert_eq!(service.call(exists).await, 404, "{name}");
    }
}

#[tokio::test]
async fn a_send_to_who_is_away_waits_for_a_reliable_client() {
    let service = Service::alone(config()).await;
    let mut client = service.client(RELIABLE, "ada", ALL).await;
    let (id, token) = client.greeting().await;
    client.cut();
    let there = Call::Exists {
        what: Target::User("ada".into()),
    };
    assert_eq!(service.call(there).await, 200);
    service
        .call(Call::send(Target::Connection(id.clone()), text("x")))
        .await;
    let query = format!("awps_connection_id={id}&awps_reconnection_token={token}");
    let mut back = service.open(&query, RELIABLE).await.expect("is let in");
    back.json().await;
    assert_eq!(back.json().await["data"], json!("x"));
}
