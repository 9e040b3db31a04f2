//! Columns (web-api 26.4): what all types have in common. What differs is in `kind`.

use driftless_core::Snapshot;
use driftless_core::metadata::{ColumnSpec, ColumnUpdate};
use driftless_model::{Column, RequiredLevel, Result};

use super::super::node::Node;
use super::kind;
use super::reader::{Members, require_same_name, unknown_word};

/// The column that a body asks for. `primary_name` is the name of the primary name column, where the table says it and not the column.
///
/// # Errors
/// 0x80048d19 for members of the wrong type and unknown types, 0x80040315 for types that are not offered.
pub fn column(snapshot: &Snapshot, body: &Node<'_>, primary_name: Option<&str>) -> Result<ColumnSpec> {
    let members = Members(body);
    let kind = kind::new(snapshot, members)?;
    shared(members, kind, primary_name)
}

/// The members that lookups and other columns share.
///
/// # Errors
/// As [`column`].
pub(super) fn shared(members: Members<'_>, kind: driftless_model::ColumnType, primary_name: Option<&str>) -> Result<ColumnSpec> {
    let schema_name = members.required_text("SchemaName")?;
    let is_named = primary_name.is_some_and(|name| name.eq_ignore_ascii_case(schema_name));
    Ok(ColumnSpec {
        id: None,
        schema_name: schema_name.to_owned(),
        kind,
        required: required(members)?.unwrap_or_default(),
        display_name: members.label("DisplayName")?.unwrap_or_default(),
        description: members.label("Description")?.unwrap_or_default(),
        primary_name: members.flag("IsPrimaryName")?.unwrap_or(false) || is_named,
        secured: members.flag("IsSecured")?.unwrap_or(false),
        customizable: members.flag("IsCustomizable")?.unwrap_or(true),
    })
}

/// The change that a column's whole definition asks for.
///
/// # Errors
/// As [`column`].
pub fn column_update(snapshot: &Snapshot, present: &Column, body: &Node<'_>, merge_labels: bool) -> Result<ColumnUpdate> {
    let members = Members(body);
    require_same_name(members, &present.schema_name)?;
    let kind = kind::changed(snapshot, members, &present.kind)?;
    Ok(ColumnUpdate {
        display_name: members.label("DisplayName")?,
        description: members.label("Description")?,
        required: required(members)?,
        kind: if kind == present.kind { None } else { Some(kind) },
        secured: members.flag("IsSecured")?,
        merge_labels,
    })
}

fn required(members: Members<'_>) -> Result<Option<RequiredLevel>> {
    Ok(match members.word("RequiredLevel")? {
        None => None,
        Some("None") => Some(RequiredLevel::None),
        Some("SystemRequired") => Some(RequiredLevel::System),
        Some("ApplicationRequired") => Some(RequiredLevel::Application),
        Some("Recommended") => Some(RequiredLevel::Recommended),
        Some(other) => return Err(unknown_word("RequiredLevel", other)),
    })
}
