//! Making, changing and removing tables (MD-1 to MD-13).

pub(super) mod names;

use std::collections::BTreeSet;
use std::sync::Arc;

use driftless_model::{
    Column, ColumnType, Error, ErrorCode, Label, LogicalName, Ownership, Relationship, Result, SchemaName, StateColumn, StatusColumn, Table, TableDef, Uuid,
    physical_name,
};
use driftless_store::{DefinitionKind, SchemaChange};

use super::system_columns::{SystemColumns, SystemExtras, default_state, system_columns};
use super::validate::{Authority, Detached, Places, Removal, component_type, identities, identity, name_taken, require_removable, set_label, shown};
use super::{ColumnSpec, Definition, Origin, TableSpec, TableUpdate, columns, keys, many_to_many, privileges, regarding, relationships, views};
use crate::context::WriteCx;
use crate::messages::filters;
use crate::security::shares;
use crate::solutions::components;

/// Makes a table with its system columns, the columns of `spec` and its privileges, and gives its `MetadataId`.
///
/// # Errors
/// 0x8004700B, 0x80044361 and 0x80044363 for names that exist, 0x8006089C for the prefix of a set name, the codes of MD-3 and 0x80044366 for names, 0x8004700D
/// for the ownership, 0x80040203 without exactly one primary name and for a customizer's table without labels (MD-4), those of [`columns::create`] for columns.
pub(crate) fn create(cx: &mut WriteCx<'_>, spec: &TableSpec, origin: &Origin) -> Result<Uuid> {
    let authority = Authority::of(cx, origin)?;
    if matches!(origin, Origin::Customizer { .. }) {
        require_labels(spec)?;
    }
    let mut def = define(cx, &authority, spec)?;
    let (columns, relationships) = parts(cx, &authority, &mut def, spec, origin)?;
    def.code = cx.next_table_code()?;
    let (id, name) = (def.id, def.name.clone());
    let custom: Vec<_> = columns.iter().filter(|column| column.custom && column.attribute_of.is_none()).map(|column| column.id).collect();
    let mut definitions = vec![Definition::Table(def)];
    definitions.extend(columns.into_iter().map(|column| Definition::Column(id, column)));
    definitions.extend(relationships.iter().cloned().map(Definition::Relationship));
    cx.define(definitions)?;
    let table = Arc::clone(cx.snapshot.require(&name)?);
    cx.tx.change_schema(&SchemaChange::CreateTable(&table))?;
    columns::index_lookups(cx, &table, &relationships)?;
    filters::add(cx, &name)?;
    privileges::add(cx, &table.def)?;
    views::add(cx, &table)?;
    components::add(cx, origin, component_type::TABLE, id)?;
    for column in custom {
        components::add(cx, origin, component_type::COLUMN, column)?;
    }
    if matches!(origin, Origin::Customizer { .. }) {
        regarding::complete(cx, &name)?; // a package's own relationships come first
    }
    Ok(id)
}

/// Changes a table's own definition. Whether customizers may change it is checked by the caller.
///
/// # Errors
/// 0x80041102 without the table, 0x80040203 for switching tracking off (CT-3), or on where it cannot be (CT-4), for switching notes or activities off, and for
/// another set name of a built-in table;
/// 0x80044363, 0x8006089C and the codes of MD-3 for a set name.
pub(crate) fn update(cx: &mut WriteCx<'_>, table: &str, change: &TableUpdate) -> Result<()> {
    let table = Arc::clone(cx.snapshot.require(table)?);
    let mut def = table.def.clone();
    set_label(&mut def.display_name, change.display_name.as_ref(), change.merge_labels);
    set_label(&mut def.display_collection_name, change.display_collection_name.as_ref(), change.merge_labels);
    set_label(&mut def.description, change.description.as_ref(), change.merge_labels);
    if let Some(wanted) = change.set_name.as_deref().filter(|wanted| *wanted != def.set_name.as_str()) {
        if !def.custom {
            return Err(Error::argument(format!("The entity set name of the built-in table '{}' cannot change.", def.name)));
        }
        let authority = Authority::of(cx, &Origin::Customizer { solution: None })?;
        def.set_name = names::set_name(&cx.snapshot, &authority, &def.name, Some(wanted))?;
    }
    match (change.change_tracking, def.change_tracking) {
        (Some(false), true) => return Err(Error::argument(format!("Change tracking of the table '{}' cannot be switched off.", def.name))),
        (Some(true), false) if !def.can_change_tracking_be_enabled => {
            return Err(Error::argument(format!("Change tracking of the table '{}' cannot be switched on.", def.name)));
        }
        (Some(wanted), _) => def.change_tracking = wanted,
        (None, _) => {}
    }
    for (wanted, present, what) in [(change.has_notes, &mut def.has_notes, "Notes"), (change.has_activities, &mut def.has_activities, "Activities")] {
        if wanted == Some(false) && *present {
            return Err(Error::argument(format!("{what} of the table '{}' cannot be switched off.", table.name())));
        }
        *present |= wanted == Some(true);
    }
    if def.activity && def.has_activities {
        return Err(Error::argument(format!("The rows of '{}' are activities themselves and have none.", table.name())));
    }
    def.flags.extend(change.flags.iter().map(|(name, value)| (name.clone(), *value)));
    if def == table.def {
        return Ok(());
    }
    def.modified_on = cx.now_s;
    let is_tracked_now = def.change_tracking && !table.def.change_tracking;
    cx.define(vec![Definition::Table(def)])?;
    if is_tracked_now { many_to_many::track(cx, table.name()) } else { Ok(()) }
}

/// Removes a table with its columns, keys, relationships and privileges, and with all its rows (MD-12).
///
/// # Errors
/// 0x80041102 without the table, 0x8004F032 for built-in and managed tables, for tables of pairs, and for a lookup of another table or a many-to-many
/// relationship that a managed solution brought, 0x8004F01F for a lookup that an alternate key needs. Other lookups of this table go with it (ADR 0016), as do
/// its many-to-many relationships.
pub(crate) fn delete(cx: &mut WriteCx<'_>, table: &str, removal: Removal) -> Result<()> {
    let table = Arc::clone(cx.snapshot.require(table)?);
    require_removable(removal, table.def.custom, table.def.managed, &format!("The table '{}'", table.name()))?;
    if let Some(relationship) = cx.snapshot.pairs_in(table.name()) {
        let message =
            format!("The table '{}' cannot be deleted by itself: delete the relationship '{}' whose pairs it holds.", table.name(), relationship.schema_name);
        return Err(Error::new(ErrorCode::CannotDeleteMetadata, message));
    }
    let from_others: Vec<_> = cx.snapshot.referenced(table.name()).iter().filter(|r| r.referencing_table != *table.name()).cloned().collect();
    for relationship in from_others {
        relationships::delete(cx, &relationship.schema_name, removal)?;
    }
    let paired: BTreeSet<_> = cx.snapshot.pairings(table.name()).iter().map(|pairing| pairing.relationship.schema_name.clone()).collect();
    for relationship in paired {
        many_to_many::delete(cx, &relationship, removal)?;
    }
    for key in &table.keys {
        keys::cancel_job(cx, key)?;
    }
    filters::remove(cx, table.name())?;
    privileges::remove(cx, &table.def)?;
    views::remove(cx, table.name())?;
    shares::forget_table(cx, table.name())?;
    drop_with_parts(cx, &table)
}

/// Removes the definitions of a table, its parts and its lookups' relationships, and its rows.
///
/// # Errors
/// When the store fails.
pub(super) fn drop_with_parts(cx: &mut WriteCx<'_>, table: &Arc<Table>) -> Result<()> {
    let mut removed = vec![(DefinitionKind::Table, table.def.id)];
    removed.extend(table.columns.iter().map(|column| (DefinitionKind::Column, column.id)));
    removed.extend(table.keys.iter().map(|key| (DefinitionKind::Key, key.id)));
    removed.extend(identities(cx.snapshot.referencing(table.name())));
    cx.tx.change_schema(&SchemaChange::DropTable(table))?;
    cx.undefine(&removed)?;
    Detached::clear(cx, table.def.id)?;
    removed.iter().try_for_each(|(_, id)| components::remove(cx, *id))
}

/// The schema name of a table's collection where none is asked for.
pub(crate) fn default_collection_name(schema_name: &str) -> String {
    names::plural(schema_name)
}

/// Refuses a table without the words that people read for one row and for many (MD-4).
fn require_labels(spec: &TableSpec) -> Result<()> {
    for (label, member) in [(&spec.display_name, "DisplayName"), (&spec.display_collection_name, "DisplayCollectionName")] {
        if label.is_empty() {
            return Err(Error::argument(format!("The table '{}' must have a label in '{member}'.", shown(&spec.schema_name))));
        }
    }
    Ok(())
}

/// The table's own definition, without its number; names are checked.
fn define(cx: &WriteCx<'_>, authority: &Authority, spec: &TableSpec) -> Result<TableDef> {
    if !matches!(spec.ownership, Ownership::User | Ownership::Organization) {
        return Err(Error::of(ErrorCode::InvalidOwnershipTypeMask));
    }
    names::check_table(authority, &spec.schema_name)?;
    let schema_name = SchemaName::from(spec.schema_name.as_str());
    let name = schema_name.to_logical();
    if let Some(present) = cx.snapshot.find(&name) {
        return Err(name_taken(authority, present.def.custom, present.def.managed, ErrorCode::EntityNameExists, &name));
    }
    let physical = free_physical(cx, &name)?;
    let set_name = names::set_name(&cx.snapshot, authority, &name, spec.set_name.as_deref())?;
    let collection = spec.collection_schema_name.clone().unwrap_or_else(|| names::plural(&schema_name));
    let or_default = |label: &Label, default: &str| if label.is_empty() { Label::english(default) } else { label.clone() };
    Ok(TableDef {
        id: identity(cx, spec.id)?,
        code: driftless_model::TableCode(0),
        set_name,
        display_name: or_default(&spec.display_name, &schema_name),
        display_collection_name: or_default(&spec.display_collection_name, &collection),
        collection_schema_name: SchemaName::from(collection),
        description: spec.description.clone(),
        ownership: spec.ownership,
        primary_id: LogicalName::from(format!("{name}id")),
        primary_name: None,
        physical,
        seed_version: 0,
        change_tracking: spec.change_tracking,
        can_change_tracking_be_enabled: true,
        intersect: false,
        private: false,
        custom: true,
        managed: authority.managed,
        customizable: spec.customizable,
        enforce_state_transitions: spec.enforce_state_transitions,
        has_notes: spec.has_notes,
        has_activities: spec.has_activities,
        activity: false,
        introduced_version: authority.version.clone(),
        flags: spec.flags.clone(),
        created_on: cx.now_s,
        modified_on: cx.now_s,
        schema_name,
        name,
    })
}

/// The name of a new table inside the store.
///
/// # Errors
/// 0x80044361 when another table has it: long names may differ in what is cut off.
pub(super) fn free_physical(cx: &WriteCx<'_>, name: &LogicalName) -> Result<String> {
    let physical = physical_name(name);
    if cx.snapshot.tables().any(|table| table.def.physical == physical) {
        return Err(Error::new(ErrorCode::SchemaNameTaken, format!("The table name '{name}' is too similar to another one. Choose another name.")));
    }
    Ok(physical)
}

/// The columns of a new table and the relationships of its system lookups; the table's definition learns its primary name.
fn parts(cx: &WriteCx<'_>, authority: &Authority, def: &mut TableDef, spec: &TableSpec, origin: &Origin) -> Result<(Vec<Column>, Vec<Relationship>)> {
    let extras =
        SystemExtras { standard: true, state: Some(states(cx, authority, def, spec)?), has_money: has_money(spec), first_number: 1, declared: &|_| false };
    let SystemColumns { columns: mut system, relationships } = system_columns(def, &extras, &mut |_| cx.new_id());
    let mut custom: Vec<Column> = Vec::new();
    let mut overlaid = Vec::new();
    for column in &spec.columns {
        let name = LogicalName::from(column.schema_name.to_ascii_lowercase());
        let own = system.iter().find(|present| present.name == name);
        if let (Some(own), Origin::Customizer { .. }) = (own, origin)
            && !may_list(own, column)
        {
            return Err(Error::new(ErrorCode::AttributeNameExists, format!("The column '{name}' of '{}' is made by the service itself.", def.name)));
        }
        if own.is_some() || is_base(&column.kind) {
            overlaid.push((name, column));
            continue;
        }
        let (made, companions) = columns::build(cx, authority, &def.name, column)?;
        for made in [made].into_iter().chain(companions) {
            if let Some(present) = custom.iter().find(|present| present.name == made.name) {
                if is_primary_name_again(spec, column, present) && matches!(made.kind, ColumnType::Text(_)) {
                    continue;
                }
                return Err(Error::new(ErrorCode::AttributeNameExists, format!("The column '{}' of '{}' stands twice.", made.name, def.name)));
            }
            custom.push(made);
        }
    }
    for (name, column) in overlaid {
        if let Some(present) = system.iter_mut().chain(&mut custom).find(|present| present.name == name) {
            overlay(cx, present, column)?;
        }
    }
    def.primary_name = Some(primary_name(def, spec, &custom)?);
    let mut places = Places::new(&[], Detached::default(), cx.services.limits.columns_per_table_max);
    let mut columns = system;
    columns.append(&mut custom);
    columns.iter_mut().try_for_each(|column| places.give(column))?;
    Ok((columns, relationships))
}

/// True if a column has the name of the primary name, which was listed before it: published examples list it again, as a text. The first counts.
fn is_primary_name_again(spec: &TableSpec, again: &ColumnSpec, present: &Column) -> bool {
    !again.primary_name && spec.columns.iter().any(|column| column.primary_name && column.schema_name.eq_ignore_ascii_case(&present.name))
}

/// True if a customizer may list a system column, for its labels and options: the id, state and status, as what they are. Packages list any.
fn may_list(own: &Column, listed: &ColumnSpec) -> bool {
    matches!(
        (&own.kind, &listed.kind),
        (ColumnType::UniqueId { .. }, ColumnType::UniqueId { .. })
            | (ColumnType::State(_), ColumnType::State(_))
            | (ColumnType::Status(_), ColumnType::Status(_))
    )
}

/// A money column's base column: the service makes it with the money column (MD-24), so a listed one only brings labels.
fn is_base(kind: &ColumnType) -> bool {
    matches!(kind, ColumnType::Money(money) if money.is_base)
}

/// True if the table has money columns, or had them: then the columns of the currency are listed.
fn has_money(spec: &TableSpec) -> bool {
    spec.columns.iter().any(|column| {
        let is_currency = ["transactioncurrencyid", "exchangerate"].iter().any(|name| column.schema_name.eq_ignore_ascii_case(name));
        is_currency || matches!(column.kind, ColumnType::Money(_))
    })
}

/// States and statuses: those that `spec` lists, else the default ones (SU-8).
fn states(cx: &WriteCx<'_>, authority: &Authority, def: &TableDef, spec: &TableSpec) -> Result<(StateColumn, StatusColumn)> {
    let (mut state, mut status) = default_state();
    for column in &spec.columns {
        match &column.kind {
            ColumnType::State(listed) if column.schema_name.eq_ignore_ascii_case("statecode") => state.clone_from(listed),
            ColumnType::Status(listed) if column.schema_name.eq_ignore_ascii_case("statuscode") => status.clone_from(listed),
            _ => {}
        }
    }
    columns::number_statuses(&mut status, authority.first_option(&def.name), cx.services.limits.choice_options_max)?;
    columns::check_state(&def.name, &state, &status)?;
    Ok((state, status))
}

/// Takes identity and labels of a column that the service makes itself.
fn overlay(cx: &WriteCx<'_>, column: &mut Column, spec: &ColumnSpec) -> Result<()> {
    if spec.id.is_some() {
        column.id = identity(cx, spec.id)?;
    }
    set_label(&mut column.display_name, Some(&spec.display_name), true);
    set_label(&mut column.description, Some(&spec.description), true);
    Ok(())
}

/// The one text column that is marked as the primary name (MD-4).
fn primary_name(def: &TableDef, spec: &TableSpec, custom: &[Column]) -> Result<LogicalName> {
    let mut marked = spec.columns.iter().filter(|column| column.primary_name);
    let (Some(one), None) = (marked.next(), marked.next()) else {
        return Err(Error::argument(format!("The table '{}' must have exactly one column that is marked as primary name.", def.name)));
    };
    let name = one.schema_name.to_ascii_lowercase();
    match custom.iter().find(|column| *column.name == *name) {
        Some(Column { kind: ColumnType::Text(_), name, .. }) => Ok(name.clone()),
        _ => Err(Error::argument(format!("The primary name of the table '{}' must be a column of the type single line of text.", def.name))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(columns: Vec<ColumnSpec>) -> TableSpec {
        TableSpec {
            id: None,
            schema_name: "new_Book".to_owned(),
            set_name: None,
            collection_schema_name: None,
            display_name: Label::default(),
            display_collection_name: Label::default(),
            description: Label::default(),
            ownership: Ownership::User,
            change_tracking: false,
            has_notes: false,
            has_activities: false,
            customizable: true,
            enforce_state_transitions: false,
            columns,
            flags: Default::default(),
        }
    }

    fn column(schema_name: &str, kind: ColumnType) -> ColumnSpec {
        ColumnSpec {
            id: None,
            schema_name: schema_name.to_owned(),
            kind,
            required: Default::default(),
            display_name: Label::default(),
            description: Label::default(),
            primary_name: false,
            secured: false,
            customizable: true,
        }
    }

    #[test] // MD-24
    fn currency_columns_come_with_money_or_when_listed() {
        assert!(!has_money(&spec(vec![column("new_Pages", ColumnType::BigInt)])));
        assert!(has_money(&spec(vec![column("ExchangeRate", ColumnType::BigInt)])));
    }
}
