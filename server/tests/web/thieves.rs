//! Passkeys in other hands: answers that were heard before, made elsewhere, altered or about somebody else let nobody in.

use crate::device::{Device, turned};
use crate::passkeys::{
    EXPIRED, UNCHECKED, UNKNOWN, add, asked, cookies, holder, is_refused, sign_in, town,
};
use crate::village::get;
use app::chat::UserId;
use axum_extra::extract::cookie::{Cookie, Key, PrivateCookieJar};
use http::header::COOKIE;
use http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha512};

#[tokio::test]
async fn an_answer_is_good_for_one_question_and_once() {
    let town = town().await;
    let (_, mut device) = holder(&town, "Ada", 1).await;
    let (question, waiting) = asked(&town, "askForPasskey", "").await;
    let answer = device.answer(&question).to_string();
    let first = town.call("signInByPasskey", &waiting, &answer).await;
    assert_eq!(first.status, StatusCode::NO_CONTENT);
    is_refused(
        &town.call("signInByPasskey", &waiting, &answer).await,
        EXPIRED,
    );
    // Without the question, or with another one's.
    is_refused(&town.call("signInByPasskey", "", &answer).await, EXPIRED);
    let (_, other) = asked(&town, "askForPasskey", "").await;
    is_refused(
        &town.call("signInByPasskey", &other, &answer).await,
        UNCHECKED,
    );
    // A wrong answer ends its question too.
    let (question, waiting) = asked(&town, "askForPasskey", "").await;
    let right = device.answer(&question);
    let wrong = turned(&right, "signature").to_string();
    is_refused(
        &town.call("signInByPasskey", &waiting, &wrong).await,
        UNCHECKED,
    );
    let late = town
        .call("signInByPasskey", &waiting, &right.to_string())
        .await;
    is_refused(&late, EXPIRED);
}

#[tokio::test]
async fn what_one_server_heard_is_not_heard_again_by_another() {
    let town = town().await;
    let (_, mut device) = holder(&town, "Ada", 1).await;
    let (question, waiting) = asked(&town, "askForPasskey", "").await;
    let answer = device.answer(&question).to_string();
    let first = town.call("signInByPasskey", &waiting, &answer).await;
    assert_eq!(first.status, StatusCode::NO_CONTENT);
    let other = town.beside(&[]);
    is_refused(
        &other.call("signInByPasskey", &waiting, &answer).await,
        UNCHECKED,
    );

    // A device without a counter, as those are that keep copies of their passkeys elsewhere.
    let mut plain = Device::new(3);
    plain.counter = 0;
    let session = town.guest("Bob").await;
    assert_eq!(
        add(&town, &session, &mut plain).await.status,
        StatusCode::OK
    );
    let (question, waiting) = asked(&town, "askForPasskey", "").await;
    let answer = plain.uncounted(&question).to_string();
    let first = town.call("signInByPasskey", &waiting, &answer).await;
    assert_eq!(first.status, StatusCode::NO_CONTENT, "{}", first.body);
    let again = other.call("signInByPasskey", &waiting, &answer).await;
    is_refused(&again, EXPIRED);
}

#[tokio::test]
async fn a_question_that_waited_for_five_minutes_is_over() {
    let town = town().await;
    let (session, mut device) = holder(&town, "Ada", 1).await;
    for (ask, tell) in [
        ("askForPasskey", "signInByPasskey"),
        ("askForNewPasskey", "addPasskey"),
    ] {
        let (question, waiting) = asked(&town, ask, &session).await;
        let answer = match ask {
            "askForPasskey" => device.answer(&question),
            _ => Device::new(9).make(&question),
        };
        let late = cookies(&[&session, &aged(&waiting, 5 * 60 * 1_000)]);
        is_refused(&town.call(tell, &late, &answer.to_string()).await, EXPIRED);
        let (question, waiting) = asked(&town, ask, &session).await;
        let answer = match ask {
            "askForPasskey" => device.answer(&question),
            _ => Device::new(9).make(&question),
        };
        let almost = cookies(&[&session, &aged(&waiting, 4 * 60 * 1_000)]);
        let told = town.call(tell, &almost, &answer.to_string()).await;
        assert!(told.status.is_success(), "{}", told.body);
    }
}

/// The waiting cookie as it would be if it had been made earlier. The tests know the key.
fn aged(waiting: &str, by_ms: u64) -> String {
    let secret = "a key for tests ".repeat(4);
    let digest = Sha512::new_with_prefix(b"chatr passkey\0").chain_update(secret);
    let headers = HeaderMap::from_iter([(COOKIE, waiting.parse().unwrap())]);
    let jar = PrivateCookieJar::from_headers(&headers, Key::from(&digest.finalize()));
    let mut ceremony: Value =
        serde_json::from_str(jar.get("chatr-passkey").unwrap().value()).unwrap();
    let began = ceremony["began"].as_u64().unwrap();
    ceremony["began"] = (began - by_ms).into();
    let jar = jar.add(Cookie::new("chatr-passkey", ceremony.to_string()));
    let response = axum::response::IntoResponse::into_response(jar);
    let pair = response.headers()["set-cookie"].to_str().unwrap();
    pair.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn what_was_signed_for_elsewhere_or_altered_lets_nobody_in() {
    let town = town().await;
    let (_, device) = holder(&town, "Ada", 1).await;
    let lies: [fn(&mut Device); 5] = [
        |device| device.origin = "http://localhost:4000",
        |device| device.origin = "https://localhost.evil.example",
        |device| device.party = "evil.example",
        // Nobody was there, or nobody knows who.
        |device| device.flags = 0,
        |device| device.flags = 1,
    ];
    for lie in lies {
        let mut liar = device.clone();
        lie(&mut liar);
        let told = sign_in(&town, &mut liar).await;
        is_refused(&told, UNCHECKED);
        let (mut liar, session) = (Device::new(7), town.guest("Eve").await);
        lie(&mut liar);
        let added = add(&town, &session, &mut liar).await;
        is_refused(&added, UNCHECKED);
    }
    for field in ["signature", "authenticatorData", "clientDataJSON"] {
        let (question, waiting) = asked(&town, "askForPasskey", "").await;
        let answer = turned(&device.clone().answer(&question), field);
        let told = town
            .call("signInByPasskey", &waiting, &answer.to_string())
            .await;
        is_refused(&told, UNCHECKED);
    }
    // What makes a passkey proves nothing about one, and the other way round.
    let mut other = Device::new(8);
    let (question, waiting) = asked(&town, "askForPasskey", "").await;
    let session = town.guest("Eve").await;
    let (made, both) = (
        Device::new(8).make(&asked(&town, "askForNewPasskey", &session).await.0),
        cookies(&[&session, &waiting]),
    );
    let told = town.call("addPasskey", &both, &made.to_string()).await;
    is_refused(&told, EXPIRED);
    other.user = device.user.clone();
    let (_, waiting) = asked(&town, "askForNewPasskey", &session).await;
    let answer = other.answer(&question).to_string();
    is_refused(
        &town.call("signInByPasskey", &waiting, &answer).await,
        EXPIRED,
    );
}

#[tokio::test]
async fn a_passkey_opens_its_own_person_only() {
    let town = town().await;
    let (ada, _) = holder(&town, "Ada", 1).await;
    let (_, eves) = holder(&town, "Eve", 2).await;
    let ada = town.user(&ada).await;
    // Her device says that she is somebody else, or that its passkey is the other's.
    let mut liar = eves.clone();
    liar.user = ada.as_bytes().to_vec();
    is_refused(&sign_in(&town, &mut liar).await, UNKNOWN);
    liar.id = vec![1; 16];
    is_refused(&sign_in(&town, &mut liar).await, UNCHECKED);
    liar.user = UserId::random().as_bytes().to_vec();
    is_refused(&sign_in(&town, &mut liar).await, UNKNOWN);
    for user in [Vec::new(), b"Ada".to_vec()] {
        liar.user = user;
        is_refused(&sign_in(&town, &mut liar).await, UNKNOWN);
    }
}

#[tokio::test]
async fn a_question_to_one_person_is_not_answered_by_another() {
    let town = town().await;
    let (ada, eve) = (town.guest("Ada").await, town.guest("Eve").await);
    let (question, waiting) = asked(&town, "askForNewPasskey", &ada).await;
    let made = Device::new(1).make(&question).to_string();
    let stolen = town
        .call("addPasskey", &cookies(&[&eve, &waiting]), &made)
        .await;
    is_refused(&stolen, EXPIRED);
    let nobody = town.call("addPasskey", &waiting, &made).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    for session in [&ada, &eve] {
        assert_eq!(town.open("/api/passkeys", session).await.body, "[]");
    }
}

#[tokio::test]
async fn a_counter_that_goes_back_is_a_copy_and_refused() {
    let town = town().await;
    let (_, mut device) = holder(&town, "Ada", 1).await;
    let mut copy = device.clone();
    for _ in 0..3 {
        let known = sign_in(&town, &mut device).await;
        assert_eq!(known.status, StatusCode::NO_CONTENT);
    }
    // Behind, and at the same place.
    for _ in 0..3 {
        is_refused(&sign_in(&town, &mut copy).await, UNCHECKED);
    }
    let known = sign_in(&town, &mut device).await;
    assert_eq!(known.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn strangers_and_pages_of_other_sites_get_nothing() {
    let town = town().await;
    let (session, _) = holder(&town, "Ada", 1).await;
    for name in ["askForNewPasskey", "addPasskey", "removePasskey"] {
        let made = Device::new(1).make(r#"{"challenge":"","user":{"id":""}}"#);
        let body = match name {
            "removePasskey" => json!({ "id": "1" }).to_string(),
            _ => made.to_string(),
        };
        let answer = town.call(name, "", &body).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{name}");
    }
    let listed = town.open("/api/passkeys", "").await;
    assert_eq!(listed.status, StatusCode::UNAUTHORIZED);
    for name in [
        "askForNewPasskey",
        "addPasskey",
        "removePasskey",
        "askForPasskey",
        "signInByPasskey",
    ] {
        for (header, value) in [
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ] {
            let request = Request::post(format!("/api/{name}"))
                .header("content-type", "application/json")
                .header(COOKIE, &session)
                .header(header, value);
            let answer = town.ask(request.body("{}".into()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name} {header}");
            assert!(answer.body.contains("another site"), "{}", answer.body);
        }
        let read = town.ask(get(&format!("/api/{name}"), &session)).await;
        assert_eq!(read.status, StatusCode::METHOD_NOT_ALLOWED, "{name}");
    }
    for body in ["", "{}", "[]", "null", r#"{"id":1}"#] {
        let answer = town.call("signInByPasskey", "", body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
    }
}

#[tokio::test]
async fn one_address_cannot_ask_without_end() {
    let town = town().await;
    let mut asked = 0;
    let refused = loop {
        let answer = town.call("askForPasskey", "", "").await;
        if answer.status != StatusCode::OK {
            break answer;
        }
        asked += 1;
        assert!(asked < 100);
    };
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.header("retry-after"), "60");
}
