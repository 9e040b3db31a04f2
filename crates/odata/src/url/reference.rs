//! References to records in bodies: `@odata.bind`, `@odata.id`, and `$id` of `$ref` (web-api 7, 13).

use std::borrow::Cow;

use super::{KeyPredicate, Segment, parse_path, parse_root};
use crate::{ParseError, ParseErrorKind};

/// What a reference names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference<'a> {
    /// A record of a set, by primary or alternate key.
    Record {
        /// The entity set name.
        set: Cow<'a, str>,
        /// The key in parentheses.
        key: KeyPredicate<'a>,
    },
    /// The record that an earlier request of the change set made: `$1`.
    ContentId(Cow<'a, str>),
}

/// Reads `/set(key)`, `set(key)`, `{root}set(key)`, `{root}/set(key)`, a path from the host, or `$1`.
///
/// `is_ours` is asked with the origin (`https://host:port`) of an absolute reference.
///
/// # Errors
/// `Value` for an origin that is not ours and for addresses that name no record; else as
/// [`parse_path`].
pub fn parse_reference<'a>(text: &'a str, is_ours: &dyn Fn(&str) -> bool) -> Result<Reference<'a>, ParseError> {
    let text = text.trim();
    let path = relative_path(text, is_ours)?;
    let offset = text.len() - path.len();
    let mut segments = parse_path(path).map_err(|error| error.shifted(offset))?.segments.into_iter();
    match (segments.next(), segments.next()) {
        (Some(Segment::ContentId(id)), None) => Ok(Reference::ContentId(id)),
        (Some(Segment::Named(segment)), None) => match segment.key {
            Some(key @ (KeyPredicate::Positional(_) | KeyPredicate::Named(_))) => Ok(Reference::Record { set: segment.name, key }),
            _ => Err(no_record(offset, text)),
        },
        _ => Err(no_record(offset, text)),
    }
}

/// The resource path of a reference, without origin and service root.
fn relative_path<'a>(text: &'a str, is_ours: &dyn Fn(&str) -> bool) -> Result<&'a str, ParseError> {
    let Some(host) = host_offset(text) else {
        return Ok(parse_root(text).map_or(text, |root| root.rest));
    };
    let origin_end = text[host..].find(['/', '?', '#']).map_or(text.len(), |length| host + length);
    if !is_ours(&text[..origin_end]) {
        return Err(no_record(0, text));
    }
    match parse_root(&text[origin_end..]) {
        Some(root) => Ok(root.rest),
        None => Err(no_record(origin_end, text)),
    }
}

/// Where the host of an absolute reference starts.
fn host_offset(text: &str) -> Option<usize> {
    let scheme_end = text.find("://")?;
    let scheme = &text[..scheme_end];
    let is_http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    is_http.then_some(scheme_end + 3)
}

fn no_record(offset: usize, text: &str) -> ParseError {
    let text: String = text.chars().take(256).collect();
    let message = format!("The reference '{text}' is not the address of a record of this service.");
    ParseError::new(ParseErrorKind::Value, offset, message)
}

#[cfg(test)]
mod tests {
    use super::super::KeyLiteral;
    use super::*;

    fn parsed(text: &str) -> Result<Reference<'_>, ParseError> {
        parse_reference(text, &|origin| origin == "https://h:8443")
    }

    #[test] // web-api 7
    fn all_spellings_name_the_same_record() {
        let key = KeyPredicate::Positional(KeyLiteral::Bare("1f".into()));
        let expected = Ok(Reference::Record { set: "drf_depots".into(), key });
        for text in [
            "drf_depots(1f)",
            "/drf_depots(1f)",
            " //drf_depots(1f) ",
            "https://h:8443/api/data/v9.2/drf_depots(1f)",
            "https://h:8443/api/data/v9.2//drf_depots(1f)",
            "https://h:8443/org/api/data/v9.0/drf_depots(1f)",
            "/api/data/v9.2/drf_depots(1f)",
        ] {
            assert_eq!(parsed(text), expected, "{text}");
        }
    }

    #[test]
    fn alternate_keys_may_hold_anything() {
        let Ok(Reference::Record { set, key: KeyPredicate::Named(pairs) }) = parsed("/p(k='http://x/%C3%A4',n=1)") else {
            panic!("no named key");
        };
        assert_eq!((set.as_ref(), pairs[0].1.text()), ("p", "http://x/ä"));
    }

    #[test] // web-api 23
    fn content_ids() {
        assert_eq!(parsed("$1"), Ok(Reference::ContentId("1".into())));
        assert_eq!(parsed("/$12"), Ok(Reference::ContentId("12".into())));
    }

    #[test]
    fn other_addresses_are_refused() {
        for bad in ["", "/", "p", "p()", "p(1)/x", "$1/x", "https://other/api/data/v9.2/p(1)", "https://h:8443", "https://h:8443/p(1)", "$ref"] {
            assert_eq!(parsed(bad).unwrap_err().kind, ParseErrorKind::Value, "{bad}");
        }
        assert_eq!(parsed("p(1").unwrap_err().offset, 3);
    }
}
