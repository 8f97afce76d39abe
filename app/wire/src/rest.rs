//! The REST data plane as one enum, read and written here only: `Call` <-> `http::Request`. Refuses to
//! authorise (see `token`) and to perform (the hub does, or Azure).
//! Long because each operation is printed and read next to each other, so that the two cannot drift apart.

use crate::cloud_event::{BadEvent, body, content_type, metadata, payload};
use crate::frame::{MAX_TTL_SECONDS, Metadata, Payload, is_group_name};
use crate::role::Permission;
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

/// The newest version that this module speaks.
pub const API_VERSION: &str = "2024-12-01";

/// All versions that are answered, and all alike. Source: REST reference, general availability and previews.
pub const API_VERSIONS: &[&str] = &[
    "2020-10-01",
    "2021-05-01-preview",
    "2021-08-01-preview",
    "2021-10-01",
    "2022-10-01-preview",
    "2022-11-01",
    "2023-07-01",
    "2024-01-01",
    API_VERSION,
];

/// The largest body of a send, in bytes. Source: product documentation (1 MB per message).
pub const MAX_BODY: usize = 1024 * 1024;

/// The most entries of a page. Source: REST reference, `maxpagesize`.
pub const MAX_PAGE: usize = 200;

/// What an unreserved character of RFC 3986 is not.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    Health,
    GenerateToken {
        user: Option<String>,
        roles: Vec<String>,
        groups: Vec<String>,
        minutes: u32,
    },
    Send {
        to: Target,
        payload: Payload,
        metadata: Metadata,
        options: SendOptions,
    },
    Close {
        whom: Target,
        excluded: Vec<String>,
        reason: Option<String>,
    },
    /// Anything but `Target::All`.
    Exists {
        what: Target,
    },
    AddToGroup {
        group: String,
        member: Member,
    },
    RemoveFromGroup {
        group: String,
        member: Member,
    },
    RemoveFromAllGroups {
        member: Member,
    },
    /// Every connection that the filter fits joins these groups.
    AddToGroups {
        groups: Vec<String>,
        filter: Option<String>,
    },
    RemoveFromGroups {
        groups: Vec<String>,
        filter: Option<String>,
    },
    ListConnections {
        group: String,
        page: PageRequest,
    },
    Grant {
        permission: Permission,
        group: String,
        connection: String,
    },
    Revoke {
        permission: Permission,
        group: String,
        connection: String,
    },
    Check {
        permission: Permission,
        group: String,
        connection: String,
    },
}

/// Whom an operation concerns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    All,
    Group(String),
    User(String),
    Connection(String),
}

/// Who enters or leaves a group: one connection, or all present ones of a user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Member {
    User(String),
    Connection(String),
}

/// Who of the target does not hear it, and for how long it is worth hearing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendOptions {
    pub excluded: Vec<String>,
    /// An OData filter over connections.
    pub filter: Option<String>,
    /// Seconds, 0 to 300.
    pub ttl_seconds: Option<u32>,
}

/// Which part of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// 1 to 200.
    pub max_page_size: Option<usize>,
    /// How many entries at most over all pages.
    pub top: Option<usize>,
    pub continuation: Option<String>,
}

/// Why a request is no operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCall {
    #[error("there is no such operation")]
    Route,
    #[error("the operation exists with another method")]
    Method,
    #[error("{0}")]
    Invalid(String),
    #[error("the content type is not supported")]
    ContentType,
    #[error("{0} is not offered here")]
    NotOffered(String),
}

impl BadCall {
    pub const fn status(&self) -> StatusCode {
        match self {
            BadCall::Route => StatusCode::NOT_FOUND,
            BadCall::Method => StatusCode::METHOD_NOT_ALLOWED,
            BadCall::Invalid(_) => StatusCode::BAD_REQUEST,
            BadCall::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            BadCall::NotOffered(_) => StatusCode::NOT_IMPLEMENTED,
        }
    }
}

/// The answer to `GenerateToken`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratedToken {
    /// A client's access token; `None` if the service has no key to sign with.
    pub token: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct GroupsBody {
    groups: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
}

impl Call {
    /// Sends to whoever `to` names, everybody included.
    pub fn send(to: Target, payload: Payload) -> Self {
        Call::Send {
            to,
            payload,
            metadata: Metadata::new(),
            options: SendOptions::default(),
        }
    }

    /// Prints the request without its authorisation. `endpoint` has no slash at the end. Fails if metadata
    /// does not fit headers.
    pub fn to_request(&self, endpoint: &str, hub: &str) -> Result<Request<Bytes>, http::Error> {
        let mut query = Query(format!("api-version={API_VERSION}"));
        let (method, path) = self.route(&mut query);
        let prefix = match self {
            Call::Health => String::new(),
            _ => format!("/hubs/{}", segment(hub)),
        };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{endpoint}/api{prefix}{path}?{}", query.0));
        let bytes = match self {
            Call::Send {
                payload, metadata, ..
            } => {
                for (key, value) in metadata {
                    request = request.header(format!("x-webpubsub-metadata-{key}"), value);
                }
                request = request.header(header::CONTENT_TYPE, content_type(payload));
                body(payload)
            }
            Call::AddToGroups { groups, filter } | Call::RemoveFromGroups { groups, filter } => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                let body = GroupsBody {
                    groups: groups.clone(),
                    filter: filter.clone(),
                };
                Bytes::from(serde_json::to_string(&body).expect("plain data"))
            }
            _ => Bytes::new(),
        };
        request
            .header(header::CONTENT_LENGTH, bytes.len())
            .body(bytes)
    }

    fn route(&self, query: &mut Query) -> (Method, String) {
        match self {
            Call::Health => (Method::HEAD, "/health".into()),
            Call::GenerateToken {
                user,
                roles,
                groups,
                minutes,
            } => {
                query.all("userId", user);
                query.all("role", roles);
                query.all("group", groups);
                query.all("minutesToExpire", [minutes.to_string()].iter());
                (Method::POST, "/:generateToken".into())
            }
            Call::Send { to, options, .. } => {
                query.all("excluded", &options.excluded);
                query.all("filter", &options.filter);
                query.all(
                    "messageTtlSeconds",
                    &options.ttl_seconds.map(|ttl| ttl.to_string()),
                );
                (Method::POST, format!("{}/:send", to.path()))
            }
            Call::Close {
                whom: Target::Connection(id),
                reason,
                ..
            } => {
                query.all("reason", reason);
                (Method::DELETE, format!("/connections/{}", segment(id)))
            }
            Call::Close {
                whom,
                excluded,
                reason,
            } => {
                query.all("excluded", excluded);
                query.all("reason", reason);
                (Method::POST, format!("{}/:closeConnections", whom.path()))
            }
            Call::Exists { what } => (Method::HEAD, what.path()),
            Call::AddToGroup { group, member } => (Method::PUT, member.in_group(group)),
            Call::RemoveFromGroup { group, member } => (Method::DELETE, member.in_group(group)),
            Call::RemoveFromAllGroups { member } => {
                (Method::DELETE, format!("{}/groups", member.path()))
            }
            Call::AddToGroups { .. } => (Method::POST, "/:addToGroups".into()),
            Call::RemoveFromGroups { .. } => (Method::POST, "/:removeFromGroups".into()),
            Call::ListConnections { group, page } => {
                query.all("maxpagesize", &page.max_page_size.map(|n| n.to_string()));
                query.all("top", &page.top.map(|n| n.to_string()));
                query.all("continuationToken", &page.continuation);
                (
                    Method::GET,
                    format!("/groups/{}/connections", segment(group)),
                )
            }
            Call::Grant {
                permission,
                group,
                connection,
            } => (
                Method::PUT,
                permission_path(*permission, group, connection, query),
            ),
            Call::Revoke {
                permission,
                group,
                connection,
            } => (
                Method::DELETE,
                permission_path(*permission, group, connection, query),
            ),
            Call::Check {
                permission,
                group,
                connection,
            } => (
                Method::HEAD,
                permission_path(*permission, group, connection, query),
            ),
        }
    }

    /// Reads a request: the hub (empty for `Health`) and the operation on it.
    pub fn from_request(request: &Request<Bytes>) -> Result<(String, Call), BadCall> {
        let path = request.uri().path().trim_end_matches('/');
        let segments: Vec<String> = path
            .split('/')
            .skip(1)
            .map(decode)
            .collect::<Result<_, _>>()?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let parameters = Parameters::of(request.uri().query());
        let method = request.method();
        let (hub, rest) = match segments.as_slice() {
            ["api", "health"] if matches!(*method, Method::HEAD | Method::GET) => {
                return Ok((String::new(), Call::Health));
            }
            ["api", "health"] => return Err(BadCall::Method),
            ["api", "hubs", hub, rest @ ..] if !rest.is_empty() => ((*hub).to_owned(), rest),
            _ => return Err(BadCall::Route),
        };
        if let Some(version) = parameters.one("api-version")
            && !API_VERSIONS.contains(&version.as_str())
        {
            return Err(BadCall::Invalid(format!(
                "the api-version {version} is not known"
            )));
        }
        let send = |to: Target| parameters.send(to, request);
        let close = |whom: Target| Call::Close {
            whom,
            excluded: parameters.all("excluded"),
            reason: parameters.one("reason"),
        };
        let call = match (method.as_str(), rest) {
            ("POST", [":generateToken"]) => parameters.generate_token()?,
            ("POST", [":send"]) => send(Target::All)?,
            ("POST", ["groups", group, ":send"]) => send(Target::Group(group_name(group)?))?,
            ("POST", ["users", user, ":send"]) => send(Target::User((*user).into()))?,
            ("POST", ["connections", id, ":send"]) => send(Target::Connection((*id).into()))?,
            ("POST", [":closeConnections"]) => close(Target::All),
            ("POST", ["groups", group, ":closeConnections"]) => {
                close(Target::Group(group_name(group)?))
            }
            ("POST", ["users", user, ":closeConnections"]) => close(Target::User((*user).into())),
            ("DELETE", ["connections", id]) => Call::Close {
                whom: Target::Connection((*id).into()),
                excluded: Vec::new(),
                reason: parameters.one("reason"),
            },
            ("HEAD" | "GET", ["connections", id]) => Call::Exists {
                what: Target::Connection((*id).into()),
            },
            ("HEAD" | "GET", ["groups", group]) => Call::Exists {
                what: Target::Group(group_name(group)?),
            },
            ("HEAD" | "GET", ["users", user]) => Call::Exists {
                what: Target::User((*user).into()),
            },
            ("POST", [":addToGroups"]) => {
                let body = groups_body(request)?;
                Call::AddToGroups {
                    groups: body.groups,
                    filter: body.filter,
                }
            }
            ("POST", [":removeFromGroups"]) => {
                let body = groups_body(request)?;
                Call::RemoveFromGroups {
                    groups: body.groups,
                    filter: body.filter,
                }
            }
            ("PUT", ["groups", group, "connections", id]) => Call::AddToGroup {
                group: group_name(group)?,
                member: Member::Connection((*id).into()),
            },
            ("DELETE", ["groups", group, "connections", id]) => Call::RemoveFromGroup {
                group: group_name(group)?,
                member: Member::Connection((*id).into()),
            },
            ("PUT", ["users", user, "groups", group]) => Call::AddToGroup {
                group: group_name(group)?,
                member: Member::User((*user).into()),
            },
            ("DELETE", ["users", user, "groups", group]) => Call::RemoveFromGroup {
                group: group_name(group)?,
                member: Member::User((*user).into()),
            },
            ("DELETE", ["users", user, "groups"]) => Call::RemoveFromAllGroups {
                member: Member::User((*user).into()),
            },
            ("DELETE", ["connections", id, "groups"]) => Call::RemoveFromAllGroups {
                member: Member::Connection((*id).into()),
            },
            ("GET", ["groups", group, "connections"]) => Call::ListConnections {
                group: group_name(group)?,
                page: PageRequest {
                    max_page_size: parameters
                        .number("maxpagesize", 1..=200)?
                        .map(|n| n as usize),
                    top: parameters.number("top", 1..=u32::MAX)?.map(|n| n as usize),
                    continuation: parameters.one("continuationToken"),
                },
            },
            ("PUT" | "HEAD" | "GET" | "DELETE", ["permissions", permission, "connections", id]) => {
                let permission = Permission::from_name(permission).ok_or_else(|| {
                    BadCall::Invalid(format!("there is no permission {permission}"))
                })?;
                let group = parameters
                    .one("targetName")
                    .filter(|name| is_group_name(name))
                    .ok_or_else(|| {
                        BadCall::Invalid(
                            "targetName must be a group name of 1 to 1024 characters".into(),
                        )
                    })?;
                let connection = (*id).to_owned();
                match *method {
                    Method::PUT => Call::Grant {
                        permission,
                        group,
                        connection,
                    },
                    Method::DELETE => Call::Revoke {
                        permission,
                        group,
                        connection,
                    },
                    _ => Call::Check {
                        permission,
                        group,
                        connection,
                    },
                }
            }
            (_, rest) if is_route(rest) => return Err(BadCall::Method),
            _ => return Err(BadCall::Route),
        };
        Ok((hub, call))
    }
}

fn is_route(rest: &[&str]) -> bool {
    matches!(
        rest,
        [":generateToken" | ":send" | ":closeConnections" | ":addToGroups" | ":removeFromGroups"]
            | ["groups" | "users" | "connections", _]
            | [
                "groups" | "users" | "connections",
                _,
                ":send" | ":closeConnections" | "connections" | "groups"
            ]
            | [
                "groups" | "users" | "permissions",
                _,
                "connections" | "groups",
                _
            ]
    )
}

impl Target {
    fn path(&self) -> String {
        match self {
            Target::All => String::new(),
            Target::Group(group) => format!("/groups/{}", segment(group)),
            Target::User(user) => format!("/users/{}", segment(user)),
            Target::Connection(id) => format!("/connections/{}", segment(id)),
        }
    }
}

impl Member {
    fn path(&self) -> String {
        match self {
            Member::User(user) => format!("/users/{}", segment(user)),
            Member::Connection(id) => format!("/connections/{}", segment(id)),
        }
    }

    fn in_group(&self, group: &str) -> String {
        match self {
            Member::User(user) => format!("/users/{}/groups/{}", segment(user), segment(group)),
            Member::Connection(id) => {
                format!("/groups/{}/connections/{}", segment(group), segment(id))
            }
        }
    }
}

struct Query(String);

impl Query {
    fn all<'a>(&mut self, key: &str, values: impl IntoIterator<Item = &'a String>) {
        for value in values {
            self.0.push_str(&format!("&{key}={}", segment(value)));
        }
    }
}

struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn of(query: Option<&str>) -> Self {
        Self(
            form_urlencoded::parse(query.unwrap_or_default().as_bytes())
                .into_owned()
                .collect(),
        )
    }

    fn all(&self, key: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(k, _)| k == key)
            .map(|(_, value)| value.clone())
            .collect()
    }

    fn one(&self, key: &str) -> Option<String> {
        self.all(key).pop().filter(|value| !value.is_empty())
    }

    fn number(
        &self,
        key: &str,
        range: std::ops::RangeInclusive<u32>,
    ) -> Result<Option<u32>, BadCall> {
        self.one(key)
            .map(|text| {
                text.parse()
                    .ok()
                    .filter(|n| range.contains(n))
                    .ok_or_else(|| {
                        BadCall::Invalid(format!(
                            "{key} must be a number from {} to {}",
                            range.start(),
                            range.end()
                        ))
                    })
            })
            .transpose()
    }

    fn generate_token(&self) -> Result<Call, BadCall> {
        if let Some(kind) = self.one("clientType")
            && !kind.eq_ignore_ascii_case("default")
        {
            return Err(BadCall::NotOffered(format!("the client type {kind}")));
        }
        Ok(Call::GenerateToken {
            user: self.one("userId"),
            roles: self.all("role"),
            groups: self.all("group"),
            minutes: self.number("minutesToExpire", 1..=u32::MAX)?.unwrap_or(60),
        })
    }

    fn send(&self, to: Target, request: &Request<Bytes>) -> Result<Call, BadCall> {
        let length: Option<usize> = request
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        if length.is_none_or(|length| length > MAX_BODY) || request.body().len() > MAX_BODY {
            return Err(BadCall::Invalid("Invalid Content-Length header.".into()));
        }
        let payload = payload(request.headers(), request.body()).map_err(|error| match error {
            BadEvent::ContentType => BadCall::ContentType,
            other => BadCall::Invalid(other.to_string()),
        })?;
        if matches!(payload, Payload::Protobuf(_)) {
            return Err(BadCall::ContentType);
        }
        Ok(Call::Send {
            to,
            payload,
            metadata: metadata(request.headers()),
            options: SendOptions {
                excluded: self.all("excluded"),
                filter: self.one("filter"),
                ttl_seconds: self.number("messageTtlSeconds", 0..=MAX_TTL_SECONDS)?,
            },
        })
    }
}

fn groups_body(request: &Request<Bytes>) -> Result<GroupsBody, BadCall> {
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if !kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json")) {
        return Err(BadCall::ContentType);
    }
    let body: GroupsBody = serde_json::from_slice(request.body())
        .map_err(|error| BadCall::Invalid(error.to_string()))?;
    if body.groups.is_empty() || !body.groups.iter().all(|group| is_group_name(group)) {
        return Err(BadCall::Invalid(
            "groups must name at least one valid group".into(),
        ));
    }
    Ok(GroupsBody {
        filter: body.filter.filter(|filter| !filter.trim().is_empty()),
        ..body
    })
}

fn permission_path(
    permission: Permission,
    group: &String,
    connection: &str,
    query: &mut Query,
) -> String {
    query.all("targetName", [group]);
    format!(
        "/permissions/{}/connections/{}",
        permission.name(),
        segment(connection)
    )
}

fn group_name(name: &str) -> Result<String, BadCall> {
    is_group_name(name)
        .then(|| name.to_owned())
        .ok_or_else(|| BadCall::Invalid("a group name has 1 to 1024 characters".into()))
}

fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// Decodes a path segment once, `%2F` included: a deliberate difference from Microsoft's emulator, which
/// leaves that one encoded and so cannot address users whose id has a slash.
fn decode(segment: &str) -> Result<String, BadCall> {
    percent_decode_str(segment)
        .decode_utf8()
        .map(|text| text.into_owned())
        .map_err(|_| BadCall::Invalid("the path is not UTF-8".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls() -> Vec<Call> {
        let odd = || "user/1 a%+ü?".to_owned();
        let payload = || Payload::Text("hi".into());
        let full = SendOptions {
            excluded: vec!["c1".into(), odd()],
            filter: Some("userId eq 'it''s'".into()),
            ttl_seconds: Some(300),
        };
        let mut calls = vec![
            Call::GenerateToken {
                user: Some(odd()),
                roles: vec!["r".into(), "s".into()],
                groups: vec![odd()],
                minutes: 5,
            },
            Call::Send {
                to: Target::All,
                payload: payload(),
                metadata: Metadata::from([("k".into(), "v".into())]),
                options: full,
            },
            Call::AddToGroups {
                groups: vec![odd()],
                filter: Some("userId eq null".into()),
            },
            Call::RemoveFromGroups {
                groups: vec![odd()],
                filter: None,
            },
            Call::ListConnections {
                group: odd(),
                page: PageRequest {
                    max_page_size: Some(2),
                    top: Some(5),
                    continuation: Some("a b".into()),
                },
            },
        ];
        for target in [
            Target::Group(odd()),
            Target::User(odd()),
            Target::Connection(odd()),
        ] {
            calls.push(Call::send(target.clone(), payload()));
            calls.push(Call::Close {
                whom: target.clone(),
                excluded: Vec::new(),
                reason: Some("bye & go".into()),
            });
            calls.push(Call::Exists { what: target });
        }
        for member in [Member::User(odd()), Member::Connection(odd())] {
            calls.push(Call::AddToGroup {
                group: odd(),
                member: member.clone(),
            });
            calls.push(Call::RemoveFromGroup {
                group: odd(),
                member: member.clone(),
            });
            calls.push(Call::RemoveFromAllGroups { member });
        }
        for permission in [Permission::SendToGroup, Permission::JoinLeaveGroup] {
            calls.push(Call::Grant {
                permission,
                group: odd(),
                connection: odd(),
            });
            calls.push(Call::Revoke {
                permission,
                group: odd(),
                connection: odd(),
            });
            calls.push(Call::Check {
                permission,
                group: odd(),
                connection: odd(),
            });
        }
        calls
    }

    #[test]
    fn every_operation_survives_the_journey_with_odd_names() {
        for call in calls() {
            let request = call
                .to_request("http://localhost:8080", "chat")
                .expect("a request");
            assert_eq!(Call::from_request(&request), Ok(("chat".into(), call)));
        }
    }

    #[test]
    fn a_send_without_length_or_with_an_unknown_type_is_refused() {
        let post =
            |kind: &str| Request::post("http://h/api/hubs/chat/:send").header("content-type", kind);
        let bare = post("text/plain")
            .body(Bytes::from_static(b"x"))
            .expect("a request");
        assert!(matches!(
            Call::from_request(&bare),
            Err(BadCall::Invalid(_))
        ));
        let odd = post("text/csv")
            .header("content-length", "1")
            .body(Bytes::from_static(b"x"))
            .expect("a request");
        assert_eq!(Call::from_request(&odd), Err(BadCall::ContentType));
    }

    #[test]
    fn a_wrong_method_and_a_wrong_path_are_two_answers() {
        let get = |path: &str| {
            Request::get(format!("http://h{path}"))
                .body(Bytes::new())
                .expect("a request")
        };
        assert_eq!(
            Call::from_request(&get("/api/hubs/chat/:send")),
            Err(BadCall::Method)
        );
        assert_eq!(
            Call::from_request(&get("/api/hubs/chat/else")),
            Err(BadCall::Route)
        );
    }
}
