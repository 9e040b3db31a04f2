//! Relationships of a package (SOL-10): the way back of `plan/relationships.rs`.

use std::collections::BTreeMap;

use driftless_model::{Cascade, CascadeAction, DeleteAction, Relationship};
use driftless_solution_file::{CascadeAction as FileAction, Cascades, OneToMany, RelationshipColumn, RelationshipElement, RelationshipKind, RelationshipRole};

use super::{columns, flags, labels};
use crate::metadata::Snapshot;
use crate::solutions::menus;

/// `RelationshipRoleType` of the lookup's side and of the collection's side.
const LOOKUP_SIDE: i32 = 1;
const COLLECTION_SIDE: i32 = 0;

/// The element of a relationship.
pub(super) fn element(snapshot: &Snapshot, relationship: &Relationship) -> RelationshipElement {
    let schema_name = |table: &str| snapshot.find(table).map_or_else(|| table.to_owned(), |table| table.def.schema_name.to_string());
    let role =
        |side, navigation: &str| RelationshipRole { role_type: Some(side), navigation_property: Some(navigation.to_owned()), ..RelationshipRole::default() };
    RelationshipElement {
        name: relationship.schema_name.to_string(),
        kind: RelationshipKind::OneToMany(Box::new(OneToMany {
            referencing_table: schema_name(&relationship.referencing_table),
            referenced_table: schema_name(&relationship.referenced_table),
            referencing_column: Some(lookup_name(snapshot, relationship)),
            cascades: cascades(&relationship.cascade),
            column: field(snapshot, relationship),
        })),
        introduced_version: Some(relationship.introduced_version.clone()),
        roles: vec![
            menus::in_role(&relationship.menu, role(LOOKUP_SIDE, &relationship.referencing_navigation)),
            role(COLLECTION_SIDE, &relationship.referenced_navigation),
        ],
        properties: flags([("IsCustomizable", relationship.customizable), ("IsHierarchical", relationship.hierarchical)]),
        ..RelationshipElement::default()
    }
}

/// The lookup's name with its letters' case.
fn lookup_name(snapshot: &Snapshot, relationship: &Relationship) -> String {
    let table = snapshot.find(&relationship.referencing_table);
    let name = table.and_then(|table| table.find(&relationship.referencing_column).map(|ix| table.column(ix).schema_name.to_string()));
    name.unwrap_or_else(|| relationship.referencing_column.to_string())
}

/// The lookup as the relationship's element describes it.
fn field(snapshot: &Snapshot, relationship: &Relationship) -> Option<RelationshipColumn> {
    let table = snapshot.find(&relationship.referencing_table)?;
    let lookup = table.column(table.find(&relationship.referencing_column)?);
    let attributes = [
        ("name", lookup.name.as_str()),
        ("requiredlevel", columns::level(lookup.required).as_str()),
        ("imemode", "auto"),
        ("lookupstyle", "single"),
        ("lookupbrowse", "0"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    Some(RelationshipColumn {
        attributes: BTreeMap::from(attributes),
        labels: labels(&lookup.display_name),
        descriptions: labels(&lookup.description),
        ..RelationshipColumn::default()
    })
}

fn cascades(cascade: &Cascade) -> Cascades {
    Cascades {
        assign: Some(action(cascade.assign)),
        delete: Some(match cascade.delete {
            DeleteAction::RemoveLink => FileAction::RemoveLink,
            DeleteAction::Cascade => FileAction::Cascade,
            DeleteAction::Restrict => FileAction::Restrict,
            DeleteAction::NoCascade => FileAction::NoCascade,
        }),
        merge: Some(action(cascade.merge)),
        reparent: Some(action(cascade.reparent)),
        share: Some(action(cascade.share)),
        unshare: Some(action(cascade.unshare)),
        ..Cascades::default()
    }
}

fn action(action: CascadeAction) -> FileAction {
    match action {
        CascadeAction::NoCascade => FileAction::NoCascade,
        CascadeAction::Cascade => FileAction::Cascade,
        CascadeAction::Active => FileAction::Active,
        CascadeAction::UserOwned => FileAction::UserOwned,
    }
}
