//! Relationships and alternate keys (web-api 26.6, 26.7).

use driftless_core::Snapshot;
use driftless_core::metadata::{KeySpec, RelationshipSpec, RelationshipUpdate};
use driftless_model::{Cascade, CascadeAction, ColumnType, DeleteAction, Error, ErrorCode, Label, LogicalName, LookupColumn, LookupKind, Result};
use driftless_odata::json::Json;

use super::column::shared;
use super::reader::{Members, wrong};
use crate::error;

/// The one-to-many relationship that a body asks for.
///
/// # Errors
/// 0x80048d19 for members of the wrong type, 0x80048204 for cascade values, 0x80040315 for many-to-many relationships.
pub(in crate::definitions) fn relationship(_: &Snapshot, body: &Json<'_>) -> Result<RelationshipSpec> {
    let members = Members(body);
    if members.type_name() == Some("ManyToManyRelationshipMetadata") || members.get("Entity1LogicalName").is_some() {
        return Err(error::not_offered("A many-to-many relationship"));
    }
    let lookup = members.object("Lookup")?.ok_or_else(|| wrong("Lookup", "the definition of the lookup column, which must be given"))?;
    let kind = ColumnType::Lookup(LookupColumn { kind: LookupKind::Plain, targets: Vec::new(), polymorphic: false });
    let name = |member: &str| members.text(member).map(|text| text.filter(|text| !text.is_empty()).map(str::to_owned));
    Ok(RelationshipSpec {
        id: None,
        schema_name: members.required_text("SchemaName")?.to_owned(),
        referenced_table: LogicalName::from(members.required_text("ReferencedEntity")?),
        referencing_table: LogicalName::from(members.required_text("ReferencingEntity")?),
        lookup: shared(lookup, kind, None)?,
        referencing_navigation: name("ReferencingEntityNavigationPropertyName")?,
        referenced_navigation: name("ReferencedEntityNavigationPropertyName")?,
        cascade: cascade(members)?.unwrap_or_default(),
        hierarchical: members.flag("IsHierarchical")?.unwrap_or(false),
        menu_label: menu_label(members)?.unwrap_or_default(),
        customizable: members.flag("IsCustomizable")?.unwrap_or(true),
    })
}

/// The change of a relationship that a body asks for.
///
/// # Errors
/// As [`relationship`].
pub(in crate::definitions) fn relationship_update(body: &Json<'_>) -> Result<RelationshipUpdate> {
    let members = Members(body);
    Ok(RelationshipUpdate { cascade: cascade(members)?, hierarchical: members.flag("IsHierarchical")?, menu_label: menu_label(members)? })
}

fn menu_label(members: Members<'_>) -> Result<Option<Label>> {
    members.object("AssociatedMenuConfiguration")?.map_or(Ok(None), |menu| menu.label("Label"))
}

fn cascade(members: Members<'_>) -> Result<Option<Cascade>> {
    let Some(rules) = members.object("CascadeConfiguration")? else { return Ok(None) };
    let bad = |name: &str, word: &str| {
        let word: String = word.chars().take(64).collect();
        Error::new(ErrorCode::InvalidCascadeValue, format!("The cascade value '{word}' is not valid for '{name}'."))
    };
    let action = |name: &str| {
        Ok(match rules.word(name)? {
            None | Some("NoCascade") => CascadeAction::NoCascade,
            Some("Cascade") => CascadeAction::Cascade,
            Some("Active") => CascadeAction::Active,
            Some("UserOwned") => CascadeAction::UserOwned,
            Some(other) => return Err(bad(name, other)),
        })
    };
    let delete = match rules.word("Delete")? {
        None | Some("RemoveLink") => DeleteAction::RemoveLink,
        Some("Cascade") => DeleteAction::Cascade,
        Some("Restrict") => DeleteAction::Restrict,
        Some("NoCascade") => DeleteAction::NoCascade,
        Some(other) => return Err(bad("Delete", other)),
    };
    Ok(Some(Cascade {
        delete,
        assign: action("Assign")?,
        reparent: action("Reparent")?,
        share: action("Share")?,
        unshare: action("Unshare")?,
        merge: action("Merge")?,
    }))
}

/// The alternate key that a body asks for.
///
/// # Errors
/// 0x80048d19 for members of the wrong type.
pub(in crate::definitions) fn key(body: &Json<'_>) -> Result<KeySpec> {
    let members = Members(body);
    let columns = members.array("KeyAttributes")?.ok_or_else(|| wrong("KeyAttributes", "an array of column names, which must be given"))?;
    Ok(KeySpec {
        id: None,
        schema_name: members.required_text("SchemaName")?.to_owned(),
        display_name: members.label("DisplayName")?.unwrap_or_default(),
        columns: columns
            .iter()
            .map(|name| name.as_text().map(LogicalName::from).ok_or_else(|| wrong("KeyAttributes", "an array of column names")))
            .collect::<Result<_>>()?,
        customizable: members.flag("IsCustomizable")?.unwrap_or(true),
    })
}
