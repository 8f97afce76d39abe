//! What a token opens, and what its roles allow.

use super::support::{ALL, JSON, KEY, Service, config, text};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use wire::rest::{Call, Target};
use wire::token::{Claims, LEEWAY_SECONDS, sign};

#[tokio::test]
async fn only_a_token_for_this_hub_by_one_of_its_keys_opens_a_socket() {
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

/// A token as anybody could write it: these words, signed with HMAC-SHA-256 by this key.
fn handmade(header: &Value, claims: &Value, key: &[u8]) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(key).expect("any length");
    mac.update(signed.as_bytes());
    format!(
        "{signed}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    )
}

fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.expect("after 1970").as_secs()
}

#[tokio::test]
async fn the_key_signs_with_its_own_bytes_and_nothing_but_hs256_counts() {
    let service = Service::alone(config()).await;
    let claims = json!({
        "aud": format!("http://{}/client/hubs/chat", service.host),
        "exp": u32::MAX,
    });
    let attempt = async |algorithm: &str, key: &[u8]| {
        let token = handmade(&json!({"alg": algorithm, "typ": "JWT"}), &claims, key);
        let opened = service.open(&format!("access_token={token}"), JSON).await;
        opened.map(drop)
    };
    assert_eq!(attempt("HS256", KEY.as_bytes()).await, Ok(()));
    let decoded = STANDARD.decode(KEY).expect("looks like base64");
    assert_eq!(attempt("HS256", &decoded).await, Err(401));
    for algorithm in ["none", "None", "HS512", "RS256", "ES256", ""] {
        let with_key = attempt(algorithm, KEY.as_bytes()).await;
        assert_eq!(with_key, Err(401), "{algorithm}");
    }
    let unsigned = handmade(&json!({"alg": "none"}), &claims, b"");
    let bare = unsigned.rsplit_once('.').expect("has parts").0;
    let opened = service.open(&format!("access_token={bare}."), JSON).await;
    assert_eq!(opened.err(), Some(401));
}

#[tokio::test]
async fn a_token_that_expires_does_not_cut_the_socket_that_it_opened() {
    let service = Service::alone(config()).await;
    let claims = Claims {
        aud: format!("http://{}/client/hubs/chat", service.host),
        // Two seconds are left of what clocks may differ by.
        exp: now() - LEEWAY_SECONDS + 2,
        ..Claims::default()
    };
    let query = format!("access_token={}", sign(&claims, KEY).expect("signs"));
    let mut client = service.open(&query, JSON).await.expect("is let in");
    client.json().await;
    while service.open(&query, JSON).await.is_ok() {}
    client.has_nothing().await;
}

#[tokio::test]
async fn roles_and_groups_are_one_string_or_a_list() {
    let service = Service::alone(config()).await;
    for (role, group) in [
        (json!("webpubsub.sendToGroup"), json!("g")),
        (json!(["webpubsub.sendToGroup"]), json!(["g", "h"])),
    ] {
        let claims = json!({
            "aud": format!("http://{}/client/hubs/chat", service.host),
            "exp": u32::MAX,
            "role": role,
            "webpubsub.group": group,
        });
        let token = handmade(&json!({"alg": "HS256"}), &claims, KEY.as_bytes());
        let opened = service.open(&format!("access_token={token}"), JSON).await;
        let mut client = opened.expect("is let in");
        client.json().await;
        client
            .send(r#"{"type":"sendToGroup","group":"g","data":1}"#)
            .await;
        assert_eq!(client.json().await["data"], json!(1));
    }
}

#[tokio::test]
async fn a_token_that_names_no_valid_group_opens_nothing() {
    let service = Service::alone(config()).await;
    let token = service.token(None, &[], &[" "]);
    let opened = service.open(&format!("access_token={token}"), JSON).await;
    assert_eq!(opened.err(), Some(400));
}

#[tokio::test]
async fn pattern_roles_follow_the_documented_table_and_add_up_with_literal_ones() {
    let service = Service::alone(config()).await;
    let roles = [
        "webpubsub.sendToGroups.team.*",
        "webpubsub.sendToGroups.deep.**",
        "webpubsub.sendToGroups.room-?",
        r"webpubsub.sendToGroups.lit\*eral",
        "webpubsub.sendToGroup.a.literal",
        "webpubsub.joinLeaveGroups.team.*",
    ];
    let mut client = service.client(JSON, "ada", &roles).await;
    client.json().await;
    let mut ack = 0;
    let mut may = async |kind: &str, group: &str| {
        ack += 1;
        client
            .send(&format!(
                r#"{{"type":"{kind}","group":"{group}","ackId":{ack},"data":1}}"#
            ))
            .await;
        client.json().await["success"] == json!(true)
    };
    for group in [
        "team.red",
        "deep.red",
        "deep.red.1",
        "room-7",
        "lit*eral",
        "a.literal",
    ] {
        assert!(may("sendToGroup", group).await, "{group}");
    }
    for group in [
        "team",
        "team.red.1",
        "deep",
        "room-77",
        "room-.",
        "litXeral",
        "a.literal.1",
    ] {
        assert!(!may("sendToGroup", group).await, "{group}");
    }
    assert!(!may("joinGroup", "deep.red").await);
    assert!(!may("joinGroup", "team.red.1").await);
}

#[tokio::test]
async fn a_clients_token_makes_no_call_and_a_calls_token_opens_no_socket() {
    let service = Service::alone(config()).await;
    let request = |token: &str| {
        let mut request = Call::send(Target::All, text("x"))
            .to_request(&format!("http://{}", service.host), "chat")
            .expect("a request");
        let bearer = format!("Bearer {token}").parse().expect("a header");
        request.headers_mut().insert("authorization", bearer);
        request
    };
    let clients = service.token(Some("ada"), ALL, &[]);
    assert_eq!(service.request(request(&clients)).await.status(), 401);
    let claims = Claims {
        aud: format!("http://{}/api/hubs/chat/:send", service.host),
        exp: u64::from(u32::MAX),
        ..Claims::default()
    };
    let calls = sign(&claims, KEY).expect("signs");
    assert_eq!(service.request(request(&calls)).await.status(), 202);
    let opened = service.open(&format!("access_token={calls}"), JSON).await;
    assert_eq!(opened.err(), Some(401));
}
