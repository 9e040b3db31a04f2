//! Elements as clients send them. Members are found by their local names in any order, and prefixes are looked at only where a type is named
//! (organization-service 4.1, 4.2): the clients of the service differ in both.

use std::borrow::Cow;

use driftless_model::{Error, ErrorCode, Result};
use roxmltree::{Document, Node, ParsingOptions};

use super::XSI_ADDRESS;
use crate::namespaces::Ns;

/// Bounds of a document (SEC-04).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Elements, texts and comments.
    pub(crate) nodes: u32,
    /// Elements within each other.
    pub(crate) depth: usize,
}

/// The text of a document: in UTF-8, or in UTF-16, which it shows by its first bytes.
///
/// # Errors
/// 0x80040203 for other encodings.
pub(crate) fn text(bytes: &[u8]) -> Result<Cow<'_, str>> {
    let wrong = || malformed("it must be in UTF-8 or UTF-16");
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] | [b'<', 0, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] | [0, b'<', ..] => u16::from_be_bytes,
        _ => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            return std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| wrong());
        }
    };
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(wrong());
    }
    let text: String = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect::<std::result::Result<_, _>>().map_err(|_| wrong())?;
    Ok(Cow::Owned(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)))
}

/// Reads a document.
///
/// # Errors
/// 0x80040203 for what is no XML, for a document type declaration or a processing instruction, and beyond the limits.
pub(crate) fn document(text: &str, limits: Limits) -> Result<Document<'_>> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: limits.nodes, entity_resolver: None };
    let document = Document::parse_with_options(text, options).map_err(|error| malformed(&error.to_string()))?;
    let mut depths = vec![0_u16; document.descendants().len()];
    for node in document.descendants() {
        if node.is_pi() {
            return Err(malformed("it may have no processing instructions"));
        }
        let parent = node.parent().and_then(|parent| depths.get(parent.id().get_usize()).copied()).unwrap_or(0);
        if usize::from(parent) > limits.depth {
            return Err(malformed(&format!("elements may stand in each other {} deep at most", limits.depth)));
        }
        if let Some(depth) = depths.get_mut(node.id().get_usize()) {
            *depth = parent + 1;
        }
    }
    Ok(document)
}

fn malformed(what: &str) -> Error {
    let what: String = what.chars().take(300).collect();
    Error::new(ErrorCode::InvalidArgument, format!("The envelope cannot be read: {what}."))
}

/// An element of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a>(Node<'a, 'a>);

impl<'a> Element<'a> {
    /// The outermost element.
    pub(crate) fn root(document: &'a Document<'a>) -> Self {
        Self(document.root_element())
    }

    /// The name without prefix.
    pub(crate) fn name(self) -> &'a str {
        self.0.tag_name().name()
    }

    /// The address of the name's namespace; empty for none.
    pub(crate) fn namespace(self) -> &'a str {
        self.0.tag_name().namespace().unwrap_or_default()
    }

    /// The elements in this one.
    pub(crate) fn children(self) -> impl Iterator<Item = Self> + use<'a> {
        self.0.children().filter(Node::is_element).map(Self)
    }

    /// The first element of this name in this one, unless it is nil.
    pub(crate) fn member(self, name: &str) -> Option<Self> {
        self.children().find(|child| child.name() == name).filter(|child| !child.is_nil())
    }

    /// True when the element says that it is nothing.
    pub(crate) fn is_nil(self) -> bool {
        self.0.attribute((XSI_ADDRESS, "nil")).is_some_and(|text| matches!(text.trim(), "true" | "1"))
    }

    /// The text in this element. Comments in it do not count.
    pub(crate) fn text(self) -> Cow<'a, str> {
        let mut texts = self.0.children().filter(Node::is_text).filter_map(|node| node.text());
        let first = texts.next().unwrap_or_default();
        texts.fold(Cow::Borrowed(first), |all, text| Cow::Owned(all.into_owned() + text))
    }

    /// The text of a member, if it is there and not nil.
    pub(crate) fn member_text(self, name: &str) -> Option<Cow<'a, str>> {
        self.member(name).map(Self::text)
    }

    /// The type that the element says it has: the namespace, if it is one of ours, and the name without prefix. A prefix that is not declared makes a type
    /// without namespace, as does a name without prefix where no default namespace is.
    pub(crate) fn type_name(self) -> Option<(Option<Ns>, &'a str)> {
        let text = self.0.attribute((XSI_ADDRESS, "type"))?.trim();
        let (prefix, name) = text.split_once(':').map_or((None, text), |(prefix, name)| (Some(prefix), name));
        let ns = self.0.lookup_namespace_uri(prefix).and_then(Ns::of_address);
        Some((ns, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { nodes: 100, depth: 5 };

    #[test] // organization-service 4.1, 4.2
    fn members_are_found_whatever_their_prefix_and_order() {
        let text = format!(
            "<?xml version=\"1.0\"?><e xmlns:y=\"{XSI_ADDRESS}\"><d2p1:B xmlns:d2p1=\"u\" y:type=\"d2p1:Name\"> x<!-- c -->y<![CDATA[<z>]]></d2p1:B><A y:nil=\"1\"/>\
             <c:C xmlns:c=\"{}\" y:type=\"c:Money\"/></e>",
            Ns::Contracts.address()
        );
        let document = document(&text, LIMITS).unwrap();
        let root = Element::root(&document);
        assert_eq!(root.member_text("B").unwrap(), " xy<z>");
        assert!(root.member("A").is_none() && root.member("D").is_none());
        assert_eq!(root.member("C").unwrap().type_name(), Some((Some(Ns::Contracts), "Money")));
        assert_eq!(root.member("B").unwrap().type_name(), Some((None, "Name")));
    }

    #[test] // organization-service 3.1
    fn texts_come_in_two_encodings() {
        let wanted = "<a>é 𝄞</a>";
        let little: Vec<u8> = wanted.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = wanted.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
        let utf8 = wanted.as_bytes();
        for bytes in [utf8, &marked(b"\xef\xbb\xbf", utf8), &little, &marked(b"\xff\xfe", &little), &big, &marked(b"\xfe\xff", &big)] {
            assert_eq!(text(bytes).unwrap(), wanted, "{}", bytes.escape_ascii());
        }
        for bytes in [&b"<a>\xff</a>"[..], &little[..3], b"<\0\0\xd8<\0"] {
            assert!(text(bytes).is_err(), "{}", bytes.escape_ascii());
        }
    }

    #[test] // SEC-04
    fn what_may_not_come_is_refused() {
        let deep = |levels: usize| format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels));
        assert!(document(&deep(5), LIMITS).is_ok());
        for text in ["", "<a>", "<a><?pi x?></a>", "<!DOCTYPE a><a/>", "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", &deep(6), &"<a/>".repeat(2)] {
            let error = document(text, LIMITS).err().unwrap_or_else(|| panic!("{text} was taken"));
            assert_eq!(error.code(), ErrorCode::InvalidArgument, "{text}");
        }
        assert!(document(&format!("<a>{}</a>", "<b/>".repeat(200)), LIMITS).is_err());
    }
}
