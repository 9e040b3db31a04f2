//! One line per request (OPS-08).

use std::fmt::{self, Write};

use http::{Method, StatusCode};
use uuid::Uuid;

/// Target of the lines, for filters: `access=info`.
const TARGET: &str = "access";
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
    pub(crate) status: StatusCode,
    pub(crate) micros: u64,
    pub(crate) bytes: u64,
    pub(crate) request_id: Uuid,
}

pub(crate) fn write(line: &AccessLine<'_>) {
    tracing::info!(
        target: TARGET,
        method = %line.method,
        path = %ShownPath(line.path),
        status = line.status.as_u16(),
        micros = line.micros,
        bytes = line.bytes,
        request_id = %line.request_id,
    );
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
            out.write_str(shown)?;
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
