//! Small helpers over the XML parser: one element with its part's name for error messages.

use std::collections::BTreeMap;

use roxmltree::{Document, Node, ParsingOptions};

use super::scan;
use crate::error::{LimitKind, PackageError, excerpt};
use crate::limits::PackageLimits;
use crate::package::{Labels, RawElement};

/// The namespace of `xsi:nil`; the writer declares it on every root as `xsi`.
pub(crate) const XSI_NAMESPACE: &str = "http://www.w3.org/2001/XMLSchema-instance";
pub(crate) const XSI_PREFIX: &str = "xsi";

/// An XML part of the package that is within its limits, not yet parsed.
pub(super) struct XmlPart<'a> {
    name: &'static str,
    text: &'a str,
    nodes_max: u32,
}

impl<'a> XmlPart<'a> {
    pub(super) fn new(name: &'static str, bytes: &'a [u8], limits: &PackageLimits) -> Result<Self, PackageError> {
        if bytes.len() as u64 > limits.xml_bytes_max {
            return Err(PackageError::too_large(LimitKind::XmlBytes, limits.xml_bytes_max));
        }
        let text = decode(name, bytes)?;
        scan::check(name, text, limits)?;
        Ok(Self { name, text, nodes_max: limits.xml_nodes_max })
    }

    /// Parses the part and reads its root element, which is `ImportExportXml` in every part.
    pub(super) fn read<T>(&self, read: impl FnOnce(Element<'_>) -> Result<T, PackageError>) -> Result<T, PackageError> {
        let options = ParsingOptions { allow_dtd: false, nodes_limit: self.nodes_max, entity_resolver: None };
        let document = Document::parse_with_options(self.text, options).map_err(|error| self.syntax_error(&error))?;
        let root = Element { part: self.name, node: document.root_element() };
        if !root.is("ImportExportXml") {
            return Err(root.error("expected the root element ImportExportXml"));
        }
        read(root)
    }

    fn syntax_error(&self, error: &roxmltree::Error) -> PackageError {
        if matches!(error, roxmltree::Error::NodesLimitReached) {
            return PackageError::too_large(LimitKind::XmlNodes, self.nodes_max.into());
        }
        let at = error.pos();
        PackageError::BadXml { part: self.name, line: at.row, column: at.col, message: excerpt(&error.to_string()) }
    }
}

fn decode<'a>(part: &'static str, bytes: &'a [u8]) -> Result<&'a str, PackageError> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(PackageError::Unsupported { what: format!("{part} is not in UTF-8") });
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let valid = std::str::from_utf8(valid).unwrap_or_default();
        error_at_offset(part, valid, valid.len(), "the text is not valid UTF-8")
    })
}

/// An error at a byte offset of a text.
pub(super) fn error_at_offset(part: &'static str, text: &str, offset: usize, message: &str) -> PackageError {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.get(line_start..).unwrap_or("").chars().count() + 1;
    PackageError::BadXml { part, line: u32::try_from(line).unwrap_or(u32::MAX), column: u32::try_from(column).unwrap_or(u32::MAX), message: message.to_owned() }
}

/// True if a text is exactly one element, which can be put into another as it stands.
pub(crate) fn is_single_element(text: &str) -> bool {
    Document::parse(text).is_ok_and(|document| document.root_element().range() == (0..text.len()))
}

/// One element. All names are compared without regard to case.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    part: &'static str,
    node: Node<'a, 'a>,
}

impl<'a> Element<'a> {
    /// Local name as written.
    pub(super) fn name(&self) -> &'a str {
        self.node.tag_name().name()
    }

    /// Local name in lower case, to match on.
    pub(super) fn key(&self) -> String {
        self.name().to_ascii_lowercase()
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    pub(super) fn has_namespace(&self) -> bool {
        self.node.tag_name().namespace().is_some()
    }

    /// Child elements in order.
    pub(super) fn children(&self) -> impl Iterator<Item = Element<'a>> + use<'a> {
        let part = self.part;
        self.node.children().filter(Node::is_element).map(move |node| Element { part, node })
    }

    /// Child elements of one name; whatever a newer file mixes in is passed over.
    pub(super) fn children_named(&self, name: &'static str) -> impl Iterator<Item = Element<'a>> + use<'a> {
        self.children().filter(move |child| child.is(name))
    }

    pub(super) fn child(&self, name: &str) -> Option<Element<'a>> {
        self.children().find(|child| child.is(name))
    }

    /// Attributes without namespace: name and value.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.node.attributes().filter(|attribute| attribute.namespace().is_none()).map(|attribute| (attribute.name(), attribute.value()))
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&'a str> {
        self.attributes().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(super) fn has_attributes(&self) -> bool {
        self.node.attributes().next().is_some()
    }

    /// True for `xsi:nil="true"`: the element says that there is no value.
    pub(super) fn is_nil(&self) -> bool {
        self.node.attribute((XSI_NAMESPACE, "nil")).is_some_and(|nil| parse_boolean(nil) == Some(true))
    }

    /// All text directly in the element, around comments too.
    pub(super) fn text(&self) -> String {
        self.node.children().filter(Node::is_text).filter_map(|text| text.text()).collect()
    }

    /// The text without space around it; `None` if nothing is left.
    pub(super) fn word(&self) -> Option<String> {
        let text = self.text();
        let word = text.trim();
        (!word.is_empty()).then(|| word.to_owned())
    }

    /// The text as a number; `None` if there is none.
    pub(super) fn integer(&self) -> Result<Option<i32>, PackageError> {
        self.word().map(|word| parse_integer(&word).ok_or_else(|| self.unexpected("a whole number", &word))).transpose()
    }

    /// The text as yes or no; `None` if there is none.
    pub(super) fn boolean(&self) -> Result<Option<bool>, PackageError> {
        self.word().map(|word| parse_boolean(&word).ok_or_else(|| self.unexpected("0, 1, true or false", &word))).transpose()
    }

    /// A number in an attribute; `None` if it is absent or empty.
    pub(super) fn integer_attribute(&self, name: &str) -> Result<Option<i32>, PackageError> {
        self.attribute(name)
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .map(|value| parse_integer(value).ok_or_else(|| self.unexpected(&format!("a whole number in attribute {name}"), value)))
            .transpose()
    }

    /// A text in an attribute, without space around it; `None` if it is absent or empty.
    pub(super) fn word_attribute(&self, name: &str) -> Option<String> {
        self.attribute(name).map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// A text in an attribute that must be there.
    pub(super) fn required_attribute(&self, name: &str) -> Result<String, PackageError> {
        self.word_attribute(name).ok_or_else(|| self.error(&format!("{} must have attribute {name}", self.name())))
    }

    /// The texts of all children by language (`@description`, `@languagecode`); children without
    /// language are passed over. Of two texts in one language the last counts.
    pub(super) fn labels(&self) -> Result<Labels, PackageError> {
        let mut labels = Labels::new();
        for child in self.children() {
            if let Some(code) = child.attribute("languagecode") {
                let text = child.attribute("description").unwrap_or_default();
                labels.insert(child.language_code(code)?, text.to_owned());
            }
        }
        Ok(labels)
    }

    /// Reads a language code that this element names.
    pub(super) fn language_code(&self, text: &str) -> Result<u16, PackageError> {
        text.trim().parse().map_err(|_| self.unexpected("a language code", text))
    }

    /// The element as it stands in the text. It may use prefixes that the root declares; see
    /// [`Element::declared_prefixes`].
    pub(super) fn raw(&self) -> RawElement {
        RawElement { name: self.name().to_owned(), xml: self.raw_xml() }
    }

    /// See [`Element::raw`].
    pub(super) fn raw_xml(&self) -> String {
        self.node.document().input_text().get(self.node.range()).unwrap_or_default().to_owned()
    }

    /// Prefixes declared here, by prefix, but for those that every part has anyway.
    pub(super) fn declared_prefixes(&self) -> BTreeMap<String, String> {
        self.node
            .namespaces()
            .filter_map(|namespace| Some((namespace.name()?, namespace.uri())))
            .filter(|(prefix, _)| *prefix != "xml" && *prefix != XSI_PREFIX)
            .map(|(prefix, uri)| (prefix.to_owned(), uri.to_owned()))
            .collect()
    }

    /// An error at the start of this element.
    pub(super) fn error(&self, message: &str) -> PackageError {
        let at = self.node.document().text_pos_at(self.node.range().start);
        PackageError::BadXml { part: self.part, line: at.row, column: at.col, message: message.to_owned() }
    }

    fn unexpected(&self, expected: &str, found: &str) -> PackageError {
        self.error(&format!("{}: expected {expected}, found '{}'", excerpt(self.name()), excerpt(found)))
    }
}

fn parse_integer(text: &str) -> Option<i32> {
    text.parse().ok()
}

/// `0`, `1`, `true` or `false`, in any case: the format mixes them (SOL-5).
pub(super) fn parse_boolean(text: &str) -> Option<bool> {
    match text {
        "1" => Some(true),
        "0" => Some(false),
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T>(text: &str, check: impl FnOnce(Element<'_>) -> T) -> Result<T, PackageError> {
        XmlPart::new("part.xml", text.as_bytes(), &PackageLimits::default())?.read(|root| Ok(check(root)))
    }

    #[test] // SOL-5
    fn both_spellings_of_yes_and_no_are_read() {
        for (text, value) in [("1", true), ("True", true), ("0", false), ("FALSE", false)] {
            assert_eq!(parse_boolean(text), Some(value));
        }
        for text in ["", "2", "yes", "01"] {
            assert_eq!(parse_boolean(text), None);
        }
    }

    #[test]
    fn text_is_gathered_around_comments_and_sections() {
        let xml = "<ImportExportXml>a<!-- b -->c<![CDATA[<d>]]>&amp;&#101;</ImportExportXml>";
        assert_eq!(read(xml, |root| root.text()).unwrap(), "ac<d>&e");
    }

    #[test]
    fn errors_point_at_line_and_column() {
        let message = |bytes: &[u8]| XmlPart::new("part.xml", bytes, &PackageLimits::default()).and_then(|part| part.read(|_| Ok(()))).unwrap_err().to_string();
        assert_eq!(message(b"<a>\n\xc3\xa4\xff</a>"), "part.xml line 2 column 2: the text is not valid UTF-8");
        assert_eq!(message(b"\xef\xbb\xbf<Other/>"), "part.xml line 1 column 1: expected the root element ImportExportXml");
        assert!(message(b"<ImportExportXml>\n<a></b>").starts_with("part.xml line 2 column 4"));
        assert_eq!(message(b"\xff\xfe<\0"), "not supported: part.xml is not in UTF-8");
    }

    #[test]
    fn a_raw_element_is_the_text_it_was_read_from() {
        let xml = "<ImportExportXml xmlns:q='urn:q' xmlns:xsi='urn:x'><a >\r\n<q:b c='1' />\
                   <!-- d --></a></ImportExportXml>";
        assert_eq!(read(xml, |root| root.child("A").unwrap().raw_xml()).unwrap(), "<a >\r\n<q:b c='1' /><!-- d --></a>");
        assert_eq!(read(xml, |root| root.declared_prefixes()).unwrap(), BTreeMap::from([("q".to_owned(), "urn:q".to_owned())]));
    }

    #[test]
    fn one_element_is_told_from_other_texts() {
        assert!(is_single_element("<a><b/>c</a>"));
        for other in ["", "a", "<a/><b/>", " <a/>", "<?xml version='1.0'?><a/>", "<a/> "] {
            assert!(!is_single_element(other), "{other:?}");
        }
    }
}
