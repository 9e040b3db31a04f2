//! From declarations to definitions and physical tables.

use std::collections::HashMap;
use std::sync::Arc;

use driftless_model::{
    AlternateKey, AssociatedMenu, Column, ColumnType, DeleteAction, Error, KeyIndexStatus, LogicalName, ManyToMany, Relationship, Result, SchemaName, SetName,
    Table, TableCode, TableDef, Uuid, physical_name,
};
use driftless_store::{KeyBuild, SchemaChange};

use super::constant_id;
use super::declaration::{ColumnDeclaration, INTRODUCED, TableDeclaration, label};
use crate::context::WriteCx;
use crate::metadata::companions::companions;
use crate::metadata::system_columns::{SystemExtras, system_columns};
use crate::metadata::{Definition, many_to_many};
use crate::records::{load, system};

/// Adds what the store lacks: tables, then columns of tables that it has in an older version, then relationships. Columns that are there learn by which
/// operations they may be written now.
pub(super) fn run(cx: &mut WriteCx<'_>, declared: &[TableDeclaration]) -> Result<()> {
    let before = Arc::clone(&cx.snapshot);
    let primary_ids = declared.iter().map(|table| (table.name.as_str(), table.primary_id.as_str())).collect();
    let mut definitions = Vec::new();
    for declaration in declared {
        let (def, columns, relationships) = parts(declaration, &primary_ids, cx.now_s)?;
        match before.by_id(def.id) {
            Some(present) if present.def.seed_version >= declaration.version => continue,
            Some(present) => {
                let mut kept = present.def.clone();
                kept.seed_version = declaration.version;
                let mut number = present.columns.iter().map(|column| column.number).max().unwrap_or(0);
                for mut column in columns {
                    match present.find(&column.name).map(|ix| present.column(ix)) {
                        None => {
                            number += 1;
                            column.number = number;
                            definitions.push(Definition::Column(kept.id, column));
                        }
                        Some(own) if !own.custom && own.valid != column.valid => {
                            definitions.push(Definition::Column(kept.id, Column { valid: column.valid, ..own.clone() }));
                        }
                        Some(_) => {}
                    }
                }
                definitions.push(Definition::Table(kept));
            }
            None => {
                definitions.extend(columns.into_iter().map(|column| Definition::Column(def.id, column)));
                definitions.push(Definition::Table(def));
            }
        }
        definitions.extend(relationships.into_iter().filter(|own| before.relationship(&own.schema_name).is_none()).map(Definition::Relationship));
    }
    if definitions.is_empty() {
        return Ok(());
    }
    cx.define(definitions)?;
    let after = Arc::clone(&cx.snapshot);
    for table in after.tables() {
        let present = before.by_id(table.def.id);
        match present {
            None => {
                cx.tx.change_schema(&SchemaChange::CreateTable(table))?;
            }
            Some(present) => {
                for (ix, column) in table.indexed().filter(|(_, column)| column.is_stored() && present.find(&column.name).is_none()) {
                    debug_assert!(!column.physical.is_empty(), "a stored column has a name in the store");
                    cx.tx.change_schema(&SchemaChange::AddColumn(table, ix))?;
                }
            }
        }
        for relationship in after.referencing(table.name()) {
            if relationship.cascade.delete != DeleteAction::NoCascade && before.relationship(&relationship.schema_name).is_none() {
                let lookup = table.require(&relationship.referencing_column)?;
                cx.tx.change_schema(&SchemaChange::IndexLookup(table, lookup))?;
            }
        }
    }
    Ok(())
}

/// Adds the alternate keys that the store lacks, with their indexes: no job is needed, since the start waits for all of it.
pub(super) fn keys(cx: &mut WriteCx<'_>, declared: &[TableDeclaration]) -> Result<()> {
    for declaration in declared {
        for key in declaration.key.iter().map(|own| own.key(&declaration.name)) {
            let table = Arc::clone(cx.snapshot.require(&declaration.name)?);
            if table.keys.iter().any(|present| present.id == key.id) {
                continue;
            }
            let status = match cx.tx.change_schema(&SchemaChange::BuildKey(&table, &key))? {
                KeyBuild::Done => KeyIndexStatus::Active,
                KeyBuild::Collides { values, .. } => {
                    tracing::warn!(table = %table.name(), key = %key.name, values, "a built-in alternate key could not be built: rows collide");
                    KeyIndexStatus::Failed
                }
            };
            cx.define(vec![Definition::Key(table.def.id, AlternateKey { status, ..key })])?;
        }
    }
    Ok(())
}

/// Adds the many-to-many relationships that the store lacks, and keeps their pairs unique.
pub(super) fn pairs(cx: &mut WriteCx<'_>, declared: &[TableDeclaration]) -> Result<()> {
    for declaration in declared {
        let Some(relationship) = declaration.many_to_many.as_ref().map(|own| own.relationship(&declaration.name)) else { continue };
        if cx.snapshot.many_to_many_by_id(relationship.id).is_some() {
            continue;
        }
        let table = Arc::clone(cx.snapshot.require(&declaration.name)?);
        remove_dangling(cx, &table, &relationship)?;
        let key = many_to_many::pair_key(&table.def, &relationship, constant_id(&format!("key/{}.pair", declaration.name)));
        let key = many_to_many::index(cx, &table, &relationship, key)?;
        if !key.is_active() {
            tracing::warn!(table = %table.name(), "the pairs of a built-in relationship could not be made unique: some stand twice");
        }
        let first = relationship.first.table.clone();
        cx.define(vec![Definition::ManyToMany(relationship), Definition::Key(table.def.id, key)])?;
        many_to_many::track(cx, &first)?;
    }
    Ok(())
}

/// Removes pairs of which one row is gone: earlier programs left them when that row was deleted.
fn remove_dangling(cx: &mut WriteCx<'_>, pairs: &Arc<Table>, relationship: &ManyToMany) -> Result<()> {
    let sides = [&relationship.first, &relationship.second];
    let tables = [Arc::clone(cx.snapshot.require(&sides[0].table)?), Arc::clone(cx.snapshot.require(&sides[1].table)?)];
    for pair in system::rows(cx.tx.as_read(), pairs, &sides.map(|side| side.column.as_str()), None)? {
        let mut is_whole = true;
        for (at, table) in tables.iter().enumerate() {
            let id = pair.value(at).id();
            is_whole &= id.map(|id| load::exists(cx.tx.as_read(), table, id)).transpose()?.unwrap_or(false);
        }
        if !is_whole {
            system::remove(cx, pairs, pair.id)?;
        }
    }
    Ok(())
}

/// A table's definition, its columns and the relationships of its lookups.
fn parts(declaration: &TableDeclaration, primary_ids: &HashMap<&str, &str>, now_s: i64) -> Result<(TableDef, Vec<Column>, Vec<Relationship>)> {
    let def = table_def(declaration, now_s);
    let mut columns = Vec::new();
    let mut relationships = Vec::new();
    let mut number = 0;
    let mut has_money = false;
    for column in &declaration.column {
        number += 1;
        columns.push(column.column(&declaration.name, number)?);
        for target in &column.target {
            relationships.push(relationship(declaration, column, target, primary_ids)?);
        }
        if let ColumnType::Money(_) = &columns[columns.len() - 1].kind {
            has_money = true;
        }
        for mut companion in companions(&columns[columns.len() - 1], &mut |name| constant_id(&format!("column/{}.{name}", declaration.name))) {
            number += 1;
            companion.number = number;
            columns.push(companion);
        }
    }
    let is_declared = |name: &str| declaration.column.iter().any(|column| column.name == name);
    let extras = SystemExtras {
        standard: declaration.standard,
        state: declaration.state.as_ref().map(super::declaration::StateDeclaration::columns),
        has_money,
        first_number: number + 1,
        declared: &is_declared,
    };
    let mut system = system_columns(&def, &extras, &mut |text: &str| constant_id(text));
    if let Some(schema_name) = &declaration.primary_id_schema_name
        && let Some(id) = system.columns.iter_mut().find(|column| column.name == def.primary_id)
    {
        id.schema_name = SchemaName::from(schema_name.as_str());
    }
    columns.extend(system.columns);
    relationships.extend(system.relationships);
    Ok((def, columns, relationships))
}

fn table_def(declaration: &TableDeclaration, now_s: i64) -> TableDef {
    let name = LogicalName::from(declaration.name.as_str());
    TableDef {
        id: constant_id(&format!("table/{name}")),
        code: TableCode(declaration.code),
        schema_name: SchemaName::from(declaration.schema_name.as_str()),
        set_name: SetName::from(declaration.set_name.as_str()),
        collection_schema_name: SchemaName::from(declaration.collection_schema_name.as_str()),
        display_name: label(&declaration.display_name),
        display_collection_name: label(&declaration.display_collection_name),
        description: label(&declaration.description),
        ownership: declaration.ownership,
        primary_id: LogicalName::from(declaration.primary_id.as_str()),
        primary_name: declaration.primary_name.as_deref().map(LogicalName::from),
        physical: physical_name(&name),
        seed_version: declaration.version,
        change_tracking: declaration.change_tracking,
        can_change_tracking_be_enabled: declaration.can_change_tracking_be_enabled,
        intersect: declaration.is_intersect,
        private: declaration.is_private,
        custom: false,
        managed: true,
        customizable: declaration.is_customizable,
        enforce_state_transitions: declaration.enforce_state_transitions,
        has_notes: declaration.has_notes,
        has_activities: declaration.has_activities,
        activity: declaration.activity,
        introduced_version: INTRODUCED.to_owned(),
        flags: Default::default(),
        created_on: now_s,
        modified_on: now_s,
        name,
    }
}

fn relationship(
    table: &TableDeclaration,
    column: &ColumnDeclaration,
    target: &super::declaration::TargetDeclaration,
    primary_ids: &HashMap<&str, &str>,
) -> Result<Relationship> {
    let unknown = || Error::damaged(format!("the column '{}' of '{}' refers to the unknown table '{}'", column.name, table.name, target.table));
    let primary_id = *primary_ids.get(target.table.as_str()).ok_or_else(unknown)?;
    let id: Uuid = constant_id(&format!("relationship/{}", target.relationship));
    Ok(Relationship {
        id,
        schema_name: SchemaName::from(target.relationship.as_str()),
        referenced_table: LogicalName::from(target.table.as_str()),
        referenced_column: LogicalName::from(primary_id),
        referencing_table: LogicalName::from(table.name.as_str()),
        referencing_column: LogicalName::from(column.name.as_str()),
        referencing_navigation: target.navigation.clone(),
        referenced_navigation: target.collection.clone(),
        cascade: target.cascade(),
        hierarchical: target.hierarchical,
        menu: AssociatedMenu::default(),
        custom: false,
        managed: true,
        customizable: true,
        introduced_version: INTRODUCED.to_owned(),
    })
}
