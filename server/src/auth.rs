//! Who is calling. A session is a person's identity in an encrypted cookie; `recognise` turns it, or what the
//! platform in front says, into the `CurrentUser` that pages and server functions see. Refuses to know what
//! people may do.

mod address;
mod ceremony;
mod github;
mod guest;
mod known;
mod login;
mod me;
mod openid;
mod party;
mod passkeys;
mod people;
mod platform;
mod provider;
mod rate;
mod return_path;
mod round_trip;
mod session;
mod sign_out;
mod sockets;
mod spent;

pub use known::Known;
pub use people::{Asking, People};
pub use platform::screen;
pub use session::Sessions;
pub use sockets::{Closing, Sockets};

use crate::config::{Config, Front, PublicUrl, Secret, SignIn};
use crate::error::Problem;
use crate::transport::HttpService;
use app::api::{self, CurrentUser, WaysIn};
use app::chat::{Kind, UserId};
use axum::Router;
use axum::extract::{Query, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use ceremony::Ceremonies;
use http::Extensions;
use http::{HeaderMap, Uri};
use party::Parties;
use provider::Provider;
use rate::SignInRate;
use round_trip::RoundTrips;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// Where a platform sends people once it knows them: the first address on which it says so.
const SIGNED_IN: &str = "/api/signedIn";

/// How long a session speaks for somebody whom the platform has not been heard of again.
const HEARSAY: Duration = Duration::from_secs(60 * 60);

/// Everything that sign-in needs.
pub struct Auth {
    people: Arc<dyn People>,
    sockets: Arc<dyn Sockets>,
    sessions: Sessions,
    trips: RoundTrips,
    ceremonies: Ceremonies,
    parties: Parties,
    providers: Vec<Provider>,
    rate: SignInRate,
    guests: bool,
    public_url: Option<PublicUrl>,
    settings: SignIn,
}

/// Who is calling, and what their cookie should become.
struct Caller {
    user: Option<CurrentUser>,
    cookie: Cookie,
}

enum Cookie {
    AsItIs,
    New(UserId),
    Gone,
}

impl Auth {
    /// `http` is the way to providers; without it there are none.
    pub fn new(
        people: Arc<dyn People>,
        sockets: Arc<dyn Sockets>,
        session_key: &Secret,
        http: Option<&HttpService>,
        config: &Config,
    ) -> Self {
        let settings = config.sign_in.clone();
        if settings.front.signs_in() {
            tracing::info!(
                front = ?settings.front,
                "who is calling is said by the platform in front: nobody else may reach this port"
            );
        }
        let https = config.public_url.as_ref().is_some_and(PublicUrl::is_https);
        let providers = http.map(|http| Provider::all(&settings, http));
        Auth {
            people,
            sockets,
            sessions: Sessions::new(session_key, https),
            trips: RoundTrips::new(session_key, https),
            ceremonies: Ceremonies::new(session_key, https),
            parties: Parties::new(settings.passkeys, config.public_url.clone()),
            providers: providers.unwrap_or_default(),
            rate: SignInRate::new(config.relaxed),
            guests: config.guests,
            public_url: config.public_url.clone(),
            settings,
        }
    }

    fn provider(&self, name: &str) -> Result<&Provider, Problem> {
        let mut providers = self.providers.iter();
        providers
            .find(|provider| provider.name == name)
            .ok_or(Problem::NotFound)
    }

    /// What the front page offers to a visitor who called like this.
    pub fn ways_in(&self, uri: &Uri, headers: &HeaderMap) -> WaysIn {
        let link = |label: &str, name: &str, by_way_of| api::Provider {
            label: label.into(),
            path: format!("/.auth/login/{name}"),
            by_way_of,
        };
        // What is below `/.auth/` does not get past a platform.
        let platform = self.settings.front.signs_in();
        let by_name = if platform {
            "/api/signIn"
        } else {
            "/.auth/login/guest"
        };
        let providers = match platform {
            true => self
                .settings
                .platform_providers
                .iter()
                .map(|name| link(label_of(name), name, Some(SIGNED_IN.into())))
                .collect(),
            false => self
                .providers
                .iter()
                .map(|provider| link(&provider.label, provider.name, None))
                .collect(),
        };
        WaysIn {
            by_name: self.guests.then(|| by_name.into()),
            by_passkey: self.parties.seen_from(uri, headers).is_some(),
            providers,
        }
    }

    /// The caller: whom the platform names, or else whom the cookie does, if they are stored.
    async fn caller(
        &self,
        path: &str,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<Caller, Problem> {
        let session = self.sessions.read(headers);
        if let Some(known) = extensions.get::<Known>() {
            let person = self.people.welcome(known.clone()).await;
            let person = person.map_err(|_| Problem::Unavailable)?;
            let same = session.is_some_and(|session| {
                session.user == person.id && !session.is_older_than(HEARSAY / 2)
            });
            return Ok(Caller {
                cookie: if same {
                    Cookie::AsItIs
                } else {
                    Cookie::New(person.id)
                },
                user: Some(CurrentUser(person)),
            });
        }
        let Some(session) = session else {
            return Ok(Caller {
                user: None,
                cookie: Cookie::AsItIs,
            });
        };
        let person = self.people.find(session.user).await;
        let person = person.map_err(|_| Problem::Unavailable)?;
        let by_platform = person
            .as_ref()
            .is_some_and(|person| !matches!(person.kind, Kind::Guest | Kind::Bot));
        let front = self.settings.front;
        // The platform would have said so here, or has said nothing for long: its session is over.
        let silent = match front {
            Front::StaticWebApps => path.starts_with("/api/") || session.is_older_than(HEARSAY),
            Front::EasyAuth => true,
            Front::Nobody | Front::Proxy => false,
        };
        if by_platform && silent {
            return Ok(Caller {
                user: None,
                cookie: Cookie::Gone,
            });
        }
        let renew =
            person.is_some() && self.sessions.is_due(session) && !(by_platform && front.signs_in());
        Ok(Caller {
            cookie: if renew {
                Cookie::New(session.user)
            } else {
                Cookie::AsItIs
            },
            user: person.map(CurrentUser),
        })
    }
}

/// What people call a provider that a platform calls so.
fn label_of(name: &str) -> &str {
    match name {
        "aad" => "Microsoft",
        "github" => "GitHub",
        "google" => "Google",
        "apple" => "Apple",
        "facebook" => "Facebook",
        "twitter" => "X",
        other => other,
    }
}

/// `/.auth/*` and what of it has to get past a platform: sign-in, sign-out, passkeys and who one is.
pub fn router(auth: Arc<Auth>) -> Router {
    Router::new()
        .route("/.auth/login/guest", post(guest::sign_in).get(front_page))
        .route("/.auth/login/{provider}", get(login::begin))
        .route("/.auth/login/{provider}/callback", get(login::finish))
        .route(
            "/.auth/logout",
            post(sign_out::sign_out).get(sign_out::by_address),
        )
        .route("/api/signIn", post(guest::sign_in))
        .route("/api/signOut", post(sign_out::sign_out))
        .route("/.auth/me", get(me::me))
        .route("/api/passkeys", get(passkeys::list))
        .route("/api/askForNewPasskey", post(passkeys::ask_for_new))
        .route("/api/addPasskey", post(passkeys::add))
        .route("/api/removePasskey", post(passkeys::remove))
        .route("/api/askForPasskey", post(passkeys::ask_for_known))
        .route("/api/signInByPasskey", post(passkeys::sign_in))
        .method_not_allowed_fallback(|request: Request| async move {
            match request.uri().path() {
                "/api/passkeys" => Problem::GetOnly,
                path if path == "/.auth/logout" || path.starts_with("/api/") => Problem::PostOnly,
                _ => Problem::GetOnly,
            }
        })
        .with_state(auth)
}

/// Where the platform's sign-in ends; to be put behind `recognise`, which remembers who came.
pub async fn signed_in(Query(onward): Query<Onward>, request: Request) -> Redirect {
    match request.extensions().get::<Option<CurrentUser>>() {
        Some(Some(_)) => Redirect::to(return_path::or_home(onward.back.as_deref())),
        _ => Redirect::to("/?problem=signInFailed"),
    }
}

/// The path that somebody wants to return to.
#[derive(Deserialize)]
pub struct Onward {
    #[serde(rename = "post_login_redirect_uri")]
    back: Option<String>,
}

/// A guest has a name to type first.
async fn front_page(Query(onward): Query<Onward>) -> Redirect {
    match return_path::local(onward.back.as_deref()) {
        Some(back) => Redirect::to(&format!("/?return={back}")),
        None => Redirect::to("/"),
    }
}

/// Puts `Option<CurrentUser>` into the request's extensions, and gives a session that is used a longer life.
pub async fn recognise(
    State(auth): State<Arc<Auth>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (path, headers) = (request.uri().path(), request.headers());
    let Caller { user, cookie } = auth.caller(path, headers, request.extensions()).await?;
    let cookies = match cookie {
        Cookie::AsItIs => None,
        Cookie::New(user) => Some(auth.sessions.begin(headers, user)),
        Cookie::Gone => Some(auth.sessions.end(headers)),
    };
    request.extensions_mut().insert(user);
    let response = next.run(request).await;
    Ok(match cookies {
        Some(cookies) => (cookies, response).into_response(),
        None => response,
    })
}
