//! What FetchXML and QueryExpression have in common: the names of links and of values, what conditions name by them, and how lookups are ordered.

use driftless_model::{LogicalName, Table};

use crate::{ColumnPath, LinkKind, Tables};

/// Longest alias in characters.
pub(crate) const ALIAS_MAX: usize = 128;

/// Whether a text can be a name in results and conditions: letters, digits and underscores, no digit first.
pub(crate) fn is_alias(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= ALIAS_MAX && text.bytes().all(word) && text.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// The names of a query's links, known before anything that uses them is read.
#[derive(Default)]
pub(crate) struct LinkNames(Vec<LinkName>);

struct LinkName {
    table: String,
    alias: String,
    /// The alias was made here.
    made: bool,
}

/// An alias stands twice.
pub(crate) struct Taken(pub(crate) String);

/// The table whose filter, order or value is read.
#[derive(Clone, Copy)]
pub(crate) struct Own<'a> {
    pub(crate) table: &'a str,
    /// The link; none for the query's own table.
    pub(crate) alias: Option<&'a str>,
}

impl LinkNames {
    /// Adds a link. One without an alias is called by its table's name and its number in the query, as results show it.
    pub(crate) fn add(&mut self, table: &str, given: Option<&str>) -> Result<(), Taken> {
        let alias = given.map_or_else(|| format!("{table}{}", self.0.len() + 1), str::to_owned);
        if self.0.iter().any(|known| known.alias == alias) {
            return Err(Taken(alias));
        }
        self.0.push(LinkName { table: table.to_owned(), alias, made: given.is_none() });
        Ok(())
    }

    /// The alias of the link at a place, in the order in which they were added.
    pub(crate) fn alias(&self, at: usize) -> Option<&str> {
        self.0.get(at).map(|named| named.alias.as_str())
    }

    /// Alias and table of the link that a condition names: by its alias, or by its table if it has none.
    pub(crate) fn find(&self, name: &str) -> Option<(&str, &str)> {
        let by_alias = self.0.iter().find(|named| named.alias == name);
        let found = by_alias.or_else(|| self.0.iter().find(|named| named.made && named.table == name));
        found.map(|named| (named.alias.as_str(), named.table.as_str()))
    }

    /// A column that a condition or an order names, in its own table or in the link called `named`; none if there is no such link.
    pub(crate) fn path(&self, column: &str, named: Option<&str>, own: Own<'_>) -> Option<ColumnPath> {
        let column = LogicalName::from(column);
        let Some(name) = named else { return Some(ColumnPath::own(column)) };
        if let Some((alias, _)) = self.find(name) {
            let is_own = own.alias == Some(alias);
            return Some(ColumnPath { link: (!is_own).then(|| alias.to_owned()), lookups: Vec::new(), column });
        }
        (own.alias.is_none() && own.table == name).then(|| ColumnPath::own(column))
    }
}

/// The name under which a column comes back that was given none; none for its own.
pub(crate) fn value_name(table: &Table, column: &LogicalName, link: Option<(&str, LinkKind)>) -> Option<String> {
    match link {
        None => None,
        // The original's names here (Microsoft: join tables, names are inconsistent).
        Some((_, LinkKind::First)) => Some(table.find(column).map_or_else(|| column.to_string(), |ix| table.column(ix).schema_name.to_string())),
        Some((alias, _)) => Some(format!("{alias}.{column}")),
    }
}

/// A lookup is ordered by the names of the rows behind it (Microsoft: order rows), where these are of one table.
pub(crate) fn ordered_by_name(path: &mut ColumnPath, table: &Table, tables: &dyn Tables) {
    let Some([target]) = table.find(&path.column).and_then(|ix| table.column(ix).lookup()).map(|lookup| lookup.targets.as_slice()) else { return };
    let Some(name) = tables.table(target).and_then(|target| target.def.primary_name.clone()) else { return };
    let lookup = std::mem::replace(&mut path.column, name);
    path.lookups.push((lookup, target.clone()));
}
