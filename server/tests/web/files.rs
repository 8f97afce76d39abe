//! The site's files.

use crate::village::{Town, get};
use http::{Request, StatusCode};
use std::fs;
use std::path::PathBuf;

/// A folder that is gone after the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let name = format!("chatr-site-{}", app::chat::UserId::random());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(folder.join("site/pkg")).unwrap();
        fs::write(folder.join("secret.txt"), "secret").unwrap();
        let files = [
            ("pkg/chatr.js", "plain"),
            ("pkg/chatr.js.br", "smaller"),
            ("pkg/chatr.gqWzRtZ8x1bUFJvG2VlHcA.css", "hashed"),
            ("favicon.svg", "<svg/>"),
        ];
        for (name, text) in files {
            fs::write(folder.join("site").join(name), text).unwrap();
        }
        Folder(folder)
    }

    async fn town(&self) -> Town {
        Town::with(&[&format!("--site-root={}/site", self.0.display())]).await
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn a_file_is_asked_for_again_only_if_it_changed() {
    let folder = Folder::new();
    let town = folder.town().await;
    let first = town.open("/pkg/chatr.js", "").await;
    assert_eq!((first.status, &*first.body), (StatusCode::OK, "plain"));
    assert_eq!(first.header("cache-control"), "no-cache");
    assert!(first.header("content-type").contains("javascript"));
    let mut again = get("/pkg/chatr.js", "");
    let tag = first.header("etag").parse().unwrap();
    again.headers_mut().insert("if-none-match", tag);
    assert_eq!(town.ask(again).await.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn what_the_build_made_small_is_sent_small() {
    let folder = Folder::new();
    let request = Request::get("/pkg/chatr.js").header("accept-encoding", "gzip, br");
    let small = folder
        .town()
        .await
        .ask(request.body("".into()).unwrap())
        .await;
    assert_eq!(small.header("content-encoding"), "br");
    assert_eq!(small.body, "smaller");
}

#[tokio::test]
async fn a_name_with_a_hash_is_kept_for_ever() {
    let folder = Folder::new();
    let path = "/pkg/chatr.gqWzRtZ8x1bUFJvG2VlHcA.css";
    let hashed = folder.town().await.open(path, "").await;
    assert_eq!(
        hashed.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
}

#[tokio::test]
async fn nothing_outside_of_the_site_is_a_file() {
    let folder = Folder::new();
    let town = folder.town().await;
    for path in [
        "/../secret.txt",
        "/pkg/../../secret.txt",
        "/pkg/..%2f..%2fsecret.txt",
        "/pkg/%2e%2e/%2e%2e/secret.txt",
        "/pkg/chatr.js%00",
        "/pkg/..%5c..%5csecret.txt",
        "/pkg/",
        "/pkg",
    ] {
        let answer = town.open(path, "").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.body.contains("secret."), "{path}");
    }
}

#[tokio::test]
async fn a_missing_file_is_no_page() {
    let folder = Folder::new();
    let missing = folder.town().await.open("/pkg/missing.js", "").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert!(missing.header("content-type").starts_with("text/plain"));
    let post = Request::post("/favicon.svg").body("".into()).unwrap();
    let post = folder.town().await.ask(post).await;
    assert_eq!(post.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn pages_are_made_small_on_the_way() {
    let town = Town::new().await;
    let request = Request::get("/").header("accept-encoding", "br");
    let page = town.ask(request.body("".into()).unwrap()).await;
    assert_eq!(page.header("content-encoding"), "br");
    assert!(page.header("vary").contains("accept-encoding"));
}
