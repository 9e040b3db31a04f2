//! From segments back to a path. Parsing the result gives the same segments.

use super::{KeyLiteral, KeyPredicate, NamedSegment, ResourcePath, Segment};
use crate::percent::{HexCase, push_encoded};

/// What stays unescaped in values, besides letters and digits.
const PLAIN: &[u8] = b"-._~:@!$*;";
/// What stays unescaped in names.
const PLAIN_IN_NAMES: &[u8] = b"-._~";

/// The path, percent-encoded, without a leading slash.
#[must_use]
pub fn print_path(path: &ResourcePath<'_>) -> String {
    let mut out = String::new();
    for segment in &path.segments {
        if !out.is_empty() {
            out.push('/');
        }
        print_segment(&mut out, segment);
    }
    out
}

/// Appends one segment, percent-encoded.
pub fn print_segment(out: &mut String, segment: &Segment<'_>) {
    match segment {
        Segment::Named(segment) => named(out, segment),
        Segment::Ref => out.push_str("$ref"),
        Segment::Count => out.push_str("$count"),
        Segment::Value => out.push_str("$value"),
        Segment::Metadata => out.push_str("$metadata"),
        Segment::Batch => out.push_str("$batch"),
        Segment::ContentId(id) => {
            out.push('$');
            out.push_str(id);
        }
    }
}

fn named(out: &mut String, segment: &NamedSegment<'_>) {
    push_encoded(out, &segment.name, PLAIN_IN_NAMES, HexCase::Upper);
    let Some(key) = &segment.key else { return };
    out.push('(');
    match key {
        KeyPredicate::Empty => {}
        KeyPredicate::Positional(value) => literal(out, value),
        KeyPredicate::Named(pairs) => {
            for (index, (name, value)) in pairs.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                push_encoded(out, name, PLAIN_IN_NAMES, HexCase::Upper);
                out.push('=');
                literal(out, value);
            }
        }
    }
    out.push(')');
}

fn literal(out: &mut String, value: &KeyLiteral<'_>) {
    match value {
        KeyLiteral::Bare(text) | KeyLiteral::Json(text) => push_encoded(out, text, PLAIN, HexCase::Upper),
        KeyLiteral::Quoted(text) => quoted(out, text),
        KeyLiteral::Parenthesized(text) => {
            out.push('(');
            push_encoded(out, text, PLAIN, HexCase::Upper);
            out.push(')');
        }
        KeyLiteral::Alias(name) => {
            out.push('@');
            push_encoded(out, name, PLAIN_IN_NAMES, HexCase::Upper);
        }
        KeyLiteral::Enum { type_name, member } => {
            push_encoded(out, type_name, PLAIN_IN_NAMES, HexCase::Upper);
            quoted(out, member);
        }
    }
}

fn quoted(out: &mut String, text: &str) {
    out.push('\'');
    for (index, piece) in text.split('\'').enumerate() {
        if index > 0 {
            out.push_str("''");
        }
        push_encoded(out, piece, PLAIN, HexCase::Upper);
    }
    out.push('\'');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::parse_path;

    #[test]
    fn printed_paths_parse_to_the_same_segments() {
        for (raw, printed) in [
            ("//accounts(1)/x/$ref", "accounts(1)/x/$ref"),
            ("p(k='a/b''c ä',n=1)", "p(k='a%2Fb''c%20%C3%A4',n=1)"),
            ("$1/R(A=@p1,B=Microsoft.Dynamics.CRM.T'V')", "$1/R(A=@p1,B=Microsoft.Dynamics.CRM.T'V')"),
            ("R(A=[\"x\"])", "R(A=%5B%22x%22%5D)"),
            ("p(_d_value=(7d0c))", "p(_d_value=(7d0c))"),
        ] {
            let path = parse_path(raw).unwrap();
            let text = print_path(&path);
            assert_eq!(text, printed);
            assert_eq!(parse_path(&text).unwrap(), path);
        }
    }
}
