//! FROM and JOIN, and where a column's name leads.

use std::sync::Arc;

use driftless_model::{Error, ErrorCode, LogicalName, Result, Table};
use sqlparser::ast::{BinaryOperator, Expr, Ident, Join, JoinConstraint, JoinOperator, ObjectNamePart, TableFactor, TableWithJoins};

use super::{SqlLimits, condition, refused};
use crate::{ColumnPath, Filter, Link, LinkKind, Tables};

/// The tables of a statement.
pub(super) struct Scope {
    /// The first is the one selected from.
    sources: Vec<Source>,
}

struct Source {
    alias: String,
    table: Arc<Table>,
    join: Option<Joined>,
}

/// How a table is joined.
struct Joined {
    /// The source that it hangs on.
    parent: usize,
    own: LogicalName,
    to: LogicalName,
    kind: LinkKind,
    filter: Option<Filter>,
}

impl Scope {
    pub(super) fn of(from: &TableWithJoins, tables: &dyn Tables, limits: &SqlLimits) -> Result<Self> {
        if from.joins.len() > limits.joins {
            return Err(refused(format!("It may join at most {} tables.", limits.joins)));
        }
        let mut scope = Self { sources: Vec::new() };
        scope.add(&from.relation, tables)?;
        for join in &from.joins {
            scope.join(join, tables)?;
        }
        Ok(scope)
    }

    pub(super) fn root(&self) -> &Arc<Table> {
        &self.sources[0].table
    }

    fn add(&mut self, factor: &TableFactor, tables: &dyn Tables) -> Result<()> {
        let TableFactor::Table { name, alias, args: None, version: None, sample: None, .. } = factor else {
            return Err(refused("FROM and JOIN take names of tables: subqueries and functions are not offered."));
        };
        let ident = name.0.last().and_then(ObjectNamePart::as_ident);
        let name = ident.ok_or_else(|| refused("FROM needs the name of a table."))?.value.to_ascii_lowercase();
        let table = tables.table(&name).ok_or_else(|| Error::no_such_table(&name))?;
        let alias = alias.as_ref().map_or(name, |alias| alias.name.value.to_ascii_lowercase());
        if self.sources.iter().any(|source| source.alias == alias) {
            return Err(refused(format!("The table name '{alias}' stands twice: give each a name of its own with AS.")));
        }
        self.sources.push(Source { alias, table, join: None });
        Ok(())
    }

    fn join(&mut self, join: &Join, tables: &dyn Tables) -> Result<()> {
        let (kind, constraint) = match &join.join_operator {
            JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => (LinkKind::Inner, constraint),
            JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => (LinkKind::Outer, constraint),
            _ => return Err(refused("Tables are joined by INNER JOIN and LEFT JOIN; other joins are not offered.")),
        };
        let JoinConstraint::On(on) = constraint else {
            return Err(refused("A JOIN needs ON with two columns that must be equal."));
        };
        self.add(&join.relation, tables)?;
        let joined = self.sources.len() - 1;
        let (mut pair, mut others) = (None, Vec::new());
        for part in condition::conjunction(on) {
            match self.pair(part, joined)? {
                Some(found) if pair.is_none() => pair = Some(found),
                _ => others.push(condition::filter_within(part, self, joined)?),
            }
        }
        let (own, parent, to) = pair.ok_or_else(|| refused("ON needs a column of the joined table that equals a column of a table before it."))?;
        let filter = if others.is_empty() { None } else { Some(Filter::And(others)) };
        self.sources[joined].join = Some(Joined { parent, own, to, kind, filter });
        if kind == LinkKind::Inner {
            self.require(parent);
        }
        Ok(())
    }

    /// A row that is joined by INNER JOIN to a table must have a partner in that table, however the table itself was joined.
    fn require(&mut self, source: usize) {
        let mut next = Some(source);
        while let Some(join) = next.and_then(|source| self.sources.get_mut(source)).and_then(|source| source.join.as_mut()) {
            join.kind = LinkKind::Inner;
            next = Some(join.parent);
        }
    }

    /// The columns of `a.x = b.y` where one belongs to the joined table and the other to one before it: own column, the other's source and column.
    fn pair(&self, expr: &Expr, joined: usize) -> Result<Option<(LogicalName, usize, LogicalName)>> {
        let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = condition::unwrapped(expr) else { return Ok(None) };
        let (Some(left), Some(right)) = (self.maybe(left)?, self.maybe(right)?) else { return Ok(None) };
        Ok(match (left, right) {
            ((own_source, own), (parent, to)) if own_source == joined && parent < joined => Some((own, parent, to)),
            ((parent, to), (own_source, own)) if own_source == joined && parent < joined => Some((own, parent, to)),
            _ => None,
        })
    }

    /// The source and column that an expression names; none if it is no name.
    fn maybe(&self, expr: &Expr) -> Result<Option<(usize, LogicalName)>> {
        match condition::unwrapped(expr) {
            Expr::Identifier(column) => self.unqualified(column).map(Some),
            Expr::CompoundIdentifier(parts) => self.qualified(parts).map(Some),
            _ => Ok(None),
        }
    }

    fn qualified(&self, parts: &[Ident]) -> Result<(usize, LogicalName)> {
        let [.., alias, column] = parts else { return Err(refused("A column's name is missing.")) };
        let known = self.sources.iter().position(|source| source.alias.eq_ignore_ascii_case(&alias.value));
        let source = known.ok_or_else(|| refused(format!("No table is called '{}' here.", alias.value.chars().take(100).collect::<String>())))?;
        let table = &self.sources[source].table;
        let column = column.value.to_ascii_lowercase();
        let ix = table.require(&column)?;
        Ok((source, table.column(ix).name.clone()))
    }

    fn unqualified(&self, column: &Ident) -> Result<(usize, LogicalName)> {
        let name = column.value.to_ascii_lowercase();
        let mut found = self.sources.iter().enumerate().filter_map(|(at, source)| Some((at, source.table.column(source.table.find(&name)?).name.clone())));
        match (found.next(), found.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => {
                let table = self.root().name();
                Err(Error::new(ErrorCode::QueryBuilderNoAttribute, format!("'{table}' entity doesn't contain attribute with Name = '{}'.", excerpt(&name))))
            }
            _ => Err(refused(format!("The column '{name}' is in more than one table: write the table's name before it."))),
        }
    }

    /// The column that an expression names, and the source that it belongs to.
    pub(super) fn find(&self, expr: &Expr) -> Result<Option<(ColumnPath, &Arc<Table>)>> {
        Ok(self.maybe(expr)?.map(|(source, column)| (self.path(source, column), &self.sources[source].table)))
    }

    /// The column that an expression names.
    pub(super) fn column(&self, expr: &Expr) -> Result<ColumnPath> {
        self.find(expr)?.map(|(path, _)| path).ok_or_else(|| refused("A column's name is expected here: expressions are not offered."))
    }

    /// The same for the ON of a joined table, where its own columns stand without an alias.
    pub(super) fn column_within(&self, expr: &Expr, joined: usize) -> Result<Option<ColumnPath>> {
        let Some((source, column)) = self.maybe(expr)? else { return Ok(None) };
        match source {
            own if own == joined => Ok(Some(ColumnPath::own(column))),
            0 => Err(refused("ON compares one column of the joined table with one before it; put other conditions on earlier tables into WHERE.")),
            other => Ok(Some(self.path(other, column))),
        }
    }

    fn path(&self, source: usize, column: LogicalName) -> ColumnPath {
        let link = if source == 0 { None } else { self.sources.get(source).map(|source| source.alias.clone()) };
        ColumnPath { link, lookups: Vec::new(), column }
    }

    /// The joins, each below the table that it hangs on.
    pub(super) fn into_links(mut self) -> Vec<Link> {
        let mut links: Vec<Vec<Link>> = self.sources.iter().map(|_| Vec::new()).collect();
        // Later tables hang on earlier ones, so each is complete when its turn comes.
        for at in (1..self.sources.len()).rev() {
            let Some(Source { alias, table, join: Some(join) }) = self.sources.pop() else { continue };
            let mut below = std::mem::take(&mut links[at]);
            below.reverse();
            let Joined { parent, own, to, kind, filter } = join;
            links[parent].push(Link { alias, table: table.name().clone(), from: own, to, kind, filter, links: below });
        }
        let mut own = links.swap_remove(0);
        own.reverse();
        own
    }
}

fn excerpt(text: &str) -> String {
    text.chars().take(100).collect()
}
