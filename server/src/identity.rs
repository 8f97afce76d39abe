//! Who this server is towards Azure, where no key opens anything: tokens of the platform's managed identity, or of
//! whoever develops here (`az login`, `azd auth login`). A token is kept until shortly before it ends, and longer if
//! no new one can be had. Refuses to know what tokens open.

use crate::transport::{Bearer, Bearing, HttpService};
use async_trait::async_trait;
use axum::body::Body;
use azure_core_1::credentials::TokenCredential;
use azure_core_1::error::{Error, ErrorKind};
use azure_core_1::http::headers::Headers;
use azure_core_1::http::{
    AsyncRawResponse, ClientOptions, HttpClient, Request, StatusCode, Transport,
};
use azure_identity::{
    DeveloperToolsCredential, ManagedIdentityCredential, ManagedIdentityCredentialOptions,
    UserAssignedId,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tower::{BoxError, ServiceExt};

/// A token is replaced so long before it ends. The platform's own answers are as old as that at most.
const BEFORE: Duration = Duration::from_secs(5 * 60);

/// How long the platform may take to give one. It answers from memory nearly always.
const ANSWER: Duration = Duration::from_secs(10);

/// A token is small.
const MAX_ANSWER: usize = 256 * 1024;

/// The platform says by this variable that it gives tokens. Source: App Service and Container Apps.
const PLATFORM: &str = "IDENTITY_ENDPOINT";

pub struct Identity {
    /// Asked one after the other, until one gives a token.
    sources: Vec<Arc<dyn TokenCredential>>,
    kept: Mutex<HashMap<&'static str, Token>>,
    /// One question at a time: whoever waits for it finds the answer.
    asking: tokio::sync::Mutex<()>,
}

/// What we read of a token that is ours.
#[derive(Deserialize)]
struct Claims {
    tid: String,
}

#[derive(Clone)]
struct Token {
    text: String,
    /// Seconds since 1970.
    ends: u64,
}

/// Why there is no identity, or no token.
#[derive(Debug, thiserror::Error)]
pub enum NoToken {
    #[error("no identity can be used: {0}")]
    Identity(#[from] azure_core_1::Error),
    #[error("the platform did not give a token within {ANSWER:?}")]
    Late,
    #[error("the platform's token does not say of which tenant it is")]
    NoTenant,
}

impl Identity {
    /// `client_id` names one of several identities that a platform may know.
    pub fn new(client_id: &str, network: HttpService) -> Result<Arc<Self>, NoToken> {
        let managed = ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
            user_assigned_id: Some(UserAssignedId::ClientId(client_id.to_owned())),
            client_options: ClientOptions {
                transport: Some(Transport::new(Arc::new(Network(network)))),
                ..ClientOptions::default()
            },
        }))?;
        let mut sources: Vec<Arc<dyn TokenCredential>> = vec![managed];
        if std::env::var_os(PLATFORM).is_none() {
            // A developer's machine asks its tools first: the platform's address would be silent there.
            sources.insert(0, DeveloperToolsCredential::new(None)?);
        }
        Ok(Arc::new(Identity {
            sources,
            kept: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        }))
    }

    /// A token for the scope that holds for a while.
    pub async fn token(&self, scope: &'static str) -> Result<String, NoToken> {
        if let Some(token) = self.kept(scope).filter(Token::is_fresh) {
            return Ok(token.text);
        }
        let _turn = self.asking.lock().await;
        let kept = self.kept(scope);
        if let Some(token) = kept.clone().filter(Token::is_fresh) {
            return Ok(token.text);
        }
        match self.ask(scope).await {
            Ok(token) => {
                let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
                all.insert(scope, token.clone());
                Ok(token.text)
            }
            Err(why) => match kept.filter(Token::holds) {
                Some(token) => {
                    tracing::warn!(%why, "no new token; the old one holds a little longer");
                    Ok(token.text)
                }
                None => Err(why),
            },
        }
    }

    /// The tenant that the identity is of, as its own token says.
    pub async fn tenant(&self, scope: &'static str) -> Result<String, NoToken> {
        let token = self.token(scope).await?;
        let claims = token.split('.').nth(1).and_then(|part| {
            let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
            serde_json::from_slice::<Claims>(&bytes).ok()
        });
        claims.map(|claims| claims.tid).ok_or(NoToken::NoTenant)
    }

    async fn ask(&self, scope: &'static str) -> Result<Token, NoToken> {
        let mut last = NoToken::Late;
        for source in &self.sources {
            match tokio::time::timeout(ANSWER, source.get_token(&[scope], None)).await {
                Ok(Ok(token)) => {
                    return Ok(Token {
                        text: token.token.secret().to_owned(),
                        ends: u64::try_from(token.expires_on.unix_timestamp()).unwrap_or(0),
                    });
                }
                Ok(Err(why)) => last = why.into(),
                Err(_) => last = NoToken::Late,
            }
        }
        Err(last)
    }

    fn kept(&self, scope: &str) -> Option<Token> {
        let all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(scope).cloned()
    }
}

impl Bearer for Identity {
    fn bearer(&self, scope: &'static str) -> Bearing<'_> {
        Box::pin(async move { self.token(scope).await.map_err(BoxError::from) })
    }
}

impl Token {
    fn is_fresh(&self) -> bool {
        self.ends > now() + BEFORE.as_secs()
    }

    fn holds(&self) -> bool {
        self.ends > now()
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

/// Carries the requests of the identity crate over our transport.
struct Network(HttpService);

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

#[async_trait]
impl HttpClient for Network {
    async fn execute_request(&self, request: &Request) -> azure_core_1::Result<AsyncRawResponse> {
        let mut ours = http::Request::builder()
            .method(request.method().as_str())
            .uri(request.url().as_str());
        for (name, value) in request.headers().iter() {
            ours = ours.header(name.as_str(), value.as_str());
        }
        let body = match request.body() {
            azure_core_1::http::Body::Bytes(bytes) => bytes.clone(),
            azure_core_1::http::Body::SeekableStream(_) => {
                return Err(Error::with_message(
                    ErrorKind::Other,
                    "identities take no streams",
                ));
            }
        };
        let ours = ours
            .body(Body::from(body))
            .map_err(|why| Error::new(ErrorKind::DataConversion, why))?;
        let answer = self.0.clone().oneshot(ours).await;
        let (parts, body) = answer
            .map_err(|why| Error::new(ErrorKind::Io, why))?
            .into_parts();
        let bytes = axum::body::to_bytes(body, MAX_ANSWER)
            .await
            .map_err(|why| Error::new(ErrorKind::Io, why))?;
        let mut headers = Headers::new();
        for (name, value) in &parts.headers {
            if let Ok(value) = value.to_str() {
                headers.insert(name.as_str().to_owned(), value.to_owned());
            }
        }
        let status = StatusCode::from(parts.status.as_u16());
        Ok(AsyncRawResponse::from_bytes(status, headers, bytes))
    }
}
