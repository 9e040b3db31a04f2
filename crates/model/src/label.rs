//! Text for people, per language.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The language code of American English, the base language of every organization.
pub const ENGLISH: u16 = 1033;

/// A text in any number of languages, by language code (such as 1033). Kept per language from the first format on: a label that lost its
/// languages could not be given them back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Label(pub BTreeMap<u16, String>);

impl Label {
    /// A label with one text, in English.
    pub fn english(text: impl Into<String>) -> Self {
        Self(BTreeMap::from([(ENGLISH, text.into())]))
    }

    /// The text in `language`, else in English, else in any language.
    pub fn text(&self, language: u16) -> Option<&str> {
        self.0.get(&language).or_else(|| self.0.get(&ENGLISH)).or_else(|| self.0.values().next()).map(String::as_str)
    }

    /// True when there is no text in any language.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the texts of `other`; languages that it does not have are kept (`MSCRM.MergeLabels`, MD-9).
    pub fn merge(&mut self, other: &Self) {
        self.0.extend(other.0.iter().map(|(language, text)| (*language, text.clone())));
    }
}
