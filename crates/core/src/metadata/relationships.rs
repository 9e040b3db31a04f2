//! Making, changing and removing one-to-many relationships with their lookups (MD-30 to MD-36).

mod cascade;
mod several;

use std::sync::Arc;

use driftless_model::{
    Column, ColumnType, DeleteAction, Error, ErrorCode, LogicalName, LookupColumn, LookupKind, Relationship, RequiredLevel, Result, SchemaName, Table, Uuid,
    check_name,
};

use super::validate::{Authority, Removal, component_type, identities, identity, name_taken, require_removable, shown, touched};
use super::{Definition, Origin, RelationshipSpec, RelationshipUpdate, columns};
use crate::context::WriteCx;
use crate::solutions::components;

pub(crate) use several::create_together;

/// Makes a relationship and its lookup, or gives a lookup of several tables one more target. Gives the relationship's `MetadataId`.
///
/// # Errors
/// 0x80041102 without a table, 0x8004432B when the name exists, 0x80047013 for a lookup's name that exists, 0x80044361 for a navigation property's name that
/// exists, the codes of MD-3 and 0x80044366 for names, those of MD-34 to MD-36 for the cascade rules.
pub(crate) fn create(cx: &mut WriteCx<'_>, spec: &RelationshipSpec, origin: &Origin) -> Result<Uuid> {
    let authority = Authority::of(cx, origin)?;
    authority.check_relationship_name(&spec.schema_name)?;
    require_free(cx, &authority, &spec.schema_name)?;
    let referenced = Arc::clone(cx.snapshot.require(&spec.referenced_table)?);
    let referencing = Arc::clone(cx.snapshot.require(&spec.referencing_table)?);
    require_referable(&referenced)?;
    let lookup_name = LogicalName::from(spec.lookup.schema_name.to_ascii_lowercase());
    let present = referencing.find(&lookup_name).map(|ix| referencing.column(ix));
    if present.is_none() {
        columns::require_extensible(&referencing, origin)?;
    }
    let lookup = match present {
        Some(present) => widened(&authority, &referencing, present, referenced.name())?,
        None => new_lookup(cx, &authority, &referencing, spec)?,
    };
    let relationship = assemble(cx, &authority, spec, &referenced, &lookup)?;
    check_navigations(cx, &relationship)?;
    require_free_tree(cx, &relationship)?;
    cascade::check(cx, &relationship, &referenced, &referencing, present.is_some(), matches!(origin, Origin::Customizer { .. }))?;
    let (id, lookup_id) = (relationship.id, lookup.id);
    if present.is_some() {
        let definitions = vec![touched(cx, &referencing), Definition::Column(referencing.def.id, lookup), Definition::Relationship(relationship.clone())];
        cx.define(definitions)?;
        let table = Arc::clone(cx.snapshot.require(referencing.name())?);
        columns::index_lookups(cx, &table, &[relationship])?;
    } else {
        columns::add(cx, &referencing, vec![lookup], vec![relationship])?;
        components::add(cx, origin, component_type::COLUMN, lookup_id)?;
    }
    components::add(cx, origin, component_type::RELATIONSHIP, id)?;
    Ok(id)
}

/// Changes a relationship. Whether customizers may change it is checked by the caller.
///
/// # Errors
/// 0x80040217 without the relationship, 0x8004F032 for the cascade rules of a lookup that only the service sets, the codes of MD-34 to MD-36.
pub(crate) fn update(cx: &mut WriteCx<'_>, name: &str, change: &RelationshipUpdate) -> Result<()> {
    let present = require(cx, name)?;
    let mut relationship = Relationship::clone(&present);
    if let Some(menu) = &change.menu {
        relationship.menu.clone_from(menu);
    }
    if let Some(hierarchical) = change.hierarchical {
        relationship.hierarchical = hierarchical;
        require_free_tree(cx, &relationship)?;
    }
    let referencing = Arc::clone(cx.snapshot.require(&relationship.referencing_table)?);
    let wanted = change.cascade.unwrap_or(present.cascade);
    if wanted != present.cascade {
        let lookup = referencing.column(referencing.require(&relationship.referencing_column)?);
        let of_service = !lookup.valid.create || lookup.lookup().is_some_and(|lookup| lookup.kind == LookupKind::Owner);
        if of_service {
            return Err(Error::new(ErrorCode::CannotDeleteMetadata, format!("The cascade rules of '{}' cannot be changed.", relationship.schema_name)));
        }
        let referenced = Arc::clone(cx.snapshot.require(&relationship.referenced_table)?);
        relationship.cascade = wanted;
        let several = lookup.lookup().is_some_and(LookupColumn::is_polymorphic);
        cascade::check(cx, &relationship, &referenced, &referencing, several, true)?;
    }
    if relationship == *present {
        return Ok(());
    }
    let indexed = |other: &Arc<Relationship>| other.referencing_column == present.referencing_column && other.cascade.delete != DeleteAction::NoCascade;
    let has_index = cx.snapshot.referencing(referencing.name()).iter().any(indexed);
    cx.define(vec![Definition::Relationship(relationship.clone())])?;
    if has_index { Ok(()) } else { columns::index_lookups(cx, &referencing, &[relationship]) }
}

/// Removes a relationship; its lookup goes with it when it is custom and has no other one.
///
/// # Errors
/// 0x80040217 without the relationship, 0x8004F032 for built-in and managed ones, 0x8004F01F when a key has the lookup (AK-18).
pub(crate) fn delete(cx: &mut WriteCx<'_>, name: &str, removal: Removal) -> Result<()> {
    let relationship = require(cx, name)?;
    require_removable(removal, relationship.custom, relationship.managed, &format!("The relationship '{}'", relationship.schema_name))?;
    let table = Arc::clone(cx.snapshot.require(&relationship.referencing_table)?);
    let mut lookup = table.column(table.require(&relationship.referencing_column)?).clone();
    let is_last = cx.snapshot.referencing(table.name()).iter().all(|other| other.id == relationship.id || other.referencing_column != lookup.name);
    if is_last && lookup.custom {
        return columns::detach(cx, &table, &lookup.name, &[relationship]);
    }
    if let ColumnType::Lookup(kind) = &mut lookup.kind {
        // Stays a lookup of several tables: its form in the store cannot change.
        kind.polymorphic |= kind.is_polymorphic();
        kind.targets.retain(|target| *target != relationship.referenced_table);
    }
    let definitions = vec![touched(cx, &table), Definition::Column(table.def.id, lookup)];
    cx.define(definitions)?;
    cx.undefine(&identities([&relationship]))?;
    components::remove(cx, relationship.id)
}

/// The relationship of this schema name.
///
/// # Errors
/// 0x80040217.
pub(super) fn require(cx: &WriteCx<'_>, name: &str) -> Result<Arc<Relationship>> {
    let found = cx.snapshot.relationship(name).cloned();
    found.ok_or_else(|| Error::new(ErrorCode::ObjectDoesNotExist, format!("There is no relationship with the schema name '{}'.", shown(name))))
}

/// Checks that no relationship of either kind has this schema name.
///
/// # Errors
/// 0x8004432B, or 0x8004F016 for a managed package over an unmanaged relationship.
pub(super) fn require_free(cx: &WriteCx<'_>, authority: &Authority, name: &str) -> Result<()> {
    let one_to_many = cx.snapshot.relationship(name).map(|present| (present.custom, present.managed));
    match one_to_many.or_else(|| cx.snapshot.many_to_many_named(name).map(|present| (present.custom, present.managed))) {
        Some((custom, managed)) => Err(name_taken(authority, custom, managed, ErrorCode::RelationshipNameExists, name)),
        None => Ok(()),
    }
}

/// Checks a relationship that the service makes over one of its own lookups of several tables.
///
/// # Errors
/// 0x8004432B and 0x80044361 for names that exist, 0x80047004 for a cycle.
pub(super) fn check_own(cx: &WriteCx<'_>, authority: &Authority, relationship: &Relationship) -> Result<()> {
    require_free(cx, authority, &relationship.schema_name)?;
    check_navigations(cx, relationship)?;
    let referenced = cx.snapshot.require(&relationship.referenced_table)?;
    cascade::check(cx, relationship, referenced, cx.snapshot.require(&relationship.referencing_table)?, true, false)
}

fn require_referable(table: &Table) -> Result<()> {
    if table.def.intersect {
        return Err(Error::argument(format!("The table '{}' holds pairs of a many-to-many relationship; lookups cannot refer to it.", table.name())));
    }
    Ok(())
}

/// A lookup of several tables that is there already, with one more target.
fn widened(authority: &Authority, table: &Table, present: &Column, target: &LogicalName) -> Result<Column> {
    let mut column = present.clone();
    let ColumnType::Lookup(lookup) = &mut column.kind else {
        return Err(name_taken(authority, present.custom, present.managed, ErrorCode::AttributeNameExists, &present.name));
    };
    let takes = match lookup.kind {
        LookupKind::Plain => lookup.is_polymorphic(),
        LookupKind::Customer => is_customer(target),
        LookupKind::Owner => false,
    };
    if !takes || lookup.targets.contains(target) {
        return Err(Error::new(
            ErrorCode::AttributeNameExists,
            format!("The table '{}' has the column '{}' already, and it cannot get the target '{target}'.", table.name(), present.name),
        ));
    }
    lookup.polymorphic = true;
    lookup.targets.push(target.clone());
    Ok(column)
}

fn is_customer(table: &str) -> bool {
    matches!(table, "account" | "contact")
}

fn new_lookup(cx: &WriteCx<'_>, authority: &Authority, table: &Table, spec: &RelationshipSpec) -> Result<Column> {
    let mut column = columns::sketch(cx, authority, &spec.lookup)?;
    let ColumnType::Lookup(asked) = &spec.lookup.kind else {
        return Err(Error::argument(format!("The column '{}' of the relationship '{}' must be a lookup.", spec.lookup.schema_name, spec.schema_name)));
    };
    let polymorphic = match asked.kind {
        LookupKind::Plain => asked.is_polymorphic(),
        LookupKind::Customer if is_customer(&spec.referenced_table) => true,
        LookupKind::Customer => return Err(Error::argument("A customer is an account or a contact; the lookup cannot refer to another table.")),
        LookupKind::Owner => return Err(Error::argument("Owner columns are made by the service.")),
    };
    column.kind = ColumnType::Lookup(LookupColumn { kind: asked.kind, targets: vec![spec.referenced_table.clone()], polymorphic });
    columns::require_free_name(cx, authority, table, &column.name)?;
    Ok(column)
}

/// The relationship, its navigation properties named after the lookup and itself unless other names are asked for (web-api 26.6).
fn assemble(cx: &WriteCx<'_>, authority: &Authority, spec: &RelationshipSpec, referenced: &Table, lookup: &Column) -> Result<Relationship> {
    let several = lookup.lookup().is_some_and(LookupColumn::is_polymorphic);
    let stem = if lookup.custom { lookup.schema_name.as_str() } else { lookup.name.as_str() };
    let by_default = if several { format!("{stem}_{}", referenced.name()) } else { stem.to_owned() };
    let named = |name: &Option<String>, default: String| match name.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => check_name(name).map(|()| name.to_owned()),
        None => Ok(default),
    };
    Ok(Relationship {
        id: identity(cx, spec.id)?,
        schema_name: SchemaName::from(spec.schema_name.as_str()),
        referenced_table: referenced.name().clone(),
        referenced_column: referenced.def.primary_id.clone(),
        referencing_table: spec.referencing_table.clone(),
        referencing_column: lookup.name.clone(),
        referencing_navigation: named(&spec.referencing_navigation, by_default)?,
        referenced_navigation: named(&spec.referenced_navigation, spec.schema_name.clone())?,
        cascade: spec.cascade,
        hierarchical: spec.hierarchical,
        menu: spec.menu.clone(),
        custom: true,
        managed: authority.managed,
        customizable: spec.customizable,
        introduced_version: authority.version.clone(),
    })
}

/// Both names must be free on their table: among navigation properties of both kinds, and among columns, except that a lookup and its property may share one.
fn check_navigations(cx: &WriteCx<'_>, relationship: &Relationship) -> Result<()> {
    let single = &relationship.referencing_navigation;
    let collection = &relationship.referenced_navigation;
    if relationship.referencing_table == relationship.referenced_table && single == collection {
        return Err(navigation_taken(single, &relationship.referencing_table));
    }
    for (name, table) in [(single, &relationship.referencing_table), (collection, &relationship.referenced_table)] {
        let used = cx.snapshot.has_navigation(table, name);
        let own = name == single && *name.as_str() == *relationship.referencing_column;
        let is_column = !own && cx.snapshot.require(table)?.find(name).is_some();
        if used || is_column {
            return Err(navigation_taken(name, table));
        }
    }
    Ok(())
}

/// The error for the name of a navigation property that exists.
pub(super) fn navigation_taken(name: &str, table: &LogicalName) -> Error {
    Error::new(ErrorCode::SchemaNameTaken, format!("The navigation property name '{name}' is taken on the table '{table}'. Choose another one."))
}

/// A tree is made of one table's own rows, and a table has at most one (SU-19).
fn require_free_tree(cx: &WriteCx<'_>, relationship: &Relationship) -> Result<()> {
    if !relationship.hierarchical {
        return Ok(());
    }
    if relationship.referencing_table != relationship.referenced_table {
        return Err(Error::argument("Only a relationship of a table with itself can be hierarchical."));
    }
    let other = cx.snapshot.referencing(&relationship.referencing_table).iter().find(|other| other.hierarchical && other.id != relationship.id);
    match other {
        Some(other) => {
            let message = format!("The table '{}' has the hierarchical relationship '{}' already.", relationship.referencing_table, other.schema_name);
            Err(Error::argument(message))
        }
        None => Ok(()),
    }
}

/// Checks that a required lookup is not to be cleared when its row is deleted (MD-36).
fn require_clearable(lookup: &Column, delete: DeleteAction) -> Result<()> {
    if lookup.required == RequiredLevel::System && delete == DeleteAction::RemoveLink {
        return Err(Error::new(ErrorCode::RemoveLinkOnRequired, format!("The lookup '{}' is required and cannot be cleared.", lookup.name)));
    }
    Ok(())
}
