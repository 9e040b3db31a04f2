//! Values of definitions as a small tree. Definitions are read rarely and filtered by any of their properties, so they are not written straight from the model
//! as rows are.

use std::borrow::Cow;

use driftless_model::{Decimal, Label, LogicalName, Uuid};

use super::types::Kind;

/// A value. What stands in it borrows from the definition, or from the request that it was read from.
#[derive(Clone, Debug, PartialEq)]
pub enum Node<'a> {
    /// No value.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating-point number.
    Double(f64),
    /// An exact number.
    Decimal(Decimal),
    /// An identity.
    Guid(Uuid),
    /// Seconds since 1970-01-01 UTC.
    DateTime(i64),
    /// A text, or the member of an enumeration by its name.
    Text(Cow<'a, str>),
    /// A number as somebody wrote it. Only in what is read: definitions give the typed ones.
    Number(&'a str),
    /// Several values.
    List(Vec<Node<'a>>),
    /// A value with members.
    Object(Object<'a>),
}

/// A value with members.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object<'a> {
    /// The type, without namespace, where it says one: it must where it is not of the declared type but of one derived from it.
    pub type_name: Option<&'a str>,
    /// The members, by name.
    pub members: Vec<(&'a str, Node<'a>)>,
}

impl<'a> Object<'a> {
    /// The member of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Node<'a>> {
        self.members.iter().find(|(own, _)| *own == name).map(|(_, value)| value)
    }
}

impl<'a> Node<'a> {
    /// A text.
    pub(super) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// A text that may be absent.
    pub(super) fn text_if(text: Option<&'a LogicalName>) -> Self {
        text.map_or(Self::Null, |text| Self::text(text.as_str()))
    }

    /// A value of the declared type.
    pub(super) fn object(members: Vec<(&'a str, Self)>) -> Self {
        Self::Object(Object { type_name: None, members })
    }

    /// What a property without a value of its own has.
    pub(super) fn default_of(kind: Kind) -> Self {
        match kind {
            Kind::Bool => Self::Bool(false),
            Kind::Texts | Kind::Ints | Kind::Complexes(_) | Kind::Parts(_) => Self::List(Vec::new()),
            Kind::Complex("BooleanManagedProperty") => Self::managed(false, false, ""),
            Kind::Complex("Label") => Self::labels(Vec::new(), Self::Null),
            _ => Self::Null,
        }
    }

    /// A setting that solutions may lock.
    pub(super) fn managed(value: bool, can_be_changed: bool, name: impl Into<Cow<'a, str>>) -> Self {
        Self::object(vec![("Value", Self::Bool(value)), ("CanBeChanged", Self::Bool(can_be_changed)), ("ManagedPropertyLogicalName", Self::text(name))])
    }

    /// An object whose only member is `Value`.
    pub(super) fn named(value: &'static str) -> Self {
        Self::object(vec![("Value", Self::text(value))])
    }

    /// A label with its languages, and the one that a reader of `language` reads.
    #[must_use]
    pub fn label(label: &'a Label, language: u16) -> Self {
        let localized = |code: u16, text: &'a str| {
            Self::object(vec![
                ("Label", Self::text(text)),
                ("LanguageCode", Self::Int(i64::from(code))),
                ("IsManaged", Self::Bool(false)),
                ("MetadataId", Self::Null),
                ("HasChanged", Self::Null),
            ])
        };
        let labels = label.texts().map(|(code, text)| localized(code, text)).collect();
        Self::labels(labels, label.best(language).map_or(Self::Null, |(code, text)| localized(code, text)))
    }

    fn labels(all: Vec<Self>, own: Self) -> Self {
        Self::object(vec![("LocalizedLabels", Self::List(all)), ("UserLocalizedLabel", own)])
    }

    /// The member of an object; none for other values.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(object) => object.get(name),
            _ => None,
        }
    }

    /// The items of a list; none for other values.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The text of a text; none for other values.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}
