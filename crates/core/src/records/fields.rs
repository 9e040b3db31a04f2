//! From what a caller gave to what is stored: references are looked up, values checked, columns that cannot be set left out.

use std::sync::Arc;

use driftless_model::{Column, ColumnIx, Error, ErrorCode, LookupKind, Privilege, Reference, Result, Table, Value};

use crate::behaviors;
use crate::context::WriteCx;
use crate::files::column::{self, Original};
use crate::keys;
use crate::request::{Field, Identity, Record, Response, Target};

/// For which operation values are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// A row is made.
    Create,
    /// A row is changed.
    Update,
}

/// The columns of `record` to write, checked; each at most once, the last value given wins. Columns that are not valid for the operation are ignored (UP-21).
pub(crate) fn check(cx: &WriteCx<'_>, record: &Record, operation: Operation, earlier: &[Response]) -> Result<Vec<(ColumnIx, Value)>> {
    let table = &record.table;
    let mut cells: Vec<(ColumnIx, Value)> = Vec::with_capacity(record.fields.len() + 12);
    for (ix, field) in &record.fields {
        let definition = table.column(*ix);
        let valid = match operation {
            Operation::Create => definition.valid.create,
            Operation::Update => definition.valid.update,
        };
        if !valid || *ix == table.id || *ix == table.row_version || !definition.is_stored() {
            continue;
        }
        let mut value = match field {
            Field::Value(value) => value.clone(),
            Field::Image(picture) => {
                column::expect(cx, table, *ix, Original::Given(Arc::clone(picture)));
                Value::Bytes(picture.thumbnail.clone())
            }
            Field::Lookup(target) => Value::Ref(refer(cx, table, definition, target, earlier)?),
        };
        definition
            .check(table.name(), &mut value, &|name| cx.snapshot.choice(name).cloned())
            .map_err(|error| behaviors::tables::refusal_of_value(table, definition, error))?;
        set(&mut cells, *ix, value);
    }
    Ok(cells)
}

/// Sets a column among cells.
pub(crate) fn set(cells: &mut Vec<(ColumnIx, Value)>, column: ColumnIx, value: Value) {
    match cells.iter_mut().find(|(own, _)| *own == column) {
        Some((_, own)) => *own = value,
        None => cells.push((column, value)),
    }
}

/// The value of a column among cells.
pub(crate) fn get(cells: &[(ColumnIx, Value)], column: ColumnIx) -> Option<&Value> {
    cells.iter().find(|(own, _)| *own == column).map(|(_, value)| value)
}

/// The stored reference to `target` in a lookup: the row must exist and be of a table that the lookup may refer to (AK-29).
pub(crate) fn refer(cx: &WriteCx<'_>, table: &Table, column: &Column, target: &Target, earlier: &[Response]) -> Result<Reference> {
    let lookup = column.lookup().ok_or_else(|| Error::argument(format!("'{}' of '{}' is no lookup.", column.name, table.name())))?;
    if let Identity::Id(id) = target.identity
        && lookup.targets.contains(target.table.name())
        && cx.is_known(&target.table, id)
    {
        return Ok(Reference { table: target.table.def.code, id });
    }
    // A Content-ID names its table only when the request that it stands for has run.
    let found = keys::find(cx.tx.as_read(), &cx.snapshot, target, earlier)?.ok_or_else(|| match lookup.kind {
        // SU-14
        LookupKind::Owner => Error::new(ErrorCode::InvalidOwnerId, format!("The owner is not valid. {}", keys::not_found(target).message())),
        LookupKind::Plain | LookupKind::Customer => keys::not_found(target),
    })?;
    if !lookup.targets.contains(found.table.name()) {
        let code = if lookup.kind == LookupKind::Owner { ErrorCode::InvalidOwnerId } else { ErrorCode::InvalidArgument };
        return Err(Error::new(code, format!("'{}' of '{}' cannot refer to a row of '{}'.", column.name, table.name(), found.table.name())));
    }
    // Whoever may own a row need not take anything else.
    if lookup.kind == LookupKind::Owner {
        return Ok(Reference { table: found.table.def.code, id: found.id });
    }
    cx.require_row(Privilege::AppendTo, &found.table, found.id)?;
    cx.know(&found.table, found.id);
    Ok(Reference { table: found.table.def.code, id: found.id })
}

/// A row that a target leads to.
pub(crate) struct FoundRow {
    pub(crate) table: Arc<Table>,
    pub(crate) id: driftless_model::Uuid,
    pub(crate) version: driftless_model::Version,
}
