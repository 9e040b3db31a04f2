//! `Range` and `Content-Range` in bytes (RFC 9110, 14), as file columns use them (web-api 32).

/// A part of a file that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// `bytes=a-b` and `bytes=a-`: from a byte to another, both included, or to the end.
    From(u64, Option<u64>),
    /// `bytes=-n`: so many bytes at the end.
    Last(u64),
}

impl Range {
    /// Reads `Range`. None for several ranges, other units and anything that cannot be understood: such a header is passed over.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.trim().strip_prefix("bytes=")?.split_once('-')?;
        match (from.trim(), to.trim()) {
            ("", last) => number(last).map(Self::Last),
            (from, "") => Some(Self::From(number(from)?, None)),
            (from, to) => {
                let (from, to) = (number(from)?, number(to)?);
                (from <= to).then_some(Self::From(from, Some(to)))
            }
        }
    }
}

/// The place of a body within a file that is sent in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// Place of the first byte.
    pub first: u64,
    /// Place of the last byte.
    pub last: u64,
    /// Length of the whole file in bytes.
    pub total: u64,
}

impl ContentRange {
    /// Reads `bytes a-b/total`. None for anything else, also where the places do not fit.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (places, total) = text.trim().strip_prefix("bytes")?.trim_start().split_once('/')?;
        let (first, last) = places.split_once('-')?;
        let range = Self { first: number(first.trim())?, last: number(last.trim())?, total: number(total.trim())? };
        (range.first <= range.last && range.last < range.total).then_some(range)
    }

    /// Number of bytes of the part.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.last - self.first + 1
    }
}

/// Digits alone: no sign.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // web-api 32
    fn ranges_that_are_understood() {
        for (text, expected) in [
            ("bytes=0-4194303", Some(Range::From(0, Some(4_194_303)))),
            ("bytes=7-", Some(Range::From(7, None))),
            ("bytes=-7", Some(Range::Last(7))),
            ("bytes=0-1,4-5", None),
            ("bytes=5-4", None),
            ("bytes=-", None),
            ("bytes=+1-2", None),
            ("bytes=0-99999999999999999999", None),
            ("items=0-1", None),
            ("", None),
        ] {
            assert_eq!(Range::parse(text), expected, "{text}");
        }
    }

    #[test] // web-api 32
    fn places_of_parts() {
        let part = ContentRange::parse("bytes 0-4194303/25870370").unwrap();
        assert_eq!((part.first, part.last, part.total, part.bytes()), (0, 4_194_303, 25_870_370, 4_194_304));
        for bad in ["bytes 0-4/4", "bytes 3-2/9", "bytes 0--1/0", "bytes 0-1/*", "bytes */9", "0-1/9", "bytes 0-1", "bytes 0-1/99999999999999999999", ""] {
            assert_eq!(ContentRange::parse(bad), None, "{bad}");
        }
    }
}
