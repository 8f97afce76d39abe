//! The address that visitors use, as an origin: scheme, host and port, written the way browsers write it.

use http::Uri;
use std::fmt;
use std::str::FromStr;

/// `https://chat.example.org` or `http://…:3000`: lower case, no path, no default port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    https: bool,
    authority: String,
}

/// Text that is no public address.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no address such as https://chat.example.org, without a path")]
pub struct NoOrigin(String);

impl PublicUrl {
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Host, and the port if it is not the scheme's own.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Where its sockets are: `ws://…` or `wss://…`, without a path.
    pub fn socket_origin(&self) -> String {
        let scheme = if self.https { "wss" } else { "ws" };
        format!("{scheme}://{}", self.authority)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority)
    }
}

impl FromStr for PublicUrl {
    type Err = NoOrigin;

    fn from_str(text: &str) -> Result<Self, NoOrigin> {
        let wrong = || NoOrigin(text.to_owned());
        let url: Uri = text.to_ascii_lowercase().parse().map_err(|_| wrong())?;
        let https = match url.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong()),
        };
        let authority = url.authority().ok_or_else(wrong)?.as_str();
        let bare = matches!(url.path(), "" | "/") && url.query().is_none();
        if !bare || authority.is_empty() || authority.contains('@') {
            return Err(wrong());
        }
        let own_port = if https { ":443" } else { ":80" };
        let authority = authority.strip_suffix(own_port).unwrap_or(authority);
        Ok(PublicUrl {
            https,
            authority: authority.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_the_way_browsers_write_an_origin() {
        let url: PublicUrl = "HTTPS://Chat.Example.org:443/".parse().unwrap();
        assert_eq!(url.to_string(), "https://chat.example.org");
        assert_eq!(url.socket_origin(), "wss://chat.example.org");
        let url: PublicUrl = "http://[::1]:8080".parse().unwrap();
        assert_eq!(url.socket_origin(), "ws://[::1]:8080");
    }

    #[test]
    fn what_is_more_or_less_than_an_origin_is_refused() {
        for text in [
            "",
            "chat.example.org",
            "ftp://chat.example.org",
            "https://chat.example.org/app",
            "https://chat.example.org/?a",
            "https://me@chat.example.org",
            "https://",
        ] {
            assert!(text.parse::<PublicUrl>().is_err(), "{text}");
        }
    }
}
