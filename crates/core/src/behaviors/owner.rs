//! Owner and business unit of a row (4.2).

use std::sync::Arc;

use driftless_model::{ColumnIx, Error, ErrorCode, Privilege, Reference, Result, Table, Uuid, Value};

use crate::context::WriteCx;
use crate::records::fields::{get, set};
use crate::records::load::{self, Loaded};
use crate::records::system;

/// `teamtype` of a team that may own rows; others are access and directory teams (SU-14).
const ACCESS_TEAM: i32 = 1;

/// Owner of a new row: the given one, else the caller.
pub(crate) fn fill(cx: &WriteCx<'_>, table: &Table, cells: &mut Vec<(ColumnIx, Value)>) -> Result<()> {
    let Some(column) = table.special.owner else { return Ok(()) };
    let owner = match get(cells, column) {
        Some(Value::Ref(owner)) => *owner,
        _ => Reference { table: cx.snapshot.require("systemuser")?.def.code, id: cx.caller.user },
    };
    set(cells, column, Value::Ref(owner));
    set_owning(cx, table, owner, cells)
}

/// Owner of a changed row. Giving it to the present owner does nothing further (SU-17).
pub(crate) fn before_update(cx: &WriteCx<'_>, table: &Arc<Table>, before: &Loaded, cells: &mut Vec<(ColumnIx, Value)>) -> Result<()> {
    match change(table, before, cells) {
        Some((owner, _)) => {
            cx.require_row(Privilege::Assign, table, before.id)?;
            set_owning(cx, table, owner, cells)
        }
        None => Ok(()),
    }
}

/// The new and the previous owner, if the cells give the row another one.
pub(crate) fn change(table: &Table, before: &Loaded, cells: &[(ColumnIx, Value)]) -> Option<(Reference, Option<Reference>)> {
    let column = table.special.owner?;
    let Some(Value::Ref(owner)) = get(cells, column) else { return None };
    let previous = match before.value(column) {
        Value::Ref(previous) => Some(*previous),
        _ => None,
    };
    (previous.map(|previous| previous.id) != Some(owner.id)).then_some((*owner, previous))
}

/// Gives a row that a cascade reached to a new owner.
pub(crate) fn give(cx: &mut WriteCx<'_>, table: &Arc<Table>, id: Uuid, owner: Reference) -> Result<()> {
    let Some(column) = table.special.owner else { return Ok(()) };
    let mut cells = vec![(column, Value::Ref(owner))];
    set_owning(cx, table, owner, &mut cells)?;
    super::defaults::touch(cx, table, &mut cells);
    system::change(cx, table, id, &cells)?;
    Ok(())
}

/// `owninguser`, `owningteam` and `owningbusinessunit` follow the owner (SU-15).
fn set_owning(cx: &WriteCx<'_>, table: &Table, owner: Reference, cells: &mut Vec<(ColumnIx, Value)>) -> Result<()> {
    let (is_team, unit) = unit_of(cx, owner)?;
    let special = &table.special;
    let units = cx.snapshot.require("businessunit")?.def.code;
    for (column, value) in [
        (special.owning_user, if is_team { Value::Null } else { Value::Ref(owner) }),
        (special.owning_team, if is_team { Value::Ref(owner) } else { Value::Null }),
        (special.owning_business_unit, Value::Ref(Reference { table: units, id: unit })),
    ] {
        if let Some(column) = column {
            set(cells, column, value);
        }
    }
    Ok(())
}

/// Whether the owner is a team, and its business unit.
fn unit_of(cx: &WriteCx<'_>, owner: Reference) -> Result<(bool, Uuid)> {
    let table = cx.snapshot.by_code(owner.table).ok_or_else(|| Error::of(ErrorCode::InvalidOwnerId))?;
    let is_team = table.name().as_str() == "team";
    let standings = &cx.services.standings;
    if let Some(unit) = standings.unit(owner) {
        return Ok((is_team, unit));
    }
    // This unit has the one writer: what others change of users comes before it or after it.
    let generation = standings.generation();
    let unit = table.require("businessunitid")?;
    let kind = if is_team { table.find("teamtype") } else { None };
    let columns: Vec<_> = [Some(unit), kind].into_iter().flatten().collect();
    let row = load::by_id(cx.tx.as_read(), table, owner.id, &columns)?.ok_or_else(|| Error::of(ErrorCode::InvalidOwnerId))?;
    if row.int(kind) == Some(ACCESS_TEAM) {
        return Err(Error::of(ErrorCode::CannotAssignToAccessTeam));
    }
    let unit = row.value(unit).id().ok_or_else(|| Error::damaged(format!("the owner {} has no business unit", owner.id)))?;
    standings.put_unit(owner, unit, generation);
    Ok((is_team, unit))
}
