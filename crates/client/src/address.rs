//! Where the service is, and how paths and links become addresses.

use crate::error::{ClientError, Result};

/// The version of the Web API that is spoken when the address names none (web-api 1).
const API_ROOT: &str = "api/data/v9.2/";

/// Address of a service: its origin and the root of its Web API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    origin: String,
    root: String,
}

impl Address {
    /// Reads an address such as `https://localhost:8443`, `https://host/organization` or `https://host/api/data/v9.1`.
    ///
    /// Without a version the address stands for version 9.2. User names, queries and fragments are refused: a token belongs into a
    /// header, where no log shows it.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let refused = |why: &str| ClientError::Settings(format!("\"{text}\" is not a usable service address: {why}"));
        let (scheme, rest) = text
            .split_once("://")
            .map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest))
            .filter(|(scheme, _)| scheme == "http" || scheme == "https")
            .ok_or_else(|| refused("it must begin with http:// or https://"))?;
        if rest.contains(['?', '#']) {
            return Err(refused("it has a query or a fragment"));
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if authority.is_empty() {
            return Err(refused("it names no host"));
        }
        if authority.contains('@') {
            return Err(refused("it contains a user name"));
        }
        let origin = format!("{scheme}://{}", without_default_port(&scheme, &authority.to_ascii_lowercase()));
        if ureq::http::Uri::try_from(&origin).is_err() {
            return Err(refused("the host or the port is malformed"));
        }
        let path = path.trim_matches('/');
        let root = match path {
            "" => format!("{origin}/{API_ROOT}"),
            _ if names_version(path) => format!("{origin}/{path}/"),
            _ => format!("{origin}/{path}/{API_ROOT}"),
        };
        Ok(Self { origin, root })
    }

    /// Scheme, host and port, without a trailing slash.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Root of the Web API, with a trailing slash.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// Whether the host is this machine itself, so that no proxy may stand in between.
    pub fn is_loopback(&self) -> bool {
        let authority = self.origin.split_once("://").map_or("", |(_, authority)| authority);
        let host = match authority.strip_prefix('[') {
            Some(six) => six.split(']').next().unwrap_or(six),
            None => authority.split(':').next().unwrap_or(authority),
        };
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// Turns a path below the API root, a path of the origin (with a leading slash) or a link that the service gave into an address.
    ///
    /// A link to another origin is refused: the token must not travel there.
    pub fn resolve(&self, path: &str) -> Result<String> {
        if let Some((scheme, rest)) = path.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let (authority, tail) = rest.split_at(end);
            let scheme = scheme.to_ascii_lowercase();
            let authority = authority.to_ascii_lowercase();
            let origin = format!("{scheme}://{}", without_default_port(&scheme, &authority));
            if origin != self.origin {
                return Err(ClientError::Settings(format!("the link leads to {origin}, but the service is {}; the token is not sent there", self.origin)));
            }
            return Ok(format!("{origin}{tail}"));
        }
        Ok(match path.strip_prefix('/') {
            Some(rest) => format!("{}/{rest}", self.origin),
            None => format!("{}{path}", self.root),
        })
    }
}

/// Percent-encodes text for use inside a path segment, a key or a query value: everything but RFC 3986's unreserved characters
/// and the few that OData URLs carry as they are (`'(),$*!`).
pub fn encode_component(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            b'\'' | b'(' | b')' | b',' | b'$' | b'*' | b'!' => out.push(char::from(byte)),
            _ => {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
    out
}

/// A text literal of OData (quotes doubled), percent-encoded.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", encode_component(&text.replace('\'', "''")))
}

fn is_scheme(text: &str) -> bool {
    text.eq_ignore_ascii_case("http") || text.eq_ignore_ascii_case("https")
}

fn names_version(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|last| last.strip_prefix('v').is_some_and(|v| v.contains('.') && v.chars().all(|c| c.is_ascii_digit() || c == '.')))
}

fn without_default_port<'a>(scheme: &str, authority: &'a str) -> &'a str {
    let port = if scheme == "https" { ":443" } else { ":80" };
    authority.strip_suffix(port).unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // web-api 1: the root carries the version and, on premises, the organization
    fn roots() {
        for (text, root) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/api/data/v9.2/"),
            ("HTTPS://LocalHost:443/", "https://localhost/api/data/v9.2/"),
            ("https://host/contoso", "https://host/contoso/api/data/v9.2/"),
            ("https://host/api/data/v9.0/", "https://host/api/data/v9.0/"),
        ] {
            assert_eq!(Address::parse(text).unwrap().root(), root, "{text}");
        }
    }

    #[test]
    fn unusable_addresses_are_refused() {
        for text in ["", "localhost:8080", "ftp://x", "http://", "http://user:secret@host", "http://h/?a=b", "http://h o st"] {
            assert!(matches!(Address::parse(text), Err(ClientError::Settings(_))), "{text}");
        }
    }

    #[test] // web-api 17: links are followed verbatim, but never to another host
    fn links_keep_to_the_origin() {
        let address = Address::parse("https://localhost:8443").unwrap();
        assert_eq!(address.resolve("WhoAmI").unwrap(), "https://localhost:8443/api/data/v9.2/WhoAmI");
        assert_eq!(address.resolve("/livez").unwrap(), "https://localhost:8443/livez");
        let link = "https://localhost:8443/api/data/v9.2/x?$deltatoken=a%21b";
        assert_eq!(address.resolve(link).unwrap(), link);
        for foreign in ["https://localhost:9443/x", "http://localhost:8443/x", "https://evil/x", "https://localhost:8443@evil/x"] {
            assert!(address.resolve(foreign).is_err(), "{foreign}");
        }
    }

    #[test]
    fn loopback() {
        for (text, expected) in [("http://127.0.0.9:1", true), ("http://[::1]:1", true), ("https://localhost", true), ("https://h", false)] {
            assert_eq!(Address::parse(text).unwrap().is_loopback(), expected, "{text}");
        }
    }

    #[test] // web-api 7: quotes doubled, everything else percent-encoded
    fn literals() {
        assert_eq!(quoted("O'Hara & Söhne/1"), "'O''Hara%20%26%20S%C3%B6hne%2F1'");
    }
}
