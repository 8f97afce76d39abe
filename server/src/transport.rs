//! The one way in which this server sends a request: to somewhere, or to a router in this process. Refuses to
//! know what is asked.

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use reqwest::redirect::Policy;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, ServiceExt, service_fn};

/// Takes requests with absolute addresses, and answers.
pub type HttpService = BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>;

/// A token on its way.
pub type Bearing<'a> = Pin<Box<dyn Future<Output = Result<String, BoxError>> + Send + 'a>>;

/// Proves who this server is, where no key does.
pub trait Bearer: Send + Sync {
    /// A token for the scope, such as `https://storage.azure.com/.default`, that holds for a while.
    fn bearer(&self, scope: &'static str) -> Bearing<'_>;
}

/// Why nothing can be asked over the network.
#[derive(Debug, thiserror::Error)]
#[error("connections with TLS cannot be made: {0}")]
pub struct NoTls(#[from] reqwest::Error);

/// How long a connection may take to come about. Whoever asks also has a deadline of their own.
const CONNECT: Duration = Duration::from_secs(2);

/// Idle connections are kept shorter than the services behind Azure's load balancers keep them (4 minutes).
const IDLE: Duration = Duration::from_secs(90);

/// Same bytes as over a network, without one.
pub fn in_process(router: Router) -> HttpService {
    BoxCloneSyncService::new(router.into_service().map_err(BoxError::from))
}

/// Over the network, with TLS where the address says so, over connections that are kept. Follows no redirect:
/// what is signed for one address is not sent to another. Fails where the system has no certificates to trust.
pub fn https() -> Result<HttpService, NoTls> {
    // Whoever was first decided for the whole process, and it was us.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE)
        .redirect(Policy::none())
        .tcp_nodelay(true)
        .build()?;
    Ok(BoxCloneSyncService::new(service_fn(
        move |request: Request<Body>| {
            let client = client.clone();
            async move {
                let (parts, body) = request.into_parts();
                // What we send was whole in memory before.
                let bytes = axum::body::to_bytes(body, usize::MAX).await?;
                let request = reqwest::Request::try_from(Request::from_parts(parts, bytes))?;
                let response = client.execute(request).await?;
                Ok::<_, BoxError>(Response::from(response).map(Body::new))
            }
        },
    )))
}
