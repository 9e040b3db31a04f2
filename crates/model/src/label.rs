//! Text for people, per language.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The language code of American English, the base language of every organization.
pub const ENGLISH: u16 = 1033;

/// A text in any number of languages, by language code (such as 1033). Kept per language from the first format on: a label that lost its
/// languages could not be given them back.
///
/// Nearly all labels have one text, and there is one for each of a hundred thousand columns: so the texts are a list, not a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<u16, Box<str>>", into = "BTreeMap<u16, Box<str>>")]
pub struct Label(Vec<(u16, Box<str>)>);

impl Label {
    /// A label with one text, in English.
    pub fn english(text: impl Into<Box<str>>) -> Self {
        Self(vec![(ENGLISH, text.into())])
    }

    /// The text in exactly this language.
    pub fn get(&self, language: u16) -> Option<&str> {
        self.0.iter().find(|(own, _)| *own == language).map(|(_, text)| &**text)
    }

    /// The text in `language`, else in English, else in any language.
    pub fn text(&self, language: u16) -> Option<&str> {
        self.best(language).map(|(_, text)| text)
    }

    /// As [`Label::text`], with the language that it is in.
    pub fn best(&self, language: u16) -> Option<(u16, &str)> {
        let exactly = |language| self.get(language).map(|text| (language, text));
        exactly(language).or_else(|| exactly(ENGLISH)).or_else(|| self.texts().next())
    }

    /// All texts, by language code.
    pub fn texts(&self) -> impl Iterator<Item = (u16, &str)> {
        self.0.iter().map(|(language, text)| (*language, &**text))
    }

    /// True when there is no text in any language.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets the text in one language.
    pub fn set(&mut self, language: u16, text: impl Into<Box<str>>) {
        match self.0.binary_search_by_key(&language, |(own, _)| *own) {
            Ok(at) => self.0[at].1 = text.into(),
            Err(at) => self.0.insert(at, (language, text.into())),
        }
    }

    /// Takes the texts of `other`; languages that it does not have are kept (`MSCRM.MergeLabels`, MD-9).
    pub fn merge(&mut self, other: &Self) {
        for (language, text) in other.texts() {
            self.set(language, text);
        }
    }
}

impl<T: Into<Box<str>>> FromIterator<(u16, T)> for Label {
    fn from_iter<I: IntoIterator<Item = (u16, T)>>(texts: I) -> Self {
        texts.into_iter().map(|(language, text)| (language, text.into())).collect::<BTreeMap<_, _>>().into()
    }
}

impl From<BTreeMap<u16, Box<str>>> for Label {
    fn from(texts: BTreeMap<u16, Box<str>>) -> Self {
        let mut label = Self(texts.into_iter().collect());
        label.0.shrink_to_fit();
        label
    }
}

impl From<Label> for BTreeMap<u16, Box<str>> {
    fn from(label: Label) -> Self {
        label.0.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // MD-9
    fn texts_are_kept_by_language() {
        let mut label = Label::english("Book");
        label.merge(&[(1036, "Livre"), (1031, "Buch"), (1033, "Volume")].into_iter().collect());
        assert_eq!(label.texts().collect::<Vec<_>>(), [(1031, "Buch"), (1033, "Volume"), (1036, "Livre")]);
        assert_eq!([1031, 1033, 3082].map(|language| label.text(language)), [Some("Buch"), Some("Volume"), Some("Volume")]);
        assert_eq!(Label::default().text(ENGLISH), None);
        let json = serde_json::to_string(&label).unwrap();
        assert_eq!(json, r#"{"1031":"Buch","1033":"Volume","1036":"Livre"}"#);
        assert_eq!(serde_json::from_str::<Label>(&json).unwrap(), label);
    }
}
