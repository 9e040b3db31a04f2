//! The document of PublishXml: what a customizer wants published. It has the root of the other parts, and is as foreign as they are.

use super::xml::{Element, XmlPart};
use crate::error::{PackageError, excerpt};
use crate::limits::PackageLimits;

/// Name of the document in messages: that of the parameter which carries it.
const PART: &str = "ParameterXml";

/// Bounds on the document; one that names every table of an organization stays far below them.
const BYTES_MAX: u64 = 1024 * 1024;
const NODES_MAX: u32 = 50_000;
const ATTRIBUTES_MAX: u64 = 1_000;
const DEPTH_MAX: u64 = 8;

/// The lists of the published schema, each with the name of its items.
const LISTS: [(&str, &str); 6] = [
    ("entities", "entity"),
    ("ribbons", "ribbon"),
    ("dashboards", "dashboard"),
    ("optionsets", "optionset"),
    ("sitemaps", "sitemap"),
    ("webresources", "webresource"),
];

/// Lists that published clients write besides. What is in them means nothing here.
const FURTHER_LISTS: [&str; 5] = ["appmodules", "nodes", "securityroles", "settings", "workflows"];

/// What a publish document names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PublishDocument {
    /// Tables, by logical name as written.
    pub tables: Vec<String>,
    /// Global choices, by name as written.
    pub choices: Vec<String>,
}

/// Reads the document of PublishXml (SOL-23): the root `importexportxml` and in it the lists of the published schema, in any order.
///
/// # Errors
///
/// [`PackageError::BadXml`] with line and column for a text that is not well-formed, another root, an unknown list or item, and an item without a name;
/// [`PackageError::TooLarge`] beyond 1 MiB, 50,000 nodes, 1,000 attributes or 8 levels.
pub fn read_publish(text: &str) -> Result<PublishDocument, PackageError> {
    let limits = PackageLimits {
        xml_bytes_max: BYTES_MAX,
        xml_nodes_max: NODES_MAX,
        xml_attributes_max: ATTRIBUTES_MAX,
        xml_depth_max: DEPTH_MAX,
        ..PackageLimits::default()
    };
    // Clients put blanks in front, which the grammar has no place for before a declaration.
    XmlPart::new(PART, text.trim_start().as_bytes(), &limits)?.read(|root| {
        let mut document = PublishDocument::default();
        for list in root.children() {
            read_list(list, &mut document)?;
        }
        Ok(document)
    })
}

fn read_list(list: Element<'_>, document: &mut PublishDocument) -> Result<(), PackageError> {
    if FURTHER_LISTS.iter().any(|name| list.is(name)) {
        return Ok(());
    }
    let Some((name, item)) = LISTS.iter().find(|(name, _)| list.is(name)) else {
        let known = LISTS.map(|(name, _)| name).join(", ");
        return Err(list.error(&format!("expected one of {known}; found '{}'", excerpt(list.name()))));
    };
    for child in list.children() {
        if !child.is(item) {
            return Err(child.error(&format!("expected {item} in {name}; found '{}'", excerpt(child.name()))));
        }
        let word = child.word().ok_or_else(|| child.error(&format!("{item} is empty")))?;
        match *name {
            "entities" => document.tables.push(word),
            "optionsets" => document.choices.push(word),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::LimitKind;

    #[test] // SOL-23
    fn names_of_tables_and_choices_are_read() {
        let text = " <importexportxml>\n<entities><entity>new_parcel</entity><entity> account </entity></entities><nodes/><securityroles/><settings/><workflows/>\
                    <optionsets><optionset>new_colors</optionset></optionsets><webresources><webresource>{1}</webresource></webresources></importexportxml>";
        let document = read_publish(text).unwrap();
        assert_eq!(document.tables, ["new_parcel", "account"]);
        assert_eq!(document.choices, ["new_colors"]);
        assert_eq!(read_publish("<?xml version=\"1.0\"?><importexportxml/>").unwrap(), PublishDocument::default());
    }

    #[test] // SOL-23
    fn what_is_no_publish_document_is_refused_with_its_place() {
        for (text, expected) in [
            ("", "ParameterXml line 1 column 1"),
            ("<importexportxml><entities>", "ParameterXml line 1 column"),
            ("<publish/>", "ParameterXml line 1 column 1: expected the root element ImportExportXml"),
            ("<importexportxml>\n<tables/></importexportxml>", "line 2 column 1: expected one of entities,"),
            ("<importexportxml><entities><table>a</table></entities></importexportxml>", "expected entity in entities; found 'table'"),
            ("<importexportxml><entities><entity> </entity></entities></importexportxml>", "entity is empty"),
            ("<!DOCTYPE a><importexportxml/>", "document type definitions are not allowed"),
        ] {
            let message = read_publish(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }

    #[test] // SEC-31
    fn the_document_is_bounded() {
        let nested = |depth: usize| format!("<importexportxml><nodes>{}{}</nodes></importexportxml>", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(read_publish(&nested(6)).is_ok());
        assert!(matches!(read_publish(&nested(7)), Err(PackageError::TooLarge { what: LimitKind::XmlDepth, .. })));
        let long = format!("<importexportxml>{}</importexportxml>", " ".repeat(1024 * 1024));
        assert!(matches!(read_publish(&long), Err(PackageError::TooLarge { what: LimitKind::XmlBytes, .. })));
    }
}
