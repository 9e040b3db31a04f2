//! The JSON reader: one pass, bounded depth, exact offsets.

use std::borrow::Cow;

use super::scan::plain_prefix;
use super::{Json, JsonLimits};
use crate::{ParseError, ParseErrorKind};
use driftless_model::literal::hex_value;

/// Members up to which an object is searched for a repeated name member by member; beyond it the names are
/// sorted once at the end, so that large objects cost no quadratic time.
const LINEAR_NAMES_MAX: usize = 16;

/// Reads one JSON value that fills the whole text; a byte order mark before it is skipped.
///
/// # Errors
/// `Syntax` for malformed JSON, for text that is not UTF-8, for NUL and unpaired surrogates in strings
/// (SEC-17); `Value` for a repeated member name; `Limit` beyond `limits`.
pub fn read<'a>(bytes: &'a [u8], limits: &JsonLimits) -> Result<Json<'a>, ParseError> {
    let text = std::str::from_utf8(bytes).map_err(|error| ParseError::new(ParseErrorKind::Syntax, error.valid_up_to(), "The body is not encoded in UTF-8."))?;
    Reader::new(text, limits, Quotes::Double).document()
}

/// Reads the array or record of a function parameter, where strings may also stand between single quotes
/// with the quote itself doubled (web-api 28).
///
/// # Errors
/// As [`read`].
pub fn read_argument<'a>(text: &'a str, limits: &JsonLimits) -> Result<Json<'a>, ParseError> {
    Reader::new(text, limits, Quotes::Either).document()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    Double,
    Either,
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    members: usize,
    limits: JsonLimits,
    quotes: Quotes,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, limits: &JsonLimits, quotes: Quotes) -> Self {
        let at = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Self { text, bytes: text.as_bytes(), at, depth: 0, members: 0, limits: *limits, quotes }
    }

    fn document(mut self) -> Result<Json<'a>, ParseError> {
        let value = self.value()?;
        self.skip_blanks();
        if self.at < self.bytes.len() {
            return Err(self.expected("the end of the text"));
        }
        Ok(value)
    }

    fn value(&mut self) -> Result<Json<'a>, ParseError> {
        self.skip_blanks();
        match self.peek() {
            Some(b'"') => self.string(b'"').map(Json::Text),
            Some(b'\'') if self.quotes == Quotes::Either => self.string(b'\'').map(Json::Text),
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            _ => Err(self.expected("a value")),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Json<'a>, ParseError>) -> Result<Json<'a>, ParseError> {
        if self.depth == self.limits.depth {
            return Err(ParseError::limit(self.at, "levels of nesting", self.limits.depth));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn array(&mut self) -> Result<Json<'a>, ParseError> {
        let mut items = Vec::new();
        self.skip_blanks();
        if self.take(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            self.count_member()?;
            items.push(self.value()?);
            self.skip_blanks();
            if self.take(b']') {
                return Ok(Json::Array(items));
            }
            if !self.take(b',') {
                return Err(self.expected("',' or ']'"));
            }
        }
    }

    fn object(&mut self) -> Result<Json<'a>, ParseError> {
        let mut members = Vec::new();
        let mut late_offsets = Vec::new();
        self.skip_blanks();
        if self.take(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.skip_blanks();
            self.count_member()?;
            let offset = self.at;
            let name = self.name()?;
            if members.len() >= LINEAR_NAMES_MAX {
                late_offsets.push(offset);
            } else if members.iter().any(|(other, _)| *other == name) {
                return Err(repeated(offset, &name));
            }
            self.skip_blanks();
            if !self.take(b':') {
                return Err(self.expected("':'"));
            }
            let value = self.value()?;
            members.push((name, value));
            self.skip_blanks();
            if self.take(b'}') {
                check_late_names(&members, &late_offsets)?;
                return Ok(Json::Object(members));
            }
            if !self.take(b',') {
                return Err(self.expected("',' or '}'"));
            }
        }
    }

    fn name(&mut self) -> Result<Cow<'a, str>, ParseError> {
        match self.peek() {
            Some(b'"') => self.string(b'"'),
            Some(b'\'') if self.quotes == Quotes::Either => self.string(b'\''),
            _ => Err(self.expected("a member name")),
        }
    }

    /// A string; `self.at` is on its opening quote.
    fn string(&mut self, quote: u8) -> Result<Cow<'a, str>, ParseError> {
        let open = self.at;
        self.at += 1;
        let mut copy: Option<String> = None;
        loop {
            let start = self.at;
            self.at += self.plain_run(quote);
            let run = &self.text[start..self.at];
            match self.peek() {
                Some(byte) if byte == quote => {
                    self.at += 1;
                    let doubled = quote == b'\'' && self.peek() == Some(b'\'');
                    if !doubled {
                        return Ok(match copy {
                            None => Cow::Borrowed(run),
                            Some(text) => Cow::Owned(text + run),
                        });
                    }
                    self.at += 1;
                    let text = copy.get_or_insert_default();
                    text.push_str(run);
                    text.push('\'');
                }
                Some(b'\\') => {
                    let text = copy.get_or_insert_default();
                    text.push_str(run);
                    let escaped = self.escape()?;
                    text.push(escaped);
                }
                Some(_) => return Err(self.expected("an escaped control character")),
                None => {
                    return Err(ParseError::new(ParseErrorKind::Syntax, open, format!("The string that starts at offset {open} is not closed.")));
                }
            }
        }
    }

    fn plain_run(&self, quote: u8) -> usize {
        let rest = &self.bytes[self.at..];
        if quote == b'"' {
            return plain_prefix(rest);
        }
        rest.iter().position(|b| *b == quote || *b == b'\\' || *b < 0x20).unwrap_or(rest.len())
    }

    /// One escape; `self.at` is on the backslash.
    fn escape(&mut self) -> Result<char, ParseError> {
        let start = self.at;
        let letter = self.bytes.get(start + 1).copied();
        self.at += 2;
        let plain = match letter {
            Some(b @ (b'"' | b'\\' | b'/' | b'\'')) => char::from(b),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(start),
            _ => return Err(bad_escape(start)),
        };
        if plain == '\'' && self.quotes == Quotes::Double {
            return Err(bad_escape(start));
        }
        Ok(plain)
    }

    /// The rest of `\uXXXX`, with the second half of a pair where one is due.
    fn unicode_escape(&mut self, start: usize) -> Result<char, ParseError> {
        let mut code = self.four_digits().ok_or_else(|| bad_escape(start))?;
        if (0xd800..0xdc00).contains(&code) && self.bytes[self.at..].starts_with(b"\\u") {
            self.at += 2;
            let low = self.four_digits().ok_or_else(|| bad_escape(start))?;
            if !(0xdc00..0xe000).contains(&low) {
                return Err(bad_escape(start));
            }
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
        match char::from_u32(code) {
            Some('\0') | None => {
                Err(ParseError::new(ParseErrorKind::Syntax, start, format!("The character escape at offset {start} stands for no allowed character.")))
            }
            Some(character) => Ok(character),
        }
    }

    fn four_digits(&mut self) -> Option<u32> {
        let digits = self.bytes[self.at..].first_chunk::<4>()?;
        let mut code = 0;
        for digit in digits {
            code = code << 4 | u32::from(hex_value(*digit)?);
        }
        self.at += 4;
        Some(code)
    }

    fn number(&mut self) -> Result<Json<'a>, ParseError> {
        let start = self.at;
        self.take(b'-');
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.skip_digits(),
            _ => return Err(self.expected("a digit")),
        }
        if self.take(b'.') {
            self.require_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.require_digits()?;
        }
        if matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.expected("a number without leading zeros"));
        }
        Ok(Json::Number(&self.text[start..self.at]))
    }

    fn require_digits(&mut self) -> Result<(), ParseError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.expected("a digit"));
        }
        self.skip_digits();
        Ok(())
    }

    fn skip_digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, ParseError> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.expected("a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn count_member(&mut self) -> Result<(), ParseError> {
        if self.members == self.limits.members {
            return Err(ParseError::limit(self.at, "members in its body", self.limits.members));
        }
        self.members += 1;
        Ok(())
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expected(&self, what: &str) -> ParseError {
        let at = self.at;
        let message = format!("The JSON text is malformed: at offset {at}, {what} was expected.");
        ParseError::new(ParseErrorKind::Syntax, at, message)
    }
}

fn bad_escape(offset: usize) -> ParseError {
    let message = format!("The JSON text is malformed: the escape at offset {offset} is not valid.");
    ParseError::new(ParseErrorKind::Syntax, offset, message)
}

fn repeated(offset: usize, name: &str) -> ParseError {
    let message = format!("The property '{name}' is given more than once in one object.");
    ParseError::new(ParseErrorKind::Value, offset, message)
}

/// Finds names repeated behind the first [`LINEAR_NAMES_MAX`] members, whose offsets were kept.
fn check_late_names(members: &[(Cow<'_, str>, Json<'_>)], late_offsets: &[usize]) -> Result<(), ParseError> {
    if late_offsets.is_empty() {
        return Ok(());
    }
    let mut order: Vec<(&str, usize)> = members.iter().enumerate().map(|(index, (name, _))| (name.as_ref(), index)).collect();
    order.sort_unstable();
    let second = order.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| pair[1]).min_by_key(|p| p.1);
    match second {
        None => Ok(()),
        Some((name, index)) => {
            let offset = index.checked_sub(LINEAR_NAMES_MAX).and_then(|late| late_offsets.get(late));
            Err(repeated(offset.copied().unwrap_or(0), name))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Json<'_>, ParseError> {
        read(text.as_bytes(), &JsonLimits::default())
    }

    #[test]
    fn reads_a_record_in_source_order() {
        let body = parsed("\u{feff} {\"name\":\"Crate\",\"w\":4.50,\"d@odata.bind\":\"/depots(1)\",\"n\":null,\"a\":[true,false,-1e-3]}\r\n").unwrap();
        let members = body.as_object().unwrap();
        assert_eq!(members.iter().map(|(n, _)| n.as_ref()).collect::<Vec<_>>(), ["name", "w", "d@odata.bind", "n", "a"]);
        assert_eq!(body.get("w"), Some(&Json::Number("4.50")));
        assert_eq!(body.get("name").and_then(Json::as_text), Some("Crate"));
        assert_eq!(body.get("a").and_then(Json::as_array).map(<[_]>::len), Some(3));
        assert!(matches!(&members[0].1, Json::Text(Cow::Borrowed(_))));
    }

    #[test]
    fn unescapes_strings() {
        let text = parsed(r#""a\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00 ü""#).unwrap();
        assert_eq!(text.as_text(), Some("a\"\\/\u{8}\u{c}\n\r\tä😀 ü"));
    }

    #[test] // SEC-17
    fn refuses_nul_and_unpaired_surrogates() {
        for (bad, offset) in [(r#""a\u0000""#, 2), (r#""\ud800""#, 1), (r#""\ud800x""#, 1), (r#""\ude00""#, 1), (r#""\ud800\u0041""#, 1)] {
            let error = parsed(bad).unwrap_err();
            assert_eq!((error.kind, error.offset), (ParseErrorKind::Syntax, offset), "{bad}");
        }
    }

    #[test]
    fn malformed_texts_name_the_offset() {
        for (bad, offset) in [
            ("", 0),
            ("{", 1),
            ("[1,]", 3),
            ("{\"a\" 1}", 5),
            ("{\"a\":1,}", 7),
            ("{a:1}", 1),
            ("01", 1),
            ("-", 1),
            ("1.", 2),
            ("1e", 2),
            ("tru", 0),
            ("nullx", 4),
            ("1 2", 2),
            ("\"a", 0),
            ("\"\t\"", 1),
            ("\"\\x\"", 1),
            ("'a'", 0),
            ("[1}", 2),
            ("\"\\'\"", 1),
            ("\"\\u12\"", 1),
        ] {
            let error = parsed(bad).unwrap_err();
            assert_eq!((error.kind, error.offset), (ParseErrorKind::Syntax, offset), "{bad}");
        }
        assert_eq!(read(b"\"\xff\"", &JsonLimits::default()).unwrap_err().offset, 1);
    }

    #[test]
    fn repeated_names_are_refused_early_and_late() {
        let error = parsed(r#"{"a":1,"\u0061":2}"#).unwrap_err();
        assert_eq!((error.kind, error.offset), (ParseErrorKind::Value, 7));
        let mut body: Vec<String> = (0..40).map(|n| format!("\"n{n:02}\":0")).collect();
        assert!(parsed(&format!("{{{}}}", body.join(","))).is_ok());
        body[30] = "\"n03\":0".to_owned();
        let text = format!("{{{}}}", body.join(","));
        assert_eq!(parsed(&text).unwrap_err().offset, text.rfind("\"n03\"").unwrap());
    }

    #[test] // SEC-03
    fn depth_and_members_are_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parsed(&nested(64)).is_ok());
        assert_eq!(parsed(&nested(65)).unwrap_err().kind, ParseErrorKind::Limit);
        assert_eq!(parsed(&"[".repeat(1_000_000)).unwrap_err().kind, ParseErrorKind::Limit);
        let limits = JsonLimits { depth: 2, members: 3 };
        assert!(read(b"[1,2,3]", &limits).is_ok());
        assert_eq!(read(b"[1,2,3,4]", &limits).unwrap_err().kind, ParseErrorKind::Limit);
        assert_eq!(read(b"{\"a\":[1,2,3]}", &limits).unwrap_err().kind, ParseErrorKind::Limit);
    }

    #[test] // web-api 28
    fn arguments_may_use_single_quotes() {
        let limits = JsonLimits::default();
        let record = read_argument("{ '@odata.id' : 'accounts(name=''O'''')' }", &limits).unwrap();
        assert_eq!(record.get("@odata.id").and_then(Json::as_text), Some("accounts(name='O'')"));
        let list = read_argument("[\"a\",\"O'Hara\",'',5]", &limits).unwrap();
        assert_eq!(list.as_array().unwrap()[1].as_text(), Some("O'Hara"));
        assert_eq!(list.as_array().unwrap()[2].as_text(), Some(""));
    }
}
