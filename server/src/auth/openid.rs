//! Sign-in with a provider that speaks OpenID Connect: code, PKCE, state and nonce. Owns which signatures are
//! accepted and how long the provider's own description is believed.

use super::known::Known;
use super::provider::{Asking, Departure, Failure, Return, Silence};
use crate::config::OpenIdSettings;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreJwsSigningAlgorithm,
    CoreProviderMetadata, CoreUserInfoClaims,
};
use openidconnect::{
    AccessToken, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret,
    CsrfToken, DiscoveryError, EndUserName, IssuerUrl, LocalizedClaim, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    SignatureVerificationError, SubjectIdentifier, TokenResponse,
};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long the provider's description and keys are used before they are asked for again.
const FRESH: Duration = Duration::from_secs(10 * 60);

/// Keys may have changed before that: then they are asked for again, but not at everybody's wish.
const SOONEST: Duration = Duration::from_secs(30);

/// Signatures with a key that only the provider has. Neither none, nor those by a secret that both have.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

pub struct OpenId {
    settings: OpenIdSettings,
    http: Asking,
    described: Mutex<Option<(Instant, CoreProviderMetadata)>>,
}

/// The client once the provider's description is read.
type Client = CoreClient<
    openidconnect::EndpointSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointMaybeSet,
    openidconnect::EndpointMaybeSet,
>;

impl OpenId {
    pub fn new(settings: OpenIdSettings, http: Asking) -> Self {
        OpenId {
            settings,
            http,
            described: Mutex::new(None),
        }
    }

    pub async fn begin(&self, callback: &str) -> Result<Departure, Failure> {
        let client = self.client(callback, FRESH).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let request = client.authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        );
        let (url, state, nonce) = request
            .add_scope(Scope::new("profile".into()))
            .set_pkce_challenge(challenge)
            .url();
        Ok(Departure {
            url: url.into(),
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
        })
    }

    pub async fn finish(&self, callback: &str, back: Return) -> Result<Known, Failure> {
        if back
            .issuer
            .is_some_and(|issuer| issuer != self.settings.issuer)
        {
            return Err(failed("another provider sent them back"));
        }
        let client = self.client(callback, FRESH).await?;
        let tokens = client
            .exchange_code(AuthorizationCode::new(back.code))
            .map_err(|_| failed("the provider has no address for tokens"))?
            .set_pkce_verifier(PkceCodeVerifier::new(back.verifier))
            .request_async(&self.http)
            .await
            .map_err(|error| match error {
                RequestTokenError::Request(why) => down(&why),
                other => failed(other),
            })?;
        let token = tokens.id_token().ok_or_else(|| failed("no id token"))?;
        let nonce = Nonce::new(back.nonce);
        let judged = |client: &Client| {
            let verifier = client.id_token_verifier().set_allowed_algs(SIGNATURES);
            token.claims(&verifier, &nonce).cloned()
        };
        let claims = match judged(&client) {
            // Signed with a key that came after we asked for them.
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => judged(&self.client(callback, SOONEST).await?),
            judged => judged,
        };
        let claims = claims.map_err(failed)?;
        let subject = claims.subject();
        let mut names = names_in(
            claims.name(),
            claims.preferred_username().map(|name| name.as_str()),
        );
        if names.is_empty() {
            let access = tokens.access_token().clone();
            names = self.names(&client, access, subject.clone()).await;
        }
        let realm = format!("oidc:{}", self.settings.issuer);
        let names = names.iter().map(String::as_str);
        Ok(Known::new(&realm, subject, self.settings.kind, names))
    }

    /// What else the provider knows of somebody. Who has no name comes in without one.
    async fn names(
        &self,
        client: &Client,
        access: AccessToken,
        subject: SubjectIdentifier,
    ) -> Vec<String> {
        let Ok(request) = client.user_info(access, Some(subject)) else {
            return Vec::new();
        };
        let told: Result<CoreUserInfoClaims, _> = request.request_async(&self.http).await;
        match told {
            Ok(claims) => names_in(
                claims.name(),
                claims.preferred_username().map(|name| name.as_str()),
            ),
            Err(error) => {
                tracing::warn!(%error, "a provider tells no name");
                Vec::new()
            }
        }
    }

    async fn client(&self, callback: &str, age: Duration) -> Result<Client, Failure> {
        let described = self.describe(age).await?;
        let methods = described.token_endpoint_auth_methods_supported();
        let by_post = methods.is_some_and(|methods| {
            !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
                && methods.contains(&CoreClientAuthMethod::ClientSecretPost)
        });
        let secret = self.settings.client_secret.as_ref();
        let secret = secret.map(|secret| ClientSecret::new(secret.reveal().into()));
        let id = ClientId::new(self.settings.client_id.clone());
        let callback = RedirectUrl::new(callback.into()).map_err(failed)?;
        let auth_type = match by_post {
            true => AuthType::RequestBody,
            false => AuthType::BasicAuth,
        };
        Ok(CoreClient::from_provider_metadata(described, id, secret)
            .set_redirect_uri(callback)
            .set_auth_type(auth_type))
    }

    /// The provider's description, not older than `age`.
    async fn describe(&self, age: Duration) -> Result<CoreProviderMetadata, Failure> {
        if let Some((at, described)) = self.known()
            && at.elapsed() < age
        {
            return Ok(described);
        }
        let issuer = IssuerUrl::new(self.settings.issuer.clone()).map_err(failed)?;
        let described = CoreProviderMetadata::discover_async(issuer, &self.http).await;
        let described = described.map_err(|error: DiscoveryError<Silence>| down(&error))?;
        let now = Some((Instant::now(), described.clone()));
        *self
            .described
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = now;
        Ok(described)
    }

    fn known(&self) -> Option<(Instant, CoreProviderMetadata)> {
        let known = self.described.lock();
        known.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn names_in(name: Option<&LocalizedClaim<EndUserName>>, handle: Option<&str>) -> Vec<String> {
    let name = name.and_then(|name| Some(name.get(None)?.as_str()));
    let names = [name, handle].into_iter().flatten();
    names.map(str::to_owned).collect()
}

/// It is written down what was wrong, and not told.
fn failed(why: impl std::fmt::Display) -> Failure {
    tracing::warn!(%why, "a sign-in was refused");
    Failure::Failed
}

fn down(why: &dyn std::error::Error) -> Failure {
    let because = why.source().map(ToString::to_string);
    tracing::warn!(%why, because, "a provider does not answer as it should");
    Failure::Down
}
