//! Webhooks over HTTP. No TLS: handlers of a hub that runs beside them are on this machine or this network.

use axum::body::Body;
use hub::HttpService;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::time::Duration;
use tower::ServiceExt as _;
use tower::util::BoxCloneSyncService;

/// How long a handler may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Calls absolute `http` addresses, over connections that are kept.
pub fn over_http() -> HttpService {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT));
    connector.set_nodelay(true);
    let client: Client<HttpConnector, Body> =
        Client::builder(TokioExecutor::new()).build(connector);
    BoxCloneSyncService::new(
        client
            .map_response(|response| response.map(Body::new))
            .map_err(Into::into),
    )
}
