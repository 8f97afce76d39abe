//! Who vouches for people, asked by this server itself: what all providers have in common. Refuses to know
//! cookies and addresses of ours.

use super::github::GitHub;
use super::known::Known;
use super::openid::OpenId;
use crate::config::SignIn;
use crate::transport::HttpService;
use axum::body::{Body, Bytes};
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use openidconnect::AsyncHttpClient;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tower::ServiceExt;

/// How long one answer may take, and how long it may be.
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST: usize = 256 * 1024;

/// Why somebody is not signed in; the word goes to the front page, what went wrong inside to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("denied")]
    Denied,
    #[error("expired")]
    Expired,
    #[error("providerDown")]
    Down,
    #[error("signInFailed")]
    Failed,
}

/// Where to send somebody, and what to remember until they are back.
pub struct Departure {
    pub url: String,
    pub state: String,
    pub nonce: String,
    pub verifier: String,
}

/// What somebody brings back, and what was remembered.
pub struct Return {
    pub code: String,
    pub nonce: String,
    pub verifier: String,
    /// The provider that says it sent them, where it says so. Source: RFC 9207.
    pub issuer: Option<String>,
}

/// One provider that is set up.
pub struct Provider {
    /// In addresses: `/.auth/login/{name}`.
    pub name: &'static str,
    /// For people.
    pub label: String,
    way: Way,
}

enum Way {
    OpenId(Box<OpenId>),
    GitHub(GitHub),
}

impl Provider {
    /// Those that are set, in the order in which they are offered.
    pub fn all(settings: &SignIn, http: &HttpService) -> Vec<Provider> {
        let http = Asking(http.clone());
        let openid = settings.openid.iter().map(|settings| Provider {
            name: settings.name,
            label: settings.label.clone(),
            way: Way::OpenId(Box::new(OpenId::new(settings.clone(), http.clone()))),
        });
        let github = settings.github.iter().map(|settings| Provider {
            name: "github",
            label: "GitHub".into(),
            way: Way::GitHub(GitHub::new(settings.clone(), http.clone())),
        });
        openid.chain(github).collect()
    }

    pub async fn begin(&self, callback: &str) -> Result<Departure, Failure> {
        match &self.way {
            Way::OpenId(openid) => openid.begin(callback).await,
            Way::GitHub(github) => Ok(github.begin(callback)),
        }
    }

    pub async fn finish(&self, callback: &str, back: Return) -> Result<Known, Failure> {
        match &self.way {
            Way::OpenId(openid) => openid.finish(callback, back).await,
            Way::GitHub(github) => github.finish(callback, back).await,
        }
    }
}

/// Asks, with a deadline and an end.
#[derive(Clone)]
pub struct Asking(HttpService);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Silence(String);

impl Asking {
    pub async fn ask(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Silence> {
        let answer = async {
            let response = self.0.clone().oneshot(request.map(Body::from)).await?;
            let (parts, body) = response.into_parts();
            let bytes: Bytes = Limited::new(body, LONGEST).collect().await?.to_bytes();
            Ok(Response::from_parts(parts, bytes.to_vec()))
        };
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(answer) => answer.map_err(|why: tower::BoxError| Silence(why.to_string())),
            Err(_) => Err(Silence("no answer in time".into())),
        }
    }
}

impl<'c> AsyncHttpClient<'c> for Asking {
    type Error = Silence;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Vec<u8>>, Silence>> + Send + 'c>>;

    fn call(&'c self, request: Request<Vec<u8>>) -> Self::Future {
        Box::pin(self.ask(request))
    }
}
