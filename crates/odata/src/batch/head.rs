//! Header lines of parts and of the requests inside them.

use super::BatchLimits;
use super::multipart::malformed;
use crate::ParseError;

/// The headers that a request inside a batch may set. Names with the prefix `MSCRM.` come on top. All others,
/// such as the `Host` that .NET clients write, are dropped, so that a part cannot differ from its batch in
/// user, host or connection; whether impersonation is allowed is decided by the front (SEC-35).
const ALLOWED: [&str; 14] = [
    "accept",
    "odata-version",
    "odata-maxversion",
    "content-type",
    "if-match",
    "if-none-match",
    "prefer",
    "callerobjectid",
    "mscrmcallerid",
    "consistency",
    "x-ms-client-request-id",
    "x-ms-client-session-id",
    "x-ms-correlation-id",
    "x-ms-correlation-request-id",
];

/// Text that is taken apart line by line.
pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    /// Offset of `bytes` in the batch body.
    pub(super) offset: usize,
    /// Header lines that may still come.
    headers_left: usize,
    headers_max: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(bytes: &'a [u8], offset: usize, limits: &BatchLimits) -> Self {
        Self { bytes, offset, headers_left: limits.headers, headers_max: limits.headers }
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    /// The next line without its end; empty at the end of the text.
    ///
    /// # Errors
    /// `Syntax` when the line is not UTF-8 or contains control characters.
    pub(super) fn line(&mut self) -> Result<&'a str, ParseError> {
        let length = self.bytes.iter().position(|b| *b == b'\n').map_or(self.bytes.len(), |end| end + 1);
        let (line, rest) = self.bytes.split_at(length);
        let offset = self.offset;
        self.bytes = rest;
        self.offset += length;
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = std::str::from_utf8(line).ok().filter(|text| !text.bytes().any(|b| b < 0x20 && b != b'\t'));
        text.ok_or_else(|| malformed(offset, "A line of the batch contains characters that are not allowed."))
    }

    /// The next header; `None` at the blank line or at the end of the text.
    ///
    /// # Errors
    /// `Syntax` for lines without a colon, blanks in the name, and continued lines.
    pub(super) fn header(&mut self) -> Result<Option<(&'a str, &'a str)>, ParseError> {
        let offset = self.offset;
        let line = self.line()?;
        if line.is_empty() {
            return Ok(None);
        }
        if self.headers_left == 0 {
            return Err(ParseError::limit(offset, "headers in one part of a batch", self.headers_max));
        }
        self.headers_left -= 1;
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        match line.split_once(':') {
            Some((name, value)) if !name.is_empty() && name.bytes().all(token) => Ok(Some((name, value.trim_ascii()))),
            _ => Err(malformed(offset, "A header line of the batch is malformed.")),
        }
    }
}

/// Whether a request inside a batch may set the header.
pub(super) fn is_allowed(name: &str) -> bool {
    let extension = name.get(..6).is_some_and(|prefix| prefix.eq_ignore_ascii_case("mscrm."));
    extension || ALLOWED.iter().any(|allowed| name.eq_ignore_ascii_case(allowed))
}
