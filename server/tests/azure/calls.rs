//! Calls to a service outside: made again when the reason passes, given up in time when it does not.

use app::chat::UserId;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use server::pubsub::{PubSub, PubSubError};
use server::transport::https;
use std::convert::Infallible;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

const KEY: &str = "a key that has more than thirty-two bytes";

/// What was asked, and what will be answered; when there is nothing left, silence.
#[derive(Default)]
struct Script {
    asked: Vec<String>,
    answers: Vec<StatusCode>,
}

type Shared = Arc<Mutex<Script>>;

async fn answer(State(script): State<Shared>, request: Request<Body>) -> StatusCode {
    let next = {
        let mut script = script.lock().expect("whole");
        script.asked.push(request.uri().path().to_owned());
        script.answers.pop()
    };
    match next {
        Some(status) => status,
        None => pending().await,
    }
}

/// A service that gives these answers, and a way to call it.
async fn service(mut answers: Vec<StatusCode>) -> (PubSub, Shared) {
    answers.reverse();
    let script = Shared::default();
    script.lock().expect("whole").answers = answers;
    let router = Router::new()
        .fallback(any(answer))
        .with_state(script.clone());
    (at(router).await, script)
}

/// A way to call a service that is this.
async fn at(router: Router) -> PubSub {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    PubSub::new(https().expect("TLS"), &endpoint, "chat", KEY)
}

async fn asked(script: &Shared) -> usize {
    script.lock().expect("whole").asked.len()
}

#[tokio::test]
async fn a_call_is_made_again_when_the_service_was_busy() {
    for passing in [
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::TOO_MANY_REQUESTS,
    ] {
        let (pubsub, script) = service(vec![passing, StatusCode::ACCEPTED]).await;
        let done = pubsub.close(UserId::random(), "signed out").await;
        assert!(done.is_ok(), "{done:?}");
        assert_eq!(asked(&script).await, 2);
    }
}

#[tokio::test]
async fn a_call_that_is_refused_is_not_made_again() {
    let refusals = vec![StatusCode::FORBIDDEN, StatusCode::ACCEPTED];
    let (pubsub, script) = service(refusals).await;
    let refused = pubsub.close(UserId::random(), "signed out").await;
    assert!(
        matches!(refused, Err(PubSubError::Refused { .. })),
        "{refused:?}"
    );
    assert_eq!(asked(&script).await, 1);
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_given_up_within_three_seconds() {
    let (pubsub, _) = service(Vec::new()).await;
    let begun = Instant::now();
    let failed = pubsub.close(UserId::random(), "signed out").await;
    assert!(
        matches!(failed, Err(PubSubError::Unreachable(_))),
        "{failed:?}"
    );
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_refusal_that_never_ends_is_given_up_within_three_seconds() {
    async fn stall() -> Response {
        let silence = futures::stream::pending::<Result<&str, Infallible>>();
        (StatusCode::SERVICE_UNAVAILABLE, Body::from_stream(silence)).into_response()
    }
    let pubsub = at(Router::new().fallback(any(stall))).await;
    let begun = Instant::now();
    let closing = pubsub.close(UserId::random(), "signed out");
    let failed = tokio::time::timeout(Duration::from_secs(20), closing).await;
    assert!(
        matches!(failed, Ok(Err(PubSubError::Unreachable(_)))),
        "{failed:?}"
    );
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn of_a_long_refusal_the_beginning_is_kept() {
    async fn explain() -> Response {
        (StatusCode::FORBIDDEN, "no, ".repeat(10_000)).into_response()
    }
    let pubsub = at(Router::new().fallback(any(explain))).await;
    let refused = pubsub.close(UserId::random(), "signed out").await;
    let Err(PubSubError::Refused { why, .. }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(why, "no, ".repeat(256));
}
