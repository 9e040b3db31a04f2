//! Rows with the version that their write takes (A5).

use driftless_model::{ColumnIx, Result, Table, Uuid, Value, Version};

use crate::WriteTx;

/// Columns of a row to write, with a new version.
#[derive(Debug)]
pub struct Stamped<'a> {
    table: &'a Table,
    id: Uuid,
    version: Version,
    cells: &'a [(ColumnIx, Value)],
}

impl<'a> Stamped<'a> {
    /// Takes a version for writing `cells` of the row `id`. Neither the primary id nor the version column may be among them.
    ///
    /// # Errors
    /// When no version can be taken.
    pub fn new(tx: &mut dyn WriteTx, table: &'a Table, id: Uuid, cells: &'a [(ColumnIx, Value)]) -> Result<Self> {
        debug_assert!(cells.iter().all(|(ix, _)| *ix != table.id && *ix != table.row_version), "A5: id and version are not cells");
        Ok(Self { table, id, version: tx.next_version()?, cells })
    }

    /// The row's table.
    pub fn table(&self) -> &'a Table {
        self.table
    }

    /// The row's primary id.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The version that the write takes.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The columns to write.
    pub fn cells(&self) -> &'a [(ColumnIx, Value)] {
        self.cells
    }
}

/// A row to remove, with a new version.
#[derive(Debug)]
pub struct StampedRemoval<'a> {
    table: &'a Table,
    id: Uuid,
    version: Version,
    at_s: i64,
}

impl<'a> StampedRemoval<'a> {
    /// Takes a version for removing the row `id` at the time `at_s` (seconds since 1970-01-01 UTC).
    ///
    /// # Errors
    /// When no version can be taken.
    pub fn new(tx: &mut dyn WriteTx, table: &'a Table, id: Uuid, at_s: i64) -> Result<Self> {
        Ok(Self { table, id, version: tx.next_version()?, at_s })
    }

    /// The row's table.
    pub fn table(&self) -> &'a Table {
        self.table
    }

    /// The row's primary id.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The version that the removal takes.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Time of the removal.
    pub fn at_s(&self) -> i64 {
        self.at_s
    }
}
