//! Alternate keys in use: from a target to a row (AK-25 to AK-32). Their definition is in `metadata::keys`; that they stay unique is the store's doing, by the
//! unique index that every active key has.

use std::sync::Arc;

use driftless_model::{AlternateKey, ColumnIx, Error, ErrorCode, Result, Table, Value};
use driftless_query::{ResolvedCondition, ResolvedFilter};
use driftless_store::ReadTx;

use crate::metadata::Snapshot;
use crate::pipeline;
use crate::records::fields::FoundRow;
use crate::records::load;
use crate::request::{Identity, Response, Target};

/// The row that a target names; none if there is none.
///
/// # Errors
/// 0x80060890 when the columns are no active key or a value is null (AK-27, AK-32); 0x8006089D when several rows are found.
pub(crate) fn find(tx: &dyn ReadTx, snapshot: &Snapshot, target: &Target, earlier: &[Response]) -> Result<Option<FoundRow>> {
    let (table, rows) = match &target.identity {
        Identity::Id(id) => (&target.table, load::by_id(tx, &target.table, *id, &[])?.into_iter().collect()),
        Identity::Key(values) => {
            let table = &target.table;
            active_key(table, values)?;
            let conditions = values.iter().map(|(column, value)| ResolvedCondition::equals(*column, value.clone())).collect();
            (table, load::matching(tx, table, &[], ResolvedFilter::And(conditions), Some(2))?)
        }
        Identity::Result(at) => {
            let written = pipeline::written(earlier, *at)?;
            let table = snapshot.by_id(written.table.def.id).ok_or_else(|| Error::no_such_table(written.table.name()))?;
            (table, load::by_id(tx, table, written.id, &[])?.into_iter().collect::<Vec<_>>())
        }
    };
    if rows.len() > 1 {
        return Err(Error::new(
            ErrorCode::MultipleRecordsFoundByEntityKey,
            format!("More than one record exists for entity {} with the entity key given.", table.name()),
        ));
    }
    Ok(rows.into_iter().next().map(|row| FoundRow { table: Arc::clone(table), id: row.id, version: row.version }))
}

/// The active key whose columns are exactly those of `values`.
pub(crate) fn active_key<'a>(table: &'a Table, values: &[(ColumnIx, Value)]) -> Result<&'a AlternateKey> {
    let fits = |key: &&AlternateKey| {
        key.is_active() && key.columns.len() == values.len() && key.columns.iter().all(|name| values.iter().any(|(ix, _)| table.column(*ix).name == *name))
    };
    let key = table.keys.iter().find(fits).filter(|_| values.iter().all(|(_, value)| !value.is_null()));
    key.ok_or_else(|| Error::new(ErrorCode::EntityKeyNotDefined, format!("The specified key attributes are not a defined key for the {} entity", table.name())))
}

/// The error for a target that names no row (UP-24, AK-27).
pub(crate) fn not_found(target: &Target) -> Error {
    match &target.identity {
        Identity::Id(id) => Error::no_such_record(target.table.name(), *id),
        Identity::Key(_) | Identity::Result(_) => {
            Error::new(ErrorCode::RecordNotFoundByEntityKey, format!("A record with the specified key values does not exist in {} entity", target.table.name()))
        }
    }
}

/// The row that a target names.
///
/// # Errors
/// As [`find`]; 0x80040217 or 0x80060891 when there is no such row.
pub(crate) fn require(tx: &dyn ReadTx, snapshot: &Snapshot, target: &Target, earlier: &[Response]) -> Result<FoundRow> {
    find(tx, snapshot, target, earlier)?.ok_or_else(|| not_found(target))
}
