//! Where a path may be split: outside quotes and parentheses, whether those are percent-encoded or not.

use driftless_model::percent::escape_at;

/// One byte of the decoded path and where it stands in the raw one.
#[derive(Clone, Copy)]
pub(super) struct Symbol {
    /// The decoded byte.
    pub(super) byte: u8,
    /// Offset in the raw text.
    pub(super) at: usize,
    /// Whether it was written as an escape.
    pub(super) encoded: bool,
}

/// Walks a raw path and knows whether it is within a quoted literal.
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The quote that is open.
    quote: Option<u8>,
    /// Whether a backslash of a double-quoted string stands before the next symbol.
    escaped: bool,
    /// Open parentheses, brackets and braces outside quotes.
    depth: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(raw: &'a str) -> Self {
        Self { bytes: raw.as_bytes(), at: 0, quote: None, escaped: false, depth: 0 }
    }

    /// The next symbol; the state afterwards includes it.
    pub(super) fn next(&mut self) -> Option<Symbol> {
        let at = self.at;
        let raw = *self.bytes.get(at)?;
        let (byte, encoded) = match escape_at(self.bytes, at) {
            Some(value) => (value, true),
            None => (raw, false),
        };
        self.at += if encoded { 3 } else { 1 };
        self.follow(byte);
        Some(Symbol { byte, at, encoded })
    }

    pub(super) fn in_quotes(&self) -> bool {
        self.quote.is_some()
    }

    /// Whether a separator at this place ends a segment.
    pub(super) fn at_top(&self) -> bool {
        self.quote.is_none() && self.depth == 0
    }

    /// A doubled single quote closes and opens again, which comes to the same. Double quotes delimit strings of
    /// arrays and records only, so they count within brackets alone.
    fn follow(&mut self, byte: u8) {
        if std::mem::take(&mut self.escaped) {
            return;
        }
        match (self.quote, byte) {
            (Some(open), _) if byte == open => self.quote = None,
            (Some(b'"'), b'\\') => self.escaped = true,
            (Some(_), _) => {}
            (None, b'\'') => self.quote = Some(byte),
            (None, b'"') if self.depth > 0 => self.quote = Some(byte),
            (None, b'(' | b'[' | b'{') => self.depth += 1,
            (None, b')' | b']' | b'}') => self.depth = self.depth.saturating_sub(1),
            (None, _) => {}
        }
    }
}
