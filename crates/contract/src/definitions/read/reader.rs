//! Typed access to the members of a definition that was sent. Every error names the member.

use std::str::FromStr;

use driftless_model::{Decimal, Error, ErrorCode, Label, Result};

use super::super::node::Node;

/// An object that was sent.
#[derive(Clone, Copy)]
pub(super) struct Members<'a>(pub(super) &'a Node<'a>);

impl<'a> Members<'a> {
    /// A member that is there and not null.
    pub(super) fn get(self, name: &str) -> Option<&'a Node<'a>> {
        self.0.get(name).filter(|value| !matches!(value, Node::Null))
    }

    /// A nested object.
    pub(super) fn object(self, name: &str) -> Result<Option<Self>> {
        match self.get(name) {
            None => Ok(None),
            Some(value @ Node::Object(_)) => Ok(Some(Members(value))),
            Some(_) => Err(wrong(name, "an object")),
        }
    }

    /// A nested array.
    pub(super) fn array(self, name: &str) -> Result<Option<&'a [Node<'a>]>> {
        self.get(name).map(|value| value.as_list().ok_or_else(|| wrong(name, "an array"))).transpose()
    }

    /// A text.
    pub(super) fn text(self, name: &str) -> Result<Option<&'a str>> {
        self.get(name).map(|value| value.as_text().ok_or_else(|| wrong(name, "a text"))).transpose()
    }

    /// A text that must be there and not be empty.
    pub(super) fn required_text(self, name: &str) -> Result<&'a str> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(|| wrong(name, "a text, which must be given"))
    }

    /// Yes or no, plain or as a setting that solutions may lock (`{"Value":true}`).
    pub(super) fn flag(self, name: &str) -> Result<Option<bool>> {
        match self.get(name) {
            None => Ok(None),
            Some(Node::Bool(value)) => Ok(Some(*value)),
            Some(value @ Node::Object(_)) => Members(value).flag("Value"),
            Some(Node::Text(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Node::Text(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(wrong(name, "true or false")),
        }
    }

    /// A number of any type.
    pub(super) fn number<T: FromStr>(self, name: &str) -> Result<Option<T>> {
        let text = match self.get(name) {
            None => return Ok(None),
            Some(Node::Number(text)) => text,
            Some(Node::Text(text)) => text.as_ref(),
            Some(_) => return Err(wrong(name, "a number")),
        };
        text.trim().parse().map(Some).map_err(|_| wrong(name, "a number in the range of its type"))
    }

    /// A decimal number, also one with an exponent.
    pub(super) fn decimal(self, name: &str) -> Result<Option<Decimal>> {
        let text = match self.get(name) {
            None => return Ok(None),
            Some(Node::Number(text)) => text,
            Some(Node::Text(text)) => text.as_ref(),
            Some(_) => return Err(wrong(name, "a number")),
        };
        Decimal::from_str(text).or_else(|_| Decimal::from_scientific(text)).map(Some).map_err(|_| wrong(name, "a number"))
    }

    /// One of several words, plain or as `{"Value":word}`.
    pub(super) fn word(self, name: &str) -> Result<Option<&'a str>> {
        match self.get(name) {
            Some(value @ Node::Object(_)) => Members(value).text("Value"),
            _ => self.text(name),
        }
    }

    /// A label; none when it is absent or without any text.
    pub(super) fn label(self, name: &str) -> Result<Option<Label>> {
        let label = self.object(name)?.map_or(Ok(Label::default()), Self::as_label)?;
        Ok(if label.is_empty() { None } else { Some(label) })
    }

    /// The label that these are the members of.
    fn as_label(self) -> Result<Label> {
        let mut found = Label::default();
        let own = self.get("UserLocalizedLabel").into_iter();
        // Those of the list come last: they are what a writer means, the caller's own is read-only.
        for item in own.chain(self.array("LocalizedLabels")?.unwrap_or_default()) {
            let item = Members(item);
            if let (Some(text), Some(language)) = (item.text("Label")?, item.number::<u16>("LanguageCode")?) {
                found.set(language, text);
            }
        }
        Ok(found)
    }

    /// The name of the type that the definition says it has.
    pub(super) fn type_name(self) -> Option<&'a str> {
        match self.0 {
            Node::Object(object) => object.type_name,
            _ => None,
        }
    }
}

/// The label that an object is.
///
/// # Errors
/// 0x80048d19 for members of the wrong type.
pub fn label(value: &Node<'_>) -> Result<Label> {
    Members(value).as_label()
}

/// A member of the wrong type.
pub(super) fn wrong(name: &str, expected: &str) -> Error {
    refused(format!("The property '{name}' must be {expected}."))
}

/// A word that is none of those known.
pub(super) fn unknown_word(name: &str, word: &str) -> Error {
    refused(format!("The value '{}' is not one of the property '{name}'.", shortened(word)))
}

/// A definition that cannot be read.
pub(super) fn refused(why: impl Into<String>) -> Error {
    Error::new(ErrorCode::InvalidPayload, why)
}

/// What is repeated of a word that was sent.
pub(super) fn shortened(word: &str) -> String {
    word.chars().take(64).collect()
}

/// Refuses a definition whose schema name is another one than that of what it replaces (MD-1, MD-25).
///
/// # Errors
/// 0x80040203, and 0x80048d19 when it is no text.
pub(super) fn require_same_name(members: Members<'_>, present: &str) -> Result<()> {
    match members.text("SchemaName")? {
        Some(name) if name != present => Err(Error::argument(format!("The schema name '{present}' cannot change: names of tables and columns stay."))),
        _ => Ok(()),
    }
}
