//! Bodies: each is read whole before anybody looks at it, so that what is too long or comes too slowly is
//! refused in one place and in the same words.

use crate::error::Problem;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::time::Duration;

/// The longest message takes 32 KB, and three times that in a form where every byte is escaped.
const MAX: usize = 128 * 1024;
/// From the end of the head to the end of the body.
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn collect(request: Request, next: Next) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let whole = Limited::new(body, MAX).collect();
    let whole = match tokio::time::timeout(PATIENCE, whole).await {
        Err(_) => return Err(Problem::TooSlow),
        Ok(Err(why)) if why.is::<LengthLimitError>() => {
            return Err(Problem::TooLarge { max: MAX });
        }
        Ok(Err(_)) => return Err(Problem::Malformed),
        Ok(Ok(whole)) => whole.to_bytes(),
    };
    let request = Request::from_parts(parts, Body::from(whole));
    Ok(next.run(request).await)
}
