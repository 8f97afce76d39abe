//! A provider on this machine: it describes itself, gives codes, takes each once, and signs what a test tells it to
//! sign. Beside OpenID Connect it speaks as GitHub does.

use axum::extract::{Form, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// Nobody's keys but these tests', as PKCS #8.
const OURS: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgd687GnDgSKcfDN8p\
    kUpSr+iFKO8LY9f6Xxoq8r6m9ZChRANCAAQlAW88DqZxb444xAmdXXeOc+eXdgqE\
    kY5KtpvA+vLal5txg2a8qY92OqnJupsSH6bm2BigaA63fZ21H7WlSSVO";
const THEIRS: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3jVVKrw3l8gyem1y\
    rXr+ueG0X9Beh/G186cxoYN7dnKhRANCAATYZRSMe2m4fv9nzWPEZYs4D6gmksau\
    drjlZSod0Bl4IJbO+hRqFLx7bKqCX5SqMzgkBUnAjOZSJpcn0C3wePCc";
const X: &str = "JQFvPA6mcW-OOMQJnV13jnPnl3YKhJGOSrabwPry2pc";
const Y: &str = "m3GDZrypj3Y6qcm6mxIfpubYGKBoDrd9nbUftaVJJU4";
const KEY: &str = "one";

pub const CLIENT: &str = "chatr";
pub const SECRET: &str = "between the two of us";

/// How an id token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    Ours,
    /// With a key that somebody else made, under the name of ours.
    Theirs,
    /// With a key that nobody published.
    Unknown,
    /// `alg: none`.
    Missing,
    /// HS256 with what everybody knows: our public key.
    PublicKey,
    /// HS256 with the client's secret, which is not only the provider's.
    ClientSecret,
    /// Ours, but of other words.
    Altered,
}

/// What the next id token is to be.
#[derive(Clone)]
pub struct Script {
    pub claims: Value,
    pub signature: Signature,
    /// Claims that userinfo tells.
    pub userinfo: Value,
    /// GitHub's account.
    pub user: Value,
}

struct Asked {
    nonce: String,
    challenge: String,
}

pub struct Issuer {
    pub address: String,
    pub script: Mutex<Script>,
    codes: Mutex<HashMap<String, Asked>>,
}

impl Issuer {
    pub async fn start() -> Arc<Issuer> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let issuer = Arc::new(Issuer {
            address,
            script: Mutex::new(Script {
                claims: json!({ "sub": "ada-1", "name": "Ada" }),
                signature: Signature::Ours,
                userinfo: json!({}),
                user: json!({ "id": 1, "login": "ada", "name": null }),
            }),
            codes: Mutex::default(),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/jwks", get(keys))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .route("/login/oauth/access_token", post(github_token))
            .route("/user", get(github_user))
            .with_state(issuer.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        issuer
    }

    /// The options that point Chatr here.
    pub fn options(&self) -> Vec<String> {
        vec![
            "--limits=relaxed".into(),
            format!("--oidc-issuer={}", self.address),
            format!("--oidc-client-id={CLIENT}"),
            format!("--oidc-client-secret={SECRET}"),
            "--oidc-name=Club".into(),
            format!("--github-client-id={CLIENT}"),
            format!("--github-client-secret={SECRET}"),
            format!("--github-url={}", self.address),
            format!("--github-api-url={}", self.address),
        ]
    }

    pub fn says(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    /// The person agrees: where their browser goes, as a path of ours with its query.
    pub fn consent(&self, away: &str) -> String {
        let asked = query(away);
        let code = format!("code-{}", app::chat::UserId::random());
        self.codes.lock().unwrap().insert(
            code.clone(),
            Asked {
                nonce: asked.get("nonce").cloned().unwrap_or_default(),
                challenge: asked["code_challenge"].clone(),
            },
        );
        assert_eq!(asked["code_challenge_method"], "S256");
        let back = asked["redirect_uri"].strip_prefix("http://127.0.0.1:3000");
        let back = back.expect("the way back is ours");
        format!("{back}?code={code}&state={}", asked["state"])
    }

    fn sign(&self, nonce: &str) -> String {
        let script = self.script.lock().unwrap().clone();
        let now = jsonwebtoken::get_current_timestamp();
        let mut claims = json!({
            "iss": self.address, "aud": CLIENT, "nonce": nonce, "iat": now, "exp": now + 300,
        });
        let into = claims.as_object_mut().unwrap();
        into.extend(script.claims.as_object().unwrap().clone());
        into.retain(|_, value| !value.is_null());
        let header = |algorithm, key: &str| Header {
            kid: Some(key.into()),
            ..Header::new(algorithm)
        };
        let key_of = |text: &str| EncodingKey::from_ec_der(&STANDARD.decode(text).unwrap());
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let ours = || encode(&header(Algorithm::ES256, KEY), &claims, &key_of(OURS)).unwrap();
        match script.signature {
            Signature::Ours => ours(),
            Signature::Theirs => {
                encode(&header(Algorithm::ES256, KEY), &claims, &key_of(THEIRS)).unwrap()
            }
            Signature::Unknown => {
                encode(&header(Algorithm::ES256, "two"), &claims, &key_of(THEIRS)).unwrap()
            }
            Signature::Missing => {
                format!("{}.{}.", part(&json!({ "alg": "none" })), part(&claims))
            }
            Signature::PublicKey => {
                let mut key = vec![4];
                key.extend(URL_SAFE_NO_PAD.decode(X).unwrap());
                key.extend(URL_SAFE_NO_PAD.decode(Y).unwrap());
                let key = EncodingKey::from_secret(&key);
                encode(&header(Algorithm::HS256, KEY), &claims, &key).unwrap()
            }
            Signature::ClientSecret => {
                let key = EncodingKey::from_secret(SECRET.as_bytes());
                encode(&header(Algorithm::HS256, KEY), &claims, &key).unwrap()
            }
            Signature::Altered => {
                let token = ours();
                let (head, rest) = token.split_once('.').unwrap();
                let signature = rest.split_once('.').unwrap().1;
                claims["sub"] = "root".into();
                format!("{head}.{}.{signature}", part(&claims))
            }
        }
    }

    /// What a code is good for, once.
    fn redeem(&self, form: &HashMap<String, String>) -> Option<Asked> {
        let asked = self.codes.lock().unwrap().remove(form.get("code")?)?;
        let verifier = Sha256::digest(form.get("code_verifier")?);
        (URL_SAFE_NO_PAD.encode(verifier) == asked.challenge).then_some(asked)
    }
}

/// The parameters of an address.
pub fn query(address: &str) -> HashMap<String, String> {
    let query = address.split_once('?').map_or("", |(_, query)| query);
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

async fn describe(State(issuer): State<Arc<Issuer>>) -> Json<Value> {
    let at = &issuer.address;
    Json(json!({
        "issuer": at,
        "authorization_endpoint": format!("{at}/authorize"),
        "token_endpoint": format!("{at}/token"),
        "userinfo_endpoint": format!("{at}/userinfo"),
        "jwks_uri": format!("{at}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        // What it says here does not widen what is accepted.
        "id_token_signing_alg_values_supported": ["none", "HS256", "ES256"],
    }))
}

async fn keys() -> Json<Value> {
    Json(json!({ "keys": [
        { "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KEY, "x": X, "y": Y },
    ] }))
}

async fn token(
    State(issuer): State<Arc<Issuer>>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let refused =
        |why: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": why }))).into_response();
    if !headers.contains_key("authorization") {
        return refused("invalid_client");
    }
    let Some(asked) = issuer.redeem(&form) else {
        return refused("invalid_grant");
    };
    Json(json!({
        "access_token": "access", "token_type": "Bearer", "id_token": issuer.sign(&asked.nonce),
    }))
    .into_response()
}

async fn userinfo(State(issuer): State<Arc<Issuer>>, headers: HeaderMap) -> Json<Value> {
    assert_eq!(headers["authorization"], "Bearer access");
    Json(issuer.script.lock().unwrap().userinfo.clone())
}

/// GitHub says that it does not, with status 200.
async fn github_token(
    State(issuer): State<Arc<Issuer>>,
    Form(form): Form<HashMap<String, String>>,
) -> Json<Value> {
    let secret = form.get("client_secret").map(String::as_str) == Some(SECRET);
    Json(match issuer.redeem(&form) {
        Some(_) if secret => json!({ "access_token": "gho", "token_type": "bearer", "scope": "" }),
        _ => json!({ "error": "bad_verification_code" }),
    })
}

async fn github_user(State(issuer): State<Arc<Issuer>>, headers: HeaderMap) -> Json<Value> {
    assert_eq!(headers["authorization"], "Bearer gho");
    assert!(headers.contains_key("user-agent"), "GitHub insists on it");
    Json(issuer.script.lock().unwrap().user.clone())
}
