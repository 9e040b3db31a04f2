//! Literals inside the parentheses of a decoded path segment.

use std::borrow::Cow;

use super::KeyLiteral;
use super::path::is_name_character;
use crate::ParseError;

/// Reads the decoded value of a parameter alias (`@p1=…`). What is not quoted, and is neither list, record nor enumeration member, is taken as it stands.
///
/// # Errors
/// `Syntax` for a literal that does not end, or that something follows.
pub fn parse_argument(text: &str) -> Result<KeyLiteral<'_>, ParseError> {
    let mut cursor = Cursor::new(text, 0);
    cursor.skip_blanks();
    let name = cursor.name_ahead();
    let is_marked = matches!(cursor.peek(), Some(b'\'' | b'[')) || (cursor.peek() == Some(b'{') && !cursor.braced_value_ahead());
    let is_enum = name.contains('.') && cursor.rest()[name.len()..].starts_with('\'');
    if !is_marked && !is_enum {
        return Ok(KeyLiteral::Bare(Cow::Borrowed(text.trim_matches(' '))));
    }
    let literal = cursor.literal()?;
    cursor.skip_blanks();
    if cursor.at_end() { Ok(literal) } else { Err(cursor.error()) }
}

/// A place in a decoded segment.
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    pub(super) fn offset(&self) -> usize {
        self.at
    }

    pub(super) fn at_end(&self) -> bool {
        self.at == self.text.len()
    }

    pub(super) fn error(&self) -> ParseError {
        ParseError::syntax(self.at, self.text)
    }

    pub(super) fn skip_blanks(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// The name in front of `=`, if the next thing is a name and `=`.
    pub(super) fn parameter_name(&mut self) -> Option<&'a str> {
        let name = self.name_ahead();
        let after = self.rest()[name.len()..].trim_start_matches(' ');
        if name.is_empty() || !after.starts_with('=') {
            return None;
        }
        self.at = self.text.len() - after.len() + 1;
        Some(name)
    }

    /// Any literal.
    pub(super) fn literal(&mut self) -> Result<KeyLiteral<'a>, ParseError> {
        self.skip_blanks();
        match self.peek() {
            Some(b'\'') => self.quoted().map(KeyLiteral::Quoted),
            Some(b'@') => {
                self.at += 1;
                let name = self.name_ahead();
                if name.is_empty() {
                    return Err(self.error());
                }
                self.at += name.len();
                Ok(KeyLiteral::Alias(Cow::Borrowed(name)))
            }
            Some(b'(') => self.parenthesized(),
            Some(b'[') => self.json().map(KeyLiteral::Json),
            Some(b'{') if !self.braced_value_ahead() => self.json().map(KeyLiteral::Json),
            _ => self.bare_or_enum(),
        }
    }

    /// A GUID in braces is no record: a record's brace is followed by a name in quotes or by its end.
    fn braced_value_ahead(&self) -> bool {
        let inside = self.rest()[1..].trim_start_matches(' ');
        !inside.starts_with(['\'', '"', '}'])
    }

    fn quoted(&mut self) -> Result<Cow<'a, str>, ParseError> {
        let open = self.at;
        let mut from = open + 1;
        let mut copy: Option<String> = None;
        loop {
            let Some(length) = self.text[from..].find('\'') else {
                return Err(ParseError::unterminated(open, self.text));
            };
            let run = &self.text[from..from + length];
            self.at = from + length + 1;
            if self.peek() != Some(b'\'') {
                return Ok(match copy {
                    None => Cow::Borrowed(run),
                    Some(text) => Cow::Owned(text + run),
                });
            }
            let text = copy.get_or_insert_default();
            text.push_str(run);
            text.push('\'');
            from = self.at + 1;
        }
    }

    /// `(value)`; a quoted value in parentheses is a quoted value.
    fn parenthesized(&mut self) -> Result<KeyLiteral<'a>, ParseError> {
        self.at += 1;
        self.skip_blanks();
        let value = if self.peek() == Some(b'\'') { KeyLiteral::Quoted(self.quoted()?) } else { KeyLiteral::Parenthesized(Cow::Borrowed(self.bare()?)) };
        self.skip_blanks();
        if self.take(b')') { Ok(value) } else { Err(self.error()) }
    }

    fn bare_or_enum(&mut self) -> Result<KeyLiteral<'a>, ParseError> {
        let name = self.name_ahead();
        let start = self.at;
        if name.is_empty() || self.text.as_bytes().get(start + name.len()) != Some(&b'\'') {
            return self.bare().map(|text| KeyLiteral::Bare(Cow::Borrowed(text)));
        }
        if !name.contains('.') {
            let message = format!("The literal form {name}'...' is not supported.");
            return Err(ParseError::unsupported(start, message));
        }
        self.at += name.len();
        let member = self.quoted()?;
        Ok(KeyLiteral::Enum { type_name: Cow::Borrowed(name), member })
    }

    /// Everything up to a comma, a parenthesis or a quote, without blanks around it.
    fn bare(&mut self) -> Result<&'a str, ParseError> {
        let rest = self.rest();
        let length = rest.find([',', ')', '(', '\'', '"', '=']).unwrap_or(rest.len());
        let text = rest[..length].trim_end_matches(' ');
        if text.is_empty() {
            return Err(self.error());
        }
        self.at += length;
        Ok(text)
    }

    /// An array or record, kept as written. Only its end is looked for here.
    fn json(&mut self) -> Result<Cow<'a, str>, ParseError> {
        let open = self.at;
        let mut depth = 0_usize;
        let mut quote = None;
        let mut escaped = false;
        for (length, byte) in self.text.as_bytes()[open..].iter().enumerate() {
            match (quote, byte) {
                (Some(_), _) if escaped => escaped = false,
                (Some(b'"'), b'\\') => escaped = true,
                (Some(end), byte) if *byte == end => quote = None,
                (Some(_), _) => {}
                (None, b'\'' | b'"') => quote = Some(*byte),
                (None, b'[' | b'{') => depth += 1,
                (None, b']' | b'}') => depth -= 1,
                (None, _) => {}
            }
            if depth == 0 {
                self.at = open + length + 1;
                return Ok(Cow::Borrowed(&self.text[open..self.at]));
            }
        }
        Err(match quote {
            Some(_) => ParseError::unterminated(open, self.text),
            None => self.error(),
        })
    }

    fn name_ahead(&self) -> &'a str {
        let rest = self.rest();
        &rest[..rest.find(|c| !is_name_character(c)).unwrap_or(rest.len())]
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // web-api 28
    fn values_of_aliases() {
        for (text, expected) in [
            ("'a''b'", KeyLiteral::Quoted("a'b".into())),
            (" 'a' ", KeyLiteral::Quoted("a".into())),
            ("a b, c", KeyLiteral::Bare("a b, c".into())),
            ("null", KeyLiteral::Bare("null".into())),
            ("{7d0c0000-0000-0000-0000-000000000001}", KeyLiteral::Bare("{7d0c0000-0000-0000-0000-000000000001}".into())),
            ("[\"a\",'b]']", KeyLiteral::Json("[\"a\",'b]']".into())),
            ("{'@odata.id':'accounts(1)'}", KeyLiteral::Json("{'@odata.id':'accounts(1)'}".into())),
            ("Microsoft.Dynamics.CRM.T'V'", KeyLiteral::Enum { type_name: "Microsoft.Dynamics.CRM.T".into(), member: "V".into() }),
        ] {
            assert_eq!(parse_argument(text).unwrap(), expected, "{text}");
        }
        for bad in ["'a", "'a'b", "[1", "[1]x"] {
            assert!(parse_argument(bad).is_err(), "{bad}");
        }
    }
}
