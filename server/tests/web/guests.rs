//! Signing in, staying, and signing out.

use crate::village::{Town, form_to, get};
use axum::body::Body;
use http::{Request, StatusCode};

#[tokio::test]
async fn a_name_lets_somebody_in_and_the_cookie_is_for_this_site_only() {
    let town = Town::new().await;
    let answer = town.join("Ada").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.location(), "/");
    let cookie = answer.header("set-cookie");
    for part in [
        "; HttpOnly",
        "; SameSite=Lax",
        "; Path=/",
        "; Max-Age=2592000",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "plain http: {cookie}");
    assert!(!cookie.contains("Ada"), "{cookie}");
    let me = town.open("/.auth/me", answer.cookie()).await;
    assert_eq!(me.status, StatusCode::OK);
    assert!(me.body.contains(r#""userDetails":"Ada""#), "{}", me.body);
}

#[tokio::test]
async fn behind_https_the_cookie_is_secure_and_https_is_promised() {
    let town = Town::with(&["--public-url=https://chat.example"]).await;
    let answer = town.join("Ada").await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-chatr="), "{cookie}");
    assert!(cookie.contains("; Secure"), "{cookie}");
    assert_eq!(
        answer.header("strict-transport-security"),
        "max-age=31536000"
    );
}

#[tokio::test]
async fn two_people_of_one_name_are_two_people() {
    let town = Town::new().await;
    let (one, other) = (town.guest("Ada").await, town.guest("Ada").await);
    let one = town.open("/.auth/me", &one).await.body;
    let other = town.open("/.auth/me", &other).await.body;
    assert_ne!(one, other);
}

#[tokio::test]
async fn a_form_that_is_sent_twice_lets_one_person_in() {
    let town = Town::new().await;
    let cookie = town.guest("Ada").await;
    let again = town
        .ask(form_to("/.auth/login/guest", &cookie, "name=+Ada"))
        .await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    assert_eq!(again.cookie(), "");
}

#[tokio::test]
async fn a_name_that_is_not_fit_goes_back_to_the_form() {
    let town = Town::new().await;
    let long = "x".repeat(65);
    for (name, location) in [
        ("  ", "/?problem=empty&name=++".to_owned()),
        (
            "a\u{202e}b",
            "/?problem=invisible&name=a%E2%80%AEb".to_owned(),
        ),
        (&long, format!("/?problem=tooLong&name={long}")),
    ] {
        let answer = town.join(name).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.location(), location);
        assert_eq!(answer.cookie(), "");
    }
    let endless = town.join(&"x".repeat(5_000)).await;
    assert_eq!(endless.location(), "/?problem=tooLong");
}

#[tokio::test]
async fn who_signs_in_goes_where_they_wanted_and_never_to_another_site() {
    let town = Town::new().await;
    for (wanted, location) in [
        (
            "/chat/01010101010101010101010101010101",
            "/chat/01010101010101010101010101010101",
        ),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\r\nset-cookie: b=c", "/"),
    ] {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("name", "Ada")
            .append_pair("post_login_redirect_uri", wanted)
            .finish();
        let answer = town.ask(form_to("/.auth/login/guest", "", &form)).await;
        assert_eq!(answer.location(), location, "{wanted}");
    }
}

#[tokio::test]
async fn a_server_without_guests_lets_nobody_in_by_name() {
    let town = Town::with(&["--guests=off"]).await;
    let answer = town.join("Ada").await;
    assert_eq!(answer.location(), "/?problem=guestsOff&name=Ada");
}

#[tokio::test]
async fn one_address_cannot_sign_in_without_end() {
    let town = Town::new().await;
    for _ in 0..30 {
        assert_eq!(town.join("Ada").await.location(), "/");
    }
    let answer = town.join("Ada").await;
    assert_eq!(answer.location(), "/?problem=tooFast&name=Ada");
    let relaxed = Town::with(&["--limits=relaxed"]).await;
    for _ in 0..100 {
        assert_eq!(relaxed.join("Ada").await.location(), "/");
    }
}

#[tokio::test]
async fn signing_out_takes_the_cookie_and_closes_the_sockets() {
    let town = Town::new().await;
    let cookie = town.guest("Ada").await;
    let answer = town.ask(form_to("/.auth/logout", &cookie, "")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(town.outside.closed.lock().unwrap().len(), 1);
    // A link or a picture cannot sign anybody out.
    let answer = town.ask(get("/.auth/logout", &cookie)).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    for (site, mode, dest) in [
        ("cross-site", "navigate", "document"),
        ("same-site", "navigate", "document"),
        ("same-origin", "navigate", "document"),
        ("same-origin", "no-cors", "image"),
        ("none", "navigate", "iframe"),
    ] {
        let answer = town
            .ask(opened("/.auth/logout", &cookie, [site, mode, dest]))
            .await;
        assert_eq!(
            answer.status,
            StatusCode::METHOD_NOT_ALLOWED,
            "{site} {mode} {dest}"
        );
        assert_eq!(answer.cookie(), "", "{site} {mode} {dest}");
    }
}

/// As a browser says by which way it came.
fn opened(path: &str, cookie: &str, [site, mode, dest]: [&str; 3]) -> Request<Body> {
    let mut request = get(path, cookie);
    for (name, value) in [
        ("sec-fetch-site", site),
        ("sec-fetch-mode", mode),
        ("sec-fetch-dest", dest),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    request
}

#[tokio::test]
async fn who_types_the_address_of_signing_out_is_signed_out() {
    let town = Town::new().await;
    let cookie = town.guest("Ada").await;
    let typed = ["none", "navigate", "document"];
    for (wanted, location) in [
        ("", "/"),
        ("?post_logout_redirect_uri=/nowhere", "/nowhere"),
        ("?post_logout_redirect_uri=https://evil.example", "/"),
        ("?post_logout_redirect_uri=//evil.example", "/"),
    ] {
        let path = format!("/.auth/logout{wanted}");
        let answer = town.ask(opened(&path, &cookie, typed)).await;
        assert_eq!(answer.location(), location, "{wanted}");
        assert!(answer.header("set-cookie").contains("Max-Age=0"));
        let form = wanted.trim_start_matches('?');
        let answer = town.ask(form_to("/api/signOut", &cookie, form)).await;
        assert_eq!(answer.location(), location, "{wanted}");
    }
}

#[tokio::test]
async fn who_one_is_is_told_as_static_web_apps_tell_it() {
    let town = Town::new().await;
    let cookie = town.guest("Ada").await;
    let id = town.user(&cookie).await;
    let me = town.open("/.auth/me", &cookie).await;
    let expected = format!(
        r#"{{"clientPrincipal":{{"identityProvider":"guest","userId":"{id}","userDetails":"Ada","userRoles":["anonymous","authenticated"]}}}}"#
    );
    assert_eq!(me.body, expected);
}

#[tokio::test]
async fn the_address_of_a_guests_sign_in_leads_to_the_form() {
    let town = Town::new().await;
    let open = async |query: &str| {
        let answer = town.open(&format!("/.auth/login/guest{query}"), "").await;
        answer.location().to_owned()
    };
    assert_eq!(open("").await, "/");
    assert_eq!(
        open("?post_login_redirect_uri=/chat").await,
        "/?return=/chat"
    );
    assert_eq!(open("?post_login_redirect_uri=//evil.example").await, "/");
    let nowhere = town.open("/.auth/login/nowhere", "").await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_cookie_that_is_forged_or_names_nobody_is_no_session() {
    let town = Town::new().await;
    let real = town.guest("Ada").await;
    let elsewhere = Town::new().await.guest("Ada").await;
    let mut changed = real.clone();
    let at = real.len() - 6;
    let other = if real[at..].starts_with('A') {
        "B"
    } else {
        "A"
    };
    changed.replace_range(at..=at, other);
    for cookie in ["", "chatr=Ada", &changed, &elsewhere] {
        let me = town.open("/.auth/me", cookie).await;
        assert_eq!(me.status, StatusCode::OK, "{cookie}");
        assert_eq!(me.body, r#"{"clientPrincipal":null}"#);
        assert_eq!(town.open("/chat", cookie).await.location(), "/", "{cookie}");
        let call = town.call("getToken", cookie, "{}").await;
        assert_eq!(call.status, StatusCode::UNAUTHORIZED, "{cookie}");
    }
}
