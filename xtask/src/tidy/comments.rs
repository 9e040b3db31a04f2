//! Comments of Rust sources, and which part of a source is test code.

/// One comment line: its line number from 1, and its text without the slashes.
pub(crate) type Comment<'a> = (usize, &'a str);

/// The comments of a Rust source. String and character literals are skipped, so a `//` inside one is none.
pub(crate) fn comments(source: &str) -> Vec<Comment<'_>> {
    let bytes = source.as_bytes();
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let end = match (bytes[at], bytes.get(at + 1)) {
            (b'/', Some(b'/')) => {
                let end = line_end(bytes, at);
                found.push((line, source[at..end].trim_start_matches(['/', '!'])));
                end
            }
            (b'/', Some(b'*')) => {
                let end = source[at + 2..].find("*/").map_or(bytes.len(), |length| at + 2 + length + 2);
                found.extend(source[at..end].lines().enumerate().map(|(row, text)| (line + row, text)));
                end
            }
            (b'"', _) => string_end(bytes, at),
            (b'r', Some(b'"' | b'#')) if !continues_word(bytes, at) => raw_string_end(source, at),
            (b'\'', _) => char_end(bytes, at),
            _ => at + 1,
        };
        line += bytes[at..end].iter().filter(|byte| **byte == b'\n').count();
        at = end;
    }
    found
}

/// The line, from 1, at which the test code of a source begins; `None` when it has none.
pub(crate) fn test_start(path: &str, source: &str) -> Option<usize> {
    let is_test_file = path.contains("/tests/") || path.ends_with("/tests.rs") || path.ends_with("_test.rs");
    if is_test_file {
        return Some(1);
    }
    // A module of tests, or the first test of a file that holds nothing else.
    let lines: Vec<&str> = source.lines().map(str::trim_start).collect();
    let is_module = |at: &usize| lines[*at].starts_with("#[cfg(test)]") && lines.get(at + 1).is_some_and(|next| next.starts_with("mod tests"));
    let marked = (0..lines.len()).find(is_module);
    let start = marked.or_else(|| lines.iter().position(|line| line.starts_with("#[test]")));
    start.map(|index| index + 1)
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length)
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn continues_word(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).map(|index| bytes[index]);
    // `br"..."` is a literal as well.
    before.is_some_and(|byte| byte != b'b' && (byte.is_ascii_alphanumeric() || byte == b'_'))
}

fn raw_string_end(source: &str, start: usize) -> usize {
    let after = &source[start + 1..];
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    if after.as_bytes().get(hashes) != Some(&b'"') {
        return start + 1;
    }
    let closing = format!("\"{}", "#".repeat(hashes));
    let body = start + 1 + hashes + 1;
    source[body..].find(&closing).map_or(source.len(), |length| body + length + closing.len())
}

/// A character literal is at most one character or one escape long; anything else is a lifetime.
fn char_end(bytes: &[u8], start: usize) -> usize {
    if bytes.get(start + 1) == Some(&b'\\') {
        let from = (start + 3).min(bytes.len());
        return bytes[from..].iter().position(|byte| *byte == b'\'').map_or(bytes.len(), |length| from + length + 1);
    }
    let first = bytes.get(start + 1).copied().unwrap_or(0);
    let width = match first {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    };
    if bytes.get(start + 1 + width) == Some(&b'\'') { start + 2 + width } else { start + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_found_and_literals_skipped() {
        let source = "fn a() {} // one\nlet u = \"http://two\"; /// three\nlet r = r#\"// \" four\"#; // five\n\
                      let c = '\"'; // six\nlet q = '\\''; // seven\nlet e = 'é'; /* eight\nnine */\nfn f<'a>() {} // ten\n";
        let found: Vec<(usize, &str)> = comments(source).into_iter().map(|(line, text)| (line, text.trim())).collect();
        let wanted = [(1, "one"), (2, "three"), (3, "five"), (4, "six"), (5, "seven"), (6, "/* eight"), (7, "nine */"), (8, "ten")];
        assert_eq!(found, wanted);
    }

    #[test]
    fn unfinished_literals_end_with_the_source() {
        for source in ["\"open", "r#\"open", "'\\", "'", "/* open", "//", "r#", "\"\\"] {
            let _ = comments(source);
        }
    }

    #[test]
    fn test_code_begins_at_its_marker_or_with_the_file() {
        assert_eq!(test_start("a/src/x.rs", "fn f() {}\n#[cfg(test)]\nmod tests {}\n"), Some(2));
        let helper = "#[cfg(test)]\nfn made_up() {}\n// A1\nfn f() {}\n";
        assert_eq!(test_start("a/src/x.rs", helper), None);
        assert_eq!(test_start("a/src/x.rs", "//! All tests.\n#[test] // A1\nfn f() {}\n"), Some(2));
        assert_eq!(test_start("a/tests/x.rs", "fn f() {}\n"), Some(1));
        assert_eq!(test_start("a/src/x.rs", "fn f() {}\n"), None);
    }
}
