//! Values of a one-to-many relationship's definition (web-api 26.6).

use driftless_model::{AssociatedMenu, CascadeAction, DeleteAction, Relationship};

use super::item::View;
use super::node::Node;

/// Place of a related list for which none was given.
const ORDER_DEFAULT: i64 = 10_000;

/// The value of a property; none for one that has the default of its type.
pub(super) fn value<'a>(view: View<'_>, relationship: &'a Relationship, name: &str) -> Option<Node<'a>> {
    Some(match name {
        "MetadataId" => Node::Guid(relationship.id),
        "SchemaName" => Node::text(relationship.schema_name.as_str()),
        "RelationshipType" => Node::text("OneToManyRelationship"),
        "SecurityTypes" => Node::text(if relationship.cascade.is_parental() { "ParentChild" } else { "Append" }),
        "ReferencedEntity" => Node::text(relationship.referenced_table.as_str()),
        "ReferencedAttribute" => Node::text(relationship.referenced_column.as_str()),
        "ReferencingEntity" => Node::text(relationship.referencing_table.as_str()),
        "ReferencingAttribute" => Node::text(relationship.referencing_column.as_str()),
        "ReferencedEntityNavigationPropertyName" => Node::text(relationship.referenced_navigation.as_str()),
        "ReferencingEntityNavigationPropertyName" => Node::text(relationship.referencing_navigation.as_str()),
        "CascadeConfiguration" => cascade(relationship),
        "AssociatedMenuConfiguration" => menu(view, &relationship.menu),
        "IsHierarchical" => Node::Bool(relationship.hierarchical),
        "IsCustomRelationship" => Node::Bool(relationship.custom),
        "IsManaged" => Node::Bool(relationship.managed),
        "IsValidForAdvancedFind" => Node::Bool(true),
        "IsCustomizable" => Node::managed(relationship.customizable, !relationship.managed, "iscustomizable"),
        "IntroducedVersion" => Node::text(relationship.introduced_version.as_str()),
        "RelationshipBehavior" => Node::Int(i64::from(relationship.cascade.is_parental())),
        _ => return None,
    })
}

fn cascade(relationship: &Relationship) -> Node<'static> {
    let rules = &relationship.cascade;
    let delete = match rules.delete {
        DeleteAction::RemoveLink => "RemoveLink",
        DeleteAction::Cascade => "Cascade",
        DeleteAction::Restrict => "Restrict",
        DeleteAction::NoCascade => "NoCascade",
    };
    let action = |action: CascadeAction| {
        Node::text(match action {
            CascadeAction::NoCascade => "NoCascade",
            CascadeAction::Cascade => "Cascade",
            CascadeAction::Active => "Active",
            CascadeAction::UserOwned => "UserOwned",
        })
    };
    Node::object(vec![
        ("Assign", action(rules.assign)),
        ("Delete", Node::text(delete)),
        ("Archive", Node::text("NoCascade")),
        ("Merge", action(rules.merge)),
        ("Reparent", action(rules.reparent)),
        ("Share", action(rules.share)),
        ("Unshare", action(rules.unshare)),
        ("RollupView", Node::text("NoCascade")),
    ])
}

/// How user interfaces list related rows.
pub(super) fn menu<'a>(view: View<'_>, menu: &'a AssociatedMenu) -> Node<'a> {
    Node::object(vec![
        ("Behavior", Node::text(menu.behavior.as_str())),
        ("Group", Node::text(menu.group.as_str())),
        ("Label", Node::label(&menu.label, view.language)),
        ("Order", Node::Int(menu.order.map_or(ORDER_DEFAULT, i64::from))),
        ("IsCustomizable", Node::Bool(true)),
        ("Icon", Node::Null),
        ("ViewId", Node::Null),
        ("AvailableOffline", Node::Bool(true)),
        ("MenuId", Node::Null),
        ("QueryApi", Node::Null),
    ])
}
