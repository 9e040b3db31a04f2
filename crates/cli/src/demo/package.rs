//! The demo's own solution: one tracked table of books with an alternate key on the book code.

use std::collections::BTreeMap;

use driftless_solution_file::{
    ColumnElement, ColumnType, KeyElement, Labels, Manifest, Package, PackageError, Properties, Publisher, RequiredLevel, RootComponent, SolutionVersion,
    TableElement, write,
};

/// English, the language of the labels.
const LANGUAGE: u16 = 1033;
/// Component type of a table.
const TABLE: i32 = 1;
/// Characters of each text column.
const TEXT_CHARS: i32 = 100;
const VERSION: &str = "1.0.0.0";

/// The package's bytes.
pub(crate) fn own_package() -> Result<Vec<u8>, PackageError> {
    write(&books())
}

fn books() -> Package {
    Package {
        manifest: Manifest {
            unique_name: "DriftlessBooks".into(),
            labels: label("Driftless Books"),
            descriptions: label("Books for the demo of change tracking"),
            version: SolutionVersion::new(1, 0, 0, 0),
            managed: true,
            package_version: Some(SolutionVersion::new(7, 1, 0, 0)),
            language_code: Some(LANGUAGE),
            publisher: Publisher {
                unique_name: "driftlessdemo".into(),
                labels: label("Driftless Demo"),
                prefix: Some("drf".into()),
                option_value_prefix: Some(73_000),
                ..Publisher::default()
            },
            root_components: vec![RootComponent { component_type: TABLE, schema_name: Some("drf_Book".into()), behavior: Some(0), ..RootComponent::default() }],
            ..Manifest::default()
        },
        tables: vec![book_table()],
        languages: vec![LANGUAGE],
        ..Package::default()
    }
}

fn book_table() -> TableElement {
    let flags = [("ChangeTrackingEnabled", true), ("IsCustomizable", true), ("IsRenameable", true), ("IsActivity", false)];
    TableElement {
        schema_name: "drf_Book".into(),
        localized_name: Some("Book".into()),
        original_name: Some("Book".into()),
        labels: label("Book"),
        collection_labels: label("Books"),
        descriptions: label("A book that the demo keeps in step"),
        columns: vec![
            ColumnElement { column_type: ColumnType::PrimaryKey, required_level: Some(RequiredLevel::SystemRequired), ..column("drf_BookId", "Book") },
            ColumnElement {
                required_level: Some(RequiredLevel::ApplicationRequired),
                display_mask: ["PrimaryName", "ValidForAdvancedFind", "ValidForForm", "ValidForGrid"].map(str::to_owned).to_vec(),
                ..text_column("drf_Name", "Name")
            },
            text_column("drf_BookCode", "Book Code"),
            text_column("drf_Author", "Author"),
        ],
        keys: vec![KeyElement {
            schema_name: "drf_BookCodeKey".into(),
            logical_name: "drf_bookcodekey".into(),
            introduced_version: Some(VERSION.into()),
            columns: vec!["drf_bookcode".into()],
            labels: label("Book Code"),
            properties: properties(&[("IsCustomizable", false)]),
        }],
        ownership: Some("UserOwned".into()),
        introduced_version: Some(VERSION.into()),
        properties: properties(&flags),
        ..TableElement::default()
    }
}

fn text_column(schema_name: &str, title: &str) -> ColumnElement {
    ColumnElement { format: Some("text".into()), max_length: Some(TEXT_CHARS), length_bytes: Some(TEXT_CHARS * 2), ..column(schema_name, title) }
}

fn column(schema_name: &str, title: &str) -> ColumnElement {
    let flags = ["ValidForCreateApi", "ValidForUpdateApi", "ValidForReadApi", "IsCustomField", "IsCustomizable", "IsRenameable"];
    ColumnElement {
        schema_name: schema_name.into(),
        logical_name: schema_name.to_lowercase(),
        required_level: Some(RequiredLevel::Optional),
        display_mask: ["ValidForAdvancedFind", "ValidForForm", "ValidForGrid"].map(str::to_owned).to_vec(),
        introduced_version: Some(VERSION.into()),
        labels: label(title),
        properties: properties(&flags.map(|flag| (flag, true))),
        ..ColumnElement::default()
    }
}

fn label(text: &str) -> Labels {
    Labels::from([(LANGUAGE, text.to_owned())])
}

fn properties(flags: &[(&str, bool)]) -> Properties {
    let flags: BTreeMap<String, bool> = flags.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    Properties { flags, ..Properties::default() }
}

#[cfg(test)]
mod tests {
    use driftless_solution_file::{PackageLimits, read};

    use super::*;

    #[test] // SOL-1 to SOL-9: what is written can be read, and says what the story needs
    fn the_own_package_reads_back() {
        let bytes = own_package().unwrap();
        let found = read(&bytes, &PackageLimits::default()).unwrap();
        assert_eq!(found, books());
        let table = &found.tables[0];
        assert!(table.change_tracking() && found.manifest.managed);
        assert_eq!(table.columns.iter().filter(|column| column.is_primary_name()).count(), 1);
        assert_eq!(bytes, own_package().unwrap(), "the same bytes every time");
    }
}
