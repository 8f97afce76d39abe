//! Who may do what, as one table: each thing that one can try, by each of those who can try it, at the doors
//! that they would try it at. People who are banned or who govern everything do not exist in this product, nor
//! do removing others, editing messages and attachments: who asks for these is not understood.

use crate::house::{Guest, House, JSON, create, made, post};
use app::api::ApiError;
use app::chat::{
    Access, ChatId, Command, DraftId, Moderation, Outcome, Record, Refusal, Seq, Talk, Window,
};
use axum::body::Body;
use futures::{SinkExt, StreamExt};
use http::header::ORIGIN;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

#[derive(Clone, Copy, Debug)]
enum Action {
    /// Gets what opens a socket.
    Ticket,
    /// Finds the chat in the list, and in a snapshot that asks for it.
    See,
    Read,
    /// Joins the groups that carry the chat, by themselves.
    JoinGroup,
    Post,
    /// Says something to the members directly.
    Type,
    Join,
    Invite,
    Rename,
    Moderate,
    Delete,
    MarkRead,
    /// Leaves, for somebody else.
    Remove,
    Edit,
    /// Says that somebody else is idle.
    Impersonate,
    /// Tells the server what only the service may tell.
    Webhook,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Done,
    /// Nobody is signed in.
    SignedOut,
    /// No socket opens, so there is nothing to say it on.
    NoSocket,
    /// As if the chat did not exist.
    Hidden,
    NotAMember,
    NotOwner,
    FixedPair,
    /// The service refuses before the server hears of it.
    Forbidden,
    /// There is no such thing to ask for.
    Unknown,
}

use Access::{Pair, Private, Public};
use Action::*;
use End::*;

/// By a stranger, somebody who is signed in, a member, and the owner (in a pair, the other one).
const TABLE: &[(Action, Access, [End; 4])] = &[
    (Ticket, Public, [SignedOut, Done, Done, Done]),
    (See, Public, [SignedOut, Done, Done, Done]),
    (See, Private, [SignedOut, Hidden, Done, Done]),
    (See, Pair, [SignedOut, Hidden, Done, Done]),
    (Read, Public, [SignedOut, Done, Done, Done]),
    (Read, Private, [SignedOut, Hidden, Done, Done]),
    (Read, Pair, [SignedOut, Hidden, Done, Done]),
    // Members are in by the server's hand.
    (
        JoinGroup,
        Public,
        [NoSocket, Forbidden, Forbidden, Forbidden],
    ),
    (
        JoinGroup,
        Private,
        [NoSocket, Forbidden, Forbidden, Forbidden],
    ),
    (JoinGroup, Pair, [NoSocket, Forbidden, Forbidden, Forbidden]),
    (Post, Public, [NoSocket, NotAMember, Done, Done]),
    (Post, Private, [NoSocket, Hidden, Done, Done]),
    (Post, Pair, [NoSocket, Hidden, Done, Done]),
    (Type, Public, [NoSocket, Forbidden, Done, Done]),
    (Type, Private, [NoSocket, Forbidden, Done, Done]),
    (Type, Pair, [NoSocket, Forbidden, Done, Done]),
    (Join, Private, [NoSocket, Hidden, Done, Done]),
    (Join, Pair, [NoSocket, Hidden, Done, Done]),
    (Join, Public, [NoSocket, Done, Done, Done]),
    (Invite, Public, [NoSocket, NotAMember, Done, Done]),
    (Invite, Private, [NoSocket, Hidden, Done, Done]),
    (Invite, Pair, [NoSocket, Hidden, FixedPair, FixedPair]),
    (Rename, Public, [NoSocket, NotOwner, NotOwner, Done]),
    (Rename, Private, [NoSocket, Hidden, NotOwner, Done]),
    (Rename, Pair, [NoSocket, Hidden, FixedPair, FixedPair]),
    (Moderate, Public, [NoSocket, NotOwner, NotOwner, Done]),
    (Moderate, Private, [NoSocket, Hidden, NotOwner, Done]),
    (Moderate, Pair, [NoSocket, Hidden, FixedPair, FixedPair]),
    (Delete, Public, [NoSocket, NotOwner, NotOwner, Done]),
    (Delete, Private, [NoSocket, Hidden, NotOwner, Done]),
    (Delete, Pair, [NoSocket, Hidden, FixedPair, FixedPair]),
    (MarkRead, Public, [NoSocket, Hidden, Done, Done]),
    (MarkRead, Private, [NoSocket, Hidden, Done, Done]),
    (MarkRead, Pair, [NoSocket, Hidden, Done, Done]),
    (Remove, Public, [NoSocket, Unknown, Unknown, Unknown]),
    (Remove, Private, [NoSocket, Unknown, Unknown, Unknown]),
    (Edit, Public, [NoSocket, Unknown, Unknown, Unknown]),
    (Edit, Private, [NoSocket, Unknown, Unknown, Unknown]),
    (Impersonate, Public, [NoSocket, Unknown, Unknown, Unknown]),
    (
        Webhook,
        Public,
        [SignedOut, SignedOut, SignedOut, SignedOut],
    ),
];

#[tokio::test]
async fn everybody_may_do_what_the_table_says_and_nothing_else() {
    let house = House::new().await;
    let (mut owner, mut member) = (house.enter("Ada").await, house.enter("Bob").await);
    let mut outsider = house.enter("Cy").await;
    let mut stranger = house.sign_in("Eve").await;
    stranger.cookie = "chatr=forged".into();
    let with_member = Command::CreatePrivateChat { with: member.id() };
    let pair = made(&owner.does(with_member).await).id;

    let mut wrong = Vec::new();
    for (action, access, ends) in TABLE {
        let chat = match access {
            Pair => pair,
            Public | Private => {
                let create = create("Tea", *access, Record::Kept);
                let chat = made(&owner.does(create).await).id;
                let user = member.id();
                owner.does(Command::InviteToChat { chat, user }).await;
                chat
            }
        };
        let everybody = [&mut stranger, &mut outsider, &mut member, &mut owner];
        let names = ["stranger", "outsider", "member", "owner"];
        for ((who, end), name) in everybody.into_iter().zip(ends).zip(names) {
            let came = attempt(&house, who, *action, chat).await;
            if came != *end {
                wrong.push(format!(
                    "{action:?} in a {access:?} chat by the {name}: {came:?}, and not {end:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

async fn attempt(house: &House, who: &mut Guest, action: Action, chat: ChatId) -> End {
    let over_http = matches!(action, Ticket | See | Read | Webhook);
    if who.socket.is_none() && !over_http {
        let url = format!("ws://{}/client/hubs/chat", house.host);
        let origin = format!("http://{}", house.host);
        assert_eq!(house.open_at(&url, &origin).await.err(), Some(401));
        return NoSocket;
    }
    let somebody = app::chat::UserId::random();
    let command = match action {
        Ticket => return asked(house.api::<Value>(who, "getToken", json!({})).await),
        See => return see(house, who, chat).await,
        Read => {
            let arguments = json!({ "chat": chat, "window": Window::Latest });
            return asked(house.api::<Value>(who, "messages", arguments).await);
        }
        Webhook => return webhook(house, who, chat).await,
        JoinGroup => return join_groups(who, chat).await,
        Type => {
            let said = who.says(chat, Talk::Typing { active: true }).await;
            return match said.err().as_deref() {
                None => Done,
                Some("Forbidden") => Forbidden,
                Some(other) => panic!("{other}"),
            };
        }
        Remove => {
            let data = json!({ "chat": chat, "user": somebody });
            let removed = who.event("removeFromChat", data.clone()).await.outcome;
            assert_eq!(ended(removed), Unknown);
            return ended(who.event("leaveChat", data).await.outcome);
        }
        Edit => {
            let data = json!({ "chat": chat, "seq": 1, "body": "changed" });
            return ended(who.event("editMessage", data).await.outcome);
        }
        Impersonate => {
            let data = json!({ "user": somebody });
            return ended(who.event("userEnterIdle", data).await.outcome);
        }
        Action::Post => post(chat, "hello"),
        Join => Command::JoinChat { chat },
        Invite => {
            // Whom everybody knows.
            let user = house.snapshot(who, None).await.people[0].person.id;
            Command::InviteToChat { chat, user }
        }
        Rename => Command::RenameChat {
            chat,
            name: "Coffee".parse().expect("fit"),
        },
        Moderate => Command::SetModeration {
            chat,
            moderation: Moderation::Mask,
        },
        Delete => Command::DeleteChat { chat },
        MarkRead => Command::MarkRead { chat, seq: Seq(1) },
    };
    ended(who.ask(command).await)
}

async fn see(house: &House, who: &Guest, chat: ChatId) -> End {
    let rows: Result<Vec<app::chat::ChatSummary>, _> = house.api(who, "chats", json!({})).await;
    let rows = match rows {
        Ok(rows) => rows,
        refused => return asked(refused),
    };
    let listed = rows.iter().any(|row| row.chat.id == chat);
    let snapshot = house.snapshot(who, Some(chat)).await;
    assert_eq!(snapshot.open.is_some(), listed);
    assert_eq!(snapshot.chats.iter().any(|row| row.chat.id == chat), listed);
    let told = serde_json::to_string(&snapshot).expect("JSON");
    assert_eq!(told.contains(&chat.to_string()), listed);
    if listed { Done } else { Hidden }
}

async fn join_groups(who: &mut Guest, chat: ChatId) -> End {
    for (group, ack) in [(chat.group(), 901), (chat.talk_group(), 902)] {
        who.send(json!({ "type": "joinGroup", "group": group, "ackId": ack }))
            .await;
        let frames = who.everything().await;
        let answer = frames
            .iter()
            .find(|frame| frame["ackId"] == ack || frame["error"]["name"] == "Duplicate");
        if answer.expect("an answer")["error"]["name"] != "Forbidden" {
            return Done;
        }
    }
    Forbidden
}

async fn webhook(house: &House, who: &Guest, chat: ChatId) -> End {
    let data = json!({ "chat": chat, "draft": DraftId::random(), "body": "forged" });
    let request = house
        .request(Method::POST, "/api/eventHandler")
        .header("cookie", &who.cookie)
        .header("ce-type", "azure.webpubsub.user.postMessage")
        .header("ce-eventName", "postMessage")
        .header("ce-hub", "chat")
        .header("ce-connectionId", "abc")
        .header("ce-userId", who.id().to_string())
        .header("content-type", "application/json")
        .body(Body::from(data.to_string()));
    match house.answer(request.expect("a request")).await.0 {
        StatusCode::UNAUTHORIZED => SignedOut,
        other => panic!("{other}"),
    }
}

fn asked<T>(answer: Result<T, (StatusCode, String)>) -> End {
    let Err((status, body)) = answer else {
        return Done;
    };
    match serde_json::from_str(&body).expect("an answer of ours") {
        ApiError::Refused { why } => {
            assert_eq!(status, server::error::status_of(&why));
            refused(why)
        }
        ApiError::Unreachable => panic!("{body}"),
    }
}

fn ended(outcome: Outcome) -> End {
    match outcome {
        Outcome::Done { .. } => Done,
        Outcome::Refused { why } => refused(why),
    }
}

fn refused(why: Refusal) -> End {
    match why {
        Refusal::SignedOut => SignedOut,
        Refusal::NoSuchChat => Hidden,
        Refusal::NotAMember => NotAMember,
        Refusal::NotOwner => NotOwner,
        Refusal::FixedPair => FixedPair,
        Refusal::Malformed => Unknown,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_ticket_from_before_somebody_left_opens_nothing_of_the_chat() {
    let house = House::new().await;
    let (mut owner, mut member) = (house.enter("Ada").await, house.enter("Bob").await);
    let chat = made(&owner.does(create("Tea", Private, Record::Kept)).await).id;
    let user = member.id();
    owner.does(Command::InviteToChat { chat, user }).await;
    let ticket: Value = house
        .api(&member, "getToken", json!({}))
        .await
        .expect("a ticket");
    member.does(Command::LeaveChat { chat }).await;
    let url = ticket["url"].as_str().expect("a URL");
    let origin = format!("http://{}", house.host);
    member.socket = Some(house.open_at(url, &origin).await.expect("is let in"));
    owner.does(post(chat, "without you")).await;
    for action in [Action::Post, Type, JoinGroup, Read, See, Join] {
        let end = attempt(&house, &mut member, action, chat).await;
        assert!(matches!(end, Hidden | Forbidden), "{action:?}: {end:?}");
    }
    let told = serde_json::to_string(&member.everything().await).expect("JSON");
    assert!(!told.contains("without you"), "{told}");
}

#[tokio::test]
async fn a_session_that_is_recovered_after_somebody_left_hears_and_says_nothing_more() {
    let house = House::new().await;
    let (mut owner, mut member) = (house.enter("Ada").await, house.enter("Bob").await);
    let chat = made(&owner.does(create("Tea", Private, Record::Kept)).await).id;
    let user = member.id();
    owner.does(Command::InviteToChat { chat, user }).await;
    // A second page of Bob's, whose session outlives its socket.
    let ticket: Value = house
        .api(&member, "getToken", json!({}))
        .await
        .expect("a ticket");
    let mut socket = reliable(&house, ticket["url"].as_str().expect("a URL")).await;
    let hello = next(&mut socket).await;
    assert_eq!(hello["event"], "connected");
    let text = |key: &str| hello[key].as_str().expect("text").to_owned();
    let back = format!(
        "ws://{}/client/hubs/chat?awps_connection_id={}&awps_reconnection_token={}",
        house.host,
        text("connectionId"),
        text("reconnectionToken")
    );
    owner.does(post(chat, "while you are in")).await;
    drop(socket);
    member.does(Command::LeaveChat { chat }).await;
    owner.does(post(chat, "without you")).await;

    let mut socket = reliable(&house, &back).await;
    let typing = json!({
        "type": "sendToGroup", "group": chat.talk_group(), "dataType": "json",
        "data": { "talk": "typing", "active": true }, "ackId": 7,
    });
    let sent = tungstenite::Message::text(typing.to_string());
    socket.send(sent).await.expect("is sent");
    let mut heard = Vec::new();
    let answer = loop {
        let frame = next(&mut socket).await;
        if frame["ackId"] == 7 {
            break frame;
        }
        heard.push(frame.to_string());
    };
    assert_eq!(answer["error"]["name"], "Forbidden");
    let heard = heard.join("\n");
    assert!(heard.contains("while you are in"), "is replayed: {heard}");
    assert!(!heard.contains("without you"), "{heard}");
}

async fn reliable(house: &House, url: &str) -> crate::house::Socket {
    let mut request = url.into_client_request().expect("a URL");
    let headers = request.headers_mut();
    let protocol = format!("json.reliable.{}", &JSON["json.".len()..]);
    headers.insert(
        "sec-websocket-protocol",
        protocol.parse().expect("a header"),
    );
    let origin = format!("http://{}", house.host);
    headers.insert(ORIGIN, origin.parse().expect("a header"));
    let opened = tokio_tungstenite::connect_async(request).await;
    opened.expect("is let in").0
}

async fn next(socket: &mut crate::house::Socket) -> Value {
    loop {
        let patience = std::time::Duration::from_secs(20);
        let next = tokio::time::timeout(patience, socket.next()).await;
        match next.expect("something arrives").expect("is open") {
            Ok(tungstenite::Message::Text(text)) => {
                return serde_json::from_str(&text).expect("JSON");
            }
            Ok(_) => {}
            Err(broken) => panic!("{broken}"),
        }
    }
}
