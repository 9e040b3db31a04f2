//! Percent-encoding, as far as paths, query options, cookies and links share it.

use std::borrow::Cow;

use crate::literal::hex_value;

/// What a plus sign means in the text that is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plus {
    /// In query strings `+` is a blank.
    Blank,
    /// In paths `+` is a plus.
    Keep,
}

/// Spelling of the hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HexCase {
    /// `%2f`, as the service writes tokens.
    Lower,
    /// `%2F`, as the service writes everything else.
    Upper,
}

/// Why a text cannot be decoded, and the byte at which that begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PercentError {
    /// A `%` without two hexadecimal digits, or NUL.
    Escape(usize),
    /// Bytes that are no UTF-8.
    Utf8(usize),
}

/// Decodes once. Borrows when nothing has to be decoded.
///
/// # Errors
/// For a `%` without two hexadecimal digits, for bytes that are no UTF-8, and for NUL.
pub fn decode(raw: &str, plus: Plus) -> Result<Cow<'_, str>, PercentError> {
    let escaped = |b: u8| b == b'%' || b == 0 || (b == b'+' && plus == Plus::Blank);
    let Some(first) = raw.bytes().position(escaped) else {
        return Ok(Cow::Borrowed(raw));
    };
    let bytes = raw.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(&bytes[..first]);
    let mut at = first;
    while let Some(&byte) = bytes.get(at) {
        let (value, width) = match byte {
            b'%' => (escape_at(bytes, at).ok_or(PercentError::Escape(at))?, 3),
            b'+' if plus == Plus::Blank => (b' ', 1),
            other => (other, 1),
        };
        if value == 0 {
            return Err(PercentError::Escape(at));
        }
        out.push(value);
        at += width;
    }
    String::from_utf8(out).map(Cow::Owned).map_err(|_| PercentError::Utf8(first))
}

/// The byte that the escape at `at` stands for, if there is a complete escape.
#[must_use]
pub fn escape_at(bytes: &[u8], at: usize) -> Option<u8> {
    if bytes.get(at) != Some(&b'%') {
        return None;
    }
    let high = hex_value(*bytes.get(at + 1)?)?;
    let low = hex_value(*bytes.get(at + 2)?)?;
    Some(high << 4 | low)
}

/// Appends `text`, writing every byte as an escape that is neither an ASCII letter or digit nor in `plain`.
pub fn push_encoded(out: &mut String, text: &str, plain: &[u8], case: HexCase) {
    let digits: &[u8; 16] = match case {
        HexCase::Lower => b"0123456789abcdef",
        HexCase::Upper => b"0123456789ABCDEF",
    };
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || (byte.is_ascii() && plain.contains(&byte)) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(digits[usize::from(byte >> 4)]));
            out.push(char::from(digits[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_once_and_borrows_when_it_can() {
        assert!(matches!(decode("a'b+c", Plus::Keep), Ok(Cow::Borrowed("a'b+c"))));
        assert_eq!(decode("a%2520b", Plus::Keep).unwrap(), "a%20b");
        assert_eq!(decode("%c3%A4", Plus::Keep).unwrap(), "ä");
    }

    #[test] // web-api 16: `+` is a blank, `%2B` a plus
    fn plus_is_a_blank_in_queries() {
        assert_eq!(decode("a+b%2Bc", Plus::Blank).unwrap(), "a b+c");
    }

    #[test]
    fn refuses_broken_escapes_nul_and_bad_utf8() {
        for bad in ["%", "a%2", "%zz", "%00", "a\0"] {
            assert!(matches!(decode(bad, Plus::Keep), Err(PercentError::Escape(_))), "{bad}");
        }
        assert_eq!(decode("%ff", Plus::Keep), Err(PercentError::Utf8(0)));
        assert_eq!(decode("ab%2", Plus::Keep), Err(PercentError::Escape(2)));
    }

    #[test]
    fn encodes_in_both_cases() {
        let mut out = String::new();
        push_encoded(&mut out, "1!/ä", b"", HexCase::Lower);
        push_encoded(&mut out, "/-", b"-", HexCase::Upper);
        assert_eq!(out, "1%21%2f%c3%a4%2F-");
    }
}
