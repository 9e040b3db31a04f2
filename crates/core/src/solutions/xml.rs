//! Text of small XML documents: the result of an import, and views that are kept.

use std::fmt::Write;

/// Appends a start tag; `end` is `>` or `/>`. Attributes without a value are left out.
pub(super) fn tag(xml: &mut String, name: &str, attributes: &[(&str, &str)], end: &str) {
    let _ = write!(xml, "<{name}");
    for (key, value) in attributes {
        let _ = write!(xml, " {key}=\"{}\"", escape(value));
    }
    xml.push_str(end);
}

/// Appends an element with text.
pub(super) fn leaf(xml: &mut String, name: &str, text: &str) {
    let _ = write!(xml, "<{name}>{}</{name}>", escape(text));
}

/// The text with what XML gives a meaning to replaced; control characters, which XML cannot hold, become U+FFFD.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The text that [`escape`] made another of.
pub(super) fn unescape(text: &str) -> String {
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#10;", "\n").replace("&#9;", "\t");
    // Last, so that no other one comes of it.
    plain.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_hold_any_text() {
        let mut xml = String::new();
        tag(&mut xml, "a", &[("b", "<\"&\u{1}\n>")], "/>");
        assert_eq!(xml, "<a b=\"&lt;&quot;&amp;\u{fffd}&#10;&gt;\"/>");
    }
}
