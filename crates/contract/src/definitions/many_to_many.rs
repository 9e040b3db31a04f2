//! Values of a many-to-many relationship's definition (web-api 26.6).

use driftless_model::ManyToMany;

use super::item::View;
use super::node::Node;
use super::relationship::menu;

/// The value of a property; none for one that has the default of its type.
pub(super) fn value<'a>(view: View<'_>, relationship: &'a ManyToMany, name: &str) -> Option<Node<'a>> {
    let (side, name) = match (name.strip_prefix("Entity1"), name.strip_prefix("Entity2")) {
        (Some(name), _) => (&relationship.first, name),
        (_, Some(name)) => (&relationship.second, name),
        (None, None) => return own_value(relationship, name),
    };
    Some(match name {
        "LogicalName" => Node::text(side.table.as_str()),
        "IntersectAttribute" => Node::text(side.column.as_str()),
        "NavigationPropertyName" => Node::text(side.navigation.as_str()),
        "AssociatedMenuConfiguration" => menu(view, &side.menu),
        _ => return None,
    })
}

/// The value of a property that is of no side.
fn own_value<'a>(relationship: &'a ManyToMany, name: &str) -> Option<Node<'a>> {
    Some(match name {
        "MetadataId" => Node::Guid(relationship.id),
        "SchemaName" => Node::text(relationship.schema_name.as_str()),
        "RelationshipType" => Node::text("ManyToManyRelationship"),
        "SecurityTypes" => Node::text("None"),
        "IntersectEntityName" => Node::text(relationship.intersect.as_str()),
        "IsCustomRelationship" => Node::Bool(relationship.custom),
        "IsManaged" => Node::Bool(relationship.managed),
        "IsValidForAdvancedFind" => Node::Bool(true),
        "IsCustomizable" => Node::managed(relationship.customizable, !relationship.managed, "iscustomizable"),
        "IntroducedVersion" => Node::text(relationship.introduced_version.as_str()),
        _ => return None,
    })
}
