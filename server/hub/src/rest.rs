//! The door for applications: `/api/hubs/{*rest}` and `/api/health`. Reads a call, checks its token, performs
//! it on the connections that are present, answers as the service does.

use crate::registry::Registry;
use crate::session::{Ending, Session};
use crate::{Hub, access, clock, fanout};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use serde::Serialize;
use std::sync::Arc;
use wire::frame::{Message, Sender};
use wire::rest::{
    API_VERSION, BadCall, Call, GeneratedToken, MAX_BODY, MAX_PAGE, Member, PageRequest, Target,
};
use wire::token::{Claims, sign};

/// What the service answers when something is wrong.
struct Problem {
    status: StatusCode,
    code: &'static str,
    target: &'static str,
    message: String,
}

#[derive(Serialize)]
struct ProblemBody<'a> {
    code: &'a str,
    message: &'a str,
    target: &'a str,
    details: Option<()>,
    innererror: Option<()>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    value: Vec<Listed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_link: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    connection_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
}

/// Answers any method on any path below `/api`.
pub async fn answer(State(hub): State<Hub>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, MAX_BODY).await else {
        return Problem::invalid("Invalid Content-Length header.").into_response();
    };
    let request = Request::from_parts(parts, bytes);
    perform(&hub, &request).unwrap_or_else(Problem::into_response)
}

fn perform(hub: &Hub, request: &Request<Bytes>) -> Result<Response, Problem> {
    let path = request.uri().path();
    if path.trim_end_matches('/') != "/api/health" {
        let host = access::host_of(request.uri(), request.headers());
        access::rest(hub.config(), request.headers(), path, host).map_err(|_| Problem {
            status: StatusCode::UNAUTHORIZED,
            code: "Unauthorized",
            target: "Request",
            message: "The token is missing or not valid for this call.".into(),
        })?;
    }
    let (name, call) = Call::from_request(request).map_err(Problem::from)?;
    if call == Call::Health {
        return Ok(empty(StatusCode::OK));
    }
    let name =
        access::hub_name(&name).ok_or_else(|| Problem::invalid("The hub's name is not valid."))?;
    if has_filter(&call) {
        return Err(Problem {
            status: StatusCode::NOT_IMPLEMENTED,
            code: "Error.NotImplemented",
            target: "filter",
            message: "Filters are not offered here yet; name groups, users or connections instead."
                .into(),
        });
    }
    let state = hub.of(&name);
    let mut registry = state.lock();
    Ok(match call {
        Call::Health => empty(StatusCode::OK),
        Call::GenerateToken {
            user,
            roles,
            groups,
            minutes,
        } => {
            drop(registry);
            let host = access::host_of(request.uri(), request.headers()).unwrap_or_default();
            let now = clock::seconds();
            let claims = Claims {
                aud: format!("http://{host}/client/hubs/{name}"),
                exp: now + u64::from(minutes) * 60,
                iat: Some(now),
                sub: user,
                role: roles,
                groups,
                ..Claims::default()
            };
            let token = hub
                .config()
                .keys
                .first()
                .and_then(|key| sign(&claims, key).ok());
            json(StatusCode::OK, &GeneratedToken { token })
        }
        Call::Send {
            to,
            payload,
            metadata,
            options,
        } => {
            let from = match &to {
                Target::Group(group) => Sender::Group {
                    group: group.clone(),
                    user: None,
                },
                Target::All | Target::User(_) | Target::Connection(_) => Sender::Server,
            };
            let message = Message {
                from,
                payload,
                sequence_id: None,
                metadata,
            };
            let excluded = |id: &str| options.excluded.iter().any(|excluded| excluded == id);
            match to {
                Target::All => fanout::deliver(message, registry.all(), excluded),
                Target::Group(group) => {
                    fanout::deliver(message, registry.in_group(&group), excluded)
                }
                Target::User(user) => fanout::deliver(message, registry.of_user(&user), excluded),
                Target::Connection(id) => {
                    let one = registry.get(&id).map(|session| (id.as_str(), session));
                    fanout::deliver(message, one.into_iter(), excluded);
                }
            }
            empty(StatusCode::ACCEPTED)
        }
        Call::Close {
            whom,
            excluded,
            reason,
        } => {
            let sessions = targeted(&registry, &whom);
            drop(registry);
            for session in sessions {
                if !excluded.iter().any(|id| **id == *session.id) {
                    session.end(Ending::by_application(reason.clone()));
                }
            }
            empty(StatusCode::NO_CONTENT)
        }
        Call::Exists { what } => {
            let (there, code) = match &what {
                Target::Group(group) => (registry.group_exists(group), "Warning.Group.NotExisted"),
                Target::User(user) => (registry.user_exists(user), "Warning.User.NotExisted"),
                Target::Connection(id) => {
                    (registry.get(id).is_some(), "Warning.Connection.NotExisted")
                }
                Target::All => (true, ""),
            };
            if there {
                empty(StatusCode::OK)
            } else {
                not_found(code)
            }
        }
        Call::AddToGroup { group, member } => match member {
            Member::Connection(id) if registry.join(&id, &group) => empty(StatusCode::OK),
            Member::Connection(id) => {
                return Err(Problem::no_connection("Error.Connection.NotExisted", &id));
            }
            Member::User(user) => {
                let ids = ids_of(&registry, &user);
                if ids.is_empty() {
                    return Err(Problem {
                        status: StatusCode::NOT_FOUND,
                        code: "Error.User.NotExisted",
                        target: "User",
                        message: format!("User `{user}` is not found."),
                    });
                }
                for id in ids {
                    registry.join(&id, &group);
                }
                empty(StatusCode::OK)
            }
        },
        Call::RemoveFromGroup { group, member } => {
            for id in ids_of_member(&registry, member) {
                registry.leave(&id, &group);
            }
            empty(StatusCode::NO_CONTENT)
        }
        Call::RemoveFromAllGroups { member } => {
            for id in ids_of_member(&registry, member) {
                registry.leave_all(&id);
            }
            empty(StatusCode::NO_CONTENT)
        }
        Call::AddToGroups { groups, .. } => {
            let ids: Vec<String> = registry.all().map(|(id, _)| id.to_owned()).collect();
            for (id, group) in ids
                .iter()
                .flat_map(|id| groups.iter().map(move |group| (id, group)))
            {
                registry.join(id, group);
            }
            empty(StatusCode::OK)
        }
        Call::RemoveFromGroups { groups, .. } => {
            let ids: Vec<String> = registry.all().map(|(id, _)| id.to_owned()).collect();
            for (id, group) in ids
                .iter()
                .flat_map(|id| groups.iter().map(move |group| (id, group)))
            {
                registry.leave(id, group);
            }
            empty(StatusCode::OK)
        }
        Call::ListConnections { group, page } => {
            let host = access::host_of(request.uri(), request.headers()).unwrap_or_default();
            json(
                StatusCode::OK,
                &list(&registry, &group, &page, &format!("http://{host}{path}"))?,
            )
        }
        Call::Grant {
            permission,
            group,
            connection,
        } => {
            if !registry.change(&connection, permission, &group, true) {
                return Err(Problem::no_connection(
                    "Info.Connection.NotExisted",
                    &connection,
                ));
            }
            empty(StatusCode::OK)
        }
        Call::Revoke {
            permission,
            group,
            connection,
        } => {
            registry.change(&connection, permission, &group, false);
            empty(StatusCode::NO_CONTENT)
        }
        Call::Check {
            permission,
            group,
            connection,
        } => {
            if registry.get(&connection).is_none() {
                not_found("Info.Connection.NotExisted")
            } else if registry.allows(&connection, permission, &group) {
                empty(StatusCode::OK)
            } else {
                not_found("Warning.Permission.NotExisted")
            }
        }
    })
}

fn has_filter(call: &Call) -> bool {
    match call {
        Call::Send { options, .. } => options.filter.is_some(),
        Call::AddToGroups { filter, .. } | Call::RemoveFromGroups { filter, .. } => {
            filter.is_some()
        }
        _ => false,
    }
}

fn targeted(registry: &Registry<Arc<Session>>, whom: &Target) -> Vec<Arc<Session>> {
    match whom {
        Target::All => registry.all().map(|(_, session)| session.clone()).collect(),
        Target::Group(group) => registry
            .in_group(group)
            .map(|(_, session)| session.clone())
            .collect(),
        Target::User(user) => registry
            .of_user(user)
            .map(|(_, session)| session.clone())
            .collect(),
        Target::Connection(id) => registry.get(id).cloned().into_iter().collect(),
    }
}

fn ids_of(registry: &Registry<Arc<Session>>, user: &str) -> Vec<String> {
    registry
        .of_user(user)
        .map(|(id, _)| id.to_owned())
        .collect()
}

fn ids_of_member(registry: &Registry<Arc<Session>>, member: Member) -> Vec<String> {
    match member {
        Member::Connection(id) => vec![id],
        Member::User(user) => ids_of(registry, &user),
    }
}

/// A page of a group, ordered by connection id. The continuation token is the last id that was listed.
fn list(
    registry: &Registry<Arc<Session>>,
    group: &str,
    page: &PageRequest,
    address: &str,
) -> Result<Listing, Problem> {
    let after = page.continuation.as_deref().unwrap_or_default();
    if !after.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(Problem::invalid("The continuation token is not valid."));
    }
    let mut ids: Vec<&str> = registry
        .in_group(group)
        .map(|(id, _)| id)
        .filter(|id| *id > after)
        .collect();
    ids.sort_unstable();
    let size = page
        .max_page_size
        .unwrap_or(MAX_PAGE)
        .min(page.top.unwrap_or(usize::MAX));
    let more = ids.len() > size;
    ids.truncate(size);
    let left = page.top.map(|top| top - ids.len());
    let next_link = (more && left != Some(0)).then(|| {
        let mut link = format!("{address}?api-version={API_VERSION}");
        if let Some(size) = page.max_page_size {
            link.push_str(&format!("&maxpagesize={size}"));
        }
        if let Some(left) = left {
            link.push_str(&format!("&top={left}"));
        }
        link.push_str(&format!(
            "&continuationToken={}",
            ids.last().copied().unwrap_or_default()
        ));
        link
    });
    let value = ids
        .iter()
        .map(|id| Listed {
            connection_id: (*id).to_owned(),
            user_id: registry.user_of(id).map(str::to_owned),
        })
        .collect();
    Ok(Listing { value, next_link })
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let mut response = Response::new(Body::from(serde_json::to_vec(value).expect("plain data")));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json; charset=utf-8"),
    );
    response
}

fn not_found(code: &'static str) -> Response {
    let mut response = empty(StatusCode::NOT_FOUND);
    response
        .headers_mut()
        .insert("x-ms-error-code", header::HeaderValue::from_static(code));
    response
}

impl Problem {
    fn invalid(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "Error.BadRequest",
            target: "Request",
            message: message.into(),
        }
    }

    fn no_connection(code: &'static str, id: &str) -> Self {
        let message = format!("Connection `{id}` is not found.");
        Self {
            status: StatusCode::NOT_FOUND,
            code,
            target: "Connection",
            message,
        }
    }

    fn into_response(self) -> Response {
        let body = ProblemBody {
            code: self.code,
            message: &self.message,
            target: self.target,
            details: None,
            innererror: None,
        };
        let mut response = json(self.status, &body);
        response.headers_mut().insert(
            "x-ms-error-code",
            header::HeaderValue::from_static(self.code),
        );
        response
    }
}

impl From<BadCall> for Problem {
    fn from(bad: BadCall) -> Self {
        Self {
            status: bad.status(),
            ..Self::invalid(bad.to_string())
        }
    }
}
