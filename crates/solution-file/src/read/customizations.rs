//! The root of `customizations.xml` (SOL-3): what is read, and what is carried along.

use super::xml::Element;
use super::{choice, relationship, table};
use crate::error::PackageError;
use crate::package::{InertKind, InertPart, Package};

/// Reads the root element into a package.
pub(super) fn read(root: Element<'_>, package: &mut Package) -> Result<(), PackageError> {
    package.namespaces.extend(root.declared_prefixes());
    for section in root.children() {
        match section.key().as_str() {
            "entities" => {
                for child in section.children_named("Entity") {
                    package.tables.push(table::read(child)?);
                }
            }
            "entityrelationships" => {
                for child in section.children_named("EntityRelationship") {
                    package.relationships.push(relationship::read(child)?);
                }
            }
            "optionsets" => {
                for child in section.children_named("optionset") {
                    package.choices.push(choice::read(child)?);
                }
            }
            "languages" => {
                for child in section.children_named("Language") {
                    package.languages.push(child.language_code(&child.text())?);
                }
            }
            _ => package.other_parts.extend(inert_section(section)),
        }
    }
    Ok(())
}

/// A section that says something but is not interpreted.
fn inert_section(section: Element<'_>) -> Option<InertPart> {
    let items: Vec<String> = section.children().map(item_name).collect();
    let is_empty = items.is_empty() && section.word().is_none() && !section.has_attributes();
    (!is_empty).then(|| InertPart { kind: InertKind::Section, name: section.name().to_owned(), items, content: section.raw_xml().into_bytes() })
}

/// The best name that an element gives itself.
fn item_name(item: Element<'_>) -> String {
    ["Name", "UniqueName", "connectionreferencelogicalname", "id"]
        .iter()
        .find_map(|name| item.word_attribute(name).or_else(|| item.child(name).and_then(|child| child.word())))
        .unwrap_or_else(|| item.name().to_owned())
}
