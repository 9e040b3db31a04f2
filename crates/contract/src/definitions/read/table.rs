//! Tables (web-api 26.3).

use std::collections::BTreeMap;
use std::sync::Arc;

use driftless_core::Snapshot;
use driftless_core::metadata::{TableSpec, TableUpdate};
use driftless_model::{Error, ErrorCode, Ownership, Result, Table};

use super::super::item::{Item, View};
use super::super::node::Node;
use super::super::table::ownership as ownership_name;
use super::super::types::{self, Kind};
use super::column;
use super::reader::{Members, require_same_name, unknown_word};
use crate::error;

/// Properties that are yes or no and that the service itself decides on, or that have a place of their own in the specification.
const OWN_FLAGS: &[&str] = &[
    "CanChangeTrackingBeEnabled",
    "ChangeTrackingEnabled",
    "EnforceStateTransitions",
    "HasActivities",
    "HasChanged",
    "HasNotes",
    "IsActivity",
    "IsChildEntity",
    "IsCustomEntity",
    "IsCustomizable",
    "IsIntersect",
    "IsLogicalEntity",
    "IsManaged",
    "IsOptimisticConcurrencyEnabled",
    "IsPrivate",
    "IsRenameable",
    "IsStateModelAware",
];

/// The table that a body asks for.
///
/// # Errors
/// 0x80048d19 for members of the wrong type, 0x80040315 for kinds of tables that are not offered.
pub fn table(snapshot: &Snapshot, body: &Node<'_>) -> Result<TableSpec> {
    let members = Members(body);
    if members.flag("IsActivity")? == Some(true) {
        return Err(error::not_offered("A table of activities"));
    }
    if let Some(kind) = members.text("TableType")?.filter(|kind| !matches!(*kind, "Standard" | "")) {
        return Err(error::not_offered(&format!("A table of the type '{kind}'")));
    }
    let schema_name = members.required_text("SchemaName")?.to_owned();
    let columns = members.array("Attributes")?.unwrap_or_default();
    let display_name = members.label("DisplayName")?.unwrap_or_default();
    Ok(TableSpec {
        id: None,
        set_name: members.text("EntitySetName")?.filter(|name| !name.is_empty()).map(str::to_owned),
        collection_schema_name: members.text("CollectionSchemaName")?.filter(|name| !name.is_empty()).map(str::to_owned),
        display_collection_name: members.label("DisplayCollectionName")?.unwrap_or_default(),
        display_name,
        description: members.label("Description")?.unwrap_or_default(),
        ownership: ownership(members)?,
        change_tracking: members.flag("ChangeTrackingEnabled")?.unwrap_or(false),
        has_notes: members.flag("HasNotes")?.unwrap_or(false),
        has_activities: members.flag("HasActivities")?.unwrap_or(false),
        customizable: members.flag("IsCustomizable")?.unwrap_or(true),
        enforce_state_transitions: members.flag("EnforceStateTransitions")?.unwrap_or(false),
        columns: columns.iter().map(|item| column(snapshot, item, members.text("PrimaryNameAttribute")?)).collect::<Result<_>>()?,
        flags: flags(members)?,
        schema_name,
    })
}

fn ownership(members: Members<'_>) -> Result<Ownership> {
    Ok(match members.word("OwnershipType")? {
        None | Some("UserOwned") => Ownership::User,
        Some("OrganizationOwned") => Ownership::Organization,
        Some("BusinessOwned") => Ownership::Business,
        Some("None") => Ownership::None,
        Some(other) => return Err(unknown_word("OwnershipType", other)),
    })
}

/// Settings that are only kept.
fn flags(members: Members<'_>) -> Result<BTreeMap<String, bool>> {
    let def = types::find("EntityMetadata").ok_or_else(|| Error::damaged("the type EntityMetadata is not described"))?;
    let mut flags = BTreeMap::new();
    for property in def.all_properties() {
        let is_flag = matches!(property.kind, Kind::Bool | Kind::Complex("BooleanManagedProperty"));
        if is_flag
            && !OWN_FLAGS.contains(&property.name)
            && let Some(value) = members.flag(property.name)?
        {
            flags.insert(property.name.to_owned(), value);
        }
    }
    Ok(flags)
}

/// The change that a table's whole definition asks for. Settings that are as they were are left out.
///
/// # Errors
/// As [`table`].
pub fn table_update(view: View<'_>, table: &Arc<Table>, body: &Node<'_>, merge_labels: bool) -> Result<TableUpdate> {
    let members = Members(body);
    if members.word("OwnershipType")?.is_some_and(|word| word != ownership_name(table.def.ownership)) {
        // MD-5
        return Err(Error::new(ErrorCode::InvalidOwnershipTypeMask, "The ownership of a table cannot change."));
    }
    require_same_name(members, &table.def.schema_name)?;
    let item = Item::table(table);
    let mut flags = flags(members)?;
    flags.retain(|name, value| {
        let present = item.and_then(|item| item.property(name).map(|property| item.get(view, property)));
        let present = match present {
            Some(Node::Bool(present)) => Some(present),
            Some(object) => object.get("Value").map(|present| *present == Node::Bool(true)),
            None => None,
        };
        present != Some(*value)
    });
    Ok(TableUpdate {
        set_name: members.text("EntitySetName")?.filter(|name| !name.is_empty()).map(str::to_owned),
        display_name: members.label("DisplayName")?,
        display_collection_name: members.label("DisplayCollectionName")?,
        description: members.label("Description")?,
        change_tracking: members.flag("ChangeTrackingEnabled")?,
        has_notes: members.flag("HasNotes")?,
        has_activities: members.flag("HasActivities")?,
        flags,
        merge_labels,
    })
}
