//! `EntityRelationship` (SOL-10).

use super::manifest::pairs;
use super::properties;
use super::xml::XmlWriter;
use crate::package::{CascadeAction, Cascades, ManyToMany, OneToMany, RelationshipColumn, RelationshipElement, RelationshipKind, RelationshipRole};

/// Writes one `EntityRelationship` element.
pub(super) fn write(xml: &mut XmlWriter, relationship: &RelationshipElement) {
    xml.open("EntityRelationship", &[("Name", &relationship.name)]);
    let kind = match &relationship.kind {
        RelationshipKind::OneToMany(_) => "OneToMany",
        RelationshipKind::ManyToMany(_) => "ManyToMany",
        RelationshipKind::Other(kind) => kind,
    };
    xml.leaf("EntityRelationshipType", kind);
    xml.optional("IntroducedVersion", relationship.introduced_version.as_ref());
    properties::write(xml, &relationship.properties);
    match &relationship.kind {
        RelationshipKind::OneToMany(one) => write_one_to_many(xml, one),
        RelationshipKind::ManyToMany(many) => write_many_to_many(xml, many),
        RelationshipKind::Other(_) => {}
    }
    xml.open("RelationshipDescription", &[]);
    xml.labels("Descriptions", "Description", &relationship.descriptions);
    xml.close("RelationshipDescription");
    if let RelationshipKind::OneToMany(one) = &relationship.kind
        && let Some(column) = &one.column
    {
        write_column(xml, column);
    }
    if !relationship.roles.is_empty() {
        xml.list("EntityRelationshipRoles", &relationship.roles, write_role);
    }
    xml.close("EntityRelationship");
}

fn write_one_to_many(xml: &mut XmlWriter, one: &OneToMany) {
    xml.leaf("ReferencingEntityName", &one.referencing_table);
    xml.leaf("ReferencedEntityName", &one.referenced_table);
    write_cascades(xml, &one.cascades);
    xml.optional("ReferencingAttributeName", one.referencing_column.as_ref());
}

fn write_cascades(xml: &mut XmlWriter, cascades: &Cascades) {
    for (name, action) in [
        ("CascadeAssign", &cascades.assign),
        ("CascadeDelete", &cascades.delete),
        ("CascadeArchive", &cascades.archive),
        ("CascadeMerge", &cascades.merge),
        ("CascadeReparent", &cascades.reparent),
        ("CascadeShare", &cascades.share),
        ("CascadeUnshare", &cascades.unshare),
        ("CascadeRollupView", &cascades.rollup_view),
    ] {
        if let Some(action) = action.as_ref().map(CascadeAction::as_str) {
            xml.leaf(name, action);
        }
    }
}

fn write_many_to_many(xml: &mut XmlWriter, many: &ManyToMany) {
    xml.leaf("FirstEntityName", &many.first_table);
    xml.leaf("SecondEntityName", &many.second_table);
    xml.leaf("IntersectEntityName", &many.intersect_table);
}

fn write_column(xml: &mut XmlWriter, column: &RelationshipColumn) {
    xml.open("field", &pairs(&column.attributes));
    properties::write(xml, &column.properties);
    xml.labels("displaynames", "displayname", &column.labels);
    xml.labels("Descriptions", "Description", &column.descriptions);
    xml.close("field");
}

fn write_role(xml: &mut XmlWriter, role: &RelationshipRole) {
    xml.open("EntityRelationshipRole", &[]);
    properties::write(xml, &role.properties);
    if !role.menu_labels.is_empty() {
        xml.labels("CustomLabels", "CustomLabel", &role.menu_labels);
    }
    xml.optional("NavigationPropertyName", role.navigation_property.as_ref());
    xml.optional_number("RelationshipRoleType", role.role_type);
    xml.optional_number("AssociationRoleOrdinal", role.association_ordinal);
    xml.close("EntityRelationshipRole");
}
