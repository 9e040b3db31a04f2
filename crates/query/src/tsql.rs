//! A SELECT in Transact-SQL to a query (web-api 20, `?sql=`): columns, WHERE, ORDER BY, TOP, DISTINCT, INNER and LEFT JOIN, GROUP BY with aggregates, OFFSET and
//! FETCH. Names match in any case; comparisons with null are unknown, as in SQL. Everything else is refused by name.

mod condition;
mod items;
mod tables;

use driftless_model::{Error, ErrorCode, Result};
use sqlparser::ast::{
    Expr, GroupByExpr, LimitClause, OrderByExpr, OrderByKind, OrderBySort, Query as Ast, Select, SelectFlavor, SelectItem, SetExpr, Statement, Top,
    TopQuantity, Value,
};
use sqlparser::dialect::MsSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};

use crate::{Columns, Order, OrderBy, Query, ResultKind, Tables};
use items::Items;
use tables::Scope;

/// Bounds of one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqlLimits {
    /// Bytes of the text (SEC-07).
    pub bytes: usize,
    /// Words, operators and brackets; what stands in lists of values does not count. Bounds how deep a statement can be.
    pub words: usize,
    /// Joined tables (SEC-08).
    pub joins: usize,
    /// Rows that TOP may ask for.
    pub top: u32,
}

impl Default for SqlLimits {
    fn default() -> Self {
        Self { bytes: 64 << 10, words: 2_500, joins: 15, top: 5_000 }
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
    let statement = parsed(text, limits)?;
    let Statement::Query(ast) = statement else {
        return Err(refused("It must be one SELECT statement: rows are changed through their addresses."));
    };
    let (select, tail) = plain_select(*ast)?;
    let [from] = select.from.as_slice() else {
        return Err(refused("It must select from one table, to which others are joined with INNER JOIN or LEFT JOIN."));
    };
    let scope = Scope::of(from, tables, limits)?;
    let grouped = grouped_by(&select)?;
    let items = Items::of(&select, grouped, &scope)?;
    let mut query = Query { result: items.result, ..Query::new(scope.root().name().clone()) };
    query.filter = select.selection.as_ref().map(|expr| condition::filter(expr, &scope)).transpose()?;
    query.orders = tail.orders.iter().map(|order| order_by(order, &items, &scope)).collect::<Result<_>>()?;
    query.columns = if items.result == ResultKind::Rows { Columns::Some(items.columns) } else { Columns::All };
    query.values = items.values;
    query.links = scope.into_links();
    let (rows_max, skip) = match (&select.top, tail.skip, tail.rows_max) {
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) => return Err(refused("TOP cannot stand beside OFFSET and FETCH.")),
        (Some(top), None, None) => (Some(top_rows(top, limits)?), 0),
        (None, skip, rows_max) => (rows_max, skip.unwrap_or_default()),
    };
    Ok(SqlQuery { query, rows_max, skip })
}

fn refused(sentence: impl AsRef<str>) -> Error {
    Error::new(ErrorCode::ODataError, format!("The SQL text cannot be taken. {}", sentence.as_ref()))
}

/// The one statement of a text.
fn parsed(text: &str, limits: &SqlLimits) -> Result<Statement> {
    if text.len() > limits.bytes {
        return Err(refused(format!("It may have at most {} bytes.", limits.bytes)));
    }
    let dialect = MsSqlDialect {};
    let tokens = Tokenizer::new(&dialect, text).tokenize().map_err(|error| refused(sentence(&error.to_string())))?;
    let is_word = |token: &&Token| {
        !matches!(token, Token::Whitespace(_) | Token::Comma | Token::Number(..) | Token::SingleQuotedString(_) | Token::NationalStringLiteral(_))
    };
    if tokens.iter().filter(is_word).count() > limits.words {
        return Err(refused(format!("It may have at most {} words, operators and brackets.", limits.words)));
    }
    let mut statements = Parser::new(&dialect).with_tokens(tokens).parse_statements().map_err(|error| refused(sentence(&error.to_string())))?;
    match (statements.pop(), statements.is_empty()) {
        (Some(statement), true) => Ok(statement),
        _ => Err(refused("It must be one SELECT statement.")),
    }
}

/// The parser's words as a sentence of bounded length.
fn sentence(words: &str) -> String {
    let words = words.strip_prefix("sql parser error: ").unwrap_or(words);
    format!("{}.", words.chars().take(200).collect::<String>().trim_end_matches('.'))
}

/// What stands behind a SELECT.
struct Tail {
    orders: Vec<OrderByExpr>,
    skip: Option<u64>,
    rows_max: Option<u32>,
}

/// The SELECT of a query without anything around it that is not offered.
fn plain_select(ast: Ast) -> Result<(Select, Tail)> {
    let Ast { with, body, order_by, limit_clause, fetch, locks, for_clause, settings, format_clause, pipe_operators } = ast;
    if with.is_some() {
        return Err(refused("WITH is not offered."));
    }
    if !locks.is_empty() || for_clause.is_some() || settings.is_some() || format_clause.is_some() || !pipe_operators.is_empty() {
        return Err(refused("Nothing but ORDER BY, OFFSET and FETCH may stand behind the SELECT."));
    }
    let select = match *body {
        SetExpr::Select(select) => *select,
        SetExpr::SetOperation { .. } => return Err(refused("UNION, EXCEPT and INTERSECT are not offered.")),
        _ => return Err(refused("It must be one SELECT statement.")),
    };
    check_clauses(&select)?;
    let orders = match order_by.map(|order| (order.kind, order.interpolate)) {
        None => Vec::new(),
        Some((OrderByKind::Expressions(orders), None)) => orders,
        Some(_) => return Err(refused("ORDER BY needs a list of columns.")),
    };
    let skip = match limit_clause {
        None => None,
        Some(LimitClause::LimitOffset { limit: None, offset: Some(offset), limit_by }) if limit_by.is_empty() => Some(number(&offset.value, "OFFSET")?),
        Some(_) => return Err(refused("LIMIT is not offered: write TOP, or OFFSET and FETCH.")),
    };
    let rows_max = match fetch {
        None => None,
        Some(fetch) if fetch.with_ties || fetch.percent => return Err(refused("FETCH takes a number of rows.")),
        Some(fetch) => fetch.quantity.as_ref().map_or(Ok(Some(1)), |quantity| number(quantity, "FETCH").map(|rows| u32::try_from(rows).ok()))?,
    };
    Ok((select, Tail { orders, skip, rows_max }))
}

/// Refuses clauses that are not offered.
fn check_clauses(select: &Select) -> Result<()> {
    let Select {
        into,
        having,
        lateral_views,
        prewhere,
        connect_by,
        cluster_by,
        distribute_by,
        sort_by,
        named_window,
        qualify,
        value_table_mode,
        exclude,
        flavor,
        ..
    } = select;
    if having.is_some() {
        return Err(refused("HAVING is not offered."));
    }
    if into.is_some() {
        return Err(refused("SELECT INTO is not offered: rows are made through their addresses."));
    }
    let plain = lateral_views.is_empty()
        && prewhere.is_none()
        && connect_by.is_empty()
        && cluster_by.is_empty()
        && distribute_by.is_empty()
        && sort_by.is_empty()
        && named_window.is_empty()
        && qualify.is_none()
        && value_table_mode.is_none()
        && exclude.is_none()
        && *flavor == SelectFlavor::Standard;
    if plain { Ok(()) } else { Err(refused("A SELECT has columns, FROM with INNER and LEFT JOIN, WHERE and GROUP BY; other clauses are not offered.")) }
}

/// The expressions of GROUP BY.
fn grouped_by(select: &Select) -> Result<&[Expr]> {
    match &select.group_by {
        GroupByExpr::Expressions(expressions, modifiers) if modifiers.is_empty() => Ok(expressions),
        _ => Err(refused("GROUP BY takes a list of columns.")),
    }
}

fn top_rows(top: &Top, limits: &SqlLimits) -> Result<u32> {
    let rows = match &top.quantity {
        _ if top.with_ties || top.percent => None,
        Some(TopQuantity::Constant(rows)) => Some(*rows),
        Some(TopQuantity::Expr(expr)) => Some(number(expr, "TOP")?),
        None => None,
    };
    let rows = rows.and_then(|rows| u32::try_from(rows).ok()).filter(|rows| *rows <= limits.top);
    rows.ok_or_else(|| refused(format!("TOP takes a number of rows up to {}.", limits.top)))
}

fn number(expr: &Expr, what: &str) -> Result<u64> {
    let text = match expr {
        Expr::Value(value) => {
            if let Value::Number(text, _) = &value.value {
                text.parse().ok()
            } else {
                None
            }
        }
        Expr::Nested(inner) => return number(inner, what),
        _ => None,
    };
    text.ok_or_else(|| refused(format!("{what} takes a number of rows.")))
}

/// A key of the order: the name of a value, a column, or what stands in the list of columns.
fn order_by(order: &OrderByExpr, items: &Items, scope: &Scope) -> Result<Order> {
    let descending = match &order.options.sort {
        _ if order.options.nulls_first.is_some() || order.with_fill.is_some() => None,
        None | Some(OrderBySort::Asc) => Some(false),
        Some(OrderBySort::Desc) => Some(true),
        Some(OrderBySort::Using(_)) => None,
    };
    let descending = descending.ok_or_else(|| refused("ORDER BY takes columns with ASC or DESC."))?;
    if let Some(name) = items.named(&order.expr) {
        return Ok(Order { by: OrderBy::Value(name.to_owned()), descending });
    }
    Ok(Order { by: OrderBy::Column(scope.column(&order.expr)?), descending })
}

/// The expression of an entry of the list of columns, and the name given to it.
fn item(item: &SelectItem) -> Result<(&Expr, Option<&str>)> {
    match item {
        SelectItem::UnnamedExpr(expr) => Ok((expr, None)),
        SelectItem::ExprWithAlias { expr, alias } => Ok((expr, Some(&alias.value))),
        _ => Err(refused("'*' is not offered: name the columns to return.")),
    }
}

#[cfg(test)]
mod tests;
