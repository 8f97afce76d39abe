//! Pages and server functions: who sees what, and what no script may do.

use crate::village::{CELLAR, SQUARE, Town, form_to, get};
use http::StatusCode;

const DRAFT: &str = "03030303030303030303030303030303";

/// What stands between `before` and the next `"`, as often as it does.
fn quoted<'a>(text: &'a str, before: &str) -> Vec<&'a str> {
    let parts = text.split(before).skip(1);
    parts.map(|part| part.split('"').next().unwrap()).collect()
}

#[tokio::test]
async fn the_front_page_is_whole_without_scripts() {
    let page = Town::new().open("/", "").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains(r#"action="/.auth/login/guest""#));
    assert_eq!(page.header("cache-control"), "private, no-store");
}

#[tokio::test]
async fn scripts_run_by_a_nonce_that_no_other_page_has() {
    let town = Town::new();
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
    let town = Town::with(&["--public-url=https://chat.example"]);
    let page = town.open("/", "").await;
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("connect-src 'self' wss://chat.example;"),
        "{policy}"
    );
}

#[tokio::test]
async fn a_stranger_is_sent_to_the_front_page_and_back_afterwards() {
    let town = Town::new();
    let chat = town.open(&format!("/chat/{SQUARE}"), "").await;
    assert_eq!(chat.status, StatusCode::SEE_OTHER);
    assert_eq!(chat.location(), format!("/?return=/chat/{SQUARE}"));
    assert_eq!(town.open("/chat", "").await.location(), "/");
    assert_eq!(town.open("/chat/%22%3E", "").await.location(), "/");
}

#[tokio::test]
async fn who_is_signed_in_goes_on_to_the_default_chat() {
    let town = Town::new();
    let cookie = town.guest("Ada").await;
    let front = town.open("/", &cookie).await;
    assert!(front.status.is_redirection(), "{}", front.status);
    assert_eq!(front.location(), format!("/chat/{SQUARE}"));
    let chat = town.open(front.location(), &cookie).await;
    assert_eq!(chat.status, StatusCode::OK);
    assert!(chat.body.contains("Square"));
}

#[tokio::test]
async fn a_secret_chat_and_no_chat_look_the_same() {
    let town = Town::new();
    let cookie = town.guest("Ada").await;
    let secret = town.open(&format!("/chat/{CELLAR}"), &cookie).await;
    let nothing = town
        .open(&format!("/chat/{}", "9".repeat(32)), &cookie)
        .await;
    assert_eq!(secret.status, StatusCode::NOT_FOUND);
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
    let title = |body: &str| body.split("<title>").nth(1).unwrap()[..20].to_owned();
    assert_eq!(title(&secret.body), title(&nothing.body));
}

#[tokio::test]
async fn a_hostile_name_is_only_a_name() {
    let town = Town::new();
    for name in [
        "<img src=x onerror=alert(1)>",
        "</script><script>alert(1)</script>",
    ] {
        let cookie = town.guest(name).await;
        let page = town.open(&format!("/chat/{SQUARE}"), &cookie).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.body.contains("<img src=x"), "{name}");
        assert!(!page.body.contains("<script>alert"), "{name}");
    }
    let query = "/?problem=%3Cscript%3E&name=%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    let page = town.open(query, "").await;
    assert!(!page.body.contains("<script>alert"));
    assert!(!page.body.contains("<script>\""));
}

#[tokio::test]
async fn an_address_that_leads_nowhere_says_so() {
    let town = Town::new();
    let page = town.open("/nowhere", "").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.body.contains("There is nothing here"));
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.header("content-security-policy").contains("'nonce-"));
}

#[tokio::test]
async fn refusals_have_the_status_that_programs_look_at() {
    let town = Town::new();
    let cookie = town.guest("Ada").await;
    let wanted = format!(r#"{{"chat":"{CELLAR}","window":{{"is":"latest"}}}}"#);
    let secret = town.call("messages", &cookie, &wanted).await;
    assert_eq!(secret.status, StatusCode::NOT_FOUND);
    assert_eq!(secret.body, r#"{"is":"refused","why":{"is":"noSuchChat"}}"#);
    assert_eq!(secret.header("content-type"), "application/json");
    let wrong = town.call("messages", &cookie, r#"{"chat":"x"}"#).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    let unsigned = town.call("getToken", "", "{}").await;
    assert_eq!(unsigned.status, StatusCode::UNAUTHORIZED);
    let token = town
        .call("getToken", &cookie, r#"{"userId":"victim"}"#)
        .await;
    assert_eq!(token.status, StatusCode::OK);
    assert!(
        token.body.starts_with(r#"{"url":"ws://village/"#),
        "{}",
        token.body
    );
}

#[tokio::test]
async fn the_lists_can_be_opened_by_who_is_signed_in() {
    let town = Town::new();
    assert_eq!(
        town.open("/api/chats", "").await.status,
        StatusCode::UNAUTHORIZED
    );
    let cookie = town.guest("Ada").await;
    let chats = town.open("/api/chats", &cookie).await;
    assert_eq!(chats.status, StatusCode::OK);
    assert!(chats.body.contains("Square"));
}

#[tokio::test]
async fn a_server_function_takes_posts_of_json_and_nothing_is_reflected() {
    let town = Town::new();
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
    let town = Town::new();
    let cookie = town.guest("Ada").await;
    let post = |body: &str| {
        let mut post = form_to(
            "/api/postMessage",
            &cookie,
            &format!("chat={SQUARE}&draft={DRAFT}&body={body}"),
        );
        let referer = "https://evil.example/".parse().unwrap();
        post.headers_mut().insert("referer", referer);
        post
    };
    let chat = format!("/chat/{SQUARE}");
    let sent = town.ask(post("hello")).await;
    assert_eq!(
        (sent.status, sent.location()),
        (StatusCode::SEE_OTHER, &*chat)
    );
    assert_eq!(*town.village.posted.lock().unwrap(), ["hello"]);
    let hasty = town.ask(post("hurry")).await;
    assert_eq!(hasty.location(), format!("{chat}?problem=tooFast"));
    let empty = town.ask(post("")).await;
    assert_eq!(empty.location(), format!("{chat}?problem=empty"));
    let mut stranger = post("hello");
    stranger.headers_mut().remove("cookie");
    let stranger = town.ask(stranger).await;
    assert_eq!(
        stranger.location(),
        format!("/?problem=signedOut&return={chat}")
    );
}

#[tokio::test]
async fn no_server_function_redirects_to_where_the_caller_says_it_comes_from() {
    let town = Town::new();
    let cookie = town.guest("Ada").await;
    let mut request = form_to("/api/getToken", &cookie, "");
    let referer = "https://evil.example/".parse().unwrap();
    request.headers_mut().insert("referer", referer);
    let answer = town.ask(request).await;
    assert_eq!(answer.location(), "");
}

#[tokio::test]
async fn what_breaks_inside_stays_inside() {
    let town = Town::new();
    let cookie = town.guest("Ada").await;
    let answer = town.ask(get("/api/users", &cookie)).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!answer.body.contains("lost count"), "{}", answer.body);
}
