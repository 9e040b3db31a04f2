//! Notes and activities of a table: a table that has them (`HasNotes`, `HasActivities`) is one of those that notes and activities may regard, by a relationship to
//! each of their tables (web-api 26.3).

use std::sync::Arc;

use driftless_model::{
    AssociatedMenu, Cascade, CascadeAction, Column, ColumnType, DeleteAction, LogicalName, LookupColumn, Ownership, Relationship, Result, SchemaName, Table,
    TableDef,
};

use super::validate::{Authority, component_type, touched};
use super::{Definition, Origin, columns, relationships};
use crate::behaviors::activities::ACTIVITY_POINTER;
use crate::behaviors::notes;
use crate::context::WriteCx;
use crate::solutions::components;

/// The table of notes, and their lookup.
const NOTES: (&str, &str) = (notes::NOTES, "objectid");
/// The lookup of activities of all kinds.
const REGARDING: &str = "regardingobjectid";

/// Makes the relationships that a table lacks, and adds them to the solutions that have it: they come and go with it.
///
/// # Errors
/// 0x80041102 without the table; 0x8004432B and 0x80044361 when another relationship has the name of one of them.
pub(crate) fn complete(cx: &mut WriteCx<'_>, name: &LogicalName) -> Result<()> {
    let table = Arc::clone(cx.snapshot.require(name)?);
    if !table.def.has_notes && !table.def.has_activities {
        return Ok(());
    }
    make(cx, &table)?;
    let own = cx.snapshot.referenced(name).iter().filter(|relationship| relationship.custom && is_regarding(relationship));
    let own: Vec<_> = own.map(|relationship| relationship.id).collect();
    own.iter().try_for_each(|relationship| components::follow(cx, table.def.id, component_type::RELATIONSHIP, *relationship))
}

/// Makes the relationships that tables of earlier programs lack, which kept only that there are notes and activities.
///
/// # Errors
/// As [`complete`].
pub(crate) fn complete_all(cx: &mut WriteCx<'_>) -> Result<()> {
    let names: Vec<_> = cx.snapshot.tables().filter(|table| table.def.custom).map(|table| table.name().clone()).collect();
    names.iter().try_for_each(|name| complete(cx, name))
}

fn is_regarding(relationship: &Relationship) -> bool {
    let place = (relationship.referencing_table.as_str(), relationship.referencing_column.as_str());
    place == NOTES || place.1 == REGARDING
}

fn make(cx: &mut WriteCx<'_>, table: &Table) -> Result<()> {
    let lacking = lacking(cx, table)?;
    if lacking.is_empty() {
        return Ok(());
    }
    let authority = Authority::of(cx, &Origin::Customizer { solution: None })?;
    let mut definitions = Vec::new();
    let mut made = Vec::new();
    for (referencing, column) in lacking {
        let relationship = relationship(cx, table, &referencing, &column);
        relationships::check_own(cx, &authority, &relationship)?;
        let column = Definition::Column(referencing.def.id, widened(column, table.name()));
        definitions.extend([touched(cx, &referencing), column, Definition::Relationship(relationship.clone())]);
        made.push(relationship);
    }
    cx.define(definitions)?;
    for relationship in &made {
        let referencing = Arc::clone(cx.snapshot.require(&relationship.referencing_table)?);
        columns::index_lookups(cx, &referencing, std::slice::from_ref(relationship))?;
    }
    Ok(())
}

/// The tables, with their lookups, that shall be able to refer to `table` and are not yet.
fn lacking(cx: &WriteCx<'_>, table: &Table) -> Result<Vec<(Arc<Table>, Column)>> {
    let mut places = Vec::new();
    if table.def.has_notes {
        places.push((Arc::clone(cx.snapshot.require(NOTES.0)?), NOTES.1));
    }
    if table.def.has_activities {
        places.extend(cx.snapshot.tables().filter(|other| other.def.activity).map(|other| (Arc::clone(other), REGARDING)));
    }
    let lookup = |(other, name): (Arc<Table>, &str)| other.find(name).map(|ix| (Arc::clone(&other), other.column(ix).clone()));
    let lacks = |column: &Column| column.lookup().is_some_and(|lookup| lookup.is_polymorphic() && !lookup.targets.contains(table.name()));
    Ok(places.into_iter().filter_map(lookup).filter(|(_, column)| lacks(column)).collect())
}

fn widened(mut column: Column, target: &LogicalName) -> Column {
    if let ColumnType::Lookup(LookupColumn { targets, .. }) = &mut column.kind {
        targets.push(target.clone());
    }
    column
}

/// The relationship of a table to its notes, or to its activities of one kind. Rows of the base table of activities follow those of the kinds.
fn relationship(cx: &WriteCx<'_>, table: &Table, referencing: &Table, lookup: &Column) -> Relationship {
    let schema_name = format!("{}_{}", table.name(), referencing.def.collection_schema_name);
    let of_one_kind = referencing.def.activity && !is_base(&referencing.def);
    let ending = if of_one_kind { format!("_{}", referencing.name()) } else { String::new() };
    Relationship {
        id: cx.new_id(),
        schema_name: SchemaName::from(schema_name.as_str()),
        referenced_table: table.name().clone(),
        referenced_column: table.def.primary_id.clone(),
        referencing_table: referencing.name().clone(),
        referencing_column: lookup.name.clone(),
        referencing_navigation: format!("{}_{}{ending}", lookup.name, table.name()),
        referenced_navigation: schema_name,
        cascade: if is_base(&referencing.def) { untouched() } else { together(table.def.ownership) },
        hierarchical: false,
        menu: AssociatedMenu::default(),
        custom: true,
        managed: table.def.managed,
        customizable: true,
        introduced_version: table.def.introduced_version.clone(),
    }
}

fn is_base(def: &TableDef) -> bool {
    def.name.as_str() == ACTIVITY_POINTER
}

fn untouched() -> Cascade {
    Cascade { delete: DeleteAction::NoCascade, ..Cascade::default() }
}

/// Notes and activities go with the row that they regard, and to whoever it goes, if rows of the table have owners.
fn together(ownership: Ownership) -> Cascade {
    let with_owner = if ownership == Ownership::User { CascadeAction::Cascade } else { CascadeAction::NoCascade };
    Cascade { delete: DeleteAction::Cascade, assign: with_owner, reparent: with_owner, share: with_owner, unshare: with_owner, merge: CascadeAction::Cascade }
}
