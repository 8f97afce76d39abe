//! The one way in which this server sends a request: to somewhere, or to a router in this process. Refuses to
//! know what is asked.

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, ServiceExt};

/// Takes requests with absolute addresses, and answers.
pub type HttpService = BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>;

/// Same bytes as over a network, without one.
pub fn in_process(router: Router) -> HttpService {
    BoxCloneSyncService::new(router.into_service().map_err(BoxError::from))
}
