//! `EntityRelationship` (SOL-10).

use super::properties;
use super::xml::Element;
use crate::error::PackageError;
use crate::package::{CascadeAction, Cascades, Labels, ManyToMany, OneToMany, RelationshipColumn, RelationshipElement, RelationshipKind, RelationshipRole};

/// Reads one `EntityRelationship` element.
pub(super) fn read(element: Element<'_>) -> Result<RelationshipElement, PackageError> {
    let mut relationship = RelationshipElement { name: element.required_attribute("Name")?, kind: read_kind(element)?, ..RelationshipElement::default() };
    for child in element.children() {
        match child.key().as_str() {
            "entityrelationshiptype" => {}
            "introducedversion" => relationship.introduced_version = child.word(),
            "relationshipdescription" => relationship.descriptions = read_descriptions(child)?,
            "entityrelationshiproles" => {
                relationship.roles = child.children_named("EntityRelationshipRole").map(read_role).collect::<Result<_, _>>()?;
            }
            _ => read_specific(child, &mut relationship)?,
        }
    }
    Ok(relationship)
}

fn read_kind(element: Element<'_>) -> Result<RelationshipKind, PackageError> {
    let word = element
        .child("EntityRelationshipType")
        .and_then(|child| child.word())
        .ok_or_else(|| element.error("the relationship has no EntityRelationshipType"))?;
    Ok(if word.eq_ignore_ascii_case("OneToMany") {
        RelationshipKind::OneToMany(Box::default())
    } else if word.eq_ignore_ascii_case("ManyToMany") {
        RelationshipKind::ManyToMany(ManyToMany::default())
    } else {
        RelationshipKind::Other(word)
    })
}

/// What only one kind has; the kind is known, since elements may come in any order.
fn read_specific(child: Element<'_>, relationship: &mut RelationshipElement) -> Result<(), PackageError> {
    let is_taken = match &mut relationship.kind {
        RelationshipKind::OneToMany(one) => read_one_to_many(child, one)?,
        RelationshipKind::ManyToMany(many) => read_many_to_many(child, many),
        RelationshipKind::Other(_) => false,
    };
    if !is_taken {
        properties::take(&mut relationship.properties, child)?;
    }
    Ok(())
}

fn read_one_to_many(child: Element<'_>, one: &mut OneToMany) -> Result<bool, PackageError> {
    match child.key().as_str() {
        "referencingentityname" => one.referencing_table = child.word().unwrap_or_default(),
        "referencedentityname" => one.referenced_table = child.word().unwrap_or_default(),
        "referencingattributename" => one.referencing_column = child.word(),
        "field" => one.column = Some(read_column(child)?),
        key => match cascade(&mut one.cascades, key) {
            Some(action) => *action = child.word().map(|word| CascadeAction::parse(&word)),
            None => return Ok(false),
        },
    }
    Ok(true)
}

fn cascade<'a>(cascades: &'a mut Cascades, key: &str) -> Option<&'a mut Option<CascadeAction>> {
    Some(match key {
        "cascadeassign" => &mut cascades.assign,
        "cascadedelete" => &mut cascades.delete,
        "cascadearchive" => &mut cascades.archive,
        "cascademerge" => &mut cascades.merge,
        "cascadereparent" => &mut cascades.reparent,
        "cascadeshare" => &mut cascades.share,
        "cascadeunshare" => &mut cascades.unshare,
        "cascaderollupview" => &mut cascades.rollup_view,
        _ => return None,
    })
}

fn read_many_to_many(child: Element<'_>, many: &mut ManyToMany) -> bool {
    let word = child.word().unwrap_or_default();
    match child.key().as_str() {
        "firstentityname" => many.first_table = word,
        "secondentityname" => many.second_table = word,
        "intersectentityname" => many.intersect_table = word,
        _ => return false,
    }
    true
}

fn read_descriptions(element: Element<'_>) -> Result<Labels, PackageError> {
    element.child("Descriptions").map_or_else(|| Ok(Labels::new()), |child| child.labels())
}

fn read_column(element: Element<'_>) -> Result<RelationshipColumn, PackageError> {
    let mut column = RelationshipColumn {
        attributes: element.attributes().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        ..RelationshipColumn::default()
    };
    for child in element.children() {
        match child.key().as_str() {
            "displaynames" => column.labels = child.labels()?,
            "descriptions" => column.descriptions = child.labels()?,
            _ => properties::take(&mut column.properties, child)?,
        }
    }
    Ok(column)
}

fn read_role(element: Element<'_>) -> Result<RelationshipRole, PackageError> {
    let mut role = RelationshipRole::default();
    for child in element.children() {
        match child.key().as_str() {
            "relationshiproletype" => role.role_type = child.integer()?,
            "associationroleordinal" => role.association_ordinal = child.integer()?,
            "navigationpropertyname" => role.navigation_property = child.word(),
            "customlabels" => role.menu_labels = child.labels()?,
            _ => properties::take(&mut role.properties, child)?,
        }
    }
    Ok(role)
}
