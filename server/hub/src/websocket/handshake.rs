//! The request that turns into a WebSocket, and the answer to it. Refuses to know who asks and whether they may.

use super::Socket;
use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, StatusCode};
use hyper::upgrade::OnUpgrade;
use sha1::{Digest as _, Sha1};
use std::future::Future;

/// What is hashed behind the client's key. Source: RFC 6455, 1.3.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A request for a WebSocket that can be granted.
pub struct Upgrade {
    accept: String,
    offered: Vec<String>,
    on: OnUpgrade,
}

impl Upgrade {
    /// Fails with the status for a request that is none. Source: RFC 6455, 4.2.1.
    pub fn of(parts: &mut Parts) -> Result<Self, StatusCode> {
        if parts.method != Method::GET {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        let headers = &parts.headers;
        let asks = says(headers, &header::CONNECTION, "upgrade")
            && says(headers, &header::UPGRADE, "websocket")
            && says(headers, &header::SEC_WEBSOCKET_VERSION, "13");
        let (true, Some(key)) = (asks, headers.get(header::SEC_WEBSOCKET_KEY)) else {
            return Err(StatusCode::BAD_REQUEST);
        };
        let hash = Sha1::new().chain_update(key).chain_update(GUID).finalize();
        let offered = headers
            .get_all(header::SEC_WEBSOCKET_PROTOCOL)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|name| name.trim().to_owned())
            .collect();
        let on = parts.extensions.remove::<OnUpgrade>();
        Ok(Self {
            accept: STANDARD.encode(hash),
            offered,
            on: on.ok_or(StatusCode::BAD_REQUEST)?,
        })
    }

    /// The subprotocols that the client speaks, best first.
    pub fn offered(&self) -> &[String] {
        &self.offered
    }

    /// Grants it, with the first of these subprotocols that was offered, and gives the socket away once it is there.
    pub fn grant<F: Future<Output = ()> + Send>(
        self,
        subprotocols: &[&str],
        then: impl FnOnce(Socket) -> F + Send + 'static,
    ) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        if let Ok(accept) = HeaderValue::try_from(self.accept) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
        let chosen = subprotocols
            .iter()
            .find(|name| self.offered.iter().any(|offered| offered == *name));
        if let Some(Ok(name)) = chosen.map(|name| HeaderValue::from_str(name)) {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, name);
        }
        let on = self.on;
        tokio::spawn(async move {
            match on.await {
                Ok(upgraded) => then(Socket::take(upgraded)).await,
                Err(error) => tracing::debug!(%error, "a client went before its socket was there"),
            }
        });
        response
    }
}

/// Whether a header has this word, alone or in a list.
fn says(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| value.trim().eq_ignore_ascii_case(word))
}
