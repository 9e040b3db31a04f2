//! Text to tokens. Blanks and comments end here.

use std::borrow::Cow;

use driftless_model::{Error, Result};

use super::{SqlLimits, excerpt, refused};

/// A token of a statement.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'t> {
    /// A keyword, or a name that stands alone.
    Word(&'t str),
    /// `[name]` or `"name"`, without them.
    Name(Cow<'t, str>),
    /// `'text'` or `N'text'`, without quotes.
    Text(Cow<'t, str>),
    /// Digits with a point and an exponent, without a sign.
    Number(&'t str),
    /// One of [`SYMBOLS`].
    Symbol(&'static str),
}

/// Symbols, those of two characters first. Those that are not offered are here so that the parser can say in which place they stand.
const SYMBOLS: &[&str] = &["<>", "!=", "<=", ">=", "||", "(", ")", ",", ".", ";", "*", "=", "<", ">", "+", "-", "/", "%", "&", "|", "^", "~"];

impl Token<'_> {
    /// The token for a sentence.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Word(text) | Self::Number(text) | Self::Symbol(text) => excerpt(text),
            Self::Name(text) | Self::Text(text) => excerpt(text),
        }
    }

    /// Whether it counts to [`SqlLimits::words`].
    fn is_counted(&self) -> bool {
        !matches!(self, Self::Text(_) | Self::Number(_) | Self::Symbol(","))
    }
}

/// The tokens of a text.
///
/// # Errors
/// A sentence for a text beyond `limits`, a quote or comment without its end, and characters that no token begins with.
pub(super) fn tokens<'t>(text: &'t str, limits: &SqlLimits) -> Result<Vec<Token<'t>>> {
    if text.len() > limits.bytes {
        return Err(refused(format!("It may have at most {} bytes.", limits.bytes)));
    }
    let (mut tokens, mut words, mut rest) = (Vec::new(), 0_usize, without_blanks(text)?);
    while let Some(first) = rest.chars().next() {
        let (token, behind) = token(first, rest)?;
        words += usize::from(token.is_counted());
        if words > limits.words {
            return Err(refused(format!("It may have at most {} words, operators and brackets.", limits.words)));
        }
        tokens.push(token);
        rest = without_blanks(behind)?;
    }
    Ok(tokens)
}

/// The token that `rest` begins with, and what is behind it.
fn token(first: char, rest: &str) -> Result<(Token<'_>, &str)> {
    let inside = |opening: usize| rest.get(opening..).unwrap_or_default();
    match first {
        '\'' => quoted(inside(1), '\'').map(|(text, behind)| (Token::Text(text), behind)),
        'n' | 'N' if inside(1).starts_with('\'') => quoted(inside(2), '\'').map(|(text, behind)| (Token::Text(text), behind)),
        '[' | '"' => {
            let (name, behind) = quoted(inside(1), if first == '[' { ']' } else { '"' })?;
            if name.is_empty() { Err(refused("A name in brackets or quotes needs a character.")) } else { Ok((Token::Name(name), behind)) }
        }
        _ if is_digit(first) || first == '.' && inside(1).starts_with(is_digit) => number(rest),
        _ if begins_word(first) => {
            let (word, behind) = rest.split_at(rest.find(|c| !continues_word(c)).unwrap_or(rest.len()));
            Ok((Token::Word(word), behind))
        }
        _ => {
            let symbol = SYMBOLS.iter().find_map(|symbol| Some((Token::Symbol(symbol), rest.strip_prefix(symbol)?)));
            symbol.ok_or_else(|| stray(first))
        }
    }
}

fn stray(character: char) -> Error {
    match character {
        '@' => refused("Variables and parameters (@) are not offered: write the value itself."),
        _ => refused(format!("The character '{}' cannot stand outside of quotes.", character.escape_debug())),
    }
}

fn is_digit(character: char) -> bool {
    character.is_ascii_digit()
}

fn begins_word(character: char) -> bool {
    character.is_alphabetic() || character == '_'
}

fn continues_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$' | '#' | '@')
}

/// What stands up to the closing character, and what is behind that. Doubled, it stands for itself.
fn quoted(rest: &str, close: char) -> Result<(Cow<'_, str>, &str)> {
    let mut from = 0;
    while let Some(found) = rest.get(from..).and_then(|rest| rest.find(close)) {
        let (text, behind) = rest.split_at(from + found);
        let behind = &behind[close.len_utf8()..];
        if !behind.starts_with(close) {
            let text = if from == 0 { Cow::Borrowed(text) } else { Cow::Owned(text.replace(&String::from_iter([close, close]), &String::from(close))) };
            return Ok((text, behind));
        }
        from += found + 2 * close.len_utf8();
    }
    Err(refused(format!("A closing {close} is missing.")))
}

fn number(rest: &str) -> Result<(Token<'_>, &str)> {
    let digits = |text: &str| text.find(|c| !is_digit(c)).unwrap_or(text.len());
    let mut end = digits(rest);
    if let Some(fraction) = rest[end..].strip_prefix('.') {
        end += 1 + digits(fraction);
    }
    if let Some(exponent) = rest[end..].strip_prefix(['e', 'E']) {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if unsigned.starts_with(is_digit) {
            end += 1 + exponent.len() - unsigned.len() + digits(unsigned);
        }
    }
    let (number, behind) = rest.split_at(end);
    if behind.starts_with(continues_word) {
        let whole = rest.split_at(rest.find(|c: char| !continues_word(c) && c != '.').unwrap_or(rest.len())).0;
        return Err(refused(format!("'{}' is neither a number nor a name.", excerpt(whole))));
    }
    Ok((Token::Number(number), behind))
}

/// The text without the blanks and comments that it begins with.
fn without_blanks(text: &str) -> Result<&str> {
    let mut rest = text.trim_start();
    loop {
        let behind = if rest.starts_with("--") {
            rest.split_once('\n').map_or("", |(_, behind)| behind)
        } else if rest.starts_with("/*") {
            behind_comment(rest)?
        } else {
            return Ok(rest);
        };
        rest = behind.trim_start();
    }
}

/// What stands behind a comment, which may hold others.
fn behind_comment(rest: &str) -> Result<&str> {
    let bytes = rest.as_bytes();
    let (mut open, mut at) = (1_usize, 2);
    while open > 0 {
        match bytes.get(at..at + 2) {
            Some(b"/*") => (open, at) = (open + 1, at + 2),
            Some(b"*/") => (open, at) = (open - 1, at + 2),
            Some(_) => at += 1,
            None => return Err(refused("A comment is not closed: */ is missing.")),
        }
    }
    // It ends in a slash, so this is the beginning of a character.
    Ok(rest.get(at..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::Token::{Name, Number, Symbol, Text, Word};
    use super::*;

    fn read(text: &str) -> Vec<Token<'_>> {
        tokens(text, &SqlLimits::default()).unwrap_or_else(|error| panic!("{text}: {}", error.message()))
    }

    fn sentence(text: &str) -> String {
        tokens(text, &SqlLimits::default()).expect_err(text).message().to_owned()
    }

    #[test] // web-api 20
    fn every_kind_of_token() {
        assert_eq!(read("Sélect a_1.[b c]"), [Word("Sélect"), Word("a_1"), Symbol("."), Name("b c".into())]);
        assert_eq!(read("\"a\"\"b\"[c]]d]"), [Name("a\"b".into()), Name("c]d".into())]);
        assert_eq!(read("'it''s' N'ü' n'' nN"), [Text("it's".into()), Text("ü".into()), Text("".into()), Word("nN")]);
        assert_eq!(read("''''"), [Text("'".into())]);
        assert_eq!(
            read("1 2.5 .5 3. 1e9 2.5E-3 4e+1"),
            [Number("1"), Number("2.5"), Number(".5"), Number("3."), Number("1e9"), Number("2.5E-3"), Number("4e+1")]
        );
        assert_eq!(read("a<>1"), [Word("a"), Symbol("<>"), Number("1")]);
        assert_eq!(read("<=>=!=<=").len(), 4);
        assert_eq!(read("-5,-x"), [Symbol("-"), Number("5"), Symbol(","), Symbol("-"), Word("x")]);
    }

    #[test] // web-api 20
    fn blanks_and_comments_are_nothing() {
        for text in ["", " \t\r\n\u{a0}", "-- to the end", "-- a\n--b\r\n", "/* a /* b */ c */", "/**/--", "/***/ /* ü */"] {
            assert_eq!(read(text), [], "{text}");
        }
        assert_eq!(read("a--b\nc/*d*/e"), [Word("a"), Word("c"), Word("e")]);
        assert_eq!(read("'--' [/*]"), [Text("--".into()), Name("/*".into())]);
        assert_eq!(read("a / * b"), [Word("a"), Symbol("/"), Symbol("*"), Word("b")]);
    }

    #[test] // web-api 20
    fn what_is_no_token_is_named() {
        for (text, part) in [
            ("'open", "closing '"),
            ("'open''", "closing '"),
            ("[open", "closing ]"),
            ("[open]]", "closing ]"),
            ("\"open", "closing \""),
            ("[]", "needs a character"),
            ("/* open", "*/ is missing"),
            ("/*/", "*/ is missing"),
            ("/* /* */", "*/ is missing"),
            ("5abc", "'5abc' is neither"),
            ("0x1F", "'0x1F' is neither"),
            ("1e", "'1e' is neither"),
            ("@p1", "parameters (@)"),
            ("#t", "'#' cannot stand"),
            ("a:b", "':' cannot stand"),
            ("\u{0}", "'\\0' cannot stand"),
        ] {
            assert!(sentence(text).contains(part), "{text}: {}", sentence(text));
        }
    }

    #[test] // A9, SEC-07
    fn bytes_and_words_are_bounded() {
        let limits = SqlLimits { bytes: 20, words: 3, ..SqlLimits::default() };
        assert_eq!(tokens("(a), 1, 2, 'x y z'  ", &limits).map(|tokens| tokens.len()).ok(), Some(9));
        assert!(tokens("(a), 1, 2, 'x y z'   ", &limits).unwrap_err().message().contains("20 bytes"));
        assert!(tokens("a b c d", &limits).unwrap_err().message().contains("3 words"));
    }
}
