//! Bad inputs as tables, each with the answer it gets; and after each, what was there before is there still.

use crate::house::{Guest, House, post};
use app::chat::{Command, DraftId, Outcome, Refusal, Unfit};
use axum::body::Body;
use http::header::{CONTENT_TYPE, COOKIE};
use http::{Method, StatusCode};
use serde_json::{Value, json};

/// Posts in the Lobby and finds everything that was posted before.
async fn goes_on(house: &House, guest: &mut Guest, posted: &mut usize) {
    guest.does(post(guest.lobby, "still here")).await;
    *posted += 1;
    let page = house.page(guest, guest.lobby).await.expect("a page");
    assert_eq!(page.messages.len(), *posted);
}

#[tokio::test]
async fn commands_that_are_none_are_refused_one_by_one() {
    let house = House::new().await;
    let mut eve = house.enter("Eve").await;
    let (lobby, me, draft) = (eve.lobby, eve.id(), DraftId::random());
    let message = |body: Value| json!({ "chat": lobby, "draft": draft, "body": body });
    let mut posted = 0;
    for (name, data) in [
        ("noSuchEvent", json!({})),
        ("postmessage", message(json!("hi"))),
        ("chatDeleted", json!({ "chat": lobby })),
        ("userConnected", json!({})),
        ("postMessage", json!({})),
        ("postMessage", json!(["hi"])),
        ("postMessage", json!("hi")),
        ("postMessage", json!(7)),
        ("postMessage", message(Value::Null)),
        ("postMessage", message(json!(7))),
        ("postMessage", message(json!(["hi"]))),
        (
            "postMessage",
            json!({ "chat": "o'hara", "draft": draft, "body": "hi" }),
        ),
        (
            "postMessage",
            json!({ "chat": "..", "draft": draft, "body": "hi" }),
        ),
        (
            "postMessage",
            json!({ "chat": lobby, "draft": "1", "body": "hi" }),
        ),
        (
            "postMessage",
            json!({ "chat": lobby, "draft": draft, "body": "hi", "seq": 1 }),
        ),
        (
            "postMessage",
            json!({ "chat": lobby, "draft": draft, "body": "hi", "fromUserId": me }),
        ),
        (
            "postMessage",
            json!({ "chat": lobby, "draft": draft, "body": "hi", "role": "admin" }),
        ),
        (
            "createChat",
            json!({ "draft": draft, "name": "x", "access": "pair", "record": "kept" }),
        ),
        (
            "createChat",
            json!({ "draft": draft, "name": "x", "access": "Public", "record": "kept" }),
        ),
        (
            "createChat",
            json!({ "draft": draft, "name": "x", "access": "public" }),
        ),
        (
            "createChat",
            json!({ "name": "x", "access": "public", "record": "kept" }),
        ),
        ("joinChat", json!({ "chat": 7 })),
        ("joinChat", json!({ "chat": lobby, "user": me })),
        (
            "setModeration",
            json!({ "chat": lobby, "moderation": "on" }),
        ),
        (
            "inviteToChat",
            json!({ "chat": lobby, "user": "x',RowKey='y" }),
        ),
        ("createPrivateChat", json!({ "with": "%27" })),
        ("markRead", json!({ "chat": lobby, "seq": -1 })),
        ("markRead", json!({ "chat": lobby, "seq": 1.5 })),
        ("markRead", json!({ "chat": lobby, "seq": "1" })),
        ("userEnterIdle", json!({ "user": me })),
        ("userEnterIdle", json!([])),
    ] {
        let what = format!("{name} {data:.60}");
        let answer = eve.event(name, data).await;
        let why = Refusal::Malformed;
        assert_eq!(answer.outcome, Outcome::Refused { why }, "{what}");
        goes_on(&house, &mut eve, &mut posted).await;
    }
    let me_still = house.snapshot(&eve, None).await.me;
    assert_eq!(me_still, eve.me);
}

#[tokio::test]
async fn texts_that_are_not_fit_are_refused_and_the_writer_hears_why() {
    let house = House::new().await;
    let mut eve = house.enter("Eve").await;
    let (lobby, draft) = (eve.lobby, DraftId::random());
    let message = |body: &str| json!({ "chat": lobby, "draft": draft, "body": body });
    let new_chat =
        |name: &str| json!({ "draft": draft, "name": name, "access": "public", "record": "kept" });
    let renamed = |name: &str| json!({ "chat": lobby, "name": name });
    let long = |length: usize| "x".repeat(length);
    let (empty, invisible) = (Unfit::Empty, Unfit::Invisible);
    let (message_too_long, name_too_long) =
        (Unfit::TooLong { max: 8_000 }, Unfit::TooLong { max: 64 });
    let mut posted = 0;
    for (name, data, why) in [
        ("postMessage", message(""), empty),
        ("postMessage", message(" \n\t "), empty),
        ("postMessage", message("\u{200B}\u{FEFF}"), empty),
        ("postMessage", message("\u{0}\u{7}"), empty),
        ("postMessage", message(&long(8_001)), message_too_long),
        (
            "postMessage",
            message(&">".repeat(100_000)),
            message_too_long,
        ),
        (
            "postMessage",
            message(&"👩\u{200D}💻".repeat(4_000)),
            message_too_long,
        ),
        ("createChat", new_chat(""), empty),
        ("createChat", new_chat("a\u{202E}b"), invisible),
        ("createChat", new_chat("\u{200B}"), invisible),
        ("createChat", new_chat("a\u{7}b"), invisible),
        ("createChat", new_chat(&long(65)), name_too_long),
        ("renameChat", renamed(""), empty),
        ("renameChat", renamed(&long(65)), name_too_long),
    ] {
        let what = format!("{name} {data:.60}");
        let asked = data.get("draft").is_some().then_some(draft);
        let answer = eve.event(name, data).await;
        let why = Refusal::from(why);
        assert_eq!(answer.outcome, Outcome::Refused { why }, "{what}");
        assert_eq!(answer.draft, asked, "{what}");
        goes_on(&house, &mut eve, &mut posted).await;
    }
}

#[tokio::test]
async fn commands_about_what_is_not_there_are_refused_in_words() {
    let house = House::new().await;
    let mut eve = house.enter("Eve").await;
    let (chat, user) = (app::chat::ChatId::random(), app::chat::UserId::random());
    let (lobby, me) = (eve.lobby, eve.id());
    let name = || "Tea".parse().expect("fit");
    let seq = app::chat::Seq(1);
    for (command, why) in [
        (post(chat, "hi"), Refusal::NoSuchChat),
        (Command::JoinChat { chat }, Refusal::NoSuchChat),
        (Command::LeaveChat { chat }, Refusal::NoSuchChat),
        (Command::DeleteChat { chat }, Refusal::NoSuchChat),
        (
            Command::RenameChat { chat, name: name() },
            Refusal::NoSuchChat,
        ),
        (
            Command::InviteToChat { chat, user: me },
            Refusal::NoSuchChat,
        ),
        (Command::MarkRead { chat, seq }, Refusal::NoSuchChat),
        (
            Command::InviteToChat { chat: lobby, user },
            Refusal::NoSuchPerson,
        ),
        (
            Command::CreatePrivateChat { with: user },
            Refusal::NoSuchPerson,
        ),
        (Command::CreatePrivateChat { with: me }, Refusal::OnlyYou),
        (Command::DeleteChat { chat: lobby }, Refusal::FixedDefault),
        (
            Command::SetModeration {
                chat: lobby,
                moderation: app::chat::Moderation::Off,
            },
            Refusal::FixedDefault,
        ),
    ] {
        assert_eq!(eve.is_refused(command.clone()).await, why, "{command:?}");
    }
    // A cursor beyond the end stands at the end.
    eve.does(post(lobby, "one")).await;
    let far = Command::MarkRead {
        chat: lobby,
        seq: app::chat::Seq(u64::MAX),
    };
    eve.does(far).await;
    let row = house
        .chats(&eve)
        .await
        .into_iter()
        .find(|row| row.chat.id == lobby);
    assert_eq!(row.expect("the lobby").read, Some(seq));
}

#[tokio::test]
async fn names_that_deceive_are_refused_with_a_reason_or_told_apart() {
    let house = House::new().await;
    house.sign_in("Ada").await;
    let enter = async |name: &str| {
        let form = format!("name={}", percent(name));
        let request = house
            .request(Method::POST, "/.auth/login/guest")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form));
        let (_, _, cookie) = house.answer(request.expect("a request")).await;
        cookie
    };
    for refused in [
        "",
        " ",
        "\u{3000}\u{A0}",
        "\u{202E}nimda",
        "\u{200B}",
        "A\u{200D}da",
        "A\u{0}da",
        "A\u{7F}da",
        "Ada\u{FE0F}",
        "\u{E0041}da",
        "\u{3164}",
        "\u{2800}",
        &"x".repeat(65),
        &"𝔄".repeat(65),
    ] {
        assert_eq!(enter(refused).await, "", "{refused:?}");
    }
    for told_apart in [
        "Ada",
        " ADA ",
        "Аda",
        "ＡＤＡ",
        "A d a",
        "Admin",
        "Аdmin",
        "SYSTEM",
        "Chatr",
        "rnoderator",
    ] {
        let guest = house.sign_in(&percent(told_apart)).await;
        assert!(guest.me.tag.is_some(), "{told_apart}");
    }
    for plain in [
        "o'hara",
        "a''b",
        "x',RowKey='y",
        "%27",
        "..",
        "<b>Bo</b>",
        "עדה",
        "🦀",
    ] {
        let guest = house.sign_in(&percent(plain)).await;
        assert_eq!((guest.me.name.as_str(), guest.me.tag), (plain, None));
    }
}

#[tokio::test]
async fn what_is_written_is_text_on_the_page_whatever_it_looks_like() {
    let house = House::new().await;
    let mut eve = house
        .enter("%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
        .await;
    let hostile = [
        "<script>alert(1)</script>",
        "</script><script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
        "<iframe src=javascript:alert(1)>",
        "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<!--><img src=x onerror=alert(1)>-->",
        "<a href=\"javascript:alert(1)\">a</a>",
        "javascript:alert(1)",
        "jaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "&#106;avascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
        "[a](javascript:alert(1))",
        "http://evil.example/\"onmouseover=alert(1)",
        "https://a.example/'><img src=x onerror=alert(1)>",
        "&lt;img src=x onerror=alert(1)&gt;",
        "{{constructor.constructor('alert(1)')()}}",
        "${alert(1)}",
        "\u{2028}</script\u{2029}>",
        "' or 1 eq 1 or '",
    ];
    for text in hostile {
        eve.does(post(eve.lobby, text)).await;
    }
    let long = [
        "[".repeat(8_000),
        ">".repeat(8_000),
        "<".repeat(8_000),
        "&".repeat(8_000),
    ];
    for text in &long {
        eve.does(post(eve.lobby, text)).await;
    }
    let request = house
        .request(Method::GET, &format!("/chat/{}", eve.lobby))
        .header(COOKIE, &eve.cookie)
        .body(Body::empty());
    let (status, page, _) = house.answer(request.expect("a request")).await;
    assert_eq!(status, StatusCode::OK);
    for tag in tags(&page) {
        let (name, attributes) = (tag.name, tag.attributes);
        let strange = [
            "img", "iframe", "math", "object", "embed", "animate", "base",
        ];
        assert!(!strange.contains(&name), "<{name}> {attributes:?}");
        let value = |key: &str| attributes.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
        assert!(
            name != "script" || value("nonce").is_some(),
            "{attributes:?}"
        );
        for (key, value) in &attributes {
            assert!(!key.starts_with("on"), "<{name} {key}={value}>");
            let leads = ["href", "src", "action", "formaction"].contains(key);
            let fine = ["/", "https://", "http://", "#"]
                .iter()
                .any(|start| value.starts_with(start));
            assert!(!leads || fine, "<{name} {key}={value}>");
        }
    }
    let stored = house.page(&eve, eve.lobby).await.expect("a page");
    let texts: Vec<&str> = stored
        .messages
        .iter()
        .map(|message| message.body.as_str())
        .collect();
    let expected: Vec<&str> = hostile
        .into_iter()
        .chain(long.iter().map(String::as_str))
        .collect();
    assert_eq!(texts, expected);
}

/// What a browser takes for a tag, with its attributes.
struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

/// The tags of a page of ours, in which every attribute's value is quoted or missing.
fn tags(page: &str) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/'));
        let (name, mut inside) = rest.split_at(end.expect("the tag ends"));
        let mut attributes = Vec::new();
        loop {
            inside = inside.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            if let Some(after) = inside.strip_prefix('>') {
                rest = after;
                break;
            }
            let end = inside.find(|c: char| c.is_whitespace() || matches!(c, '>' | '='));
            let (key, after) = inside.split_at(end.expect("the tag ends"));
            inside = after;
            let mut value = "";
            if let Some(quoted) = after.strip_prefix("=\"") {
                (value, inside) = quoted.split_once('"').expect("the value ends");
            } else {
                assert!(
                    !after.starts_with('='),
                    "an unquoted value in <{name} {key}"
                );
            }
            attributes.push((key, value));
        }
        if name == "script" {
            let end = rest.find("</script").expect("the script ends");
            rest = &rest[end..];
        }
        tags.push(Tag { name, attributes });
    }
    tags
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
