//! Rows of a query, by the reference evaluator.

use driftless_model::{ColumnIx, Reference, Table, Uuid, Value, Version};
use driftless_query::{CollectedRow, Data, FoundRow, SecuredQuery, rows_of};

use super::{State, StoredTable};
use crate::{StoreError, StoreResult};

/// A result row.
pub(super) struct Found {
    /// The row of the query's own table; nil for a group.
    pub(super) id: Uuid,
    pub(super) version: Version,
    pub(super) row: CollectedRow,
}

impl State {
    pub(super) fn table(&self, table: &Table) -> StoreResult<&StoredTable> {
        self.tables.get(&table.def.code).ok_or_else(|| StoreError::failed(format!("there is no table {}", table.name())))
    }

    /// The result of a query in its order, after its cut. The limit is not looked at.
    pub(super) fn find(&self, secured: &SecuredQuery) -> StoreResult<Vec<Found>> {
        let rows = &self.table(&secured.query().table)?.rows;
        let found = |FoundRow { id, outputs, .. }| Found {
            id: id.unwrap_or_default(),
            version: id.and_then(|id| rows.get(&id)).map_or(Version(0), |row| row.version),
            row: CollectedRow::new(outputs),
        };
        Ok(rows_of(secured, self)?.into_iter().map(found).collect())
    }
}

impl Data for State {
    fn ids(&self, table: &Table) -> Vec<Uuid> {
        self.tables.get(&table.def.code).map(|table| table.rows.keys().copied().collect()).unwrap_or_default()
    }

    fn value(&self, table: &Table, id: Uuid, column: ColumnIx) -> Value {
        let Some(row) = self.tables.get(&table.def.code).and_then(|table| table.rows.get(&id)) else { return Value::Null };
        match column {
            _ if column == table.id => Value::Guid(id),
            _ if column == table.row_version => Value::BigInt(row.version.0),
            _ => row.cells.get(&table.column(column).physical).cloned().unwrap_or(Value::Null),
        }
    }

    fn name(&self, reference: Reference) -> Value {
        let name = || {
            let table = self.tables.get(&reference.table)?;
            table.rows.get(&reference.id)?.cells.get(table.name_column.as_ref()?).cloned()
        };
        name().unwrap_or(Value::Null)
    }
}
