//! The site's files: from the folder that the build made, in the encodings that it made, asked for again
//! whenever they may have changed. What is no file is nothing, and gets the page that says so.

use super::{Site, pages};
use crate::error::Problem;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Extensions, HeaderMap, StatusCode, Version};
use leptos::config::{LeptosOptions, get_configuration};
use std::path::Path;
use std::sync::Arc;
use tower::ServiceExt;
use tower_http::compression::predicate::{And, Predicate, SizeAbove};
use tower_http::compression::{CompressionLayer, CompressionLevel};
use tower_http::services::ServeDir;

/// The name holds a hash of the content.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Kept, and asked for by its tag before it is used.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// Brotli at 5 makes a page 8 % smaller than at 4, in about the time; at 6 it takes more and saves a hundredth.
const LEVEL: CompressionLevel = CompressionLevel::Precise(5);

/// How Leptos was built, and where the result is.
pub fn options(site_root: &Path) -> LeptosOptions {
    let mut options = get_configuration(None)
        .expect("the environment of a build is its own")
        .leptos_options;
    options.site_root = site_root.to_string_lossy().into();
    options
}

pub async fn answer(State(site): State<Arc<Site>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let wants_page = wants_page(&request);
    let (parts, _) = request.into_parts();
    let asked = || {
        let mut request = Request::new(axum::body::Body::empty());
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = parts.uri.clone();
        *request.headers_mut() = parts.headers.clone();
        request
    };
    let folder = ServeDir::new(&*site.options.site_root)
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip();
    let Ok(mut found) = folder.oneshot(asked()).await;
    match found.status() {
        StatusCode::NOT_FOUND if wants_page => pages::not_found(&site, asked()).await,
        StatusCode::NOT_FOUND => Problem::NotFound.into_response(),
        StatusCode::METHOD_NOT_ALLOWED => Problem::GetOnly.into_response(),
        StatusCode::INTERNAL_SERVER_ERROR => Problem::Broken.into_response(),
        _ => {
            let keep = if is_hashed(&path) {
                FOR_EVER
            } else {
                ASK_AGAIN
            };
            found.headers_mut().insert(CACHE_CONTROL, keep);
            found.into_response()
        }
    }
}

/// Is this a person who follows a link, and not a page or a program that misses a file?
fn wants_page(request: &Request) -> bool {
    let path = request.uri().path();
    let a_page = ["/pkg/", "/api/", "/.auth/"];
    let accepts = request.headers().get(ACCEPT);
    accepts.is_some_and(|accepts| accepts.as_bytes().windows(9).any(|w| w == b"text/html"))
        && !a_page.iter().any(|folder| path.starts_with(folder))
}

/// `/pkg/chatr.gqWzRtZ8x1bUFJvG2VlHcA.wasm`, as cargo-leptos names files when it hashes them, and our own program what
/// it splits off (`deploy/tools/wasm-bindgen`).
fn is_hashed(path: &str) -> bool {
    let parts = path.strip_prefix("/pkg/").map(|name| name.split('.'));
    parts.is_some_and(|mut parts| parts.nth(1).is_some_and(|hash| hash.len() >= 16))
}

type MadeHere = fn(StatusCode, Version, &HeaderMap, &Extensions) -> bool;

/// Pages and JSON are made small on the way; files are small already, or too big to be made so every time.
pub fn compression() -> CompressionLayer<And<SizeAbove, MadeHere>> {
    let made_here: MadeHere = |_, _, headers, _| {
        let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        kind.is_some_and(|kind| {
            kind.starts_with(b"text/html") || kind.starts_with(b"application/json")
        })
    };
    CompressionLayer::new()
        .quality(LEVEL)
        .compress_when(SizeAbove::new(1_024).and(made_here))
}

#[cfg(test)]
mod tests {
    use super::is_hashed;

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        assert!(is_hashed("/pkg/chatr.gqWzRtZ8x1bUFJvG2VlHcA.wasm"));
        assert!(is_hashed("/pkg/later.f592fea113322be3.wasm"));
        for path in [
            "/pkg/chatr.wasm",
            "/pkg/chatr.css",
            "/favicon.svg",
            "/a.gqWzRtZ8x1bUFJvG2VlHcA.js",
        ] {
            assert!(!is_hashed(path), "{path}");
        }
    }
}
