//! From names to places: a query is checked against the metadata before any SQL exists.

mod conditions;
mod output;

use std::sync::Arc;

use driftless_model::{ColumnIx, Error, ErrorCode, LogicalName, Result, Shape, Table};

use crate::{
    Along, Circumstances, ColumnPath, Expand, Filter, Join, JoinKind, Link, Order, OrderBy, OrderKey, Output, Query, ResolvedFilter, ResolvedOrder,
    ResolvedQuery, ResultKind, Source,
};
use output::Outputs;
pub use output::resolve_within;

/// Most tables that one query may join, subqueries included: SQLite's own limit is 64.
const SOURCES_MAX: usize = 40;

/// The tables that a query may name. The metadata snapshot is one.
pub trait Tables {
    /// The table with this logical name.
    fn table(&self, name: &str) -> Option<Arc<Table>>;

    /// The lookup that makes a hierarchy of a table's rows; none if there is no hierarchy.
    fn hierarchy(&self, table: &Table) -> Option<ColumnIx>;
}

/// Checks `query` against `tables`.
///
/// # Errors
/// 0x80041102 for an unknown table, 0x80041103 for an unknown column, 0x80060888 for a value that does not fit its column or an operator that does not fit
/// the column's type.
pub fn resolve(query: &Query, tables: &dyn Tables, circumstances: &Circumstances) -> Result<ResolvedQuery> {
    let table = tables.table(&query.table).ok_or_else(|| Error::no_such_table(&query.table))?;
    let mut resolver = Resolver::new(tables, circumstances, table);
    resolver.links(&query.links, Source::ROOT)?;
    let filter = query.filter.as_ref().map(|filter| resolver.filter(filter, Source::ROOT)).transpose()?;
    let mut outputs = Outputs::default();
    if query.result == ResultKind::Rows {
        outputs.group(resolver.source(Source::ROOT), Source::ROOT, None, 0, &query.columns, query.lookup_names)?;
    }
    for value in &query.values {
        outputs.value(&mut resolver, value, query)?;
    }
    resolver.expands(&query.expands, 0, query, &mut outputs)?;
    let orders = resolver.orders(query, &outputs)?;
    let Outputs { outputs, groups, values, collections, .. } = outputs;
    let Resolver { table, others, joins, .. } = resolver;
    Ok(ResolvedQuery {
        joins: assembled(&joins, 0, Source::ROOT),
        table,
        others,
        outputs,
        groups,
        values,
        collections,
        grouped: query.result != ResultKind::Rows,
        filter,
        orders,
        limit: query.limit,
        after: None,
        skip: 0,
        moment_s: circumstances.now_s,
    })
}

/// A join in the making: joins are put together when all are known, since paths of filters and orders add to them.
struct Draft {
    /// The query itself is 0; each subquery has a number of its own.
    scope: usize,
    join: Join,
}

/// The joins of a scope below `parent`, with those below them.
fn assembled(drafts: &[Draft], scope: usize, parent: Source) -> Vec<Join> {
    let here = drafts.iter().filter(|draft| draft.scope == scope && draft.join.parent == parent);
    here.map(|draft| Join { joins: assembled(drafts, scope, draft.join.source), ..draft.join.clone() }).collect()
}

pub(crate) struct Resolver<'a> {
    tables: &'a dyn Tables,
    circumstances: &'a Circumstances,
    table: Arc<Table>,
    others: Vec<Arc<Table>>,
    joins: Vec<Draft>,
    /// The scope that joins are added to, and how many there have been.
    scope: usize,
    scopes: usize,
    /// Links by alias.
    aliases: Vec<(String, Source)>,
}

impl<'a> Resolver<'a> {
    fn new(tables: &'a dyn Tables, circumstances: &'a Circumstances, table: Arc<Table>) -> Self {
        Self { tables, circumstances, table, others: Vec::new(), joins: Vec::new(), scope: 0, scopes: 0, aliases: Vec::new() }
    }

    pub(crate) fn source(&self, source: Source) -> &Arc<Table> {
        source.0.checked_sub(1).and_then(|at| self.others.get(usize::from(at))).unwrap_or(&self.table)
    }

    fn find_table(&self, name: &str) -> Result<Arc<Table>> {
        self.tables.table(name).ok_or_else(|| Error::no_such_table(name))
    }

    fn add_source(&mut self, table: Arc<Table>) -> Result<Source> {
        if self.others.len() >= SOURCES_MAX {
            return Err(Error::new(ErrorCode::ODataError, format!("A query may join at most {SOURCES_MAX} tables.")));
        }
        self.others.push(table);
        Ok(Source(u16::try_from(self.others.len()).unwrap_or(u16::MAX)))
    }

    fn links(&mut self, links: &[Link], parent: Source) -> Result<()> {
        for link in links {
            let join = self.link(link, parent)?;
            let source = join.source;
            self.joins.push(Draft { scope: self.scope, join });
            let at = self.joins.len() - 1;
            self.links(&link.links, source)?;
            if let Some(filter) = &link.filter {
                let filter = self.filter(filter, source)?;
                self.joins[at].join.filter = Some(filter);
            }
        }
        Ok(())
    }

    /// The join of a link, without its filter and its own links.
    fn link(&mut self, link: &Link, parent: Source) -> Result<Join> {
        if self.aliases.iter().any(|(alias, _)| *alias == link.alias) {
            return Err(Error::new(ErrorCode::ODataError, format!("The alias '{}' is used more than once in the query.", link.alias)));
        }
        let table = self.find_table(&link.table)?;
        let (own, to) = (stored(&table, &link.from)?, stored(self.source(parent), &link.to)?);
        if !can_join(&table, own, self.source(parent), to) {
            return Err(Error::new(
                ErrorCode::ODataError,
                format!(
                    "The columns '{}' of '{}' and '{}' of '{}' cannot be joined: their types differ.",
                    link.from,
                    link.table,
                    link.to,
                    self.source(parent).name()
                ),
            ));
        }
        let source = self.add_source(table)?;
        self.aliases.push((link.alias.clone(), source));
        Ok(Join { source, parent, own, to, kind: link.kind, filter: None, joins: Vec::new() })
    }

    /// The source behind a lookup: one that is joined already for the same purpose, or a new one.
    fn follow(&mut self, parent: Source, lookup: &LogicalName, target: &LogicalName) -> Result<Source> {
        let from = Arc::clone(self.source(parent));
        let ix = from.require(lookup)?;
        let fits = from.column(ix).lookup().is_some_and(|lookup| lookup.targets.contains(target));
        let table = self.tables.table(target).filter(|_| fits).ok_or_else(|| Error::no_such_table(target))?;
        let same = |draft: &&Draft| {
            let Join { parent: above, own, to, kind, filter, source, .. } = &draft.join;
            draft.scope == self.scope
                && *above == parent
                && *to == ix
                && *kind == JoinKind::Outer
                && filter.is_none()
                && self.source(*source).def.id == table.def.id
                && *own == table.id
                && !self.aliases.iter().any(|(_, linked)| linked == source)
        };
        if let Some(draft) = self.joins.iter().find(same) {
            return Ok(draft.join.source);
        }
        let join = Join::along(self.add_source(Arc::clone(&table))?, parent, ix, &table);
        let source = join.source;
        self.joins.push(Draft { scope: self.scope, join });
        Ok(source)
    }

    /// The source and place of a column, for the table `own`.
    pub(crate) fn place(&mut self, path: &ColumnPath, own: Source) -> Result<(Source, ColumnIx)> {
        let start = match &path.link {
            None => own,
            Some(alias) => self.aliases.iter().find(|(known, _)| known == alias).map(|(_, source)| *source).ok_or_else(|| {
                Error::new(ErrorCode::ODataError, format!("The query has no link with the alias '{alias}'; name it after the link that should be meant."))
            })?,
        };
        let source = path.lookups.iter().try_fold(start, |source, (lookup, target)| self.follow(source, lookup, target))?;
        Ok((source, stored(self.source(source), &path.column)?))
    }

    fn filter(&mut self, filter: &Filter, own: Source) -> Result<ResolvedFilter> {
        Ok(match filter {
            Filter::And(parts) => ResolvedFilter::And(parts.iter().map(|part| self.filter(part, own)).collect::<Result<_>>()?),
            Filter::Or(parts) => ResolvedFilter::Or(parts.iter().map(|part| self.filter(part, own)).collect::<Result<_>>()?),
            Filter::Not(part) => ResolvedFilter::Not(Box::new(self.filter(part, own)?)),
            Filter::Condition(condition) => self.condition(condition, own)?,
            Filter::Exists(link) => ResolvedFilter::Exists(Box::new(self.exists(link, own)?)),
        })
    }

    /// A subquery. Its aliases are forgotten behind it.
    fn exists(&mut self, link: &Link, own: Source) -> Result<Join> {
        let (outer, known) = (self.scope, self.aliases.len());
        let mut join = self.link(link, own)?;
        self.scopes += 1;
        self.scope = self.scopes;
        self.links(&link.links, join.source)?;
        join.filter = link.filter.as_ref().map(|filter| self.filter(filter, join.source)).transpose()?;
        join.joins = assembled(&self.joins, self.scope, join.source);
        self.scope = outer;
        self.aliases.truncate(known);
        Ok(join)
    }

    fn expands(&mut self, expands: &[Expand], group: usize, query: &Query, outputs: &mut Outputs) -> Result<()> {
        for expand in expands {
            let parent = outputs.groups.get(group).map_or(Source::ROOT, |group| group.source);
            match &expand.along {
                Along::Lookup { lookup, target } => {
                    let source = match &expand.filter {
                        None => self.follow(parent, lookup, target)?,
                        Some(filter) => self.follow_if(parent, lookup, target, filter)?,
                    };
                    let nested = outputs.group(self.source(source), source, Some(expand.name.clone()), group, &expand.columns, query.lookup_names)?;
                    self.expands(&expand.expands, nested, query, outputs)?;
                }
                Along::Collection { .. } | Along::Intersect { .. } => {
                    let collection = output::collection(self.tables, self.circumstances, expand, query, group, self.source(parent))?;
                    outputs.collections.push(collection);
                }
            }
        }
        Ok(())
    }

    /// The source behind a lookup, where a filter holds of it: a join of its own.
    fn follow_if(&mut self, parent: Source, lookup: &LogicalName, target: &LogicalName, filter: &Filter) -> Result<Source> {
        let from = Arc::clone(self.source(parent));
        let table = self.find_table(target)?;
        let join = Join::along(self.add_source(Arc::clone(&table))?, parent, from.require(lookup)?, &table);
        let (source, at) = (join.source, self.joins.len());
        self.joins.push(Draft { scope: self.scope, join });
        let filter = self.filter(filter, source)?;
        self.joins[at].join.filter = Some(filter);
        Ok(source)
    }

    fn orders(&mut self, query: &Query, outputs: &Outputs) -> Result<Vec<ResolvedOrder>> {
        let mut orders = Vec::with_capacity(query.orders.len() + 1);
        for order in &query.orders {
            let key = self.order_key(order, query, outputs)?;
            if !orders.iter().any(|known: &ResolvedOrder| known.key == key) {
                orders.push(ResolvedOrder { key, descending: order.descending });
            }
        }
        let mut ties = Vec::new();
        if query.result == ResultKind::Rows {
            ties.push(OrderKey::Column(Source::ROOT, self.table.id));
            let several = |draft: &&Draft| draft.scope == 0 && draft.join.own != self.source(draft.join.source).id && draft.join.kind != JoinKind::First;
            ties.extend(self.joins.iter().filter(several).map(|draft| OrderKey::Column(draft.join.source, self.source(draft.join.source).id)));
        } else {
            ties.extend((0..outputs.outputs.len()).map(OrderKey::Output));
        }
        let missing = ties.into_iter().filter(|key| !orders.iter().any(|order: &ResolvedOrder| order.key == *key)).collect::<Vec<_>>();
        orders.extend(missing.into_iter().map(|key| ResolvedOrder { key, descending: false }));
        Ok(orders)
    }

    fn order_key(&mut self, order: &Order, query: &Query, outputs: &Outputs) -> Result<OrderKey> {
        let path = match &order.by {
            OrderBy::Column(path) => path,
            OrderBy::Value(name) => {
                let at = outputs.values.iter().find(|value| value.name.as_ref() == Some(name)).map(|value| value.at);
                let at = at.ok_or_else(|| Error::new(ErrorCode::ODataError, format!("The order names '{name}', which is no value of the query.")))?;
                return Ok(match outputs.outputs.get(at) {
                    Some(Output::Column { source, column }) if query.result == ResultKind::Rows => OrderKey::Column(*source, *column),
                    _ => OrderKey::Output(at),
                });
            }
        };
        let (source, column) = self.place(path, Source::ROOT)?;
        if query.result == ResultKind::Rows {
            return Ok(OrderKey::Column(source, column));
        }
        let wanted = Output::Column { source, column };
        let at = outputs.outputs.iter().position(|output| *output == wanted);
        at.map(OrderKey::Output).ok_or_else(|| {
            Error::new(ErrorCode::ODataError, format!("Rows are put together here, so they can be ordered by returned values only; '{}' is none.", path.column))
        })
    }
}

/// The place of a column that holds data.
fn stored(table: &Table, name: &str) -> Result<ColumnIx> {
    let missing = || Error::new(ErrorCode::QueryBuilderNoAttribute, format!("'{}' entity doesn't contain attribute with Name = '{name}'.", table.name()));
    table.find(name).filter(|ix| table.column(*ix).is_stored()).ok_or_else(missing)
}

/// True if the columns can hold the same value.
fn can_join(table: &Table, own: ColumnIx, parent: &Table, to: ColumnIx) -> bool {
    let kind = |shape| match shape {
        Shape::Guid | Shape::Lookup | Shape::PolyLookup => Shape::Guid,
        other => other,
    };
    let (own, to) = (table.column(own).shape(), parent.column(to).shape());
    kind(own) == kind(to) && !matches!(own, Shape::None | Shape::Choices)
}
