//! Carries the requests of the Azure crate over our transport, which keeps its connections: the crate's own
//! client would open a new one for every request. Refuses to know what is asked.

use crate::transport::{Bearer, HttpService};
use async_trait::async_trait;
use axum::body::Body;
use azure_core::error::{Error, ErrorKind};
use azure_core::headers::{HeaderName, HeaderValue, Headers};
use azure_core::{HttpClient, Response, StatusCode};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use tower::{BoxError, Service, ServiceExt};

/// The largest answer: a page of a thousand rows. Source: "Query timeout and pagination" (4 MiB, in JSON more).
const MAX_ANSWER: usize = 32 * 1024 * 1024;

/// Whom the tokens are for. Source: "Authorize access to tables using Microsoft Entra ID".
const SCOPE: &str = "https://storage.azure.com/.default";

pub struct Carrier {
    pub service: HttpService,
    /// Where requests come without the signature of a key.
    pub bearer: Option<Arc<dyn Bearer>>,
}

/// The request has not left this machine: nothing of it was done.
#[derive(Debug, thiserror::Error)]
#[error("there is no connection, or no token: {0}")]
pub struct Unsent(BoxError);

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Carrier")
    }
}

#[async_trait]
impl HttpClient for Carrier {
    async fn execute_request(&self, request: &azure_core::Request) -> azure_core::Result<Response> {
        let mut ours = http::Request::builder()
            .method(request.method().as_ref())
            .uri(request.url().as_str());
        for (name, value) in request.headers().iter() {
            ours = ours.header(name.as_str(), value.as_str());
        }
        if let Some(bearer) = &self.bearer {
            let token = bearer.bearer(SCOPE).await;
            let token = token.map_err(|why| Error::new(ErrorKind::Io, Unsent(why)))?;
            ours = ours.header(http::header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = match request.body() {
            azure_core::Body::Bytes(bytes) => bytes.clone(),
            azure_core::Body::SeekableStream(_) => {
                return Err(Error::message(ErrorKind::Other, "tables take no streams"));
            }
        };
        let ours = ours
            .body(Body::from(body))
            .map_err(|why| Error::new(ErrorKind::DataConversion, why))?;

        let mut service = self.service.clone();
        let ready = service.ready().await.map_err(failed)?;
        let (parts, body) = ready.call(ours).await.map_err(failed)?.into_parts();
        let bytes = axum::body::to_bytes(body, MAX_ANSWER)
            .await
            .map_err(|why| Error::new(ErrorKind::Io, why))?;
        let status = StatusCode::try_from(parts.status.as_u16())
            .map_err(|why| Error::new(ErrorKind::DataConversion, why))?;
        let headers: HashMap<HeaderName, HeaderValue> = parts
            .headers
            .iter()
            .filter_map(|(name, value)| {
                let value = value.to_str().ok()?.to_owned();
                Some((name.as_str().to_owned().into(), value.into()))
            })
            .collect();
        let whole = futures::stream::once(futures::future::ready(Ok(bytes)));
        Ok(Response::new(
            status,
            Headers::from(headers),
            Box::pin(whole),
        ))
    }
}

fn failed(why: BoxError) -> Error {
    match why.downcast_ref::<reqwest::Error>() {
        Some(error) if error.is_connect() => Error::new(ErrorKind::Io, Unsent(why)),
        _ => Error::new(ErrorKind::Io, why),
    }
}
