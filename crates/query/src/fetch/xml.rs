//! Elements and their attributes.

use std::str::FromStr;

use driftless_model::{Error, ErrorCode, Result};
use roxmltree::{Document, Node};

use crate::naming::{ALIAS_MAX, is_alias};

/// Characters of a client's text that an error repeats.
const EXCERPT_CHARS: usize = 100;

/// Says what is wrong with the text.
pub(super) fn malformed(sentence: impl AsRef<str>) -> Error {
    Error::new(ErrorCode::InvalidFetchXml, format!("{} {}", ErrorCode::InvalidFetchXml.text(), sentence.as_ref()))
}

/// The beginning of a client's text.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT_CHARS).collect()
}

/// One element. Names are compared exactly; namespaces are not looked at.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    node: Node<'a, 'a>,
}

impl<'a> Element<'a> {
    pub(super) fn root(document: &'a Document<'a>) -> Self {
        Self { node: document.root_element() }
    }

    pub(super) fn name(&self) -> &'a str {
        self.node.tag_name().name()
    }

    /// Tells this element from others of the document.
    pub(super) fn place(&self) -> usize {
        self.node.id().get_usize()
    }

    /// All elements below this one with a name, in the order in which they are written.
    pub(super) fn below(&self, name: &'static str) -> impl Iterator<Item = Self> + use<'a> {
        self.node.descendants().filter(move |node| node.is_element() && node.tag_name().name() == name).map(|node| Self { node })
    }

    /// The elements in this one.
    ///
    /// # Errors
    /// 0x80040303 for an element that is not among `known`.
    pub(super) fn children(&self, known: &[&str]) -> Result<Vec<Self>> {
        let children: Vec<_> = self.node.children().filter(Node::is_element).map(|node| Self { node }).collect();
        match children.iter().find(|child| !known.contains(&child.name())) {
            None => Ok(children),
            Some(child) => Err(malformed(format!("An element '{}' cannot stand in '{}'.", excerpt(child.name()), self.name()))),
        }
    }

    /// The text in this element.
    pub(super) fn text(&self) -> String {
        self.node.children().filter_map(|node| node.text().filter(|_| node.is_text())).collect()
    }

    /// Refuses attributes that are in neither list: to leave one out that changes the meaning would return other rows.
    ///
    /// # Errors
    /// 0x80040303.
    pub(super) fn expect(&self, known: &[&str], ignored: &[&str]) -> Result<()> {
        match self.node.attributes().map(|attribute| attribute.name()).find(|name| !known.contains(name) && !ignored.contains(name)) {
            None => Ok(()),
            Some(name) => Err(malformed(format!("The element '{}' has no attribute '{}'.", self.name(), excerpt(name)))),
        }
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&'a str> {
        self.node.attributes().find(|attribute| attribute.name() == name).map(|attribute| attribute.value())
    }

    /// An attribute; empty text is as good as none.
    pub(super) fn filled(&self, name: &str) -> Option<&'a str> {
        self.attribute(name).map(str::trim).filter(|text| !text.is_empty())
    }

    /// An attribute that must be there.
    ///
    /// # Errors
    /// 0x80040303 without it.
    pub(super) fn required(&self, name: &str) -> Result<&'a str> {
        self.filled(name).ok_or_else(|| malformed(format!("An element '{}' needs the attribute '{name}'.", self.name())))
    }

    /// An attribute that is true or false; false without it.
    ///
    /// # Errors
    /// 0x80040303 for another text.
    pub(super) fn flag(&self, name: &str) -> Result<bool> {
        match self.filled(name) {
            None => Ok(false),
            Some(text) if text.eq_ignore_ascii_case("true") || text == "1" => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") || text == "0" => Ok(false),
            Some(text) => Err(malformed(format!("The attribute '{name}' must be true or false, not '{}'.", excerpt(text)))),
        }
    }

    /// An attribute that is a whole number above 0.
    ///
    /// # Errors
    /// 0x80040303 for another text.
    pub(super) fn number(&self, name: &str) -> Result<Option<u32>> {
        let Some(text) = self.filled(name) else { return Ok(None) };
        match u32::from_str(text) {
            Ok(number @ 1..) => Ok(Some(number)),
            _ => Err(malformed(format!("The attribute '{name}' must be a whole number above 0, not '{}'.", excerpt(text)))),
        }
    }

    /// A name that results and conditions use: letters, digits and underscores, no digit first.
    ///
    /// # Errors
    /// 0x80040303 for another text.
    pub(super) fn alias(&self) -> Result<Option<&'a str>> {
        let Some(alias) = self.filled("alias") else { return Ok(None) };
        if is_alias(alias) {
            return Ok(Some(alias));
        }
        Err(malformed(format!(
            "The alias '{}' must have letters, digits and underscores only, no digit first, and at most {ALIAS_MAX} of them.",
            excerpt(alias)
        )))
    }
}
