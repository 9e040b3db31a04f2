//! From the one query model to a QueryExpression.

use driftless_model::{Error, ErrorCode, Result};

use super::{
    AggregateType, AttributeExpression, ConditionExpression, Criteria, DateGrouping, Expression, JoinOperator, LinkExpression, OrderExpression, Paging,
};
use crate::naming::{is_alias, value_name};
use crate::{
    Aggregate, ColumnPath, Columns, Condition, DatePart, Filter, Link, LinkKind, NamedOperator, OperatorValues, Order, OrderBy, PartnerTest, Query,
    QueryRequest, ResultKind, Role, SelectedValue, Tables,
};

impl Expression {
    /// The query as a QueryExpression.
    ///
    /// # Errors
    /// 0x80040315 with what has no form there; 0x80041102 for an unknown table.
    pub fn of(request: &QueryRequest, tables: &dyn Tables) -> Result<Self> {
        let query = &request.query;
        if !query.expands.is_empty() {
            return Err(no_form("A query with nested rows"));
        }
        let mut expression = Self {
            table: query.table.to_string(),
            filter: query.filter.as_ref().map(|filter| criteria(filter, &query.table)).transpose()?.unwrap_or_default(),
            links: query.links.iter().map(link).collect::<Result<_>>()?,
            orders: query.orders.iter().map(order).collect::<Result<_>>()?,
            top: request.top,
            distinct: is_distinct(query)?,
            page: Paging { number: request.page, rows: request.page_rows, cookie: request.paging_cookie.clone(), total: request.total },
            ..Self::default()
        };
        if query.result == ResultKind::Rows {
            match &query.columns {
                Columns::All => expression.returned.all = true,
                Columns::Some(columns) => expression.returned.columns = columns.iter().map(ToString::to_string).collect(),
            }
        }
        query.values.iter().try_for_each(|selected| expression.add(selected, query, tables))?;
        Ok(expression)
    }

    fn add(&mut self, value: &SelectedValue, query: &Query, tables: &dyn Tables) -> Result<()> {
        let root = || tables.table(&query.table).ok_or_else(|| Error::no_such_table(&query.table));
        let Some(path) = &value.column else {
            let column = root()?.def.primary_id.to_string();
            self.returned.attributes.push(attribute(column, value, AggregateType::Count)?);
            return Ok(());
        };
        refuse_way(path)?;
        let found = path.link.as_deref().and_then(|alias| find(&query.links, alias));
        let table = found.map_or_else(root, |link| tables.table(&link.table).ok_or_else(|| Error::no_such_table(&link.table)))?;
        let place = match path.link.as_deref() {
            None => &mut self.returned,
            Some(alias) => {
                let unknown = || Error::damaged("a value stands in a link that there is not");
                &mut find_mut(&mut self.links, alias).ok_or_else(unknown)?.returned
            }
        };
        let own_name = value_name(&table, &path.column, found.map(|link| (link.alias.as_str(), link.kind)));
        let is_named = value.name != own_name;
        let column = path.column.to_string();
        match value.role {
            // A column of the query's own table that stands among the values of rows has a name of its own.
            Role::Plain if !is_named && (found.is_some() || query.result != ResultKind::Rows) => place.columns.push(column),
            Role::Plain => place.attributes.push(attribute(column, value, AggregateType::None)?),
            Role::Aggregate(aggregate) => place.attributes.push(attribute(column, value, aggregate_type(aggregate))?),
            Role::Group(date) => {
                if date.is_some_and(|date| date.utc) {
                    return Err(no_form("A group by a part of a date in UTC"));
                }
                let unnamed = SelectedValue { name: value.name.clone().filter(|_| is_named), ..value.clone() };
                let date_part = date.map_or(DateGrouping::None, |date| grouping(date.part));
                place.attributes.push(AttributeExpression { groups: true, date_part, ..attribute(column, &unnamed, AggregateType::None)? });
            }
        }
        Ok(())
    }
}

fn no_form(what: &str) -> Error {
    Error::new(ErrorCode::NotSupported, format!("{what} has no form as a QueryExpression."))
}

fn refuse_way(path: &ColumnPath) -> Result<()> {
    if path.lookups.is_empty() { Ok(()) } else { Err(no_form("A column behind a lookup")) }
}

/// Values that are counted once: QueryExpression can say it of all counted columns alone.
fn is_distinct(query: &Query) -> Result<bool> {
    let counts = |wanted| query.values.iter().any(|value| value.column.is_some() && value.role == Role::Aggregate(wanted));
    match query.result {
        ResultKind::Rows => Ok(false),
        ResultKind::Distinct => Ok(true),
        ResultKind::Groups if counts(Aggregate::CountDistinct) && counts(Aggregate::Count) => Err(no_form("A query that counts different values beside all")),
        ResultKind::Groups => Ok(counts(Aggregate::CountDistinct)),
    }
}

fn attribute(column: String, value: &SelectedValue, aggregate: AggregateType) -> Result<AttributeExpression> {
    if let Some(name) = &value.name
        && !is_alias(name)
    {
        return Err(no_form(&format!("The name '{name}' of a value")));
    }
    Ok(AttributeExpression { column, alias: value.name.clone(), aggregate, groups: false, date_part: DateGrouping::None })
}

fn aggregate_type(aggregate: Aggregate) -> AggregateType {
    match aggregate {
        Aggregate::Count | Aggregate::CountDistinct => AggregateType::CountColumn,
        Aggregate::Sum => AggregateType::Sum,
        Aggregate::Average => AggregateType::Avg,
        Aggregate::Min => AggregateType::Min,
        Aggregate::Max => AggregateType::Max,
    }
}

fn grouping(part: DatePart) -> DateGrouping {
    match part {
        DatePart::Day => DateGrouping::Day,
        DatePart::Week => DateGrouping::Week,
        DatePart::Month => DateGrouping::Month,
        DatePart::Quarter => DateGrouping::Quarter,
        DatePart::Year => DateGrouping::Year,
        DatePart::FiscalPeriod => DateGrouping::FiscalPeriod,
        DatePart::FiscalYear => DateGrouping::FiscalYear,
    }
}

fn find<'a>(links: &'a [Link], alias: &str) -> Option<&'a Link> {
    links.iter().find_map(|link| if link.alias == alias { Some(link) } else { find(&link.links, alias) })
}

fn find_mut<'a>(links: &'a mut [LinkExpression], alias: &str) -> Option<&'a mut LinkExpression> {
    links.iter_mut().find_map(|link| if link.alias.as_deref() == Some(alias) { Some(link) } else { find_mut(&mut link.links, alias) })
}

fn link(link: &Link) -> Result<LinkExpression> {
    let join = match link.kind {
        LinkKind::Inner => JoinOperator::Inner,
        LinkKind::Outer => JoinOperator::LeftOuter,
        LinkKind::First => JoinOperator::MatchFirstRowUsingCrossApply,
    };
    joined(link, join)
}

fn joined(link: &Link, join: JoinOperator) -> Result<LinkExpression> {
    Ok(LinkExpression {
        alias: Some(link.alias.clone()),
        table: link.table.to_string(),
        from: link.from.to_string(),
        to: link.to.to_string(),
        join,
        filter: link.filter.as_ref().map(|filter| criteria(filter, &link.alias)).transpose()?.unwrap_or_default(),
        links: link.links.iter().map(self::link).collect::<Result<_>>()?,
        ..LinkExpression::default()
    })
}

/// A filter on the table that is called `own`.
fn criteria(filter: &Filter, own: &str) -> Result<Criteria> {
    if let Some((test, link)) = filter.partners() {
        let join = match test {
            PartnerTest::Any => JoinOperator::Any,
            PartnerTest::NotAny => JoinOperator::NotAny,
            PartnerTest::OnlyOthers => JoinOperator::All,
        };
        return Ok(Criteria { partners: Some(Box::new(joined(link, join)?)), ..Criteria::default() });
    }
    let (parts, any) = match filter {
        Filter::And(parts) => (parts.as_slice(), false),
        Filter::Or(parts) => (parts.as_slice(), true),
        one => (std::slice::from_ref(one), false),
    };
    let mut all = Criteria { any, ..Criteria::default() };
    for part in parts {
        let (asked, negated) = match part {
            Filter::Condition(asked) => (Some(asked), false),
            Filter::Not(inner) => match &**inner {
                Filter::Condition(asked) => (Some(asked), true),
                _ if part.partners().is_some() => (None, false),
                _ => return Err(no_form("The opposite of a filter")),
            },
            Filter::And(_) | Filter::Or(_) | Filter::Exists(_) => (None, false),
        };
        match asked {
            // Conditions come before filters: one that stands behind a filter becomes one itself, so that the order stays.
            Some(asked) if all.filters.is_empty() => all.conditions.push(condition(asked, negated, own)?),
            Some(asked) => all.filters.push(Criteria { conditions: vec![condition(asked, negated, own)?], ..Criteria::default() }),
            None => all.filters.push(criteria(part, own)?),
        }
    }
    Ok(all)
}

fn condition(condition: &Condition, negated: bool, own: &str) -> Result<ConditionExpression> {
    let path = &condition.column;
    refuse_way(path)?;
    let mut named = NamedOperator::meaning(condition.operator, negated, &condition.values);
    let (operator, takes) = named.find_map(|named| Some((named.expression?.0, named.values))).ok_or_else(|| no_form("An operator of the query"))?;
    let values = match (&condition.other, takes) {
        (Some(other), _) if other.link == path.link => vec![other.column.to_string()],
        (Some(other), _) => vec![format!("{}.{}", other.link.as_deref().unwrap_or(own), other.column)],
        (None, OperatorValues::None | OperatorValues::Fixed(_)) => Vec::new(),
        (None, _) => condition.values.iter().map(crate::Literal::to_text).collect(),
    };
    let compares_columns = condition.other.is_some();
    Ok(ConditionExpression { link: path.link.clone(), column: path.column.to_string(), operator: operator.to_owned(), values, compares_columns })
}

fn order(order: &Order) -> Result<OrderExpression> {
    let descending = order.descending;
    Ok(match &order.by {
        OrderBy::Value(name) => OrderExpression { value: Some(name.clone()), descending, ..OrderExpression::default() },
        // A lookup that is ordered by the name behind it.
        OrderBy::Column(ColumnPath { link, lookups, column }) => match lookups.as_slice() {
            [] => OrderExpression { link: link.clone(), column: column.to_string(), descending, value: None },
            [(lookup, _)] => OrderExpression { link: link.clone(), column: lookup.to_string(), descending, value: None },
            _ => return Err(no_form("An order by a column behind several lookups")),
        },
    })
}
