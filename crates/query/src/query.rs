//! What was asked, by name.

use driftless_model::{LogicalName, Value};

use crate::{Literal, Operator};

/// Which columns to return.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Columns {
    /// All readable ones.
    #[default]
    All,
    /// These, in this order.
    Some(Vec<LogicalName>),
}

/// A query over one table and the rows that its lookups lead to.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The table.
    pub table: LogicalName,
    /// Columns of the table to return. The primary id and the version are always returned.
    pub columns: Columns,
    /// Rows to return.
    pub filter: Option<Filter>,
    /// Order of rows. The primary id breaks ties.
    pub orders: Vec<Order>,
    /// Rows behind lookups to return nested.
    pub expands: Vec<Expand>,
    /// Most rows to return; none for all.
    pub limit: Option<u32>,
    /// Values of the order columns and the primary id of the last row of the page before.
    pub after: Option<Vec<Value>>,
    /// Return the primary name of the row behind each returned lookup.
    pub lookup_names: bool,
}

impl Query {
    /// All rows and columns of a table.
    pub fn new(table: LogicalName) -> Self {
        Self { table, columns: Columns::All, filter: None, orders: Vec::new(), expands: Vec::new(), limit: None, after: None, lookup_names: false }
    }
}

/// A row behind a lookup, nested in the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expand {
    /// The lookup.
    pub lookup: LogicalName,
    /// The table that it leads to; one of the lookup's targets.
    pub target: LogicalName,
    /// Name of the nested object in the result.
    pub name: String,
    /// Columns to return.
    pub columns: Columns,
}

/// A tree of conditions.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// All hold. Holds when empty.
    And(Vec<Filter>),
    /// Any holds. Does not hold when empty.
    Or(Vec<Filter>),
    /// Does not hold.
    Not(Box<Filter>),
    /// One condition.
    Condition(Condition),
}

/// A condition on one column.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Lookups to follow from the table, each with the table that it leads to; empty for the table itself.
    pub path: Vec<(LogicalName, LogicalName)>,
    /// The column.
    pub column: LogicalName,
    /// The operator.
    pub operator: Operator,
    /// Its values, as written.
    pub values: Vec<Literal>,
    /// A column of the same row to compare with, instead of a value.
    pub other: Option<LogicalName>,
}

/// One key of the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Lookups to follow, as in [`Condition::path`].
    pub path: Vec<(LogicalName, LogicalName)>,
    /// The column.
    pub column: LogicalName,
    /// Greatest first. Null sorts first ascending and last descending.
    pub descending: bool,
}
