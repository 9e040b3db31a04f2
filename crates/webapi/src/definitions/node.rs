//! Values of definitions as a small tree. Definitions are read rarely and filtered by any of their properties, so they are not written straight from the model
//! as rows are.

use std::borrow::Cow;

use driftless_model::{Decimal, Label, LogicalName, Uuid};
use driftless_odata::json::JsonWriter;

use super::types::Kind;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Decimal(Decimal),
    Guid(Uuid),
    /// Seconds since 1970-01-01 UTC.
    DateTime(i64),
    Text(Cow<'static, str>),
    List(Vec<Node>),
    Object(Vec<(&'static str, Node)>),
}

impl Node {
    /// A text, or null.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(Cow::Owned(text.into()))
    }

    /// A fixed word, such as the member of an enumeration.
    pub(super) fn word(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// A text that may be absent.
    pub(super) fn text_if(text: Option<&LogicalName>) -> Self {
        text.map_or(Self::Null, |text| Self::text(text.as_str()))
    }

    /// What a property without a value of its own has.
    pub(super) fn default_of(kind: Kind) -> Self {
        match kind {
            Kind::Bool => Self::Bool(false),
            Kind::Texts | Kind::Ints | Kind::Complexes(_) | Kind::Parts(_) => Self::List(Vec::new()),
            Kind::Complex("BooleanManagedProperty") => Self::managed(false, false, ""),
            Kind::Complex("Label") => Self::label(&Label::default(), 0),
            _ => Self::Null,
        }
    }

    /// A setting that solutions may lock.
    pub(super) fn managed(value: bool, can_be_changed: bool, name: &'static str) -> Self {
        Self::Object(vec![("Value", Self::Bool(value)), ("CanBeChanged", Self::Bool(can_be_changed)), ("ManagedPropertyLogicalName", Self::word(name))])
    }

    /// `{"Value":word}`
    pub(super) fn named(value: &'static str) -> Self {
        Self::Object(vec![("Value", Self::word(value))])
    }

    /// A label with its languages, and the one that the caller reads.
    pub(super) fn label(label: &Label, language: u16) -> Self {
        let localized = |code: u16, text: &str| {
            Self::Object(vec![
                ("Label", Self::text(text)),
                ("LanguageCode", Self::Int(i64::from(code))),
                ("IsManaged", Self::Bool(false)),
                ("MetadataId", Self::Null),
                ("HasChanged", Self::Null),
            ])
        };
        let labels = label.texts().map(|(code, text)| localized(code, text)).collect();
        let own = label.best(language).map_or(Self::Null, |(code, text)| localized(code, text));
        Self::Object(vec![("LocalizedLabels", Self::List(labels)), ("UserLocalizedLabel", own)])
    }

    /// The member of an object.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(own, _)| *own == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The value as JSON.
    pub(super) fn write(&self, json: &mut JsonWriter) {
        match self {
            Self::Null => json.null(),
            Self::Bool(value) => json.boolean(*value),
            Self::Int(value) => json.integer(*value),
            Self::Double(value) => json.double(*value),
            Self::Decimal(value) => json.decimal(value.mantissa(), u8::try_from(value.scale()).unwrap_or(u8::MAX)),
            Self::Guid(id) => json.guid(id.as_bytes()),
            Self::DateTime(seconds) => json.date_time(*seconds),
            Self::Text(text) => json.text(text),
            Self::List(items) => {
                json.begin_array();
                items.iter().for_each(|item| item.write(json));
                json.end_array();
            }
            Self::Object(members) => {
                json.begin_object();
                for (name, value) in members {
                    json.name(name);
                    value.write(json);
                }
                json.end_object();
            }
        }
    }
}
