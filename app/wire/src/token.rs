//! Tokens: what is signed, and how. HS256 with the access key's own bytes (it is not base64-decoded).
//! Refuses to keep keys: every call is handed one.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// How far two clocks may differ, in seconds. Source: emulator of the service (5 minutes).
pub const LEEWAY_SECONDS: u64 = 300;

/// The claims of a client access token or of a REST token.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// The URL that the token opens: `http(s)://host/client/hubs/{hub}`, or the REST request's URL.
    pub aud: String,
    /// Seconds since 1970. Looked at while connecting only.
    pub exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    #[serde(
        default,
        deserialize_with = "one_or_many",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub role: Vec<String>,
    /// Groups joined at connect, without needing a role.
    #[serde(
        rename = "webpubsub.group",
        default,
        deserialize_with = "one_or_many",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub groups: Vec<String>,
    /// Everything else; handed to the `connect` handler.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Why a token opens nothing. Answered as 401 without details.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    #[error("no key of this hub verifies the token: {0}")]
    Invalid(#[from] jsonwebtoken::errors::Error),
    #[error("the token is for another address")]
    Audience,
}

/// Signs claims with a key of at least 32 bytes.
pub fn sign(claims: &Claims, key: &str) -> Result<String, jsonwebtoken::errors::Error> {
    jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        claims,
        &EncodingKey::from_secret(key.as_bytes()),
    )
}

/// Verifies signature (with any of the keys), times and audience: `accepts` is asked with the audience's
/// host and path. Only HS256 is accepted.
pub fn verify<'k>(
    token: &str,
    keys: impl IntoIterator<Item = &'k str>,
    accepts: impl Fn(&str, &str) -> bool,
) -> Result<Claims, Denied> {
    let mut rules = Validation::new(Algorithm::HS256);
    rules.leeway = LEEWAY_SECONDS;
    rules.validate_nbf = true;
    rules.validate_aud = false;
    rules.set_required_spec_claims(&["exp", "aud"]);
    let mut denied = Denied::Audience;
    for key in keys {
        match jsonwebtoken::decode::<Claims>(
            token,
            &DecodingKey::from_secret(key.as_bytes()),
            &rules,
        ) {
            Ok(data) => {
                let accepted =
                    host_and_path(&data.claims.aud).is_some_and(|(host, path)| accepts(host, path));
                return if accepted {
                    Ok(data.claims)
                } else {
                    Err(Denied::Audience)
                };
            }
            Err(error) => denied = error.into(),
        }
    }
    Err(denied)
}

/// The parts of an audience that count: SDKs disagree about the query, and a proxy may end TLS.
pub fn host_and_path(aud: &str) -> Option<(&str, &str)> {
    let rest = aud
        .strip_prefix("https://")
        .or_else(|| aud.strip_prefix("http://"))?;
    let rest = rest.split('?').next().unwrap_or(rest);
    let slash = rest.find('/').unwrap_or(rest.len());
    Some((&rest[..slash], &rest[slash..]))
}

/// `Endpoint=https://name.webpubsub.azure.com;AccessKey=…;Version=1.0;`
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectionString {
    /// Scheme, host and port, without a slash at the end.
    pub endpoint: String,
    pub access_key: String,
}

/// Why a text is no connection string.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadConnectionString {
    #[error("the connection string has no {0}")]
    Missing(&'static str),
    #[error("the endpoint of the connection string must begin with http:// or https://")]
    Endpoint,
}

impl std::str::FromStr for ConnectionString {
    type Err = BadConnectionString;

    fn from_str(text: &str) -> Result<Self, BadConnectionString> {
        let part = |wanted: &'static str| {
            text.split(';')
                .filter_map(|part| part.split_once('='))
                .find(|(key, _)| key.trim().eq_ignore_ascii_case(wanted))
                .map(|(_, value)| value.trim().to_owned())
                .filter(|value| !value.is_empty())
        };
        let endpoint = part("endpoint").ok_or(BadConnectionString::Missing("Endpoint"))?;
        let access_key = part("accesskey").ok_or(BadConnectionString::Missing("AccessKey"))?;
        let mut endpoint = endpoint.trim_end_matches('/').to_owned();
        if !endpoint.starts_with("http://") && !endpoint.starts_with("https://") {
            return Err(BadConnectionString::Endpoint);
        }
        if let Some(port) = part("port") {
            endpoint = format!("{endpoint}:{port}");
        }
        Ok(Self {
            endpoint,
            access_key,
        })
    }
}

impl std::fmt::Debug for ConnectionString {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectionString")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(Vec::new()),
        Value::String(one) => Ok(vec![one]),
        many => serde_json::from_value(many).map_err(serde::de::Error::custom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";

    fn claims() -> Claims {
        Claims {
            aud: "http://localhost:8080/client/hubs/chat".into(),
            exp: u64::from(u32::MAX),
            sub: Some("alice".into()),
            ..Claims::default()
        }
    }

    #[test]
    fn a_token_opens_what_it_was_signed_for_with_either_key() {
        let token = sign(&claims(), KEY).expect("signs");
        let verified = verify(
            &token,
            ["other-key-other-key-other-key-other", KEY],
            |host, path| host == "localhost:8080" && path == "/client/hubs/chat",
        );
        assert_eq!(verified.expect("verifies").sub.as_deref(), Some("alice"));
        assert!(verify(&token, ["other-key-other-key-other-key-other"], |_, _| true).is_err());
        assert!(matches!(
            verify(&token, [KEY], |_, path| path == "/else"),
            Err(Denied::Audience)
        ));
    }

    #[test]
    fn an_expired_token_and_one_without_audience_open_nothing() {
        let expired = sign(
            &Claims {
                exp: 1_000,
                ..claims()
            },
            KEY,
        )
        .expect("signs");
        assert!(verify(&expired, [KEY], |_, _| true).is_err());
        let bare = jsonwebtoken::encode(
            &Header::new(Algorithm::HS256),
            &serde_json::Map::from_iter([("exp".to_owned(), Value::from(u32::MAX))]),
            &EncodingKey::from_secret(KEY.as_bytes()),
        )
        .expect("signs");
        assert!(verify(&bare, [KEY], |_, _| true).is_err());
    }

    #[test]
    fn another_algorithm_is_refused_even_with_the_right_key() {
        let token = jsonwebtoken::encode(
            &Header::new(Algorithm::HS512),
            &claims(),
            &EncodingKey::from_secret(KEY.as_bytes()),
        )
        .expect("signs");
        assert!(verify(&token, [KEY], |_, _| true).is_err());
    }

    #[test]
    fn the_query_of_an_audience_does_not_count() {
        assert_eq!(
            host_and_path("https://h:1/api/x?api-version=1"),
            Some(("h:1", "/api/x"))
        );
        assert_eq!(host_and_path("ws://h/"), None);
    }

    #[test]
    fn a_role_may_be_one_string_or_a_list() {
        let one: Claims = serde_json::from_str(r#"{"aud":"a","exp":1,"role":"r"}"#).expect("reads");
        let many: Claims =
            serde_json::from_str(r#"{"aud":"a","exp":1,"role":["r"]}"#).expect("reads");
        assert_eq!(one.role, many.role);
    }

    #[test]
    fn a_connection_string_keeps_the_equal_signs_of_its_key_and_hides_the_key() {
        let read: ConnectionString = "endpoint=http://localhost:8080/;AccessKey=abc==;Version=1.0;"
            .parse()
            .expect("reads");
        assert_eq!(read.endpoint, "http://localhost:8080");
        assert_eq!(read.access_key, "abc==");
        assert!(!format!("{read:?}").contains("abc"));
        assert_eq!(
            "AccessKey=x".parse::<ConnectionString>(),
            Err(BadConnectionString::Missing("Endpoint"))
        );
    }
}
