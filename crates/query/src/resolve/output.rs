//! What a query returns: outputs, the objects that they form, and nested lists.

use driftless_model::{ColumnIx, Error, ErrorCode, Result, Shape, Table};

use super::{Resolver, Tables, resolve, stored};
use crate::{
    Aggregate, Along, Calendar, Circumstances, Collection, Columns, DateGroup, Expand, FlatValue, Group, Link, LinkKind, Output, Query, ResolvedQuery,
    ResultKind, Role, SelectedValue, Source, Zone,
};

/// Alias of the intersect table in the query of a nested list. No alias of a client begins so.
const INTERSECT: &str = "\u{0}intersect";

#[derive(Default)]
pub(super) struct Outputs {
    pub(super) outputs: Vec<Output>,
    pub(super) groups: Vec<Group>,
    pub(super) values: Vec<FlatValue>,
    /// Names given to values.
    pub(super) names: Vec<String>,
    pub(super) collections: Vec<Collection>,
}

impl Outputs {
    /// Adds an object; gives its number.
    pub(super) fn group(&mut self, table: &Table, source: Source, name: Option<String>, parent: usize, columns: &Columns, lookup_names: bool) -> Result<usize> {
        let columns = match columns {
            // Images are large: who wants them names them.
            Columns::All => table.indexed().filter(|(_, column)| column.is_stored() && column.shape() != Shape::Bytes).map(|(ix, _)| ix).collect(),
            Columns::Some(names) => {
                let mut places = Vec::with_capacity(names.len());
                for name in names {
                    let ix = stored(table, name)?;
                    if !places.contains(&ix) {
                        places.push(ix);
                    }
                }
                places
            }
        };
        let first = self.outputs.len();
        self.outputs.extend([table.id, table.row_version].iter().chain(&columns).map(|column| Output::Column { source, column: *column }));
        let mut names = Vec::with_capacity(columns.len());
        for column in &columns {
            let wanted = lookup_names && table.column(*column).lookup().is_some();
            names.push(wanted.then_some(self.outputs.len()));
            if wanted {
                self.outputs.push(Output::LookupName { source, column: *column });
            }
        }
        self.groups.push(Group { source, name, parent, first, columns, names });
        Ok(self.groups.len() - 1)
    }

    /// Adds a flat value.
    pub(super) fn value(&mut self, resolver: &mut Resolver<'_>, value: &SelectedValue, query: &Query) -> Result<()> {
        if let Some(name) = &value.name {
            if self.names.contains(name) {
                return Err(Error::new(ErrorCode::ODataError, format!("The name '{name}' is given to more than one value of the query.")));
            }
            self.names.push(name.clone());
        }
        let fits = match value.role {
            Role::Plain => query.result != ResultKind::Groups,
            Role::Group(_) | Role::Aggregate(_) => query.result == ResultKind::Groups,
        };
        if !fits {
            return Err(Error::new(ErrorCode::ODataError, "In a query with aggregates each column is either grouped by or aggregated, and in no other."));
        }
        let output = self.output(resolver, value)?;
        let at = self.outputs.len();
        self.outputs.push(output);
        let mut flat = FlatValue { name: value.name.clone(), at, name_at: None };
        if let Output::Column { source, column } = output
            && query.lookup_names
            && resolver.source(source).column(column).lookup().is_some()
        {
            flat.name_at = Some(self.outputs.len());
            self.outputs.push(Output::LookupName { source, column });
        }
        self.values.push(flat);
        Ok(())
    }

    fn output(&self, resolver: &mut Resolver<'_>, value: &SelectedValue) -> Result<Output> {
        let Some(path) = &value.column else { return Ok(Output::Rows) };
        let (source, column) = resolver.place(path, Source::ROOT)?;
        let shape = resolver.source(source).column(column).shape();
        let refused =
            |what: &str| Err(Error::new(ErrorCode::ODataError, format!("The column '{}' cannot be {what}: its type does not allow it.", path.column)));
        Ok(match value.role {
            Role::Plain | Role::Group(None) => Output::Column { source, column },
            Role::Group(Some(DateGroup { part, utc })) => {
                if !matches!(shape, Shape::DateTime | Shape::Date) {
                    return refused("grouped by a part of its date");
                }
                let calendar = resolver.circumstances.calendar;
                Output::Part { source, column, part, calendar: if utc { Calendar { zone: Zone::UTC, ..calendar } } else { calendar } }
            }
            Role::Aggregate(aggregate) => {
                let numeric = matches!(shape, Shape::Int | Shape::BigInt | Shape::Decimal | Shape::Money | Shape::Float);
                let ordered = numeric || matches!(shape, Shape::DateTime | Shape::Date | Shape::Text);
                match aggregate {
                    Aggregate::Sum | Aggregate::Average if !numeric => return refused("added up"),
                    Aggregate::Min | Aggregate::Max if !ordered => return refused("compared"),
                    _ => Output::Aggregate { source, column, aggregate },
                }
            }
        })
    }
}

/// Checks `query` as one for the rows that `along` leads to from rows of `parent`. Gives the column that must hold the identifier of the one meant.
///
/// # Errors
/// As `resolve`; 0x80060888 when `along` does not begin at `parent`.
pub fn resolve_within(
    query: &Query,
    along: &Along,
    parent: &Table,
    tables: &dyn Tables,
    circumstances: &Circumstances,
) -> Result<(ResolvedQuery, (Source, ColumnIx))> {
    let table = tables.table(&query.table).ok_or_else(|| Error::no_such_table(&query.table))?;
    let (resolved, source, column) = match along {
        Along::Intersect { intersect, near, far, .. } => {
            let link = Link {
                alias: INTERSECT.to_owned(),
                table: intersect.clone(),
                from: far.clone(),
                to: table.def.primary_id.clone(),
                kind: LinkKind::Inner,
                filter: None,
                links: Vec::new(),
            };
            let mut query = query.clone();
            query.links.insert(0, link);
            // The first link is the first of the other tables.
            (resolve(&query, tables, circumstances)?, Source(1), near)
        }
        Along::Collection { lookup, .. } | Along::Lookup { lookup, .. } => (resolve(query, tables, circumstances)?, Source::ROOT, lookup),
    };
    let ix = stored(resolved.source(source), column)?;
    let fits = match resolved.source(source).column(ix).lookup() {
        Some(lookup) => lookup.targets.contains(parent.name()),
        None => source != Source::ROOT,
    };
    if !fits {
        return Err(Error::new(ErrorCode::ODataError, format!("The column '{column}' does not lead to '{}'.", parent.name())));
    }
    Ok((resolved, (source, ix)))
}

/// The rows of a nested list.
pub(super) fn collection(
    tables: &dyn Tables,
    circumstances: &Circumstances,
    expand: &Expand,
    outer: &Query,
    group: usize,
    parent: &Table,
) -> Result<Collection> {
    let mut query = match &expand.along {
        Along::Lookup { target: table, .. } | Along::Collection { table, .. } | Along::Intersect { table, .. } => Query::new(table.clone()),
    };
    query.columns = expand.columns.clone();
    query.filter = expand.filter.clone();
    query.orders = expand.orders.clone();
    query.limit = expand.limit;
    query.expands = expand.expands.clone();
    query.lookup_names = outer.lookup_names;
    let (query, within) = resolve_within(&query, &expand.along, parent, tables, circumstances)?;
    Ok(Collection { group, name: expand.name.clone(), query, within })
}
