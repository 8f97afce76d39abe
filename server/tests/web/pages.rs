//! Pages and server functions: who sees what, and what no script may do.

use crate::village::{TRAP, Town, form_to};
use app::chat::{DraftId, UserId, Window};
use http::StatusCode;

/// What stands between `before` and the next `"`, as often as it does.
fn quoted<'a>(text: &'a str, before: &str) -> Vec<&'a str> {
    let parts = text.split(before).skip(1);
    parts.map(|part| part.split('"').next().unwrap()).collect()
}

#[tokio::test]
async fn the_front_page_is_whole_without_scripts() {
    let page = Town::new().await.open("/", "").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains(r#"action="/.auth/login/guest""#));
    assert_eq!(page.header("cache-control"), "private, no-store");
}

#[tokio::test]
async fn scripts_run_by_a_nonce_that_no_other_page_has() {
    let town = Town::new().await;
    let (one, two) = (town.open("/", "").await, town.open("/", "").await);
    let nonce = |page: &crate::village::Answer| {
        let policy = page.header("content-security-policy").to_owned();
        let nonce = policy.split("'nonce-").nth(1).unwrap();
        nonce.split('\'').next().unwrap().to_owned()
    };
    assert_ne!(nonce(&one), nonce(&two));
    let scripts = one.body.matches("<script").count();
    let with_nonce = quoted(&one.body, "nonce=\"");
    assert!(scripts > 0);
    assert_eq!(with_nonce, vec![nonce(&one).as_str(); scripts]);
    let policy = one.header("content-security-policy");
    assert!(!policy.contains("unsafe-inline"), "{policy}");
    assert!(
        policy.contains("connect-src 'self' ws://127.0.0.1:3000;"),
        "{policy}"
    );
    assert_eq!(one.body.matches(" style=").count(), 0);
}

#[tokio::test]
async fn behind_https_the_page_may_open_the_public_socket() {
    let town = Town::with(&["--public-url=https://chat.example"]).await;
    let page = town.open("/", "").await;
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("connect-src 'self' wss://chat.example;"),
        "{policy}"
    );
}

#[tokio::test]
async fn a_stranger_is_sent_to_the_front_page_and_back_afterwards() {
    let town = Town::new().await;
    let chat = "01".repeat(16);
    let answer = town.open(&format!("/chat/{chat}"), "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.location(), format!("/?return=/chat/{chat}"));
    assert_eq!(town.open("/chat", "").await.location(), "/");
    assert_eq!(town.open("/chat/%22%3E", "").await.location(), "/");
}

#[tokio::test]
async fn who_is_signed_in_goes_on_to_the_default_chat() {
    let town = Town::new().await;
    let cookie = town.guest("Ada").await;
    let square = town.square(town.user(&cookie).await).await;
    let front = town.open("/", &cookie).await;
    assert!(front.status.is_redirection(), "{}", front.status);
    assert_eq!(front.location(), format!("/chat/{square}"));
    let chat = town.open(front.location(), &cookie).await;
    assert_eq!(chat.status, StatusCode::OK);
    assert!(chat.body.contains("Ada"));
}

#[tokio::test]
async fn a_secret_chat_and_no_chat_look_the_same() {
    let town = Town::new().await;
    let owner = town.guest("Bea").await;
    let cellar = town
        .cellar(town.user(&owner).await, "behind the barrels")
        .await;
    let seen = town.open(&format!("/chat/{cellar}"), &owner).await;
    assert_eq!(seen.status, StatusCode::OK);
    assert!(seen.body.contains("behind the barrels"));

    let cookie = town.guest("Ada").await;
    let nowhere = UserId::random().to_string();
    let secret = town.open(&format!("/chat/{cellar}"), &cookie).await;
    let nothing = town.open(&format!("/chat/{nowhere}"), &cookie).await;
    for page in [&secret, &nothing] {
        assert_eq!(page.status, StatusCode::NOT_FOUND);
        assert!(page.body.contains("This chat is not here"));
        assert!(!page.body.contains("Cellar") && !page.body.contains("barrels"));
    }
    let asked = |chat: &str| format!(r#"{{"chat":"{chat}","window":{{"is":"latest"}}}}"#);
    let secret = town
        .call("messages", &cookie, &asked(&cellar.to_string()))
        .await;
    let nothing = town.call("messages", &cookie, &asked(&nowhere)).await;
    assert_eq!(secret.status, StatusCode::NOT_FOUND);
    assert_eq!((secret.status, secret.body), (nothing.status, nothing.body));
}

#[tokio::test]
async fn a_hostile_name_is_only_a_name() {
    let town = Town::new().await;
    for name in [
        "<img src=x onerror=alert(1)>",
        "</script><script>alert(1)</script>",
    ] {
        let cookie = town.guest(name).await;
        let user = town.user(&cookie).await;
        let chat = town.cellar(user, name).await;
        let page = town.open(&format!("/chat/{chat}"), &cookie).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("alert(1)"), "{name} is shown");
        assert!(!page.body.contains("<img src=x"), "{name}");
        assert!(!page.body.contains("<script>alert"), "{name}");
    }
    let query = "/?problem=%3Cscript%3E&name=%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    let page = town.open(query, "").await;
    assert!(!page.body.contains("<script>alert"));
}

#[tokio::test]
async fn an_address_that_leads_nowhere_says_so() {
    let town = Town::new().await;
    let page = town.open("/nowhere", "").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.body.contains("There is nothing here"));
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.header("content-security-policy").contains("'nonce-"));
}

#[tokio::test]
async fn refusals_have_the_status_that_programs_look_at() {
    let town = Town::new().await;
    let cookie = town.guest("Ada").await;
    let wanted = format!(
        r#"{{"chat":"{}","window":{{"is":"latest"}}}}"#,
        "9".repeat(32)
    );
    let unknown = town.call("messages", &cookie, &wanted).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(
        unknown.body,
        r#"{"is":"refused","why":{"is":"noSuchChat"}}"#
    );
    assert_eq!(unknown.header("content-type"), "application/json");
    let wrong = town.call("messages", &cookie, r#"{"chat":"x"}"#).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    let unsigned = town.call("getToken", "", "{}").await;
    assert_eq!(unsigned.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_ticket_is_for_the_caller_and_for_the_name_that_was_called() {
    let town = Town::new().await;
    let cookie = town.guest("Ada").await;
    let user = town.user(&cookie).await;
    let ticket = town
        .call("getToken", &cookie, r#"{"userId":"victim"}"#)
        .await;
    assert_eq!(ticket.status, StatusCode::OK);
    let url = format!("ws://127.0.0.1:3000/for/{user}");
    assert_eq!(ticket.body, format!(r#"{{"url":"{url}"}}"#));
}

#[tokio::test]
async fn the_lists_can_be_opened_by_who_is_signed_in() {
    let town = Town::new().await;
    assert_eq!(
        town.open("/api/chats", "").await.status,
        StatusCode::UNAUTHORIZED
    );
    let cookie = town.guest("Ada").await;
    let chats = town.open("/api/chats", &cookie).await;
    assert_eq!(chats.status, StatusCode::OK);
    assert!(chats.body.starts_with(r#"[{"chat":{"#), "{}", chats.body);
    let people = town.open("/api/users", &cookie).await;
    assert_eq!((people.status, &*people.body), (StatusCode::OK, "[]"));
}

#[tokio::test]
async fn a_server_function_takes_posts_of_json_and_nothing_is_reflected() {
    let town = Town::new().await;
    let cookie = town.guest("Ada").await;
    let get = town.open("/api/getToken", &cookie).await;
    assert_eq!(get.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(get.header("allow"), "POST");
    let text = http::Request::post("/api/getToken")
        .header("content-type", "text/plain")
        .header("cookie", &cookie);
    let text = town.ask(text.body("{}".into()).unwrap()).await;
    assert_eq!(text.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let unknown = town.open("/api/%3Cscript%3Ealert(1)", &cookie).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert!(!unknown.body.contains("script"));
    assert_eq!(unknown.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn without_scripts_a_message_is_posted_and_the_chat_comes_back() {
    let town = Town::new().await;
    let cookie = town.guest("Ada").await;
    let user = town.user(&cookie).await;
    let square = town.square(user).await;
    let post = |body: &str, draft: DraftId| {
        let mut post = form_to(
            "/api/postMessage",
            &cookie,
            &format!("chat={square}&draft={draft}&body={body}"),
        );
        let referer = "https://evil.example/".parse().unwrap();
        post.headers_mut().insert("referer", referer);
        post
    };
    let chat = format!("/chat/{square}");
    let draft = DraftId::random();
    for _ in 0..2 {
        let sent = town.ask(post("hello", draft)).await;
        assert_eq!(
            (sent.status, sent.location()),
            (StatusCode::SEE_OTHER, &*chat)
        );
    }
    let page = town.service.messages(user, square, Window::Latest).await;
    assert_eq!(page.unwrap().messages.len(), 1, "sent twice, posted once");
    let empty = town.ask(post("++", DraftId::random())).await;
    assert_eq!(empty.location(), format!("{chat}?problem=empty"));
    let mut stranger = post("hello", DraftId::random());
    stranger.headers_mut().remove("cookie");
    let stranger = town.ask(stranger).await;
    assert_eq!(
        stranger.location(),
        format!("/?problem=signedOut&return={chat}")
    );
}

#[tokio::test]
async fn who_posts_too_fast_is_told_so() {
    let town = Town::new().await;
    let cookie = town.guest("Ada").await;
    let square = town.square(town.user(&cookie).await).await;
    let mut refused = String::new();
    for _ in 0..100 {
        let draft = DraftId::random();
        let form = format!("chat={square}&draft={draft}&body=hello");
        let answer = town.ask(form_to("/api/postMessage", &cookie, &form)).await;
        refused = answer.location().to_owned();
        if refused.contains("problem") {
            break;
        }
    }
    assert_eq!(refused, format!("/chat/{square}?problem=tooFast"));
    let draft = DraftId::random();
    let mut program = form_to(
        "/api/postMessage",
        &cookie,
        &format!("chat={square}&draft={draft}&body=hello"),
    );
    program.headers_mut().remove("accept");
    let program = town.ask(program).await;
    assert_eq!(program.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(program.header("retry-after").parse::<u32>().unwrap() > 0);
}

#[tokio::test]
async fn no_server_function_redirects_to_where_the_caller_says_it_comes_from() {
    let town = Town::new().await;
    let cookie = town.guest("Ada").await;
    let mut request = form_to("/api/getToken", &cookie, "");
    let referer = "https://evil.example/".parse().unwrap();
    request.headers_mut().insert("referer", referer);
    let answer = town.ask(request).await;
    assert_eq!(answer.location(), "");
}

#[tokio::test]
async fn what_breaks_inside_stays_inside() {
    let town = Town::new().await;
    let cookie = town.guest("Ada").await;
    let request = http::Request::post("/api/getToken")
        .header("content-type", "application/json")
        .header("cookie", &cookie)
        .header("host", TRAP);
    let answer = town.ask(request.body("{}".into()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!answer.body.contains("sprung"), "{}", answer.body);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}
