//! Passkeys at the door: a guest who has one is the same person without the cookie. What others try: `thieves`.

use crate::device::{Device, encoded};
use crate::village::{Answer, Town};
use http::StatusCode;
use serde_json::{Value, json};

const HOME: &str = "localhost:3000";

pub async fn town() -> Town {
    Town::called(HOME, &[]).await
}

/// The pairs that a browser would send back, of several answers.
pub fn cookies(pairs: &[&str]) -> String {
    pairs.join("; ")
}

/// All that an answer sets, by name.
pub fn set(answer: &Answer, name: &str) -> Option<String> {
    let mut all = answer.headers.get_all("set-cookie").iter();
    all.find_map(|set| {
        let pair = set.to_str().unwrap().split(';').next().unwrap();
        pair.starts_with(&format!("{name}="))
            .then(|| pair.to_owned())
    })
}

/// Asks, and gives the question with the cookie to wait with.
pub async fn asked(town: &Town, name: &str, session: &str) -> (String, String) {
    let question = town.call(name, session, "").await;
    assert_eq!(question.status, StatusCode::OK, "{}", question.body);
    let waiting = set(&question, "chatr-passkey").unwrap();
    (question.body, waiting)
}

pub async fn add(town: &Town, session: &str, device: &mut Device) -> Answer {
    let (question, waiting) = asked(town, "askForNewPasskey", session).await;
    let made = device.make(&question).to_string();
    town.call("addPasskey", &cookies(&[session, &waiting]), &made)
        .await
}

/// A guest with a passkey, and the device that has it.
pub async fn holder(town: &Town, name: &str, number: u8) -> (String, Device) {
    let (session, mut device) = (town.guest(name).await, Device::new(number));
    let added = add(town, &session, &mut device).await;
    assert_eq!(added.status, StatusCode::OK, "{}", added.body);
    (session, device)
}

pub async fn sign_in(town: &Town, device: &mut Device) -> Answer {
    let (question, waiting) = asked(town, "askForPasskey", "").await;
    let answer = device.answer(&question).to_string();
    town.call("signInByPasskey", &waiting, &answer).await
}

/// Nobody is let in.
pub fn is_refused(answer: &Answer, why: &str) {
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
    assert!(answer.body.contains(why), "{}", answer.body);
    assert_eq!(set(answer, "chatr"), None);
}

pub const EXPIRED: &str = "took too long, or was done before";
pub const UNKNOWN: &str = "opens nothing here";
pub const UNCHECKED: &str = "could not be checked";

#[tokio::test]
async fn who_lost_the_cookie_is_the_same_person_by_passkey() {
    let town = town().await;
    let (session, mut device) = holder(&town, "Ada", 1).await;
    let ada = town.user(&session).await;
    let cellar = town.cellar(ada, "a secret").await;
    for _ in 0..2 {
        let answer = sign_in(&town, &mut device).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
        let again = set(&answer, "chatr").unwrap();
        assert_eq!(town.user(&again).await, ada);
        let chat = town.open(&format!("/chat/{cellar}"), &again).await;
        assert!(chat.body.contains("a secret"));
        assert!(
            set(&answer, "chatr-passkey").unwrap().ends_with('='),
            "it is over"
        );
    }
}

#[tokio::test]
async fn the_question_asks_for_a_passkey_that_says_whose_it_is() {
    let town = town().await;
    let (session, device) = holder(&town, "Ada", 1).await;
    let question = town.call("askForNewPasskey", &session, "").await;
    let asked: Value = serde_json::from_str(&question.body).unwrap();
    assert_eq!(asked["rp"]["id"], "localhost");
    assert_eq!(asked["user"]["name"], "Ada");
    assert_eq!(asked["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(
        asked["authenticatorSelection"]["userVerification"],
        "required"
    );
    assert_eq!(asked["excludeCredentials"][0]["id"], encoded(&device.id));
    let waiting = question.header("set-cookie");
    for part in [
        "; HttpOnly",
        "; SameSite=Strict",
        "; Path=/",
        "; Max-Age=300",
    ] {
        assert!(waiting.contains(part), "{waiting}");
    }
    let question = town.call("askForPasskey", "", "").await;
    let asked: Value = serde_json::from_str(&question.body).unwrap();
    assert_eq!(asked["rpId"], "localhost");
    assert_eq!(asked["userVerification"], "required");
    assert_eq!(asked["allowCredentials"], json!([]));
}

#[tokio::test]
async fn a_guest_sees_their_passkeys_and_a_removed_one_opens_nothing() {
    let town = town().await;
    let (session, mut device) = holder(&town, "Ada", 1).await;
    let list = async || -> Vec<Value> {
        let listed = town.open("/api/passkeys", &session).await;
        serde_json::from_str(&listed.body).unwrap()
    };
    assert_eq!(list().await[0]["usedAt"], 0);
    assert_eq!(
        sign_in(&town, &mut device).await.status,
        StatusCode::NO_CONTENT
    );
    let listed = list().await;
    assert!(listed[0]["usedAt"].as_u64() > Some(0));
    assert!(
        !listed[0].to_string().contains("cred"),
        "no more than is shown"
    );
    let chosen = json!({ "id": listed[0]["id"] }).to_string();

    let (other, _) = holder(&town, "Eve", 2).await;
    let stolen = town.call("removePasskey", &other, &chosen).await;
    assert_eq!(stolen.status, StatusCode::NOT_FOUND);
    assert_eq!(list().await.len(), 1, "it is not hers to remove");

    let removed = town.call("removePasskey", &session, &chosen).await;
    assert_eq!((removed.status, &*removed.body), (StatusCode::OK, "[]"));
    is_refused(&sign_in(&town, &mut device).await, UNKNOWN);
}

#[tokio::test]
async fn a_passkey_is_added_once_and_ten_are_enough() {
    let town = town().await;
    let (session, mut device) = holder(&town, "Ada", 1).await;
    let again = add(&town, &session, &mut device).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.body);
    for number in 2..=10 {
        let added = add(&town, &session, &mut Device::new(number)).await;
        assert_eq!(added.status, StatusCode::OK, "{}", added.body);
    }
    let more = town.call("askForNewPasskey", &session, "").await;
    assert_eq!(more.status, StatusCode::CONFLICT);
    assert!(more.body.contains("Remove one first"), "{}", more.body);
}

#[tokio::test]
async fn passkeys_are_offered_where_they_can_work_only() {
    let public = "--public-url=https://chat.example";
    for (host, options, offered) in [
        (HOME, &[][..], true),
        ("127.0.0.1:3000", &[], false),
        ("[::1]:3000", &[], false),
        (HOME, &["--passkeys=off"], false),
        ("chat.lan:3000", &["--addr=0.0.0.0:3000"], false),
        ("chat.example", &[public], true),
        ("chat.example", &["--public-url=http://chat.example"], false),
        ("chat.example", &[public, "--passkeys=off"], false),
    ] {
        let town = Town::called(host, options).await;
        let front = town.open("/", "").await.body;
        let door = front.contains("id=\"passkey-door\"");
        assert_eq!(door, offered, "{host} {options:?}");
        let asked = town.call("askForPasskey", "", "").await;
        let listed = town.open("/api/passkeys", &town.guest("Ada").await).await;
        let expected = match offered {
            true => [StatusCode::OK, StatusCode::OK],
            false => [StatusCode::NOT_FOUND, StatusCode::NO_CONTENT],
        };
        assert_eq!(
            [asked.status, listed.status],
            expected,
            "{host} {options:?}"
        );
    }
}

#[tokio::test]
async fn behind_https_it_is_the_same_with_cookies_for_this_host_alone() {
    let town = Town::called("chat.example", &["--public-url=https://chat.example"]).await;
    let session = town.guest("Ada").await;
    let mut device = Device::new(1);
    device.origin = "https://chat.example";
    device.party = "chat.example";
    let question = town.call("askForNewPasskey", &session, "").await;
    let waiting = set(&question, "__Host-chatr-passkey").unwrap();
    let made = device.make(&question.body).to_string();
    let added = town
        .call("addPasskey", &cookies(&[&session, &waiting]), &made)
        .await;
    assert_eq!(added.status, StatusCode::OK, "{}", added.body);
    let question = town.call("askForPasskey", "", "").await;
    assert!(question.header("set-cookie").contains("; Secure"));
    let waiting = set(&question, "__Host-chatr-passkey").unwrap();
    let answer = device.answer(&question.body).to_string();
    let known = town.call("signInByPasskey", &waiting, &answer).await;
    let again = set(&known, "__Host-chatr").unwrap();
    assert_eq!(town.user(&again).await, town.user(&session).await);
}

#[tokio::test]
async fn who_was_somebody_else_here_has_left() {
    let town = town().await;
    let (_, mut device) = holder(&town, "Ada", 1).await;
    let bob = town.guest("Bob").await;
    let (question, waiting) = asked(&town, "askForPasskey", &bob).await;
    let answer = device.answer(&question).to_string();
    let both = cookies(&[&bob, &waiting]);
    let known = town.call("signInByPasskey", &both, &answer).await;
    assert_eq!(known.status, StatusCode::NO_CONTENT);
    let closed = town.outside.closed.lock().unwrap().clone();
    assert_eq!(closed, [town.user(&bob).await]);
}

#[tokio::test]
async fn who_is_known_gets_in_by_passkey_where_no_new_guest_does() {
    let open = town().await;
    let (session, mut device) = holder(&open, "Ada", 1).await;
    let closed = open.beside(&["--guests=off"]);
    assert_eq!(
        closed.join("Bob").await.location(),
        "/?problem=guestsOff&name=Bob"
    );
    let known = sign_in(&closed, &mut device).await;
    let again = set(&known, "chatr").unwrap();
    assert_eq!(open.user(&again).await, open.user(&session).await);
}
