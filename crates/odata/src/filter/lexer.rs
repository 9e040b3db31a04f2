//! The words of a filter: blanks, names, keywords and literals.

use super::Lit;
use crate::json::{Json, JsonLimits, read_argument};
use crate::{ParseError, ParseErrorKind};
use driftless_model::literal::{self, LiteralError};

/// Length of a dashed GUID.
const GUID_LENGTH: usize = 36;

/// A place in the decoded text.
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn offset(&self) -> usize {
        self.at
    }

    pub(super) fn error(&self) -> ParseError {
        ParseError::syntax(self.at, self.text)
    }

    pub(super) fn error_at(&self, offset: usize) -> ParseError {
        ParseError::syntax(offset, self.text)
    }

    /// Skips blanks and tells whether the text ends here.
    pub(super) fn at_end(&mut self) -> bool {
        self.skip_blanks();
        self.at == self.text.len()
    }

    /// The next byte that is no blank.
    pub(super) fn peek(&mut self) -> Option<u8> {
        self.skip_blanks();
        self.byte()
    }

    /// Takes a punctuation mark, if it comes next.
    pub(super) fn take(&mut self, mark: u8) -> bool {
        let found = self.peek() == Some(mark);
        self.at += usize::from(found);
        found
    }

    /// Takes a punctuation mark that must follow at once, without blanks before it.
    pub(super) fn take_adjacent(&mut self, mark: u8) -> bool {
        let found = self.byte() == Some(mark);
        self.at += usize::from(found);
        found
    }

    /// Takes a mark or fails.
    pub(super) fn expect(&mut self, mark: u8) -> Result<(), ParseError> {
        if self.take(mark) { Ok(()) } else { Err(self.error()) }
    }

    /// Takes a keyword, if the next word is it.
    pub(super) fn keyword(&mut self, word: &str) -> bool {
        self.skip_blanks();
        let found = self.name_ahead() == word;
        if found {
            self.at += word.len();
        }
        found
    }

    /// Takes a name, with dots if it is qualified.
    pub(super) fn name(&mut self) -> Result<&'a str, ParseError> {
        self.skip_blanks();
        self.adjacent_name()
    }

    /// Takes a name that must follow at once, without blanks before it.
    pub(super) fn adjacent_name(&mut self) -> Result<&'a str, ParseError> {
        let name = self.name_ahead();
        if name.is_empty() {
            return Err(self.error());
        }
        self.at += name.len();
        Ok(name)
    }

    /// Whether a quote follows at once, as in an enum literal.
    pub(super) fn quote_follows(&self) -> bool {
        self.byte() == Some(b'\'')
    }

    /// A literal that its first character gives away; `None` when a name comes next.
    pub(super) fn literal(&mut self) -> Result<Option<Lit>, ParseError> {
        match self.peek() {
            Some(b'\'') => self.quoted().map(|text| Some(Lit::Text(text))),
            Some(b'0'..=b'9' | b'-') => self.bare().map(Some),
            Some(_) => Ok(self.guid()),
            None => Err(self.error()),
        }
    }

    /// A text between single quotes.
    pub(super) fn quoted(&mut self) -> Result<String, ParseError> {
        let open = self.at;
        let mut text = String::new();
        self.at += 1;
        loop {
            let rest = self.rest();
            let Some(length) = rest.find('\'') else {
                return Err(ParseError::unterminated(open, self.text));
            };
            text.push_str(&rest[..length]);
            self.at += length + 1;
            if !self.take_adjacent(b'\'') {
                return Ok(text);
            }
            text.push('\'');
        }
    }

    /// A text between double quotes, as in the lists of query functions.
    pub(super) fn double_quoted(&mut self) -> Result<String, ParseError> {
        let open = self.at;
        let mut escaped = false;
        for (length, byte) in self.rest().bytes().enumerate().skip(1) {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    self.at += length + 1;
                    let json = read_argument(&self.text[open..self.at], &JsonLimits::default());
                    return match json.map_err(|error| error.shifted(open))? {
                        Json::Text(text) => Ok(text.into_owned()),
                        _ => Err(self.error_at(open)),
                    };
                }
                _ => {}
            }
        }
        Err(ParseError::unterminated(open, self.text))
    }

    /// A GUID that may start with a letter.
    fn guid(&mut self) -> Option<Lit> {
        let candidate = self.rest().get(..GUID_LENGTH)?;
        let ends = !self.rest()[GUID_LENGTH..].starts_with(|c| is_name_character(c) || c == '-');
        let guid = literal::guid(candidate).ok().filter(|_| ends)?;
        self.at += GUID_LENGTH;
        Some(Lit::Guid(guid))
    }

    /// A number, GUID, date or date-time without quotes.
    fn bare(&mut self) -> Result<Lit, ParseError> {
        let start = self.at;
        let rest = self.rest();
        let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '+' | '-' | '_');
        let word = &rest[..rest.find(|c| !inside(c)).unwrap_or(rest.len())];
        let lit = if is_number(word) {
            Lit::Number(word.to_owned())
        } else if let (GUID_LENGTH, Ok(guid)) = (word.len(), literal::guid(word)) {
            Lit::Guid(guid)
        } else {
            match literal::date_time(word) {
                Ok(_) if word.len() == 10 => Lit::Date(word.to_owned()),
                Ok(_) => Lit::DateTime(word.to_owned()),
                Err(LiteralError::OutOfRange) => return Err(self.out_of_range(start, word)),
                Err(LiteralError::Malformed) => return Err(self.error_at(start)),
            }
        };
        self.at += word.len();
        Ok(lit)
    }

    fn out_of_range(&self, offset: usize, word: &str) -> ParseError {
        let message = format!("The date '{word}' is outside the supported range.");
        ParseError::new(ParseErrorKind::Value, offset, message)
    }

    fn name_ahead(&self) -> &'a str {
        let rest = self.rest();
        if rest.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return "";
        }
        &rest[..rest.find(|c| !is_name_character(c)).unwrap_or(rest.len())]
    }

    fn skip_blanks(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
}

fn is_name_character(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '.')
}

/// `-?digits[.digits][e[+-]digits]`
fn is_number(word: &str) -> bool {
    let (mantissa, exponent) = match word.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (word, None),
    };
    let unsigned = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    digits(whole) && fraction.is_none_or(digits) && exponent.is_none_or(digits)
}
