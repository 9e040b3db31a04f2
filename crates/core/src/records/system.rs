//! Rows that the service itself keeps: jobs, solutions, its own set-up. Columns that callers may not set can be set here (UP-21 does not apply).

use std::sync::Arc;

use driftless_model::{ColumnIx, Error, Result, Table, Uuid, Value, Version};
use driftless_query::ResolvedFilter;
use driftless_store::{ReadTx, Stamped, StampedRemoval};

use super::{load, refuse_duplicate};
use crate::behaviors::{self, activities};
use crate::context::WriteCx;

/// A row that was read.
#[derive(Clone, Debug)]
pub(crate) struct SystemRow {
    pub(crate) id: Uuid,
    pub(crate) version: Version,
    values: Vec<Value>,
}

impl SystemRow {
    /// The value of the n-th column that was asked for.
    pub(crate) fn value(&self, at: usize) -> &Value {
        self.values.get(at).unwrap_or(&Value::Null)
    }

    /// Text in the n-th column.
    pub(crate) fn text(&self, at: usize) -> &str {
        match self.value(at) {
            Value::Text(text) => text,
            _ => "",
        }
    }
}

/// Rows of a table that `filter` holds of, with these columns.
pub(crate) fn rows(tx: &dyn ReadTx, table: &Arc<Table>, columns: &[&str], filter: Option<ResolvedFilter>) -> Result<Vec<SystemRow>> {
    let places = columns.iter().map(|name| table.require(name)).collect::<Result<Vec<_>>>()?;
    let loaded = load::matching(tx, table, &places, filter.unwrap_or(ResolvedFilter::And(Vec::new())), None)?;
    Ok(loaded.into_iter().map(|row| SystemRow { id: row.id, version: row.version, values: places.iter().map(|ix| row.value(*ix).clone()).collect() }).collect())
}

/// Makes a row. System columns that are not given are filled.
pub(crate) fn insert(cx: &mut WriteCx<'_>, table: &str, id: Option<Uuid>, values: &[(&str, Value)]) -> Result<Uuid> {
    let table = Arc::clone(cx.snapshot.require(table)?);
    let id = id.unwrap_or_else(|| cx.new_id());
    let mut cells = places(&table, values)?;
    behaviors::defaults::fill(cx, &table, &mut cells)?;
    put(cx, &table, id, &cells)?;
    Ok(id)
}

/// Writes an insert and its consequences for what the service remembers.
pub(crate) fn put(cx: &mut WriteCx<'_>, table: &Arc<Table>, id: Uuid, cells: &[(ColumnIx, Value)]) -> Result<Version> {
    let row = Stamped::new(cx.tx, table, id, cells)?;
    let version = row.version();
    note(cx, table);
    cx.tx.insert(&row).map_err(|error| refuse_duplicate(table, error, cx.caller.language))?;
    if activities::is_activity(table) {
        activities::put_base(cx, table, id, cells)?;
    }
    Ok(version)
}

/// Changes columns of a row; false if there is no such row.
pub(crate) fn update(cx: &mut WriteCx<'_>, table: &str, id: Uuid, values: &[(&str, Value)]) -> Result<bool> {
    let table = Arc::clone(cx.snapshot.require(table)?);
    let mut cells = places(&table, values)?;
    behaviors::defaults::touch(cx, &table, &mut cells);
    Ok(change(cx, &table, id, &cells)?.is_some())
}

/// Writes an update; none if there is no such row.
pub(crate) fn change(cx: &mut WriteCx<'_>, table: &Arc<Table>, id: Uuid, cells: &[(ColumnIx, Value)]) -> Result<Option<Version>> {
    let row = Stamped::new(cx.tx, table, id, cells)?;
    note(cx, table);
    let found = cx.tx.update(&row).map_err(|error| refuse_duplicate(table, error, cx.caller.language))?;
    let version = row.version();
    if found && activities::is_activity(table) {
        activities::change_base(cx, table, id, cells)?;
    }
    Ok(found.then_some(version))
}

/// Removes a row without looking at relationships; false if there is none.
pub(crate) fn delete(cx: &mut WriteCx<'_>, table: &str, id: Uuid) -> Result<bool> {
    let table = Arc::clone(cx.snapshot.require(table)?);
    remove(cx, &table, id)
}

/// As [`delete`].
pub(crate) fn remove(cx: &mut WriteCx<'_>, table: &Arc<Table>, id: Uuid) -> Result<bool> {
    let row = StampedRemoval::new(cx.tx, table, id, cx.now_s)?;
    cx.forget_known();
    note(cx, table);
    let found = cx.tx.remove(&row)?;
    if found && activities::is_activity(table) {
        activities::remove_base(cx, id)?;
    }
    Ok(found)
}

/// Says that rights change, before what decides them is written.
fn note(cx: &mut WriteCx<'_>, table: &Table) {
    if crate::security::decides_access(table.name()) {
        cx.rights.begin();
        cx.access_is_old = true;
    }
}

fn places(table: &Table, values: &[(&str, Value)]) -> Result<Vec<(ColumnIx, Value)>> {
    values
        .iter()
        .map(|(name, value)| match table.find(name) {
            Some(ix) => Ok((ix, value.clone())),
            None => Err(Error::damaged(format!("the table '{}' has no column '{name}'", table.name()))),
        })
        .collect()
}
