//! Tables and keys of a package (SOL-4, SOL-5, SOL-9): the way back of `plan/tables.rs`.

use std::sync::Arc;

use driftless_model::{AlternateKey, ColumnIx, LogicalName, Ownership, Result, Table};
use driftless_solution_file::{KeyElement, Properties, TableElement, TableExtent};

use super::contents::TablePart;
use super::{columns, flags, labels, parts};
use crate::metadata::{InertComponent, tables};
use crate::solutions::plan::{COLLECTION_NAME, TABLE_FLAGS};

/// The element of a table with what the solution has of it.
///
/// # Errors
/// 0x80048035 for a view that is kept and cannot be read.
pub(super) fn element(table: &Table, part: &TablePart, kept: &[&Arc<InertComponent>]) -> Result<TableElement> {
    let extent = match (part.whole, part.root || !part.columns.is_empty() || !part.keys.is_empty()) {
        (true, _) => TableExtent::Full,
        (false, true) => TableExtent::Unmodified,
        (false, false) => TableExtent::Parts,
    };
    let listed = |ix: &ColumnIx| {
        let column = table.column(*ix);
        part.columns.contains(&column.name) || (part.whole && columns::is_listed(column))
    };
    let mut element = TableElement {
        schema_name: table.def.schema_name.to_string(),
        localized_name: table.def.display_name.text(driftless_model::ENGLISH).map(str::to_owned),
        object_type_code: Some(table.def.code.0),
        extent,
        columns: table.indexed().map(|(ix, _)| ix).filter(listed).filter_map(|ix| columns::element(table, table.column(ix))).collect(),
        keys: table.keys.iter().filter(|key| part.keys.contains(&key.name)).map(key).collect(),
        ..TableElement::default()
    };
    // The order of an organization depends on when columns were made.
    element.columns.sort_by(|a, b| a.logical_name.cmp(&b.logical_name));
    if part.whole {
        define(&mut element, table);
    }
    parts::of_table(&mut element, kept)?;
    Ok(element)
}

/// The table's own definition.
fn define(element: &mut TableElement, table: &Table) {
    let def = &table.def;
    element.labels = labels(&def.display_name);
    element.collection_labels = labels(&def.display_collection_name);
    element.descriptions = labels(&def.description);
    element.set_name = Some(def.set_name.to_string());
    element.ownership = Some(if def.ownership == Ownership::Organization { "OrgOwned" } else { "UserOwned" }.to_owned());
    element.introduced_version = Some(def.introduced_version.clone());
    let mut properties = flags([
        ("ChangeTrackingEnabled", def.change_tracking),
        ("EnforceStateTransitions", def.enforce_state_transitions),
        ("HasRelatedActivities", def.has_activities),
        ("HasRelatedNotes", def.has_notes),
        ("IsActivity", def.activity),
        ("IsCustomizable", def.customizable),
    ]);
    let kept = TABLE_FLAGS.iter().filter_map(|(file, own)| def.flags.get(*own).map(|flag| ((*file).to_owned(), *flag)));
    properties.flags.extend(kept);
    if def.collection_schema_name.as_str() != tables::default_collection_name(&def.schema_name) {
        properties.settings.insert(COLLECTION_NAME.to_owned(), def.collection_schema_name.to_string());
    }
    element.properties = properties;
}

fn key(key: &AlternateKey) -> KeyElement {
    KeyElement {
        schema_name: key.schema_name.to_string(),
        logical_name: key.name.to_string(),
        introduced_version: Some(key.introduced_version.clone()),
        columns: key.columns.iter().map(LogicalName::to_string).collect(),
        labels: labels(&key.display_name),
        properties: Properties { ..flags([("IsCustomizable", key.customizable)]) },
    }
}
