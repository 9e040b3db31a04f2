//! The service root in front of every resource path.

use super::split::Scanner;

/// Versions that are served, all by one handler (web-api 1).
const VERSIONS: [&str; 6] = ["v9.2", "v9.1", "v9.0", "v8.2", "v8.1", "v8.0"];

/// The parts of a path that starts with the service root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceRoot<'a> {
    /// The segment in front of `/api`, if there is one.
    pub organization: Option<&'a str>,
    /// The version with its letter, `v9.2`; every address in an answer repeats it.
    pub version: &'a str,
    /// The raw resource path, without leading slashes.
    pub rest: &'a str,
}

/// Recognizes `/api/data/v{8.0..9.2}/…` and `/{organization}/api/data/v…/…`. Doubled slashes count as one.
#[must_use]
pub fn parse_root(path: &str) -> Option<ServiceRoot<'_>> {
    let (first, rest) = next_segment(path)?;
    let (organization, rest) = if first == "api" {
        (None, rest)
    } else {
        let (second, rest) = next_segment(rest)?;
        if second != "api" {
            return None;
        }
        (Some(first), rest)
    };
    let (data, rest) = next_segment(rest)?;
    let (version, rest) = next_segment(rest)?;
    if data != "data" || !VERSIONS.contains(&version) {
        return None;
    }
    Some(ServiceRoot { organization, version, rest: rest.trim_start_matches('/') })
}

/// Splits an address into path and query at the first `?` outside quotes. When a quote in the path is never
/// closed, at the first `?` of all.
#[must_use]
pub fn split_query(address: &str) -> (&str, Option<&str>) {
    let mut scanner = Scanner::new(address);
    let mut at = None;
    while let Some(symbol) = scanner.next() {
        if symbol.byte == b'?' && !symbol.encoded && !scanner.in_quotes() {
            at = Some(symbol.at);
            break;
        }
    }
    match at.or_else(|| address.find('?')) {
        Some(at) => (&address[..at], Some(&address[at + 1..])),
        None => (address, None),
    }
}

fn next_segment(path: &str) -> Option<(&str, &str)> {
    let path = path.trim_start_matches('/');
    if path.is_empty() {
        return None;
    }
    Some(path.split_at(path.find('/').unwrap_or(path.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // web-api 1
    fn recognizes_both_root_forms() {
        for (path, organization, version, rest) in [
            ("/api/data/v9.2/accounts(1)/x", None, "v9.2", "accounts(1)/x"),
            ("/contoso/api/data/v8.0/", Some("contoso"), "v8.0", ""),
            ("/api/data/v9.0", None, "v9.0", ""),
            ("//api//data/v9.1//contacts", None, "v9.1", "contacts"),
        ] {
            assert_eq!(parse_root(path), Some(ServiceRoot { organization, version, rest }), "{path}");
        }
    }

    #[test]
    fn other_paths_are_not_ours() {
        for path in ["", "/", "/api", "/api/data", "/api/data/v9.3/x", "/api/data/9.2/x", "/API/data/v9.2", "/a/b/api/data/v9.2/x", "/api/xdata/v9.2"] {
            assert_eq!(parse_root(path), None, "{path}");
        }
    }

    #[test]
    fn the_query_starts_at_the_first_question_mark_outside_quotes() {
        assert_eq!(split_query("a(b='x?')?$top=1"), ("a(b='x?')", Some("$top=1")));
        assert_eq!(split_query("a(b=%27x?%27)?"), ("a(b=%27x?%27)", Some("")));
        assert_eq!(split_query("a('x?$top=1"), ("a('x", Some("$top=1")));
        assert_eq!(split_query("a"), ("a", None));
    }
}
