//! Create: a row with related rows.

use std::sync::Arc;

use driftless_model::{ColumnIx, Error, ErrorCode, LogicalName, Privilege, Reference, RequiredLevel, Result, Table, Uuid, Value, Version};

use super::fields::{self, Operation};
use super::{links, pairs, returned, system, update};
use crate::behaviors;
use crate::context::WriteCx;
use crate::metadata::Collection;
use crate::request::{Create, Record, Related, Response, Written};

/// Runs a create.
pub(crate) fn run(cx: &mut WriteCx<'_>, create: &Create, earlier: &[Response]) -> Result<Response> {
    let (id, version) = record(cx, &create.record, Vec::new(), earlier, &mut Budget::new(cx))?;
    let table = &create.record.table;
    let returned = returned(cx, table, id, create.returning.as_ref())?;
    Ok(Response::Written(Written { table: Arc::clone(table), id, version, created: true, returned }))
}

/// How much a deep insert may still hold.
pub(crate) struct Budget {
    records: usize,
    depth: usize,
}

impl Budget {
    pub(crate) fn new(cx: &WriteCx<'_>) -> Self {
        Self { records: cx.services.limits.related_records_max, depth: cx.services.limits.related_depth_max }
    }

    /// Goes one level down for one related record.
    fn descend(&mut self) -> Result<()> {
        self.records = self.records.checked_sub(1).ok_or_else(|| Error::argument("The request holds too many related records; split it."))?;
        self.depth = self.depth.checked_sub(1).ok_or_else(|| Error::argument("Related records are nested too deeply; split the request."))?;
        Ok(())
    }

    fn ascend(&mut self) {
        self.depth += 1;
    }
}

/// Makes a row from a record; `given` are columns set by the operation around it, unless the record writes them itself (UP-26).
pub(crate) fn record(
    cx: &mut WriteCx<'_>,
    record: &Record,
    given: Vec<(ColumnIx, Value)>,
    earlier: &[Response],
    budget: &mut Budget,
) -> Result<(Uuid, Version)> {
    let table = &record.table;
    cx.require(Privilege::Create, table)?;
    behaviors::tables::may_create(table)?;
    let mut cells = fields::check(cx, record, Operation::Create, earlier)?;
    parents(cx, record, &mut cells, earlier, budget)?;
    for (column, value) in given {
        if fields::get(&cells, column).is_none() {
            cells.push((column, value));
        }
    }
    let id = record.id.unwrap_or_else(|| cx.new_id());
    let given: Vec<ColumnIx> = cells.iter().map(|(column, _)| *column).collect();
    behaviors::before_create(cx, table, id, &mut cells)?;
    behaviors::defaults::fill(cx, table, &mut cells)?;
    required(table, &cells)?;
    cx.require_new(table, id, &given, &cells)?;
    let version = system::put(cx, table, id, &cells)?;
    behaviors::after_create(cx, table, id, &cells)?;
    related(cx, record, id, earlier, budget)?;
    Ok((id, version))
}

/// Makes the rows that lookups shall refer to, first.
pub(crate) fn parents(cx: &mut WriteCx<'_>, record: &Record, cells: &mut Vec<(ColumnIx, Value)>, earlier: &[Response], budget: &mut Budget) -> Result<()> {
    for part in &record.related {
        if let Related::Parent(lookup, parent) = part {
            budget.descend()?;
            let (id, _) = self::record(cx, parent, Vec::new(), earlier, budget)?;
            cx.require_row(Privilege::AppendTo, &parent.table, id)?;
            budget.ascend();
            fields::set(cells, *lookup, Value::Ref(Reference { table: parent.table.def.code, id }));
        }
    }
    Ok(())
}

/// Makes or links the rows that shall refer to this one, last (UP-26).
pub(crate) fn related(cx: &mut WriteCx<'_>, record: &Record, id: Uuid, earlier: &[Response], budget: &mut Budget) -> Result<()> {
    let reference = Value::Ref(Reference { table: record.table.def.code, id });
    if record.related.iter().any(|part| matches!(part, Related::Children(..) | Related::Links(..))) {
        cx.require_row(Privilege::AppendTo, &record.table, id)?;
    }
    for part in &record.related {
        match part {
            Related::Parent(..) => {}
            Related::Children(collection, children) => {
                for child in children {
                    budget.descend()?;
                    match collection {
                        Collection::Children(relationship) => {
                            let lookup = child.table.require(&relationship.referencing_column)?;
                            self::record(cx, child, vec![(lookup, reference.clone())], earlier, budget)?;
                        }
                        Collection::Pairs(pairing) => {
                            let (other, _) = self::record(cx, child, Vec::new(), earlier, budget)?;
                            cx.require_row(Privilege::Append, &record.table, id)?;
                            cx.require_row(Privilege::Append, &child.table, other)?;
                            pairs::join(cx, pairing, id, other)?;
                        }
                    }
                    budget.ascend();
                }
            }
            Related::Links(Collection::Children(relationship), targets) => {
                for target in targets {
                    let lookup = target.table.require(&relationship.referencing_column)?;
                    update::set_columns(cx, target, vec![(lookup, reference.clone())], earlier)?;
                }
            }
            Related::Links(collection @ Collection::Pairs(pairing), targets) => {
                for target in targets {
                    let other = links::member(cx, collection, target, earlier)?;
                    cx.require_row(Privilege::Append, &record.table, id)?;
                    pairs::join(cx, pairing, id, other.id)?;
                }
            }
        }
    }
    Ok(())
}

/// Refuses a row without a value that the service itself requires.
fn required(table: &Table, cells: &[(ColumnIx, Value)]) -> Result<()> {
    let missing = |name: &LogicalName| {
        Err(Error::new(ErrorCode::RequiredFieldMissing, format!("Required field missing: '{name}' of '{}' must have a value.", table.name())))
    };
    for (ix, column) in table.indexed() {
        if column.required == RequiredLevel::System
            && column.is_stored()
            && ix != table.id
            && ix != table.row_version
            && fields::get(cells, ix).is_none_or(Value::is_null)
        {
            return missing(&column.name);
        }
    }
    Ok(())
}
