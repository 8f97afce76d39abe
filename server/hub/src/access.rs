//! Who may open a socket or make a REST call: verifies tokens against the hub's keys. Refuses to know what
//! happens afterwards.

use crate::config::Config;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HOST};
use wire::token::{Claims, Denied, verify};

/// A hub's name as it is compared: lower case. `None` if it is not a name.
pub fn hub_name(name: &str) -> Option<String> {
    let inner = |c: char| c.is_ascii_alphanumeric() || "_`,.[]".contains(c);
    ((1..=128).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(inner))
    .then(|| name.to_ascii_lowercase())
}

/// Verifies a client's token for a hub. The audience is `/client/hubs/{hub}` on the host that was called.
pub fn client(
    config: &Config,
    token: &str,
    hub: &str,
    host: Option<&str>,
) -> Result<Claims, Denied> {
    verify(
        token,
        config.keys.iter().map(String::as_str),
        |aud_host, path| {
            let named = path
                .strip_prefix("/client/hubs/")
                .is_some_and(|name| percent_decoded(name).eq_ignore_ascii_case(hub));
            named && is_our_host(config, aud_host, host)
        },
    )
}

/// Verifies the token of a REST call: its audience is the path that was called.
pub fn rest(
    config: &Config,
    headers: &HeaderMap,
    path: &str,
    host: Option<&str>,
) -> Result<Claims, Denied> {
    let token = bearer(headers).ok_or(Denied::Audience)?;
    verify(
        token,
        config.keys.iter().map(String::as_str),
        |aud_host, aud_path| {
            let same = aud_path.trim_end_matches('/') == path.trim_end_matches('/')
                || percent_decoded(aud_path) == percent_decoded(path);
            same && is_our_host(config, aud_host, host)
        },
    )
}

pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The host that a request was sent to: its URI's, else its header's.
pub fn host_of<'r>(uri: &'r http::Uri, headers: &'r HeaderMap) -> Option<&'r str> {
    uri.authority()
        .map(http::uri::Authority::as_str)
        .or_else(|| headers.get(HOST).and_then(|host| host.to_str().ok()))
}

fn is_our_host(config: &Config, claimed: &str, called: Option<&str>) -> bool {
    called.is_some_and(|host| host.eq_ignore_ascii_case(claimed))
        || config
            .hosts
            .iter()
            .any(|host| host.eq_ignore_ascii_case(claimed))
}

fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}
