//! Making, changing and removing columns (MD-20 to MD-25). Lookups are made with their relationship only.

mod kinds;
mod update;

use std::collections::BTreeSet;
use std::sync::Arc;

use driftless_model::{
    Column, ColumnType, DeleteAction, Error, ErrorCode, LogicalName, Relationship, RequiredLevel, Result, SchemaName, Table, Uuid, Validity,
};
use driftless_store::{DefinitionKind, SchemaChange};

use super::companions::companions;
use super::system_columns::{SystemColumns, SystemExtras, system_columns};
use super::validate::{
    Authority, Detached, Places, Removal, component_type, identities, identity, name_taken, require_customizable, require_removable, shown, touched,
};
use super::{ColumnSpec, Definition, Origin};
use crate::context::WriteCx;
use crate::solutions::components;

pub(super) use kinds::number_statuses;
pub(super) use update::check_state;
pub(crate) use update::update;

/// Columns that come with the first money column of a table (MD-24).
const CURRENCY_COLUMNS: [&str; 3] = ["transactioncurrencyid", "transactioncurrencyidname", "exchangerate"];

/// Makes a column and what comes with it, and gives its `MetadataId`.
///
/// # Errors
/// 0x80041102 without the table, 0x80047013 when the name exists, 0x8004D293 for the system-required level, 0x8004F032 for a table that is not
/// customizable, the codes of MD-3 for the name, 0x80040203 for types and limits that are not valid (MD-20, MD-21).
pub(crate) fn create(cx: &mut WriteCx<'_>, table: &str, spec: &ColumnSpec, origin: &Origin) -> Result<Uuid> {
    let table = Arc::clone(cx.snapshot.require(table)?);
    let authority = Authority::of(cx, origin)?;
    require_extensible(&table, origin)?;
    if spec.primary_name {
        return Err(Error::argument(format!("The table '{}' has its primary name column already.", table.name())));
    }
    let (column, companions) = build(cx, &authority, table.name(), spec)?;
    let (id, name) = (column.id, column.name.clone());
    let mut made = if matches!(column.kind, ColumnType::Money(_)) { currency_columns(cx, &table) } else { SystemColumns::default() };
    let columns: Vec<_> = [column].into_iter().chain(companions).chain(std::mem::take(&mut made.columns)).collect();
    for column in &columns {
        require_free_name(cx, &authority, &table, &column.name)?;
    }
    add(cx, &table, columns, made.relationships)?;
    keep_one_primary_image(cx, table.name(), &name)?;
    components::add(cx, origin, component_type::COLUMN, id)?;
    Ok(id)
}

/// A table has one primary image: when `column` has become it, no other is.
pub(super) fn keep_one_primary_image(cx: &mut WriteCx<'_>, table: &LogicalName, column: &LogicalName) -> Result<()> {
    let is_primary = |column: &Column| matches!(&column.kind, ColumnType::Image(image) if image.primary);
    let table = Arc::clone(cx.snapshot.require(table)?);
    if !table.find(column).is_some_and(|ix| is_primary(table.column(ix))) {
        return Ok(());
    }
    let mut others: Vec<Column> = table.columns.iter().filter(|other| other.name != *column && is_primary(other)).cloned().collect();
    for other in &mut others {
        if let ColumnType::Image(image) = &mut other.kind {
            image.primary = false;
        }
    }
    if others.is_empty() { Ok(()) } else { cx.define(others.into_iter().map(|other| Definition::Column(table.def.id, other)).collect()) }
}

/// Removes a column: its definition goes, what the store holds is left behind under a name that is not used again.
///
/// # Errors
/// 0x80041103 without the column, 0x8004F032 for built-in and managed columns, 0x8004F01F for the primary name and for columns of keys (AK-18).
pub(crate) fn delete(cx: &mut WriteCx<'_>, table: &str, column: &str, removal: Removal) -> Result<()> {
    let table = Arc::clone(cx.snapshot.require(table)?);
    let column = table.column(table.require(column)?);
    require_removable(removal, column.custom, column.managed, &format!("The column '{}' of '{}'", column.name, table.name()))?;
    if table.def.primary_name.as_ref() == Some(&column.name) {
        return Err(Error::new(ErrorCode::CannotDeleteInUseComponent, format!("The column '{}' is the primary name of '{}'.", column.name, table.name())));
    }
    if let Some(of) = &column.attribute_of {
        return Err(Error::new(ErrorCode::CannotDeleteInUseComponent, format!("The column '{}' belongs to '{of}' and goes with it.", column.name)));
    }
    let relationships: Vec<_> = cx.snapshot.referencing(table.name()).iter().filter(|r| r.referencing_column == column.name).cloned().collect();
    detach(cx, &table, &column.name, &relationships)
}

/// Removes the definitions of a column, of the columns that belong to it and of relationships.
///
/// # Errors
/// 0x8004F01F when a key has the column (AK-18).
pub(super) fn detach(cx: &mut WriteCx<'_>, table: &Table, name: &LogicalName, relationships: &[Arc<Relationship>]) -> Result<()> {
    let gone: Vec<_> = table.columns.iter().filter(|column| column.name == *name || column.attribute_of.as_ref() == Some(name)).collect();
    if let Some(key) = table.keys.iter().find(|key| gone.iter().any(|column| key.columns.contains(&column.name))) {
        return Err(Error::new(
            ErrorCode::CannotDeleteInUseComponent,
            format!("The column '{name}' of '{}' cannot be deleted: the alternate key '{}' needs it.", table.name(), key.name),
        ));
    }
    Detached::add(cx, table.def.id, &gone)?;
    for ix in table.files.iter().filter(|ix| table.column(**ix).name == *name) {
        cx.tx.change_schema(&SchemaChange::DropFiles(table, *ix))?;
    }
    let mut removed = identities(relationships);
    removed.extend(gone.iter().map(|column| (DefinitionKind::Column, column.id)));
    cx.define(vec![touched(cx, table)])?;
    cx.undefine(&removed)?;
    removed.iter().try_for_each(|(_, id)| components::remove(cx, *id))
}

/// Checks that a table can get columns, keys and relationships.
///
/// # Errors
/// 0x8004F032.
pub(super) fn require_extensible(table: &Table, origin: &Origin) -> Result<()> {
    if table.def.intersect {
        return Err(Error::new(
            ErrorCode::CannotDeleteMetadata,
            format!("The table '{}' holds pairs of a many-to-many relationship; nothing can be added.", table.name()),
        ));
    }
    match origin {
        Origin::Customizer { .. } => require_customizable(table.def.customizable, &format!("The table '{}'", table.name())),
        Origin::Package { .. } => Ok(()),
    }
}

/// Checks that no column and no navigation property of a table has this name.
///
/// # Errors
/// 0x80047013, or 0x8004F016 for a managed package over an unmanaged column.
pub(super) fn require_free_name(cx: &WriteCx<'_>, authority: &Authority, table: &Table, name: &LogicalName) -> Result<()> {
    if let Some(ix) = table.find(name) {
        let present = table.column(ix);
        return Err(name_taken(authority, present.custom, present.managed, ErrorCode::AttributeNameExists, name));
    }
    if cx.snapshot.has_navigation(table.name(), name) {
        let message = format!("The table '{}' has a navigation property of the name '{name}'.", table.name());
        return Err(Error::new(ErrorCode::AttributeNameExists, message));
    }
    Ok(())
}

/// A custom column as `spec` asks for, and the columns that come with it. Numbers and names inside the store are given later, see [`Places`].
///
/// # Errors
/// As [`create`], without those of the table.
pub(super) fn build(cx: &WriteCx<'_>, authority: &Authority, table: &LogicalName, spec: &ColumnSpec) -> Result<(Column, Vec<Column>)> {
    if !kinds::is_creatable(&spec.kind) {
        let hint =
            if matches!(spec.kind, ColumnType::Lookup(_)) { "a lookup is made with its relationship" } else { "the service makes columns of this type itself" };
        return Err(Error::argument(format!("The column '{}' cannot be created: {hint}.", shown(&spec.schema_name))));
    }
    let mut column = sketch(cx, authority, spec)?;
    let facts = kinds::Facts { cx, authority, table, column: &column.name, customizable: spec.customizable, merge_labels: false };
    let mut kind = column.kind.clone();
    kinds::complete(&mut kind, None, &facts)?;
    column.kind = kind;
    if matches!(column.kind, ColumnType::File(_)) {
        // Null clears it; its bytes have an address of their own.
        column.valid = Validity { create: false, read: true, update: true };
    }
    let companions = companions(&column, &mut |_| cx.new_id());
    Ok((column, companions))
}

/// A custom column with checked name and level, its type as asked for.
///
/// # Errors
/// The codes of MD-3 and 0x80044366 for the name, 0x8004D293 for the system-required level, 0x80040237 for an identity that exists.
pub(super) fn sketch(cx: &WriteCx<'_>, authority: &Authority, spec: &ColumnSpec) -> Result<Column> {
    authority.check_name(&spec.schema_name)?;
    if spec.schema_name.ends_with("__t") {
        // A lookup of several tables keeps the table's number under its own name with this ending.
        return Err(Error::new(ErrorCode::ReservedName, format!("The column name '{}' may not end in '__t'.", spec.schema_name)));
    }
    if spec.required == RequiredLevel::System {
        return Err(Error::of(ErrorCode::CannotChangeRequiredLevel));
    }
    let schema_name = SchemaName::from(spec.schema_name.as_str());
    let mut display_name = spec.display_name.clone();
    if display_name.is_empty() {
        display_name = driftless_model::Label::english(spec.schema_name.as_str());
    }
    Ok(Column {
        id: identity(cx, spec.id)?,
        name: schema_name.to_logical(),
        schema_name,
        kind: spec.kind.clone(),
        required: spec.required,
        valid: Validity::ALL,
        display_name,
        description: spec.description.clone(),
        physical: String::new(),
        number: 0,
        attribute_of: None,
        custom: true,
        managed: authority.managed,
        customizable: spec.customizable,
        secured: spec.secured,
        introduced_version: authority.version.clone(),
    })
}

/// Currency columns that a table with a money column lacks.
fn currency_columns(cx: &WriteCx<'_>, table: &Table) -> SystemColumns {
    let declared = |name: &str| !CURRENCY_COLUMNS.contains(&name) || table.find(name).is_some();
    let extras = SystemExtras { standard: false, state: None, has_money: true, first_number: 0, declared: &declared };
    let mut made = system_columns(&table.def, &extras, &mut |_| cx.new_id());
    made.relationships.retain(|relationship| made.columns.iter().any(|column| column.name == relationship.referencing_column));
    made
}

/// Adds columns to a table, in its definition and in the store, with the relationships of the lookups among them.
///
/// # Errors
/// 0x80040203 when the table would have too many columns.
pub(super) fn add(cx: &mut WriteCx<'_>, table: &Table, mut columns: Vec<Column>, relationships: Vec<Relationship>) -> Result<()> {
    let mut places = Places::new(&table.columns, Detached::load(cx, table.def.id)?, cx.services.limits.columns_per_table_max);
    columns.iter_mut().try_for_each(|column| places.give(column))?;
    let names: Vec<_> = columns.iter().map(|column| column.name.clone()).collect();
    let mut definitions = vec![touched(cx, table)];
    definitions.extend(columns.into_iter().map(|column| Definition::Column(table.def.id, column)));
    definitions.extend(relationships.iter().cloned().map(Definition::Relationship));
    cx.define(definitions)?;
    let table = Arc::clone(cx.snapshot.require(table.name())?);
    for name in &names {
        let ix = table.require(name)?;
        if table.column(ix).is_stored() {
            cx.tx.change_schema(&SchemaChange::AddColumn(&table, ix))?;
        }
    }
    index_lookups(cx, &table, &relationships)
}

/// Indexes lookups of a table whose rows are looked for when the row that they refer to is deleted (ADR 0002).
///
/// # Errors
/// When the store fails.
pub(super) fn index_lookups(cx: &mut WriteCx<'_>, table: &Table, relationships: &[Relationship]) -> Result<()> {
    let wanted: BTreeSet<_> = relationships.iter().filter(|r| r.cascade.delete != DeleteAction::NoCascade).map(|r| &r.referencing_column).collect();
    for name in wanted {
        let ix = table.require(name)?;
        cx.tx.change_schema(&SchemaChange::IndexLookup(table, ix))?;
    }
    Ok(())
}
