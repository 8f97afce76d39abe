//! Sign-in with GitHub, which speaks OAuth only: a code for a token, and the token for who it is of. The token is
//! used once and kept nowhere.

use super::known::Known;
use super::provider::{Asking, Departure, Failure, Return};
use crate::config::GitHubSettings;
use app::chat::Kind;
use form_urlencoded::Serializer;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{Request, Response};
use openidconnect::{CsrfToken, PkceCodeChallenge};
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub struct GitHub {
    settings: GitHubSettings,
    http: Asking,
}

/// GitHub answers mistakes with status 200 and without a token.
#[derive(Deserialize)]
struct Token {
    access_token: Option<String>,
    error: Option<String>,
}

/// The number stays when the login changes, and a login may later be somebody else's.
#[derive(Deserialize)]
struct User {
    id: u64,
    login: String,
    name: Option<String>,
}

impl GitHub {
    pub fn new(settings: GitHubSettings, http: Asking) -> Self {
        GitHub { settings, http }
    }

    pub fn begin(&self, callback: &str) -> Departure {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let state = CsrfToken::new_random().into_secret();
        // No scope: what everybody may know of an account is enough.
        let query = Serializer::new(String::new())
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", callback)
            .append_pair("state", &state)
            .append_pair("code_challenge", challenge.as_str())
            .append_pair("code_challenge_method", "S256")
            .finish();
        Departure {
            url: format!("{}/login/oauth/authorize?{query}", self.settings.url),
            state,
            nonce: String::new(),
            verifier: verifier.into_secret(),
        }
    }

    pub async fn finish(&self, callback: &str, back: Return) -> Result<Known, Failure> {
        let form = Serializer::new(String::new())
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("client_secret", self.settings.client_secret.reveal())
            .append_pair("code", &back.code)
            .append_pair("redirect_uri", callback)
            .append_pair("code_verifier", &back.verifier)
            .finish();
        let request = Request::post(format!("{}/login/oauth/access_token", self.settings.url))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json");
        let token: Token = self.ask(request, form).await?;
        let Some(access) = token.access_token else {
            tracing::warn!(error = token.error, "GitHub gives no token for the code");
            return Err(Failure::Failed);
        };
        let request = Request::get(format!("{}/user", self.settings.api_url))
            .header(AUTHORIZATION, format!("Bearer {access}"))
            .header(ACCEPT, "application/vnd.github+json");
        let user: User = self.ask(request, String::new()).await?;
        let realm = format!("github:{}", self.settings.url);
        let names = user.name.as_deref().into_iter().chain([&*user.login]);
        Ok(Known::new(
            &realm,
            &user.id.to_string(),
            Kind::GitHub,
            names,
        ))
    }

    /// A refusal of ours is a failure; one that is not an answer at all means that GitHub is down.
    async fn ask<T: DeserializeOwned>(
        &self,
        request: http::request::Builder,
        body: String,
    ) -> Result<T, Failure> {
        let request = request.header(USER_AGENT, "chatr").body(body.into_bytes());
        let request = request.map_err(|error| {
            tracing::error!(%error, "GitHub cannot be asked");
            Failure::Failed
        })?;
        let answer = self.http.ask(request).await;
        let answer: Response<Vec<u8>> = answer.map_err(|error| {
            tracing::warn!(%error, "GitHub does not answer");
            Failure::Down
        })?;
        if answer.status().is_server_error() {
            tracing::warn!(status = %answer.status(), "GitHub does not answer as it should");
            return Err(Failure::Down);
        }
        serde_json::from_slice(answer.body()).map_err(|error| {
            tracing::warn!(status = %answer.status(), %error, "GitHub's answer does not parse");
            Failure::Failed
        })
    }
}
