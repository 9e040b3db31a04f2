//! References to rows.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A table's number in this organization (`ObjectTypeCode`, MD-7). Built-in tables have the published ones; custom tables get numbers from 10,000
/// upward, and none is ever used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TableCode(pub i32);

impl fmt::Display for TableCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A row of some table, as lookups hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// The row's table.
    pub table: TableCode,
    /// The row's primary id.
    pub id: Uuid,
}
