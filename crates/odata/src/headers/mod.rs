//! Request headers that change what is done or how it is written: `Prefer`, `If-Match` and `If-None-Match`,
//! `Accept`, `Content-Type` (web-api 3, 4, 14).

mod media;
mod preconditions;
mod prefer;
mod range;

pub use media::{ContentType, Format, MetadataLevel};
pub use preconditions::{EntityTag, Preconditions};
pub use prefer::{AnnotationFilter, Preferences, Returning};
pub use range::{ContentRange, Range};

/// Splits a header value at `separator`, except between double quotes; pieces are trimmed, empty ones skipped.
fn split_list(value: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        while let Some(text) = rest {
            let mut quoted = false;
            let mut escaped = false;
            let end = text.bytes().position(|byte| {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' if quoted => escaped = true,
                    b'"' => quoted = !quoted,
                    byte if byte == separator && !quoted => return true,
                    _ => {}
                }
                false
            });
            let piece = match end {
                Some(end) => {
                    rest = Some(&text[end + 1..]);
                    &text[..end]
                }
                None => {
                    rest = None;
                    text
                }
            };
            let piece = piece.trim_ascii();
            if !piece.is_empty() {
                return Some(piece);
            }
        }
        None
    })
}

/// `name=value` with blanks and the quotes of the value removed.
fn parameter(piece: &str) -> (&str, Option<&str>) {
    match piece.split_once('=') {
        None => (piece, None),
        Some((name, value)) => (name.trim_ascii_end(), Some(unquoted(value.trim_ascii_start()))),
    }
}

/// The text between double quotes, or the text itself. Escapes inside are not undone: no value has any.
fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').map_or(value, |inner| inner.strip_suffix('"').unwrap_or(inner))
}
