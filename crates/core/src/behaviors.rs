//! What writing a special column does, and what special tables demand. The specialised messages of old are nothing but an update of such columns (SU-1), so
//! there is one place for each rule.
//!
//! Order inside one update (SU-4): ordinary columns, owner, business unit and parent, state. All of it ends in one write of the row (SU-5).

pub(crate) mod activities;
pub(crate) mod addresses;
pub(crate) mod customers;
pub(crate) mod defaults;
pub(crate) mod mappings;
pub(crate) mod memberships;
pub(crate) mod money;
pub(crate) mod names;
pub(crate) mod notes;
pub(crate) mod organization_tree;
pub(crate) mod owner;
mod principals;
pub(crate) mod state;
pub(crate) mod tables;
pub(crate) mod user_settings;
pub(crate) mod views;

use std::sync::Arc;

use driftless_model::{ColumnIx, Error, ErrorCode, Reference, Result, Table, Uuid, Value};

use crate::context::WriteCx;
use crate::files::column as files;
use crate::records::cascade::{self, Reach};
use crate::records::fields;
use crate::records::labels;
use crate::records::load::Loaded;
use crate::security::shares;

/// Before a row is made: columns that follow from others.
pub(crate) fn before_create(cx: &mut WriteCx<'_>, table: &Arc<Table>, id: Uuid, cells: &mut Vec<(ColumnIx, Value)>) -> Result<()> {
    principals::check(cx, table, id, cells)?;
    principals::name(table, cells)?;
    names::compose(cx, table, None, cells)?;
    addresses::compose(table, None, cells);
    money::convert(cx, table, None, cells)?;
    customers::derive(cx, table, cells)?;
    notes::derive(cx, table, cells)?;
    activities::before_create(table, cells)?;
    files::before_write(cx, table, id, None, cells)?;
    tables::before_create(cx, table, id, cells)
}

/// After a row is made: rows that follow from it.
pub(crate) fn after_create(cx: &mut WriteCx<'_>, table: &Arc<Table>, id: Uuid, cells: &[(ColumnIx, Value)]) -> Result<()> {
    organization_tree::after_create(cx, table, id, cells)
}

/// Columns whose present values the rules for this update need.
pub(crate) fn columns_to_load(table: &Table, cells: &[(ColumnIx, Value)]) -> Vec<ColumnIx> {
    let special = &table.special;
    let mut needed = Vec::new();
    let writes = |column: Option<ColumnIx>| column.is_some_and(|column| fields::get(cells, column).is_some());
    if writes(special.state) || writes(special.status) {
        needed.extend([special.state, special.status].into_iter().flatten());
    }
    if writes(special.owner) {
        needed.extend(special.owner);
    }
    needed.extend(names::inputs(table, cells));
    needed.extend(addresses::inputs(table, cells));
    needed.extend(money::inputs(table, cells));
    needed.extend(activities::inputs(table));
    needed.extend(files::inputs(table, cells));
    needed.extend(tables::inputs(table));
    needed
}

/// Before a row is changed: checks, and columns that follow from others.
pub(crate) fn before_update(cx: &mut WriteCx<'_>, table: &Arc<Table>, before: &Loaded, cells: &mut Vec<(ColumnIx, Value)>) -> Result<()> {
    tables::before_update(cx, table, before, cells)?;
    principals::check(cx, table, before.id, cells)?;
    names::compose(cx, table, Some(before), cells)?;
    addresses::compose(table, Some(before), cells);
    money::convert(cx, table, Some(before), cells)?;
    customers::derive(cx, table, cells)?;
    notes::derive(cx, table, cells)?;
    owner::before_update(cx, table, before, cells)?;
    no_loop(cx, table, before.id, cells)?;
    files::before_write(cx, table, before.id, Some(before), cells)?;
    state::before_update(table, before, cells)?;
    activities::before_update(cx, table, before, cells)
}

/// After a row is changed: what follows for other rows. True if it may have come back to the row and written it again.
pub(crate) fn after_update(cx: &mut WriteCx<'_>, table: &Arc<Table>, before: &Loaded, cells: &[(ColumnIx, Value)]) -> Result<bool> {
    let owner_change = owner::change(table, before, cells);
    if let Some((owner, previous)) = owner_change {
        let mut reach = Reach::new(cx);
        reach.enter(table, before.id)?;
        cascade::assign(cx, table, before.id, owner, previous, &mut reach)?;
    }
    let moves = organization_tree::after_update(cx, table, before, cells)?;
    Ok(moves || owner_change.is_some())
}

/// Before a row is removed: refusals of the table, and rows that go first.
pub(crate) fn before_delete(cx: &mut WriteCx<'_>, table: &Arc<Table>, id: Uuid) -> Result<()> {
    tables::before_delete(cx, table, id)?;
    shares::forget_row(cx, table, id)?;
    labels::forget_row(cx, table, id)?;
    organization_tree::before_delete(cx, table, id)
}

/// Refuses a parent that is the row itself or below it (SU-19). There is one writer, so two moves cannot close a loop together.
fn no_loop(cx: &WriteCx<'_>, table: &Arc<Table>, id: Uuid, cells: &[(ColumnIx, Value)]) -> Result<()> {
    for (column, value) in cells {
        let Value::Ref(Reference { table: code, id: parent }) = value else { continue };
        if *code != table.def.code {
            continue;
        }
        let name = &table.column(*column).name;
        let makes_tree = cx.snapshot.lookup_relationship(table.name(), name, table.name()).is_some_and(|relationship| relationship.hierarchical);
        if makes_tree && cascade::leads_to(cx, table, *column, *parent, id)? {
            return Err(Error::of(match table.name().as_str() {
                "systemuser" => ErrorCode::UserLoopExists,
                "businessunit" => ErrorCode::BusinessManagementLoopExists,
                "contact" => ErrorCode::ContactLoopExists,
                _ => ErrorCode::LoopExists,
            }));
        }
    }
    Ok(())
}
