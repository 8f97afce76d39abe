//! Bad requests as tables, to the server functions and to the webhook, each with the answer it gets. What was
//! there before is there still.

use crate::house::{House, post};
use app::chat::{DraftId, UserId};
use axum::body::Body;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, COOKIE};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use wire::cloud_event::signature;

#[tokio::test]
async fn server_functions_take_what_they_are_for_and_from_whom_it_comes() {
    let house = House::new().await;
    let (mut ada, victim) = (house.enter("Ada").await, house.sign_in("Victim").await);
    let cookie = ada.cookie.clone();
    let ask = |method: Method, path: &str, kind: &str, body: Vec<u8>| {
        house
            .request(method, path)
            .header(COOKIE, &cookie)
            .header(CONTENT_TYPE, kind)
            .body(Body::from(body))
            .expect("a request")
    };
    let json_kind = "application/json";
    let window = json!({ "is": "latest" });
    let deep = format!(r#"{{"open":{}{}}}"#, "[".repeat(50_000), "]".repeat(50_000));
    let read = |chat: Value, window: &Value| {
        json!({ "chat": chat, "window": window })
            .to_string()
            .into_bytes()
    };
    let malformed = StatusCode::BAD_REQUEST;
    ada.does(post(ada.lobby, "before")).await;
    for (request, status) in [
        // What changes something is never a link.
        (
            ask(Method::GET, "/api/getToken", json_kind, vec![]),
            StatusCode::METHOD_NOT_ALLOWED,
        ),
        (
            ask(Method::GET, "/api/postMessage", json_kind, vec![]),
            StatusCode::METHOD_NOT_ALLOWED,
        ),
        (
            ask(Method::PUT, "/api/snapshot", json_kind, b"{}".to_vec()),
            StatusCode::METHOD_NOT_ALLOWED,
        ),
        (
            ask(Method::DELETE, "/api/messages", json_kind, vec![]),
            StatusCode::METHOD_NOT_ALLOWED,
        ),
        (
            ask(Method::POST, "/api/nothing", json_kind, b"{}".to_vec()),
            StatusCode::NOT_FOUND,
        ),
        (
            ask(Method::POST, "/api/getToken/", json_kind, b"{}".to_vec()),
            StatusCode::METHOD_NOT_ALLOWED,
        ),
        (
            ask(
                Method::POST,
                "/api/deleteEverything",
                json_kind,
                b"{}".to_vec(),
            ),
            StatusCode::NOT_FOUND,
        ),
        // Another kind of body, or none of the kind that it says.
        (
            ask(Method::POST, "/api/getToken", "text/plain", b"{}".to_vec()),
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (
            ask(
                Method::POST,
                "/api/getToken",
                "multipart/form-data",
                b"{}".to_vec(),
            ),
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (
            ask(Method::POST, "/api/snapshot", "", b"{}".to_vec()),
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (
            ask(Method::POST, "/api/snapshot", json_kind, b"{".to_vec()),
            malformed,
        ),
        (
            ask(
                Method::POST,
                "/api/snapshot",
                json_kind,
                b"\xff\xfe".to_vec(),
            ),
            malformed,
        ),
        (
            ask(
                Method::POST,
                "/api/snapshot",
                json_kind,
                br#"{"open":"o'hara"}"#.to_vec(),
            ),
            malformed,
        ),
        (
            ask(
                Method::POST,
                "/api/snapshot",
                json_kind,
                br#"{"open":7}"#.to_vec(),
            ),
            malformed,
        ),
        (
            ask(Method::POST, "/api/snapshot", json_kind, deep.into_bytes()),
            malformed,
        ),
        (
            ask(Method::POST, "/api/messages", json_kind, b"{}".to_vec()),
            malformed,
        ),
        (
            ask(
                Method::POST,
                "/api/messages",
                json_kind,
                read(json!("x',RowKey='y"), &window),
            ),
            malformed,
        ),
        (
            ask(
                Method::POST,
                "/api/messages",
                json_kind,
                read(json!("%27"), &window),
            ),
            malformed,
        ),
        (
            ask(
                Method::POST,
                "/api/messages",
                json_kind,
                read(json!(ada.lobby), &json!({ "is": "all" })),
            ),
            malformed,
        ),
        (
            ask(
                Method::POST,
                "/api/messages",
                json_kind,
                read(json!(ada.lobby), &json!({ "is": "before", "seq": -1 })),
            ),
            malformed,
        ),
        (
            ask(
                Method::POST,
                "/api/messages",
                json_kind,
                read(json!(DraftId::random()), &window),
            ),
            StatusCode::NOT_FOUND,
        ),
        // More than anything of ours takes.
        (
            ask(
                Method::POST,
                "/api/snapshot",
                json_kind,
                vec![b' '; 3 << 20],
            ),
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
    ] {
        let what = format!("{} {}", request.method(), request.uri());
        let (answered, body, _) = house.answer(request).await;
        assert_eq!(answered, status, "{what}: {body:.200}");
        assert!(
            !body.contains("o'hara") && !body.contains("RowKey"),
            "{body}"
        );
        let page = house.page(&ada, ada.lobby).await.expect("a page");
        assert_eq!(page.messages.len(), 1);
    }

    // Who asks is known from the cookie, whatever else the request says.
    let claims = json!({
        "open": null, "user": victim.id(), "userId": victim.id(), "role": "admin", "me": victim.me,
    });
    let request = house
        .request(
            Method::POST,
            &format!("/api/snapshot?userId={}", victim.id()),
        )
        .header(COOKIE, &ada.cookie)
        .header(CONTENT_TYPE, json_kind)
        .header("ce-userid", victim.id().to_string())
        .header("x-ms-client-principal-id", victim.id().to_string())
        .header("x-ms-client-principal", "eyJ1c2VySWQiOiJ2aWN0aW0ifQ==")
        .body(Body::from(claims.to_string()));
    let (status, body, _) = house.answer(request.expect("a request")).await;
    assert_eq!(status, StatusCode::OK);
    let snapshot: app::chat::Snapshot = serde_json::from_str(&body).expect("a snapshot");
    assert_eq!(snapshot.me, ada.me);
    let ticket: Value = house
        .api(
            &ada,
            "getToken",
            json!({ "userId": victim.id(), "role": ["webpubsub.sendToGroup"] }),
        )
        .await
        .expect("a ticket");
    let url = ticket["url"].as_str().expect("a URL").to_owned();
    let origin = format!("http://{}", house.host);
    ada.socket = Some(house.open_at(&url, &origin).await.expect("is let in"));
    ada.does(post(ada.lobby, "it is me")).await;
    let page = house.page(&ada, ada.lobby).await.expect("a page");
    assert_eq!(page.messages.last().expect("mine").author, ada.me);
    assert_eq!(
        ada.publish("anything".into(), json!({})).await,
        Err("Forbidden".into())
    );
}

#[tokio::test]
async fn a_webhook_is_believed_for_its_signature_and_for_nothing_else() {
    const KEY: &str = "a key for tests, long enough to be one";
    let option = format!("--hub-key={KEY}");
    let house = House::with(&["--limits=relaxed", &option]).await;
    let mut ada = house.enter("Ada").await;
    let lobby = ada.lobby;
    let event = |signature: &str, draft: DraftId| {
        let data = json!({ "chat": lobby, "draft": draft, "body": "by webhook" });
        house
            .request(Method::POST, "/api/eventHandler")
            .header("ce-type", "azure.webpubsub.user.postMessage")
            .header("ce-eventName", "postMessage")
            .header("ce-hub", "chat")
            .header("ce-connectionId", "abc")
            .header("ce-userId", ada.me.id.to_string())
            .header("ce-id", "7")
            .header("ce-time", jiff::Timestamp::now().to_string())
            .header("ce-signature", signature)
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(data.to_string()))
            .expect("a request")
    };
    let good = signature([KEY], "abc");
    let zeros = format!("sha256={}", "0".repeat(64));
    let draft = DraftId::random();
    for (header, status) in [
        (signature([KEY], "other"), StatusCode::UNAUTHORIZED),
        (
            signature(["another key, also long enough to be one"], "abc"),
            StatusCode::UNAUTHORIZED,
        ),
        (good[..good.len() - 2].to_owned(), StatusCode::UNAUTHORIZED),
        (good.replace("sha256=", "sha1="), StatusCode::UNAUTHORIZED),
        (zeros.clone(), StatusCode::UNAUTHORIZED),
        (format!("{zeros},{good}"), StatusCode::OK),
        // The same event again is answered again, and done once.
        (good.clone(), StatusCode::OK),
    ] {
        let (answered, body, _) = house.answer(event(&header, draft)).await;
        assert_eq!(answered, status, "{header}: {body}");
    }
    let page = house.page(&ada, lobby).await.expect("a page");
    assert_eq!(page.messages.len(), 1);

    let changed = |change: fn(&mut Request<Body>)| {
        let mut request = event(&good, DraftId::random());
        change(&mut request);
        request
    };
    for (request, status) in [
        (
            changed(|r| *r.body_mut() = Body::from(vec![b' '; 2 << 20])),
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
        (
            changed(|r| *r.body_mut() = Body::from("{")),
            StatusCode::BAD_REQUEST,
        ),
        (
            changed(|r| drop(r.headers_mut().remove("ce-type"))),
            StatusCode::BAD_REQUEST,
        ),
        (
            changed(|r| {
                drop(
                    r.headers_mut()
                        .insert("ce-type", "azure.other.user.x".parse().expect("text")),
                )
            }),
            StatusCode::BAD_REQUEST,
        ),
        (
            changed(|r| {
                drop(
                    r.headers_mut()
                        .insert("ce-hub", "other".parse().expect("text")),
                )
            }),
            StatusCode::NOT_FOUND,
        ),
        (
            changed(|r| drop(r.headers_mut().remove("ce-userId"))),
            StatusCode::UNAUTHORIZED,
        ),
        (
            changed(|r| {
                let other = UserId::random().to_string();
                drop(
                    r.headers_mut()
                        .insert("ce-userId", other.parse().expect("text")),
                )
            }),
            StatusCode::FORBIDDEN,
        ),
        (
            changed(|r| drop(r.headers_mut().remove("ce-time"))),
            StatusCode::UNAUTHORIZED,
        ),
        (
            changed(|r| drop(r.headers_mut().remove("ce-id"))),
            StatusCode::BAD_REQUEST,
        ),
        (
            changed(|r| {
                drop(
                    r.headers_mut()
                        .insert("ce-userId", "../admin".parse().expect("text")),
                )
            }),
            StatusCode::UNAUTHORIZED,
        ),
        (
            changed(|r| {
                drop(
                    r.headers_mut()
                        .insert(CONTENT_TYPE, "text/csv".parse().expect("text")),
                )
            }),
            StatusCode::BAD_REQUEST,
        ),
        (
            changed(|r| {
                r.headers_mut()
                    .insert(CONTENT_ENCODING, "gzip".parse().expect("text"));
                *r.body_mut() = Body::from(&b"\x1f\x8b\x08\x00"[..]);
            }),
            StatusCode::BAD_REQUEST,
        ),
        (
            changed(|r| *r.method_mut() = Method::GET),
            StatusCode::METHOD_NOT_ALLOWED,
        ),
        (
            changed(|r| *r.method_mut() = Method::OPTIONS),
            StatusCode::BAD_REQUEST,
        ),
    ] {
        let what = format!("{request:?}");
        let (answered, body, _) = house.answer(request).await;
        assert_eq!(answered, status, "{body}: {what:.600}");
    }
    let page = house.page(&ada, lobby).await.expect("a page");
    assert_eq!(page.messages.len(), 1, "nothing of that was done");
    ada.does(post(lobby, "and life goes on")).await;
}
