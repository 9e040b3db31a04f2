//! Making, changing and removing many-to-many relationships with their tables of pairs (MD-30).
//!
//! A table of pairs is a table like others, with a primary id, a version and the ids of the two rows. Its one alternate key keeps pairs unique; an index on
//! the second id serves the way back. It has no switch for tracking: it is tracked when both tables of the relationship are (CT-6).

use std::sync::Arc;

use driftless_model::{
    AlternateKey, Column, ColumnType, Error, ErrorCode, KeyIndexStatus, Label, LogicalName, ManyToMany, Ownership, RequiredLevel, Result, SchemaName, SetName,
    Side, Table, TableDef, Uuid, Validity, check_name, physical_name,
};
use driftless_store::{DefinitionKind, KeyBuild, SchemaChange};

use super::system_columns::{SystemExtras, system_columns};
use super::validate::{Authority, Removal, component_type, identity, name_taken, require_removable, shown};
use super::{Definition, ManyToManySpec, ManyToManyUpdate, Origin, SideSpec, columns, relationships, tables};
use crate::context::WriteCx;
use crate::solutions::components;

/// What tells the second navigation property of a relationship of a table with itself from the first, where both would have one name.
const REVERSE: &str = "_Referenced";

/// Makes a relationship and its table of pairs. Gives the relationship's `MetadataId`.
///
/// # Errors
/// 0x80041102 without a table, 0x8004432B when the name exists, 0x8004700B and 0x80044363 for the names of the table of pairs, 0x80044361 for a navigation
/// property's name that exists, the codes of MD-3 and 0x80044366 for names, 0x8004F032 for tables whose rows cannot be paired.
pub(crate) fn create(cx: &mut WriteCx<'_>, spec: &ManyToManySpec, origin: &Origin) -> Result<Uuid> {
    let authority = Authority::of(cx, origin)?;
    authority.check_name(&spec.schema_name)?;
    relationships::require_free(cx, &authority, &spec.schema_name)?;
    let first = Arc::clone(cx.snapshot.require(&spec.first.table)?);
    let second = Arc::clone(cx.snapshot.require(&spec.second.table)?);
    for table in [&first, &second] {
        columns::require_extensible(table, origin)?;
    }
    let def = intersect_def(cx, &authority, spec, first.def.change_tracking && second.def.change_tracking)?;
    let relationship = assemble(cx, &authority, spec, &def, [&first, &second])?;
    check_navigations(cx, &relationship)?;
    let id = relationship.id;
    add(cx, def, relationship)?;
    components::add(cx, origin, component_type::RELATIONSHIP, id)?;
    Ok(id)
}

/// Changes how user interfaces show a relationship. Whether customizers may change it is checked by the caller.
///
/// # Errors
/// 0x80040217 without the relationship.
pub(crate) fn update(cx: &mut WriteCx<'_>, name: &str, change: &ManyToManyUpdate) -> Result<()> {
    let present = require(cx, name)?;
    let mut relationship = ManyToMany::clone(&present);
    for (side, menu) in [(&mut relationship.first, &change.first_menu), (&mut relationship.second, &change.second_menu)] {
        if let Some(menu) = menu {
            side.menu.clone_from(menu);
        }
    }
    if relationship == *present { Ok(()) } else { cx.define(vec![Definition::ManyToMany(relationship)]) }
}

/// Removes a relationship with its table of pairs and all pairs.
///
/// # Errors
/// 0x80040217 without the relationship, 0x8004F032 for built-in and managed ones.
pub(crate) fn delete(cx: &mut WriteCx<'_>, name: &str, removal: Removal) -> Result<()> {
    let relationship = require(cx, name)?;
    require_removable(removal, relationship.custom, relationship.managed, &format!("The relationship '{}'", relationship.schema_name))?;
    let pairs = Arc::clone(cx.snapshot.require(&relationship.intersect)?);
    cx.undefine(&[(DefinitionKind::ManyToMany, relationship.id)])?;
    tables::drop_with_parts(cx, &pairs)?;
    components::remove(cx, relationship.id)
}

/// The relationship of this schema name.
///
/// # Errors
/// 0x80040217.
pub(super) fn require(cx: &WriteCx<'_>, name: &str) -> Result<Arc<ManyToMany>> {
    let found = cx.snapshot.many_to_many_named(name).cloned();
    found.ok_or_else(|| Error::new(ErrorCode::ObjectDoesNotExist, format!("There is no relationship with the schema name '{}'.", shown(name))))
}

/// Tracks the pairs of a table whose tracking was switched on, where the other table of the relationship is tracked too (CT-6).
///
/// # Errors
/// When the store fails.
pub(crate) fn track(cx: &mut WriteCx<'_>, table: &str) -> Result<()> {
    let mut tracked = Vec::new();
    for pairing in cx.snapshot.pairings(table) {
        let pairs = cx.snapshot.require(pairing.intersect())?;
        let is_due = cx.snapshot.require(&pairing.own().table)?.def.change_tracking && cx.snapshot.require(&pairing.other().table)?.def.change_tracking;
        if is_due && !pairs.def.change_tracking {
            tracked.push(Definition::Table(TableDef { change_tracking: true, modified_on: cx.now_s, ..pairs.def.clone() }));
        }
    }
    if tracked.is_empty() { Ok(()) } else { cx.define(tracked) }
}

/// The key that keeps the pairs of a table unique, before its index is built.
pub(crate) fn pair_key(pairs: &TableDef, relationship: &ManyToMany, id: Uuid) -> AlternateKey {
    let schema_name = SchemaName::from(format!("{}_pair", pairs.schema_name));
    AlternateKey {
        id,
        name: schema_name.to_logical(),
        schema_name,
        display_name: Label::english("Pair"),
        columns: vec![relationship.first.column.clone(), relationship.second.column.clone()],
        status: KeyIndexStatus::Pending,
        job: None,
        physical: format!("k_{}", id.simple()),
        managed: pairs.managed,
        customizable: false,
        introduced_version: pairs.introduced_version.clone(),
    }
}

/// Builds the key and the index of a table of pairs that is there. Gives the key, which has failed if pairs stand twice.
///
/// # Errors
/// When the store fails.
pub(crate) fn index(cx: &mut WriteCx<'_>, pairs: &Table, relationship: &ManyToMany, key: AlternateKey) -> Result<AlternateKey> {
    let back = pairs.require(&relationship.second.column)?;
    cx.tx.change_schema(&SchemaChange::IndexLookup(pairs, back))?;
    let status = match cx.tx.change_schema(&SchemaChange::BuildKey(pairs, &key))? {
        KeyBuild::Done => KeyIndexStatus::Active,
        KeyBuild::Collides { .. } => KeyIndexStatus::Failed,
    };
    Ok(AlternateKey { status, ..key })
}

/// Writes the definitions and makes the physical table.
fn add(cx: &mut WriteCx<'_>, mut def: TableDef, relationship: ManyToMany) -> Result<()> {
    def.code = cx.next_table_code()?;
    let (id, name) = (def.id, def.name.clone());
    let columns = pair_columns(cx, &def, &relationship);
    let key = pair_key(&def, &relationship, cx.new_id());
    let mut definitions = vec![Definition::Table(def)];
    definitions.extend(columns.into_iter().map(|column| Definition::Column(id, column)));
    definitions.push(Definition::ManyToMany(relationship.clone()));
    cx.define(definitions)?;
    let pairs = Arc::clone(cx.snapshot.require(&name)?);
    cx.tx.change_schema(&SchemaChange::CreateTable(&pairs))?;
    let key = index(cx, &pairs, &relationship, key)?;
    cx.define(vec![Definition::Key(id, key)])
}

/// The definition of the table of pairs, without its number; names are checked.
fn intersect_def(cx: &WriteCx<'_>, authority: &Authority, spec: &ManyToManySpec, change_tracking: bool) -> Result<TableDef> {
    let asked = spec.intersect.as_deref().filter(|name| !name.is_empty()).unwrap_or(&spec.schema_name);
    tables::names::check_table(authority, asked)?;
    let schema_name = SchemaName::from(asked);
    let name = schema_name.to_logical();
    if let Some(present) = cx.snapshot.find(&name) {
        return Err(name_taken(authority, present.def.custom, present.def.managed, ErrorCode::EntityNameExists, &name));
    }
    let physical = tables::free_physical(cx, &name)?;
    let set_name = SetName::from(format!("{name}set"));
    if cx.snapshot.tables().any(|other| other.def.set_name.eq_ignore_ascii_case(set_name.as_str())) {
        return Err(Error::new(ErrorCode::SetNameTaken, format!("The entity set name '{set_name}' is not unique.")));
    }
    Ok(TableDef {
        id: cx.new_id(),
        code: driftless_model::TableCode(0),
        set_name,
        display_name: Label::english(schema_name.as_str()),
        display_collection_name: Label::default(),
        collection_schema_name: SchemaName::from(format!("{schema_name}Set")),
        description: Label::default(),
        ownership: Ownership::None,
        primary_id: LogicalName::from(format!("{name}id")),
        primary_name: None,
        physical,
        seed_version: 0,
        change_tracking,
        can_change_tracking_be_enabled: false,
        intersect: true,
        private: false,
        custom: true,
        managed: authority.managed,
        customizable: false,
        enforce_state_transitions: false,
        has_notes: false,
        has_activities: false,
        activity: false,
        introduced_version: authority.version.clone(),
        flags: Default::default(),
        created_on: cx.now_s,
        modified_on: cx.now_s,
        schema_name,
        name,
    })
}

/// Primary id, version, and the ids of the two rows.
fn pair_columns(cx: &WriteCx<'_>, def: &TableDef, relationship: &ManyToMany) -> Vec<Column> {
    let extras = SystemExtras { standard: false, state: None, has_money: false, first_number: 1, declared: &|_| false };
    let mut columns = system_columns(def, &extras, &mut |_| cx.new_id()).columns;
    let next = columns.iter().map(|column| column.number).max().map_or(1, |last| last + 1);
    for (number, side) in (next..).zip([&relationship.first, &relationship.second]) {
        columns.push(Column {
            id: cx.new_id(),
            physical: physical_name(&side.column),
            schema_name: SchemaName::from(side.column.as_str()),
            kind: ColumnType::UniqueId { primary: false },
            required: RequiredLevel::System,
            valid: Validity::READ_ONLY,
            display_name: Label::english(side.column.as_str()),
            description: Label::default(),
            number,
            attribute_of: None,
            custom: false,
            managed: def.managed,
            customizable: false,
            secured: false,
            introduced_version: def.introduced_version.clone(),
            name: side.column.clone(),
        });
    }
    columns
}

/// The relationship, its navigation properties named after itself unless other names are asked for (web-api 2, 26.6).
fn assemble(cx: &WriteCx<'_>, authority: &Authority, spec: &ManyToManySpec, pairs: &TableDef, tables: [&Table; 2]) -> Result<ManyToMany> {
    let ids = tables.map(|table| table.def.primary_id.as_str());
    let column = |at: usize| match ids[0] == ids[1] {
        true => LogicalName::from(format!("{}{}", ids[at], ["one", "two"][at])),
        false => LogicalName::from(ids[at]),
    };
    let side = |at: usize, asked: &SideSpec| {
        let navigation = match asked.navigation.as_deref().filter(|name| !name.is_empty()) {
            Some(name) => check_name(name).map(|()| name.to_owned())?,
            None => spec.schema_name.clone(),
        };
        Ok::<_, Error>(Side { table: tables[at].name().clone(), column: column(at), navigation, menu: asked.menu.clone() })
    };
    let (first, mut second) = (side(0, &spec.first)?, side(1, &spec.second)?);
    if first.table == second.table && first.navigation == second.navigation {
        second.navigation.push_str(REVERSE);
    }
    Ok(ManyToMany {
        id: identity(cx, spec.id)?,
        schema_name: SchemaName::from(spec.schema_name.as_str()),
        intersect: pairs.name.clone(),
        first,
        second,
        custom: true,
        managed: authority.managed,
        customizable: spec.customizable,
        introduced_version: authority.version.clone(),
    })
}

/// Both names must be free on their table, among navigation properties and among columns.
fn check_navigations(cx: &WriteCx<'_>, relationship: &ManyToMany) -> Result<()> {
    for side in [&relationship.first, &relationship.second] {
        if cx.snapshot.has_navigation(&side.table, &side.navigation) || cx.snapshot.require(&side.table)?.find(&side.navigation).is_some() {
            return Err(relationships::navigation_taken(&side.navigation, &side.table));
        }
    }
    Ok(())
}
