//! A query as an object of [`QUERY_EXPRESSION`](super::QUERY_EXPRESSION).

use std::sync::Arc;

use driftless_model::{Column, Shape, Table, Uuid};
use driftless_query::expression::{
    AggregateType, AttributeExpression, ConditionExpression, Criteria, DateGrouping, Expression, JoinOperator, LinkExpression, OrderExpression, Paging,
    Returned,
};

use super::{Arg, CONDITION_OPERATOR, DESCENDING, OR, Snapshot};

/// The object. Values of conditions have the types of their columns.
pub(crate) fn query(query: &Expression, snapshot: &Snapshot) -> Arg {
    let mut tables = Tables { snapshot, named: Vec::new() };
    tables.add_partners(&query.filter);
    query.links.iter().for_each(|link| tables.add(link));
    let root = snapshot.find(&query.table).cloned();
    let mut members = vec![
        ("EntityName", text(&query.table)),
        ("ColumnSet", returned(&query.returned)),
        ("Criteria", tables.criteria(&query.filter, root.as_deref())),
        ("LinkEntities", Arg::List(query.links.iter().map(|link| tables.link(link, &query.table)).collect())),
        ("Orders", orders(&query.orders)),
        ("PageInfo", paging(&query.page)),
        ("Distinct", Arg::Bool(query.distinct)),
        ("NoLock", Arg::Bool(false)),
    ];
    members.extend(query.top.map(|top| ("TopCount", count(Some(top)))));
    Arg::Complex(members)
}

fn text(text: &str) -> Arg {
    Arg::Text(text.to_owned())
}

fn texts(texts: &[String]) -> Arg {
    Arg::List(texts.iter().map(|item| text(item)).collect())
}

fn count(number: Option<u32>) -> Arg {
    Arg::Int(number.map_or(0, |number| i32::try_from(number).unwrap_or(i32::MAX)))
}

/// The number of a value of an enumeration whose values stand in the order of their numbers.
fn member<V: PartialEq, const N: usize>(value: V, named: [(&'static str, V); N]) -> Arg {
    let at = named.iter().position(|(_, own)| *own == value);
    Arg::BigInt(at.and_then(|at| i64::try_from(at).ok()).unwrap_or_default())
}

fn returned(returned: &Returned) -> Arg {
    let attribute = |attribute: &AttributeExpression| {
        let mut members = vec![
            ("AttributeName", text(&attribute.column)),
            ("AggregateType", member(attribute.aggregate, AggregateType::ALL)),
            ("HasGroupBy", Arg::Bool(attribute.groups)),
            ("DateTimeGrouping", member(attribute.date_part, DateGrouping::ALL)),
        ];
        members.extend(attribute.alias.as_ref().map(|alias| ("Alias", text(alias))));
        Arg::Complex(members)
    };
    Arg::Complex(vec![
        ("AllColumns", Arg::Bool(returned.all)),
        ("Columns", texts(&returned.columns)),
        ("AttributeExpressions", Arg::List(returned.attributes.iter().map(attribute).collect())),
    ])
}

fn orders(orders: &[OrderExpression]) -> Arg {
    let order = |order: &OrderExpression| {
        let mut members = vec![("OrderType", Arg::BigInt(if order.descending { DESCENDING } else { 0 }))];
        members.extend(order.link.as_ref().map(|link| ("EntityName", text(link))));
        match &order.value {
            Some(value) => members.push(("Alias", text(value))),
            None => members.push(("AttributeName", text(&order.column))),
        }
        Arg::Complex(members)
    };
    Arg::List(orders.iter().map(order).collect())
}

fn paging(page: &Paging) -> Arg {
    let mut members = vec![("PageNumber", count(page.number)), ("Count", count(page.rows)), ("ReturnTotalRecordCount", Arg::Bool(page.total))];
    members.extend(page.cookie.as_ref().map(|cookie| ("PagingCookie", text(cookie))));
    Arg::Complex(members)
}

/// The tables of a query's links, by what conditions call them.
struct Tables<'a> {
    snapshot: &'a Snapshot,
    named: Vec<(&'a str, Arc<Table>)>,
}

impl<'a> Tables<'a> {
    fn add(&mut self, link: &'a LinkExpression) {
        if let Some(table) = self.snapshot.find(&link.table) {
            self.named.push((link.alias.as_deref().unwrap_or(&link.table), Arc::clone(table)));
        }
        self.add_partners(&link.filter);
        link.links.iter().for_each(|inner| self.add(inner));
    }

    fn add_partners(&mut self, criteria: &'a Criteria) {
        criteria.filters.iter().for_each(|filter| self.add_partners(filter));
        criteria.partners.iter().for_each(|link| self.add(link));
    }

    fn criteria(&self, criteria: &Criteria, own: Option<&Table>) -> Arg {
        let mut members = vec![
            ("FilterOperator", Arg::BigInt(if criteria.any { OR } else { 0 })),
            ("Conditions", Arg::List(criteria.conditions.iter().map(|asked| self.condition(asked, own)).collect())),
            ("Filters", Arg::List(criteria.filters.iter().map(|filter| self.criteria(filter, own)).collect())),
        ];
        let from = own.map_or("", |own| own.name().as_str());
        members.extend(criteria.partners.as_ref().map(|partners| ("AnyAllFilterLinkEntity", self.link(partners, from))));
        Arg::Complex(members)
    }

    fn condition(&self, asked: &ConditionExpression, own: Option<&Table>) -> Arg {
        let linked = asked.link.as_deref().and_then(|link| self.named.iter().find(|(name, _)| *name == link)).map(|(_, table)| &**table);
        let table = if asked.link.is_some() { linked } else { own };
        let column = table.and_then(|table| table.find(&asked.column).map(|ix| table.column(ix))).filter(|_| !asked.compares_columns);
        let mut members = vec![
            ("AttributeName", text(&asked.column)),
            ("Operator", Arg::BigInt(CONDITION_OPERATOR.parse(&asked.operator).unwrap_or_default())),
            ("Values", Arg::List(asked.values.iter().map(|value| typed(value, column)).collect())),
            ("CompareColumns", Arg::Bool(asked.compares_columns)),
        ];
        members.extend(asked.link.as_ref().map(|link| ("EntityName", text(link))));
        Arg::Complex(members)
    }

    fn link(&self, link: &LinkExpression, from: &str) -> Arg {
        let own = self.snapshot.find(&link.table);
        let mut members = vec![
            ("LinkFromEntityName", text(from)),
            ("LinkFromAttributeName", text(&link.to)),
            ("LinkToEntityName", text(&link.table)),
            ("LinkToAttributeName", text(&link.from)),
            ("JoinOperator", member(link.join, JoinOperator::ALL)),
            ("Columns", returned(&link.returned)),
            ("LinkCriteria", self.criteria(&link.filter, own.map(|own| &**own))),
            ("LinkEntities", Arg::List(link.links.iter().map(|inner| self.link(inner, &link.table)).collect())),
            ("Orders", orders(&link.orders)),
        ];
        members.extend(link.alias.as_ref().map(|alias| ("EntityAlias", text(alias))));
        Arg::Complex(members)
    }
}

/// A value as the type of the column that it is compared with; as text where it is none, such as a number of days.
fn typed(value: &str, column: Option<&Column>) -> Arg {
    let number = || value.parse().map(Arg::Int).ok();
    let typed = match column.map(Column::shape) {
        Some(Shape::Bool) => match value {
            "1" | "true" => Some(Arg::Bool(true)),
            "0" | "false" => Some(Arg::Bool(false)),
            _ => None,
        },
        Some(Shape::Int | Shape::Choices | Shape::DateTime | Shape::Date) => number(),
        Some(Shape::BigInt) => value.parse().map(Arg::BigInt).ok(),
        Some(Shape::Guid | Shape::Lookup | Shape::PolyLookup) => Uuid::try_parse(value).map(Arg::Guid).ok(),
        _ => None,
    };
    typed.unwrap_or_else(|| text(value))
}

#[cfg(test)]
mod tests {
    use super::super::expression;
    use super::*;

    #[test] // organization-service 7
    fn what_is_written_is_read_as_the_same_query() {
        let order = |link: Option<&str>, value: Option<&str>| OrderExpression {
            link: link.map(str::to_owned),
            column: if value.is_some() { String::new() } else { "name".to_owned() },
            descending: link.is_some(),
            value: value.map(str::to_owned),
        };
        let attribute = AttributeExpression {
            column: "createdon".to_owned(),
            alias: Some("year".to_owned()),
            aggregate: AggregateType::None,
            groups: true,
            date_part: DateGrouping::FiscalYear,
        };
        let condition = ConditionExpression {
            link: Some("c".to_owned()),
            column: "age".to_owned(),
            operator: "NotBetween".to_owned(),
            values: vec!["1".to_owned(), "9".to_owned()],
            compares_columns: false,
        };
        let filter = Criteria { any: true, conditions: vec![condition], ..Criteria::default() };
        let inner = LinkExpression {
            alias: Some("c".to_owned()),
            table: "contact".to_owned(),
            from: "contactid".to_owned(),
            to: "primarycontactid".to_owned(),
            join: JoinOperator::NotAll,
            returned: Returned { all: true, columns: Vec::new(), attributes: Vec::new() },
            filter: filter.clone(),
            orders: vec![order(None, None)],
            ..LinkExpression::default()
        };
        let query = Expression {
            table: "account".to_owned(),
            returned: Returned { all: false, columns: vec!["name".to_owned()], attributes: vec![attribute] },
            filter: Criteria { filters: vec![filter.clone()], partners: Some(Box::new(inner.clone())), ..filter },
            links: vec![LinkExpression { alias: None, join: JoinOperator::LeftOuter, links: vec![inner.clone()], ..inner }],
            orders: vec![order(Some("c"), None), order(None, Some("year"))],
            top: Some(3),
            distinct: true,
            page: Paging { number: Some(2), rows: Some(50), cookie: Some("<cookie/>".to_owned()), total: true },
        };
        assert_eq!(expression(&super::query(&query, &Snapshot::default())).unwrap(), query);
    }
}
