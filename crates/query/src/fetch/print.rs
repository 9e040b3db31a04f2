//! FetchXML of a query.

use driftless_model::{Error, ErrorCode, Result};

use crate::expression::{
    AggregateType, AttributeExpression, ConditionExpression, Criteria, DateGrouping, Expression, JoinOperator, LinkExpression, OrderExpression, Returned,
};
use crate::{NamedOperator, Operator};

/// The query as FetchXML. Read again, it is the same query.
///
/// # Errors
/// 0x80040315 for an operator that FetchXML does not have.
pub fn print(query: &Expression) -> Result<String> {
    let aggregates = query.has_groups();
    let mut out = Writer(String::new());
    let page = &query.page;
    out.open("fetch")
        .attribute("top", query.top)
        .attribute("page", page.number)
        .attribute("count", page.rows)
        .attribute("paging-cookie", page.cookie.as_ref())
        .attribute("returntotalrecordcount", page.total.then_some("true"))
        .attribute("aggregate", aggregates.then_some("true"))
        .attribute("distinct", (query.distinct && !aggregates).then_some("true"))
        .inside();
    out.open("entity").attribute("name", Some(&query.table)).inside();
    if query.returned.is_empty() && !aggregates {
        out.open("no-attrs").empty();
    }
    returned(&mut out, &query.returned, query.distinct);
    orders(&mut out, &query.orders);
    filter(&mut out, &query.filter)?;
    query.links.iter().try_for_each(|inner| link(&mut out, inner, query.distinct))?;
    out.close("entity");
    out.close("fetch");
    Ok(out.0)
}

fn returned(out: &mut Writer, returned: &Returned, distinct: bool) {
    if returned.all {
        out.open("all-attributes").empty();
    }
    for column in returned.plain() {
        out.open("attribute").attribute("name", Some(column)).empty();
    }
    for attribute in returned.attributes.iter().filter(|attribute| !attribute.is_plain()) {
        named(out, attribute, distinct);
    }
}

fn named(out: &mut Writer, attribute: &AttributeExpression, distinct: bool) {
    let aggregate = match attribute.aggregate {
        AggregateType::None => None,
        AggregateType::Count => Some("count"),
        AggregateType::CountColumn => Some("countcolumn"),
        AggregateType::Sum => Some("sum"),
        AggregateType::Avg => Some("avg"),
        AggregateType::Min => Some("min"),
        AggregateType::Max => Some("max"),
    };
    let part = match attribute.date_part {
        DateGrouping::None => None,
        DateGrouping::Day => Some("day"),
        DateGrouping::Week => Some("week"),
        DateGrouping::Month => Some("month"),
        DateGrouping::Quarter => Some("quarter"),
        DateGrouping::Year => Some("year"),
        DateGrouping::FiscalPeriod => Some("fiscal-period"),
        DateGrouping::FiscalYear => Some("fiscal-year"),
    };
    let counts_once = distinct && attribute.aggregate == AggregateType::CountColumn;
    out.open("attribute")
        .attribute("name", Some(&attribute.column))
        .attribute("alias", attribute.alias.as_ref())
        .attribute("aggregate", aggregate)
        .attribute("distinct", counts_once.then_some("true"))
        .attribute("groupby", attribute.groups.then_some("true"))
        .attribute("dategrouping", part.filter(|_| attribute.groups))
        .empty();
}

fn orders(out: &mut Writer, orders: &[OrderExpression]) {
    for order in orders {
        let column = order.value.is_none().then_some(&order.column);
        out.open("order")
            .attribute("alias", order.value.as_ref())
            .attribute("entityname", order.link.as_ref().filter(|_| column.is_some()))
            .attribute("attribute", column)
            .attribute("descending", order.descending.then_some("true"))
            .empty();
    }
}

fn link(out: &mut Writer, link: &LinkExpression, distinct: bool) -> Result<()> {
    let kind = match link.join {
        JoinOperator::Inner | JoinOperator::Natural => "inner",
        JoinOperator::LeftOuter => "outer",
        JoinOperator::MatchFirstRowUsingCrossApply => "matchfirstrowusingcrossapply",
        JoinOperator::In => "in",
        JoinOperator::Exists => "exists",
        JoinOperator::Any => "any",
        JoinOperator::NotAny => "not any",
        JoinOperator::All => "all",
        JoinOperator::NotAll => "not all",
    };
    out.open("link-entity")
        .attribute("name", Some(&link.table))
        .attribute("from", Some(&link.from))
        .attribute("to", Some(&link.to))
        .attribute("alias", link.alias.as_ref())
        .attribute("link-type", Some(kind))
        .inside();
    returned(out, &link.returned, distinct);
    orders(out, &link.orders);
    filter(out, &link.filter)?;
    link.links.iter().try_for_each(|inner| self::link(out, inner, distinct))?;
    out.close("link-entity");
    Ok(())
}

fn filter(out: &mut Writer, criteria: &Criteria) -> Result<()> {
    if criteria.is_empty() {
        return Ok(());
    }
    out.open("filter").attribute("type", Some(if criteria.any { "or" } else { "and" })).inside();
    criteria.conditions.iter().try_for_each(|asked| condition(out, asked))?;
    criteria.filters.iter().try_for_each(|inner| filter(out, inner))?;
    criteria.partners.iter().try_for_each(|inner| link(out, inner, false))?;
    out.close("filter");
    Ok(())
}

fn condition(out: &mut Writer, condition: &ConditionExpression) -> Result<()> {
    let named = NamedOperator::in_expression(&condition.operator);
    let (operator, holds) = match named {
        // What a text contains is asked for with a pattern around it.
        Some(named) if named.operator == Operator::Contains => (Some(if named.negated { "not-like" } else { "like" }), true),
        Some(named) => (named.fetch, false),
        None => (None, false),
    };
    let operator =
        operator.ok_or_else(|| Error::new(ErrorCode::NotSupported, format!("The condition operator '{}' has no form in FetchXML.", condition.operator)))?;
    out.open("condition")
        .attribute("entityname", condition.link.as_ref())
        .attribute("attribute", Some(&condition.column))
        .attribute("operator", Some(operator));
    let takes_several = named.is_some_and(|named| matches!(named.values, crate::OperatorValues::Two | crate::OperatorValues::Several));
    match condition.values.as_slice() {
        [column] if condition.compares_columns => {
            let of_link = condition.link.as_ref().filter(|_| !column.contains('.')).map(|link| format!("{link}.{column}"));
            out.attribute("valueof", Some(of_link.as_ref().unwrap_or(column))).empty();
        }
        [] => out.empty(),
        [value] if holds => out.attribute("value", Some(format!("%{value}%"))).empty(),
        [value] if !takes_several => out.attribute("value", Some(value)).empty(),
        values => {
            out.inside();
            for value in values {
                out.open("value").inside();
                out.text(value);
                out.close("value");
            }
            out.close("condition");
        }
    }
    Ok(())
}

/// XML as text.
struct Writer(String);

impl Writer {
    fn open(&mut self, name: &str) -> &mut Self {
        self.0.push('<');
        self.0.push_str(name);
        self
    }

    fn attribute(&mut self, name: &str, value: Option<impl ToString>) -> &mut Self {
        if let Some(value) = value {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.text(&value.to_string());
            self.0.push('"');
        }
        self
    }

    fn empty(&mut self) {
        self.0.push_str("/>");
    }

    fn inside(&mut self) {
        self.0.push('>');
    }

    fn close(&mut self, name: &str) {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    /// Text, also between quotes: line ends and tabs stay what they are. XML cannot hold other control characters.
    fn text(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\t' => self.0.push_str("&#9;"),
                '\n' => self.0.push_str("&#10;"),
                '\r' => self.0.push_str("&#13;"),
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => self.0.push('\u{fffd}'),
                other => self.0.push(other),
            }
        }
    }
}
