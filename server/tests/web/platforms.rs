//! Azure's sign-in in front: who is believed, where, and who is not. Every attack is tried in every mode.

use crate::village::{Answer, Town, form_to, get};
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Request, StatusCode};
use serde_json::{Value, json};

const MODES: [&[&str]; 4] = [
    &[],
    &["--trust-proxy=on"],
    &["--trust-proxy=swa"],
    &["--trust-proxy=easyauth"],
];

/// As Static Web Apps writes it.
fn swa(user: &str, name: &str) -> Value {
    json!({
        "identityProvider": "github", "userId": user, "userDetails": name,
        "userRoles": ["anonymous", "authenticated"],
    })
}

/// As App Service and Container Apps write it.
fn easy(user: &str, name: &str) -> Value {
    json!({
        "auth_typ": "aad", "name_typ": "name", "role_typ": "roles",
        "claims": [{ "typ": "sub", "val": user }, { "typ": "name", "val": name }],
    })
}

fn with(mut request: Request<Body>, principal: &Value) -> Request<Body> {
    let text = STANDARD.encode(principal.to_string());
    request
        .headers_mut()
        .append("x-ms-client-principal", text.parse().unwrap());
    request
}

fn chats(cookie: &str) -> Request<Body> {
    get("/api/chats", cookie)
}

/// Whom the snapshot is for.
async fn name(town: &Town, cookie: &str) -> Option<Value> {
    let me: Value = serde_json::from_str(&town.open("/.auth/me", cookie).await.body).unwrap();
    let principal = me["clientPrincipal"].clone();
    (!principal.is_null()).then_some(principal)
}

#[tokio::test]
async fn a_spoofed_principal_is_nobody_in_every_mode_that_does_not_mean_it() {
    for mode in MODES {
        let town = Town::with(mode).await;
        let trusted = |shape: &str| mode.iter().any(|option| option.ends_with(shape));
        for (shape, principal) in [("swa", swa("1", "Eve")), ("easyauth", easy("1", "Eve"))] {
            let believed = if trusted(shape) {
                StatusCode::OK
            } else {
                StatusCode::UNAUTHORIZED
            };
            let answer = town.ask(with(chats(""), &principal)).await;
            assert_eq!(answer.status, believed, "{mode:?} {shape}");
            if !trusted(shape) {
                assert_eq!(answer.cookie(), "", "{mode:?} {shape}");
                let front = town.ask(with(get("/chat", ""), &principal)).await;
                assert_eq!(front.location(), "/", "{mode:?} {shape}");
            }
        }
    }
}

#[tokio::test]
async fn words_beside_the_principal_name_nobody_in_any_mode() {
    for mode in MODES {
        let town = Town::with(mode).await;
        for (header, value) in [
            ("x-ms-client-principal-id", "1"),
            ("x-ms-client-principal-name", "Eve"),
            ("x-ms-client-principal-idp", "github"),
            ("x-ms-token-github-access-token", "secret"),
            ("x-ms-client-principal", "Eve"),
            ("x-ms-client-principal", ""),
            ("authorization", "Bearer eyJ1c2VySWQiOiIxIn0="),
        ] {
            let mut request = chats("");
            request.headers_mut().insert(header, value.parse().unwrap());
            let answer = town.ask(request).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{mode:?} {header}");
        }
    }
}

#[tokio::test]
async fn a_second_principal_beside_the_platforms_own_is_refused_with_it() {
    for (mode, ours, theirs) in [
        ("--trust-proxy=swa", swa("1", "Ada"), swa("2", "Eve")),
        ("--trust-proxy=easyauth", easy("1", "Ada"), easy("2", "Eve")),
    ] {
        let town = Town::with(&[mode]).await;
        let answer = town.ask(with(with(chats(""), &theirs), &ours)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{mode}");
    }
}

#[tokio::test]
async fn static_web_apps_are_believed_on_the_path_that_they_pass_on_only() {
    let town = Town::with(&["--trust-proxy=swa"]).await;
    let ada = swa("1", "Ada");
    for path in ["/", "/chat", "/.auth/me"] {
        let answer = town.ask(with(get(path, ""), &ada)).await;
        assert_eq!(answer.cookie(), "", "{path}");
        assert!(!answer.body.contains("Ada"), "{path}");
    }
    let answer = town.ask(with(chats(""), &ada)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(!answer.cookie().is_empty());
}

/// Comes back from the platform's sign-in.
async fn arrive(town: &Town, principal: &Value) -> Answer {
    let path = "/api/signedIn?post_login_redirect_uri=/chat";
    town.ask(with(get(path, ""), principal)).await
}

#[tokio::test]
async fn who_comes_from_the_platform_is_the_same_person_each_time_whatever_they_are_called() {
    let town = Town::with(&["--trust-proxy=swa"]).await;
    let first = arrive(&town, &swa("1", "ada")).await;
    assert_eq!(first.location(), "/chat");
    let renamed = arrive(&town, &swa("1", "countess")).await;
    let other = arrive(&town, &swa("2", "ada")).await;
    let [first, renamed, other] = [first, renamed, other].map(|answer| answer.cookie().to_owned());
    let page = town.open("/chat", &first).await;
    assert!(page.status.is_redirection() || page.status.is_success());
    let user = |snapshot: Answer| -> Value {
        let snapshot: Value = serde_json::from_str(&snapshot.body).unwrap();
        snapshot["me"].clone()
    };
    let mut people = Vec::new();
    for (cookie, principal) in [
        (&first, swa("1", "ada")),
        (&renamed, swa("1", "countess")),
        (&other, swa("2", "ada")),
    ] {
        let request = Request::post("/api/snapshot")
            .header("content-type", "application/json")
            .header("cookie", cookie);
        let request = request.body(r#"{"open":null}"#.into()).unwrap();
        people.push(user(town.ask(with(request, &principal)).await));
    }
    assert_eq!(people[0], people[1]);
    assert_ne!(people[0]["id"], people[2]["id"]);
    assert_eq!(people[0]["kind"], "github");
    assert_eq!(people[0]["name"], "ada");
    assert!(people[0]["tag"].is_null());
    assert!(!people[2]["tag"].is_null(), "namesakes are told apart");
}

#[tokio::test]
async fn the_platforms_word_counts_more_than_a_guests_cookie() {
    let town = Town::with(&["--trust-proxy=easyauth"]).await;
    let guest = town.guest("Guest").await;
    let page = town
        .ask(with(get("/.auth/me", &guest), &easy("1", "Ada")))
        .await;
    assert!(
        page.body.contains(r#""userDetails":"Ada""#),
        "{}",
        page.body
    );
    assert!(
        page.body.contains(r#""identityProvider":"aad""#),
        "{}",
        page.body
    );
    let still = name(&town, &guest).await.unwrap();
    assert_eq!(still["userDetails"], "Guest");
}

#[tokio::test]
async fn who_has_signed_out_of_the_platform_is_signed_out_here() {
    let town = Town::with(&["--trust-proxy=swa"]).await;
    let cookie = arrive(&town, &swa("1", "Ada")).await.cookie().to_owned();
    let gone = town.ask(chats(&cookie)).await;
    assert_eq!(gone.status, StatusCode::UNAUTHORIZED);
    assert!(gone.header("set-cookie").contains("Max-Age=0"));

    let town = Town::with(&["--trust-proxy=easyauth"]).await;
    let cookie = arrive(&town, &easy("1", "Ada")).await.cookie().to_owned();
    assert_eq!(name(&town, &cookie).await, None);
}

#[tokio::test]
async fn signing_out_here_goes_on_to_the_platform() {
    for mode in ["--trust-proxy=swa", "--trust-proxy=easyauth"] {
        let town = Town::with(&[mode]).await;
        let cookie = town.guest("Ada").await;
        let answer = town.ask(form_to("/api/signOut", &cookie, "")).await;
        let onward = "/.auth/logout?post_logout_redirect_uri=/";
        assert_eq!(answer.location(), onward, "{mode}");
        assert!(answer.header("set-cookie").contains("Max-Age=0"));
    }
}

#[tokio::test]
async fn the_front_page_offers_the_platforms_providers_and_comes_back_the_long_way() {
    let town = Town::with(&["--trust-proxy=swa", "--platform-providers=aad"]).await;
    let page = town.open("/?return=/chat", "").await.body;
    let link =
        "/.auth/login/aad?post_login_redirect_uri=/api/signedIn%3Fpost_login_redirect_uri%3D/chat";
    assert!(page.contains(link), "{page}");
    assert!(page.contains("Sign in with Microsoft"));
    assert!(!page.contains("Sign in with GitHub"));
    // What is below `/.auth/` does not get past the platform.
    assert!(page.contains("action=\"/api/signIn\""), "{page}");
    let guest = town.ask(form_to("/api/signIn", "", "name=Ada")).await;
    assert_eq!(
        name(&town, guest.cookie()).await.unwrap()["userDetails"],
        "Ada"
    );
    let plain = Town::new().await.open("/", "").await.body;
    assert!(!plain.contains("Sign in with"));
}

#[tokio::test]
async fn a_return_from_the_platform_leads_nowhere_else_and_needs_somebody() {
    let town = Town::with(&["--trust-proxy=swa"]).await;
    for wanted in ["https://evil.example", "//evil.example", "/%5Cevil.example"] {
        let path = format!("/api/signedIn?post_login_redirect_uri={wanted}");
        let answer = town.ask(with(get(&path, ""), &swa("1", "Ada"))).await;
        assert_eq!(answer.location(), "/", "{wanted}");
    }
    let nobody = town.open("/api/signedIn", "").await;
    assert_eq!(nobody.location(), "/?problem=signInFailed");
}
