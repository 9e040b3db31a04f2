//! `$apply`: rows put together (web-api 19).

use std::sync::Arc;

use driftless_model::{Error, ErrorCode, Result, Table};
use driftless_odata::apply::{self, Aggregation, Method};
use driftless_query::{Aggregate, Filter, Query, ResultKind, Role, SelectedValue};

use super::filter::Lowering;
use crate::error;

/// The query that `$apply` asks for, over the rows that `filter` holds of.
///
/// # Errors
/// 0x80060888 for what cannot be understood, for columns that cannot be put together so, and for an order.
pub(super) fn apply(lowering: &Lowering<'_>, table: &Arc<Table>, text: &str, filter: Option<Filter>, is_unordered: bool, lookup_names: bool) -> Result<Query> {
    if !is_unordered {
        return Err(Error::new(
            ErrorCode::ODataError,
            "The query node SingleValueOpenPropertyAccess is not supported: rows that are put together have no order.",
        ));
    }
    let parsed = apply::parse(text).map_err(error::of_syntax)?;
    let mut filters: Vec<_> = filter.into_iter().collect();
    for expr in &parsed.filters {
        filters.push(lowering.filter(table, expr)?);
    }
    let mut values = Vec::with_capacity(parsed.group_by.len() + parsed.aggregates.len());
    let role = if parsed.aggregates.is_empty() { Role::Plain } else { Role::Group(None) };
    for path in &parsed.group_by {
        let column = lowering.path(table, path)?;
        let name = column.lookups.last().map(|(_, target)| format!("{target}_{}", column.column));
        values.push(SelectedValue { column: Some(column), name, role });
    }
    for Aggregation { of, name } in &parsed.aggregates {
        let (column, role) = match of {
            None => (None, Role::Aggregate(Aggregate::Count)),
            Some((path, method)) => (Some(lowering.path(table, path)?), Role::Aggregate(aggregate(*method))),
        };
        values.push(SelectedValue { column, name: Some(name.clone()), role });
    }
    let result = if parsed.aggregates.is_empty() { ResultKind::Distinct } else { ResultKind::Groups };
    let filter = (!filters.is_empty()).then_some(Filter::And(filters));
    Ok(Query { result, values, filter, lookup_names, ..Query::new(table.name().clone()) })
}

fn aggregate(method: Method) -> Aggregate {
    match method {
        Method::Sum => Aggregate::Sum,
        Method::Average => Aggregate::Average,
        Method::Min => Aggregate::Min,
        Method::Max => Aggregate::Max,
        Method::CountDistinct => Aggregate::CountDistinct,
    }
}
