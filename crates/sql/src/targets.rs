//! What statements must know of tables that a query's lookups lead to without joining them.

use std::collections::HashMap;

use driftless_model::{LogicalName, TableCode};

/// Where the primary name of a table's rows is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The table's number.
    pub code: TableCode,
    /// The physical table.
    pub physical: String,
    /// Its primary id column.
    pub id_column: String,
    /// Its version column.
    pub version_column: String,
    /// Its primary name column, where there is one.
    pub name_column: Option<String>,
}

/// The tables of a database, by logical name.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    by_name: HashMap<LogicalName, Target>,
}

impl Targets {
    /// The table with this logical name.
    pub fn get(&self, name: &str) -> Option<&Target> {
        self.by_name.get(name)
    }

    /// All tables, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&LogicalName, &Target)> {
        self.by_name.iter()
    }

    /// The number of a table; 0 for one that is not there.
    pub fn code(&self, name: &str) -> TableCode {
        self.get(name).map_or(TableCode(0), |target| target.code)
    }
}

impl FromIterator<(LogicalName, Target)> for Targets {
    fn from_iter<I: IntoIterator<Item = (LogicalName, Target)>>(iter: I) -> Self {
        Self { by_name: iter.into_iter().collect() }
    }
}
