//! Tokens to a [`Select`], by recursive descent. `cursor` walks over the tokens; this file reads the statement, `predicates` what WHERE and ON say.

mod cursor;
mod predicates;

use driftless_model::{Error, Result};

use super::ast::{AggregateOf, ColumnName, Item, Join, OrderKey, Select, Selected, TableName};
use super::lexer::{Token, tokens};
use super::{SqlLimits, refused};
use crate::{Aggregate, LinkKind};
use cursor::Parser;

/// The one statement of a text.
///
/// # Errors
/// A sentence for what is no SELECT of the kind that is offered, and for what exceeds `limits`.
pub(super) fn parsed(text: &str, limits: &SqlLimits) -> Result<Select> {
    let mut parser = Parser { tokens: tokens(text, limits)?, at: 0, limits, conditions: 0 };
    if !parser.eat_word("SELECT") {
        return Err(match parser.peek() {
            Some(Token::Word(_)) if parser.is_word("WITH") => parser.unexpected("SELECT"),
            Some(Token::Word(_)) => refused("It must be one SELECT statement: rows are changed through their addresses."),
            _ => one_statement(),
        });
    }
    let select = parser.select()?;
    let ended = parser.eat_symbol(";");
    while parser.eat_symbol(";") {}
    match parser.peek() {
        None => Ok(select),
        Some(_) if ended => Err(one_statement()),
        Some(_) => Err(parser.unexpected("The end of the statement")),
    }
}

fn one_statement() -> Error {
    refused("It must be one SELECT statement.")
}

impl Parser<'_> {
    /// What stands behind SELECT.
    fn select(&mut self) -> Result<Select> {
        let distinct = self.eat_word("DISTINCT");
        if distinct && self.is_word("ON") {
            return Err(refused("DISTINCT ON is not offered."));
        }
        if !distinct {
            self.eat_word("ALL");
        }
        let top = if self.eat_word("TOP") { Some(self.top()?) } else { None };
        let mut items = vec![self.item()?];
        while self.eat_symbol(",") {
            items.push(self.item()?);
        }
        let (from, joins) = self.tables()?;
        let filter = if self.eat_word("WHERE") { Some(self.predicate()?) } else { None };
        let mut groups = Vec::new();
        if self.eat_word("GROUP") {
            self.need_word("BY")?;
            groups.push(self.column()?);
            while self.eat_symbol(",") {
                groups.push(self.column()?);
            }
        }
        let mut orders = Vec::new();
        if self.eat_word("ORDER") {
            self.need_word("BY")?;
            orders.push(self.order_key()?);
            while self.eat_symbol(",") {
                orders.push(self.order_key()?);
            }
        }
        let skip = if self.eat_word("OFFSET") { Some(self.offset()?) } else { None };
        let rows_max = if self.eat_word("FETCH") { Some(self.fetch()?) } else { None };
        Ok(Select { distinct, top, items, from, joins, filter, groups, orders, skip, rows_max })
    }

    /// What stands behind TOP.
    fn top(&mut self) -> Result<u32> {
        let most = self.limits.top;
        let rows = self.rows().and_then(|rows| u32::try_from(rows).ok()).filter(|rows| *rows <= most);
        let rows = rows.ok_or_else(|| refused(format!("TOP takes a number of rows up to {most}.")))?;
        if self.is_word("PERCENT") || self.is_word("WITH") {
            return Err(refused(format!("TOP takes a number of rows up to {most}, without PERCENT and WITH TIES.")));
        }
        Ok(rows)
    }

    /// What stands behind OFFSET.
    fn offset(&mut self) -> Result<u64> {
        match self.rows() {
            Some(rows) if self.eat_either("ROWS", "ROW") => Ok(rows),
            _ => Err(refused("OFFSET takes a number of rows, and ROWS behind it.")),
        }
    }

    /// What stands behind FETCH.
    fn fetch(&mut self) -> Result<u32> {
        if !self.eat_either("NEXT", "FIRST") {
            return Err(self.unexpected("NEXT or FIRST"));
        }
        let rows = if self.is_word("ROW") || self.is_word("ROWS") { Some(1) } else { self.rows() };
        match rows {
            Some(rows) if self.eat_either("ROWS", "ROW") && self.eat_word("ONLY") => Ok(u32::try_from(rows).unwrap_or(u32::MAX)),
            _ => Err(refused("FETCH takes a number of rows, and ROWS ONLY behind it, without PERCENT and WITH TIES.")),
        }
    }

    /// A number of rows, in parentheses or without them.
    fn rows(&mut self) -> Option<u64> {
        let opened = self.eat_symbol("(");
        let Some(Token::Number(rows)) = self.peek() else { return None };
        let rows = rows.parse().ok()?;
        self.at += 1;
        if opened && !self.eat_symbol(")") { None } else { Some(rows) }
    }

    fn item(&mut self) -> Result<Item> {
        let value = match self.selected()? {
            Some(value) if !self.is_operator() => value,
            None if self.is_symbol("*") => return Err(all_columns()),
            None if self.peek().is_none() => return Err(self.unexpected("The name of a column")),
            None if self.is_subquery() => return Err(no_subqueries()),
            _ => return Err(refused("The list after SELECT has columns, COUNT, SUM, AVG, MIN and MAX; other expressions are not offered.")),
        };
        Ok(Item { value, alias: self.alias()? })
    }

    /// A column or an aggregate, unless something else stands here.
    fn selected(&mut self) -> Result<Option<Selected>> {
        let Some((table, column)) = self.maybe_path()? else { return Ok(None) };
        if self.eat_symbol("(") {
            let function = if table.is_some() { String::new() } else { column };
            return self.aggregate(function).map(|aggregate| Some(Selected::Aggregate(aggregate)));
        }
        Ok(Some(Selected::Column(ColumnName { table, column })))
    }

    fn column(&mut self) -> Result<ColumnName> {
        match self.maybe_path()? {
            Some((table, column)) if !self.is_symbol("(") && !self.is_operator() => Ok(ColumnName { table, column }),
            None if self.peek().is_none() => Err(self.unexpected("The name of a column")),
            _ => Err(refused("A column's name is expected here: expressions are not offered.")),
        }
    }

    /// The aggregate of a function's name, after its opening parenthesis.
    fn aggregate(&mut self, function: String) -> Result<AggregateOf> {
        let refuse = || refused("COUNT, SUM, AVG, MIN and MAX of a column, COUNT(*) and COUNT(DISTINCT column) are offered; other functions are not.");
        let distinct = self.eat_word("DISTINCT");
        if !distinct {
            self.eat_word("ALL");
        }
        let aggregate = match (function.as_str(), distinct) {
            ("count" | "count_big", false) => Aggregate::Count,
            ("count" | "count_big", true) => Aggregate::CountDistinct,
            ("sum", false) => Aggregate::Sum,
            ("avg", false) => Aggregate::Average,
            ("min", _) => Aggregate::Min,
            ("max", _) => Aggregate::Max,
            _ => return Err(refuse()),
        };
        let column = if aggregate == Aggregate::Count && self.eat_symbol("*") { None } else { Some(self.column()?) };
        if self.eat_symbol(")") { Ok(AggregateOf { aggregate, function, column }) } else { Err(refuse()) }
    }

    /// A name that is given to what is before it, with AS or without.
    fn alias(&mut self) -> Result<Option<String>> {
        let needed = self.eat_word("AS");
        match self.maybe_name() {
            None if needed => Err(self.unexpected("A name")),
            name => Ok(name),
        }
    }

    /// FROM and the joins.
    fn tables(&mut self) -> Result<(TableName, Vec<Join>)> {
        let one_table = || refused("It must select from one table, to which others are joined with INNER JOIN or LEFT JOIN.");
        match self.peek() {
            None | Some(Token::Symbol(";")) => return Err(one_table()),
            _ => self.need_word("FROM")?,
        }
        let (from, mut joins) = (self.table()?, Vec::new());
        while let Some(kind) = self.join_kind()? {
            if joins.len() == self.limits.joins {
                return Err(refused(format!("It may join at most {} tables.", self.limits.joins)));
            }
            let table = self.table()?;
            if !self.eat_word("ON") {
                return Err(refused("A JOIN needs ON with two columns that must be equal."));
            }
            joins.push(Join { kind, table, on: self.predicate()? });
        }
        if self.is_symbol(",") { Err(one_table()) } else { Ok((from, joins)) }
    }

    fn table(&mut self) -> Result<TableName> {
        let path = self.maybe_path()?;
        if self.is_symbol("(") {
            return Err(refused("FROM and JOIN take names of tables: subqueries and functions are not offered."));
        }
        let (_, name) = path.ok_or_else(|| self.unexpected("The name of a table"))?;
        Ok(TableName { name, alias: self.alias()?.map(|alias| alias.to_ascii_lowercase()) })
    }

    /// The words before the name of a joined table; none where no join begins.
    fn join_kind(&mut self) -> Result<Option<LinkKind>> {
        let kind = if self.eat_word("LEFT") {
            self.eat_word("OUTER");
            LinkKind::Outer
        } else if self.eat_word("INNER") || self.is_word("JOIN") {
            LinkKind::Inner
        } else {
            return Ok(None);
        };
        if self.eat_word("JOIN") { Ok(Some(kind)) } else { Err(refused("Tables are joined by INNER JOIN and LEFT JOIN; other joins are not offered.")) }
    }

    fn order_key(&mut self) -> Result<OrderKey> {
        let by = match self.selected()? {
            Some(by) if !self.is_operator() => by,
            None if self.peek().is_none() => return Err(self.unexpected("The name of a column")),
            _ => return Err(refused("A column's name is expected here: expressions are not offered.")),
        };
        let descending = self.eat_word("DESC");
        if !descending {
            self.eat_word("ASC");
        }
        Ok(OrderKey { by, descending })
    }
}

fn all_columns() -> Error {
    refused("'*' is not offered: name the columns to return.")
}

fn no_subqueries() -> Error {
    refused("Subqueries are not offered.")
}

#[cfg(test)]
mod tests;
