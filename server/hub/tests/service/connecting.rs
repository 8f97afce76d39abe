//! How a client gets in, and how it is refused.

use super::handmade::Wire;
use super::support::{
    ALL, JSON, PATIENCE, PROTOBUF, RELIABLE, RELIABLE_PROTOBUF, Service, config, text,
};
use axum::body::Body;
use http::Response;
use serde_json::json;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use wire::rest::{Call, Target};

#[tokio::test]
async fn both_forms_of_the_address_and_a_header_token_open_a_socket() {
    let service = Service::alone(config()).await;
    let token = service.token(Some("ada"), &[], &[]);
    for path in [
        format!("/client/hubs/chat?access_token={token}"),
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
    tokio::time::timeout(PATIENCE, gone)
        .await
        .expect("is dropped");
    client.cut();
}

#[tokio::test]
async fn the_name_of_a_hub_is_compared_without_regard_to_case() {
    let service = Service::alone(config()).await;
    let token = service.token_for("Chat", None, &[], &[]);
    let path = format!("/client/hubs/chat?access_token={token}");
    let mut client = service
        .open_at(&path, &[("sec-websocket-protocol", JSON)])
        .await
        .expect("is let in");
    client.json().await;
    let kind = [("content-type", "text/plain"), ("content-length", "2")];
    let sent = service
        .rest("POST", "/api/hubs/CHAT/:send", &kind, "hi")
        .await;
    assert_eq!(sent.0, 202);
    assert_eq!(client.json().await["data"], json!("hi"));
}

#[tokio::test]
async fn what_is_no_upgrade_and_what_names_no_hub_is_a_bad_request() {
    let service = Service::alone(config()).await;
    for path in [
        "/client/hubs/chat",
        "/client/hubs/9",
        "/client/",
        "/client/?hub=",
    ] {
        let head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", service.host);
        let mut wire = Wire::dial(&service.host).await;
        wire.write(head.as_bytes()).await;
        assert_eq!(wire.status().await, 400, "{path}");
    }
}

#[tokio::test]
async fn who_shows_no_token_comes_in_only_where_the_hub_allows_it() {
    let open = hub::Config {
        anonymous: true,
        ..config()
    };
    let service = Service::alone(open).await;
    let mut client = service.open("", JSON).await.expect("is let in");
    assert_eq!(client.json().await["userId"], json!(null));
    let wrong = service.open("access_token=wrong", JSON).await;
    assert_eq!(wrong.err(), Some(401));
}

#[tokio::test]
async fn every_predefined_subprotocol_is_echoed_as_it_was_offered() {
    let service = Service::alone(config()).await;
    let token = service.token(None, &[], &[]);
    for name in [JSON, RELIABLE, PROTOBUF, RELIABLE_PROTOBUF] {
        for offered in [name.to_owned(), name.to_uppercase()] {
            let client = service
                .open(&format!("access_token={token}"), &offered)
                .await;
            let echoed = client.expect("is let in").subprotocol;
            assert_eq!(echoed.as_deref(), Some(offered.as_str()));
        }
    }
}

#[tokio::test]
async fn the_first_predefined_of_several_subprotocols_is_selected() {
    let service = Service::alone(config()).await;
    let query = format!("access_token={}", service.token(None, &[], &[]));
    let offered = format!("mine, {RELIABLE}, {JSON}");
    let client = service.open(&query, &offered).await.expect("is let in");
    assert_eq!(client.subprotocol.as_deref(), Some(RELIABLE));
}

#[tokio::test]
async fn the_handlers_choice_of_subprotocol_wins_and_one_of_its_own_means_a_raw_client() {
    let service = Service::handled(|told| match told.header("ce-eventname") {
        "connect" => Response::new(Body::from(r#"{"subprotocol":"mine"}"#)),
        _ => Response::new(Body::empty()),
    })
    .await;
    let query = format!("access_token={}", service.token(Some("ada"), &[], &[]));
    let offered = format!("{JSON}, mine");
    let mut client = service.open(&query, &offered).await.expect("is let in");
    assert_eq!(client.subprotocol.as_deref(), Some("mine"));
    service
        .call(Call::send(Target::User("ada".into()), text("bare")))
        .await;
    assert_eq!(client.text().await, "bare");
    let connected = &service.told_of("connected").await[0];
    assert_eq!(connected.header("ce-subprotocol"), "mine");
}

#[tokio::test]
async fn a_subprotocol_that_nobody_selects_is_not_echoed() {
    let service = Service::alone(config()).await;
    let token = service.token(None, &[], &[]);
    let path = format!("/client/hubs/chat?access_token={token}");
    let mut wire = Wire::upgrade(&service.host, &path, "sec-websocket-protocol: mine\r\n").await;
    let head = wire.head().await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(
        !head.to_lowercase().contains("sec-websocket-protocol"),
        "{head}"
    );
}

#[tokio::test]
async fn compression_is_declined_and_fragments_are_put_together() {
    let service = Service::alone(config()).await;
    let mut wire = Wire::client(
        &service,
        "sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n",
    )
    .await;
    let frame = br#"{"type":"ping"}"#;
    wire.frame(0x01, &frame[..4]).await;
    wire.frame(0x00, &frame[4..9]).await;
    wire.frame(0x80, &frame[9..]).await;
    assert_eq!(wire.next().await, (0x81, br#"{"type":"pong"}"#.to_vec()));
}

#[tokio::test]
async fn pings_come_at_the_interval_that_was_set() {
    use futures::StreamExt as _;
    let interval = Duration::from_millis(50);
    let quick = hub::Config {
        keep_alive: interval,
        ..config()
    };
    let service = Service::alone(quick).await;
    let mut client = service.client(JSON, "ada", &[]).await;
    let began = std::time::Instant::now();
    let mut pings = 0;
    while pings < 5 {
        let next = tokio::time::timeout(PATIENCE, client.socket.next()).await;
        let frame = next.expect("in time").expect("is open").expect("a frame");
        pings += u32::from(matches!(frame, Message::Ping(_)));
    }
    assert!(began.elapsed() >= interval * 4, "{:?}", began.elapsed());
    assert_eq!(service.hub.connections(), 1);
}

#[tokio::test]
async fn two_hubs_know_nothing_of_each_other() {
    let service = Service::alone(config()).await;
    let mut here = service.member(JSON, "ada", "g").await;
    let token = service.token_for("other", Some("ada"), ALL, &["g"]);
    let path = format!("/client/hubs/other?access_token={token}");
    let mut there = service
        .open_at(&path, &[("sec-websocket-protocol", JSON)])
        .await
        .expect("is let in");
    there.json().await;
    for to in [
        Target::All,
        Target::User("ada".into()),
        Target::Group("g".into()),
    ] {
        service.call(Call::send(to, text("here"))).await;
        assert_eq!(here.json().await["data"], json!("here"));
    }
    there.has_nothing().await;
}
