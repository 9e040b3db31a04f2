//! `link-entity`: joined tables, and conditions on partners.

use std::sync::Arc;

use driftless_model::{Column, Error, ErrorCode, LogicalName, Result, Table};

use super::xml::{Element, excerpt, malformed};
use super::{FetchLimits, Joined, Reader};
use crate::naming::{LinkNames, Own, Taken};
use crate::{ColumnPath, Filter, Link, LinkKind, Order, PartnerTest};

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
    Partners(PartnerTest),
}

impl LinkType {
    fn of(link: &Element<'_>) -> Result<Self> {
        Ok(match link.filled("link-type").unwrap_or("inner") {
            "inner" | "natural" => Self::Join(LinkKind::Inner),
            "outer" => Self::Join(LinkKind::Outer),
            "matchfirstrowusingcrossapply" => Self::Join(LinkKind::First),
            "any" | "not all" | "exists" | "in" => Self::Partners(PartnerTest::Any),
            "not any" => Self::Partners(PartnerTest::NotAny),
            "all" => Self::Partners(PartnerTest::OnlyOthers),
            other => return Err(malformed(format!("'{}' is no link-type.", excerpt(other)))),
        })
    }
}

/// The names of links, known before anything that uses them is read.
pub(super) struct Aliases {
    /// The elements' places in the document.
    places: Vec<usize>,
    pub(super) names: LinkNames,
}

impl Aliases {
    /// The links below `entity`.
    ///
    /// # Errors
    /// 0x8004430d for too many links, 0x8004430c for too many conditions and links, 0x80040303 for an alias that stands twice.
    pub(super) fn of(entity: &Element<'_>, limits: &FetchLimits) -> Result<Self> {
        let mut aliases = Self { places: Vec::new(), names: LinkNames::default() };
        for link in entity.below("link-entity") {
            if aliases.places.len() == limits.links {
                return Err(Error::of(ErrorCode::TooManyLinkEntitiesInQuery));
            }
            aliases.places.push(link.place());
            let added = aliases.names.add(link.required("name")?, link.alias()?);
            added.map_err(|Taken(alias)| malformed(format!("The alias '{alias}' is given to more than one link-entity.")))?;
        }
        if aliases.places.len() + entity.below("condition").count() > limits.conditions {
            return Err(Error::of(ErrorCode::TooManyConditionsInQuery));
        }
        Ok(aliases)
    }

    fn at(&self, link: &Element<'_>) -> Result<&str> {
        let at = self.places.iter().position(|place| *place == link.place());
        at.and_then(|at| self.names.alias(at)).ok_or_else(|| Error::damaged("a link was not listed"))
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
        let link = Link { alias, table: place.table.name().clone(), from, to, kind: join, filter: Filter::all(filters), links };
        Ok(match kind {
            LinkType::Join(_) => Joined::Link(link),
            LinkType::Partners(test) => Joined::Condition(Filter::of_partners(test, link)),
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
        let own = Own { table: place.table.name(), alias: place.alias.as_deref() };
        let unknown = || malformed(format!("The query has no link-entity with the alias '{}'.", excerpt(entity_name.unwrap_or_default())));
        self.aliases.names.path(column, entity_name, own).ok_or_else(unknown)
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
