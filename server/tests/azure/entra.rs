//! Azure without keys: the program as an identity of the platform. The platform, Entra's keys and Web PubSub stand
//! here and take notes; the tables are Azurite, behind a door that opens to a token only. Long because all of Azure
//! stands beside its stories.

use crate::azurite::{Azurite, OwnAccount};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use server::transport::{HttpService, https};
use sha2::Sha256;
use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tower::ServiceExt;
use uuid::Uuid;

const TENANT: &str = "5d1a8c1c-0f6c-4b43-9f4b-5b0d6f7f2b11";
const CLIENT: &str = "0f4e9a0e-3b1f-4f0a-8b58-1e6f4f4f6a22";
const PUBSUB: &str = "https://webpubsub.azure.com";
const STORAGE: &str = "https://storage.azure.com";

/// One more than a token may have left to be used again.
const LONG: u64 = 3_600;
const SHORT: u64 = 200;

/// An RSA key in DER, base64, and no secret: nobody believes it but these tests.
const KEY: &str = include_str!("entra.der.b64");

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("after 1970").as_secs()
}

fn key() -> EncodingKey {
    let digits: String = KEY.split_whitespace().collect();
    EncodingKey::from_rsa_der(&STANDARD.decode(digits).expect("base64"))
}

fn token(claims: &Value, kid: &str) -> String {
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(kid.into());
    encode(&header, claims, &key()).expect("a token")
}

/// What Entra says of the identity that Web PubSub acts as.
fn claims() -> Value {
    json!({
        "aud": PUBSUB,
        "iss": format!("https://sts.windows.net/{TENANT}/"),
        "appid": CLIENT,
        "tid": TENANT,
        "nbf": now() - 10,
        "exp": now() + LONG,
    })
}

/// Everything at Azure, on one port.
#[derive(Clone)]
struct Azure {
    notes: Arc<Mutex<Notes>>,
    tables: OwnAccount,
    network: HttpService,
    address: String,
}

#[derive(Default)]
struct Notes {
    /// Asked of the platform: query, headers.
    tokens: Vec<(String, HeaderMap)>,
    /// Asked of Web PubSub: method and path with query, authorization.
    calls: Vec<(String, String)>,
    /// How long the platform's next tokens hold; `LONG` after those.
    lives: Vec<u64>,
    keys_read: usize,
}

impl Azure {
    async fn new() -> Azure {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let azure = Azure {
            notes: Arc::default(),
            tables: Azurite::account(),
            network: https().expect("TLS"),
            address: format!("http://{}", listener.local_addr().expect("an address")),
        };
        let router = Router::new().fallback(answer).with_state(azure.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        azure
    }

    fn notes(&self) -> std::sync::MutexGuard<'_, Notes> {
        self.notes.lock().expect("whole")
    }

    /// The program with what a container app has in its environment.
    fn command(&self, folder: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatr"));
        command
            .env_clear()
            .envs([
                ("IDENTITY_ENDPOINT", format!("{}/msi/token", self.address)),
                ("IDENTITY_HEADER", "the platform's word".into()),
                ("AZURE_CLIENT_ID", CLIENT.into()),
                ("AZURE_AUTHORITY_HOST", self.address.clone()),
                ("PUBSUB_ENDPOINT", self.address.clone()),
                (
                    "STORAGE_ACCOUNT_NAME",
                    format!("{}/{}", self.address, self.tables.name),
                ),
                ("CHATR_ADDR", "127.0.0.1:0".into()),
                ("CHATR_DATA_DIR", folder.into()),
            ])
            .stdin(Stdio::null());
        command
    }
}

async fn answer(State(azure): State<Azure>, request: Request<Body>) -> Response {
    let path = request.uri().path().to_owned();
    if path == "/msi/token" {
        return platform(&azure, &request);
    }
    if path == format!("/{TENANT}/discovery/v2.0/keys") {
        azure.notes().keys_read += 1;
        let mut jwk = Jwk::from_encoding_key(&key(), Algorithm::RS256).expect("a public key");
        jwk.common.key_id = Some("first".into());
        return axum::Json(json!({ "keys": [jwk] })).into_response();
    }
    let bearer = request.headers().get(AUTHORIZATION);
    let bearer = bearer.and_then(|value| value.to_str().ok());
    let bearer = bearer.unwrap_or_default().to_owned();
    if path.starts_with(&format!("/{}/", azure.tables.name)) {
        return match bearer.contains(&opened(STORAGE)) {
            true => tables(&azure, request).await,
            false => StatusCode::FORBIDDEN.into_response(),
        };
    }
    let asked = format!("{} {}", request.method(), request.uri());
    azure.notes().calls.push((asked, bearer.clone()));
    if !bearer.contains(&opened(PUBSUB)) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match path.as_str() {
        "/api/hubs/chat/:generateToken" => {
            axum::Json(json!({ "token": "of-the-service" })).into_response()
        }
        _ if request.method() == http::Method::HEAD => StatusCode::NOT_FOUND.into_response(),
        _ => StatusCode::ACCEPTED.into_response(),
    }
}

/// The signature of a token for this: there is one for each.
fn opened(resource: &str) -> String {
    format!(".for-{}", resource.rsplit('/').next().unwrap_or_default())
}

fn platform(azure: &Azure, request: &Request<Body>) -> Response {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let resource = match query.contains("storage") {
        true => STORAGE,
        false => PUBSUB,
    };
    let mut notes = azure.notes();
    notes.tokens.push((query, request.headers().clone()));
    let next = (resource == PUBSUB).then(|| notes.lives.pop());
    let life = next.flatten().unwrap_or(LONG);
    let number = notes.tokens.len();
    let claims = URL_SAFE_NO_PAD.encode(json!({ "tid": TENANT, "number": number }).to_string());
    axum::Json(json!({
        "access_token": format!("e30.{claims}{}", opened(resource)),
        "expires_on": (now() + life).to_string(),
        "resource": resource,
        "token_type": "Bearer",
        "client_id": CLIENT,
    }))
    .into_response()
}

/// Azurite takes tokens over https only: behind this door, the account's key signs.
async fn tables(azure: &Azure, request: Request<Body>) -> Response {
    let (mut parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    let name = &azure.tables.name;
    let date = parts.headers["x-ms-date"]
        .to_str()
        .expect("text")
        .to_owned();
    let mut signed = format!("{date}\n/{name}{}", parts.uri.path());
    if let Some(comp) = parts
        .uri
        .query()
        .and_then(|query| query.split('&').find(|part| part.starts_with("comp=")))
    {
        signed = format!("{signed}?{comp}");
    }
    let key = STANDARD.decode(&azure.tables.key).expect("base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any key");
    mac.update(signed.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let authorization = format!("SharedKeyLite {name}:{signature}");
    parts.headers.remove(http::header::HOST);
    let authorization = HeaderValue::try_from(authorization).expect("a header");
    parts.headers.insert(AUTHORIZATION, authorization);
    let (host, _) = azure.tables.endpoint.rsplit_once('/').expect("an account");
    let rest = parts.uri.path_and_query().expect("a path");
    parts.uri = format!("{host}{rest}").parse::<Uri>().expect("a URI");
    let request = Request::from_parts(parts, Body::from(body));
    let answer = azure.network.clone().oneshot(request).await;
    answer.expect("Azurite answers").map(Body::new)
}

struct Program {
    child: Child,
    address: String,
    folder: String,
    network: HttpService,
}

impl Program {
    fn start(azure: &Azure) -> Program {
        let folder = std::env::temp_dir().join(format!("chatr-entra-{}", Uuid::new_v4()));
        let folder = folder.display().to_string();
        Program::run(azure.command(&folder), folder)
    }

    fn run(mut command: Command, folder: String) -> Program {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let output = child.stdout.as_mut().expect("its words");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("says where it is");
        let address = line.trim().rsplit(' ').next().unwrap_or_default();
        assert!(address.starts_with("http://"), "{line}");
        Program {
            address: address.to_owned(),
            child,
            folder,
            network: https().expect("TLS"),
        }
    }

    async fn ask(&self, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
        let answer = self.network.clone().oneshot(request).await;
        let (parts, body) = answer.expect("answers").into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body");
        let body = String::from_utf8_lossy(&body).into_owned();
        (parts.status, parts.headers, body)
    }

    fn post(&self, path: &str, kind: &str, cookie: &str, body: String) -> Request<Body> {
        Request::post(format!("{}{path}", self.address))
            .header(CONTENT_TYPE, kind)
            .header("cookie", cookie)
            .body(Body::from(body))
            .expect("a request")
    }

    async fn sign_in(&self) -> String {
        let form = "application/x-www-form-urlencoded";
        let asked = self.post("/.auth/login/guest", form, "", "name=Ada".into());
        let (status, headers, body) = self.ask(asked).await;
        let cookie = headers.get("set-cookie").map(|value| value.to_str());
        let cookie = cookie.unwrap_or_else(|| panic!("{status}: {body}"));
        let cookie = cookie.expect("text").split(';').next();
        cookie.unwrap_or_default().to_owned()
    }

    async fn api(&self, cookie: &str, name: &str, asked: Value) -> Value {
        let request = self.post(
            &format!("/api/{name}"),
            "application/json",
            cookie,
            asked.to_string(),
        );
        let (status, _, body) = self.ask(request).await;
        assert!(status.is_success(), "{status}: {body}");
        serde_json::from_str(&body).expect("JSON")
    }

    /// An event without a signature, as it comes where keys are switched off.
    async fn event(&self, user: &str, authorization: Option<String>) -> StatusCode {
        let mut request = self.post("/api/eventHandler", "application/json", "", "{}".into());
        let headers = request.headers_mut();
        let connection = "a-connection";
        for (name, value) in [
            ("ce-type", "azure.webpubsub.user.userEnterIdle".to_owned()),
            ("ce-eventName", "userEnterIdle".into()),
            ("ce-hub", "chat".into()),
            ("ce-connectionId", connection.into()),
            ("ce-userId", user.into()),
            ("ce-id", Uuid::new_v4().to_string()),
            ("ce-time", jiff::Timestamp::now().to_string()),
        ] {
            headers.insert(
                http::HeaderName::try_from(name).expect("a name"),
                value.parse().expect("a header"),
            );
        }
        headers.remove("cookie");
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization.parse().expect("a header"));
        }
        self.ask(request).await.0
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_opens_tables_and_web_pubsub_and_no_key_is_there() {
    let azure = Azure::new().await;
    let program = Program::start(&azure);
    let ada = program.sign_in().await;
    let ticket = program.api(&ada, "getToken", json!({})).await;
    let sockets = azure.address.replacen("http", "ws", 1);
    assert_eq!(
        ticket["url"],
        format!("{sockets}/client/hubs/chat?access_token=of-the-service")
    );
    let me = program.api(&ada, "snapshot", json!({ "open": null })).await;
    let me = me["me"]["id"].as_str().expect("an id").to_owned();

    let notes = azure.notes();
    let asked: Vec<&String> = notes.calls.iter().map(|(asked, _)| asked).collect();
    let wanted = asked.iter().find(|asked| asked.contains(":generateToken"));
    let wanted = wanted.unwrap_or_else(|| panic!("{asked:?}"));
    assert!(
        wanted.starts_with("POST /api/hubs/chat/:generateToken?"),
        "{wanted}"
    );
    for part in [
        format!("userId={me}"),
        "minutesToExpire=5".into(),
        "api-version=2024-".into(),
    ] {
        assert!(wanted.contains(&part), "{wanted}");
    }
    // One token for each, however much was asked with it.
    assert_eq!(notes.tokens.len(), 2, "{:?}", notes.tokens);
    for (query, headers) in &notes.tokens {
        assert!(query.contains("api-version=2019-08-01"), "{query}");
        assert!(query.contains(&format!("client_id={CLIENT}")), "{query}");
        assert_eq!(headers["x-identity-header"], "the platform's word");
    }
    let resource = |name: &str| {
        let name = name.replace(':', "%3A").replace('/', "%2F");
        let found = notes.tokens.iter();
        found.filter(|(query, _)| query.contains(&name)).count()
    };
    assert_eq!((resource(PUBSUB), resource(STORAGE)), (1, 1));
}

/// Puts an `az` into the folder that answers as Azure's own does for whoever is signed in, and notes what it was asked.
fn sign_in_with_tools(folder: &Path) {
    let token = |resource: &str| {
        let claims = URL_SAFE_NO_PAD.encode(json!({ "tid": TENANT }).to_string());
        json!({
            "accessToken": format!("e30.{claims}{}", opened(resource)),
            "expires_on": now() + LONG,
            "tokenType": "Bearer",
        })
    };
    let script = format!(
        "#!/bin/sh\necho \"$*\" >>'{}'\ncase \"$*\" in\n*{STORAGE}*) echo '{}';;\n*) echo '{}';;\nesac\n",
        folder.join("asked").display(),
        token(STORAGE),
        token(PUBSUB),
    );
    let tool = folder.join("az");
    std::fs::write(&tool, script).expect("a tool");
    std::fs::set_permissions(&tool, Permissions::from_mode(0o755)).expect("can be run");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_platform_is_a_developer_is_asked_by_their_own_tools() {
    let azure = Azure::new().await;
    let tools = std::env::temp_dir().join(format!("chatr-tools-{}", Uuid::new_v4()));
    std::fs::create_dir_all(&tools).expect("a folder");
    sign_in_with_tools(&tools);
    let folder = tools.join("data").display().to_string();
    let mut command = azure.command(&folder);
    command
        .env_remove("IDENTITY_ENDPOINT")
        .env_remove("IDENTITY_HEADER")
        .env("PATH", format!("{}:/usr/bin:/bin", tools.display()));
    let program = Program::run(command, folder);
    let ada = program.sign_in().await;
    let ticket = program.api(&ada, "getToken", json!({})).await;
    let url = ticket["url"].as_str().unwrap_or_default();
    assert!(url.ends_with("access_token=of-the-service"), "{url}");

    assert!(azure.notes().tokens.is_empty(), "no platform was asked");
    let asked = std::fs::read_to_string(tools.join("asked")).expect("asked");
    for resource in [STORAGE, PUBSUB] {
        let of_it = asked.lines().filter(|line| line.contains(resource));
        assert_eq!(of_it.count(), 1, "{asked}");
    }
    assert!(asked.starts_with("account get-access-token"), "{asked}");
    drop(program);
    let _ = std::fs::remove_dir_all(tools);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_replaced_before_it_ends() {
    let azure = Azure::new().await;
    // The first ones have less left than is safe.
    azure.notes().lives = vec![SHORT; 12];
    let program = Program::start(&azure);
    let ada = program.sign_in().await;
    for _ in 0..16 {
        program.api(&ada, "getToken", json!({})).await;
    }
    let before = azure.notes().tokens.len();
    assert!(before >= 12, "{before}");
    for _ in 0..4 {
        program.api(&ada, "getToken", json!({})).await;
    }
    let notes = azure.notes();
    assert_eq!(notes.tokens.len(), before, "what holds is used again");
    let numbers = notes
        .calls
        .iter()
        .filter(|(asked, _)| asked.contains("generateToken"));
    let used: std::collections::BTreeSet<_> = numbers.map(|(_, bearer)| bearer).collect();
    assert!(used.len() > 1, "a new token was used");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_believed_for_the_token_of_the_service_and_for_nothing_else() {
    let azure = Azure::new().await;
    let program = Program::start(&azure);
    let ada = program.sign_in().await;
    let me = program.api(&ada, "snapshot", json!({ "open": null })).await;
    let me = me["me"]["id"].as_str().expect("an id");
    let bearer = |claims: &Value| Some(format!("Bearer {}", token(claims, "first")));
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        bearer(&claims)
    };
    let without = |name: &str| {
        let mut claims = claims();
        claims.as_object_mut().expect("claims").remove(name);
        bearer(&claims)
    };
    let right = bearer(&claims()).expect("a token");
    let (head, rest) = right.split_once('.').expect("three parts");
    let (body, signature) = rest.split_once('.').expect("three parts");
    let unsigned = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","kid":"first"}"#);
    let shared = encode(
        &Header {
            kid: Some("first".into()),
            ..Header::new(Algorithm::HS256)
        },
        &claims(),
        &EncodingKey::from_secret(b"a public key is no secret"),
    );
    let other_issuer = "https://sts.windows.net/11111111-0f6c-4b43-9f4b-5b0d6f7f2b11/";
    for (what, authorization, status) in [
        ("right", Some(right.clone()), StatusCode::OK),
        (
            "version 2",
            {
                let mut claims = claims();
                claims["iss"] = format!("{}/{TENANT}/v2.0", azure.address).into();
                claims["azp"] = claims["appid"].take();
                bearer(&claims)
            },
            StatusCode::OK,
        ),
        ("none", None, StatusCode::UNAUTHORIZED),
        (
            "nonsense",
            Some("Bearer a.b.c".into()),
            StatusCode::UNAUTHORIZED,
        ),
        (
            "basic",
            Some(right.replace("Bearer", "Basic")),
            StatusCode::UNAUTHORIZED,
        ),
        (
            "audience",
            with("aud", "https://other".into()),
            StatusCode::UNAUTHORIZED,
        ),
        (
            "issuer",
            with("iss", other_issuer.into()),
            StatusCode::UNAUTHORIZED,
        ),
        (
            "caller",
            with("appid", TENANT.into()),
            StatusCode::UNAUTHORIZED,
        ),
        ("no caller", without("appid"), StatusCode::UNAUTHORIZED),
        (
            "expired",
            with("exp", (now() - 90).into()),
            StatusCode::UNAUTHORIZED,
        ),
        ("no end", without("exp"), StatusCode::UNAUTHORIZED),
        (
            "early",
            with("nbf", (now() + 600).into()),
            StatusCode::UNAUTHORIZED,
        ),
        (
            "another key",
            Some(format!("Bearer {}", token(&claims(), "second"))),
            StatusCode::UNAUTHORIZED,
        ),
        (
            "unsigned",
            Some(format!("Bearer {unsigned}.{body}.")),
            StatusCode::UNAUTHORIZED,
        ),
        (
            "changed",
            Some(format!("{head}.{}.{signature}", body.replace('a', "b"))),
            StatusCode::UNAUTHORIZED,
        ),
        (
            "shared secret",
            Some(format!("Bearer {}", shared.expect("a token"))),
            StatusCode::UNAUTHORIZED,
        ),
        (
            "long",
            Some(format!("Bearer {}", "a".repeat(15_000))),
            StatusCode::UNAUTHORIZED,
        ),
        ("right, again", Some(right.clone()), StatusCode::OK),
    ] {
        assert_eq!(program.event(me, authorization).await, status, "{what}");
    }
    assert_eq!(azure.notes().keys_read, 1, "the keys are kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_config_tries_the_identity() {
    let azure = Azure::new().await;
    let folder = std::env::temp_dir().join(format!("chatr-entra-{}", Uuid::new_v4()));
    std::fs::create_dir_all(folder.join("site/pkg")).expect("a folder");
    let run = |client: &str| -> Output {
        azure
            .command(&folder.join("data").display().to_string())
            .env("LEPTOS_SITE_ROOT", folder.join("site"))
            .env("AZURE_CLIENT_ID", client)
            .arg("check-config")
            .output()
            .expect("runs")
    };
    let output = tokio::task::block_in_place(|| run(CLIENT));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    for found in ["ok     STORAGE_ACCOUNT_NAME", "ok     PUBSUB_ENDPOINT"] {
        assert!(text.contains(found), "{text}");
    }
    let _ = std::fs::remove_dir_all(folder);
}
