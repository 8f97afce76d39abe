//! Where a request comes from, for counting only: an address proves nothing.

use axum::extract::ConnectInfo;
use http::request::Parts;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The visitor's address. With `trust_proxy` it is what the nearest proxy added to `X-Forwarded-For`; what
/// stands before that, anybody may have written.
pub fn of(request: &Parts, trust_proxy: bool) -> IpAddr {
    let forwarded = || {
        let last = request
            .headers
            .get_all("x-forwarded-for")
            .iter()
            .next_back()?;
        last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
    };
    let peer = || Some(request.extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip());
    let address = trust_proxy.then(forwarded).flatten().or_else(peer);
    network(address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
}

/// What one household holds: the whole address in IPv4, the upper half in IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn request(peer: &str, forwarded: &[&str]) -> Parts {
        let mut request = Request::builder();
        for value in forwarded {
            request = request.header("x-forwarded-for", *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let peer: SocketAddr = peer.parse().unwrap();
        parts.extensions.insert(ConnectInfo(peer));
        parts
    }

    #[test]
    fn what_a_visitor_writes_about_itself_is_not_believed() {
        let request = request(
            "192.0.2.1:5000",
            &["198.51.100.9", "203.0.113.1, 198.51.100.7"],
        );
        assert_eq!(of(&request, false).to_string(), "192.0.2.1");
        assert_eq!(of(&request, true).to_string(), "198.51.100.7");
    }

    #[test]
    fn a_proxy_that_says_nothing_counts_itself() {
        let request = request("192.0.2.1:5000", &["unknown"]);
        assert_eq!(of(&request, true).to_string(), "192.0.2.1");
    }

    #[test]
    fn neighbours_in_one_ipv6_network_count_as_one() {
        let one = of(&request("[2001:db8:1:2::1]:1", &[]), false);
        let two = of(&request("[2001:db8:1:2:ffff::9]:1", &[]), false);
        assert_eq!(one, two);
        assert_ne!(one, of(&request("[2001:db8:1:3::1]:1", &[]), false));
    }
}
