//! Bounds the shape of an XML text before it is parsed (SEC-31).
//!
//! The parser refuses document type definitions, but its time can grow with the square of the
//! attributes of one element and of the namespaces in force, and it reserves memory by counting
//! characters. One linear pass over the text keeps all of these within [`PackageLimits`]. The pass
//! need not judge whether the text is well-formed: up to the first error, where the parser stops,
//! both see the same tokens.

use super::xml::error_at_offset;
use crate::error::{LimitKind, PackageError};
use crate::limits::PackageLimits;

/// Checks nesting, attributes and namespaces of a text, and that it has no DOCTYPE.
pub(super) fn check(part: &'static str, text: &str, limits: &PackageLimits) -> Result<(), PackageError> {
    check_count(text, b'<', LimitKind::XmlNodes, limits.xml_nodes_max.into())?;
    check_count(text, b'=', LimitKind::XmlAttributes, limits.xml_attributes_max)?;
    let mut shape = Shape { limits, namespaces: 0, in_scope: vec![0] };
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = find(bytes, at, b"<") {
        let rest = &bytes[found..];
        let end = if rest.starts_with(b"<!--") {
            find(bytes, found + 4, b"-->").map(|end| end + 3)
        } else if rest.starts_with(b"<![CDATA[") {
            find(bytes, found + 9, b"]]>").map(|end| end + 3)
        } else if rest.starts_with(b"<?") {
            find(bytes, found + 2, b"?>").map(|end| end + 2)
        } else if rest.starts_with(b"<!") {
            let message = "document type definitions are not allowed";
            return Err(error_at_offset(part, text, found, message));
        } else if rest.starts_with(b"</") {
            shape.close();
            find(bytes, found, b">").map(|end| end + 1)
        } else {
            let tag = StartTag::measure(bytes, found);
            shape.open(&tag)?;
            tag.end
        };
        match end {
            Some(end) => at = end,
            // The text ends inside a token: the parser says so better.
            None => break,
        }
    }
    Ok(())
}

fn check_count(text: &str, byte: u8, what: LimitKind, limit: u64) -> Result<(), PackageError> {
    let count = text.bytes().filter(|found| *found == byte).count();
    if count as u64 > limit {
        return Err(PackageError::too_large(what, limit));
    }
    Ok(())
}

/// Offset of the next occurrence of a pattern.
fn find(bytes: &[u8], from: usize, pattern: &[u8]) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(pattern.len()).position(|window| window == pattern).map(|offset| from + offset)
}

/// What matters about a start tag.
struct StartTag {
    /// Offset behind it, if it ends.
    end: Option<usize>,
    /// True for `<a/>`.
    is_empty: bool,
    attributes: u64,
    namespaces: u64,
}

impl StartTag {
    fn measure(bytes: &[u8], start: usize) -> Self {
        let mut tag = Self { end: None, is_empty: false, attributes: 0, namespaces: 0 };
        let mut quote = None;
        let mut previous = b'<';
        for (at, &byte) in bytes.iter().enumerate().skip(start + 1) {
            match quote {
                Some(open) if byte == open => quote = None,
                Some(_) => {}
                None => match byte {
                    b'"' | b'\'' => quote = Some(byte),
                    b'=' => tag.attributes += 1,
                    b'x' if previous.is_ascii_whitespace() || is_quote(previous) => {
                        tag.namespaces += u64::from(bytes[at..].starts_with(b"xmlns"));
                    }
                    b'>' => {
                        tag.is_empty = previous == b'/';
                        tag.end = Some(at + 1);
                        break;
                    }
                    _ => {}
                },
            }
            previous = byte;
        }
        tag
    }
}

fn is_quote(byte: u8) -> bool {
    byte == b'"' || byte == b'\''
}

/// Open elements and namespaces so far.
struct Shape<'a> {
    limits: &'a PackageLimits,
    namespaces: u64,
    /// For each open element the namespaces in force in it; the first stands for the document.
    in_scope: Vec<u64>,
}

impl Shape<'_> {
    fn open(&mut self, tag: &StartTag) -> Result<(), PackageError> {
        let limits = self.limits;
        let in_scope = self.in_scope.last().copied().unwrap_or(0) + tag.namespaces;
        self.namespaces += tag.namespaces;
        let depth = self.in_scope.len() as u64;
        for (value, what, limit) in [
            (tag.attributes, LimitKind::XmlElementAttributes, limits.xml_element_attributes_max),
            (self.namespaces, LimitKind::XmlNamespaces, limits.xml_namespaces_max),
            (in_scope, LimitKind::XmlNamespacesInScope, limits.xml_namespaces_in_scope_max),
            (depth, LimitKind::XmlDepth, limits.xml_depth_max),
        ] {
            if value > limit {
                return Err(PackageError::too_large(what, limit));
            }
        }
        if !tag.is_empty {
            self.in_scope.push(in_scope);
        }
        Ok(())
    }

    fn close(&mut self) {
        // The document's own entry stays, however many end tags a broken text has.
        if self.in_scope.len() > 1 {
            self.in_scope.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> PackageLimits {
        PackageLimits {
            xml_nodes_max: 40,
            xml_attributes_max: 20,
            xml_element_attributes_max: 3,
            xml_namespaces_max: 4,
            xml_namespaces_in_scope_max: 2,
            xml_depth_max: 5,
            ..PackageLimits::default()
        }
    }

    fn kind(text: &str) -> Option<LimitKind> {
        match check("part.xml", text, &limits()) {
            Ok(()) => None,
            Err(PackageError::TooLarge { what, .. }) => Some(what),
            Err(other) => panic!("{other}"),
        }
    }

    #[test] // SEC-31
    fn each_limit_admits_its_value_and_not_one_more() {
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert_eq!(kind(&nested(5)), None);
        assert_eq!(kind(&nested(6)), Some(LimitKind::XmlDepth));
        assert_eq!(kind("<a><a><a><a><a/></a></a></a></a>"), None);
        assert_eq!(kind("<a><a><a><a><a><a/></a></a></a></a></a>"), Some(LimitKind::XmlDepth));

        assert_eq!(kind(&format!("<r>{}</r>", "<a/>".repeat(38))), None);
        assert_eq!(kind(&format!("<r>{}</r>", "<a/>".repeat(39))), Some(LimitKind::XmlNodes));

        assert_eq!(kind("<a b='=' c='>' d='<'/>"), None);
        assert_eq!(kind("<a b='1' c='2' d='3' e='4'/>"), Some(LimitKind::XmlElementAttributes));
        assert_eq!(kind(&format!("<a>{}</a>", "=".repeat(21))), Some(LimitKind::XmlAttributes));
        assert_eq!(kind(&format!("<a>{}</a>", "=".repeat(20))), None);

        let pair = "<b xmlns:p='1' xmlns='2'/>";
        assert_eq!(kind(&format!("<a>{pair}{pair}</a>")), None);
        assert_eq!(kind(&format!("<a>{pair}{pair}<c xmlns='3'/></a>")), Some(LimitKind::XmlNamespaces));
        assert_eq!(kind(&format!("<a xmlns:q='1'>{pair}</a>")), Some(LimitKind::XmlNamespacesInScope));
    }

    #[test]
    fn marks_inside_comments_and_sections_do_not_count_as_elements() {
        assert_eq!(kind("<?p <a><a><a><a><a><a> ?><r><!-- <a><a><a><a><a><a> --></r>"), None);
        assert_eq!(kind("<r><![CDATA[<a><a><a><a><a><a>]]></r>"), None);
    }

    #[test] // SEC-31
    fn a_document_type_is_refused_where_it_stands() {
        let error = check("part.xml", "\n  <!DOCTYPE a><a/>", &limits()).unwrap_err();
        assert_eq!(error.to_string(), "part.xml line 2 column 3: document type definitions are not allowed");
        assert!(check("part.xml", "<!doctype a>", &limits()).is_err());
        assert!(check("part.xml", "<a><!ENTITY b 'c'></a>", &limits()).is_err());
    }

    #[test]
    fn broken_texts_end_the_scan() {
        for text in ["", "<", "<a", "<a b='", "<!--", "<![CDATA[", "<?", "</", "</a></a>", "<a/", "<ä"] {
            assert_eq!(kind(text), None, "{text:?}");
        }
    }
}
