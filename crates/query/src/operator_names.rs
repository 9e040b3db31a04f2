//! The operators of conditions, by the names that FetchXML and QueryExpression have for them.

use crate::{CallerOperator, Comparison, DateOperator, Literal, Operator, Span};

/// How many values an operator takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorValues {
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

/// An operator with its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedOperator {
    /// Its name in FetchXML, if it has one.
    pub fetch: Option<&'static str>,
    /// Its name in QueryExpression with its number there; none for a second name in FetchXML.
    pub expression: Option<(&'static str, i64)>,
    /// What it means.
    pub operator: Operator,
    /// The opposite is meant.
    pub negated: bool,
    /// The values that it takes.
    pub values: OperatorValues,
}

type Name = Option<(&'static str, i64)>;

const fn is(fetch: &'static str, expression: Name, operator: Operator, values: OperatorValues) -> NamedOperator {
    NamedOperator { fetch: Some(fetch), expression, operator, negated: false, values }
}

const fn not(fetch: &'static str, expression: Name, operator: Operator, values: OperatorValues) -> NamedOperator {
    NamedOperator { negated: true, ..is(fetch, expression, operator, values) }
}

const fn date(fetch: &'static str, expression: Name, operator: DateOperator, values: OperatorValues) -> NamedOperator {
    is(fetch, expression, Operator::Date(operator), values)
}

const fn caller(fetch: &'static str, expression: Name, operator: CallerOperator) -> NamedOperator {
    is(fetch, expression, Operator::Caller(operator), OperatorValues::None)
}

/// An operator that FetchXML does not have.
const fn expression_only(name: &'static str, number: i64, operator: Operator, negated: bool) -> NamedOperator {
    NamedOperator { fetch: None, expression: Some((name, number)), operator, negated, values: OperatorValues::One }
}

const fn hierarchy(above: bool, inclusive: bool) -> Operator {
    Operator::Hierarchy { above, inclusive }
}

use OperatorValues::{Fixed, None as No, One, Several, Two};

/// Every operator (Microsoft's reference: condition operators).
pub const OPERATORS: &[NamedOperator] = &[
    is("eq", Some(("Equal", 0)), Operator::Compare(Comparison::Equal), One),
    is("ne", Some(("NotEqual", 1)), Operator::Compare(Comparison::NotEqual), One),
    is("neq", None, Operator::Compare(Comparison::NotEqual), One),
    is("gt", Some(("GreaterThan", 2)), Operator::Compare(Comparison::Greater), One),
    is("ge", Some(("GreaterEqual", 4)), Operator::Compare(Comparison::GreaterEqual), One),
    is("lt", Some(("LessThan", 3)), Operator::Compare(Comparison::Less), One),
    is("le", Some(("LessEqual", 5)), Operator::Compare(Comparison::LessEqual), One),
    is("null", Some(("Null", 12)), Operator::Null, No),
    is("not-null", Some(("NotNull", 13)), Operator::NotNull, No),
    is("like", Some(("Like", 6)), Operator::Like, One),
    not("not-like", Some(("NotLike", 7)), Operator::Like, One),
    is("begins-with", Some(("BeginsWith", 54)), Operator::BeginsWith, One),
    not("not-begin-with", Some(("DoesNotBeginWith", 55)), Operator::BeginsWith, One),
    is("ends-with", Some(("EndsWith", 56)), Operator::EndsWith, One),
    not("not-end-with", Some(("DoesNotEndWith", 57)), Operator::EndsWith, One),
    is("in", Some(("In", 8)), Operator::In, Several),
    not("not-in", Some(("NotIn", 9)), Operator::In, Several),
    is("between", Some(("Between", 10)), Operator::Between, Two),
    not("not-between", Some(("NotBetween", 11)), Operator::Between, Two),
    is("contain-values", Some(("ContainValues", 87)), Operator::ContainValues, Several),
    not("not-contain-values", Some(("DoesNotContainValues", 88)), Operator::ContainValues, Several),
    date("on", Some(("On", 25)), DateOperator::On, One),
    date("on-or-before", Some(("OnOrBefore", 26)), DateOperator::OnOrBefore, One),
    date("on-or-after", Some(("OnOrAfter", 27)), DateOperator::OnOrAfter, One),
    date("yesterday", Some(("Yesterday", 14)), DateOperator::Within(Span::Day, -1), No),
    date("today", Some(("Today", 15)), DateOperator::Within(Span::Day, 0), No),
    date("tomorrow", Some(("Tomorrow", 16)), DateOperator::Within(Span::Day, 1), No),
    date("last-seven-days", Some(("Last7Days", 17)), DateOperator::Last(Span::Day), Fixed("7")),
    date("next-seven-days", Some(("Next7Days", 18)), DateOperator::Next(Span::Day), Fixed("7")),
    date("last-week", Some(("LastWeek", 19)), DateOperator::Within(Span::Week, -1), No),
    date("this-week", Some(("ThisWeek", 20)), DateOperator::Within(Span::Week, 0), No),
    date("next-week", Some(("NextWeek", 21)), DateOperator::Within(Span::Week, 1), No),
    date("last-month", Some(("LastMonth", 22)), DateOperator::Within(Span::Month, -1), No),
    date("this-month", Some(("ThisMonth", 23)), DateOperator::Within(Span::Month, 0), No),
    date("next-month", Some(("NextMonth", 24)), DateOperator::Within(Span::Month, 1), No),
    date("last-year", Some(("LastYear", 28)), DateOperator::Within(Span::Year, -1), No),
    date("this-year", Some(("ThisYear", 29)), DateOperator::Within(Span::Year, 0), No),
    date("next-year", Some(("NextYear", 30)), DateOperator::Within(Span::Year, 1), No),
    date("last-x-hours", Some(("LastXHours", 31)), DateOperator::Last(Span::Hour), One),
    date("next-x-hours", Some(("NextXHours", 32)), DateOperator::Next(Span::Hour), One),
    date("last-x-days", Some(("LastXDays", 33)), DateOperator::Last(Span::Day), One),
    date("next-x-days", Some(("NextXDays", 34)), DateOperator::Next(Span::Day), One),
    date("last-x-weeks", Some(("LastXWeeks", 35)), DateOperator::Last(Span::Week), One),
    date("next-x-weeks", Some(("NextXWeeks", 36)), DateOperator::Next(Span::Week), One),
    date("last-x-months", Some(("LastXMonths", 37)), DateOperator::Last(Span::Month), One),
    date("next-x-months", Some(("NextXMonths", 38)), DateOperator::Next(Span::Month), One),
    date("last-x-years", Some(("LastXYears", 39)), DateOperator::Last(Span::Year), One),
    date("next-x-years", Some(("NextXYears", 40)), DateOperator::Next(Span::Year), One),
    date("olderthan-x-minutes", Some(("OlderThanXMinutes", 86)), DateOperator::OlderThan(Span::Minute), One),
    date("olderthan-x-hours", Some(("OlderThanXHours", 85)), DateOperator::OlderThan(Span::Hour), One),
    date("olderthan-x-days", Some(("OlderThanXDays", 84)), DateOperator::OlderThan(Span::Day), One),
    date("olderthan-x-weeks", Some(("OlderThanXWeeks", 83)), DateOperator::OlderThan(Span::Week), One),
    date("olderthan-x-months", Some(("OlderThanXMonths", 53)), DateOperator::OlderThan(Span::Month), One),
    date("olderthan-x-years", Some(("OlderThanXYears", 82)), DateOperator::OlderThan(Span::Year), One),
    date("last-fiscal-period", Some(("LastFiscalPeriod", 63)), DateOperator::Within(Span::FiscalPeriod, -1), No),
    date("this-fiscal-period", Some(("ThisFiscalPeriod", 59)), DateOperator::Within(Span::FiscalPeriod, 0), No),
    date("next-fiscal-period", Some(("NextFiscalPeriod", 61)), DateOperator::Within(Span::FiscalPeriod, 1), No),
    date("last-fiscal-year", Some(("LastFiscalYear", 62)), DateOperator::Within(Span::FiscalYear, -1), No),
    date("this-fiscal-year", Some(("ThisFiscalYear", 58)), DateOperator::Within(Span::FiscalYear, 0), No),
    date("next-fiscal-year", Some(("NextFiscalYear", 60)), DateOperator::Within(Span::FiscalYear, 1), No),
    date("last-x-fiscal-periods", Some(("LastXFiscalPeriods", 65)), DateOperator::Last(Span::FiscalPeriod), One),
    date("next-x-fiscal-periods", Some(("NextXFiscalPeriods", 67)), DateOperator::Next(Span::FiscalPeriod), One),
    date("last-x-fiscal-years", Some(("LastXFiscalYears", 64)), DateOperator::Last(Span::FiscalYear), One),
    date("next-x-fiscal-years", Some(("NextXFiscalYears", 66)), DateOperator::Next(Span::FiscalYear), One),
    date("in-fiscal-year", Some(("InFiscalYear", 68)), DateOperator::InFiscalYear, One),
    date("in-fiscal-period", Some(("InFiscalPeriod", 69)), DateOperator::InFiscalPeriod, One),
    date("in-fiscal-period-and-year", Some(("InFiscalPeriodAndYear", 70)), DateOperator::InFiscalPeriodAndYear, Two),
    date("in-or-before-fiscal-period-and-year", Some(("InOrBeforeFiscalPeriodAndYear", 71)), DateOperator::InOrBeforeFiscalPeriodAndYear, Two),
    date("in-or-after-fiscal-period-and-year", Some(("InOrAfterFiscalPeriodAndYear", 72)), DateOperator::InOrAfterFiscalPeriodAndYear, Two),
    caller("eq-userid", Some(("EqualUserId", 41)), CallerOperator::User),
    not("ne-userid", Some(("NotEqualUserId", 42)), Operator::Caller(CallerOperator::User), No),
    caller("eq-userteams", Some(("EqualUserTeams", 73)), CallerOperator::Teams),
    caller("eq-useroruserteams", Some(("EqualUserOrUserTeams", 74)), CallerOperator::UserOrTeams),
    caller("eq-useroruserhierarchy", Some(("EqualUserOrUserHierarchy", 80)), CallerOperator::Reports),
    caller("eq-useroruserhierarchyandteams", Some(("EqualUserOrUserHierarchyAndTeams", 81)), CallerOperator::ReportsOrTeams),
    caller("eq-businessid", Some(("EqualBusinessId", 43)), CallerOperator::BusinessUnit),
    not("ne-businessid", Some(("NotEqualBusinessId", 44)), Operator::Caller(CallerOperator::BusinessUnit), No),
    caller("eq-userlanguage", Some(("EqualUserLanguage", 51)), CallerOperator::Language),
    is("above", Some(("Above", 78)), hierarchy(true, false), One),
    is("eq-or-above", Some(("AboveOrEqual", 79)), hierarchy(true, true), One),
    is("under", Some(("Under", 75)), hierarchy(false, false), One),
    is("eq-or-under", Some(("UnderOrEqual", 77)), hierarchy(false, true), One),
    not("not-under", Some(("NotUnder", 76)), hierarchy(false, false), One),
    expression_only("Contains", 49, Operator::Contains, false),
    expression_only("DoesNotContain", 50, Operator::Contains, true),
    expression_only("NotOn", 52, Operator::Date(DateOperator::On), true),
];

/// Operators of QueryExpression that are not offered.
pub const OPERATORS_NOT_OFFERED: &[(&str, i64)] = &[("ChildOf", 45), ("Mask", 46), ("NotMask", 47), ("MasksSelect", 48), ("EqualRoleBusinessId", 89)];

impl NamedOperator {
    /// The operator with this name in FetchXML.
    pub(crate) fn in_fetch(name: &str) -> Option<&'static Self> {
        OPERATORS.iter().find(|operator| operator.fetch == Some(name))
    }

    /// The operator with this name in QueryExpression.
    pub(crate) fn in_expression(name: &str) -> Option<&'static Self> {
        OPERATORS.iter().find(|operator| operator.expression.is_some_and(|(own, _)| own == name))
    }

    /// The operators with this meaning, that which says its value itself before others.
    pub(crate) fn meaning(operator: Operator, negated: bool, values: &[Literal]) -> impl Iterator<Item = &'static Self> + use<'_> {
        let fits = move |named: &&Self| named.operator == operator && named.negated == negated;
        let fixed = OPERATORS.iter().filter(fits).filter(move |named| matches!(named.values, Fixed(number) if values == [Literal::Number(number.to_owned())]));
        fixed.chain(OPERATORS.iter().filter(fits).filter(|named| !matches!(named.values, Fixed(_))))
    }

    /// The values of a condition with this operator, from those that were written.
    ///
    /// # Errors
    /// What it takes instead, in words, when they are too few or too many.
    pub(crate) fn take(&self, written: Vec<Literal>) -> Result<Vec<Literal>, &'static str> {
        let (fits, wanted) = match self.values {
            // Editors of views write empty values where none is asked for.
            No => return Ok(Vec::new()),
            Fixed(number) => return Ok(vec![Literal::Number(number.to_owned())]),
            One => (written.len() == 1, "one value"),
            Two => (written.len() == 2, "two values"),
            Several => (!written.is_empty(), "at least one value"),
        };
        if fits { Ok(written) } else { Err(wanted) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for operator in OPERATORS {
            for (name, found) in
                [(operator.fetch, NamedOperator::in_fetch as fn(&str) -> _), (operator.expression.map(|(name, _)| name), NamedOperator::in_expression)]
            {
                assert!(name.is_none_or(|name| found(name) == Some(operator)), "{name:?}");
            }
        }
    }

    #[test] // web-api 24
    fn numbers_are_those_of_the_enumeration() {
        let mut numbers: Vec<_> = OPERATORS.iter().filter_map(|operator| operator.expression).chain(OPERATORS_NOT_OFFERED.iter().copied()).collect();
        numbers.sort_by_key(|(_, number)| *number);
        let expected: Vec<_> = (0..=89).collect();
        assert_eq!(numbers.iter().map(|(_, number)| *number).collect::<Vec<_>>(), expected);
    }

    #[test] // web-api 20
    fn the_last_seven_days_say_their_number_themselves() {
        let seven = |literal| NamedOperator::meaning(Operator::Date(DateOperator::Last(Span::Day)), false, &[literal]).next().and_then(|named| named.fetch);
        assert_eq!(seven(Literal::Number("7".to_owned())), Some("last-seven-days"));
        assert_eq!(seven(Literal::Text("7".to_owned())), Some("last-x-days"));
    }
}
