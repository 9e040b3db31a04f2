//! Activities: tasks, phone calls and their like. Each row has a second one in `activitypointer`, under the same id, by which clients read activities of all
//! kinds at once (STD-7). It holds the columns that both tables have, and follows every write.

use std::sync::Arc;

use driftless_model::{ColumnIx, ColumnType, Result, Table, Uuid, Value};

use crate::context::WriteCx;
use crate::records::fields::{get, set};
use crate::records::load::Loaded;
use crate::records::system;

/// The table of the base rows.
pub const ACTIVITY_POINTER: &str = "activitypointer";

/// State of an activity that is neither done nor canceled.
const OPEN: i32 = 0;
/// State of an appointment that is to take place.
const SCHEDULED: i32 = 3;

/// True for tables whose rows have a base row.
pub fn is_activity(table: &Table) -> bool {
    table.def.activity && table.name().as_str() != ACTIVITY_POINTER
}

/// Present values that the rules below need.
pub(crate) fn inputs(table: &Table) -> Vec<ColumnIx> {
    if !is_activity(table) {
        return Vec::new();
    }
    ["scheduledstart", "scheduledend", "actualend"].iter().filter_map(|name| table.find(name)).chain(table.special.state).collect()
}

/// The kind of a new activity, and what follows from its times.
pub(crate) fn before_create(table: &Table, cells: &mut Vec<(ColumnIx, Value)>) -> Result<()> {
    if !is_activity(table) {
        return Ok(());
    }
    set(cells, table.require("activitytypecode")?, Value::text(table.name().as_str()));
    set(cells, table.require("isregularactivity")?, Value::Bool(true));
    schedule(table, None, cells)
}

/// What follows from the times of a changed activity, and the time at which it is done or canceled, unless that is given.
pub(crate) fn before_update(cx: &WriteCx<'_>, table: &Table, before: &Loaded, cells: &mut Vec<(ColumnIx, Value)>) -> Result<()> {
    if !is_activity(table) {
        return Ok(());
    }
    schedule(table, Some(before), cells)?;
    let end = table.require("actualend")?;
    let Some(Value::Int(state)) = table.special.state.and_then(|state| get(cells, state)) else { return Ok(()) };
    let is_over = |state: i32| state != OPEN && state != SCHEDULED;
    if is_over(*state) && !before.int(table.special.state).is_some_and(is_over) && get(cells, end).unwrap_or_else(|| before.value(end)).is_null() {
        set(cells, end, Value::DateTime(cx.now_s));
    }
    Ok(())
}

/// `scheduleddurationminutes` is the time between start and end; null when one of them is, or when the end comes first.
fn schedule(table: &Table, before: Option<&Loaded>, cells: &mut Vec<(ColumnIx, Value)>) -> Result<()> {
    let ends = [table.require("scheduledstart")?, table.require("scheduledend")?];
    if ends.iter().all(|column| get(cells, *column).is_none()) {
        return Ok(());
    }
    let [start, end] = ends.map(|column| match get(cells, column).or_else(|| before.map(|row| row.value(column))) {
        Some(Value::DateTime(seconds)) => Some(*seconds),
        _ => None,
    });
    let minutes = start.zip(end).and_then(|(start, end)| end.checked_sub(start)).filter(|seconds| *seconds >= 0).map(|seconds| seconds / 60);
    let minutes = minutes.and_then(|minutes| i32::try_from(minutes).ok()).map_or(Value::Null, Value::Int);
    set(cells, table.require("scheduleddurationminutes")?, minutes);
    Ok(())
}

/// Makes the base row of a new activity.
pub(crate) fn put_base(cx: &mut WriteCx<'_>, table: &Table, id: Uuid, cells: &[(ColumnIx, Value)]) -> Result<()> {
    let base = Arc::clone(cx.snapshot.require(ACTIVITY_POINTER)?);
    let cells = shared(table, &base, cells);
    system::put(cx, &base, id, &cells)?;
    Ok(())
}

/// Changes the base row of a changed activity.
pub(crate) fn change_base(cx: &mut WriteCx<'_>, table: &Table, id: Uuid, cells: &[(ColumnIx, Value)]) -> Result<()> {
    let base = Arc::clone(cx.snapshot.require(ACTIVITY_POINTER)?);
    let cells = shared(table, &base, cells);
    system::change(cx, &base, id, &cells)?;
    Ok(())
}

/// Removes the base row of an activity that goes.
pub(crate) fn remove_base(cx: &mut WriteCx<'_>, id: Uuid) -> Result<()> {
    system::delete(cx, ACTIVITY_POINTER, id)?;
    Ok(())
}

/// The cells that the base row has too. Each kind of activity has statuses of its own; the base row has the one that belongs to the state.
fn shared(table: &Table, base: &Table, cells: &[(ColumnIx, Value)]) -> Vec<(ColumnIx, Value)> {
    let mut own = Vec::with_capacity(cells.len());
    for (column, value) in cells.iter().filter(|(column, _)| Some(*column) != table.special.status) {
        let Some(place) = base.find(&table.column(*column).name) else { continue };
        own.push((place, value.clone()));
        if let (Some(state), Some(status), Value::Int(code)) = (base.special.state, base.special.status, value)
            && place == state
            && let ColumnType::State(states) = &base.column(state).kind
            && let Some(option) = states.states.iter().find(|option| option.option.value == *code)
        {
            own.push((status, Value::Int(option.default_status)));
        }
    }
    own
}
