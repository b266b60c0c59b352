//! Who is calling: the peer's address, and when a forwarded one is believed.

use std::net::IpAddr;

use actix_web::HttpRequest;

/// Headers by which a proxy says that it forwards, beside every `X-Forwarded-…`.
const FORWARDING: [&str; 2] = ["forwarded", "via"];

/// The caller's address: the peer, or, when the peer is one of `trusted` proxies, the right-most address of
/// `X-Forwarded-For` that is not one of them (anything left of it was written by the caller).
#[must_use]
pub fn address(req: &HttpRequest, trusted: &[IpAddr]) -> Option<IpAddr> {
    let peer = req.peer_addr().map(|peer| canonical(peer.ip()))?;
    if !trusted.contains(&peer) {
        return Some(peer);
    }
    let mut client = peer;
    for value in req.headers().get_all("x-forwarded-for").collect::<Vec<_>>().into_iter().rev() {
        for part in value.to_str().unwrap_or_default().rsplit(',') {
            let Ok(ip) = part.trim().parse::<IpAddr>() else { return Some(client) };
            client = canonical(ip);
            if !trusted.contains(&client) {
                return Some(client);
            }
        }
    }
    Some(client)
}

/// A call from this machine that no proxy forwards.
#[must_use]
pub fn is_bare_loopback(req: &HttpRequest) -> bool {
    req.peer_addr().is_some_and(|peer| canonical(peer.ip()).is_loopback()) && !is_forwarded(req)
}

/// Whether a proxy says that it forwards somebody.
#[must_use]
pub fn is_forwarded(req: &HttpRequest) -> bool {
    req.headers().keys().any(|name| FORWARDING.contains(&name.as_str()) || name.as_str().starts_with("x-forwarded-"))
}

/// `::ffff:1.2.3.4` as `1.2.3.4`.
fn canonical(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn of(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut req = TestRequest::default().peer_addr(format!("{peer}:4000").parse().unwrap());
        for value in forwarded {
            req = req.append_header(("X-Forwarded-For", *value));
        }
        let trusted: Vec<IpAddr> = trusted.iter().map(|ip| ip.parse().unwrap()).collect();
        address(&req.to_http_request(), &trusted).unwrap().to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(of("9.9.9.9", &["1.1.1.1"], &["10.0.0.1"]), "9.9.9.9");
        assert_eq!(of("10.0.0.1", &["1.1.1.1, 2.2.2.2"], &["10.0.0.1"]), "2.2.2.2");
        assert_eq!(of("10.0.0.1", &["6.6.6.6", "1.1.1.1, 10.0.0.2"], &["10.0.0.1", "10.0.0.2"]), "1.1.1.1");
        assert_eq!(of("10.0.0.1", &["1.1.1.1, garbage"], &["10.0.0.1"]), "10.0.0.1");
    }
}
