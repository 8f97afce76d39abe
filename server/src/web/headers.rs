//! What every answer says to the browser about itself. A page brings its own policy, with its nonce; whatever
//! else is answered needs nothing and may do nothing.

use super::{Site, origin};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{self, HeaderName, HeaderValue};
use http::request::Parts;
use std::sync::Arc;

const EVERYWHERE: [(HeaderName, HeaderValue); 7] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    // Not `no-referrer`: with it, a browser's own forms would come from `Origin: null`.
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
        ),
    ),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    ),
];

/// A year.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");
/// Pages and answers are one person's.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-store");

/// Adds what an answer does not say itself.
pub async fn complete(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in EVERYWHERE {
        headers.entry(name).or_insert(value);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(PRIVATE);
    if let Some(url) = &site.config.public_url
        && url.is_https()
    {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}

/// What a page may load and do: our files, the scripts that carry its nonce, and a socket to us, or to exactly
/// the service that has our sockets.
pub fn page_policy(site: &Site, parts: &Parts, nonce: &str) -> HeaderValue {
    let mut connect = String::from("'self'");
    let socket = match (&site.config.pubsub, &site.config.public_url) {
        (Some(service), _) => Some(service.endpoint.socket_origin()),
        (None, Some(url)) => Some(url.socket_origin()),
        (None, None) => origin::socket_origin(parts),
    };
    // `'self'` does not mean sockets in every browser.
    for source in [socket, reload_socket(site, parts)].into_iter().flatten() {
        connect.push(' ');
        connect.push_str(&source);
    }
    let policy = format!(
        "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; connect-src {connect}; object-src 'none'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).expect("a nonce and an authority are plain text")
}

/// Under `cargo leptos watch` the page also listens for changes of itself.
fn reload_socket(site: &Site, parts: &Parts) -> Option<String> {
    std::env::var_os("LEPTOS_WATCH")?;
    let called = origin::called(&parts.uri, &parts.headers)?;
    let port = site
        .options
        .reload_external_port
        .unwrap_or(site.options.reload_port);
    Some(format!("ws://{}:{port}", called.host()))
}
