//! Many-to-many relationships of a package (SOL-10): the way back of `plan/many_to_many.rs`.

use driftless_model::{ManyToMany, Side};
use driftless_solution_file::{ManyToMany as ManyToManyElement, RelationshipElement, RelationshipKind, RelationshipRole};

use super::flags;
use crate::metadata::Snapshot;
use crate::solutions::menus;

/// The element of a relationship.
pub(super) fn element(snapshot: &Snapshot, relationship: &ManyToMany) -> RelationshipElement {
    let schema_name = |table: &str| snapshot.find(table).map_or_else(|| table.to_owned(), |table| table.def.schema_name.to_string());
    RelationshipElement {
        name: relationship.schema_name.to_string(),
        kind: RelationshipKind::ManyToMany(ManyToManyElement {
            first_table: schema_name(&relationship.first.table),
            second_table: schema_name(&relationship.second.table),
            intersect_table: schema_name(&relationship.intersect),
        }),
        introduced_version: Some(relationship.introduced_version.clone()),
        roles: vec![role(&relationship.first, 1), role(&relationship.second, 2)],
        properties: flags([("IsCustomizable", relationship.customizable)]),
        ..RelationshipElement::default()
    }
}

fn role(side: &Side, ordinal: i32) -> RelationshipRole {
    let navigation_property = Some(side.navigation.clone());
    menus::in_role(&side.menu, RelationshipRole { association_ordinal: Some(ordinal), navigation_property, ..RelationshipRole::default() })
}
