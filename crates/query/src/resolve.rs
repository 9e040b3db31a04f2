//! From names to places: a query is checked against the metadata before any SQL exists.

use std::sync::Arc;

use driftless_model::{ColumnIx, Error, ErrorCode, LogicalName, Result, Shape, Table, Value};

use crate::{
    Columns, Comparison, Condition, Filter, Group, Join, Literal, Operator, Output, Query, ResolvedCondition, ResolvedFilter, ResolvedOrder, ResolvedQuery,
    Source, Test, coerce,
};

/// Most tables that one query may join: SQLite's own limit is 64.
const JOINS_MAX: usize = 30;

/// Longest text pattern in bytes (SEC-09).
const PATTERN_BYTES_MAX: usize = 4 << 10;
/// Most wildcards in a text pattern (SEC-09).
const WILDCARDS_MAX: usize = 8;

/// Wildcards in a pattern.
fn wildcards(pattern: &str) -> usize {
    pattern.chars().filter(|c| matches!(c, '%' | '_' | '[')).count()
}

/// The tables that a query may name. The metadata snapshot is one.
pub trait Tables {
    /// The table with this logical name.
    fn table(&self, name: &str) -> Option<Arc<Table>>;
}

/// Checks `query` against `tables`.
///
/// # Errors
/// 0x80041102 for an unknown table, 0x80041103 for an unknown column, 0x80060888 for a value that does not fit its column or an operator that does not fit
/// the column's type, 0x8004112a for a cut that does not fit the order.
pub fn resolve(query: &Query, tables: &dyn Tables) -> Result<ResolvedQuery> {
    let table = tables.table(&query.table).ok_or_else(|| Error::no_such_table(&query.table))?;
    let mut resolver = Resolver { tables, table: Arc::clone(&table), joins: Vec::new() };
    let filter = query.filter.as_ref().map(|filter| resolver.filter(filter)).transpose()?;
    let mut orders = query.orders.iter().map(|order| resolver.order(order)).collect::<Result<Vec<_>>>()?;
    if !orders.iter().any(|order| order.source == Source::ROOT && order.column == table.id) {
        orders.push(ResolvedOrder { source: Source::ROOT, column: table.id, descending: false });
    }
    if query.after.as_ref().is_some_and(|after| after.len() != orders.len()) {
        return Err(Error::of(ErrorCode::PagingCookieOrder));
    }
    let (mut outputs, mut groups) = (Vec::new(), Vec::new());
    add_group(&mut outputs, &mut groups, &table, Source::ROOT, None, &query.columns, query.lookup_names)?;
    for expand in &query.expands {
        let source = resolver.join(Source::ROOT, &expand.lookup, &expand.target)?;
        let target = Arc::clone(resolver.source(source));
        add_group(&mut outputs, &mut groups, &target, source, Some(expand.name.clone()), &expand.columns, query.lookup_names)?;
    }
    Ok(ResolvedQuery { table, joins: resolver.joins, outputs, groups, filter, orders, limit: query.limit, after: query.after.clone() })
}

fn add_group(
    outputs: &mut Vec<Output>,
    groups: &mut Vec<Group>,
    table: &Table,
    source: Source,
    name: Option<String>,
    columns: &Columns,
    lookup_names: bool,
) -> Result<()> {
    let columns = match columns {
        // Images are large: who wants them names them.
        Columns::All => table.indexed().filter(|(_, column)| column.is_stored() && column.shape() != Shape::Bytes).map(|(ix, _)| ix).collect(),
        Columns::Some(names) => {
            let mut places = Vec::with_capacity(names.len());
            for name in names {
                let ix = table.require(name)?;
                if !table.column(ix).is_stored() {
                    return Err(Error::new(
                        ErrorCode::QueryBuilderNoAttribute,
                        format!("'{}' entity doesn't contain attribute with Name = '{name}'.", table.name()),
                    ));
                }
                if !places.contains(&ix) {
                    places.push(ix);
                }
            }
            places
        }
    };
    let first = outputs.len();
    outputs.extend([table.id, table.row_version].iter().chain(&columns).map(|column| Output::Column { source, column: *column }));
    let mut names = Vec::with_capacity(columns.len());
    for column in &columns {
        let wanted = lookup_names && table.column(*column).lookup().is_some();
        names.push(wanted.then_some(outputs.len()));
        if wanted {
            outputs.push(Output::LookupName { source, column: *column });
        }
    }
    groups.push(Group { source, name, first, columns, names });
    Ok(())
}

struct Resolver<'a> {
    tables: &'a dyn Tables,
    table: Arc<Table>,
    joins: Vec<Join>,
}

impl Resolver<'_> {
    fn source(&self, source: Source) -> &Arc<Table> {
        match source.0.checked_sub(1).and_then(|at| self.joins.get(usize::from(at))) {
            Some(join) => &join.table,
            None => &self.table,
        }
    }

    /// The source behind a lookup: one that is joined already, or a new one.
    fn join(&mut self, parent: Source, lookup: &LogicalName, target: &LogicalName) -> Result<Source> {
        let from = Arc::clone(self.source(parent));
        let ix = from.require(lookup)?;
        let fits = from.column(ix).lookup().is_some_and(|lookup| lookup.targets.contains(target));
        let table = self.tables.table(target).filter(|_| fits).ok_or_else(|| Error::no_such_table(target))?;
        if let Some(at) = self.joins.iter().position(|join| join.parent == parent && join.lookup == ix && join.table.def.id == table.def.id) {
            return Ok(Source(u16::try_from(at + 1).unwrap_or(u16::MAX)));
        }
        if self.joins.len() >= JOINS_MAX {
            return Err(Error::new(ErrorCode::ODataError, format!("A query may follow at most {JOINS_MAX} lookups.")));
        }
        self.joins.push(Join { parent, lookup: ix, table });
        Ok(Source(u16::try_from(self.joins.len()).unwrap_or(u16::MAX)))
    }

    fn follow(&mut self, path: &[(LogicalName, LogicalName)]) -> Result<Source> {
        path.iter().try_fold(Source::ROOT, |source, (lookup, target)| self.join(source, lookup, target))
    }

    fn column(&self, source: Source, name: &str) -> Result<ColumnIx> {
        let table = self.source(source);
        let ix = table.require(name)?;
        if table.column(ix).is_stored() {
            Ok(ix)
        } else {
            Err(Error::new(ErrorCode::ODataError, format!("The column '{name}' of '{}' holds no data that could be asked for.", table.name())))
        }
    }

    fn order(&mut self, order: &crate::Order) -> Result<ResolvedOrder> {
        let source = self.follow(&order.path)?;
        Ok(ResolvedOrder { source, column: self.column(source, &order.column)?, descending: order.descending })
    }

    fn filter(&mut self, filter: &Filter) -> Result<ResolvedFilter> {
        Ok(match filter {
            Filter::And(parts) => ResolvedFilter::And(parts.iter().map(|part| self.filter(part)).collect::<Result<_>>()?),
            Filter::Or(parts) => ResolvedFilter::Or(parts.iter().map(|part| self.filter(part)).collect::<Result<_>>()?),
            Filter::Not(part) => ResolvedFilter::Not(Box::new(self.filter(part)?)),
            Filter::Condition(condition) => ResolvedFilter::Condition(self.condition(condition)?),
        })
    }

    fn condition(&mut self, condition: &Condition) -> Result<ResolvedCondition> {
        let source = self.follow(&condition.path)?;
        let column = self.column(source, &condition.column)?;
        let table = Arc::clone(self.source(source));
        let test = match &condition.other {
            Some(other) => self.compare_column(&table, source, column, condition.operator, other)?,
            None => value_test(&table, column, condition)?,
        };
        Ok(ResolvedCondition { source, column, test })
    }

    fn compare_column(&self, table: &Table, source: Source, column: ColumnIx, operator: Operator, other: &str) -> Result<Test> {
        let other = self.column(source, other)?;
        let Operator::Compare(comparison) = operator else {
            return Err(Error::new(ErrorCode::ODataError, "Two columns can be compared by eq, ne, gt, ge, lt and le only."));
        };
        if table.column(column).shape() != table.column(other).shape() {
            return Err(Error::new(
                ErrorCode::ODataError,
                format!("The columns '{}' and '{}' cannot be compared: their types differ.", table.column(column).name, table.column(other).name),
            ));
        }
        Ok(Test::CompareColumn(comparison, other))
    }
}

fn value_test(table: &Table, column: ColumnIx, condition: &Condition) -> Result<Test> {
    let column = table.column(column);
    let one = || match condition.values.as_slice() {
        [value] => Ok(value),
        _ => Err(Error::new(ErrorCode::ODataError, format!("The condition on '{}' takes exactly one value.", column.name))),
    };
    let pattern = |before: &str, after: &str| match (one()?, column.shape()) {
        (Literal::Text(text) | Literal::Number(text), Shape::Text) if text.len() > PATTERN_BYTES_MAX || wildcards(text) > WILDCARDS_MAX => {
            Err(Error::new(ErrorCode::ODataError, format!("A text pattern may have at most {PATTERN_BYTES_MAX} bytes and {WILDCARDS_MAX} wildcards.")))
        }
        (Literal::Text(text) | Literal::Number(text), Shape::Text) => Ok(Test::Matches(format!("{before}{text}{after}"))),
        (Literal::Null, Shape::Text) => Ok(Test::In(Vec::new())),
        _ => Err(Error::new(ErrorCode::ODataError, format!("Text functions work on text columns; '{}' is none.", column.name))),
    };
    match condition.operator {
        Operator::Null => Ok(Test::Null),
        Operator::NotNull => Ok(Test::NotNull),
        Operator::Contains => pattern("%", "%"),
        Operator::BeginsWith => pattern("", "%"),
        Operator::EndsWith => pattern("%", ""),
        Operator::In => {
            let values = condition.values.iter().map(|value| coerce(column, value)).collect::<Result<Vec<_>>>()?;
            Ok(Test::In(values.into_iter().filter(|value| !value.is_null()).collect()))
        }
        Operator::Compare(comparison) => Ok(match (comparison, coerce(column, one()?)?) {
            (Comparison::Equal, Value::Null) => Test::Null,
            (Comparison::NotEqual, Value::Null) => Test::NotNull,
            (_, Value::Null) => Test::In(Vec::new()),
            (comparison, value) => Test::Compare(comparison, value),
        }),
    }
}
