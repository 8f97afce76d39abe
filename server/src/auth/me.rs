//! Who one is, as Azure Static Web Apps answers it: `{"clientPrincipal": {…}}`, or `null` for a stranger.

use super::Auth;
use crate::error::Problem;
use app::api::CurrentUser;
use app::chat::{Kind, UserId};
use axum::Json;
use axum::extract::{Request, State};
use serde::Serialize;
use std::sync::Arc;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    client_principal: Option<Principal>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Principal {
    identity_provider: &'static str,
    user_id: UserId,
    user_details: String,
    user_roles: [&'static str; 2],
}

pub async fn me(State(auth): State<Arc<Auth>>, request: Request) -> Result<Json<Me>, Problem> {
    let (path, headers) = (request.uri().path(), request.headers());
    let caller = auth.caller(path, headers, request.extensions()).await?;
    let client_principal = caller.user.map(|CurrentUser(person)| Principal {
        identity_provider: match person.kind {
            Kind::Guest | Kind::Bot => "guest",
            Kind::Microsoft => "aad",
            Kind::GitHub => "github",
            Kind::Account => "oidc",
        },
        user_id: person.id,
        user_details: person.to_string(),
        user_roles: ["anonymous", "authenticated"],
    });
    Ok(Json(Me { client_principal }))
}
