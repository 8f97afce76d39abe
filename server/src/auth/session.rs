//! The session cookie: whose it is and since when, encrypted. Nothing is stored on this side, so a session ends
//! by its age, by signing out in the browser, or for everybody by a new key.

use crate::config::Secret;
use app::chat::UserId;
use axum_extra::extract::cookie::{Cookie, Key, PrivateCookieJar};
use http::HeaderMap;
use sha2::{Digest, Sha512};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A session that nobody uses ends after this time.
const LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// A session older than this gets a new cookie when it is used.
const FRESH: Duration = Duration::from_secs(24 * 60 * 60);

impl Session {
    pub fn is_older_than(self, age: Duration) -> bool {
        self.age > age
    }
}

/// Reads and writes the cookie.
pub struct Sessions {
    key: Key,
    https: bool,
}

/// What a cookie says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    pub user: UserId,
    age: Duration,
}

impl Sessions {
    /// `https` makes the cookie secure and ties it to this very host.
    pub fn new(key: &Secret, https: bool) -> Self {
        // A key may be any text; hashed, all of it counts.
        let key = Key::from(&Sha512::digest(key.reveal()));
        Sessions { key, https }
    }

    /// The session of a request; `None` if there is none, or it is forged or too old.
    pub fn read(&self, headers: &HeaderMap) -> Option<Session> {
        let cookie = self.jar(headers).get(self.name())?;
        let (user, since) = cookie.value().split_once('.')?;
        let since = Duration::from_secs(since.parse().ok()?);
        let session = Session {
            user: user.parse().ok()?,
            age: now().saturating_sub(since),
        };
        (session.age < LIFE).then_some(session)
    }

    /// The cookies of a new session.
    pub fn begin(&self, headers: &HeaderMap, user: UserId) -> PrivateCookieJar {
        let value = format!("{user}.{}", now().as_secs());
        self.jar(headers).add(self.cookie(&value))
    }

    /// Whether it is time for a new date.
    pub fn is_due(&self, session: Session) -> bool {
        session.is_older_than(FRESH)
    }

    /// The cookies without the session.
    pub fn end(&self, headers: &HeaderMap) -> PrivateCookieJar {
        self.jar(headers).remove(self.cookie(""))
    }

    fn jar(&self, headers: &HeaderMap) -> PrivateCookieJar {
        PrivateCookieJar::from_headers(headers, self.key.clone())
    }

    /// Browsers accept `__Host-` only from https, for the whole site, and from no other host of the domain.
    fn name(&self) -> &'static str {
        if self.https { "__Host-chatr" } else { "chatr" }
    }

    fn cookie(&self, value: &str) -> Cookie<'static> {
        let secure = if self.https { "; Secure" } else { "" };
        let text = format!(
            "{}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{secure}",
            self.name(),
            LIFE.as_secs()
        );
        Cookie::parse(text).expect("the name and the value need no escaping")
    }
}

fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;
    use http::header::{COOKIE, SET_COOKIE};

    const USER: UserId = UserId::from_bytes([7; 16]);

    fn sessions(key: &str, https: bool) -> Sessions {
        Sessions::new(&Secret::new(key.repeat(64)), https)
    }

    /// What a browser sets when it gets these cookies, and what it sends back.
    fn exchange(jar: PrivateCookieJar) -> (String, HeaderMap) {
        let response = jar.into_response();
        let set = response.headers()[SET_COOKIE].to_str().unwrap().to_owned();
        let pair = set.split(';').next().unwrap();
        let sent = HeaderMap::from_iter([(COOKIE, pair.parse().unwrap())]);
        (set, sent)
    }

    #[test]
    fn a_session_comes_back_from_the_browser() {
        let ours = sessions("a", false);
        let (set, sent) = exchange(ours.begin(&HeaderMap::new(), USER));
        assert_eq!(ours.read(&sent).map(|session| session.user), Some(USER));
        assert!(
            set.contains("; HttpOnly; SameSite=Lax; Path=/; Max-Age=2592000"),
            "{set}"
        );
        assert!(!set.contains("Secure"), "{set}");
    }

    #[test]
    fn behind_https_the_cookie_is_secure_and_tied_to_the_host() {
        let (set, _) = exchange(sessions("a", true).begin(&HeaderMap::new(), USER));
        assert!(set.starts_with("__Host-chatr="), "{set}");
        assert!(set.contains("; Secure"), "{set}");
        assert!(!set.contains("Domain"), "{set}");
    }

    #[test]
    fn a_cookie_of_another_key_or_of_nobody_is_no_session() {
        let (_, sent) = exchange(sessions("b", false).begin(&HeaderMap::new(), USER));
        let ours = sessions("a", false);
        assert_eq!(ours.read(&sent), None);
        let written = format!("chatr={USER}.{}", now().as_secs());
        let forged = HeaderMap::from_iter([(COOKIE, written.parse().unwrap())]);
        assert_eq!(ours.read(&forged), None);
    }

    #[test]
    fn a_session_ends_with_its_age_and_is_renewed_before() {
        let ours = sessions("a", false);
        let aged = |age: Duration| {
            let value = format!("{USER}.{}", (now() - age).as_secs());
            exchange(ours.jar(&HeaderMap::new()).add(ours.cookie(&value))).1
        };
        assert!(ours.read(&aged(LIFE + FRESH)).is_none());
        let is_due = |age| ours.read(&aged(age)).map(|session| ours.is_due(session));
        assert_eq!(is_due(FRESH * 2), Some(true));
        assert_eq!(is_due(FRESH / 2), Some(false));
    }

    #[test]
    fn signing_out_takes_the_cookie_away() {
        for ours in [sessions("a", false), sessions("a", true)] {
            let (_, sent) = exchange(ours.begin(&HeaderMap::new(), USER));
            let (set, _) = exchange(ours.end(&sent));
            assert!(set.contains("Max-Age=0") && set.contains("Path=/"), "{set}");
            assert_eq!(set.contains("; Secure"), ours.https, "{set}");
        }
    }
}
