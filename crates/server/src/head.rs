//! Checks of a request's head, before its body is read.

use std::net::IpAddr;

use http::header::{FORWARDED, HOST};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, Method, Uri};

use crate::front::{Origin, Scheme};
use crate::limits::Limits;
use crate::refusal::Refusal;

/// A host name has at most 253 characters; with a port, and some room.
const AUTHORITY_BYTES_MAX: usize = 262;

/// Headers by which a proxy tells whom it speaks for. Nobody is trusted with that yet.
const PROXY_HEADERS: [HeaderName; 4] =
    [FORWARDED, HeaderName::from_static("x-forwarded-for"), HeaderName::from_static("x-forwarded-host"), HeaderName::from_static("x-forwarded-proto")];

/// By which names the service may be addressed.
#[derive(Debug, Clone)]
pub(crate) enum HostRule {
    /// Any name: the service is reachable from other machines, and its names are not known to it.
    Any,
    /// Loopback names and these, and no proxy in between. Without that, a web page whose own name was made to point at
    /// 127.0.0.1 could read what the browser gets from here (AUTH-42).
    Local(Vec<String>),
}

/// Checks sizes, method and host; returns where the client believes to be. The URL becomes path and query only.
pub(crate) fn check(head: &mut Parts, scheme: Scheme, limits: &Limits, hosts: &HostRule) -> Result<Origin, Refusal> {
    check_sizes(head, limits)?;
    if head.method == Method::CONNECT {
        return Err(Refusal::Tunnel);
    }
    let origin = origin(head, scheme, hosts)?;
    if head.uri.authority().is_some() {
        let path = head.uri.path_and_query().cloned();
        head.uri = Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
    }
    Ok(origin)
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

/// The authority of the URL, where HTTP/2 and proxies put it, else the one `Host` header.
fn origin(head: &Parts, scheme: Scheme, hosts: &HostRule) -> Result<Origin, Refusal> {
    let authority = match head.uri.authority() {
        Some(authority) => authority.as_str(),
        None => host_header(&head.headers)?,
    };
    let host = host_of(authority).ok_or(Refusal::Malformed("The host is not a name and a port."))?;
    if let HostRule::Local(names) = hosts {
        let known = is_loopback(host) || names.iter().any(|name| name.eq_ignore_ascii_case(host));
        let proxied = PROXY_HEADERS.iter().any(|name| head.headers.contains_key(name));
        if !known || proxied {
            return Err(Refusal::ForeignHost);
        }
    }
    Ok(Origin(format!("{scheme}://{authority}")))
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
fn host_of(authority: &str) -> Option<&str> {
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

    use super::{HostRule, check};
    use crate::front::Scheme;
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
        let mut head = head(url, headers);
        let origin = check(&mut head, Scheme::Https, &Limits::default(), hosts)?;
        assert!(head.uri.authority().is_none());
        Ok(origin.0)
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
