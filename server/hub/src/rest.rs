//! The door for applications: `/api/hubs/{*rest}` and `/api/health`. Reads a call, checks its token, performs
//! it on the connections that are present, answers as the service does.

mod listing;
mod problem;

use crate::fanout::{self, Due};
use crate::filter::{Filter, Subject};
use crate::registry::{Granted, MAX_GRANTS, Registry};
use crate::session::{Ending, Session};
use crate::{Hub, access, clock};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use listing::list;
use problem::Problem;
use serde::Serialize;
use std::sync::Arc;
use wire::frame::{Message, Sender, is_group_name};
use wire::rest::{API_VERSIONS, Call, GeneratedToken, MAX_BODY, Member, Target};
use wire::token::{Claims, sign};

/// Answers any method on any path below `/api`.
pub async fn answer(State(hub): State<Hub>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, MAX_BODY).await else {
        return versioned(Problem::invalid("Invalid Content-Length header.").into_response());
    };
    let request = Request::from_parts(parts, bytes);
    let mut due = Due::default();
    let response = perform(&hub, &request, &mut due).unwrap_or_else(Problem::into_response);
    due.write_out().await;
    versioned(response)
}

/// Says on every answer which versions are spoken.
fn versioned(mut response: Response) -> Response {
    if let Ok(versions) = header::HeaderValue::from_str(&API_VERSIONS.join(", ")) {
        response
            .headers_mut()
            .insert("api-supported-versions", versions);
    }
    response
}

fn perform(hub: &Hub, request: &Request<Bytes>, due: &mut Due) -> Result<Response, Problem> {
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
    if !hub.config().serves(&name) {
        return Err(Problem {
            status: StatusCode::NOT_FOUND,
            code: "Error.Hub.NotExisted",
            target: "Hub",
            message: format!("Hub `{name}` is not found."),
        });
    }
    let performed = on_hub(hub, &name, call, request, due);
    let status = match &performed {
        Ok(response) => response.status(),
        Err(problem) => problem.status,
    };
    hub.note_rest(&name, request.method(), path, status);
    performed
}

fn on_hub(
    hub: &Hub,
    name: &str,
    call: Call,
    request: &Request<Bytes>,
    due: &mut Due,
) -> Result<Response, Problem> {
    let path = request.uri().path();
    let filter = filter_of(&call)?;
    let state = hub.of(name);
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
            // A token with such a group would open nothing.
            if !groups.iter().all(|group| is_group_name(group)) {
                return Err(Problem::invalid("A group's name is not valid."));
            }
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
                stream: None,
            };
            let excluded = |id: &str, _: &Arc<Session>| {
                options.excluded.iter().any(|excluded| excluded == id)
                    || !is_chosen(&registry, filter.as_ref(), id)
            };
            let messages = vec![message];
            due.add(match to {
                Target::All => fanout::deliver(messages, registry.all(), excluded),
                Target::Group(group) => {
                    fanout::deliver(messages, registry.in_group(&group), excluded)
                }
                Target::User(user) => fanout::deliver(messages, registry.of_user(&user), excluded),
                Target::Connection(id) => {
                    let one = registry.get(&id).map(|session| (id.as_str(), session));
                    fanout::deliver(messages, one.into_iter(), excluded)
                }
            });
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
            for id in chosen(&registry, filter.as_ref()) {
                for group in &groups {
                    registry.join(&id, group);
                }
            }
            empty(StatusCode::OK)
        }
        Call::RemoveFromGroups { groups, .. } => {
            for id in chosen(&registry, filter.as_ref()) {
                for group in &groups {
                    registry.leave(&id, group);
                }
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
        } => match registry.grant(&connection, permission, &group) {
            Granted::Done => empty(StatusCode::OK),
            Granted::TooMany => return Err(Problem::too_many_grants(MAX_GRANTS)),
            Granted::NoConnection => {
                return Err(Problem::no_connection(
                    "Info.Connection.NotExisted",
                    &connection,
                ));
            }
        },
        Call::Revoke {
            permission,
            group,
            connection,
        } => {
            registry.revoke(&connection, permission, &group);
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

fn filter_of(call: &Call) -> Result<Option<Filter>, Problem> {
    let text = match call {
        Call::Send { options, .. } => options.filter.as_deref(),
        Call::AddToGroups { filter, .. } | Call::RemoveFromGroups { filter, .. } => {
            filter.as_deref()
        }
        _ => None,
    };
    text.filter(|text| !text.trim().is_empty())
        .map(Filter::parse)
        .transpose()
        .map_err(|bad| Problem::invalid(bad.to_string()))
}

fn is_chosen(registry: &Registry<Arc<Session>>, filter: Option<&Filter>, id: &str) -> bool {
    let Some(filter) = filter else { return true };
    let (Some(session), Some(groups)) = (registry.get(id), registry.groups_of(id)) else {
        return false;
    };
    filter.accepts(&Subject {
        connection: &session.id,
        user: session.user.as_deref(),
        protocol: session.subprotocol(),
        groups,
    })
}

fn chosen(registry: &Registry<Arc<Session>>, filter: Option<&Filter>) -> Vec<String> {
    registry
        .all()
        .map(|(id, _)| id)
        .filter(|id| is_chosen(registry, filter, id))
        .map(str::to_owned)
        .collect()
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
