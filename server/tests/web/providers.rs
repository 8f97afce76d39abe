//! Signing in with providers that this server asks itself: who comes in, and everybody who does not.

use crate::issuer::{Issuer, Signature, query};
use crate::village::{Answer, Town, get};
use http::StatusCode;
use http::header::{COOKIE, SET_COOKIE};
use serde_json::{Value, json};
use std::sync::Arc;

/// A town whose providers are at the issuer.
async fn town(issuer: &Issuer) -> Town {
    let options = issuer.options();
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    Town::with(&options).await
}

async fn place() -> (Town, Arc<Issuer>) {
    let issuer = Issuer::start().await;
    (town(&issuer).await, issuer)
}

/// The pair that this answer sets under a name; empty if it does not, or takes it away.
fn cookie(answer: &Answer, name: &str) -> String {
    let set = answer.headers.get_all(SET_COOKIE).iter();
    let pairs = set.map(|set| set.to_str().unwrap().split(';').next().unwrap());
    let mut found = pairs.filter(|pair| pair.split('=').next() == Some(name));
    let pair = found.next_back().unwrap_or_default();
    if pair == format!("{name}=") {
        String::new()
    } else {
        pair.to_owned()
    }
}

async fn leave(town: &Town, provider: &str) -> (String, String) {
    let path = format!("/.auth/login/{provider}?post_login_redirect_uri=/chat");
    let answer = town.open(&path, "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    (answer.location().to_owned(), cookie(&answer, "chatr-trip"))
}

/// The whole way, as a browser goes it.
async fn enter(town: &Town, issuer: &Issuer, provider: &str) -> Answer {
    let (away, trip) = leave(town, provider).await;
    town.open(&issuer.consent(&away), &trip).await
}

fn is_refused(answer: &Answer, problem: &str, why: &str) {
    let word = query(answer.location()).remove("problem");
    assert_eq!(word.as_deref(), Some(problem), "{why}");
    assert!(answer.location().starts_with("/?"), "{why}");
    assert_eq!(cookie(answer, "chatr"), "", "{why}");
}

async fn me(town: &Town, answer: &Answer) -> Value {
    let me = town.open("/.auth/me", &cookie(answer, "chatr")).await.body;
    serde_json::from_str::<Value>(&me).unwrap()["clientPrincipal"].clone()
}

#[tokio::test]
async fn somebody_comes_in_and_is_the_same_person_the_next_time() {
    let (town, issuer) = place().await;
    for (provider, called) in [("oidc", "Ada"), ("github", "ada")] {
        let first = enter(&town, &issuer, provider).await;
        assert_eq!(first.location(), "/chat");
        let one = me(&town, &first).await;
        assert_eq!(one["identityProvider"], provider);
        let name = one["userDetails"].as_str().unwrap();
        assert!(name.starts_with(called), "{name}");
        issuer.says(|script| {
            script.claims["name"] = "Countess".into();
            script.user = json!({ "id": 1, "login": "countess", "name": "Countess" });
        });
        let again = me(&town, &enter(&town, &issuer, provider).await).await;
        assert_eq!(one, again);
        issuer.says(|script| {
            script.claims = json!({ "sub": "ada-2", "name": "Ada" });
            script.user = json!({ "id": 2, "login": "ada", "name": null });
        });
        let other = me(&town, &enter(&town, &issuer, provider).await).await;
        assert_ne!(one["userId"], other["userId"]);
        assert_ne!(
            one["userDetails"], other["userDetails"],
            "namesakes have tags"
        );
        issuer.says(|script| script.claims = json!({ "sub": "ada-1", "name": "Ada" }));
        issuer.says(|script| script.user = json!({ "id": 1, "login": "ada", "name": null }));
    }
}

#[tokio::test]
async fn the_trip_is_asked_for_with_everything_that_protects_it() {
    let (town, issuer) = place().await;
    let (away, trip) = leave(&town, "oidc").await;
    assert!(away.starts_with(&format!("{}/authorize?", issuer.address)));
    let asked = query(&away);
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["client_id"], "chatr");
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(
        asked["redirect_uri"],
        "http://127.0.0.1:3000/.auth/login/oidc/callback"
    );
    assert!(asked["state"].len() >= 22 && asked["nonce"].len() >= 22);
    for secret in [&asked["state"], &asked["nonce"]] {
        assert!(!trip.contains(secret.as_str()), "the cookie is encrypted");
    }
    let (another, _) = leave(&town, "oidc").await;
    let another = query(&another);
    for name in ["state", "nonce", "code_challenge"] {
        assert_ne!(asked[name], another[name], "{name}");
    }
}

#[tokio::test]
async fn an_id_token_that_is_not_for_us_now_by_the_provider_is_refused() {
    let (town, issuer) = place().await;
    let past = jsonwebtoken::get_current_timestamp() - 10;
    for (why, claims) in [
        ("another nonce", json!({ "nonce": "another" })),
        ("no nonce", json!({ "nonce": null })),
        ("another audience", json!({ "aud": "another" })),
        ("no audience", json!({ "aud": null })),
        ("one more audience", json!({ "aud": ["chatr", "another"] })),
        ("another issuer", json!({ "iss": "https://evil.example" })),
        (
            "an issuer that is nearly it",
            json!({ "iss": format!("{}/", issuer.address) }),
        ),
        ("no issuer", json!({ "iss": null })),
        ("expired", json!({ "exp": past })),
        ("no end", json!({ "exp": null })),
        ("no subject", json!({ "sub": null })),
    ] {
        let mut words = json!({ "sub": "eve", "name": "Eve" });
        words
            .as_object_mut()
            .unwrap()
            .extend(claims.as_object().unwrap().clone());
        issuer.says(|script| script.claims = words);
        let answer = enter(&town, &issuer, "oidc").await;
        is_refused(&answer, "signInFailed", why);
    }
}

#[tokio::test]
async fn an_id_token_that_the_provider_did_not_sign_is_refused() {
    let (town, issuer) = place().await;
    for signature in [
        Signature::Theirs,
        Signature::Unknown,
        Signature::Missing,
        Signature::PublicKey,
        Signature::ClientSecret,
        Signature::Altered,
    ] {
        issuer.says(|script| script.signature = signature);
        let answer = enter(&town, &issuer, "oidc").await;
        is_refused(&answer, "signInFailed", &format!("{signature:?}"));
    }
    issuer.says(|script| script.signature = Signature::Ours);
    let answer = enter(&town, &issuer, "oidc").await;
    assert_eq!(answer.location(), "/chat");
}

#[tokio::test]
async fn who_did_not_begin_a_trip_here_cannot_end_it() {
    let (town, issuer) = place().await;
    for provider in ["oidc", "github"] {
        let (away, trip) = leave(&town, provider).await;
        let back = issuer.consent(&away);
        let state = &query(&away)["state"];
        let (_, anothers) = leave(&town, provider).await;
        let other = if provider == "oidc" { "github" } else { "oidc" };
        for (why, path, cookie) in [
            ("no cookie", back.clone(), ""),
            ("another trip's cookie", back.clone(), &*anothers),
            ("another state", back.replace(&**state, "another"), &trip),
            (
                "no state",
                back.split("&state").next().unwrap().to_owned(),
                &trip,
            ),
            ("another provider", back.replace(provider, other), &trip),
            (
                "a forged cookie",
                back.clone(),
                "chatr-trip=eyJzdGF0ZSI6IiJ9",
            ),
        ] {
            let answer = town.open(&path, cookie).await;
            is_refused(&answer, "expired", &format!("{provider}: {why}"));
        }
        let answer = town.open(&back, &trip).await;
        assert_eq!(answer.location(), "/chat", "{provider}");
    }
}

#[tokio::test]
async fn nothing_is_good_for_a_second_time() {
    let (town, issuer) = place().await;
    for provider in ["oidc", "github"] {
        let (away, trip) = leave(&town, provider).await;
        let back = issuer.consent(&away);
        let first = town.open(&back, &trip).await;
        assert_eq!(first.location(), "/chat");
        let set = first.headers.get_all(SET_COOKIE).iter();
        let gone = |set: &http::HeaderValue| {
            let set = set.to_str().unwrap();
            set.starts_with("chatr-trip=;") && set.contains("Max-Age=0")
        };
        assert!(set.into_iter().any(gone), "the cookie is taken back");
        let again = town.open(&back, &trip).await;
        is_refused(&again, "expired", "the same return again");

        // The code of the first trip, brought back from a second one.
        let (away, trip) = leave(&town, provider).await;
        let state = &query(&away)["state"];
        let code = &query(&back)["code"];
        let path = format!("/.auth/login/{provider}/callback?code={code}&state={state}");
        let stolen = town.open(&path, &trip).await;
        is_refused(&stolen, "signInFailed", "a code again");
    }
}

#[tokio::test]
async fn a_code_that_was_asked_for_by_somebody_else_is_worthless() {
    let (town, issuer) = place().await;
    for provider in ["oidc", "github"] {
        let (theirs, _) = leave(&town, provider).await;
        let code = query(&issuer.consent(&theirs)).remove("code").unwrap();
        let (away, trip) = leave(&town, provider).await;
        let state = &query(&away)["state"];
        let path = format!("/.auth/login/{provider}/callback?code={code}&state={state}");
        let answer = town.open(&path, &trip).await;
        is_refused(&answer, "signInFailed", provider);
    }
}

#[tokio::test]
async fn what_the_provider_says_instead_is_told_in_words_of_ours() {
    let (town, _) = place().await;
    for (query_says, problem) in [
        (
            "error=access_denied&error_description=%3Cscript%3E",
            "denied",
        ),
        ("error=temporarily_unavailable", "providerDown"),
        ("error=server_error", "providerDown"),
        ("error=invalid_scope", "signInFailed"),
        ("code=1&error=access_denied", "denied"),
        ("code=1&iss=https://evil.example", "signInFailed"),
        ("", "signInFailed"),
    ] {
        let (away, trip) = leave(&town, "oidc").await;
        let state = &query(&away)["state"];
        let path = format!("/.auth/login/oidc/callback?state={state}&{query_says}");
        let answer = town.open(&path, &trip).await;
        is_refused(&answer, problem, query_says);
        assert_eq!(query(answer.location())["return"], "/chat");
        let page = town.open(answer.location(), "").await;
        assert!(page.body.contains("role=\"alert\""), "{query_says}");
        assert!(!page.body.contains("script>&"), "{query_says}");
    }
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_said_to_be_down() {
    let issuer = Issuer::start().await;
    let mut options = issuer.options();
    for option in &mut options {
        // Nobody listens on port 1.
        *option = option.replace(&issuer.address, "http://127.0.0.1:1");
    }
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let town = Town::with(&options).await;
    let answer = town.open("/.auth/login/oidc", "").await;
    is_refused(&answer, "providerDown", "no description");
    let (away, trip) = leave(&town, "github").await;
    let answer = town.open(&issuer.consent(&away), &trip).await;
    is_refused(&answer, "providerDown", "no token");
}

#[tokio::test]
async fn a_name_that_is_not_in_the_token_is_asked_for() {
    let (town, issuer) = place().await;
    issuer.says(|script| {
        script.claims = json!({ "sub": "bea" });
        script.userinfo = json!({ "sub": "bea", "name": "Bea" });
    });
    let bea = me(&town, &enter(&town, &issuer, "oidc").await).await;
    assert_eq!(bea["userDetails"], "Bea");
    // Of somebody else, it is not taken.
    issuer.says(|script| {
        script.claims = json!({ "sub": "eve" });
        script.userinfo = json!({ "sub": "bea", "name": "Bea" });
    });
    let eve = me(&town, &enter(&town, &issuer, "oidc").await).await;
    assert_eq!(eve["userDetails"], "Somebody");
}

#[tokio::test]
async fn a_guest_who_signs_in_becomes_the_accounts_person_and_leaves_the_guest_behind() {
    let (town, issuer) = place().await;
    let guest = town.guest("Guest").await;
    let before = town.user(&guest).await;
    let (away, trip) = leave(&town, "oidc").await;
    let answer = town
        .open(&issuer.consent(&away), &format!("{guest}; {trip}"))
        .await;
    let ada = me(&town, &answer).await;
    assert_eq!(ada["userDetails"], "Ada");
    assert_ne!(ada["userId"], before.to_string());
    assert_ne!(cookie(&answer, "chatr"), guest, "the session is a new one");
    assert_eq!(*town.outside.closed.lock().unwrap(), [before]);
}

#[tokio::test]
async fn each_way_in_is_offered_when_it_is_set_and_no_other() {
    let (town, _) = place().await;
    let page = town.open("/?return=/chat", "").await.body;
    for (name, label) in [("oidc", "Club"), ("github", "GitHub")] {
        assert!(page.contains(&format!("Sign in with {label}")), "{page}");
        let path = format!("/.auth/login/{name}?post_login_redirect_uri=/chat");
        assert!(page.contains(&format!("href=\"{path}\"")), "{page}");
    }
    assert!(!page.contains("Microsoft"));
    assert!(page.contains("name=\"name\""), "and a name");
    for provider in ["aad", "google", "oidc2"] {
        let answer = town.open(&format!("/.auth/login/{provider}"), "").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{provider}");
    }
    let plain = Town::new().await;
    let answer = plain.open("/.auth/login/github", "").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let closed = Town::with(&["--guests=off"]).await.open("/", "").await.body;
    assert!(!closed.contains("name=\"name\"") && closed.contains("by name alone"));
}

#[tokio::test]
async fn the_way_back_leads_nowhere_else() {
    let (town, issuer) = place().await;
    for wanted in ["https://evil.example", "//evil.example", "/%5Cevil.example"] {
        let path = format!("/.auth/login/oidc?post_login_redirect_uri={wanted}");
        let answer = town.open(&path, "").await;
        let trip = cookie(&answer, "chatr-trip");
        let back = town.open(&issuer.consent(answer.location()), &trip).await;
        assert_eq!(back.location(), "/", "{wanted}");
    }
}

#[tokio::test]
async fn a_return_that_another_site_sends_is_a_return() {
    let (town, issuer) = place().await;
    let (away, trip) = leave(&town, "oidc").await;
    let mut request = get(&issuer.consent(&away), &trip);
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("referer", "https://login.example/"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    assert!(request.headers().contains_key(COOKIE));
    assert_eq!(town.ask(request).await.location(), "/chat");
}
