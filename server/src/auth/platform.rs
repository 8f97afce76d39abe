//! What the platform in front says about the visitor, in headers that anybody can write: believed from the
//! platform that was named in the settings, in its own form and place, and taken off every request before
//! anybody else reads it. Refuses to know whether the request came through the platform: the network sees to that.

use super::known::Known;
use crate::config::Front;
use app::chat::Kind;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use serde::Deserialize;
use std::collections::HashMap;

const PRINCIPAL: &str = "x-ms-client-principal";
const TOKEN: &str = "x-ms-token-";

/// Where Static Web Apps passes on who is calling, and nowhere else.
const API: &str = "/api/";

/// Claims of Easy Auth that name the account. Source: the WS-Federation and JWT names that it maps to.
const SUBJECTS: [&str; 3] = [
    "http://schemas.microsoft.com/identity/claims/objectidentifier",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier",
    "sub",
];

/// Claims of Easy Auth that are fit to call somebody by, besides its own `name_typ`.
const NAMES: [&str; 3] = ["name", "preferred_username", "urn:github:login"];

/// As Static Web Apps writes it, without claims.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StaticWebApps {
    identity_provider: String,
    user_id: String,
    user_details: String,
    user_roles: Vec<String>,
}

/// As Easy Auth writes it.
#[derive(Deserialize)]
struct EasyAuth {
    auth_typ: String,
    name_typ: Option<String>,
    claims: Vec<Claim>,
}

#[derive(Deserialize)]
struct Claim {
    typ: String,
    val: String,
}

/// Takes the platform's headers off, and leaves `Known` in the request's extensions if they were to be believed.
pub async fn screen(State(front): State<Front>, mut request: Request, next: Next) -> Response {
    let known = read(front, request.uri().path(), request.headers());
    let platforms: Vec<_> = request
        .headers()
        .keys()
        .filter(|name| name.as_str().starts_with(PRINCIPAL) || name.as_str().starts_with(TOKEN))
        .cloned()
        .collect();
    for name in platforms {
        request.headers_mut().remove(name);
    }
    if let Some(known) = known {
        request.extensions_mut().insert(known);
    }
    next.run(request).await
}

fn read(front: Front, path: &str, headers: &HeaderMap) -> Option<Known> {
    let mut written = headers.get_all(PRINCIPAL).iter();
    // Of two, one is not the platform's.
    let (Some(written), None) = (written.next(), written.next()) else {
        return None;
    };
    let text = STANDARD.decode(written.as_bytes()).ok()?;
    match front {
        Front::StaticWebApps if path.starts_with(API) => {
            static_web_apps(serde_json::from_slice(&text).ok()?)
        }
        Front::EasyAuth => easy_auth(serde_json::from_slice(&text).ok()?),
        Front::StaticWebApps | Front::Nobody | Front::Proxy => None,
    }
}

fn static_web_apps(principal: StaticWebApps) -> Option<Known> {
    let StaticWebApps {
        identity_provider: provider,
        user_id,
        user_details,
        user_roles,
    } = principal;
    let authenticated = user_roles.iter().any(|role| role == "authenticated");
    if !authenticated || !is_somebody(&user_id) || !is_somebody(&provider) {
        return None;
    }
    let realm = format!("swa:{provider}");
    Some(Known::new(
        &realm,
        &user_id,
        kind_of(&provider),
        [&*user_details],
    ))
}

fn easy_auth(principal: EasyAuth) -> Option<Known> {
    let provider = principal.auth_typ;
    let claims: HashMap<&str, &str> = principal
        .claims
        .iter()
        .rev()
        .map(|claim| (&*claim.typ, &*claim.val))
        .collect();
    let subject = SUBJECTS.iter().find_map(|name| claims.get(name).copied())?;
    // What Static Web Apps in front of a linked Container App calls nobody.
    let anonymous = provider.eq_ignore_ascii_case("azureStaticWebApps");
    if anonymous || !is_somebody(subject) || !is_somebody(&provider) {
        return None;
    }
    let named = principal.name_typ.as_deref().into_iter();
    let names = NAMES
        .into_iter()
        .chain(named)
        .filter_map(|name| claims.get(name).copied());
    let realm = format!("easyauth:{provider}");
    Some(Known::new(&realm, subject, kind_of(&provider), names))
}

fn is_somebody(word: &str) -> bool {
    !word.is_empty() && !word.eq_ignore_ascii_case("anonymous")
}

/// Who vouches, by the platform's name for it.
pub fn kind_of(provider: &str) -> Kind {
    match provider {
        "aad" | "azureactivedirectory" => Kind::Microsoft,
        "github" => Kind::GitHub,
        _ => Kind::Account,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn swa(roles: &[&str], user: &str) -> Value {
        json!({ "identityProvider": "github", "userId": user, "userDetails": "ada", "userRoles": roles })
    }

    fn easy(user: &str) -> Value {
        json!({
            "auth_typ": "aad", "name_typ": "name", "role_typ": "roles",
            "claims": [{ "typ": SUBJECTS[0], "val": user }, { "typ": "name", "val": "Ada Lovelace" }],
        })
    }

    fn told(front: Front, path: &str, principals: &[Value]) -> Option<Known> {
        let mut headers = HeaderMap::new();
        for principal in principals {
            let text = STANDARD.encode(principal.to_string());
            headers.append(PRINCIPAL, text.parse().unwrap());
        }
        read(front, path, &headers)
    }

    #[test]
    fn each_platform_is_believed_in_its_own_form_and_place_only() {
        let (swa, easy) = (swa(&["anonymous", "authenticated"], "1"), easy("1"));
        for (front, path, principal, believed) in [
            (Front::Nobody, "/api/chats", &swa, None),
            (Front::Nobody, "/api/chats", &easy, None),
            (Front::Proxy, "/api/chats", &swa, None),
            (Front::Proxy, "/api/chats", &easy, None),
            (Front::StaticWebApps, "/api/chats", &swa, Some("ada")),
            (Front::StaticWebApps, "/chat", &swa, None),
            (Front::StaticWebApps, "/.auth/me", &swa, None),
            (Front::StaticWebApps, "/api/chats", &easy, None),
            (Front::EasyAuth, "/chat", &easy, Some("Ada Lovelace")),
            (Front::EasyAuth, "/api/chats", &swa, None),
        ] {
            let known = told(front, path, std::slice::from_ref(principal));
            let name = known.map(|known| known.name.to_string());
            assert_eq!(name.as_deref(), believed, "{front:?} {path} {principal}");
        }
    }

    #[test]
    fn who_is_anonymous_is_nobody() {
        let front = Front::StaticWebApps;
        for principal in [
            swa(&["anonymous"], "1"),
            swa(&[], "1"),
            swa(&["authenticated"], ""),
            swa(&["authenticated"], "anonymous"),
        ] {
            assert_eq!(told(front, "/api/chats", &[principal]), None);
        }
        for user in ["", "anonymous"] {
            assert_eq!(told(Front::EasyAuth, "/", &[easy(user)]), None);
        }
    }

    #[test]
    fn two_principals_or_a_broken_one_are_none() {
        let one = swa(&["authenticated"], "1");
        let front = Front::StaticWebApps;
        assert_eq!(told(front, "/api/chats", &[one.clone(), one]), None);
        for text in ["", "ada", "e30=", "bnVsbA=="] {
            let headers =
                HeaderMap::from_iter([(PRINCIPAL.parse().unwrap(), text.parse().unwrap())]);
            assert_eq!(read(front, "/api/chats", &headers), None, "{text}");
        }
    }

    #[test]
    fn the_same_words_of_two_platforms_or_providers_are_two_people() {
        let id = |principal: Value| {
            told(Front::StaticWebApps, "/api/a", &[principal])
                .unwrap()
                .id
        };
        let github = swa(&["authenticated"], "1");
        let mut aad = github.clone();
        aad["identityProvider"] = "aad".into();
        assert_ne!(id(github), id(aad.clone()));
        let easy = told(Front::EasyAuth, "/", &[easy("1")]).unwrap().id;
        assert_ne!(id(aad), easy);
    }
}
