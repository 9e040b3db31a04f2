//! Reads of single rows for the service itself.

use std::sync::Arc;

use driftless_model::{ColumnIx, Result, Table, Uuid, Value, Version};
use driftless_query::{Collector, ResolvedCondition, ResolvedFilter, ResolvedQuery, SecuredQuery};
use driftless_store::ReadTx;

/// A row as far as it was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) id: Uuid,
    pub(crate) version: Version,
    columns: Vec<ColumnIx>,
    values: Vec<Value>,
}

impl Loaded {
    /// A row of which nothing was asked for.
    pub(crate) fn bare(id: Uuid, version: Version) -> Self {
        Self { id, version, columns: Vec::new(), values: Vec::new() }
    }

    /// The value of a column; null for one that was not asked for.
    pub(crate) fn value(&self, column: ColumnIx) -> &Value {
        self.columns.iter().position(|own| *own == column).and_then(|at| self.values.get(at)).unwrap_or(&Value::Null)
    }

    /// The number in a column.
    pub(crate) fn int(&self, column: Option<ColumnIx>) -> Option<i32> {
        match column.map(|column| self.value(column)) {
            Some(Value::Int(n)) => Some(*n),
            _ => None,
        }
    }
}

/// The row with this id.
pub(crate) fn by_id(tx: &dyn ReadTx, table: &Arc<Table>, id: Uuid, columns: &[ColumnIx]) -> Result<Option<Loaded>> {
    if columns.is_empty() {
        return Ok(tx.version_of(table, id)?.map(|version| Loaded::bare(id, version)));
    }
    Ok(matching(tx, table, columns, ResolvedCondition::equals(table.id, Value::Guid(id)), Some(1))?.pop())
}

/// True if there is a row with this id.
pub(crate) fn exists(tx: &dyn ReadTx, table: &Arc<Table>, id: Uuid) -> Result<bool> {
    Ok(by_id(tx, table, id, &[])?.is_some())
}

/// Rows that a filter holds of, at most `limit`.
pub(crate) fn matching(tx: &dyn ReadTx, table: &Arc<Table>, columns: &[ColumnIx], filter: ResolvedFilter, limit: Option<u32>) -> Result<Vec<Loaded>> {
    let mut query = ResolvedQuery::plain(table, columns, Some(filter));
    query.limit = limit;
    let mut collected = Collector::default();
    tx.select(&SecuredQuery::unrestricted(query, "the service reads what it needs for its own checks"), None, &mut collected)?;
    let rows = collected.rows.into_iter().map(|row| {
        let mut values = row.values.into_iter();
        let id = values.next().and_then(|value| value.id()).unwrap_or_default();
        let version = match values.next() {
            Some(Value::BigInt(version)) => Version(version),
            _ => Version::default(),
        };
        Loaded { id, version, columns: columns.to_vec(), values: values.collect() }
    });
    Ok(rows.collect())
}
