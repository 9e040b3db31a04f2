//! `attribute`, `all-attributes` and `order`: what is returned, and in which order.

use driftless_model::{LogicalName, Result};

use super::link::{LinkType, Place};
use super::xml::{Element, excerpt, malformed};
use super::{Reader, not_offered};
use crate::naming::{ordered_by_name, value_name};
use crate::{Aggregate, ColumnPath, Columns, DateGroup, DatePart, LinkKind, Order, OrderBy, ResultKind, Role, SelectedValue};

/// What was asked for of the query's own table.
#[derive(Default)]
pub(super) struct Chosen {
    all: bool,
    columns: Vec<LogicalName>,
    /// Some attribute stands somewhere.
    any: bool,
}

impl Reader<'_> {
    /// An `attribute`, `all-attributes` or `no-attrs` of a table.
    pub(super) fn column(&mut self, element: &Element<'_>, place: &Place) -> Result<()> {
        Self::check_returnable(place, element.name())?;
        self.chosen.any = true;
        match element.name() {
            "attribute" => self.attribute(element, place),
            "all-attributes" => self.all_attributes(place),
            _ => Ok(()),
        }
    }

    fn all_attributes(&mut self, place: &Place) -> Result<()> {
        if self.query.result == ResultKind::Groups {
            return Err(malformed("A query with aggregates returns what is grouped by or aggregated; it cannot have 'all-attributes'."));
        }
        if place.alias.is_none() && self.query.result == ResultKind::Rows {
            self.chosen.all = true;
            return Ok(());
        }
        let table = std::sync::Arc::clone(&place.table);
        for column in table.columns.iter().filter(|column| column.is_stored() && column.valid.read) {
            self.plain(&column.name, None, place)?;
        }
        Ok(())
    }

    fn attribute(&mut self, attribute: &Element<'_>, place: &Place) -> Result<()> {
        attribute.expect(&["name", "alias", "aggregate", "groupby", "dategrouping", "distinct", "usertimezone", "rowaggregate"], &["build", "addedby"])?;
        let name = LogicalName::from(attribute.required("name")?);
        if attribute.filled("rowaggregate").is_some_and(|kind| kind != "None") {
            return Err(not_offered("The attribute 'rowaggregate' of FetchXML"));
        }
        if self.query.result != ResultKind::Groups {
            if attribute.filled("aggregate").is_some() || attribute.flag("groupby")? {
                return Err(malformed("Aggregates and groups need the attribute aggregate=\"true\" at the element 'fetch'."));
            }
            return self.plain(&name, attribute.alias()?, place);
        }
        let role = role(attribute)?;
        let alias = attribute.alias()?;
        if alias.is_none() && matches!(role, Role::Aggregate(_)) {
            return Err(malformed(format!("The aggregate of '{}' needs an alias.", excerpt(&name))));
        }
        let counts_rows = attribute.filled("aggregate") == Some("count");
        let column = if counts_rows { self.checked(&name, place).map(|()| None)? } else { Some(self.own_path(&name, place)) };
        let named = alias.map(str::to_owned).or_else(|| place.alias.as_ref().map(|link| format!("{link}.{name}")));
        self.push(SelectedValue { column, name: named, role })
    }

    /// Makes sure that a column exists of which nothing else is asked.
    fn checked(&self, name: &str, place: &Place) -> Result<()> {
        place.table.require(name).map(drop)
    }

    /// A column that is returned as it is.
    fn plain(&mut self, name: &LogicalName, alias: Option<&str>, place: &Place) -> Result<()> {
        if place.alias.is_none() && alias.is_none() && self.query.result == ResultKind::Rows {
            self.chosen.columns.push(name.clone());
            return if self.chosen.columns.len() > self.limits.columns { Err(self.too_many()) } else { Ok(()) };
        }
        let link = place.alias.as_deref().map(|alias| (alias, if let Some(LinkType::Join(kind)) = place.kind { kind } else { LinkKind::Inner }));
        let named = alias.map(str::to_owned).or_else(|| value_name(&place.table, name, link));
        let value = SelectedValue { column: Some(self.own_path(name, place)), name: named, role: Role::Plain };
        self.push(value)
    }

    fn own_path(&self, name: &LogicalName, place: &Place) -> ColumnPath {
        ColumnPath { link: place.alias.clone(), lookups: Vec::new(), column: name.clone() }
    }

    /// Adds a value, unless the very same is there already.
    fn push(&mut self, value: SelectedValue) -> Result<()> {
        if self.query.values.contains(&value) {
            return Ok(());
        }
        self.query.values.push(value);
        if self.query.values.len() > self.limits.columns { Err(self.too_many()) } else { Ok(()) }
    }

    fn too_many(&self) -> driftless_model::Error {
        malformed(format!("A query may return at most {} columns.", self.limits.columns))
    }

    /// Settles which columns are returned when everything has been read. A query that names none returns all of its own table (Microsoft: select columns).
    pub(super) fn finish_columns(&mut self) -> Result<()> {
        let all = self.chosen.all || !self.chosen.any;
        match self.query.result {
            ResultKind::Rows if all => self.query.columns = Columns::All,
            ResultKind::Rows => self.query.columns = Columns::Some(std::mem::take(&mut self.chosen.columns)),
            ResultKind::Distinct if !self.chosen.any => {
                let place = Place { table: std::sync::Arc::clone(&self.root), alias: None, kind: None };
                self.all_attributes(&place)?;
            }
            ResultKind::Groups if self.query.values.is_empty() => {
                return Err(malformed("A query with aggregates needs an attribute with 'aggregate' or 'groupby'."));
            }
            _ => {}
        }
        Ok(())
    }

    /// A key of the order.
    pub(super) fn order(&self, order: &Element<'_>, place: &Place) -> Result<Order> {
        order.expect(&["attribute", "alias", "descending", "entityname"], &[])?;
        Self::check_returnable(place, "order")?;
        let descending = order.flag("descending")?;
        if let Some(alias) = order.alias()? {
            return Ok(Order { by: OrderBy::Value(alias.to_owned()), descending });
        }
        let name = order.required("attribute")?;
        let entity_name = order.filled("entityname");
        let mut path = self.path(name, entity_name, place)?;
        if path.link.is_none() {
            path.link.clone_from(&place.alias);
        }
        if self.query.result == ResultKind::Rows {
            let other = entity_name.and_then(|name| self.aliases.names.find(name)).and_then(|(_, table)| self.tables.table(table));
            ordered_by_name(&mut path, other.as_deref().unwrap_or(&place.table), self.tables);
        }
        Ok(Order { by: OrderBy::Column(path), descending })
    }
}

/// What an attribute of a query with aggregates becomes.
fn role(attribute: &Element<'_>) -> Result<Role> {
    let aggregate = attribute.filled("aggregate");
    let groups = attribute.flag("groupby")?;
    if let Some(part) = attribute.filled("dategrouping")
        && !groups
    {
        return Err(malformed(format!("The attribute dategrouping=\"{}\" needs groupby=\"true\".", excerpt(part))));
    }
    match (aggregate, groups) {
        (None, true) => {
            // The caller's clock is the default (Microsoft: aggregate data).
            let utc = attribute.filled("usertimezone").is_some() && !attribute.flag("usertimezone")?;
            let part = attribute.filled("dategrouping").map(date_part).transpose()?;
            Ok(Role::Group(part.map(|part| DateGroup { part, utc })))
        }
        (Some(function), false) => {
            let distinct = attribute.flag("distinct")?;
            Ok(Role::Aggregate(match function {
                "count" => Aggregate::Count,
                "countcolumn" if distinct => Aggregate::CountDistinct,
                "countcolumn" => Aggregate::Count,
                "sum" => Aggregate::Sum,
                "avg" => Aggregate::Average,
                "min" => Aggregate::Min,
                "max" => Aggregate::Max,
                other => return Err(malformed(format!("'{}' is no aggregate function.", excerpt(other)))),
            }))
        }
        _ => Err(malformed(format!(
            "In a query with aggregates the attribute '{}' must have either 'aggregate' or 'groupby'.",
            excerpt(attribute.filled("name").unwrap_or_default())
        ))),
    }
}

fn date_part(text: &str) -> Result<DatePart> {
    Ok(match text {
        "day" => DatePart::Day,
        "week" => DatePart::Week,
        "month" => DatePart::Month,
        "quarter" => DatePart::Quarter,
        "year" => DatePart::Year,
        "fiscal-period" => DatePart::FiscalPeriod,
        "fiscal-year" => DatePart::FiscalYear,
        other => return Err(malformed(format!("'{}' is no part of a date to group by.", excerpt(other)))),
    })
}
