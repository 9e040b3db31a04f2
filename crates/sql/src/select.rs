//! Queries and ranges of the feed as SQL.

use driftless_model::{ColumnIx, Result, Shape, TableCode, Version};
use driftless_query::{Output, SecuredQuery, Source};

use crate::name::{push_quoted, quoted, type_column, version_index};
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
    builder.tables(None);
    let after = query.query().after.as_deref();
    let open = builder.conditions(query)?;
    if let Some(after) = after {
        builder.push(if open { " AND " } else { " WHERE " });
        builder.after(after)?;
    }
    for (at, order) in query.query().orders.iter().enumerate() {
        builder.push(if at == 0 { " ORDER BY " } else { "," });
        builder.column(order.source, order.column);
        if order.descending {
            builder.push(" DESC");
        }
    }
    if let Some(limit) = query.query().limit {
        builder.push(" LIMIT ");
        builder.bind(Bind::Int(i64::from(limit) + 1));
    }
    Ok(Select { statement: builder.finish()?, slots })
}

/// The number of rows of a query without its limit and cut; counting ends at `cap`.
///
/// # Errors
/// 0x80060888 when the query holds too many values.
pub fn count(query: &SecuredQuery, cap: Option<u64>) -> Result<Statement<'_>> {
    let mut builder = Builder::new(query.query());
    builder.push(if cap.is_some() { "SELECT count(*) FROM (SELECT 1" } else { "SELECT count(*)" });
    builder.tables(None);
    builder.conditions(query)?;
    if let Some(cap) = cap {
        builder.push(" LIMIT ");
        builder.bind(Bind::Int(i64::try_from(cap).unwrap_or(i64::MAX)));
        builder.push(")");
    }
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
        self.tables(Some(&version_index(&table.def.physical)));
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

    /// `SELECT` and the query's outputs.
    fn outputs(&mut self, targets: &Targets) -> Vec<Slot> {
        let query = self.query;
        let mut slots = Vec::with_capacity(query.outputs.len());
        let mut at = 0;
        for output in &query.outputs {
            self.push(if at == 0 { "SELECT " } else { "," });
            let slot = match output {
                Output::Column { source, column } => self.output_column(*source, *column, targets, at),
                Output::LookupName { source, column } => {
                    self.lookup_name(*source, *column, targets);
                    Slot { at, shape: Shape::Text, table: TableCode(0) }
                }
            };
            at += if slot.shape == Shape::PolyLookup { 2 } else { 1 };
            slots.push(slot);
        }
        if at == 0 {
            self.push("SELECT 1");
        }
        slots
    }

    fn output_column(&mut self, source: Source, column: ColumnIx, targets: &Targets, at: usize) -> Slot {
        let definition = self.query.source(source).column(column);
        let shape = definition.shape();
        if shape == Shape::None {
            self.push("NULL");
            return Slot { at, shape, table: TableCode(0) };
        }
        self.column(source, column);
        if shape == Shape::PolyLookup {
            self.push(",");
            self.named(source, &type_column(definition));
        }
        let table = match (shape, definition.lookup()) {
            (Shape::Lookup, Some(lookup)) => lookup.targets.first().map_or(TableCode(0), |name| targets.code(name)),
            _ => TableCode(0),
        };
        Slot { at, shape, table }
    }

    /// The primary name of the row behind a lookup; null where the table has none.
    fn lookup_name(&mut self, source: Source, column: ColumnIx, targets: &Targets) {
        let definition = self.query.source(source).column(column);
        let Some(lookup) = definition.lookup() else {
            return self.push("NULL");
        };
        let name_of = |builder: &mut Self, target: &crate::Target, name: &str| {
            builder.push("(SELECT n.");
            push_quoted(&mut builder.text, name);
            builder.push(" FROM ");
            push_quoted(&mut builder.text, &target.physical);
            builder.push(" AS n WHERE n.");
            push_quoted(&mut builder.text, &target.id_column);
            builder.push("=");
            builder.column(source, column);
            builder.push(")");
        };
        let named = lookup.targets.iter().filter_map(|name| targets.get(name)).filter_map(|target| Some((target, target.name_column.as_deref()?)));
        if definition.shape() == Shape::PolyLookup {
            let mut any = false;
            for (target, name) in named {
                if !any {
                    self.push("CASE ");
                    self.named(source, &type_column(definition));
                    any = true;
                }
                self.push(&format!(" WHEN {} THEN ", target.code));
                name_of(self, target, name);
            }
            self.push(if any { " END" } else { "NULL" });
        } else {
            match named.into_iter().next() {
                Some((target, name)) => name_of(self, target, name),
                None => self.push("NULL"),
            }
        }
    }

    /// `FROM` and the query's tables; `index` is prescribed for the query's own.
    fn tables(&mut self, index: Option<&str>) {
        let query = self.query;
        self.push(" FROM ");
        push_quoted(&mut self.text, &query.table.def.physical);
        self.push(" AS t0");
        if let Some(index) = index {
            self.push(" INDEXED BY ");
            self.push(&quoted(index));
        }
        for (source, join) in (1_u16..).map(Source).zip(&query.joins) {
            let lookup = query.source(join.parent).column(join.lookup);
            self.push(" LEFT JOIN ");
            push_quoted(&mut self.text, &join.table.def.physical);
            self.push(" AS ");
            self.alias(source);
            self.push(" ON ");
            self.column(source, join.table.id);
            self.push("=");
            self.column(join.parent, join.lookup);
            if lookup.shape() == Shape::PolyLookup {
                self.push(" AND ");
                self.named(join.parent, &type_column(lookup));
                self.push(&format!("={}", join.table.def.code));
            }
        }
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
