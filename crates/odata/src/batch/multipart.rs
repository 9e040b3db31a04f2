//! Cutting a multipart body at its boundary lines.

use super::BatchLimits;
use crate::headers::ContentType;
use crate::{ParseError, ParseErrorKind};

/// The boundary that a content type names.
///
/// # Errors
/// `Syntax` when the content type is not `multipart/mixed` or has no usable boundary.
pub(super) fn boundary<'a>(content_type: &'a str, limits: &BatchLimits) -> Result<&'a str, ParseError> {
    let content_type = ContentType::parse(content_type);
    if !content_type.is("multipart/mixed") {
        return Err(malformed(0, "The content type of a batch must be multipart/mixed with a boundary."));
    }
    let boundary = content_type.parameter("boundary").unwrap_or_default();
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&b);
    let usable = !boundary.is_empty() && boundary.bytes().all(allowed) && !boundary.ends_with(' ');
    if !usable || boundary.len() > limits.boundary_length {
        let message = format!("The boundary of a batch must have 1 to {} letters, digits or marks of RFC 2046.", limits.boundary_length);
        return Err(malformed(0, message));
    }
    Ok(boundary)
}

/// The parts between the boundary lines, with their offsets in `body`. Text before the first boundary and
/// after the closing one is ignored; line ends may be CRLF or LF.
///
/// # Errors
/// `Syntax` when there is no boundary line or no closing one: a cut batch must not be run in part.
pub(super) fn parts<'a>(body: &'a [u8], boundary: &str, limits: &BatchLimits) -> Result<Vec<(usize, &'a [u8])>, ParseError> {
    let mut parts = Vec::new();
    let mut open: Option<usize> = None;
    let mut line_start = 0;
    while line_start < body.len() {
        let rest = &body[line_start..];
        let line_length = rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |end| end + 1);
        let next = line_start + line_length;
        match delimiter(&rest[..line_length], boundary) {
            None => {}
            Some(kind) => {
                if let Some(start) = open {
                    if parts.len() == limits.operations {
                        return Err(ParseError::limit(start, "operations in one batch", limits.operations));
                    }
                    // The line end before a boundary line belongs to the boundary line.
                    parts.push((start, without_line_end(&body[start..line_start])));
                }
                if kind == Delimiter::Closing {
                    return Ok(parts);
                }
                open = Some(next);
            }
        }
        line_start = next;
    }
    Err(malformed(
        body.len(),
        match open {
            Some(_) => "The batch is not closed by its boundary followed by two hyphens.",
            None => "The batch does not contain its boundary.",
        },
    ))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Delimiter {
    Opening,
    Closing,
}

/// Recognizes `--boundary` and `--boundary--`, with blanks behind.
fn delimiter(line: &[u8], boundary: &str) -> Option<Delimiter> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary.as_bytes())?;
    let (kind, rest) = match rest.strip_prefix(b"--") {
        Some(rest) => (Delimiter::Closing, rest),
        None => (Delimiter::Opening, rest),
    };
    rest.trim_ascii().is_empty().then_some(kind)
}

fn without_line_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

/// A batch that cannot be taken apart.
pub(super) fn malformed(offset: usize, message: impl Into<String>) -> ParseError {
    ParseError::new(ParseErrorKind::Syntax, offset, message)
}
