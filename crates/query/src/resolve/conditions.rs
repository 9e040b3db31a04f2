//! Conditions: operators and values against the types of columns.

use std::sync::Arc;

use driftless_model::{Column, ColumnIx, Error, ErrorCode, Result, Shape, Uuid, Value};

use super::Resolver;
use crate::calendar::{self, End, Range};
use crate::literal::moment;
use crate::{
    Calendar, CallerOperator, ColumnPath, Comparison, Condition, DateOperator, Literal, Operator, ResolvedCondition, ResolvedFilter, Source, Test, coerce,
};

/// Longest text pattern in bytes (SEC-09).
const PATTERN_BYTES_MAX: usize = 4 << 10;
/// Most wildcards in a text pattern (SEC-09).
const WILDCARDS_MAX: usize = 8;
/// Most values of one list (SEC-07).
const LIST_MAX: usize = 2_000;

const DAY_S: i64 = 86_400;

/// Wildcards in a pattern.
fn wildcards(pattern: &str) -> usize {
    pattern.chars().filter(|c| matches!(c, '%' | '_' | '[')).count()
}

fn refused(message: String) -> Error {
    Error::new(ErrorCode::ODataError, message)
}

impl Resolver<'_> {
    pub(super) fn condition(&mut self, condition: &Condition, own: Source) -> Result<ResolvedFilter> {
        let (source, ix) = self.place(&condition.column, own)?;
        let table = Arc::clone(self.source(source));
        let column = table.column(ix);
        let on = |test| ResolvedCondition::on(source, ix, test);
        if condition.values.len() > LIST_MAX {
            return Err(refused(format!("A list of a condition may have at most {LIST_MAX} values.")));
        }
        if condition.values.is_empty() && matches!(condition.operator, Operator::In | Operator::ContainValues) {
            return Err(refused(format!("The condition on '{}' needs a list of values.", column.name)));
        }
        if let Some(other) = &condition.other {
            return Ok(on(self.compare_column(column, condition.operator, other, own)?));
        }
        let calendar = self.circumstances.calendar;
        Ok(match condition.operator {
            Operator::Date(operator) => date_filter(column, operator, condition, self.circumstances.now_s, &calendar, &on)?,
            Operator::Caller(operator) => on(self.caller_test(column, operator)?),
            Operator::Hierarchy { above, inclusive } => {
                let id = one(condition)?;
                let Value::Guid(id) = coerce_id(column, id)? else { return Ok(on(Test::In(Vec::new()))) };
                on(self.hierarchy_test(source, ix, id, above, inclusive)?)
            }
            Operator::Between => {
                let [low, high] = condition.values.as_slice() else {
                    return Err(refused(format!("The condition on '{}' takes exactly two values.", column.name)));
                };
                let bound = |comparison, literal| match coerce(column, literal, &calendar)? {
                    Value::Null => Ok(on(Test::In(Vec::new()))),
                    value => Ok::<_, Error>(on(Test::Compare(comparison, value))),
                };
                ResolvedFilter::And(vec![bound(Comparison::GreaterEqual, low)?, bound(Comparison::LessEqual, high)?])
            }
            _ => on(value_test(column, condition, &calendar)?),
        })
    }

    fn compare_column(&mut self, column: &Column, operator: Operator, other: &ColumnPath, own: Source) -> Result<Test> {
        let (source, ix) = self.place(other, own)?;
        let Operator::Compare(comparison) = operator else {
            return Err(refused("Two columns can be compared by eq, ne, gt, ge, lt and le only.".to_owned()));
        };
        let shape = self.source(source).column(ix).shape();
        let identifiers = |shape| matches!(shape, Shape::Guid | Shape::Lookup | Shape::PolyLookup);
        if column.shape() != shape && !(identifiers(column.shape()) && identifiers(shape)) {
            return Err(refused(format!("The columns '{}' and '{}' cannot be compared: their types differ.", column.name, other.column)));
        }
        Ok(Test::CompareColumn(comparison, source, ix))
    }

    fn caller_test(&self, column: &Column, operator: CallerOperator) -> Result<Test> {
        let caller = self.circumstances;
        if operator == CallerOperator::Language {
            return match column.shape() {
                Shape::Int => Ok(Test::Compare(Comparison::Equal, Value::Int(caller.language))),
                _ => Err(refused(format!("The column '{}' holds no language.", column.name))),
            };
        }
        let mut ids: Vec<Uuid> = match operator {
            CallerOperator::BusinessUnit => vec![caller.business_unit],
            CallerOperator::User | CallerOperator::UserOrTeams => vec![caller.user],
            CallerOperator::Reports | CallerOperator::ReportsOrTeams => std::iter::once(caller.user).chain(caller.reports.iter().copied()).collect(),
            CallerOperator::Teams | CallerOperator::Language => Vec::new(),
        };
        if matches!(operator, CallerOperator::Teams | CallerOperator::UserOrTeams | CallerOperator::ReportsOrTeams) {
            ids.extend(&caller.teams);
        }
        let values = ids.into_iter().map(|id| coerce_id(column, &Literal::Guid(id))).collect::<Result<Vec<_>>>()?;
        Ok(Test::In(values.into_iter().filter_map(|value| value.id()).map(|id| id_value(column, id)).collect()))
    }

    fn hierarchy_test(&mut self, source: Source, ix: ColumnIx, id: Uuid, above: bool, inclusive: bool) -> Result<Test> {
        let table = Arc::clone(self.source(source));
        let none = || {
            refused(format!("The column '{}' belongs to no hierarchy: hierarchies are made by a relationship that is marked as one.", table.column(ix).name))
        };
        let of = match table.column(ix).lookup() {
            None if ix == table.id => table.clone(),
            None => return Err(none()),
            Some(lookup) => lookup.targets.first().and_then(|name| self.tables.table(name)).ok_or_else(none)?,
        };
        let parent = self.tables.hierarchy(&of).ok_or_else(none)?;
        Ok(Test::Hierarchy { of: self.add_source(of)?, parent, id, above, inclusive })
    }
}

fn one(condition: &Condition) -> Result<&Literal> {
    match condition.values.as_slice() {
        [value] => Ok(value),
        _ => Err(refused(format!("The condition on '{}' takes exactly one value.", condition.column.column))),
    }
}

/// The identifier that a literal is, for a column of identifiers; null for none.
fn coerce_id(column: &Column, literal: &Literal) -> Result<Value> {
    if !matches!(column.shape(), Shape::Guid | Shape::Lookup | Shape::PolyLookup) {
        return Err(refused(format!("The column '{}' holds no identifiers.", column.name)));
    }
    Ok(coerce(column, literal, &Calendar::default())?.id().map_or(Value::Null, Value::Guid))
}

fn id_value(column: &Column, id: Uuid) -> Value {
    coerce(column, &Literal::Guid(id), &Calendar::default()).unwrap_or(Value::Null)
}

fn value_test(column: &Column, condition: &Condition, calendar: &Calendar) -> Result<Test> {
    let pattern = |before: &str, after: &str| match (one(condition)?, column.shape()) {
        (Literal::Text(text) | Literal::Number(text), Shape::Text) if text.len() > PATTERN_BYTES_MAX || wildcards(text) > WILDCARDS_MAX => {
            Err(refused(format!("A text pattern may have at most {PATTERN_BYTES_MAX} bytes and {WILDCARDS_MAX} wildcards.")))
        }
        (Literal::Text(text) | Literal::Number(text), Shape::Text) => Ok(Test::Matches(format!("{before}{text}{after}"))),
        (Literal::Null, Shape::Text) => Ok(Test::In(Vec::new())),
        _ => Err(refused(format!("Text functions work on text columns; '{}' is none.", column.name))),
    };
    match condition.operator {
        Operator::Null => Ok(Test::Null),
        Operator::NotNull => Ok(Test::NotNull),
        Operator::Contains => pattern("%", "%"),
        Operator::BeginsWith => pattern("", "%"),
        Operator::EndsWith => pattern("%", ""),
        Operator::Like => pattern("", ""),
        Operator::In => {
            let values = condition.values.iter().map(|value| coerce(column, value, calendar)).collect::<Result<Vec<_>>>()?;
            Ok(Test::In(values.into_iter().filter(|value| !value.is_null()).collect()))
        }
        Operator::ContainValues => {
            if column.shape() != Shape::Choices {
                return Err(refused(format!("The column '{}' does not hold several choices.", column.name)));
            }
            let option = |literal: &Literal| match literal {
                Literal::Number(text) | Literal::Text(text) => text.trim().parse().ok(),
                _ => None,
            };
            let options =
                condition.values.iter().map(|value| option(value).ok_or_else(|| refused(format!("The options of '{}' are whole numbers.", column.name))));
            Ok(Test::AnyChosen(options.collect::<Result<_>>()?))
        }
        Operator::Compare(comparison) => Ok(match (comparison, coerce(column, one(condition)?, calendar)?) {
            (Comparison::Equal, Value::Null) => Test::Null,
            (Comparison::NotEqual, Value::Null) => Test::NotNull,
            (_, Value::Null) => Test::In(Vec::new()),
            (comparison, value) => Test::Compare(comparison, value),
        }),
        Operator::Between | Operator::Date(_) | Operator::Caller(_) | Operator::Hierarchy { .. } => {
            Err(Error::damaged("an operator was resolved in the wrong place"))
        }
    }
}

/// A date operator as comparisons with the ends of its range.
fn date_filter(
    column: &Column,
    operator: DateOperator,
    condition: &Condition,
    now_s: i64,
    calendar: &Calendar,
    on: &dyn Fn(Test) -> ResolvedFilter,
) -> Result<ResolvedFilter> {
    let is_day = matches!(operator, DateOperator::On | DateOperator::OnOrBefore | DateOperator::OnOrAfter);
    if !matches!(column.shape(), Shape::DateTime | Shape::Date) {
        return Err(refused(format!("The column '{}' holds no dates.", column.name)));
    }
    let numbers = condition.values.iter().map(|value| number(value, is_day, column, calendar)).collect::<Result<Vec<_>>>()?;
    if operator == DateOperator::InFiscalPeriod {
        return Ok(on(Test::Part(crate::DatePart::FiscalPeriod, *calendar, calendar::fiscal_period(numbers.first(), calendar)?)));
    }
    let Range { from, until } = calendar::range(operator, &numbers, calendar.zone.local_s(now_s), calendar)?;
    // The ends in the column's own terms. A range that ends within a day reaches into the whole of it where days are stored.
    let (from, until) = match column.shape() {
        Shape::Date => {
            let days = |seconds: i64| i32::try_from(seconds).unwrap_or(if seconds < 0 { i32::MIN } else { i32::MAX });
            let first = from.map(|from| Value::Date(days(from.local_s.div_euclid(DAY_S))));
            (first, until.map(|until| Value::Date(days((until.local_s + DAY_S - 1).div_euclid(DAY_S)))))
        }
        _ => {
            let stored = |end: End| Value::DateTime(if column.is_wall_time() { end.local_s } else { end.instant_s(now_s, calendar.zone) });
            (from.map(stored), until.map(stored))
        }
    };
    let mut parts: Vec<_> = from.map(|from| on(Test::Compare(Comparison::GreaterEqual, from))).into_iter().collect();
    parts.extend(until.map(|until| on(Test::Compare(Comparison::Less, until))));
    Ok(ResolvedFilter::And(parts))
}

/// A number of a date condition: a count, or for days the local second that a date begins with.
fn number(literal: &Literal, is_day: bool, column: &Column, calendar: &Calendar) -> Result<i64> {
    let found = match literal {
        Literal::DateTime(seconds) if is_day => Some(if column.is_wall_time() { *seconds } else { calendar.zone.local_s(*seconds) }),
        Literal::Date(days) if is_day => Some(i64::from(*days) * DAY_S),
        Literal::Text(text) if is_day => moment(text).map(|moment| moment.local_s(calendar)),
        Literal::Number(text) | Literal::Text(text) => text.trim().parse().ok(),
        _ => None,
    };
    let wanted = if is_day { "a date" } else { "a whole number" };
    found.ok_or_else(|| refused(format!("The condition on '{}' needs {wanted}.", column.name)))
}
