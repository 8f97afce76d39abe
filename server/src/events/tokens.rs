//! What makes an event believed where there are no keys: the token that it comes with, which Microsoft Entra gave to
//! the identity that the service acts as. Owns the checks and the issuer's public keys; refuses to know the events.

use crate::transport::HttpService;
use axum::body::Body;
use http::{HeaderMap, Request, header};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tower::{BoxError, ServiceExt};

/// How long a fetch of the keys may take.
const ANSWER: Duration = Duration::from_secs(3);

/// A key that is not known makes us fetch the keys again, but not more often than this.
const AGAIN: Duration = Duration::from_secs(60);

/// The keys of a tenant are a few kilobytes.
const MAX_KEYS: usize = 1024 * 1024;

/// A token is longer than an identity's, and shorter than anything that is meant to keep us busy.
const MAX_TOKEN: usize = 16 * 1024;

/// Who is believed.
pub struct Issuer {
    /// Such as `https://login.microsoftonline.com`.
    pub authority: String,
    pub tenant: String,
    /// Whom the tokens must be for.
    pub audience: String,
    /// Whom they must have been given to.
    pub client_id: String,
    pub network: HttpService,
}

pub struct Tokens {
    issuer: Issuer,
    keys: Mutex<Option<(Instant, Arc<JwkSet>)>>,
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Deserialize)]
struct Claims {
    /// In tokens of version 1; in those of version 2 it is `azp`.
    appid: Option<String>,
    azp: Option<String>,
}

impl Tokens {
    pub fn of(issuer: Issuer) -> Tokens {
        Tokens {
            issuer,
            keys: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        }
    }

    /// Whether a request with these headers comes from the service.
    pub async fn believe(&self, headers: &HeaderMap) -> bool {
        match bearer(headers) {
            Some(token) if token.len() <= MAX_TOKEN => self.is_right(token).await,
            Some(_) | None => false,
        }
    }

    async fn is_right(&self, token: &str) -> bool {
        let Ok(head) = decode_header(token) else {
            return false;
        };
        let (Some(kid), Algorithm::RS256) = (head.kid, head.alg) else {
            return false;
        };
        let Some(key) = self.key(&kid).await else {
            return false;
        };
        let Issuer {
            authority,
            tenant,
            audience,
            client_id,
            ..
        } = &self.issuer;
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_audience(&[audience]);
        rules.set_issuer(&[
            format!("https://sts.windows.net/{tenant}/"),
            format!("{authority}/{tenant}/v2.0"),
        ]);
        rules.set_required_spec_claims(&["exp", "aud", "iss"]);
        rules.validate_nbf = true;
        rules.leeway = 60;
        decode::<Claims>(token, &key, &rules).is_ok_and(|token| {
            let caller = token.claims.appid.or(token.claims.azp);
            caller.is_some_and(|caller| caller.eq_ignore_ascii_case(client_id))
        })
    }

    async fn key(&self, kid: &str) -> Option<DecodingKey> {
        let find = |keys: &JwkSet| {
            keys.find(kid)
                .and_then(|key| DecodingKey::from_jwk(key).ok())
        };
        if let Some(key) = self.known().and_then(|(_, keys)| find(&keys)) {
            return Some(key);
        }
        let _turn = self.fetching.lock().await;
        if let Some((fetched, keys)) = self.known()
            && (fetched.elapsed() < AGAIN || find(&keys).is_some())
        {
            return find(&keys);
        }
        match tokio::time::timeout(ANSWER, self.fetch()).await {
            Ok(Ok(keys)) => {
                let keys = Arc::new(keys);
                let found = find(&keys);
                let mut known = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
                *known = Some((Instant::now(), keys));
                found
            }
            Ok(Err(why)) => {
                tracing::error!(
                    why,
                    "the keys of Microsoft Entra cannot be read: no event is believed"
                );
                None
            }
            Err(_) => {
                tracing::error!("Microsoft Entra does not answer: no event is believed");
                None
            }
        }
    }

    fn known(&self) -> Option<(Instant, Arc<JwkSet>)> {
        let known = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    async fn fetch(&self) -> Result<JwkSet, BoxError> {
        let Issuer {
            authority, tenant, ..
        } = &self.issuer;
        let request = Request::builder()
            .uri(format!("{authority}/{tenant}/discovery/v2.0/keys"))
            .body(Body::empty())?;
        let answer = self.issuer.network.clone().oneshot(request).await?;
        if !answer.status().is_success() {
            return Err(format!("it answers {}", answer.status()).into());
        }
        let body = axum::body::to_bytes(answer.into_body(), MAX_KEYS).await?;
        Ok(serde_json::from_slice(&body)?)
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
