//! Query functions by name (web-api 16).

use driftless_query::{CallerOperator, DateOperator, Operator, Span};

/// What a query function means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueryFunction {
    pub(crate) operator: Operator,
    /// It holds where the operator does not.
    pub(crate) negated: bool,
    /// A number that stands in its name.
    pub(crate) fixed: Option<u8>,
}

impl QueryFunction {
    /// True if values are numbers, days or identifiers whatever the column holds.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self.operator, Operator::Date(_) | Operator::Caller(_) | Operator::Hierarchy { .. } | Operator::ContainValues)
    }
}

/// Spans by their names in functions such as `LastXDays`.
const SPANS: [(&str, Span); 8] = [
    ("Minutes", Span::Minute),
    ("Hours", Span::Hour),
    ("Days", Span::Day),
    ("Weeks", Span::Week),
    ("Months", Span::Month),
    ("Years", Span::Year),
    ("FiscalPeriods", Span::FiscalPeriod),
    ("FiscalYears", Span::FiscalYear),
];

/// The function of this name, without its namespace.
pub(crate) fn find(name: &str) -> Option<QueryFunction> {
    let (operator, negated) = named(name).or_else(|| relative(name)).or_else(|| counted(name))?;
    let fixed = matches!(name, "Last7Days" | "Next7Days").then_some(7);
    Some(QueryFunction { operator, negated, fixed })
}

fn named(name: &str) -> Option<(Operator, bool)> {
    let date = |operator| Some((Operator::Date(operator), false));
    let hierarchy = |above, inclusive| Some((Operator::Hierarchy { above, inclusive }, false));
    let caller = |operator| Some((Operator::Caller(operator), false));
    let negated = |operator| Some((operator, true));
    match name {
        "In" => Some((Operator::In, false)),
        "NotIn" => negated(Operator::In),
        "Between" => Some((Operator::Between, false)),
        "NotBetween" => negated(Operator::Between),
        "ContainValues" => Some((Operator::ContainValues, false)),
        "DoesNotContainValues" => negated(Operator::ContainValues),
        "On" => date(DateOperator::On),
        "NotOn" => negated(Operator::Date(DateOperator::On)),
        "OnOrAfter" => date(DateOperator::OnOrAfter),
        "OnOrBefore" => date(DateOperator::OnOrBefore),
        "Yesterday" => date(DateOperator::Within(Span::Day, -1)),
        "Today" => date(DateOperator::Within(Span::Day, 0)),
        "Tomorrow" => date(DateOperator::Within(Span::Day, 1)),
        "Last7Days" => date(DateOperator::Last(Span::Day)),
        "Next7Days" => date(DateOperator::Next(Span::Day)),
        "InFiscalYear" => date(DateOperator::InFiscalYear),
        "InFiscalPeriod" => date(DateOperator::InFiscalPeriod),
        "InFiscalPeriodAndYear" => date(DateOperator::InFiscalPeriodAndYear),
        "InOrAfterFiscalPeriodAndYear" => date(DateOperator::InOrAfterFiscalPeriodAndYear),
        "InOrBeforeFiscalPeriodAndYear" => date(DateOperator::InOrBeforeFiscalPeriodAndYear),
        "EqualUserId" => caller(CallerOperator::User),
        "NotUserId" | "NotEqualUserId" => negated(Operator::Caller(CallerOperator::User)),
        "EqualBusinessId" => caller(CallerOperator::BusinessUnit),
        "NotBusinessId" | "NotEqualBusinessId" => negated(Operator::Caller(CallerOperator::BusinessUnit)),
        "EqualUserLanguage" => caller(CallerOperator::Language),
        "EqualUserTeams" => caller(CallerOperator::Teams),
        "EqualUserOrUserTeams" => caller(CallerOperator::UserOrTeams),
        "EqualUserOrUserHierarchy" => caller(CallerOperator::Reports),
        "EqualUserOrUserHierarchyAndTeams" => caller(CallerOperator::ReportsOrTeams),
        "Above" => hierarchy(true, false),
        "AboveOrEqual" => hierarchy(true, true),
        "Under" => hierarchy(false, false),
        "UnderOrEqual" => hierarchy(false, true),
        "NotUnder" => negated(Operator::Hierarchy { above: false, inclusive: false }),
        _ => None,
    }
}

/// `LastWeek`, `ThisMonth`, `NextFiscalYear`.
fn relative(name: &str) -> Option<(Operator, bool)> {
    let (rest, relative) = [("Last", -1), ("This", 0), ("Next", 1)].iter().find_map(|(word, at)| Some((name.strip_prefix(word)?, *at)))?;
    let spans = [("Week", Span::Week), ("Month", Span::Month), ("Year", Span::Year), ("FiscalPeriod", Span::FiscalPeriod), ("FiscalYear", Span::FiscalYear)];
    let (_, span) = spans.iter().find(|(span, _)| *span == rest)?;
    Some((Operator::Date(DateOperator::Within(*span, relative)), false))
}

/// `LastXDays`, `NextXWeeks`, `OlderThanXMonths`.
fn counted(name: &str) -> Option<(Operator, bool)> {
    let (word, rest) = ["LastX", "NextX", "OlderThanX"].iter().find_map(|word| Some((*word, name.strip_prefix(word)?)))?;
    let (_, span) = SPANS.iter().find(|(span, _)| *span == rest)?;
    let is_fiscal = matches!(span, Span::FiscalPeriod | Span::FiscalYear);
    let operator = match word {
        "OlderThanX" if !is_fiscal => DateOperator::OlderThan(*span),
        "LastX" if *span != Span::Minute => DateOperator::Last(*span),
        "NextX" if *span != Span::Minute => DateOperator::Next(*span),
        _ => return None,
    };
    Some((Operator::Date(operator), false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // web-api 16
    fn every_documented_function_is_known() {
        let all = "Today Yesterday Tomorrow ThisWeek ThisMonth ThisYear LastWeek LastMonth LastYear NextWeek NextMonth NextYear Last7Days Next7Days ThisFiscalPeriod \
            ThisFiscalYear LastFiscalPeriod LastFiscalYear NextFiscalPeriod NextFiscalYear EqualUserId NotEqualUserId EqualBusinessId NotEqualBusinessId EqualUserLanguage \
            EqualUserTeams EqualUserOrUserTeams EqualUserOrUserHierarchy EqualUserOrUserHierarchyAndTeams LastXHours LastXDays LastXWeeks LastXMonths LastXYears NextXHours \
            NextXDays NextXWeeks NextXMonths NextXYears LastXFiscalPeriods LastXFiscalYears NextXFiscalPeriods NextXFiscalYears OlderThanXMinutes OlderThanXHours \
            OlderThanXDays OlderThanXWeeks OlderThanXMonths OlderThanXYears On OnOrAfter OnOrBefore InFiscalPeriod InFiscalYear Above AboveOrEqual Under UnderOrEqual \
            NotUnder InFiscalPeriodAndYear InOrAfterFiscalPeriodAndYear InOrBeforeFiscalPeriodAndYear In NotIn Between NotBetween ContainValues DoesNotContainValues";
        for name in all.split_whitespace() {
            assert!(find(name).is_some(), "{name}");
        }
        for name in ["", "Last", "LastXMinutes", "OlderThanXFiscalYears", "LastDay", "lastweek", "NextX"] {
            assert_eq!(find(name), None, "{name}");
        }
    }
}
