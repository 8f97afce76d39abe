//! A passkey's ceremony: what has to be remembered between the server's question and the device's answer lies in an
//! encrypted cookie of its own, for five minutes, so that any server may hear the answer. It is good for one answer,
//! right or wrong. Refuses to know what makes an answer right.

use super::spent::Spent;
use crate::clock;
use crate::config::Secret;
use app::chat::{Millis, UserId};
use axum_extra::extract::cookie::{Cookie, Key, PrivateCookieJar};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha512};
use std::time::Duration;
use webauthn_rs::prelude::{DiscoverableAuthentication, PasskeyRegistration};

/// From the question to the answer.
const LIFE: Duration = Duration::from_secs(5 * 60);

/// What was asked.
#[derive(Clone, Serialize, Deserialize)]
pub enum Question {
    /// A new passkey, for this person and nobody else.
    New {
        by: UserId,
        state: PasskeyRegistration,
    },
    /// A passkey that says who somebody is.
    Known { state: DiscoverableAuthentication },
}

/// A question, and since when it waits for its answer.
#[derive(Clone, Serialize, Deserialize)]
pub struct Ceremony {
    pub question: Question,
    pub began: Millis,
}

/// Reads and writes the cookie.
pub struct Ceremonies {
    key: Key,
    https: bool,
    /// What another server has heard is refused by the passkey itself: it was used since, or is there already.
    spent: Spent,
}

impl Ceremonies {
    /// The key is of the same secret as that of the sessions and yet another one: no cookie can be both.
    pub fn new(key: &Secret, https: bool) -> Self {
        let digest = Sha512::new_with_prefix(b"chatr passkey\0").chain_update(key.reveal());
        Ceremonies {
            key: Key::from(&digest.finalize()),
            https,
            spent: Spent::new(LIFE),
        }
    }

    /// The cookie to wait with.
    pub fn begin(&self, headers: &HeaderMap, question: Question) -> PrivateCookieJar {
        self.wait(
            headers,
            &Ceremony {
                question,
                began: clock::now(),
            },
        )
    }

    /// The ceremony that this answer ends; `None` if it began elsewhere, took too long, or was answered before.
    pub fn finish(&self, headers: &HeaderMap) -> Option<Ceremony> {
        let cookie = self.jar(headers).get(self.name())?;
        let ceremony: Ceremony = serde_json::from_str(cookie.value()).ok()?;
        let age = clock::now().0.saturating_sub(ceremony.began.0);
        let fresh = Duration::from_millis(age) < LIFE;
        (fresh && self.spent.spend(cookie.value())).then_some(ceremony)
    }

    /// The cookies without it.
    pub fn end(&self, headers: &HeaderMap) -> PrivateCookieJar {
        self.jar(headers).remove(self.cookie(String::new()))
    }

    fn wait(&self, headers: &HeaderMap, ceremony: &Ceremony) -> PrivateCookieJar {
        let text = serde_json::to_string(ceremony).expect("a ceremony is plain text");
        self.jar(headers).add(self.cookie(text))
    }

    fn jar(&self, headers: &HeaderMap) -> PrivateCookieJar {
        PrivateCookieJar::from_headers(headers, self.key.clone())
    }

    fn name(&self) -> &'static str {
        match self.https {
            true => "__Host-chatr-passkey",
            false => "chatr-passkey",
        }
    }

    /// `Strict`: question and answer are both asked for by our own pages.
    fn cookie(&self, value: String) -> Cookie<'static> {
        let secure = if self.https { "; Secure" } else { "" };
        let text = format!(
            "{}=; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{secure}",
            self.name(),
            LIFE.as_secs()
        );
        let mut cookie = Cookie::parse(text).expect("nothing in it needs escaping");
        cookie.set_value(value);
        cookie
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;
    use http::header::{COOKIE, SET_COOKIE};
    use webauthn_rs::prelude::{Url, WebauthnBuilder};

    fn ceremonies(key: &str) -> Ceremonies {
        Ceremonies::new(&Secret::new(key.repeat(64)), false)
    }

    fn question() -> Question {
        let origin = Url::parse("http://localhost:3000").unwrap();
        let party = WebauthnBuilder::new("localhost", &origin).unwrap();
        let (_, state) = party
            .build()
            .unwrap()
            .start_discoverable_authentication()
            .unwrap();
        Question::Known { state }
    }

    fn sent(jar: PrivateCookieJar) -> HeaderMap {
        let response = jar.into_response();
        let set = response.headers()[SET_COOKIE].to_str().unwrap().to_owned();
        assert!(
            set.contains("HttpOnly; SameSite=Strict; Path=/; Max-Age=300"),
            "{set}"
        );
        assert!(set.len() < 4_000, "browsers keep no longer cookies: {set}");
        let pair = set.split(';').next().unwrap();
        HeaderMap::from_iter([(COOKIE, pair.parse().unwrap())])
    }

    #[test]
    fn a_ceremony_ends_once_at_the_servers_that_share_its_key() {
        let ours = ceremonies("a");
        let headers = sent(ours.begin(&HeaderMap::new(), question()));
        assert!(ceremonies("b").finish(&headers).is_none());
        assert!(ceremonies("a").finish(&headers).is_some());
        assert!(ours.finish(&headers).is_some());
        assert!(ours.finish(&headers).is_none(), "again");
        assert!(ours.finish(&HeaderMap::new()).is_none());
    }

    #[test]
    fn a_ceremony_that_took_too_long_is_none() {
        let ours = ceremonies("a");
        let age = u64::try_from(LIFE.as_millis()).unwrap();
        let late = Ceremony {
            question: question(),
            began: Millis(clock::now().0 - age),
        };
        assert!(
            ours.finish(&sent(ours.wait(&HeaderMap::new(), &late)))
                .is_none()
        );
    }
}
