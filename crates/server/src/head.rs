//! Checks of a request's head, before its body is read.

use std::net::{IpAddr, SocketAddr};

use http::header::{CONTENT_ENCODING, HOST};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Uri};

use crate::front::{Origin, Peer};
use crate::limits::Limits;
use crate::listen::Listeners;
use crate::proxy::{self, Network, Told};
use crate::refusal::Refusal;

/// A host name has at most 253 characters; with a port, and some room.
const AUTHORITY_BYTES_MAX: usize = 262;

/// By which names the service may be addressed.
#[derive(Debug, Clone)]
pub(crate) enum HostRule {
    /// Any name: the service is reachable from other machines, and its names are not known to it.
    Any,
    /// Loopback names and these, and no proxy in between that is not trusted. Without that, a web page whose own name was made to point at 127.0.0.1 could
    /// read what the browser gets from here (AUTH-42).
    Local(Vec<String>),
}

/// What the service is called, and whose word about that counts.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    hosts: HostRule,
    proxies: Vec<Network>,
    public_url: Option<String>,
}

impl Names {
    pub(crate) fn new(listeners: &Listeners) -> Self {
        let public = listeners.public_url.as_deref().and_then(|url| url.split_once("://")).and_then(|(_, authority)| host_of(authority));
        let names = listeners.host_names.iter().cloned().chain(public.map(str::to_owned)).collect();
        Self {
            hosts: if listeners.is_local() { HostRule::Local(names) } else { HostRule::Any },
            proxies: listeners.proxies.clone(),
            public_url: listeners.public_url.clone(),
        }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(address))
    }
}

/// Checks sizes, method and host; returns where the client believes to be, and who it is. The URL becomes path and query only.
pub(crate) fn check(head: &mut Parts, peer: Peer, limits: &Limits, names: &Names) -> Result<(Origin, Peer), Refusal> {
    check_sizes(head, limits)?;
    if head.method == Method::CONNECT {
        return Err(Refusal::Tunnel);
    }
    if head.headers.get_all(CONTENT_ENCODING).iter().any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Refusal::Compressed); // SEC-12
    }
    let found = origin(head, peer, names)?;
    if head.uri.authority().is_some() {
        let path = head.uri.path_and_query().cloned();
        head.uri = Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
    }
    Ok(found)
}

fn check_sizes(head: &Parts, limits: &Limits) -> Result<(), Refusal> {
    let url = head.uri.path_and_query().map_or("", PathAndQuery::as_str);
    // Two blanks and "HTTP/1.1".
    if head.method.as_str().len() + url.len() + 10 > limits.request_line_bytes_max {
        return Err(Refusal::UrlTooLong); // SEC-01
    }
    let mut bytes = 0;
    for (name, value) in &head.headers {
        let field = name.as_str().len() + value.len();
        if field > limits.header_field_bytes_max {
            return Err(Refusal::HeadersTooLarge); // SEC-02
        }
        bytes += field;
    }
    if head.headers.len() > limits.header_fields_max || bytes > limits.headers_bytes_max {
        return Err(Refusal::HeadersTooLarge);
    }
    Ok(())
}

/// Where the client believes to be: what a trusted proxy tells, else the authority of the URL, where HTTP/2 and proxies put it, else the one `Host` header.
fn origin(head: &Parts, peer: Peer, names: &Names) -> Result<(Origin, Peer), Refusal> {
    let told = if names.trusts(peer.address.ip()) { proxy::told(&head.headers, &names.proxies) } else { Told::default() };
    let authority = match (&told.authority, head.uri.authority()) {
        (Some(told), _) => told.as_str(),
        (None, Some(authority)) => authority.as_str(),
        (None, None) => host_header(&head.headers)?,
    };
    let host = host_of(authority).ok_or(Refusal::Malformed("The host is not a name and a port."))?;
    if let HostRule::Local(known) = &names.hosts {
        let is_known = is_loopback(host) || known.iter().any(|name| name.eq_ignore_ascii_case(host));
        let is_strange = proxy::is_proxied(&head.headers) && !names.trusts(peer.address.ip());
        if !is_known || is_strange {
            return Err(Refusal::ForeignHost);
        }
    }
    let origin = match &names.public_url {
        Some(url) => url.clone(),
        None => format!("{}://{authority}", told.scheme.unwrap_or(peer.scheme)),
    };
    let address = told.client.map_or(peer.address, |client| SocketAddr::new(client, 0));
    Ok((Origin(origin), Peer { address, ..peer }))
}

fn host_header(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(HOST).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map_err(|_| Refusal::Malformed("The host is not a name and a port.")),
        _ => Err(Refusal::Malformed("A request names its host, once.")),
    }
}

/// The host in `host`, `host:port`, `[address]` or `[address]:port`; `None` for anything else, since the text goes into
/// links as it is.
pub(crate) fn host_of(authority: &str) -> Option<&str> {
    if authority.len() > AUTHORITY_BYTES_MAX {
        return None;
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            (address, port)
        }
        None => {
            let end = authority.find(':').unwrap_or(authority.len());
            let (host, port) = authority.split_at(end);
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            if host.is_empty() || !host.bytes().all(is_name) {
                return None;
            }
            (host, port)
        }
    };
    let digits = match port.strip_prefix(':') {
        Some(digits) => digits,
        None if port.is_empty() => return Some(host),
        None => return None,
    };
    let is_port = (1..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    is_port.then_some(host)
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use http::Request;
    use http::request::Parts;

    use super::{HostRule, Names, check};
    use crate::front::{Peer, Scheme};
    use crate::limits::Limits;
    use crate::refusal::Refusal;

    fn head(url: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::get(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn local() -> HostRule {
        HostRule::Local(vec!["books.test".to_owned()])
    }

    fn origin(url: &str, headers: &[(&str, &str)], hosts: &HostRule) -> Result<String, Refusal> {
        let names = Names { hosts: hosts.clone(), proxies: Vec::new(), public_url: None };
        arrived(url, headers, "127.0.0.1:5", &names).map(|(origin, _)| origin)
    }

    /// Where the client believes to be, and its address.
    fn arrived(url: &str, headers: &[(&str, &str)], peer: &str, names: &Names) -> Result<(String, String), Refusal> {
        let mut head = head(url, headers);
        let peer = Peer { address: peer.parse().unwrap(), scheme: Scheme::Https };
        let (origin, peer) = check(&mut head, peer, &Limits::default(), names)?;
        assert!(head.uri.authority().is_none());
        Ok((origin.0, peer.address.ip().to_string()))
    }

    #[test] // AUTH-51
    fn only_trusted_proxies_are_believed_and_a_public_address_stands_in_all_links() {
        let proxies = vec!["10.0.0.0/8".parse().unwrap()];
        let names = Names { hosts: HostRule::Any, proxies: proxies.clone(), public_url: None };
        let told = [("host", "inside:1"), ("x-forwarded-host", "books.example"), ("x-forwarded-proto", "http"), ("x-forwarded-for", "203.0.113.9")];
        let found = |peer: &str, names: &Names| arrived("/", &told, peer, names).unwrap();
        assert_eq!(found("10.1.1.1:5", &names), ("http://books.example".to_owned(), "203.0.113.9".to_owned()));
        assert_eq!(found("11.1.1.1:5", &names), ("https://inside:1".to_owned(), "11.1.1.1".to_owned()));
        let public = Names { public_url: Some("https://books.test".to_owned()), ..names };
        assert_eq!(found("11.1.1.1:5", &public), ("https://books.test".to_owned(), "11.1.1.1".to_owned()));
        let near = Names { hosts: local(), proxies: vec!["127.0.0.1".parse().unwrap()], public_url: None };
        let host = |host: &'static str| arrived("/", &[("host", "localhost"), ("x-forwarded-host", host)], "127.0.0.1:5", &near);
        assert_eq!(host("books.test").unwrap().0, "https://books.test");
        assert_eq!(host("evil.example"), Err(Refusal::ForeignHost), "a page whose name was made to point here can send such headers");
    }

    #[test]
    fn the_origin_is_what_the_client_used() {
        for host in ["localhost:8443", "LocalHost", "127.0.0.1:80", "[::1]:8443"] {
            let found = origin("/x?y=1", &[("host", host)], &local());
            assert_eq!(found, Ok(format!("https://{host}")));
        }
        let absolute = origin("https://localhost:9/x", &[("host", "other")], &local());
        assert_eq!(absolute, Ok("https://localhost:9".to_owned()));
    }

    #[test] // AUTH-42
    fn a_local_service_answers_to_its_own_names_only() {
        let of = |host| origin("/", &[("host", host)], &local());
        assert!(of("Books.test:8443").is_ok());
        for host in ["evil.example", "localhost.evil.example", "10.0.0.1"] {
            assert_eq!(of(host), Err(Refusal::ForeignHost), "{host}");
            assert!(origin("/", &[("host", host)], &HostRule::Any).is_ok());
        }
        for header in ["forwarded", "x-forwarded-for", "X-Forwarded-Host"] {
            let found = origin("/", &[("host", "localhost"), (header, "x")], &local());
            assert_eq!(found, Err(Refusal::ForeignHost), "{header}");
        }
    }

    #[test]
    fn a_host_that_cannot_stand_in_a_link_is_refused() {
        for host in ["", ":80", "a b", "a/b", "u@h", "h:", "h:x", "h:123456", "[::1", "[x]:1", "[::1]x", "a\"b", "<a>", "é"] {
            let found = origin("/", &[("host", host)], &HostRule::Any);
            assert!(matches!(found, Err(Refusal::Malformed(_))), "{host}");
        }
        for headers in [&[][..], &[("host", "a"), ("host", "b")][..]] {
            let found = origin("/", headers, &HostRule::Any);
            assert!(matches!(found, Err(Refusal::Malformed(_))));
        }
    }

    #[test] // SEC-01
    fn a_request_line_may_have_its_limit_and_no_more() {
        // "GET " + URL + " HTTP/1.1" is 13 bytes around the URL.
        let of = |bytes: usize| {
            let url = format!("/{}", "x".repeat(bytes - 14));
            origin(&url, &[("host", "localhost")], &local())
        };
        assert!(of(32_768).is_ok());
        assert_eq!(of(32_769), Err(Refusal::UrlTooLong));
    }

    #[test] // SEC-02
    fn header_fields_have_three_limits() {
        let fields = |count: usize, bytes: usize| {
            let names: Vec<_> = (0..count).map(|index| format!("x-{index:03}")).collect();
            let value = "v".repeat(bytes - 5);
            let mut headers = vec![("host", "localhost")];
            headers.extend(names.iter().map(|name| (name.as_str(), value.as_str())));
            origin("/", &headers, &local())
        };
        assert!(fields(1, 16 * 1024).is_ok());
        assert_eq!(fields(1, 16 * 1024 + 1), Err(Refusal::HeadersTooLarge));
        assert!(fields(99, 10).is_ok());
        assert_eq!(fields(100, 10), Err(Refusal::HeadersTooLarge));
        assert!(fields(3, 16 * 1024).is_ok());
        assert_eq!(fields(4, 16 * 1024), Err(Refusal::HeadersTooLarge));
    }
}
