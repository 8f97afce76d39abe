//! Passkeys, by which a guest stays the same person when the cookie is gone. A guest adds some, sees them, and takes
//! them away; whoever answers with one is its person again. Each answer belongs to one question (`ceremony`), and
//! what is wrong with one is told in a sentence. Refuses to know how a page gets an answer out of a device.

use super::ceremony::{Ceremony, Question};
use super::{Auth, address};
use crate::clock;
use crate::error::Problem;
use crate::store;
use app::api::{self, CurrentUser};
use app::chat::{Kind, Millis, Person, Refusal, UserId};
use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Uuid, Webauthn, WebauthnError,
};

/// One person's passkeys at most.
const MOST: usize = 10;

/// Characters that a passkey may take to be written: several times what a device that is honest needs.
const LONGEST: usize = 8 * 1024;

/// What a device need not make again, in the standard's words.
#[derive(Serialize)]
struct Excluded {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
}

/// Which one.
#[derive(Deserialize)]
struct Chosen {
    id: String,
}

/// The caller's own; nothing at all where they can have none.
pub async fn list(State(auth): State<Arc<Auth>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    match guest(&auth, &parts).await {
        Ok(guest) if auth.party(&parts).is_ok() => {
            Ok(shown(&auth, guest.id).await?.into_response())
        }
        Ok(_) | Err(Problem::GuestsOnly) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(problem) => Err(problem),
    }
}

/// What to ask a device for that shall make a passkey.
pub async fn ask_for_new(
    State(auth): State<Arc<Auth>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let party = auth.party(&parts)?;
    let guest = guest(&auth, &parts).await?;
    count(&auth, &parts)?;
    let known = auth.people.passkeys(guest.id).await.map_err(unavailable)?;
    if known.len() >= MOST {
        return Err(Problem::TooManyPasskeys);
    }
    let (user, name) = (Uuid::from_bytes(*guest.id.as_bytes()), guest.to_string());
    let begun = party.start_passkey_registration(user, &name, &name, None);
    let (options, state) = begun.map_err(broken)?;
    let mut options = serde_json::to_value(options.public_key).map_err(|_| Problem::Broken)?;
    // Kept by the device together with whose it is: nobody types a name to sign in.
    options["authenticatorSelection"]["residentKey"] = "required".into();
    options["authenticatorSelection"]["requireResidentKey"] = true.into();
    // For the browser, which knows best what it has. Here, a second one of the same device is found when it is kept.
    let known: Vec<Excluded> = known.iter().filter_map(Excluded::of).collect();
    options["excludeCredentials"] = serde_json::to_value(known).map_err(|_| Problem::Broken)?;
    let question = Question::New {
        by: guest.id,
        state,
    };
    let cookie = auth.ceremonies.begin(&parts.headers, question);
    Ok((cookie, Json(options)).into_response())
}

/// Keeps the passkey that a device made.
pub async fn add(State(auth): State<Arc<Auth>>, request: Request) -> Result<Response, Problem> {
    let (parts, answer) = read(request).await?;
    let party = auth.party(&parts)?;
    let guest = guest(&auth, &parts).await?;
    let added = match auth.ceremonies.finish(&parts.headers) {
        Some(Ceremony {
            question: Question::New { by, state },
            ..
        }) if by == guest.id => keep(&auth, &party, &answer, &state, by).await,
        Some(_) | None => Err(Problem::PasskeyExpired),
    };
    let over = auth.ceremonies.end(&parts.headers);
    Ok(match added {
        Ok(()) => (over, shown(&auth, guest.id).await?).into_response(),
        Err(problem) => (over, problem).into_response(),
    })
}

async fn keep(
    auth: &Auth,
    party: &Webauthn,
    answer: &RegisterPublicKeyCredential,
    state: &PasskeyRegistration,
    by: UserId,
) -> Result<(), Problem> {
    let passkey = party.finish_passkey_registration(answer, state);
    let passkey = passkey.map_err(refused)?;
    let credential = written(&passkey)?;
    if credential.len() > LONGEST {
        return Err(Problem::PasskeyRefused);
    }
    let known = auth.people.passkeys(by).await.map_err(unavailable)?;
    if known.len() >= MOST {
        return Err(Problem::TooManyPasskeys);
    }
    let passkey = store::Passkey {
        user: by,
        id: id_of(passkey.cred_id().as_ref()),
        credential,
        added_at: clock::now(),
        used_at: Millis(0),
    };
    match auth.people.add_passkey(passkey).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Problem::PasskeyTwice),
        Err(why) => Err(unavailable(why)),
    }
}

/// Takes one away: it opens nothing any more.
pub async fn remove(
    State(auth): State<Arc<Auth>>,
    request: Request,
) -> Result<Json<Vec<api::Passkey>>, Problem> {
    let (parts, Chosen { id }) = read(request).await?;
    auth.party(&parts)?;
    let guest = guest(&auth, &parts).await?;
    match auth.people.remove_passkey(guest.id, id).await {
        Ok(true) => shown(&auth, guest.id).await,
        Ok(false) => Err(Problem::NotFound),
        Err(why) => Err(unavailable(why)),
    }
}

/// What to ask a device for that shall say who somebody is.
pub async fn ask_for_known(
    State(auth): State<Arc<Auth>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let party = auth.party(&parts)?;
    count(&auth, &parts)?;
    let begun = party.start_discoverable_authentication();
    let (options, state) = begun.map_err(broken)?;
    let question = Question::Known { state };
    let cookie = auth.ceremonies.begin(&parts.headers, question);
    Ok((cookie, Json(options.public_key)).into_response())
}

/// Begins a session of the person whose passkey it is.
pub async fn sign_in(State(auth): State<Arc<Auth>>, request: Request) -> Result<Response, Problem> {
    let (parts, answer) = read(request).await?;
    let party = auth.party(&parts)?;
    let headers = &parts.headers;
    let known = match auth.ceremonies.finish(headers) {
        Some(Ceremony {
            question: Question::Known { state },
            began,
        }) => recognise(&auth, &party, &answer, state, began).await,
        Some(_) | None => Err(Problem::PasskeyExpired),
    };
    let over = auth.ceremonies.end(headers);
    let person = match known {
        Ok(person) => person,
        Err(problem) => return Ok((over, problem).into_response()),
    };
    // Whoever was signed in here before has left.
    if let Some(before) = auth.sessions.read(headers)
        && before.user != person.id
    {
        auth.sockets.close(before.user).await;
    }
    let session = auth.sessions.begin(headers, person.id);
    Ok((over, session, StatusCode::NO_CONTENT).into_response())
}

/// Whose passkey it is. It names its person itself, and is looked for among theirs only.
async fn recognise(
    auth: &Auth,
    party: &Webauthn,
    answer: &PublicKeyCredential,
    state: DiscoverableAuthentication,
    began: Millis,
) -> Result<Person, Problem> {
    let named = party.identify_discoverable_authentication(answer);
    let (user, id) = named.map_err(|_| Problem::PasskeyUnknown)?;
    let (user, id) = (UserId::from_bytes(*user.as_bytes()), id_of(id));
    let known = auth.people.passkeys(user).await.map_err(unavailable)?;
    let before = known.into_iter().find(|passkey| passkey.id == id);
    let before = before.ok_or(Problem::PasskeyUnknown)?;
    let mut passkey = parsed(&before)?;
    let proven = party.finish_discoverable_authentication_v2(answer, state, &passkey);
    let proven = proven.map_err(refused)?;
    // What was answered before, at whichever server, began before the last use.
    if began <= before.used_at {
        return Err(Problem::PasskeyExpired);
    }
    passkey.update_credential(&proven);
    let after = store::Passkey {
        credential: written(&passkey)?,
        used_at: began,
        ..before.clone()
    };
    match auth.people.renew_passkey(before, after).await {
        Ok(true) => {}
        Ok(false) => return Err(Problem::PasskeyExpired),
        Err(why) => return Err(unavailable(why)),
    }
    let person = auth.people.find(user).await.map_err(unavailable)?;
    person.ok_or(Problem::PasskeyUnknown)
}

impl Auth {
    fn party(&self, parts: &Parts) -> Result<Webauthn, Problem> {
        let party = self.parties.seen_from(&parts.uri, &parts.headers);
        party.ok_or(Problem::NoPasskeys)
    }
}

/// Who is held by a provider needs no passkey, and could not be taken from the provider by one.
async fn guest(auth: &Auth, parts: &Parts) -> Result<Person, Problem> {
    let path = parts.uri.path();
    let caller = auth.caller(path, &parts.headers, &parts.extensions).await?;
    match caller.user {
        Some(CurrentUser(person)) if person.kind == Kind::Guest => Ok(person),
        Some(_) => Err(Problem::GuestsOnly),
        None => Err(Problem::SignedOut),
    }
}

/// A question is a try; an answer needs one.
fn count(auth: &Auth, parts: &Parts) -> Result<(), Problem> {
    let from = address::of(parts, auth.settings.front.names_addresses());
    match auth.rate.admits(from) {
        true => Ok(()),
        false => Err(Problem::TooFast),
    }
}

async fn read<T: DeserializeOwned>(request: Request) -> Result<(Parts, T), Problem> {
    let (parts, body) = request.into_parts();
    let request = Request::from_parts(parts.clone(), body);
    match Json::<T>::from_request(request, &()).await {
        Ok(Json(read)) => Ok((parts, read)),
        Err(why) if why.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE => Err(Problem::WrongType),
        Err(_) => Err(Problem::Malformed),
    }
}

async fn shown(auth: &Auth, user: UserId) -> Result<Json<Vec<api::Passkey>>, Problem> {
    let passkeys = auth.people.passkeys(user).await.map_err(unavailable)?;
    let shown = passkeys.into_iter().map(|passkey| api::Passkey {
        id: passkey.id,
        added_at: passkey.added_at,
        used_at: passkey.used_at,
    });
    Ok(Json(shown.collect()))
}

/// What a device calls its passkey has any length; a digest of it has one.
fn id_of(credential: &[u8]) -> String {
    format!("{:x}", Sha256::digest(credential))
}

impl Excluded {
    fn of(passkey: &store::Passkey) -> Option<Excluded> {
        Some(Excluded {
            kind: "public-key",
            id: BASE64_URL_SAFE_NO_PAD.encode(parsed(passkey).ok()?.cred_id()),
        })
    }
}

fn parsed(passkey: &store::Passkey) -> Result<Passkey, Problem> {
    serde_json::from_str(&passkey.credential).map_err(|error| {
        tracing::error!(%error, user.id = %passkey.user, "a stored passkey does not parse");
        Problem::Broken
    })
}

fn written(passkey: &Passkey) -> Result<String, Problem> {
    serde_json::to_string(passkey).map_err(|_| Problem::Broken)
}

fn refused(why: WebauthnError) -> Problem {
    tracing::warn!(%why, "a passkey is refused");
    Problem::PasskeyRefused
}

fn broken(why: WebauthnError) -> Problem {
    tracing::error!(%why, "no ceremony for a passkey can begin");
    Problem::Broken
}

fn unavailable(_: Refusal) -> Problem {
    Problem::Unavailable
}
