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
    let request = whole(request, PATIENCE).await?;
    Ok(next.run(request).await)
}

/// The same request with its body in memory.
async fn whole(request: Request, patience: Duration) -> Result<Request, Problem> {
    let (parts, body) = request.into_parts();
    let arriving = Limited::new(body, MAX).collect();
    let arrived = tokio::time::timeout(patience, arriving).await;
    match arrived.map_err(|_| Problem::TooSlow)? {
        Ok(body) => Ok(Request::from_parts(parts, Body::from(body.to_bytes()))),
        Err(why) if why.is::<LengthLimitError>() => Err(Problem::TooLarge { max: MAX }),
        Err(_) => Err(Problem::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use hyper::body::Frame;
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    /// A body that nobody announced: it never ends, or never begins.
    struct Stream {
        endless: bool,
    }

    impl hyper::body::Body for Stream {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            match self.endless {
                true => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 1_000]))))),
                false => Poll::Pending,
            }
        }
    }

    async fn refused(endless: bool) -> Problem {
        let request = Request::new(Body::new(Stream { endless }));
        whole(request, Duration::from_millis(50)).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_body_without_end_is_cut() {
        assert_eq!(refused(true).await, Problem::TooLarge { max: MAX });
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        assert_eq!(refused(false).await, Problem::TooSlow);
    }
}
