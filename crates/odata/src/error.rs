//! The one error of all parsers in this crate.

use std::fmt;

/// Longest piece of the offending text that a message repeats, in bytes.
const ECHO_BYTES_MAX: usize = 1024;

/// What was wrong, where, and the sentence for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// Byte offset into the text that was handed to the parser (for query options: into the decoded value).
    pub offset: usize,
    /// What sort of mistake it is; the front derives status and code from it.
    pub kind: ParseErrorKind,
    /// A sentence for the caller, in the service's words where it has some.
    pub message: String,
}

/// The sorts of mistakes that a front treats differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseErrorKind {
    /// The text does not follow the grammar.
    Syntax,
    /// The grammar is followed, but a value is out of its range or repeated.
    Value,
    /// A limit of the caller is exceeded.
    Limit,
    /// Valid OData that this service does not offer.
    Unsupported,
    /// A path segment that cannot name anything.
    UnknownSegment,
}

impl ParseError {
    /// Makes an error from its parts.
    pub fn new(kind: ParseErrorKind, offset: usize, message: impl Into<String>) -> Self {
        Self { offset, kind, message: message.into() }
    }

    /// Something else was expected at `offset` of `text`.
    pub(crate) fn syntax(offset: usize, text: &str) -> Self {
        let position = characters_before(text, offset);
        Self::new(ParseErrorKind::Syntax, offset, format!("Syntax error at position {position} in '{}'.", echo(text)))
    }

    /// A quote opened at `offset` is never closed. The position in the sentence is where reading stopped,
    /// the end of the text (web-api 16).
    pub(crate) fn unterminated(offset: usize, text: &str) -> Self {
        let position = text.chars().count();
        Self::new(ParseErrorKind::Syntax, offset, format!("There is an unterminated literal at position {position} in '{}'.", echo(text)))
    }

    /// More than `limit` of `what`.
    pub(crate) fn limit(offset: usize, what: &str, limit: usize) -> Self {
        Self::new(ParseErrorKind::Limit, offset, format!("The request has more than the allowed {limit} {what}."))
    }

    /// Valid syntax that is not offered.
    pub(crate) fn unsupported(offset: usize, message: impl Into<String>) -> Self {
        Self::new(ParseErrorKind::Unsupported, offset, message)
    }

    /// The same error found `by` bytes further in a larger text.
    #[must_use]
    pub(crate) fn shifted(mut self, by: usize) -> Self {
        self.offset = self.offset.saturating_add(by);
        self
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ParseError {}

/// Characters of `text` before the byte `offset`, also when the offset is inside a character.
fn characters_before(text: &str, offset: usize) -> usize {
    text.char_indices().take_while(|(at, _)| *at < offset).count()
}

/// The text for a message, cut when it is long.
fn echo(text: &str) -> &str {
    let mut end = text.len().min(ECHO_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_and_offsets_count_bytes() {
        let error = ParseError::syntax(4, "äé x");
        assert_eq!(error.message, "Syntax error at position 2 in 'äé x'.");
        assert_eq!(error.offset, 4);
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        let error = ParseError::unterminated(0, &"é".repeat(2000));
        assert!(error.message.len() < 1200);
    }
}
