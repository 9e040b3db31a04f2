//! `link-entity`: joined tables, and conditions on partners.

use std::sync::Arc;

use driftless_model::{Column, Error, ErrorCode, LogicalName, Result, Table};

use super::xml::{Element, excerpt, malformed};
use super::{FetchLimits, Joined, Reader, all};
use crate::{ColumnPath, Filter, Link, LinkKind, Order};

/// Where a column stands: the query's own table, or a linked one.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) table: Arc<Table>,
    /// The link; none for the query's own table.
    pub(super) alias: Option<String>,
    /// How the link joins; none for the query's own table.
    pub(super) kind: Option<LinkType>,
}

/// What a link does with partners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinkType {
    Join(LinkKind),
    /// There is a partner.
    Any,
    /// There is none.
    NotAny,
    /// There are partners, and the filters hold of none. Called `all` (Microsoft: filter rows, a note on the name).
    OnlyOthers,
}

impl LinkType {
    fn of(link: &Element<'_>) -> Result<Self> {
        Ok(match link.filled("link-type").unwrap_or("inner") {
            "inner" | "natural" => Self::Join(LinkKind::Inner),
            "outer" => Self::Join(LinkKind::Outer),
            "matchfirstrowusingcrossapply" => Self::Join(LinkKind::First),
            "any" | "not all" | "exists" | "in" => Self::Any,
            "not any" => Self::NotAny,
            "all" => Self::OnlyOthers,
            other => return Err(malformed(format!("'{}' is no link-type.", excerpt(other)))),
        })
    }
}

/// The names of links, known before anything that uses them is read.
pub(super) struct Aliases {
    links: Vec<Named>,
}

struct Named {
    /// The element's place in the document.
    place: usize,
    table: String,
    alias: String,
    /// The alias was made here.
    made: bool,
}

impl Aliases {
    /// The links below `entity`. One without an alias is called by its table's name and its number in the query, as results show it.
    ///
    /// # Errors
    /// 0x8004430d for too many links, 0x8004430c for too many conditions and links, 0x80040303 for an alias that stands twice.
    pub(super) fn of(entity: &Element<'_>, limits: &FetchLimits) -> Result<Self> {
        let mut links: Vec<Named> = Vec::new();
        for (at, link) in entity.below("link-entity").enumerate() {
            if at == limits.links {
                return Err(Error::of(ErrorCode::TooManyLinkEntitiesInQuery));
            }
            let table = link.required("name")?.to_owned();
            let given = link.alias()?;
            let alias = given.map_or_else(|| format!("{table}{}", at + 1), str::to_owned);
            if links.iter().any(|known| known.alias == alias) {
                return Err(malformed(format!("The alias '{alias}' is given to more than one link-entity.")));
            }
            links.push(Named { place: link.place(), table, alias, made: given.is_none() });
        }
        if links.len() + entity.below("condition").count() > limits.conditions {
            return Err(Error::of(ErrorCode::TooManyConditionsInQuery));
        }
        Ok(Self { links })
    }

    fn at(&self, link: &Element<'_>) -> Result<&str> {
        let named = self.links.iter().find(|named| named.place == link.place());
        named.map(|named| named.alias.as_str()).ok_or_else(|| Error::damaged("a link was not listed"))
    }

    /// Alias and table of the link that `entityname` means: an alias, or the table of a link that has none.
    pub(super) fn find(&self, name: &str) -> Option<(&str, &str)> {
        let by_alias = self.links.iter().find(|named| named.alias == name);
        let found = by_alias.or_else(|| self.links.iter().find(|named| named.made && named.table == name));
        found.map(|named| (named.alias.as_str(), named.table.as_str()))
    }
}

impl Reader<'_> {
    /// A link. Orders inside go to `orders`, values to the query.
    pub(super) fn link(&mut self, link: &Element<'_>, parent: &Place, orders: &mut Vec<Order>, depth: usize) -> Result<Joined> {
        link.expect(&["name", "from", "to", "alias", "link-type"], &["intersect", "visible", "enableprefiltering", "prefilterparametername"])?;
        self.check_depth(depth)?;
        let name = link.required("name")?;
        let table = self.tables.table(name).ok_or_else(|| Error::no_such_table(name))?;
        let (from, to) = join_columns(&parent.table, &table, link.filled("from"), link.filled("to"))?;
        let kind = LinkType::of(link)?;
        let place = Place { table, alias: Some(self.aliases.at(link)?.to_owned()), kind: Some(kind) };
        let (mut filters, mut links) = (Vec::new(), Vec::new());
        for child in link.children(&["attribute", "all-attributes", "order", "filter", "link-entity", "no-attrs"])? {
            match child.name() {
                "order" => orders.push(self.order(&child, &place)?),
                "filter" => filters.extend(self.filter(&child, &place, depth + 1)?),
                "link-entity" => match self.link(&child, &place, orders, depth + 1)? {
                    Joined::Link(link) => links.push(link),
                    Joined::Condition(filter) => filters.push(filter),
                },
                _ => self.column(&child, &place)?,
            }
        }
        let join = if let LinkType::Join(join) = kind { join } else { LinkKind::Inner };
        let alias = place.alias.unwrap_or_default();
        let link = Link { alias, table: place.table.name().clone(), from, to, kind: join, filter: all(filters), links };
        Ok(match kind {
            LinkType::Join(_) => Joined::Link(link),
            LinkType::Any => Joined::Condition(Filter::Exists(Box::new(link))),
            LinkType::NotAny => Joined::Condition(Filter::Not(Box::new(Filter::Exists(Box::new(link))))),
            LinkType::OnlyOthers => {
                let partners = Link { filter: None, links: Vec::new(), ..link.clone() };
                let none = Filter::Not(Box::new(Filter::Exists(Box::new(link))));
                Joined::Condition(Filter::And(vec![Filter::Exists(Box::new(partners)), none]))
            }
        })
    }

    /// Whether a place's values can be returned: those of partners that are only looked for cannot.
    pub(super) fn check_returnable(place: &Place, what: &str) -> Result<()> {
        match place.kind {
            None | Some(LinkType::Join(_)) => Ok(()),
            Some(_) => Err(malformed(format!(
                "A link-entity of link-type any, not any, all, not all, exists or in returns no values, so it cannot have an element '{what}'."
            ))),
        }
    }

    /// A column that a condition or an order names, in the table `place` or the link called `entity_name`.
    pub(super) fn path(&self, column: &str, entity_name: Option<&str>, place: &Place) -> Result<ColumnPath> {
        let column = LogicalName::from(column);
        let Some(name) = entity_name else { return Ok(ColumnPath::own(column)) };
        if let Some((alias, _)) = self.aliases.find(name) {
            let is_own = place.alias.as_deref() == Some(alias);
            return Ok(ColumnPath { link: (!is_own).then(|| alias.to_owned()), lookups: Vec::new(), column });
        }
        if place.alias.is_none() && place.table.name().as_str() == name {
            return Ok(ColumnPath::own(column));
        }
        Err(malformed(format!("The query has no link-entity with the alias '{}'.", excerpt(name))))
    }

    pub(super) fn check_depth(&self, depth: usize) -> Result<()> {
        if depth > self.limits.depth {
            return Err(malformed(format!("Filters and links may be nested {} deep.", self.limits.depth)));
        }
        Ok(())
    }
}

/// The columns that join two tables. What is left out is found in the definitions, where one lookup alone leads from one to the other.
fn join_columns(parent: &Table, table: &Table, from: Option<&str>, to: Option<&str>) -> Result<(LogicalName, LogicalName)> {
    let leads = |column: &Column, target: &Table| column.is_stored() && column.lookup().is_some_and(|lookup| lookup.targets.contains(target.name()));
    let only_lookup = |table: &Table, target: &Table| {
        let mut lookups = table.columns.iter().filter(|column| leads(column, target));
        lookups.next().filter(|_| lookups.next().is_none()).map(|column| column.name.clone())
    };
    // The other end of a column of `near`, in `far`.
    let other_end = |near: &Table, column: &str, far: &Table| {
        let ix = near.find(column)?;
        if leads(near.column(ix), far) {
            return Some(far.def.primary_id.clone());
        }
        only_lookup(far, near).filter(|_| ix == near.id)
    };
    let found = match (from, to) {
        (Some(from), Some(to)) => Some((from.into(), to.into())),
        (Some(from), None) => other_end(table, from, parent).map(|to| (from.into(), to)),
        (None, Some(to)) => other_end(parent, to, table).map(|from| (from, to.into())),
        (None, None) => None,
    };
    found.ok_or_else(|| {
        Error::new(
            ErrorCode::QueryBuilderNoEntity,
            format!("The link-entity does not say how '{}' and '{}' belong together: give it the attributes 'from' and 'to'.", table.name(), parent.name()),
        )
    })
}
