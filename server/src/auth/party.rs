//! Where passkeys work: a browser makes them for a site with a name, seen over https, or for `localhost` on one's own
//! machine. Never for an address by number, and for no other name than the one that visitors use. Refuses to know
//! whose passkeys.

use crate::config::PublicUrl;
use crate::web::called;
use http::{HeaderMap, Uri};
use webauthn_rs::prelude::{Url, Webauthn, WebauthnBuilder};

/// Whom passkeys are for, seen from a request: its "relying party".
pub struct Parties {
    is_on: bool,
    public_url: Option<PublicUrl>,
}

impl Parties {
    pub fn new(is_on: bool, public_url: Option<PublicUrl>) -> Self {
        Parties { is_on, public_url }
    }

    /// `None` where there can be no passkeys.
    pub fn seen_from(&self, uri: &Uri, headers: &HeaderMap) -> Option<Webauthn> {
        let origin = match &self.public_url {
            _ if !self.is_on => return None,
            Some(url) => url.to_string(),
            None => format!("http://{}", called(uri, headers)?),
        };
        let origin = Url::parse(&origin).ok()?;
        let name = origin.domain()?;
        // Other names are safe to browsers over https only, and without a public address there is none.
        let is_safe = origin.scheme() == "https" || name == "localhost";
        if !is_safe {
            return None;
        }
        let party =
            WebauthnBuilder::new(name, &origin).and_then(|party| party.rp_name("Chatr").build());
        party
            .inspect_err(|error| tracing::warn!(%error, "no passkeys at this address"))
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::HOST;

    fn origin(public_url: Option<&str>, host: &str) -> Option<String> {
        let parties = Parties::new(true, public_url.map(|url| url.parse().unwrap()));
        let headers = HeaderMap::from_iter([(HOST, host.parse().unwrap())]);
        let party = parties.seen_from(&Uri::from_static("/"), &headers)?;
        Some(party.get_allowed_origins()[0].to_string())
    }

    #[test]
    fn at_home_passkeys_are_for_localhost_and_never_for_a_number() {
        let at = |host| origin(None, host);
        assert_eq!(
            at("localhost:3000").as_deref(),
            Some("http://localhost:3000/")
        );
        for host in [
            "127.0.0.1:3000",
            "[::1]:3000",
            "192.168.0.7:3000",
            "chat.lan:3000",
        ] {
            assert_eq!(at(host), None, "{host}");
        }
    }

    #[test]
    fn with_a_public_address_they_are_for_its_name_over_https() {
        let at = |url| origin(Some(url), "127.0.0.1:3000");
        assert_eq!(
            at("https://chat.example").as_deref(),
            Some("https://chat.example/")
        );
        assert_eq!(
            at("http://localhost:8080").as_deref(),
            Some("http://localhost:8080/")
        );
        for url in [
            "http://chat.example",
            "https://192.0.2.7",
            "https://[2001:db8::1]",
        ] {
            assert_eq!(at(url), None, "{url}");
        }
    }

    #[test]
    fn switched_off_they_work_nowhere() {
        let parties = Parties::new(false, Some("https://chat.example".parse().unwrap()));
        let party = parties.seen_from(&Uri::from_static("/"), &HeaderMap::new());
        assert!(party.is_none());
    }
}
