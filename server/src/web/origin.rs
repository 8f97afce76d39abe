//! By which name the visitor called, and from which site: a name that is not ours and a post from elsewhere go
//! no further. Refuses to know who the visitor is.

use super::Site;
use crate::config::{Config, PublicUrl};
use crate::error::Problem;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, Uri, header};
use std::net::IpAddr;
use std::sync::Arc;
use tower_http::csrf::{CsrfLayer, ProtectionError};

/// Where the caller's sockets are, as `ws://host:port`: the name that it called, since Chatr itself speaks
/// http only. Behind a proxy that speaks https, `CHATR_PUBLIC_URL` says so.
pub fn socket_origin(parts: &Parts) -> Option<String> {
    let authority = called(&parts.uri, &parts.headers)?;
    Some(format!("ws://{authority}"))
}

/// The host, and the port if any, that a request names.
pub fn called(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    if let Some(authority) = uri.authority() {
        return Some(authority.clone());
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    let (host, None) = (hosts.next()?, hosts.next()) else {
        return None;
    };
    let authority: Authority = host.to_str().ok()?.parse().ok()?;
    // What else an authority may contain has no place in the headers that we write it into.
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    authority.as_str().chars().all(plain).then_some(authority)
}

/// Refuses calls by a name that is not ours (DNS rebinding, stray proxies). Addresses by number always pass.
pub async fn known_host(
    State(site): State<Arc<Site>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let called = called(request.uri(), request.headers()).ok_or(Problem::Malformed)?;
    match is_ours(&called, &site.config) {
        true => Ok(next.run(request).await),
        false => Err(Problem::UnknownHost),
    }
}

fn is_ours(called: &Authority, config: &Config) -> bool {
    let host = called.host();
    let number = host.trim_start_matches('[').trim_end_matches(']');
    let here = host.eq_ignore_ascii_case("localhost")
        || host.to_ascii_lowercase().ends_with(".localhost")
        || number.parse::<IpAddr>().is_ok();
    match &config.public_url {
        _ if here => true,
        Some(url) => is_same(called.as_str(), url),
        // Whoever listens on every address may have any name.
        None => !config.addr.ip().is_loopback(),
    }
}

/// A proxy may add the port that browsers leave out.
fn is_same(called: &str, url: &PublicUrl) -> bool {
    let own_port = if url.is_https() { ":443" } else { ":80" };
    called
        .strip_suffix(own_port)
        .unwrap_or(called)
        .eq_ignore_ascii_case(url.authority())
}

type Refusal = fn(ProtectionError) -> Response;

/// Refuses what changes something and comes from another site, by `Sec-Fetch-Site`, or by `Origin` where
/// that is not sent. A program that sends neither is no browser, and has no cookies to misuse.
pub fn same_site(config: &Config) -> CsrfLayer<Refusal> {
    let layer = CsrfLayer::new().with_rejection_response(refuse as Refusal);
    match &config.public_url {
        Some(url) => layer
            .add_trusted_origin(url.to_string())
            .expect("a public URL is an origin"),
        None => layer,
    }
}

fn refuse(_: ProtectionError) -> Response {
    Problem::CrossOrigin.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use clap::Parser;

    fn config(options: &[&str]) -> Config {
        let options = [&["chatr"], options].concat();
        Settings::parse_from(options).check().unwrap()
    }

    fn is_answered(host: &str, options: &[&str]) -> bool {
        is_ours(&host.parse().unwrap(), &config(options))
    }

    #[test]
    fn on_loopback_only_names_of_this_machine_are_answered() {
        for host in ["localhost:3000", "127.0.0.1:3000", "[::1]", "ada.localhost"] {
            assert!(is_answered(host, &[]), "{host}");
        }
        assert!(!is_answered("evil.example:3000", &[]));
        assert!(is_answered("chat.lan:3000", &["--addr=0.0.0.0:3000"]));
    }

    #[test]
    fn with_a_public_address_only_its_name_is_answered() {
        let public = ["--addr=0.0.0.0:3000", "--public-url=https://chat.example"];
        for host in ["chat.example", "Chat.Example:443", "10.0.0.7:3000"] {
            assert!(is_answered(host, &public), "{host}");
        }
        for host in ["evil.example", "chat.example:80", "chat.example.evil.org"] {
            assert!(!is_answered(host, &public), "{host}");
        }
    }

    #[test]
    fn a_host_that_could_end_a_header_or_a_policy_is_none() {
        for host in ["a;script-src *", "a'b", "a b", "me@a", "a/b", "a,b"] {
            let headers = HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
            assert_eq!(called(&Uri::from_static("/"), &headers), None, "{host}");
        }
    }
}
