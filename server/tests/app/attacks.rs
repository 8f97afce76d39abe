//! What strangers and members try, and how it is refused.

use super::house::{House, create, made, post};
use app::chat::{Access, Command, Outcome, Record, Refusal, Talk};
use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn nobody_speaks_under_somebody_elses_name() {
    let house = House::new().await;
    let (mut ada, mut eve) = (house.enter("Ada").await, house.enter("Eve").await);
    let data = json!({
        "chat": eve.lobby, "draft": ada.id(), "body": "I am Ada", "fromUserId": ada.id(), "author": ada.me,
    });
    let answer = eve.event("postMessage", data).await;
    assert_eq!(
        answer.outcome,
        Outcome::Refused {
            why: Refusal::Malformed
        }
    );
    // On the direct lane the envelope's name counts, whatever the payload says.
    let lobby = eve.lobby;
    let forged = json!({ "talk": "typing", "active": true, "fromUserId": ada.id() });
    eve.publish(lobby.talk_group(), forged)
        .await
        .expect("is sent");
    let (from, _) = ada.hears_talk(lobby).await;
    assert_eq!(from, eve.id().to_string());
}

#[tokio::test]
async fn nobody_publishes_facts_but_the_server() {
    let house = House::new().await;
    let mut eve = house.enter("Eve").await;
    let fact = json!({ "chatEvent": "chatDeleted", "data": {} });
    let lobby = eve.lobby;
    assert_eq!(
        eve.publish(lobby.group(), fact.clone()).await,
        Err("Forbidden".into())
    );
    assert_eq!(
        eve.publish("anything".into(), fact).await,
        Err("Forbidden".into())
    );
}

#[tokio::test]
async fn nobody_joins_a_group_by_themselves() {
    let house = House::new().await;
    let (mut ada, mut eve) = (house.enter("Ada").await, house.enter("Eve").await);
    let chat = made(
        &ada.does(create("Closed", Access::Private, Record::Kept))
            .await,
    )
    .id;
    for group in [chat.group(), chat.talk_group()] {
        eve.send(json!({ "type": "joinGroup", "group": group, "ackId": 900 }))
            .await;
        let frames = eve.everything().await;
        let ack = frames
            .iter()
            .find(|frame| frame["ackId"] == 900)
            .expect("an answer");
        assert_eq!(ack["error"]["name"], "Forbidden", "{ack}");
    }
    assert_eq!(
        eve.says(chat, Talk::Typing { active: true }).await,
        Err("Forbidden".into())
    );
}

#[tokio::test]
async fn what_is_private_and_what_does_not_exist_are_answered_alike() {
    let house = House::new().await;
    let (mut ada, mut eve) = (house.enter("Ada").await, house.enter("Eve").await);
    let private = made(
        &ada.does(create("Closed", Access::Private, Record::Kept))
            .await,
    )
    .id;
    ada.does(post(private, "secret")).await;
    let nowhere = app::chat::ChatId::random();
    let mut answers = Vec::new();
    for chat in [private, nowhere] {
        let over_http = house.page(&eve, chat).await.expect_err("refused");
        let mut over_socket = Vec::new();
        for command in [
            post(chat, "hi"),
            Command::JoinChat { chat },
            Command::LeaveChat { chat },
            Command::DeleteChat { chat },
            Command::InviteToChat {
                chat,
                user: eve.id(),
            },
        ] {
            over_socket.push(eve.is_refused(command).await);
        }
        let open = house.snapshot(&eve, Some(chat)).await.open;
        answers.push((over_http, over_socket, open));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn a_webhook_without_the_right_signature_is_refused() {
    let house = House::new().await;
    let mut ada = house.enter("Ada").await;
    let data = json!({ "chat": ada.lobby, "draft": ada.id(), "body": "forged" }).to_string();
    for signature in [
        None,
        Some(""),
        Some("sha256="),
        Some("sha256=0000"),
        Some("md5=abc"),
    ] {
        let mut request = house
            .request(Method::POST, "/api/eventHandler")
            .header("ce-type", "azure.webpubsub.user.postMessage")
            .header("ce-eventName", "postMessage")
            .header("ce-hub", "chat")
            .header("ce-connectionId", "abc")
            .header("ce-userId", ada.id().to_string())
            .header("content-type", "application/json");
        if let Some(signature) = signature {
            request = request.header("ce-signature", signature);
        }
        let request = request.body(Body::from(data.clone())).expect("a request");
        assert_eq!(
            house.answer(request).await.0,
            StatusCode::UNAUTHORIZED,
            "{signature:?}"
        );
    }
    assert!(
        house
            .page(&ada, ada.lobby)
            .await
            .expect("a page")
            .messages
            .is_empty()
    );
    ada.does(post(ada.lobby, "the real one")).await;
}

#[tokio::test]
async fn a_page_of_another_origin_opens_no_socket() {
    let house = House::new().await;
    let ada = house.sign_in("Ada").await;
    let ticket: serde_json::Value = house
        .api(&ada, "getToken", json!({}))
        .await
        .expect("a ticket");
    let url = ticket["url"].as_str().expect("a URL");
    let refused = house.open_at(url, "https://evil.example").await;
    assert_eq!(refused.err(), Some(403));
    house
        .open_at(url, &format!("http://{}", house.host))
        .await
        .expect("our own page may");
}

#[tokio::test]
async fn a_socket_without_a_ticket_or_with_a_changed_one_is_refused() {
    let house = House::new().await;
    let ada = house.sign_in("Ada").await;
    let ticket: serde_json::Value = house
        .api(&ada, "getToken", json!({}))
        .await
        .expect("a ticket");
    let url = ticket["url"].as_str().expect("a URL");
    let origin = format!("http://{}", house.host);
    let bare = url.split('?').next().expect("a path");
    // One of sixteen signatures ends in A.
    let (start, last) = url.split_at(url.len() - 1);
    let changed = format!("{start}{}", if last == "A" { "Q" } else { "A" });
    let other = url.replace("/hubs/chat", "/hubs/other");
    for url in [bare, &changed, &other] {
        assert_eq!(house.open_at(url, &origin).await.err(), Some(401), "{url}");
    }
}

#[tokio::test]
async fn whoever_is_signed_out_gets_nothing() {
    let house = House::new().await;
    let mut nobody = house.sign_in("Ada").await;
    nobody.cookie = "chatr=forged".into();
    for name in ["getToken", "snapshot", "messages", "chats", "users"] {
        let arguments = json!({ "open": null, "chat": nobody.lobby, "window": { "is": "latest" } });
        let refused = house
            .api::<serde_json::Value>(&nobody, name, arguments)
            .await;
        let (status, _) = refused.expect_err("refused");
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{name}");
    }
}

#[tokio::test]
async fn events_that_are_no_commands_are_answered_and_harm_nobody() {
    let house = House::new().await;
    let mut eve = house.enter("Eve").await;
    for (name, data) in [
        ("noSuchEvent", json!({})),
        ("postMessage", json!([1, 2])),
        (
            "postMessage",
            json!({ "chat": "../../etc", "draft": "x", "body": "hi" }),
        ),
        (
            "createChat",
            json!({ "draft": eve.id(), "name": "", "access": "public", "record": "kept" }),
        ),
        (
            "createChat",
            json!({ "draft": eve.id(), "name": "x", "access": "pair", "record": "kept" }),
        ),
        ("userConnected", json!({})),
        ("joinChat", json!({ "chat": 7 })),
    ] {
        let answer = eve.event(name, data).await;
        assert!(
            matches!(answer.outcome, Outcome::Refused { .. }),
            "{name}: {answer:?}"
        );
    }
    eve.does(post(eve.lobby, "still here")).await;
}
