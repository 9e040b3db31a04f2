//! What a query's meaning depends on besides its text: the moment and the caller.

use driftless_model::Uuid;

use crate::{Calendar, CallerOperator, Filter, Operator, Query};

/// The moment of a request and what is known of its caller.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Circumstances {
    /// Seconds since 1970-01-01 UTC.
    pub now_s: i64,
    /// The caller's clock and the organization's fiscal year.
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
    query.filter.as_ref().is_some_and(in_filter)
        || query.links.iter().any(in_link)
        || query.expands.iter().any(|expand| expand.filter.as_ref().is_some_and(in_filter) || nested(expand))
}

fn nested(expand: &crate::Expand) -> bool {
    expand.expands.iter().any(|inner| inner.filter.as_ref().is_some_and(in_filter) || nested(inner))
}

fn in_link(link: &crate::Link) -> bool {
    link.filter.as_ref().is_some_and(in_filter) || link.links.iter().any(in_link)
}

fn in_filter(filter: &Filter) -> bool {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().any(in_filter),
        Filter::Not(part) => in_filter(part),
        Filter::Exists(link) => in_link(link),
        Filter::Condition(condition) => {
            matches!(condition.operator, Operator::Caller(operator) if !matches!(operator, CallerOperator::User | CallerOperator::Language))
        }
    }
}
