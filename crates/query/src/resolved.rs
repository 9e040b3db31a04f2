//! Queries with places instead of names.

use std::sync::Arc;

use driftless_model::{ColumnIx, Reference, Shape, Table, Uuid, Value};

use crate::{Aggregate, Comparison, DatePart, Zone};

/// One of the tables in a query: 0 is the query's own, n is `others[n - 1]`. Numbers are unique in the whole query, subqueries included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source(pub u16);

impl Source {
    /// The query's own table.
    pub const ROOT: Self = Self(0);
}

/// What becomes of rows without a partner, and with several.
pub use crate::query::LinkKind as JoinKind;

/// A joined table. Its rows are those whose column `own` equals the column `to` of the parent; where one of the two columns is a lookup of several tables, it must
/// also lead to the other's table. Null equals nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// The joined table.
    pub source: Source,
    /// The table that it is joined to.
    pub parent: Source,
    /// Column of the joined table.
    pub own: ColumnIx,
    /// Column of the parent.
    pub to: ColumnIx,
    /// What becomes of rows without a partner.
    pub kind: JoinKind,
    /// Rows of the joined table to take; a row for which it does not hold is no partner.
    pub filter: Option<ResolvedFilter>,
    /// Tables joined to this one. A partner must have its own partners where these are not outer.
    pub joins: Vec<Join>,
}

impl Join {
    /// The row behind a lookup, where there is one.
    pub fn along(source: Source, parent: Source, lookup: ColumnIx, table: &Table) -> Self {
        Self { source, parent, own: table.id, to: lookup, kind: JoinKind::Outer, filter: None, joins: Vec::new() }
    }
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
    /// Part of a date, as a whole number.
    Part {
        /// The column's table.
        source: Source,
        /// The column's place.
        column: ColumnIx,
        /// The part.
        part: DatePart,
        /// How dates are read.
        calendar: Calendar,
    },
    /// Number of rows of the group.
    Rows,
    /// One value for the values of the group.
    Aggregate {
        /// The column's table.
        source: Source,
        /// The column's place.
        column: ColumnIx,
        /// What is made of them.
        aggregate: Aggregate,
    },
}

impl Output {
    /// True if the value is one for a whole group.
    pub fn is_aggregate(&self) -> bool {
        matches!(self, Self::Rows | Self::Aggregate { .. })
    }
}

/// How points in time become dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Where the caller's clock is.
    pub zone: Zone,
    /// Month and day on which the fiscal year begins.
    pub fiscal_start: (i8, i8),
    /// Months of a fiscal period: 1, 3, 6 or 12.
    pub fiscal_months: i8,
}

impl Default for Calendar {
    fn default() -> Self {
        Self { zone: Zone::UTC, fiscal_start: (1, 1), fiscal_months: 3 }
    }
}

/// Values of one table in a result row: primary id, version, then `columns`, then (if asked for) the names of the lookups among them.
#[derive(Clone, Debug)]
pub struct Group {
    /// The table.
    pub source: Source,
    /// Name of the nested object; none for the query's own table.
    pub name: Option<String>,
    /// The group in whose object this one is nested; the first one's own number is 0.
    pub parent: usize,
    /// Place of the group's primary id among the outputs; the version follows.
    pub first: usize,
    /// The columns asked for, in order, at `first + 2`.
    pub columns: Vec<ColumnIx>,
    /// For each of `columns` the place of its lookup name among the outputs.
    pub names: Vec<Option<usize>>,
}

/// A value that stands flat in the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlatValue {
    /// Its name; none for the column's own.
    pub name: Option<String>,
    /// Its place among the outputs.
    pub at: usize,
    /// The place of the name of the row behind it, for a lookup.
    pub name_at: Option<usize>,
}

/// A list nested in the rows of a group: another query, run for each of them.
#[derive(Clone, Debug)]
pub struct Collection {
    /// The group of the rows that it belongs to.
    pub group: usize,
    /// Name of the list in the result.
    pub name: String,
    /// The rows of the list.
    pub query: ResolvedQuery,
    /// The column of `query` that must hold the identifier of the row that the list belongs to.
    pub within: (Source, ColumnIx),
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
    /// There is a partner. The kind is not looked at.
    Exists(Box<Join>),
}

impl ResolvedFilter {
    /// The same filter of another of the query's tables: what is said of the query's own is then said of `source`.
    #[must_use]
    pub fn moved_to(self, source: Source) -> Self {
        match self {
            Self::And(parts) => Self::And(parts.into_iter().map(|part| part.moved_to(source)).collect()),
            Self::Or(parts) => Self::Or(parts.into_iter().map(|part| part.moved_to(source)).collect()),
            Self::Not(part) => Self::Not(Box::new(part.moved_to(source))),
            Self::Condition(condition) if condition.source == Source::ROOT => Self::Condition(ResolvedCondition { source, ..condition }),
            Self::Exists(join) if join.parent == Source::ROOT => Self::Exists(Box::new(Join { parent: source, ..*join })),
            other @ (Self::Condition(_) | Self::Exists(_)) => other,
        }
    }

    /// Both hold.
    pub fn and(one: Option<Self>, other: Self) -> Self {
        match one {
            Some(Self::And(mut parts)) => {
                parts.push(other);
                Self::And(parts)
            }
            Some(one) => Self::And(vec![one, other]),
            None => other,
        }
    }
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
        Self::on(Source::ROOT, column, Test::Compare(Comparison::Equal, value))
    }

    /// A condition on a column of any table.
    pub fn on(source: Source, column: ColumnIx, test: Test) -> ResolvedFilter {
        ResolvedFilter::Condition(Self { source, column, test })
    }
}

/// What must hold of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// It compares so with a value that is not null.
    Compare(Comparison, Value),
    /// It compares so with another column.
    CompareColumn(Comparison, Source, ColumnIx),
    /// It is null.
    Null,
    /// It is not null.
    NotNull,
    /// It matches a pattern with wildcards (`model::matches_pattern`). Never true of null.
    Matches(String),
    /// It is one of these; none of them is null.
    In(Vec<Value>),
    /// At least one of these options is chosen.
    AnyChosen(Vec<i32>),
    /// A part of its date is this number. Never true of null.
    Part(DatePart, Calendar, i32),
    /// It is the identifier of a row above or below `id` in the hierarchy of a table that the lookup `parent` makes.
    Hierarchy {
        /// The table; it takes part in the query in no other way.
        of: Source,
        /// The lookup to the row above.
        parent: ColumnIx,
        /// Where the hierarchy is entered.
        id: Uuid,
        /// Rows toward the root; else away from it.
        above: bool,
        /// `id` itself as well.
        inclusive: bool,
    },
}

/// One key of the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedOrder {
    /// What it orders by.
    pub key: OrderKey,
    /// Greatest first.
    pub descending: bool,
}

/// What a key of the order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderKey {
    /// A column.
    Column(Source, ColumnIx),
    /// The output at this place. Such an order cannot be continued after a row, only after a number of rows.
    Output(usize),
}

impl ResolvedOrder {
    /// A column of the query's own table, least first.
    pub fn own(column: ColumnIx) -> Self {
        Self { key: OrderKey::Column(Source::ROOT, column), descending: false }
    }
}

/// A query checked against the metadata. The order is total, but for groups, which have all their outputs as keys.
#[derive(Clone, Debug)]
pub struct ResolvedQuery {
    /// The query's own table.
    pub table: Arc<Table>,
    /// The tables of the other sources.
    pub others: Vec<Arc<Table>>,
    /// Tables joined to the query's own.
    pub joins: Vec<Join>,
    /// Values of a result row.
    pub outputs: Vec<Output>,
    /// How the outputs form objects; the first is the query's own table. None where a result row is no row of the table.
    pub groups: Vec<Group>,
    /// Values that stand flat in the first object.
    pub values: Vec<FlatValue>,
    /// Lists nested in the objects.
    pub collections: Vec<Collection>,
    /// Rows with equal outputs are one. If an output is an aggregate, rows that agree in the others are one.
    pub grouped: bool,
    /// Rows to return.
    pub filter: Option<ResolvedFilter>,
    /// Order of rows; empty only where at most one row can be found.
    pub orders: Vec<ResolvedOrder>,
    /// Most rows to return.
    pub limit: Option<u32>,
    /// Values of the order's keys of the row after which to begin.
    pub after: Option<Vec<Value>>,
    /// Rows to leave out at the beginning.
    pub skip: u64,
    /// The moment that conditions on dates were read with, in seconds since 1970-01-01 UTC. Pages of one list have it in common.
    pub moment_s: i64,
}

impl ResolvedQuery {
    /// Rows of one table that `filter` holds of, with these columns; no order. For reads of the service itself.
    pub fn plain(table: &Arc<Table>, columns: &[ColumnIx], filter: Option<ResolvedFilter>) -> Self {
        let source = Source::ROOT;
        let mut outputs = Vec::with_capacity(columns.len() + 2);
        outputs.extend([table.id, table.row_version].iter().chain(columns).map(|column| Output::Column { source, column: *column }));
        let group = Group { source, name: None, parent: 0, first: 0, columns: columns.to_vec(), names: vec![None; columns.len()] };
        Self {
            table: Arc::clone(table),
            others: Vec::new(),
            joins: Vec::new(),
            outputs,
            groups: vec![group],
            values: Vec::new(),
            collections: Vec::new(),
            grouped: false,
            filter,
            orders: Vec::new(),
            limit: None,
            after: None,
            skip: 0,
            moment_s: 0,
        }
    }

    /// Takes only rows whose column at `place` leads to the row `id` of `parent`.
    pub fn keep_within(&mut self, (source, column): (Source, ColumnIx), parent: &Table, id: Uuid) {
        let value = leads_to(self.source(source).column(column), parent, id);
        let own = ResolvedCondition::on(source, column, Test::Compare(Comparison::Equal, value));
        self.filter = Some(ResolvedFilter::and(self.filter.take(), own));
    }

    /// The table of a source.
    pub fn source(&self, source: Source) -> &Arc<Table> {
        source.0.checked_sub(1).and_then(|at| self.others.get(usize::from(at))).unwrap_or(&self.table)
    }

    /// The column at a place of the outputs, with its source; none for the number of rows.
    pub fn output_column(&self, at: usize) -> Option<(Source, ColumnIx)> {
        match *self.outputs.get(at)? {
            Output::Column { source, column }
            | Output::LookupName { source, column }
            | Output::Part { source, column, .. }
            | Output::Aggregate { source, column, .. } => Some((source, column)),
            Output::Rows => None,
        }
    }

    /// Adds a table that a restriction needs; gives its number.
    pub fn add_source(&mut self, table: Arc<Table>) -> Source {
        self.others.push(table);
        Source(u16::try_from(self.others.len()).unwrap_or(u16::MAX))
    }

    /// Every table whose rows the query looks at, with its source: its own, joined ones and those of subqueries.
    pub fn sources(&self) -> impl Iterator<Item = (Source, &Arc<Table>)> {
        (0_u16..).map(Source).zip(std::iter::once(&self.table).chain(&self.others))
    }
}

/// The value that a column holds when it leads to the row `id` of `table`.
pub(crate) fn leads_to(column: &driftless_model::Column, table: &Table, id: Uuid) -> Value {
    match column.shape() {
        Shape::Lookup | Shape::PolyLookup => Value::Ref(Reference { table: table.def.code, id }),
        _ => Value::Guid(id),
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

    /// A query that takes rows of each of its tables only where `restriction` of the table and its source holds: also of joined tables and of those in
    /// subqueries. A row that may not be seen is as one that is not there.
    ///
    /// # Errors
    /// Whatever `restriction` gives.
    pub fn restricted_by<E>(mut query: ResolvedQuery, restriction: Restriction<'_, E>) -> Result<Self, E> {
        let mut joins = std::mem::take(&mut query.joins);
        let mut filter = query.filter.take();
        restrict_joins(&mut joins, &mut query, restriction)?;
        if let Some(filter) = &mut filter {
            restrict_filter(filter, &mut query, restriction)?;
        }
        query.joins = joins;
        query.filter = filter;
        let restriction = restriction(&mut query, Source::ROOT)?;
        Ok(Self { query, restriction })
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

/// Gives the restriction on a source of the query; it may add sources that it needs.
pub type Restriction<'a, E> = &'a mut dyn FnMut(&mut ResolvedQuery, Source) -> Result<Option<ResolvedFilter>, E>;

fn restrict_joins<E>(joins: &mut [Join], query: &mut ResolvedQuery, restriction: Restriction<'_, E>) -> Result<(), E> {
    joins.iter_mut().try_for_each(|join| restrict_join(join, query, restriction))
}

fn restrict_join<E>(join: &mut Join, query: &mut ResolvedQuery, restriction: Restriction<'_, E>) -> Result<(), E> {
    restrict_joins(&mut join.joins, query, restriction)?;
    if let Some(filter) = &mut join.filter {
        restrict_filter(filter, query, restriction)?;
    }
    if let Some(own) = restriction(query, join.source)? {
        join.filter = Some(ResolvedFilter::and(join.filter.take(), own));
    }
    Ok(())
}

fn restrict_filter<E>(filter: &mut ResolvedFilter, query: &mut ResolvedQuery, restriction: Restriction<'_, E>) -> Result<(), E> {
    match filter {
        ResolvedFilter::And(parts) | ResolvedFilter::Or(parts) => parts.iter_mut().try_for_each(|part| restrict_filter(part, query, restriction)),
        ResolvedFilter::Not(part) => restrict_filter(part, query, restriction),
        ResolvedFilter::Exists(join) => restrict_join(join, query, restriction),
        ResolvedFilter::Condition(_) => Ok(()),
    }
}
