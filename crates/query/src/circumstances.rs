//! What a query's meaning depends on besides its text: the moment and the caller.

use driftless_model::Uuid;

use crate::literal::moment;
use crate::{Calendar, CallerOperator, Condition, DatePart, Expand, Filter, Link, Literal, Operator, Query, Role, SelectedValue};

/// The moment of a request and what is known of its caller.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Circumstances {
    /// Seconds since 1970-01-01 UTC.
    pub now_s: i64,
    /// The caller's clock and the organization's fiscal year. Each is needed by some queries only ([`asks_for_clock`], [`asks_for_fiscal_year`]).
    pub calendar: Calendar,
    /// The caller.
    pub user: Uuid,
    /// The caller's business unit.
    pub business_unit: Uuid,
    /// The caller's teams. Needed by some conditions only ([`asks_for_relations`]).
    pub teams: Vec<Uuid>,
    /// The users below the caller in the hierarchy of managers. Needed by some conditions only.
    pub reports: Vec<Uuid>,
    /// The caller's language.
    pub language: i32,
}

/// True if the meaning of `query` depends on the caller's teams, business unit or reports.
pub fn asks_for_relations(query: &Query) -> bool {
    let is_about_relations = |condition: &Condition| matches!(condition.operator, Operator::Caller(operator) if !matches!(operator, CallerOperator::User | CallerOperator::Language));
    has_condition(query, &is_about_relations)
}

/// True if the meaning of `query` depends on the organization's fiscal year.
pub fn asks_for_fiscal_year(query: &Query) -> bool {
    let is_fiscal_group =
        |value: &SelectedValue| matches!(value.role, Role::Group(Some(group)) if matches!(group.part, DatePart::FiscalPeriod | DatePart::FiscalYear));
    query.values.iter().any(is_fiscal_group)
        || has_condition(query, &|condition| matches!(condition.operator, Operator::Date(operator) if operator.is_fiscal()))
}

/// True if the meaning of `query` depends on where the caller's clock is: it has a condition on days, a time without an offset, or a group by a part of a date.
pub fn asks_for_clock(query: &Query) -> bool {
    let is_group = |value: &SelectedValue| matches!(value.role, Role::Group(Some(group)) if !group.utc);
    let is_clock_time = |literal: &Literal| matches!(literal, Literal::Text(text) if moment(text).is_some_and(|moment| moment.offset_s.is_none()));
    let depends = |condition: &Condition| matches!(condition.operator, Operator::Date(_)) || condition.values.iter().any(is_clock_time);
    query.values.iter().any(is_group) || has_condition(query, &depends)
}

fn has_condition(query: &Query, asks: &dyn Fn(&Condition) -> bool) -> bool {
    let nested = query.expands.iter().any(|expand| in_expand(expand, asks));
    nested || query.filter.as_ref().is_some_and(|filter| in_filter(filter, asks)) || query.links.iter().any(|link| in_link(link, asks))
}

fn in_expand(expand: &Expand, asks: &dyn Fn(&Condition) -> bool) -> bool {
    expand.filter.as_ref().is_some_and(|filter| in_filter(filter, asks)) || expand.expands.iter().any(|inner| in_expand(inner, asks))
}

fn in_link(link: &Link, asks: &dyn Fn(&Condition) -> bool) -> bool {
    link.filter.as_ref().is_some_and(|filter| in_filter(filter, asks)) || link.links.iter().any(|inner| in_link(inner, asks))
}

fn in_filter(filter: &Filter, asks: &dyn Fn(&Condition) -> bool) -> bool {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().any(|part| in_filter(part, asks)),
        Filter::Not(part) => in_filter(part, asks),
        Filter::Exists(link) => in_link(link, asks),
        Filter::Condition(condition) => asks(condition),
    }
}
