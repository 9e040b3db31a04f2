//! XML text with escaping and indentation.

use std::collections::BTreeMap;

use roxmltree::Document;

use crate::error::{PackageError, excerpt};
use crate::package::Labels;
use crate::read::{XSI_NAMESPACE, XSI_PREFIX};

const INDENT: &str = "  ";

/// An XML text that grows. Problems are kept until [`XmlWriter::finish`], so that the writing code
/// stays a plain list of what follows what.
pub(super) struct XmlWriter {
    text: String,
    depth: usize,
    /// The first thing that XML cannot hold.
    unwritable: Option<String>,
}

impl XmlWriter {
    /// Starts a text with its root element, which declares the namespaces that elements kept as
    /// text may use.
    pub(super) fn with_root(root: &str, attributes: &[(&str, &str)], namespaces: &BTreeMap<String, String>) -> Self {
        let mut writer = Self { text: "<?xml version=\"1.0\" encoding=\"utf-8\"?>".to_owned(), depth: 0, unwritable: None };
        let declarations: Vec<(String, &str)> =
            namespaces.iter().filter(|(prefix, _)| prefix.as_str() != XSI_PREFIX).map(|(prefix, uri)| (format!("xmlns:{prefix}"), uri.as_str())).collect();
        let xsi = format!("xmlns:{XSI_PREFIX}");
        let all: Vec<(&str, &str)> =
            attributes.iter().copied().chain([(xsi.as_str(), XSI_NAMESPACE)]).chain(declarations.iter().map(|(name, uri)| (name.as_str(), *uri))).collect();
        writer.open(root, &all);
        writer
    }

    /// Ends the root element and gives the text.
    pub(super) fn finish(mut self, root: &str) -> Result<String, PackageError> {
        self.close(root);
        self.text.push('\n');
        if let Some(what) = self.unwritable {
            return Err(PackageError::Unwritable { what });
        }
        // Elements kept as text are only as good as whoever made them.
        match Document::parse(&self.text) {
            Ok(_) => Ok(self.text),
            Err(error) => Err(PackageError::Unwritable { what: format!("{root}: {}", excerpt(&error.to_string())) }),
        }
    }

    /// `<name a="b">`
    pub(super) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.text.push('>');
        self.depth += 1;
    }

    /// `</name>` on a line of its own.
    pub(super) fn close(&mut self, name: &str) {
        self.depth = self.depth.saturating_sub(1);
        self.line();
        self.end_tag(name);
    }

    /// `<name a="b" />`
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.text.push_str(" />");
    }

    /// `<name>text</name>`
    pub(super) fn leaf(&mut self, name: &str, text: &str) {
        self.leaf_with(name, &[], text);
    }

    /// `<name a="b">text</name>`
    pub(super) fn leaf_with(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.tag(name, attributes);
        self.text.push('>');
        self.escape(text, Place::Text);
        self.end_tag(name);
    }

    /// A leaf, if there is a value.
    pub(super) fn optional(&mut self, name: &str, text: Option<&String>) {
        if let Some(text) = text {
            self.leaf(name, text);
        }
    }

    /// A leaf with a number, if there is one.
    pub(super) fn optional_number(&mut self, name: &str, number: Option<i32>) {
        if let Some(number) = number {
            self.leaf(name, &number.to_string());
        }
    }

    /// A leaf with 0 or 1, if there is a value.
    pub(super) fn optional_flag(&mut self, name: &str, flag: Option<bool>) {
        if let Some(flag) = flag {
            self.leaf(name, zero_or_one(flag));
        }
    }

    /// Texts by language, one element each.
    pub(super) fn labels(&mut self, list: &str, item: &str, labels: &Labels) {
        self.list(list, labels, |writer, (language, text)| {
            let language = language.to_string();
            writer.empty(item, &[("description", text), ("languagecode", language.as_str())]);
        });
    }

    /// An element around others; `<list />` if there are none.
    pub(super) fn list<I: IntoIterator>(&mut self, list: &str, items: I, mut write: impl FnMut(&mut Self, I::Item)) {
        let mut items = items.into_iter().peekable();
        if items.peek().is_none() {
            self.empty(list, &[]);
            return;
        }
        self.open(list, &[]);
        for item in items {
            write(self, item);
        }
        self.close(list);
    }

    /// An element that is XML text already.
    pub(super) fn raw(&mut self, xml: &str) {
        self.line();
        self.text.push_str(xml);
    }

    /// Notes something that cannot be written; the first one counts.
    pub(super) fn refuse(&mut self, what: String) {
        self.unwritable.get_or_insert(what);
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.line();
        self.check_name(name);
        self.text.push('<');
        self.text.push_str(name);
        for (attribute, value) in attributes {
            self.check_name(attribute);
            self.text.push(' ');
            self.text.push_str(attribute);
            self.text.push_str("=\"");
            self.escape(value, Place::Attribute);
            self.text.push('"');
        }
    }

    fn end_tag(&mut self, name: &str) {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
    }

    fn line(&mut self) {
        self.text.push('\n');
        for _ in 0..self.depth {
            self.text.push_str(INDENT);
        }
    }

    /// Some names come from the package. What is left to check (which letters a name may have) the
    /// parser does at the end.
    fn check_name(&mut self, name: &str) {
        let is_bad = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '&' | '=' | '/' | '"' | '\'');
        if name.is_empty() || name.contains(is_bad) {
            self.refuse(format!("the name '{}'", excerpt(name)));
        }
    }

    fn escape(&mut self, text: &str, place: Place) {
        for c in text.chars() {
            match c {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                // A bare one would be read as a line feed.
                '\r' => self.text.push_str("&#xD;"),
                '"' if place == Place::Attribute => self.text.push_str("&quot;"),
                // Bare ones would be read as spaces.
                '\n' if place == Place::Attribute => self.text.push_str("&#xA;"),
                '\t' if place == Place::Attribute => self.text.push_str("&#x9;"),
                _ if is_xml_character(c) => self.text.push(c),
                _ => {
                    let code = u32::from(c);
                    self.refuse(format!("character U+{code:04X} in '{}'", excerpt(&text.escape_debug().to_string())));
                }
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Text,
    Attribute,
}

/// The characters of XML 1.0.
fn is_xml_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{10000}'..)
}

/// The usual spelling of flags.
pub(super) fn zero_or_one(flag: bool) -> &'static str {
    if flag { "1" } else { "0" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> XmlWriter {
        XmlWriter::with_root("r", &[], &BTreeMap::new())
    }

    #[test]
    fn every_character_of_xml_comes_back() {
        let mut all: String = ('\0'..=char::MAX).filter(|c| is_xml_character(*c)).collect();
        all.push_str("]]>\r\n\r\t\n &amp;&#10;<![CDATA[ ");
        let mut xml = writer();
        xml.leaf_with("a", &[("b", &all)], &all);
        let text = xml.finish("r").unwrap();
        let document = Document::parse(&text).unwrap();
        let element = document.root_element().first_element_child().unwrap();
        assert!(element.attribute("b") == Some(all.as_str()));
        assert!(element.text() == Some(all.as_str()));
    }

    #[test]
    fn characters_outside_xml_are_refused() {
        for c in ['\0', '\u{B}', '\u{1F}', '\u{FFFE}', '\u{FFFF}'] {
            let mut xml = writer();
            xml.leaf("a", &c.to_string());
            assert!(matches!(xml.finish("r"), Err(PackageError::Unwritable { .. })));
        }
    }

    #[test]
    fn names_and_raw_elements_cannot_break_out() {
        for name in ["", "a b", "a>", "1a", "a/", "p:a"] {
            let mut xml = writer();
            xml.leaf(name, "x");
            assert!(xml.finish("r").is_err(), "{name:?}");
        }
        let mut xml = writer();
        xml.raw("<a>");
        assert!(xml.finish("r").is_err());
    }
}
