//! The inner loop of both directions: how many bytes of a string need no attention.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Number of leading bytes that are neither `"` nor `\` nor a control character. Looks at eight bytes at a
/// time; bytes above 127 count as plain.
pub(super) fn plain_prefix(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(chunk) = bytes[at..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let special = (control | equals(word, b'"') | equals(word, b'\\')) & HIGHS;
        if special != 0 {
            return at + (special.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = &bytes[at..];
    at + rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1f)).unwrap_or(rest.len())
}

/// Marks the high bit of every byte of `word` that equals `byte`. Bytes above the first match may be marked
/// wrongly, which does not matter here.
fn equals(word: u64, byte: u8) -> u64 {
    let difference = word ^ (ONES * u64::from(byte));
    difference.wrapping_sub(ONES) & !difference
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_special_byte_at_every_place() {
        for length in 0..20 {
            for place in 0..length {
                for byte in 0..=255_u8 {
                    for filler in [b'a', 0xff, 0x80, b' ', b'!', b'#'] {
                        let mut bytes = vec![filler; length];
                        bytes[place] = byte;
                        let special = matches!(byte, b'"' | b'\\' | 0..=0x1f);
                        let expected = if special { place } else { length };
                        assert_eq!(plain_prefix(&bytes), expected, "{byte} at {place} of {length}");
                    }
                }
            }
        }
    }
}
