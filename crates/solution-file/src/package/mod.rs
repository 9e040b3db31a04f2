//! What a solution package says, as plain values without behavior.
//!
//! Every list keeps the order of the file. Names keep their spelling: the format mixes cases
//! (`SystemUser`, `systemuser`), so compare them without regard to case.

mod choice;
mod column;
mod manifest;
mod relationship;
mod table;

use std::collections::BTreeMap;

pub use choice::{ChoiceElement, ChoiceKind, ChoiceOption, ChoiceSource};
pub use column::{ColumnElement, ColumnType, LookupTarget, RequiredLevel};
pub use manifest::{DependencyEnd, Manifest, MissingDependency, Publisher, RootComponent};
pub use relationship::{CascadeAction, Cascades, ManyToMany, OneToMany, RelationshipColumn, RelationshipElement, RelationshipKind, RelationshipRole};
pub use table::{KeyElement, TableElement, TableExtent, ViewElement};

/// Texts by language code, such as 1033 for English.
pub type Labels = BTreeMap<u16, String>;

/// A whole solution package (SOL-1 to SOL-3).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Package {
    /// What `solution.xml` says.
    pub manifest: Manifest,
    /// `Entities`.
    pub tables: Vec<TableElement>,
    /// `EntityRelationships`.
    pub relationships: Vec<RelationshipElement>,
    /// `optionsets`: the choices that several columns share.
    pub choices: Vec<ChoiceElement>,
    /// `Languages`, as language codes.
    pub languages: Vec<u16>,
    /// Namespaces that the roots declare, by prefix: elements kept as text may use them.
    pub namespaces: BTreeMap<String, String>,
    /// Everything else, by kind and name. Not interpreted, but kept and given back.
    pub other_parts: Vec<InertPart>,
}

/// A part of the package that is carried along without being interpreted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InertPart {
    /// Where the part comes from.
    pub kind: InertKind,
    /// The section's element name (`Roles`), or the entry's path (`WebResources/logo`).
    pub name: String,
    /// Names of what is in a section (`Sales Manager`), as far as they can be told; for messages.
    /// Derived from the content when read, and not written. Empty for a file.
    pub items: Vec<String>,
    /// The section's element as XML text in UTF-8, or the entry's bytes.
    pub content: Vec<u8>,
}

/// Where an [`InertPart`] comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InertKind {
    /// A child element of the root of `customizations.xml`.
    Section,
    /// An entry of the archive.
    File,
}

impl InertPart {
    /// An entry of the archive, such as a web resource.
    pub fn file(path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self { kind: InertKind::File, name: path.into(), items: Vec::new(), content: content.into() }
    }
}

/// What an element says beyond the fields that its type names: nothing gets lost because a newer
/// file knows more.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Properties {
    /// Yes/no elements by element name, such as `IsCustomizable`. Absent is not the same as
    /// false: each flag has its own default.
    pub flags: BTreeMap<String, bool>,
    /// Other elements that hold nothing but text, by element name.
    pub settings: BTreeMap<String, String>,
    /// Elements with structure.
    pub elements: Vec<RawElement>,
}

impl Properties {
    /// The flag of this name, upper and lower case taken as equal; `None` if the file does not
    /// say.
    pub fn flag(&self, name: &str) -> Option<bool> {
        find(&self.flags, name).copied()
    }

    /// The setting of this name, upper and lower case taken as equal.
    pub fn setting(&self, name: &str) -> Option<&str> {
        find(&self.settings, name).map(String::as_str)
    }
}

/// An element that is kept as the text it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawElement {
    /// Local name of the element.
    pub name: String,
    /// The element as XML text, from its start tag to its end tag.
    pub xml: String,
}

fn find<'a, V>(map: &'a BTreeMap<String, V>, name: &str) -> Option<&'a V> {
    map.get(name).or_else(|| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// The value that a table of spellings gives for a text, upper and lower case taken as equal.
fn value_of<T: Clone>(spellings: &[(&str, T)], text: &str) -> Option<T> {
    spellings.iter().find(|(spelling, _)| spelling.eq_ignore_ascii_case(text)).map(|(_, value)| value.clone())
}

/// The first spelling that a table has for a value.
fn spelling_of<T: PartialEq>(spellings: &[(&'static str, T)], value: &T) -> Option<&'static str> {
    spellings.iter().find(|(_, known)| known == value).map(|(spelling, _)| *spelling)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_settings_are_found_in_any_case() {
        let properties = Properties {
            flags: BTreeMap::from([("IsCustomizable".to_owned(), false)]),
            settings: BTreeMap::from([("EntityColor".to_owned(), "#123456".to_owned())]),
            elements: Vec::new(),
        };
        assert_eq!(properties.flag("iscustomizable"), Some(false));
        assert_eq!(properties.flag("IsActivity"), None);
        assert_eq!(properties.setting("ENTITYCOLOR"), Some("#123456"));
    }
}
