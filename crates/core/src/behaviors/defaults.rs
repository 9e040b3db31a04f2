//! Columns that the service fills: times, users, owner, state and the defaults of column definitions (MD-15 to MD-19).

use std::sync::Arc;

use driftless_model::{ColumnIx, ColumnType, Reference, Result, Table, Uuid, Value};

use super::{owner, state};
use crate::context::WriteCx;
use crate::records::fields::{get, set};

/// Fills what a new row lacks.
pub(crate) fn fill(cx: &WriteCx<'_>, table: &Arc<Table>, cells: &mut Vec<(ColumnIx, Value)>) -> Result<()> {
    column_defaults(table, cells);
    state::fill(table, cells)?;
    owner::fill(cx, table, cells)?;
    let special = &table.special;
    let user = user_reference(cx, cx.caller.user)?;
    let behalf = cx.caller.acting_for.map_or(Ok(Value::Null), |id| user_reference(cx, id))?;
    let now = Value::DateTime(cx.now_s);
    let mut created = now.clone();
    // MD-17: the given time becomes the time of creation, and the real time is kept in its place.
    if let Some(column) = special.overridden_created_on
        && let Some(given) = get(cells, column).filter(|value| !value.is_null()).cloned()
    {
        created = match given {
            Value::Date(days) => Value::DateTime(i64::from(days) * 86_400),
            other => other,
        };
        let real = if matches!(get(cells, column), Some(Value::Date(_))) { Value::Date(days_of(cx.now_s)) } else { now.clone() };
        set(cells, column, real);
    }
    let organization = cx.snapshot.find("organization").map(|table| table.def.code);
    for (column, value) in [
        (special.created_on, created),
        (special.created_by, user.clone()),
        (special.created_on_behalf_by, behalf.clone()),
        (special.modified_on, now),
        (special.modified_by, user),
        (special.modified_on_behalf_by, behalf),
        (special.organization, organization.map_or(Value::Null, |code| organization_value(cx, table, code))),
    ] {
        if let Some(column) = column
            && get(cells, column).is_none()
        {
            cells.push((column, value));
        }
    }
    Ok(())
}

/// Sets who changed the row and when.
pub(crate) fn touch(cx: &WriteCx<'_>, table: &Table, cells: &mut Vec<(ColumnIx, Value)>) {
    let special = &table.special;
    let user = user_reference(cx, cx.caller.user).unwrap_or(Value::Null);
    let behalf = cx.caller.acting_for.and_then(|id| user_reference(cx, id).ok()).unwrap_or(Value::Null);
    for (column, value) in [(special.modified_on, Value::DateTime(cx.now_s)), (special.modified_by, user), (special.modified_on_behalf_by, behalf)] {
        if let Some(column) = column {
            set(cells, column, value);
        }
    }
}

fn organization_value(cx: &WriteCx<'_>, table: &Table, code: driftless_model::TableCode) -> Value {
    let id = cx.services.facts.organization;
    match table.special.organization.map(|column| table.column(column).lookup().is_some()) {
        Some(true) => Value::Ref(Reference { table: code, id }),
        _ => Value::Guid(id),
    }
}

fn user_reference(cx: &WriteCx<'_>, id: Uuid) -> Result<Value> {
    Ok(Value::Ref(Reference { table: cx.snapshot.require("systemuser")?.def.code, id }))
}

fn days_of(seconds: i64) -> i32 {
    i32::try_from(seconds.div_euclid(86_400)).unwrap_or(i32::MAX)
}

fn column_defaults(table: &Table, cells: &mut Vec<(ColumnIx, Value)>) {
    for (ix, column) in table.indexed() {
        let default = match &column.kind {
            ColumnType::Boolean(kind) => kind.default.map(Value::Bool),
            ColumnType::Choice(kind) => kind.default.map(Value::Int),
            _ => None,
        };
        if let Some(value) = default
            && get(cells, ix).is_none()
        {
            cells.push((ix, value));
        }
    }
}
