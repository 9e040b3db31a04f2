//! One line per request (OPS-08).

use std::fmt::{self, Write};

use http::{HeaderValue, Method, StatusCode};
use uuid::Uuid;

/// Target of the lines, for filters: `access=info`.
const TARGET: &str = "access";
/// Bytes of a client's name that are logged at most.
const CLIENT_BYTES_MAX: usize = 128;
/// Characters of a path that are logged at most.
const PATH_CHARS_MAX: usize = 512;

/// Whether lines are wanted; asked first, so that nothing is kept for them otherwise.
pub(crate) fn is_wanted() -> bool {
    tracing::enabled!(target: TARGET, tracing::Level::INFO)
}

/// What a line says.
#[derive(Debug)]
pub(crate) struct AccessLine<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) route: &'static str,
    pub(crate) status: StatusCode,
    pub(crate) micros: u64,
    pub(crate) bytes: u64,
    pub(crate) user: Option<Uuid>,
    pub(crate) client: Option<&'a HeaderValue>,
    pub(crate) request_id: Uuid,
}

pub(crate) fn write(line: &AccessLine<'_>) {
    tracing::info!(
        target: TARGET,
        method = %line.method,
        path = %ShownPath(line.path),
        route = line.route,
        status = line.status.as_u16(),
        micros = line.micros,
        bytes = line.bytes,
        user = line.user.map(tracing::field::display),
        client = line.client.map(shown_client),
        request_id = %line.request_id,
    );
}

/// What a client calls itself: visible characters only, and not too many.
fn shown_client(value: &HeaderValue) -> &str {
    let text = value.to_str().unwrap_or("?");
    text.get(..CLIENT_BYTES_MAX).unwrap_or(text)
}

/// A path without query and without values: what stands in parentheses is a key or a parameter, hence data of a record,
/// and is shown only if it is an id (SEC-32).
struct ShownPath<'a>(&'a str);

impl fmt::Display for ShownPath<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = PATH_CHARS_MAX;
        for (index, segment) in self.0.split('/').enumerate() {
            if index > 0 {
                out.write_char('/')?;
            }
            let end = open_parenthesis(segment).unwrap_or(segment.len());
            let (name, rest) = segment.split_at(end);
            let shown = name.char_indices().nth(left).map_or(name, |(cut, _)| &name[..cut]);
            shown.chars().try_for_each(|c| out.write_char(if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { '?' } else { c }))?;
            if !rest.is_empty() {
                out.write_str(if is_record_id(rest) { rest } else { "(*)" })?;
                if !is_closed(rest) {
                    return Ok(()); // a slash in a value: what follows may be value, too
                }
            }
            left = left.saturating_sub(shown.len() + 1);
            if left == 0 {
                return out.write_str("...");
            }
        }
        Ok(())
    }
}

fn open_parenthesis(segment: &str) -> Option<usize> {
    let plain = segment.find('(');
    let encoded = segment.find("%28");
    match (plain, encoded) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn is_closed(parenthesis: &str) -> bool {
    let quotes = parenthesis.matches('\'').count() + parenthesis.matches("%27").count();
    let ends = parenthesis.ends_with(')') || parenthesis.ends_with("%29");
    ends && quotes.is_multiple_of(2)
}

fn is_record_id(parenthesis: &str) -> bool {
    let inside = parenthesis.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    inside.is_some_and(|text| text.len() == 36 && Uuid::try_parse(text).is_ok())
}

#[cfg(test)]
mod tests {
    use super::ShownPath;

    #[test] // SEC-32
    fn what_a_client_says_cannot_break_a_line() {
        assert_eq!(ShownPath("/a\u{85}b\u{2028}c").to_string(), "/a?b?c");
        assert_eq!(super::shown_client(&http::HeaderValue::from_bytes(b"x\xffy").unwrap()), "?");
        assert_eq!(super::shown_client(&http::HeaderValue::from_str(&"x".repeat(500)).unwrap()).len(), 128);
    }

    #[test] // SEC-32
    fn a_logged_path_names_no_value() {
        let shown = |path: &str| ShownPath(path).to_string();
        let root = "/api/data/v9.2";
        let id = "(0f8fad5b-d9cb-469f-a165-70867728950e)";
        for (path, expected) in [
            (format!("{root}/accounts"), format!("{root}/accounts")),
            (format!("{root}/accounts{id}/name"), format!("{root}/accounts{id}/name")),
            (format!("{root}/accounts(accountnumber='A-1')/$ref"), format!("{root}/accounts(*)/$ref")),
            (format!("{root}/accounts%28name='x'%29"), format!("{root}/accounts(*)")),
            (format!("{root}/accounts(name='a/b')"), format!("{root}/accounts(*)")),
            (format!("{root}/accounts(name='a)/b')"), format!("{root}/accounts(*)")),
        ] {
            assert_eq!(shown(&path), expected);
        }
        let long = shown(&format!("/{}", "é".repeat(2_000)));
        assert!(long.len() < 1_100 && long.ends_with("..."));
    }
}
