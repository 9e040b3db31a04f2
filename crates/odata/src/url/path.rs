//! From a raw path to its segments.

use std::borrow::Cow;

use super::literal::Cursor;
use super::split::Scanner;
use super::{KeyPredicate, NamedSegment, ResourcePath, Segment};
use crate::percent::{self, Plus};
use crate::{ParseError, ParseErrorKind};

/// Parses the raw (percent-encoded) path behind the service root. Every segment is decoded once; slashes
/// within quotes and parentheses belong to the value (web-api 7).
///
/// # Errors
/// `UnknownSegment` for a segment that cannot be a name, `Syntax` for everything else that is malformed.
/// Offsets count in the decoded segment, from the segment's start in `raw`.
pub fn parse_path(raw: &str) -> Result<ResourcePath<'_>, ParseError> {
    let mut segments = Vec::with_capacity(2);
    let mut scanner = Scanner::new(raw);
    let mut start = 0;
    while let Some(symbol) = scanner.next() {
        if symbol.byte == b'/' && !symbol.encoded && scanner.at_top() {
            push_segment(&mut segments, raw, start, symbol.at)?;
            start = symbol.at + 1;
        }
    }
    push_segment(&mut segments, raw, start, raw.len())?;
    Ok(ResourcePath { segments })
}

fn push_segment<'a>(segments: &mut Vec<Segment<'a>>, raw: &'a str, start: usize, end: usize) -> Result<(), ParseError> {
    let piece = &raw[start..end];
    if piece.is_empty() {
        return Ok(());
    }
    let first = segments.is_empty();
    let segment = match percent::decode(piece, Plus::Keep) {
        Ok(Cow::Borrowed(text)) => segment(text, first),
        Ok(Cow::Owned(text)) => segment(&text, first).map(Segment::into_owned),
        Err(error) => Err(error),
    };
    segments.push(segment.map_err(|error| error.shifted(start))?);
    Ok(())
}

/// One decoded segment.
fn segment(text: &str, first: bool) -> Result<Segment<'_>, ParseError> {
    match text {
        "$ref" => return Ok(Segment::Ref),
        "$count" => return Ok(Segment::Count),
        "$value" => return Ok(Segment::Value),
        "$metadata" => return Ok(Segment::Metadata),
        "$batch" => return Ok(Segment::Batch),
        _ => {}
    }
    if let Some(id) = text.strip_prefix('$') {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
        return if first && !id.is_empty() && id.bytes().all(plain) { Ok(Segment::ContentId(Cow::Borrowed(id))) } else { Err(unknown(text)) };
    }
    named_segment(text).map(Segment::Named)
}

/// `name` or `name(...)`.
pub(super) fn named_segment(text: &str) -> Result<NamedSegment<'_>, ParseError> {
    let (name, parentheses) = text.split_at(text.find('(').unwrap_or(text.len()));
    if name.is_empty() || !name.chars().all(is_name_character) {
        return Err(unknown(text));
    }
    let key = if parentheses.is_empty() { None } else { Some(predicate(text, name.len())?) };
    Ok(NamedSegment { name: Cow::Borrowed(name), key })
}

/// The parentheses of `text` that open at `open` and must close at its end.
fn predicate(text: &str, open: usize) -> Result<KeyPredicate<'_>, ParseError> {
    let mut cursor = Cursor::new(text, open + 1);
    let mut pairs: Vec<(Cow<'_, str>, _)> = Vec::new();
    let mut positional = None;
    cursor.skip_blanks();
    if !cursor.take(b')') {
        loop {
            let at = cursor.offset();
            match cursor.parameter_name() {
                Some(name) if pairs.iter().any(|(other, _)| *other == name) => {
                    return Err(repeated(at, name));
                }
                Some(name) => pairs.push((Cow::Borrowed(name), cursor.literal()?)),
                None if positional.is_none() && pairs.is_empty() => positional = Some(cursor.literal()?),
                None => return Err(cursor.error()),
            }
            cursor.skip_blanks();
            if cursor.take(b')') {
                break;
            }
            if positional.is_some() || !cursor.take(b',') {
                return Err(cursor.error());
            }
            cursor.skip_blanks();
        }
    }
    if !cursor.at_end() {
        return Err(cursor.error());
    }
    Ok(match positional {
        Some(value) => KeyPredicate::Positional(value),
        None if pairs.is_empty() => KeyPredicate::Empty,
        None => KeyPredicate::Named(pairs),
    })
}

/// Letters, digits, underscore; dots in qualified names.
pub(super) fn is_name_character(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '.')
}

fn unknown(text: &str) -> ParseError {
    let name: String = text.chars().take(128).collect();
    let message = format!("Resource not found for the segment '{name}'.");
    ParseError::new(ParseErrorKind::UnknownSegment, 0, message)
}

fn repeated(offset: usize, name: &str) -> ParseError {
    let message = format!("The name '{name}' is given more than once in the parentheses.");
    ParseError::new(ParseErrorKind::Value, offset, message)
}

#[cfg(test)]
mod tests {
    use super::super::KeyLiteral::{Alias, Bare, Enum, Json, Parenthesized, Quoted};
    use super::*;

    fn named<'a>(name: &'a str, key: Option<KeyPredicate<'a>>) -> Segment<'a> {
        Segment::Named(NamedSegment { name: name.into(), key })
    }

    fn check(raw: &str, expected: &[Segment<'_>]) {
        assert_eq!(parse_path(raw).unwrap().segments, expected, "{raw}");
    }

    fn pairs<'a>(pairs: &[(&'a str, crate::url::KeyLiteral<'a>)]) -> Option<KeyPredicate<'a>> {
        Some(KeyPredicate::Named(pairs.iter().map(|(n, v)| ((*n).into(), v.clone())).collect()))
    }

    #[test]
    fn plain_segments() {
        check("", &[]);
        check("/", &[]);
        check("accounts", &[named("accounts", None)]);
        check("accounts()//", &[named("accounts", Some(KeyPredicate::Empty))]);
        check("$metadata", &[Segment::Metadata]);
        check("$batch", &[Segment::Batch]);
        let id = "7d0c0000-0000-0000-0000-000000000001";
        let by_id = || Some(KeyPredicate::Positional(Bare(id.into())));
        check(&format!("/accounts({id})//name/$value"), &[named("accounts", by_id()), named("name", None), Segment::Value]);
        check(&format!("a({id})/c({id})/$ref"), &[named("a", by_id()), named("c", by_id()), Segment::Ref]);
        check("a/$count", &[named("a", None), Segment::Count]);
        check("parcels/Microsoft.Dynamics.CRM.CreateMultiple", &[named("parcels", None), named("Microsoft.Dynamics.CRM.CreateMultiple", None)]);
    }

    #[test] // web-api 23
    fn content_ids_come_first_or_not_at_all() {
        check("$1/drf_name", &[Segment::ContentId("1".into()), named("drf_name", None)]);
        check("$0", &[Segment::ContentId("0".into())]);
        for bad in ["a/$1", "$", "$1'"] {
            assert_eq!(parse_path(bad).unwrap_err().kind, ParseErrorKind::UnknownSegment, "{bad}");
        }
    }

    #[test] // web-api 7
    fn key_literals_in_all_their_forms() {
        check("p(code='AB-77',year=2031)", &[named("p", pairs(&[("code", Quoted("AB-77".into())), ("year", Bare("2031".into()))]))]);
        check("p(n='O''Hara')", &[named("p", pairs(&[("n", Quoted("O'Hara".into()))]))]);
        check("p(_d_value=(7d0c),x=( 'a' ))", &[named("p", pairs(&[("_d_value", Parenthesized("7d0c".into())), ("x", Quoted("a".into()))]))]);
        check("p(at=2031-04-05T06:07:08Z)", &[named("p", pairs(&[("at", Bare("2031-04-05T06:07:08Z".into()))]))]);
        check("p('')", &[named("p", Some(KeyPredicate::Positional(Quoted("".into()))))]);
        check("p({7d0c})", &[named("p", Some(KeyPredicate::Positional(Bare("{7d0c}".into()))))]);
    }

    #[test] // web-api 7
    fn raw_and_encoded_separators_in_quotes_are_data() {
        let expected = |text: &'static str| [named("p", pairs(&[("k", Quoted(text.into())), ("n", Bare("1".into()))]))];
        check("p(k='a/b&c,d)?e',n=1)", &expected("a/b&c,d)?e"));
        check("p(k=%27a%2Fb%26c%2cd%27,n=1)", &expected("a/b&c,d"));
        check("p(k=%27a/b''c%27,n=1)", &expected("a/b'c"));
        check("p%28k=%27/%27%2Cn=1%29", &expected("/"));
        check("p(k='a%2520b+c',n=1)", &expected("a%20b+c"));
        check("p(k='\"/',n=1)", &expected("\"/"));
        check("p(k='%C3%A4/ö',n=1)/x", &[expected("ä/ö")[0].clone(), named("x", None)]);
    }

    #[test] // web-api 28
    fn function_arguments() {
        check("WhoAmI()", &[named("WhoAmI", Some(KeyPredicate::Empty))]);
        check("R(AccessType='Default')", &[named("R", pairs(&[("AccessType", Quoted("Default".into()))]))]);
        check("R(A=@p1, B=@p2)", &[named("R", pairs(&[("A", Alias("p1".into())), ("B", Alias("p2".into()))]))]);
        check(
            "R(A=Microsoft.Dynamics.CRM.T'V,W')",
            &[named("R", pairs(&[("A", Enum { type_name: "Microsoft.Dynamics.CRM.T".into(), member: "V,W".into() })]))],
        );
        check("R(A=[\"a/b\",\"O'H)]\"],B=true)", &[named("R", pairs(&[("A", Json("[\"a/b\",\"O'H)]\"]".into())), ("B", Bare("true".into()))]))]);
        check("R(A=%5B%22a%5C%22/%22%5D)", &[named("R", pairs(&[("A", Json("[\"a\\\"/\"]".into()))]))]);
        check("R(T={%27@odata.id%27:'accounts(1)/x'})/y", &[named("R", pairs(&[("T", Json("{'@odata.id':'accounts(1)/x'}".into()))])), named("y", None)]);
    }

    #[test]
    fn malformed_paths_are_refused_with_a_place() {
        for (bad, kind, offset) in [
            ("a/b(", ParseErrorKind::Syntax, 4),
            ("a(1", ParseErrorKind::Syntax, 3),
            ("a(1)x", ParseErrorKind::Syntax, 4),
            ("a(1)(2)", ParseErrorKind::Syntax, 4),
            ("a(1,2)", ParseErrorKind::Syntax, 3),
            ("a(b=1,2)", ParseErrorKind::Syntax, 6),
            ("a(b=)", ParseErrorKind::Syntax, 4),
            ("a(b=1,b=2)", ParseErrorKind::Value, 6),
            ("a(b=[1)", ParseErrorKind::Syntax, 4),
            ("x/a b", ParseErrorKind::UnknownSegment, 2),
            ("(1)", ParseErrorKind::UnknownSegment, 0),
            ("a%2", ParseErrorKind::Syntax, 1),
            ("a(guid'1')", ParseErrorKind::Unsupported, 2),
        ] {
            let error = parse_path(bad).unwrap_err();
            assert_eq!((error.kind, error.offset), (kind, offset), "{bad}: {error}");
        }
        let error = parse_path("a(b='x)").unwrap_err();
        assert_eq!(error.message, "There is an unterminated literal at position 7 in 'a(b='x)'.");
    }
}
