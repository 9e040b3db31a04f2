//! FROM and JOIN, and where a column's name leads.

use std::sync::Arc;

use driftless_model::{Error, ErrorCode, LogicalName, Result, Table};

use super::ast::{ColumnName, Join, Operand, Predicate, Select, TableName};
use super::{condition, excerpt, refused};
use crate::{ColumnPath, Comparison, Filter, Link, LinkKind, Tables};

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
    pub(super) fn of(select: &Select, tables: &dyn Tables) -> Result<Self> {
        let mut scope = Self { sources: Vec::new() };
        scope.add(&select.from, tables)?;
        for join in &select.joins {
            scope.join(join, tables)?;
        }
        Ok(scope)
    }

    pub(super) fn root(&self) -> &Arc<Table> {
        &self.sources[0].table
    }

    fn add(&mut self, from: &TableName, tables: &dyn Tables) -> Result<()> {
        let table = tables.table(&from.name).ok_or_else(|| Error::no_such_table(&from.name))?;
        let alias = from.alias.as_ref().unwrap_or(&from.name);
        if self.sources.iter().any(|source| source.alias == *alias) {
            return Err(refused(format!("The table name '{}' stands twice: give each a name of its own with AS.", excerpt(alias))));
        }
        self.sources.push(Source { alias: alias.clone(), table, join: None });
        Ok(())
    }

    fn join(&mut self, join: &Join, tables: &dyn Tables) -> Result<()> {
        self.add(&join.table, tables)?;
        let joined = self.sources.len() - 1;
        let (mut pair, mut others) = (None, Vec::new());
        let parts = if let Predicate::And(parts) = &join.on { parts.as_slice() } else { std::slice::from_ref(&join.on) };
        for part in parts {
            match self.pair(part, joined)? {
                Some(found) if pair.is_none() => pair = Some(found),
                _ => others.push(condition::filter_within(part, self, joined)?),
            }
        }
        let (own, parent, to) = pair.ok_or_else(|| refused("ON needs a column of the joined table that equals a column of a table before it."))?;
        let filter = if others.is_empty() { None } else { Some(Filter::And(others)) };
        self.sources[joined].join = Some(Joined { parent, own, to, kind: join.kind, filter });
        if join.kind == LinkKind::Inner {
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
    fn pair(&self, predicate: &Predicate, joined: usize) -> Result<Option<(LogicalName, usize, LogicalName)>> {
        let Predicate::Compare { column, comparison: Comparison::Equal, other: Operand::Column(other) } = predicate else { return Ok(None) };
        Ok(match (self.source(column)?, self.source(other)?) {
            ((own_source, own), (parent, to)) if own_source == joined && parent < joined => Some((own, parent, to)),
            ((parent, to), (own_source, own)) if own_source == joined && parent < joined => Some((own, parent, to)),
            _ => None,
        })
    }

    /// The source that a name leads to, and its column.
    fn source(&self, name: &ColumnName) -> Result<(usize, LogicalName)> {
        let ColumnName { table: Some(alias), column } = name else { return self.unqualified(&name.column) };
        let known = self.sources.iter().position(|source| source.alias == *alias);
        let source = known.ok_or_else(|| refused(format!("No table is called '{}' here.", excerpt(alias))))?;
        let table = &self.sources[source].table;
        let ix = table.require(column)?;
        Ok((source, table.column(ix).name.clone()))
    }

    fn unqualified(&self, name: &str) -> Result<(usize, LogicalName)> {
        let mut found = self.sources.iter().enumerate().filter_map(|(at, source)| Some((at, source.table.column(source.table.find(name)?).name.clone())));
        match (found.next(), found.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => {
                let table = self.root().name();
                Err(Error::new(ErrorCode::QueryBuilderNoAttribute, format!("'{table}' entity doesn't contain attribute with Name = '{}'.", excerpt(name))))
            }
            _ => Err(refused(format!("The column '{name}' is in more than one table: write the table's name before it."))),
        }
    }

    /// The column of a name, and the table that it belongs to.
    pub(super) fn find(&self, name: &ColumnName) -> Result<(ColumnPath, &Arc<Table>)> {
        let (source, column) = self.source(name)?;
        Ok((self.path(source, column), &self.sources[source].table))
    }

    /// The column of a name.
    pub(super) fn column(&self, name: &ColumnName) -> Result<ColumnPath> {
        self.find(name).map(|(path, _)| path)
    }

    /// The same for the ON of a joined table, where its own columns stand without an alias.
    pub(super) fn column_within(&self, name: &ColumnName, joined: usize) -> Result<ColumnPath> {
        match self.source(name)? {
            (own, column) if own == joined => Ok(ColumnPath::own(column)),
            (0, _) => Err(refused("ON compares one column of the joined table with one before it; put other conditions on earlier tables into WHERE.")),
            (other, column) => Ok(self.path(other, column)),
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
