//! A SELECT in Transact-SQL to a query (web-api 20, `?sql=`): columns, WHERE, ORDER BY, TOP, DISTINCT, INNER and LEFT JOIN, GROUP BY with aggregates, OFFSET and
//! FETCH. Names match in any case; comparisons with null are unknown, as in SQL. Everything else is refused by name.
//!
//! The text goes through `lexer` and `parser` to the statement of `ast`; the other files lower that to a query. They are our own because a parser of all SQL adds 6 MB
//! to the program.

mod ast;
mod condition;
mod items;
mod lexer;
mod parser;
mod tables;
mod words;

use driftless_model::{Error, ErrorCode, Result};

use crate::{Columns, Order, OrderBy, Query, ResultKind, Tables};
use ast::{OrderKey, Selected};
use items::Items;
use tables::Scope;

/// Bounds of one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqlLimits {
    /// Bytes of the text (SEC-07).
    pub bytes: usize,
    /// Words, operators and brackets; what stands in lists of values does not count.
    pub words: usize,
    /// Joined tables (SEC-08).
    pub joins: usize,
    /// Conditions of WHERE and of every ON together (SEC-07).
    pub conditions: usize,
    /// Levels of NOT and of parentheses (SEC-07).
    pub depth: usize,
    /// Rows that TOP may ask for.
    pub top: u32,
}

impl Default for SqlLimits {
    fn default() -> Self {
        Self { bytes: 64 << 10, words: 2_500, joins: 15, conditions: 500, depth: 64, top: 5_000 }
    }
}

/// What a statement asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct SqlQuery {
    /// The query; its limit is not set.
    pub query: Query,
    /// Rows to return in all: TOP, or FETCH NEXT.
    pub rows_max: Option<u32>,
    /// Rows to leave out at the beginning: OFFSET.
    pub skip: u64,
}

/// Reads a statement.
///
/// # Errors
/// 0x80060888 with a sentence for what is no SELECT of the kind that is offered, 0x80041102 and 0x80041103 for unknown tables and columns.
pub fn read(text: &str, tables: &dyn Tables, limits: &SqlLimits) -> Result<SqlQuery> {
    let select = parser::parsed(text, limits)?;
    let scope = Scope::of(&select, tables)?;
    let items = Items::of(&select, &scope)?;
    let mut query = Query { result: items.result, ..Query::new(scope.root().name().clone()) };
    query.filter = select.filter.as_ref().map(|predicate| condition::filter(predicate, &scope)).transpose()?;
    query.orders = select.orders.iter().map(|order| order_by(order, &items, &scope)).collect::<Result<_>>()?;
    query.columns = if items.result == ResultKind::Rows { Columns::Some(items.columns) } else { Columns::All };
    query.values = items.values;
    query.links = scope.into_links();
    if select.top.is_some() && (select.skip.is_some() || select.rows_max.is_some()) {
        return Err(refused("TOP cannot stand beside OFFSET and FETCH."));
    }
    Ok(SqlQuery { query, rows_max: select.top.or(select.rows_max), skip: select.skip.unwrap_or_default() })
}

fn refused(sentence: impl AsRef<str>) -> Error {
    Error::new(ErrorCode::ODataError, format!("The SQL text cannot be taken. {}", sentence.as_ref()))
}

/// The beginning of a text for a sentence.
fn excerpt(text: &str) -> String {
    text.chars().take(100).collect()
}

/// A key of the order: the name of a value, a column, or what stands in the list of columns.
fn order_by(order: &OrderKey, items: &Items, scope: &Scope) -> Result<Order> {
    let by = match (items.named(&order.by), &order.by) {
        (Some(name), _) => OrderBy::Value(name.to_owned()),
        (None, Selected::Column(column)) => OrderBy::Column(scope.column(column)?),
        (None, Selected::Aggregate(_)) => return Err(refused("ORDER BY takes columns, and aggregates that stand behind SELECT.")),
    };
    Ok(Order { by, descending: order.descending })
}

#[cfg(test)]
mod tests;
