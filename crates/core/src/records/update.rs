//! Update: ordinary columns, owner, parents, business unit and state in one write (part 4).

use std::sync::Arc;

use driftless_model::{ColumnIx, Error, ErrorCode, Privilege, Result, Value, Version};

use super::create::{self, Budget};
use super::fields::{self, FoundRow, Operation};
use super::load::{self, Loaded};
use super::{returned, system};
use crate::behaviors;
use crate::context::WriteCx;
use crate::keys;
use crate::request::{Record, Response, Target, Update, Written};

/// Runs an update.
pub(crate) fn run(cx: &mut WriteCx<'_>, update: &Update, earlier: &[Response]) -> Result<Response> {
    let found = admitted(cx, Privilege::Write, &update.target, earlier)?;
    check_version(&found, update.if_version)?;
    let version = record(cx, &found, &update.record, &[], earlier)?;
    let returned = returned(cx, &found.table, found.id, update.returning.as_ref())?;
    Ok(Response::Written(Written { table: Arc::clone(&found.table), id: found.id, version, created: false, returned }))
}

/// The row that a target names, when the caller may do this to it.
pub(crate) fn admitted(cx: &WriteCx<'_>, privilege: Privilege, target: &Target, earlier: &[Response]) -> Result<FoundRow> {
    cx.require(privilege, &target.table)?;
    let found = keys::require(cx.tx.as_read(), &cx.snapshot, target, earlier)?;
    cx.require_found(privilege, target, &found)?;
    Ok(found)
}

/// Refuses when the row has another version than the caller expects (UP-16). The comparison and the write are in one transaction (UP-20).
pub(crate) fn check_version(found: &FoundRow, expected: Option<Version>) -> Result<()> {
    match expected {
        Some(version) if version != found.version => Err(Error::of(ErrorCode::ConcurrencyVersionMismatch)),
        _ => Ok(()),
    }
}

/// Writes a record's columns to a row that exists, without the columns of `except`.
pub(crate) fn record(cx: &mut WriteCx<'_>, found: &FoundRow, record: &Record, except: &[ColumnIx], earlier: &[Response]) -> Result<Version> {
    let mut cells = fields::check(cx, record, Operation::Update, earlier)?;
    cells.retain(|(column, _)| !except.contains(column));
    let mut budget = Budget::new(cx);
    create::parents(cx, record, &mut cells, earlier, &mut budget)?;
    let version = apply(cx, found, cells)?;
    create::related(cx, record, found.id, earlier, &mut budget)?;
    Ok(version)
}

/// Sets columns of the row that a target names.
pub(crate) fn set_columns(cx: &mut WriteCx<'_>, target: &Target, cells: Vec<(ColumnIx, Value)>, earlier: &[Response]) -> Result<Version> {
    let found = admitted(cx, Privilege::Write, target, earlier)?;
    apply(cx, &found, cells)
}

/// Writes checked columns to a row that exists, with all that follows from them: one write of the row, so one version (SU-5).
pub(crate) fn apply(cx: &mut WriteCx<'_>, found: &FoundRow, mut cells: Vec<(ColumnIx, Value)>) -> Result<Version> {
    let (table, id) = (&found.table, found.id);
    behaviors::tables::may_update(table)?;
    cx.require_append(table, id, &cells)?;
    let needed = behaviors::columns_to_load(table, &cells);
    let no_such_record = || Error::no_such_record(table.name(), id);
    let before =
        if needed.is_empty() { Loaded::bare(id, found.version) } else { load::by_id(cx.tx.as_read(), table, id, &needed)?.ok_or_else(no_such_record)? };
    behaviors::before_update(cx, table, &before, &mut cells)?;
    behaviors::defaults::touch(cx, table, &mut cells);
    let version = system::change(cx, table, id, &cells)?.ok_or_else(no_such_record)?;
    if !behaviors::after_update(cx, table, &before, &cells)? {
        return Ok(version);
    }
    // What followed may have written the row again: the answer has the last version.
    Ok(load::by_id(cx.tx.as_read(), table, id, &[])?.map_or(version, |row| row.version))
}
