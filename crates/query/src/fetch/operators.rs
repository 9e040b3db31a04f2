//! The operators of conditions, by name.

use crate::{CallerOperator, Comparison, DateOperator, Operator, Span};

/// How many values an operator takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchValues {
    /// None.
    None,
    /// One.
    One,
    /// Two.
    Two,
    /// One or more.
    Several,
    /// None; this number is meant.
    Fixed(&'static str),
}

/// An operator of FetchXML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchOperator {
    /// Its name in conditions.
    pub name: &'static str,
    /// What it means.
    pub operator: Operator,
    /// The opposite is meant.
    pub negated: bool,
    /// The values that it takes.
    pub values: FetchValues,
}

const fn is(name: &'static str, operator: Operator, values: FetchValues) -> FetchOperator {
    FetchOperator { name, operator, negated: false, values }
}

const fn not(name: &'static str, operator: Operator, values: FetchValues) -> FetchOperator {
    FetchOperator { name, operator, negated: true, values }
}

const fn date(name: &'static str, operator: DateOperator, values: FetchValues) -> FetchOperator {
    is(name, Operator::Date(operator), values)
}

const fn caller(name: &'static str, operator: CallerOperator) -> FetchOperator {
    is(name, Operator::Caller(operator), FetchValues::None)
}

const fn hierarchy(above: bool, inclusive: bool) -> Operator {
    Operator::Hierarchy { above, inclusive }
}

use FetchValues::{Fixed, None as No, One, Several, Two};

/// Every operator (Microsoft's reference: condition operators).
pub const FETCH_OPERATORS: &[FetchOperator] = &[
    is("eq", Operator::Compare(Comparison::Equal), One),
    is("ne", Operator::Compare(Comparison::NotEqual), One),
    is("neq", Operator::Compare(Comparison::NotEqual), One),
    is("gt", Operator::Compare(Comparison::Greater), One),
    is("ge", Operator::Compare(Comparison::GreaterEqual), One),
    is("lt", Operator::Compare(Comparison::Less), One),
    is("le", Operator::Compare(Comparison::LessEqual), One),
    is("null", Operator::Null, No),
    is("not-null", Operator::NotNull, No),
    is("like", Operator::Like, One),
    not("not-like", Operator::Like, One),
    is("begins-with", Operator::BeginsWith, One),
    not("not-begin-with", Operator::BeginsWith, One),
    is("ends-with", Operator::EndsWith, One),
    not("not-end-with", Operator::EndsWith, One),
    is("in", Operator::In, Several),
    not("not-in", Operator::In, Several),
    is("between", Operator::Between, Two),
    not("not-between", Operator::Between, Two),
    is("contain-values", Operator::ContainValues, Several),
    not("not-contain-values", Operator::ContainValues, Several),
    date("on", DateOperator::On, One),
    date("on-or-before", DateOperator::OnOrBefore, One),
    date("on-or-after", DateOperator::OnOrAfter, One),
    date("yesterday", DateOperator::Within(Span::Day, -1), No),
    date("today", DateOperator::Within(Span::Day, 0), No),
    date("tomorrow", DateOperator::Within(Span::Day, 1), No),
    date("last-seven-days", DateOperator::Last(Span::Day), Fixed("7")),
    date("next-seven-days", DateOperator::Next(Span::Day), Fixed("7")),
    date("last-week", DateOperator::Within(Span::Week, -1), No),
    date("this-week", DateOperator::Within(Span::Week, 0), No),
    date("next-week", DateOperator::Within(Span::Week, 1), No),
    date("last-month", DateOperator::Within(Span::Month, -1), No),
    date("this-month", DateOperator::Within(Span::Month, 0), No),
    date("next-month", DateOperator::Within(Span::Month, 1), No),
    date("last-year", DateOperator::Within(Span::Year, -1), No),
    date("this-year", DateOperator::Within(Span::Year, 0), No),
    date("next-year", DateOperator::Within(Span::Year, 1), No),
    date("last-x-hours", DateOperator::Last(Span::Hour), One),
    date("next-x-hours", DateOperator::Next(Span::Hour), One),
    date("last-x-days", DateOperator::Last(Span::Day), One),
    date("next-x-days", DateOperator::Next(Span::Day), One),
    date("last-x-weeks", DateOperator::Last(Span::Week), One),
    date("next-x-weeks", DateOperator::Next(Span::Week), One),
    date("last-x-months", DateOperator::Last(Span::Month), One),
    date("next-x-months", DateOperator::Next(Span::Month), One),
    date("last-x-years", DateOperator::Last(Span::Year), One),
    date("next-x-years", DateOperator::Next(Span::Year), One),
    date("olderthan-x-minutes", DateOperator::OlderThan(Span::Minute), One),
    date("olderthan-x-hours", DateOperator::OlderThan(Span::Hour), One),
    date("olderthan-x-days", DateOperator::OlderThan(Span::Day), One),
    date("olderthan-x-weeks", DateOperator::OlderThan(Span::Week), One),
    date("olderthan-x-months", DateOperator::OlderThan(Span::Month), One),
    date("olderthan-x-years", DateOperator::OlderThan(Span::Year), One),
    date("last-fiscal-period", DateOperator::Within(Span::FiscalPeriod, -1), No),
    date("this-fiscal-period", DateOperator::Within(Span::FiscalPeriod, 0), No),
    date("next-fiscal-period", DateOperator::Within(Span::FiscalPeriod, 1), No),
    date("last-fiscal-year", DateOperator::Within(Span::FiscalYear, -1), No),
    date("this-fiscal-year", DateOperator::Within(Span::FiscalYear, 0), No),
    date("next-fiscal-year", DateOperator::Within(Span::FiscalYear, 1), No),
    date("last-x-fiscal-periods", DateOperator::Last(Span::FiscalPeriod), One),
    date("next-x-fiscal-periods", DateOperator::Next(Span::FiscalPeriod), One),
    date("last-x-fiscal-years", DateOperator::Last(Span::FiscalYear), One),
    date("next-x-fiscal-years", DateOperator::Next(Span::FiscalYear), One),
    date("in-fiscal-year", DateOperator::InFiscalYear, One),
    date("in-fiscal-period", DateOperator::InFiscalPeriod, One),
    date("in-fiscal-period-and-year", DateOperator::InFiscalPeriodAndYear, Two),
    date("in-or-before-fiscal-period-and-year", DateOperator::InOrBeforeFiscalPeriodAndYear, Two),
    date("in-or-after-fiscal-period-and-year", DateOperator::InOrAfterFiscalPeriodAndYear, Two),
    caller("eq-userid", CallerOperator::User),
    not("ne-userid", Operator::Caller(CallerOperator::User), No),
    caller("eq-userteams", CallerOperator::Teams),
    caller("eq-useroruserteams", CallerOperator::UserOrTeams),
    caller("eq-useroruserhierarchy", CallerOperator::Reports),
    caller("eq-useroruserhierarchyandteams", CallerOperator::ReportsOrTeams),
    caller("eq-businessid", CallerOperator::BusinessUnit),
    not("ne-businessid", Operator::Caller(CallerOperator::BusinessUnit), No),
    caller("eq-userlanguage", CallerOperator::Language),
    is("above", hierarchy(true, false), One),
    is("eq-or-above", hierarchy(true, true), One),
    is("under", hierarchy(false, false), One),
    is("eq-or-under", hierarchy(false, true), One),
    not("not-under", hierarchy(false, false), One),
];

/// The operator with this name.
pub(super) fn find(name: &str) -> Option<&'static FetchOperator> {
    FETCH_OPERATORS.iter().find(|operator| operator.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for operator in FETCH_OPERATORS {
            assert_eq!(find(operator.name), Some(operator), "{}", operator.name);
        }
    }
}
