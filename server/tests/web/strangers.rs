//! What comes from elsewhere, by another name, or in too large a parcel.

use crate::village::{Town, form_to, get};
use axum::body::Body;
use http::{Request, StatusCode};

fn login(header: &'static str, value: &'static str) -> Request<Body> {
    let mut request = form_to("/.auth/login/guest", "", "name=Ada");
    request.headers_mut().insert(header, value.parse().unwrap());
    request
}

#[tokio::test]
async fn another_site_cannot_post_here() {
    let town = Town::new().await;
    for (header, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "http://127.0.0.1:3001"),
        ("origin", "null"),
    ] {
        let answer = town.ask(login(header, value)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{header}: {value}");
        assert_eq!(answer.cookie(), "");
    }
}

#[tokio::test]
async fn our_own_pages_and_programs_can() {
    let town = Town::new().await;
    for (header, value) in [
        ("sec-fetch-site", "same-origin"),
        ("origin", "http://127.0.0.1:3000"),
        ("user-agent", "a program"),
    ] {
        let answer = town.ask(login(header, value)).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{header}: {value}");
    }
    let public = Town::with(&["--public-url=https://chat.example"]).await;
    // A proxy inside may call by number.
    let mut request = login("origin", "https://chat.example");
    request
        .headers_mut()
        .insert("host", "10.0.0.7:3000".parse().unwrap());
    assert_eq!(public.ask(request).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_name_that_is_not_ours_is_not_answered() {
    let town = Town::new().await;
    for host in ["evil.example", "127.0.0.1.evil.example:3000"] {
        let mut request = get("/", "");
        request.headers_mut().insert("host", host.parse().unwrap());
        let answer = town.ask(request).await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
        assert!(answer.body.contains("CHATR_PUBLIC_URL"));
    }
    let mut request = get("/", "");
    request.headers_mut().insert("host", "a'b".parse().unwrap());
    assert_eq!(town.ask(request).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let town = Town::new().await;
    let large = format!("name={}", "x".repeat(3 << 20));
    let answer = town.ask(form_to("/.auth/login/guest", "", &large)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.header("connection"), "close");
    assert!(answer.body.contains("bytes at most"), "{}", answer.body);
}

#[tokio::test]
async fn every_answer_carries_the_same_protection() {
    let town = Town::new().await;
    let foreign = login("origin", "https://evil.example");
    for request in [
        get("/", ""),
        get("/nowhere", ""),
        get("/healthz", ""),
        get("/readyz", ""),
        get("/api/getToken", ""),
        get("/pkg/missing.js", ""),
        foreign,
    ] {
        let path = request.uri().clone();
        let answer = town.ask(request).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert_eq!(
            answer
                .headers
                .get_all("content-security-policy")
                .iter()
                .count(),
            1
        );
        assert_eq!(answer.header("strict-transport-security"), "", "{path}");
    }
}

#[tokio::test]
async fn whoever_watches_the_process_is_told_how_it_is() {
    let town = Town::new().await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(town.open(path, "").await.status, StatusCode::OK, "{path}");
    }
}
