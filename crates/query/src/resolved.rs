//! Queries with places instead of names.

use std::sync::Arc;

use driftless_model::{ColumnIx, Table, Value};

use crate::Comparison;

/// One of the tables in a query: 0 is the query's own, n is `joins[n - 1]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source(pub u16);

impl Source {
    /// The query's own table.
    pub const ROOT: Self = Self(0);
}

/// A table reached by following a lookup. Rows without a value, or whose lookup leads to another table, are kept, with nulls.
#[derive(Clone, Debug)]
pub struct Join {
    /// Where the lookup is.
    pub parent: Source,
    /// The lookup.
    pub lookup: ColumnIx,
    /// Where it leads.
    pub table: Arc<Table>,
}

/// One value of a result row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// A column.
    Column {
        /// Its table.
        source: Source,
        /// Its place.
        column: ColumnIx,
    },
    /// The primary name of the row behind a lookup, as text.
    LookupName {
        /// The lookup's table.
        source: Source,
        /// The lookup's place.
        column: ColumnIx,
    },
}

/// Values of one table in a result row: primary id, version, then `columns`, then (if asked for) the names of the lookups among them.
#[derive(Clone, Debug)]
pub struct Group {
    /// The table.
    pub source: Source,
    /// Name of the nested object; none for the query's own table.
    pub name: Option<String>,
    /// Place of the group's primary id among the outputs; the version follows.
    pub first: usize,
    /// The columns asked for, in order, at `first + 2`.
    pub columns: Vec<ColumnIx>,
    /// For each of `columns` the place of its lookup name among the outputs.
    pub names: Vec<Option<usize>>,
}

/// A tree of conditions. Every condition is true or false, never unknown.
#[derive(Clone, Debug, PartialEq)]
pub enum ResolvedFilter {
    /// All hold.
    And(Vec<ResolvedFilter>),
    /// Any holds.
    Or(Vec<ResolvedFilter>),
    /// Does not hold.
    Not(Box<ResolvedFilter>),
    /// One condition.
    Condition(ResolvedCondition),
}

/// A condition on one column.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedCondition {
    /// The column's table.
    pub source: Source,
    /// The column.
    pub column: ColumnIx,
    /// What must hold of its value.
    pub test: Test,
}

impl ResolvedCondition {
    /// A column of the query's own table equals `value`.
    pub fn equals(column: ColumnIx, value: Value) -> ResolvedFilter {
        ResolvedFilter::Condition(Self { source: Source::ROOT, column, test: Test::Compare(Comparison::Equal, value) })
    }
}

/// What must hold of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// It compares so with a value that is not null.
    Compare(Comparison, Value),
    /// It compares so with another column of the same table.
    CompareColumn(Comparison, ColumnIx),
    /// It is null.
    Null,
    /// It is not null.
    NotNull,
    /// It matches a pattern with wildcards (`model::matches_pattern`). Never true of null.
    Matches(String),
    /// It is one of these; none of them is null.
    In(Vec<Value>),
}

/// One key of the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedOrder {
    /// The column's table.
    pub source: Source,
    /// The column.
    pub column: ColumnIx,
    /// Greatest first.
    pub descending: bool,
}

/// A query checked against the metadata. The order is total: its last key is the primary id.
#[derive(Clone, Debug)]
pub struct ResolvedQuery {
    /// The query's own table.
    pub table: Arc<Table>,
    /// Tables reached through lookups.
    pub joins: Vec<Join>,
    /// Values of a result row.
    pub outputs: Vec<Output>,
    /// How the outputs form objects; the first is the query's own table.
    pub groups: Vec<Group>,
    /// Rows to return.
    pub filter: Option<ResolvedFilter>,
    /// Order of rows; empty only where at most one row can be found.
    pub orders: Vec<ResolvedOrder>,
    /// Most rows to return.
    pub limit: Option<u32>,
    /// Values of the order's keys of the row after which to begin.
    pub after: Option<Vec<Value>>,
}

impl ResolvedQuery {
    /// Rows of one table that `filter` holds of, with these columns; no order. For reads of the service itself.
    pub fn plain(table: &Arc<Table>, columns: &[ColumnIx], filter: Option<ResolvedFilter>) -> Self {
        let source = Source::ROOT;
        let mut outputs = Vec::with_capacity(columns.len() + 2);
        outputs.extend([table.id, table.row_version].iter().chain(columns).map(|column| Output::Column { source, column: *column }));
        let group = Group { source, name: None, first: 0, columns: columns.to_vec(), names: vec![None; columns.len()] };
        Self { table: Arc::clone(table), joins: Vec::new(), outputs, groups: vec![group], filter, orders: Vec::new(), limit: None, after: None }
    }

    /// The table of a source.
    pub fn source(&self, source: Source) -> &Arc<Table> {
        match source.0.checked_sub(1).and_then(|at| self.joins.get(usize::from(at))) {
            Some(join) => &join.table,
            None => &self.table,
        }
    }
}

/// A query with the caller's restrictions: the only thing that a store selects by (A6).
#[derive(Clone, Debug)]
pub struct SecuredQuery {
    query: ResolvedQuery,
    restriction: Option<ResolvedFilter>,
}

impl SecuredQuery {
    /// A query that returns only rows that `restriction` holds of.
    pub fn restricted(query: ResolvedQuery, restriction: ResolvedFilter) -> Self {
        Self { query, restriction: Some(restriction) }
    }

    /// A query without restriction. `_reason` says why that is right; uses can be found by searching for this name.
    pub fn unrestricted(query: ResolvedQuery, _reason: &'static str) -> Self {
        Self { query, restriction: None }
    }

    /// The query.
    pub fn query(&self) -> &ResolvedQuery {
        &self.query
    }

    /// The caller's restriction.
    pub fn restriction(&self) -> Option<&ResolvedFilter> {
        self.restriction.as_ref()
    }
}
