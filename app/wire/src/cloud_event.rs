//! Webhooks: what the service tells the application's event handler, as CloudEvents in HTTP binary mode, and
//! what the handler may answer. Both ends read and write them here only. Refuses to send or to retry.

use crate::frame::{Metadata, Payload, is_metadata};
use bytes::Bytes;
use hmac::{Hmac, Mac};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The largest answer of a handler, in bytes. Source: emulator of the service.
pub const MAX_ANSWER: usize = 16 * 1024 * 1024;

const METADATA_PREFIX: &str = "x-webpubsub-metadata-";

/// One event on its way to the handler.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    pub context: Context,
    pub event: CloudEvent,
}

/// What every event says about its connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    pub hub: String,
    pub connection_id: String,
    pub user_id: Option<String>,
    pub subprotocol: Option<String>,
    /// The opaque text that the handler's answers keep for this connection.
    pub connection_state: Option<String>,
    /// `connect` is 0, then 1, 2, … per connection.
    pub id: u64,
    /// `yyyy-MM-ddTHH:mm:ssZ`.
    pub time: String,
    /// Host and port of the service, for the handler's abuse protection.
    pub origin: String,
}

/// What happened to the connection.
#[derive(Clone, Debug, PartialEq)]
pub enum CloudEvent {
    /// Blocking: the upgrade waits for the answer.
    Connect(ConnectRequest),
    Connected,
    Disconnected {
        reason: String,
    },
    /// Blocking: the connection's next frame waits for the answer.
    User {
        event: String,
        payload: Payload,
        metadata: Metadata,
    },
}

/// What the handler learns before it lets a client in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConnectRequest {
    pub claims: BTreeMap<String, Vec<String>>,
    pub query: BTreeMap<String, Vec<String>>,
    pub headers: BTreeMap<String, Vec<String>>,
    pub subprotocols: Vec<String>,
    pub client_certificates: Vec<serde_json::Value>,
}

/// What the handler may change about a client that it lets in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConnectAnswer {
    /// Overrides the token's user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Joined at once; replaces the token's groups unless empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Replaces the token's roles, also when empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subprotocol: Option<String>,
}

/// Why a request is no CloudEvent of the service.
#[derive(Debug, thiserror::Error)]
pub enum BadEvent {
    #[error("the header {0} is missing or malformed")]
    Header(&'static str),
    #[error("the event type is not known")]
    Type,
    #[error("the content type is not known")]
    ContentType,
    #[error("the body does not parse: {0}")]
    Body(#[from] serde_json::Error),
    #[error("the body is not UTF-8")]
    Utf8(#[from] std::str::Utf8Error),
}

/// Why an answer cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadAnswer {
    #[error("the handler answered {0}")]
    Status(StatusCode),
    #[error("the handler's answer has an unusable content type or body")]
    Body,
    #[error("the handler's answer is larger than {MAX_ANSWER} bytes")]
    TooLarge,
}

impl CloudEvent {
    /// `connect`, `connected`, `disconnected`, or the name of the user event.
    pub fn name(&self) -> &str {
        match self {
            CloudEvent::Connect(_) => "connect",
            CloudEvent::Connected => "connected",
            CloudEvent::Disconnected { .. } => "disconnected",
            CloudEvent::User { event, .. } => event,
        }
    }

    const fn is_system(&self) -> bool {
        !matches!(self, CloudEvent::User { .. })
    }
}

#[derive(Serialize, Deserialize)]
struct DisconnectedBody {
    #[serde(default)]
    reason: String,
}

impl Delivery {
    /// The POST for a handler at `uri`, signed with every access key. Fails if a name does not fit a header.
    pub fn to_request<'k>(
        &self,
        uri: &str,
        keys: impl IntoIterator<Item = &'k str>,
    ) -> Result<Request<Bytes>, http::Error> {
        let context = &self.context;
        let scope = if self.event.is_system() {
            "sys"
        } else {
            "user"
        };
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(uri)
            .header("ce-specversion", "1.0")
            .header("ce-awpsversion", "1.0")
            .header(
                "ce-type",
                format!("azure.webpubsub.{scope}.{}", self.event.name()),
            )
            .header("ce-eventName", self.event.name())
            .header(
                "ce-source",
                format!("/hubs/{}/client/{}", context.hub, context.connection_id),
            )
            .header("ce-id", context.id)
            .header("ce-time", &context.time)
            .header("ce-hub", &context.hub)
            .header("ce-connectionId", &context.connection_id)
            .header("ce-signature", signature(keys, &context.connection_id))
            .header("WebHook-Request-Origin", &context.origin);
        for (name, value) in [
            ("ce-userId", &context.user_id),
            ("ce-subprotocol", &context.subprotocol),
            ("ce-connectionState", &context.connection_state),
        ] {
            if let Some(value) = value {
                request = request.header(name, HeaderValue::from_bytes(value.as_bytes())?);
            }
        }
        let json = "application/json; charset=utf-8";
        let (kind, body) = match &self.event {
            CloudEvent::Connect(connect) => (json, Bytes::from(plain_json(connect))),
            CloudEvent::Connected => (json, Bytes::from_static(b"{}")),
            CloudEvent::Disconnected { reason } => (
                json,
                Bytes::from(plain_json(&DisconnectedBody {
                    reason: reason.clone(),
                })),
            ),
            CloudEvent::User {
                payload, metadata, ..
            } => {
                for (key, value) in metadata {
                    request = request.header(
                        format!("{METADATA_PREFIX}{}", key.to_ascii_lowercase()),
                        value,
                    );
                }
                (content_type(payload), body(payload))
            }
        };
        request
            .header(header::CONTENT_TYPE, kind)
            .header(header::CONTENT_LENGTH, body.len())
            .body(body)
    }

    /// Reads what `to_request` and the real service write. Says nothing about who sent it: see `verify`.
    pub fn from_request(request: &Request<Bytes>) -> Result<Self, BadEvent> {
        let headers = request.headers();
        let required = |name: &'static str| text(headers, name).ok_or(BadEvent::Header(name));
        let kind = required("ce-type")?;
        let context = Context {
            hub: required("ce-hub")?,
            connection_id: required("ce-connectionId")?,
            user_id: text(headers, "ce-userId"),
            subprotocol: text(headers, "ce-subprotocol"),
            connection_state: text(headers, "ce-connectionState"),
            id: text(headers, "ce-id")
                .and_then(|id| id.parse().ok())
                .unwrap_or_default(),
            time: text(headers, "ce-time").unwrap_or_default(),
            origin: text(headers, "WebHook-Request-Origin").unwrap_or_default(),
        };
        let event = match kind
            .strip_prefix("azure.webpubsub.")
            .ok_or(BadEvent::Type)?
        {
            "sys.connect" => CloudEvent::Connect(serde_json::from_slice(request.body())?),
            "sys.connected" => CloudEvent::Connected,
            "sys.disconnected" => CloudEvent::Disconnected {
                reason: serde_json::from_slice::<DisconnectedBody>(request.body())
                    .map(|body| body.reason)
                    .unwrap_or_default(),
            },
            user if user.starts_with("user.") => CloudEvent::User {
                event: required("ce-eventName")?,
                payload: payload(headers, request.body())?,
                metadata: metadata(headers),
            },
            _ => return Err(BadEvent::Type),
        };
        Ok(Self { context, event })
    }
}

impl ConnectAnswer {
    /// 200 with JSON, or 204 when nothing changes.
    pub fn to_response(&self, state: Option<&str>) -> Result<Response<Bytes>, http::Error> {
        let mut response = Response::builder();
        if let Some(state) = state {
            response = response.header("ce-connectionState", state);
        }
        if *self == Self::default() {
            return response.status(StatusCode::NO_CONTENT).body(Bytes::new());
        }
        response
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(plain_json(self)))
    }

    /// Reads an answer to `connect`.
    pub fn from_response(response: &Response<Bytes>) -> Result<Self, BadAnswer> {
        accepted(response)?;
        if response.body().is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice::<Option<Self>>(response.body())
            .map(Option::unwrap_or_default)
            .map_err(|_| BadAnswer::Body)
    }
}

/// The answer to a user event: nothing, or a message for the connection that sent it.
pub fn user_answer(payload: Option<&Payload>) -> Response<Bytes> {
    let Some(payload) = payload else {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::NO_CONTENT;
        return response;
    };
    let mut response = Response::new(body(payload));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(content_type(payload)),
    );
    response
}

/// Reads an answer to a user event.
pub fn read_user_answer(
    response: &Response<Bytes>,
) -> Result<Option<(Payload, Metadata)>, BadAnswer> {
    accepted(response)?;
    let metadata = metadata(response.headers());
    if response.body().is_empty() {
        return Ok((!metadata.is_empty()).then(|| (Payload::Text(String::new()), metadata)));
    }
    payload(response.headers(), response.body())
        .map(|payload| Some((payload, metadata)))
        .map_err(|_| BadAnswer::Body)
}

/// The state that a blocking answer sets for its connection; `None` keeps the old one.
pub fn answered_state(headers: &HeaderMap) -> Option<String> {
    text(headers, "ce-connectionState")
}

/// The question whether a handler wants events from this service.
pub fn validation_request(uri: &str, origin: &str) -> Result<Request<Bytes>, http::Error> {
    Request::builder()
        .method(Method::OPTIONS)
        .uri(uri)
        .header("WebHook-Request-Origin", origin)
        .header("ce-awpsversion", "1.0")
        .body(Bytes::new())
}

/// Whether the handler's answer to the question allows `origin`.
pub fn validation_allows<B>(response: &Response<B>, origin: &str) -> bool {
    response.status().is_success()
        && response
            .headers()
            .get_all("WebHook-Allowed-Origin")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin))
}

/// `ce-signature`: one HMAC of the connection id per access key. It covers nothing but the connection id.
pub fn signature<'k>(keys: impl IntoIterator<Item = &'k str>, connection_id: &str) -> String {
    let mut header = String::new();
    for key in keys {
        if !header.is_empty() {
            header.push(',');
        }
        header.push_str("sha256=");
        for byte in mac(key, connection_id).finalize().into_bytes() {
            let _ = write!(header, "{byte:02x}");
        }
    }
    header
}

/// Whether a `ce-signature` holds an HMAC of the connection id by one of the keys. Takes the same time for
/// every wrong value.
pub fn verify<'k>(
    keys: impl IntoIterator<Item = &'k str> + Clone,
    connection_id: &str,
    signature: &str,
) -> bool {
    let mut verified = false;
    for entry in signature.split(',').take(4) {
        let Some(bytes) = entry.trim().strip_prefix("sha256=").and_then(from_hex) else {
            continue;
        };
        for key in keys.clone() {
            verified |= mac(key, connection_id).verify_slice(&bytes).is_ok();
        }
    }
    verified
}

fn mac(key: &str, connection_id: &str) -> Hmac<Sha256> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key.as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update(connection_id.as_bytes());
    mac
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    digits
        .chunks(2)
        .map(|two| {
            let high = (two[0] as char).to_digit(16)?;
            let low = (two[1] as char).to_digit(16)?;
            u8::try_from(high * 16 + low).ok()
        })
        .collect()
}

fn accepted(response: &Response<Bytes>) -> Result<(), BadAnswer> {
    if !response.status().is_success() {
        return Err(BadAnswer::Status(response.status()));
    }
    if response.body().len() > MAX_ANSWER {
        return Err(BadAnswer::TooLarge);
    }
    Ok(())
}

/// The media type of a payload over HTTP.
pub const fn content_type(payload: &Payload) -> &'static str {
    match payload {
        Payload::Text(_) => "text/plain; charset=utf-8",
        Payload::Json(_) => "application/json",
        Payload::Binary(_) => "application/octet-stream",
        Payload::Protobuf(_) => "application/x-protobuf",
    }
}

/// A payload as an HTTP body.
pub fn body(payload: &Payload) -> Bytes {
    match payload {
        Payload::Text(text) => Bytes::copy_from_slice(text.as_bytes()),
        Payload::Json(json) => Bytes::copy_from_slice(json.get().as_bytes()),
        Payload::Binary(bytes) | Payload::Protobuf(bytes) => bytes.clone(),
    }
}

/// Reads an HTTP body by its media type; none means binary.
pub fn payload(headers: &HeaderMap, body: &Bytes) -> Result<Payload, BadEvent> {
    let kind = text(headers, "content-type").unwrap_or_default();
    match kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
        .as_str()
    {
        "text/plain" => Ok(Payload::Text(std::str::from_utf8(body)?.to_owned())),
        "application/json" => Ok(Payload::Json(serde_json::from_slice(body)?)),
        "application/octet-stream" | "" => Ok(Payload::Binary(body.clone())),
        "application/x-protobuf" => Ok(Payload::Protobuf(body.clone())),
        _ => Err(BadEvent::ContentType),
    }
}

/// The message metadata among some headers.
pub fn metadata(headers: &HeaderMap) -> Metadata {
    let found: Metadata = headers
        .keys()
        .filter_map(|name: &HeaderName| {
            let key = name.as_str().strip_prefix(METADATA_PREFIX)?;
            let last = headers.get_all(name).iter().next_back()?.to_str().ok()?;
            Some((
                key.to_owned(),
                last.rsplit(',')
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .to_owned(),
            ))
        })
        .collect();
    if is_metadata(&found) {
        found
    } else {
        Metadata::new()
    }
}

/// A header as UTF-8 text: user ids may hold any character.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    std::str::from_utf8(headers.get(name)?.as_bytes())
        .ok()
        .map(str::to_owned)
}

fn plain_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain data")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIMARY: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";
    const SECONDARY: &str = "secondary-key-secondary-key-secondary-key-00";

    #[test]
    fn the_signature_equals_the_published_vector() {
        assert_eq!(
            signature([PRIMARY, SECONDARY], "b7f3c0de"),
            "sha256=6b34aaa88b3ccba1b26836525a4610d1da7d3761070f94f10f39e98d35fd03ae,\
             sha256=192f5c804dcb76c5dbd0d65eb0f0b60c44c4e85953d49210554ed9d4ce4d693b"
        );
    }

    #[test]
    fn a_signature_by_either_key_verifies_and_only_for_its_connection() {
        let only_second = signature([SECONDARY], "b7f3c0de");
        assert!(verify([PRIMARY, SECONDARY], "b7f3c0de", &only_second));
        assert!(verify(
            [PRIMARY, SECONDARY],
            "b7f3c0de",
            &format!("sha256={},{only_second}", "0".repeat(64))
        ));
        assert!(!verify([PRIMARY, SECONDARY], "other", &only_second));
        assert!(!verify([PRIMARY], "b7f3c0de", &only_second));
        assert!(!verify([PRIMARY], "b7f3c0de", ""));
    }

    fn delivery(event: CloudEvent) -> Delivery {
        Delivery {
            context: Context {
                hub: "chat".into(),
                connection_id: "b7f3c0de".into(),
                user_id: Some("żółw".into()),
                subprotocol: Some("json.webpubsub.azure.v1".into()),
                connection_state: Some("eyJrIjoxfQ==".into()),
                id: 3,
                time: "2026-11-22T10:00:00Z".into(),
                origin: "localhost:8080".into(),
            },
            event,
        }
    }

    #[test]
    fn every_event_survives_the_journey() {
        for event in [
            CloudEvent::Connect(ConnectRequest {
                subprotocols: vec!["a".into()],
                ..ConnectRequest::default()
            }),
            CloudEvent::Connected,
            CloudEvent::Disconnected {
                reason: "bye".into(),
            },
            CloudEvent::User {
                event: "postMessage".into(),
                payload: Payload::Text("hi".into()),
                metadata: Metadata::from([("trace".into(), "7f".into())]),
            },
        ] {
            let sent = delivery(event);
            let request = sent
                .to_request("/api/eventHandler", [PRIMARY])
                .expect("a request");
            assert_eq!(Delivery::from_request(&request).expect("reads"), sent);
        }
    }

    #[test]
    fn an_answer_to_connect_changes_only_what_it_names() {
        let answer = ConnectAnswer {
            roles: Some(Vec::new()),
            groups: vec!["g".into()],
            ..ConnectAnswer::default()
        };
        let response = answer.to_response(Some("s")).expect("a response");
        assert_eq!(
            ConnectAnswer::from_response(&response).expect("reads"),
            answer
        );
        assert_eq!(answered_state(response.headers()).as_deref(), Some("s"));
        let empty = Response::new(Bytes::from_static(b"null"));
        assert_eq!(
            ConnectAnswer::from_response(&empty).expect("reads"),
            ConnectAnswer::default()
        );
    }

    #[test]
    fn a_handler_allows_by_star_or_by_host_and_not_by_a_list() {
        let allowing = |value: &'static str| {
            Response::builder()
                .header("WebHook-Allowed-Origin", value)
                .body(())
                .expect("a response")
        };
        assert!(validation_allows(&allowing("*"), "h:1"));
        assert!(validation_allows(&allowing("H:1"), "h:1"));
        assert!(!validation_allows(&allowing("h:1,other"), "h:1"));
    }
}
