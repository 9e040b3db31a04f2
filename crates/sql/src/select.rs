//! Queries and ranges of the feed as SQL.

use driftless_model::{Result, Shape, TableCode, Version};
use driftless_query::{SecuredQuery, Source};

use crate::name::version_index;
use crate::text::Builder;
use crate::{Bind, Statement, Targets};

/// Where an output of a query is found in a row of its statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Place among the statement's columns; the number of a polymorphic lookup's table is at the next one.
    pub at: usize,
    /// Form of the value.
    pub shape: Shape,
    /// Table of the rows that a lookup of one table leads to.
    pub table: TableCode,
}

/// A statement that gives rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Select<'a> {
    /// The statement.
    pub statement: Statement<'a>,
    /// For each of the query's outputs its place.
    pub slots: Vec<Slot>,
}

/// A range of versions: after `after`, up to and with `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionRange {
    /// Versions above this one.
    pub after: Version,
    /// Versions up to this one.
    pub until: Version,
}

/// The rows of a query in its order, one more than its limit, so that the reader learns whether there are more.
///
/// # Errors
/// 0x80041129 or 0x8004112a when the cut does not fit the order; 0x80060888 when the query holds too many values.
pub fn select<'a>(query: &'a SecuredQuery, targets: &Targets) -> Result<Select<'a>> {
    let mut builder = Builder::new(query.query());
    let slots = builder.outputs(targets);
    builder.tables(None)?;
    let after = query.query().after.as_deref();
    let open = builder.conditions(query)?;
    if let Some(after) = after {
        builder.push(if open { " AND " } else { " WHERE " });
        builder.after(after)?;
    }
    builder.groups(&slots);
    for (at, order) in query.query().orders.iter().enumerate() {
        builder.push(if at == 0 { " ORDER BY " } else { "," });
        builder.order_key(order.key, &slots);
        if order.descending {
            builder.push(" DESC");
        }
    }
    match (query.query().limit, query.query().skip) {
        (None, 0) => {}
        (limit, skip) => {
            builder.push(" LIMIT ");
            builder.bind(Bind::Int(limit.map_or(-1, |limit| i64::from(limit) + 1)));
            if skip > 0 {
                builder.push(" OFFSET ");
                builder.bind(Bind::Int(i64::try_from(skip).unwrap_or(i64::MAX)));
            }
        }
    }
    Ok(Select { statement: builder.finish()?, slots })
}

/// The number of rows of a query without its limit and cut; counting ends at `cap`.
///
/// # Errors
/// 0x80060888 when the query holds too many values.
pub fn count(query: &SecuredQuery, cap: Option<u64>) -> Result<Statement<'_>> {
    let mut builder = Builder::new(query.query());
    let is_inner = cap.is_some() || query.query().grouped;
    builder.push(if is_inner { "SELECT count(*) FROM (" } else { "" });
    let mut slots = Vec::new();
    if query.query().grouped {
        slots = builder.outputs(&Targets::default());
    } else {
        builder.push(if is_inner { "SELECT 1" } else { "SELECT count(*)" });
    }
    builder.tables(None)?;
    builder.conditions(query)?;
    builder.groups(&slots);
    if let Some(cap) = cap {
        builder.push(" LIMIT ");
        builder.bind(Bind::Int(i64::try_from(cap).unwrap_or(i64::MAX)));
    }
    builder.push(if is_inner { ")" } else { "" });
    builder.finish()
}

/// Rows of a query's table with versions in a range, in version order, at most `limit`. The index on the version is prescribed: a page of the feed must cost what
/// it delivers, whatever else is asked of its rows.
///
/// # Errors
/// 0x80060888 when the query holds too many values.
pub fn changed_rows<'a>(query: &'a SecuredQuery, range: VersionRange, limit: u32, targets: &Targets) -> Result<Select<'a>> {
    let mut builder = Builder::new(query.query());
    let slots = builder.outputs(targets);
    builder.changed(query, range)?;
    builder.push(" ORDER BY ");
    builder.column(Source::ROOT, query.query().table.row_version);
    builder.push(" LIMIT ");
    builder.bind(Bind::Int(i64::from(limit)));
    Ok(Select { statement: builder.finish()?, slots })
}

/// The number of rows of a query's table with versions in a range.
///
/// # Errors
/// 0x80060888 when the query holds too many values.
pub fn count_changed_rows(query: &SecuredQuery, range: VersionRange) -> Result<Statement<'_>> {
    let mut builder = Builder::new(query.query());
    builder.push("SELECT count(*)");
    builder.changed(query, range)?;
    builder.finish()
}

impl<'a> Builder<'a> {
    fn changed(&mut self, query: &'a SecuredQuery, range: VersionRange) -> Result<()> {
        let table = &query.query().table;
        self.tables(Some(&version_index(&table.def.physical)))?;
        let open = self.conditions(query)?;
        self.push(if open { " AND " } else { " WHERE " });
        self.column(Source::ROOT, table.row_version);
        self.push(">");
        self.bind(Bind::Int(range.after.0));
        self.push(" AND ");
        self.column(Source::ROOT, table.row_version);
        self.push("<=");
        self.bind(Bind::Int(range.until.0));
        Ok(())
    }

    /// `WHERE`, the query's filter and the caller's restriction. Gives false if there are none.
    fn conditions(&mut self, query: &'a SecuredQuery) -> Result<bool> {
        let mut open = false;
        for filter in [query.query().filter.as_ref(), query.restriction()].into_iter().flatten() {
            self.push(if open { " AND " } else { " WHERE " });
            self.filter(filter)?;
            open = true;
        }
        Ok(open)
    }
}
