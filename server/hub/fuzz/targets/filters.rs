//! Any text as a filter of a REST call: the call is done or refused as a bad one, whatever the text.
#![no_main]

use axum::Router;
use axum::body::Body;
use http::Request;
use hub::{Config, Hub};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;
use wire::token::{Claims, sign};

const KEY: &str = "a key that has more than thirty-two bytes";

static HUB: LazyLock<(Runtime, Router, String)> = LazyLock::new(|| {
    let claims = Claims {
        aud: "http://h/api/hubs/chat/:send".into(),
        exp: u64::from(u32::MAX),
        ..Claims::default()
    };
    let token = sign(&claims, KEY).expect("signs");
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let rest = Hub::new(Config::new(KEY)).rest_router();
    (runtime, rest, format!("Bearer {token}"))
});

fuzz_target!(|text: &str| {
    let (runtime, rest, bearer) = &*HUB;
    let mut filter = String::new();
    for byte in text.bytes() {
        filter += &format!("%{byte:02X}");
    }
    let call = Request::post(format!("http://h/api/hubs/chat/:send?filter={filter}"))
        .header("authorization", bearer)
        .header("content-type", "text/plain")
        .header("content-length", "1")
        .body(Body::from("x"));
    // A filter can be longer than an address may be.
    if let Ok(call) = call {
        let answer = runtime.block_on(rest.clone().oneshot(call)).expect("answers");
        let status = answer.status().as_u16();
        assert!(status == 202 || status == 400, "{text:?}: {status}");
    }
});
