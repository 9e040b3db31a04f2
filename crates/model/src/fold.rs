//! Text comparison (AK-21, ADR 0015): one function for `=`, order, unique indexes, pattern matching and the reference evaluator.

use std::cmp::Ordering;

use unicode_normalization::UnicodeNormalization;

/// The number of this comparison. It is stored in every database; another number means that indexes must be rebuilt.
pub const FOLD_VERSION: u32 = 1;

/// The form of `text` that is compared: decomposed, accents U+0300 to U+036F dropped, full case folding, composed, trailing blanks dropped.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.trim_end_matches(' ').to_ascii_lowercase();
    }
    let bare: String = text.nfd().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).collect();
    let folded: String = caseless::default_case_fold_str(&bare).nfd().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).nfc().collect();
    folded.trim_end_matches(' ').to_owned()
}

/// Compares two texts by their folded form, bytes of UTF-8 (which is code point order). ASCII texts are compared without making anything.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (a_bytes, b_bytes) = (a.as_bytes(), b.as_bytes());
    if a.is_ascii() && b.is_ascii() {
        return compare_ascii(trim(a_bytes), trim(b_bytes));
    }
    fold(a).as_bytes().cmp(fold(b).as_bytes())
}

fn trim(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|b| *b != b' ').map_or(0, |at| at + 1);
    &bytes[..end]
}

fn compare_ascii(a: &[u8], b: &[u8]) -> Ordering {
    for (x, y) in a.iter().zip(b) {
        match x.to_ascii_lowercase().cmp(&y.to_ascii_lowercase()) {
            Ordering::Equal => {}
            unequal => return unequal,
        }
    }
    a.len().cmp(&b.len())
}

/// True if `text` matches `pattern`, both compared folded. In the pattern `%` stands for any run, `_` for one character, `[abc]`, `[a-c]` and `[^a]` for one
/// character of (or not of) a set; a `[` that is never closed stands for itself. Linear in the product of the lengths; no recursion (SEC-09).
pub fn matches_pattern(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = fold_keeping_blanks(text).chars().collect();
    let pattern = compile(&fold_keeping_blanks(pattern));
    let (mut t, mut p) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(Piece::Run) => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(piece) if piece.takes(text[t]) => {
                t += 1;
                p += 1;
            }
            _ => match retry {
                Some((after, from)) => {
                    p = after;
                    t = from + 1;
                    retry = Some((after, from + 1));
                }
                None => return text[t..].iter().all(|c| *c == ' ') && p == pattern.len(),
            },
        }
    }
    pattern[p..].iter().all(|piece| matches!(piece, Piece::Run))
}

/// As [`fold`], but trailing blanks stay: inside a pattern they count.
fn fold_keeping_blanks(text: &str) -> String {
    let blanks = text.len() - text.trim_end_matches(' ').len();
    let mut folded = fold(text);
    folded.extend(std::iter::repeat_n(' ', blanks));
    folded
}

enum Piece {
    Run,
    One,
    Char(char),
    Set { of: Vec<(char, char)>, negated: bool },
}

impl Piece {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Run => false,
            Self::One => true,
            Self::Char(own) => *own == c,
            Self::Set { of, negated } => of.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated,
        }
    }
}

fn compile(pattern: &str) -> Vec<Piece> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut pieces = Vec::with_capacity(chars.len());
    let mut at = 0;
    while let Some(c) = chars.get(at) {
        match c {
            '%' => pieces.push(Piece::Run),
            '_' => pieces.push(Piece::One),
            '[' => match compile_set(&chars[at + 1..]) {
                Some((set, taken)) => {
                    pieces.push(set);
                    at += taken;
                }
                None => pieces.push(Piece::Char('[')),
            },
            other => pieces.push(Piece::Char(*other)),
        }
        at += 1;
    }
    pieces
}

/// Reads a set after its opening bracket; gives it and the number of characters taken, closing bracket included.
fn compile_set(chars: &[char]) -> Option<(Piece, usize)> {
    let negated = chars.first() == Some(&'^');
    let start = usize::from(negated);
    let end = start + chars.get(start..)?.iter().position(|c| *c == ']')?;
    let inner = &chars[start..end];
    if inner.is_empty() {
        return None;
    }
    let (mut of, mut at) = (Vec::new(), 0);
    while let Some(low) = inner.get(at) {
        if inner.get(at + 1) == Some(&'-')
            && let Some(high) = inner.get(at + 2)
        {
            of.push((*low, *high));
            at += 3;
        } else {
            of.push((*low, *low));
            at += 1;
        }
    }
    Some((Piece::Set { of, negated }, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // AK-21
    fn text_compares_without_case_accents_and_trailing_blanks() {
        for (a, b, order) in [
            ("Café", "cafe ", Ordering::Equal),
            ("STRASSE", "straße", Ordering::Equal),
            ("Ångström", "angstrom", Ordering::Equal),
            ("a", "B", Ordering::Less),
            ("a ", "a", Ordering::Equal),
            (" a", "a", Ordering::Less),
            ("", "  ", Ordering::Equal),
            ("z", "é", Ordering::Greater),
        ] {
            assert_eq!(compare(a, b), order, "{a:?} {b:?}");
            assert_eq!(compare(b, a), order.reverse(), "{b:?} {a:?}");
        }
    }

    #[test]
    fn patterns() {
        for (text, pattern, expected) in [
            ("Contoso", "con%", true),
            ("Contoso", "%oso", true),
            ("Contoso", "%nt%", true),
            ("Contoso", "c_ntoso", true),
            ("Contoso", "c[a-o]ntoso", true),
            ("Contoso", "c[^a-o]ntoso", false),
            ("a[b", "a[b", true),
            ("100%", "100[%]", true),
            ("Contoso", "", false),
            ("", "%", true),
            ("Café", "%cafe%", true),
            ("abcabc", "%abc", true),
        ] {
            assert_eq!(matches_pattern(text, pattern), expected, "{text:?} {pattern:?}");
        }
    }
}
