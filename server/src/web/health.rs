//! For whoever watches the process: `/healthz` says that it runs, `/readyz` that it can serve.

use super::Site;
use crate::error::Problem;
use app::chat::UserId;
use axum::extract::State;
use std::sync::Arc;

pub async fn alive() -> &'static str {
    "ok\n"
}

/// Asks the store for somebody who is not there: an answer is a good sign.
pub async fn ready(State(site): State<Arc<Site>>) -> Result<&'static str, Problem> {
    let nobody = UserId::from_bytes([0; 16]);
    match site.people.find(nobody).await {
        Ok(_) => Ok("ready\n"),
        Err(_) => Err(Problem::Unavailable),
    }
}
