//! What the service answers when something is wrong, in the shape of its recordings. Refuses to decide what is.

use super::json;
use axum::response::Response;
use http::{StatusCode, header};
use serde::Serialize;
use wire::rest::BadCall;

/// What the service answers when something is wrong.
pub(super) struct Problem {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) target: &'static str,
    pub(super) message: String,
}

#[derive(Serialize)]
struct ProblemBody<'a> {
    code: &'a str,
    message: &'a str,
    target: &'a str,
    details: Option<()>,
    innererror: Option<()>,
}

impl Problem {
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "Error.BadRequest",
            target: "Request",
            message: message.into(),
        }
    }

    pub(super) fn no_connection(code: &'static str, id: &str) -> Self {
        let message = format!("Connection `{id}` is not found.");
        Self {
            status: StatusCode::NOT_FOUND,
            code,
            target: "Connection",
            message,
        }
    }

    pub(super) fn too_many_grants(most: usize) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            ..Self::invalid(format!(
                "A connection takes {most} groups by name for each permission."
            ))
        }
    }

    pub(super) fn into_response(self) -> Response {
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
        let code = match bad {
            BadCall::NotOffered(_) => "Error.NotImplemented",
            BadCall::Route | BadCall::Method | BadCall::Invalid(_) | BadCall::ContentType => {
                "Error.BadRequest"
            }
        };
        Self {
            status: bad.status(),
            code,
            ..Self::invalid(bad.to_string())
        }
    }
}
