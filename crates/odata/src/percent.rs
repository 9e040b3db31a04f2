//! Percent-encoding of addresses: that of `driftless_model::percent`, with this crate's errors.

use std::borrow::Cow;

use driftless_model::percent::{self, PercentError};
pub use driftless_model::percent::{HexCase, Plus, push_encoded};

use crate::{ParseError, ParseErrorKind};

/// Decodes once. Borrows when nothing has to be decoded.
///
/// # Errors
/// `Syntax` for a `%` without two hexadecimal digits, for bytes that are no UTF-8, and for NUL.
pub fn decode(raw: &str, plus: Plus) -> Result<Cow<'_, str>, ParseError> {
    percent::decode(raw, plus).map_err(|error| match error {
        PercentError::Escape(at) => ParseError::syntax(at, raw),
        PercentError::Utf8(at) => ParseError::new(ParseErrorKind::Syntax, at, "The address is not encoded in UTF-8."),
    })
}
