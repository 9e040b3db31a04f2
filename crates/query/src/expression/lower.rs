//! From a QueryExpression to the one query model.

use std::sync::Arc;

use driftless_model::{Error, ErrorCode, LogicalName, Result, Table};

use super::{AggregateType, AttributeExpression, ConditionExpression, Criteria, Expression, JoinOperator, LinkExpression, OrderExpression, Paging, Returned};
use crate::fetch::FetchLimits;
use crate::naming::{ALIAS_MAX, LinkNames, Own, Taken, is_alias, ordered_by_name, value_name};
use crate::{
    Aggregate, ColumnPath, Columns, Condition, DateGroup, Filter, Link, LinkKind, Literal, NamedOperator, Operator, Order, OrderBy, PartnerTest, Query,
    QueryRequest, ResultKind, Role, SelectedValue, Tables,
};

/// Characters of a client's text that an error repeats.
const EXCERPT_CHARS: usize = 100;

impl Expression {
    /// The query in the one model, and the page that it asks for.
    ///
    /// # Errors
    /// 0x80040203 with a sentence for what does not go together, 0x80041102 for an unknown table, 0x8004430c and 0x8004430d for too many conditions and links,
    /// 0x80040315 for an operator that the service does not offer.
    pub fn lower(&self, tables: &dyn Tables, limits: &FetchLimits) -> Result<QueryRequest> {
        Bounds { limits, conditions: 0, links: 0 }.check(self)?;
        let root = tables.table(&self.table).ok_or_else(|| Error::no_such_table(&self.table))?;
        let query = Query { result: self.result(), ..Query::new(root.name().clone()) };
        let mut names = LinkNames::default();
        add_partner_names(&mut names, &self.filter)?;
        self.links.iter().try_for_each(|link| add_names(&mut names, link))?;
        let lowering = Lowering { tables, limits, names, next: 0, query, distinct: self.distinct, orders: Vec::new() };
        let query = lowering.run(self, &Place { table: root, alias: None, kind: LinkKind::Inner })?;
        let Paging { number, rows, cookie, total } = self.page.clone();
        if self.top.is_some() && (number.is_some() || rows.is_some() || cookie.is_some() || total) {
            return Err(Error::argument("'TopCount' cannot stand beside 'PageInfo': ask for pages or for the first rows."));
        }
        if self.top.is_some_and(|top| top > limits.top) {
            return Err(Error::argument(format!("'TopCount' may be at most {}; ask for pages to get more rows.", limits.top)));
        }
        Ok(QueryRequest { query, page: number, page_rows: rows, paging_cookie: cookie, top: self.top, total, aggregate_rows_max: None })
    }

    /// Returns groups instead of rows.
    pub(crate) fn has_groups(&self) -> bool {
        self.returned.has_groups() || self.links.iter().any(LinkExpression::has_groups)
    }

    fn result(&self) -> ResultKind {
        match (self.has_groups(), self.distinct) {
            (true, _) => ResultKind::Groups,
            (false, true) => ResultKind::Distinct,
            (false, false) => ResultKind::Rows,
        }
    }
}

impl Returned {
    fn has_groups(&self) -> bool {
        self.attributes.iter().any(|attribute| attribute.groups || attribute.aggregate != AggregateType::None)
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.all && self.columns.is_empty() && self.attributes.is_empty()
    }

    /// The columns that are returned under their own names.
    pub(crate) fn plain(&self) -> impl Iterator<Item = &str> {
        let attributes = self.attributes.iter().filter(|attribute| attribute.is_plain());
        self.columns.iter().map(String::as_str).chain(attributes.map(|attribute| attribute.column.as_str()))
    }
}

impl AttributeExpression {
    /// Says no more than the column's name.
    pub(crate) fn is_plain(&self) -> bool {
        self.alias.is_none() && !self.groups && self.aggregate == AggregateType::None
    }
}

impl LinkExpression {
    fn has_groups(&self) -> bool {
        self.returned.has_groups() || self.links.iter().any(Self::has_groups)
    }
}

/// What a link does with partners.
enum Joining {
    Join(LinkKind),
    Partners(PartnerTest),
}

impl JoinOperator {
    fn joining(self) -> Joining {
        match self {
            Self::Inner | Self::Natural => Joining::Join(LinkKind::Inner),
            Self::LeftOuter => Joining::Join(LinkKind::Outer),
            Self::MatchFirstRowUsingCrossApply => Joining::Join(LinkKind::First),
            Self::In | Self::Exists | Self::Any | Self::NotAll => Joining::Partners(PartnerTest::Any),
            Self::NotAny => Joining::Partners(PartnerTest::NotAny),
            Self::All => Joining::Partners(PartnerTest::OnlyOthers),
        }
    }
}

fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT_CHARS).collect()
}

/// Counts what a query has of everything before anything is made of it (A9, SEC-07, SEC-08).
struct Bounds<'a> {
    limits: &'a FetchLimits,
    conditions: usize,
    links: usize,
}

impl Bounds<'_> {
    fn check(mut self, query: &Expression) -> Result<()> {
        self.criteria(&query.filter, 1)?;
        query.links.iter().try_for_each(|link| self.link(link, 1))
    }

    fn level(&self, depth: usize) -> Result<()> {
        if self.links > self.limits.links {
            return Err(Error::of(ErrorCode::TooManyLinkEntitiesInQuery));
        }
        if self.conditions + self.links > self.limits.conditions {
            return Err(Error::of(ErrorCode::TooManyConditionsInQuery));
        }
        if depth > self.limits.depth {
            return Err(Error::argument(format!("Filters and links may be nested {} deep.", self.limits.depth)));
        }
        Ok(())
    }

    fn criteria(&mut self, criteria: &Criteria, depth: usize) -> Result<()> {
        self.conditions += criteria.conditions.len();
        self.level(depth)?;
        criteria.filters.iter().try_for_each(|filter| self.criteria(filter, depth + 1))?;
        criteria.partners.iter().try_for_each(|link| self.link(link, depth + 1))
    }

    fn link(&mut self, link: &LinkExpression, depth: usize) -> Result<()> {
        self.links += 1;
        self.level(depth)?;
        self.criteria(&link.filter, depth + 1)?;
        link.links.iter().try_for_each(|inner| self.link(inner, depth + 1))
    }
}

/// Names a link and those in it, in the order in which they are lowered.
fn add_names(names: &mut LinkNames, link: &LinkExpression) -> Result<()> {
    if let Some(alias) = &link.alias {
        check_alias(alias)?;
    }
    names
        .add(&link.table, link.alias.as_deref())
        .map_err(|Taken(alias)| Error::argument(format!("The alias '{}' is given to more than one 'LinkEntity'.", excerpt(&alias))))?;
    add_partner_names(names, &link.filter)?;
    link.links.iter().try_for_each(|inner| add_names(names, inner))
}

fn add_partner_names(names: &mut LinkNames, criteria: &Criteria) -> Result<()> {
    criteria.filters.iter().try_for_each(|filter| add_partner_names(names, filter))?;
    criteria.partners.iter().try_for_each(|link| add_names(names, link))
}

fn check_alias(alias: &str) -> Result<()> {
    if is_alias(alias) {
        return Ok(());
    }
    Err(Error::argument(format!(
        "The alias '{}' must have letters, digits and underscores only, no digit first, and at most {ALIAS_MAX} of them.",
        excerpt(alias)
    )))
}

/// Where a column stands: the query's own table, or a linked one.
struct Place {
    table: Arc<Table>,
    alias: Option<String>,
    kind: LinkKind,
}

impl Place {
    fn own(&self) -> Own<'_> {
        Own { table: self.table.name(), alias: self.alias.as_deref() }
    }

    fn column(&self, name: &LogicalName) -> ColumnPath {
        ColumnPath { link: self.alias.clone(), lookups: Vec::new(), column: name.clone() }
    }

    fn value_name(&self, name: &LogicalName) -> Option<String> {
        value_name(&self.table, name, self.alias.as_deref().map(|alias| (alias, self.kind)))
    }
}

/// A query in the making.
struct Lowering<'a> {
    tables: &'a dyn Tables,
    limits: &'a FetchLimits,
    names: LinkNames,
    /// Links that were lowered.
    next: usize,
    query: Query,
    distinct: bool,
    /// Keys of the order in links.
    orders: Vec<Order>,
}

impl Lowering<'_> {
    fn run(mut self, expression: &Expression, place: &Place) -> Result<Query> {
        self.returned(&expression.returned, place)?;
        let filter = self.criteria(&expression.filter, place)?;
        let (links, partners) = self.links(&expression.links)?;
        self.query.links = links;
        self.query.filter = Filter::all(filter.into_iter().chain(partners).collect());
        self.query.orders = expression.orders.iter().map(|order| self.order(order, place)).collect::<Result<_>>()?;
        self.query.orders.append(&mut self.orders);
        self.query.name_rows(&place.table);
        Ok(self.query)
    }

    fn returned(&mut self, returned: &Returned, place: &Place) -> Result<()> {
        if self.query.result == ResultKind::Groups && (returned.all || !returned.columns.is_empty()) {
            return Err(Error::argument(
                "A query with aggregates returns what is grouped by or aggregated: leave 'AllColumns' and 'Columns' out, and name all in 'AttributeExpressions'.",
            ));
        }
        let is_flat = place.alias.is_none() && self.query.result == ResultKind::Rows;
        if is_flat && returned.all {
            self.query.columns = Columns::All;
        } else {
            let all = place.table.columns.iter().filter(|column| returned.all && column.is_stored() && column.valid.read).map(|column| column.name.clone());
            let columns: Vec<LogicalName> = all.chain(returned.plain().map(LogicalName::from)).collect();
            if is_flat {
                self.query.columns = Columns::Some(columns);
            } else {
                for column in columns {
                    let value = SelectedValue { column: Some(place.column(&column)), name: place.value_name(&column), role: Role::Plain };
                    self.push(value)?;
                }
            }
        }
        returned.attributes.iter().filter(|attribute| !attribute.is_plain()).try_for_each(|attribute| self.attribute(attribute, place))
    }

    fn attribute(&mut self, attribute: &AttributeExpression, place: &Place) -> Result<()> {
        let name = LogicalName::from(attribute.column.as_str());
        let alias = attribute.alias.as_deref();
        alias.map_or(Ok(()), check_alias)?;
        let role = match (attribute.aggregate, attribute.groups) {
            (AggregateType::None, true) => Role::Group(attribute.date_part.part().map(|part| DateGroup { part, utc: false })),
            (AggregateType::None, false) if self.query.result != ResultKind::Groups => Role::Plain,
            (AggregateType::None, false) | (_, true) => {
                return Err(Error::argument(format!(
                    "In a query with aggregates the column '{}' must have either an 'AggregateType' or 'HasGroupBy'.",
                    excerpt(&name)
                )));
            }
            (aggregate, false) => Role::Aggregate(aggregate.of_values(self.distinct).unwrap_or(Aggregate::Count)),
        };
        if alias.is_none() && matches!(role, Role::Aggregate(_)) {
            return Err(Error::argument(format!("The aggregate of '{}' needs an alias.", excerpt(&name))));
        }
        let column = match attribute.aggregate {
            AggregateType::Count => place.table.require(&name).map(|_| None)?,
            _ => Some(place.column(&name)),
        };
        let name = alias.map(str::to_owned).or_else(|| place.value_name(&name));
        self.push(SelectedValue { column, name, role })
    }

    /// Adds a value, unless the very same is there already.
    fn push(&mut self, value: SelectedValue) -> Result<()> {
        if !self.query.values.contains(&value) {
            self.query.values.push(value);
        }
        if self.query.values.len() > self.limits.columns {
            return Err(Error::argument(format!("A query may return at most {} columns.", self.limits.columns)));
        }
        Ok(())
    }

    /// Joined tables, and the conditions that others of the links are.
    fn links(&mut self, links: &[LinkExpression]) -> Result<(Vec<Link>, Vec<Filter>)> {
        let (mut joined, mut conditions) = (Vec::new(), Vec::new());
        for expression in links {
            let link = self.link(expression)?;
            match expression.join.joining() {
                Joining::Join(_) => joined.push(link),
                Joining::Partners(test) => conditions.push(Filter::of_partners(test, link)),
            }
        }
        Ok((joined, conditions))
    }

    fn link(&mut self, link: &LinkExpression) -> Result<Link> {
        let table = self.tables.table(&link.table).ok_or_else(|| Error::no_such_table(&link.table))?;
        let alias = self.names.alias(self.next).ok_or_else(|| Error::damaged("a link was not named"))?.to_owned();
        self.next += 1;
        let kind = match link.join.joining() {
            Joining::Join(kind) => kind,
            Joining::Partners(_) if link.returned.is_empty() && link.orders.is_empty() => LinkKind::Inner,
            Joining::Partners(_) => {
                return Err(Error::argument(format!(
                    "A 'LinkEntity' with the JoinOperator {} returns no values: it cannot have columns or orders.",
                    link.join.name()
                )));
            }
        };
        let place = Place { table, alias: Some(alias.clone()), kind };
        self.returned(&link.returned, &place)?;
        for order in &link.orders {
            let order = self.order(order, &place)?;
            self.orders.push(order);
        }
        let filter = self.criteria(&link.filter, &place)?;
        let (links, partners) = self.links(&link.links)?;
        let filter = Filter::all(filter.into_iter().chain(partners).collect());
        let table = place.table.name().clone();
        Ok(Link { alias, table, from: link.from.as_str().into(), to: link.to.as_str().into(), kind, filter, links })
    }

    fn criteria(&mut self, criteria: &Criteria, place: &Place) -> Result<Option<Filter>> {
        let mut parts = Vec::with_capacity(criteria.conditions.len() + criteria.filters.len() + 1);
        for condition in &criteria.conditions {
            parts.push(self.condition(condition, place)?);
        }
        // An empty filter asks nothing, also beside others of which any is enough.
        for filter in &criteria.filters {
            parts.extend(self.criteria(filter, place)?);
        }
        if let Some(partners) = &criteria.partners {
            let link = self.link(partners)?;
            match partners.join.joining() {
                Joining::Partners(test) => parts.push(Filter::of_partners(test, link)),
                Joining::Join(_) => {
                    return Err(Error::argument("An 'AnyAllFilterLinkEntity' must have the JoinOperator Any, NotAny, All or NotAll."));
                }
            }
        }
        Ok(if criteria.any { Filter::any(parts) } else { Filter::all(parts) })
    }

    fn condition(&self, condition: &ConditionExpression, place: &Place) -> Result<Filter> {
        let named = NamedOperator::in_expression(&condition.operator).ok_or_else(|| {
            Error::new(
                ErrorCode::NotSupported,
                format!("The condition operator '{}' is not offered by this version of the service.", excerpt(&condition.operator)),
            )
        })?;
        let link = condition.link.as_deref();
        let mut asked = Condition::new(self.path(&condition.column, link, place)?, named.operator, Vec::new());
        if condition.compares_columns {
            let [other] = condition.values.as_slice() else {
                return Err(Error::argument(format!("The condition on '{}' needs the name of one column to compare with.", excerpt(&condition.column))));
            };
            if !matches!(named.operator, Operator::Compare(_)) {
                return Err(Error::argument(format!(
                    "Two columns can be compared by Equal, NotEqual, GreaterThan, GreaterEqual, LessThan and LessEqual, not by {}.",
                    condition.operator
                )));
            }
            asked.other = Some(match other.split_once('.') {
                Some((alias, other)) => self.path(other, Some(alias), place)?,
                None => self.path(other, link, place)?,
            });
        } else {
            let values = condition.values.iter().cloned().map(Literal::Text).collect();
            asked.values = named.take(values).map_err(|wanted| {
                Error::argument(format!("The condition on '{}' with the operator {} needs {wanted}.", excerpt(&condition.column), condition.operator))
            })?;
        }
        let asked = Filter::Condition(asked);
        Ok(if named.negated { Filter::Not(Box::new(asked)) } else { asked })
    }

    fn path(&self, column: &str, link: Option<&str>, place: &Place) -> Result<ColumnPath> {
        let unknown = || Error::argument(format!("The query has no 'LinkEntity' with the alias '{}'.", excerpt(link.unwrap_or_default())));
        self.names.path(column, link, place.own()).ok_or_else(unknown)
    }

    fn order(&self, order: &OrderExpression, place: &Place) -> Result<Order> {
        let descending = order.descending;
        if let Some(value) = &order.value {
            return Ok(Order { by: OrderBy::Value(value.clone()), descending });
        }
        let mut path = self.path(&order.column, order.link.as_deref(), place)?;
        if path.link.is_none() {
            path.link.clone_from(&place.alias);
        }
        if self.query.result == ResultKind::Rows {
            let other = order.link.as_deref().and_then(|name| self.names.find(name)).and_then(|(_, table)| self.tables.table(table));
            ordered_by_name(&mut path, other.as_deref().unwrap_or(&place.table), self.tables);
        }
        Ok(Order { by: OrderBy::Column(path), descending })
    }
}
