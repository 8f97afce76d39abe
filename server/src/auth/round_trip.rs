//! The way to a provider and back: what has to be remembered meanwhile lies in a cookie of its own, encrypted,
//! for ten minutes. Whoever comes back brings what they were sent with, once. Refuses to know any provider.

use super::return_path;
use super::spent::Spent;
use crate::config::Secret;
use axum_extra::extract::cookie::{Cookie, Key, PrivateCookieJar};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha512};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use subtle::ConstantTimeEq;

/// From leaving to coming back.
const LIFE: Duration = Duration::from_secs(10 * 60);

/// What was sent along, and what it is sent for.
#[derive(Clone, Serialize, Deserialize)]
pub struct Trip {
    /// The provider's name in the address: a trip to one does not end at another.
    pub to: String,
    pub state: String,
    pub nonce: String,
    /// Of which the provider was shown a digest.
    pub verifier: String,
    back: Option<String>,
    since: u64,
}

/// Reads and writes the cookie.
pub struct RoundTrips {
    key: Key,
    https: bool,
    /// The provider is the second guard: it takes a code once.
    spent: Spent,
}

impl Trip {
    pub fn new(to: &str, state: &str, nonce: &str, verifier: &str, back: Option<&str>) -> Self {
        Trip {
            to: to.into(),
            state: state.into(),
            nonce: nonce.into(),
            verifier: verifier.into(),
            back: return_path::local(back).map(str::to_owned),
            since: now(),
        }
    }

    /// Where the person wanted to go.
    pub fn back(&self) -> Option<&str> {
        return_path::local(self.back.as_deref())
    }
}

impl RoundTrips {
    /// The key is of the same secret as that of the sessions and yet another one: no cookie can be both.
    pub fn new(key: &Secret, https: bool) -> Self {
        let digest = Sha512::new_with_prefix(b"chatr round trip\0").chain_update(key.reveal());
        RoundTrips {
            key: Key::from(&digest.finalize()),
            https,
            spent: Spent::new(LIFE),
        }
    }

    /// The cookie to leave with.
    pub fn leave(&self, headers: &HeaderMap, trip: &Trip) -> PrivateCookieJar {
        let text = serde_json::to_string(trip).expect("a trip is plain text");
        self.jar(headers).add(self.cookie(text))
    }

    /// The trip that ends with `state` at `provider`; `None` if it began elsewhere, is over, or took too long.
    pub fn arrive(&self, headers: &HeaderMap, provider: &str, state: &str) -> Option<Trip> {
        let cookie = self.jar(headers).get(self.name())?;
        let trip: Trip = serde_json::from_str(cookie.value()).ok()?;
        let same = bool::from(trip.state.as_bytes().ct_eq(state.as_bytes()));
        let fresh = now().saturating_sub(trip.since) < LIFE.as_secs();
        (same && fresh && trip.to == provider && self.spent.spend(state)).then_some(trip)
    }

    /// The cookies without it.
    pub fn end(&self, headers: &HeaderMap) -> PrivateCookieJar {
        self.jar(headers).remove(self.cookie(String::new()))
    }

    fn jar(&self, headers: &HeaderMap) -> PrivateCookieJar {
        PrivateCookieJar::from_headers(headers, self.key.clone())
    }

    fn name(&self) -> &'static str {
        match self.https {
            true => "__Host-chatr-trip",
            false => "chatr-trip",
        }
    }

    /// `Lax`: the way back begins at the provider's site.
    fn cookie(&self, value: String) -> Cookie<'static> {
        let secure = if self.https { "; Secure" } else { "" };
        let text = format!(
            "{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{secure}",
            self.name(),
            LIFE.as_secs()
        );
        let mut cookie = Cookie::parse(text).expect("nothing in it needs escaping");
        cookie.set_value(value);
        cookie
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;
    use http::header::{COOKIE, SET_COOKIE};

    fn trips(key: &str) -> RoundTrips {
        RoundTrips::new(&Secret::new(key.repeat(64)), false)
    }

    fn trip() -> Trip {
        Trip::new("github", "state", "nonce", "verifier", Some("/chat"))
    }

    fn sent(jar: PrivateCookieJar) -> HeaderMap {
        let response = jar.into_response();
        let set = response.headers()[SET_COOKIE].to_str().unwrap().to_owned();
        assert!(
            set.contains("HttpOnly; SameSite=Lax; Path=/; Max-Age=600"),
            "{set}"
        );
        let pair = set.split(';').next().unwrap();
        HeaderMap::from_iter([(COOKIE, pair.parse().unwrap())])
    }

    #[test]
    fn a_trip_ends_once_where_it_was_meant_to() {
        let ours = trips("a");
        let headers = sent(ours.leave(&HeaderMap::new(), &trip()));
        assert!(ours.arrive(&headers, "github", "other").is_none());
        assert!(ours.arrive(&headers, "oidc", "state").is_none());
        assert!(trips("b").arrive(&headers, "github", "state").is_none());
        let arrived = ours.arrive(&headers, "github", "state").unwrap();
        assert_eq!((&*arrived.nonce, arrived.back()), ("nonce", Some("/chat")));
        assert!(ours.arrive(&headers, "github", "state").is_none(), "again");
    }

    #[test]
    fn a_trip_that_took_too_long_is_none() {
        let ours = trips("a");
        let late = Trip {
            since: now() - LIFE.as_secs(),
            ..trip()
        };
        let headers = sent(ours.leave(&HeaderMap::new(), &late));
        assert!(ours.arrive(&headers, "github", "state").is_none());
    }

    #[test]
    fn a_session_is_no_trip_though_the_secret_is_the_same() {
        let secret = Secret::new("a".repeat(64));
        let session = super::super::Sessions::new(&secret, false);
        let user = app::chat::UserId::from_bytes([7; 16]);
        let response = session.begin(&HeaderMap::new(), user).into_response();
        let set = response.headers()[SET_COOKIE].to_str().unwrap();
        let pair = set
            .split(';')
            .next()
            .unwrap()
            .replacen("chatr=", "chatr-trip=", 1);
        let headers = HeaderMap::from_iter([(COOKIE, pair.parse().unwrap())]);
        assert!(trips("a").arrive(&headers, "github", "").is_none());
    }
}
