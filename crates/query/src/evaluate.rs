//! The reference evaluator: what a filter and an order mean. Stores are tested against it.

use std::cmp::Ordering;

use driftless_model::{ColumnIx, Value, matches_pattern};

use crate::{Comparison, ResolvedFilter, ResolvedOrder, Source, Test};

/// True if `filter` holds of the row whose values `value` gives.
pub fn evaluate(filter: &ResolvedFilter, value: &dyn Fn(Source, ColumnIx) -> Value) -> bool {
    match filter {
        ResolvedFilter::And(all) => all.iter().all(|part| evaluate(part, value)),
        ResolvedFilter::Or(any) => any.iter().any(|part| evaluate(part, value)),
        ResolvedFilter::Not(part) => !evaluate(part, value),
        ResolvedFilter::Condition(condition) => {
            let own = value(condition.source, condition.column);
            match &condition.test {
                Test::Compare(comparison, with) => compare(*comparison, &own, with),
                Test::CompareColumn(comparison, other) => compare(*comparison, &own, &value(condition.source, *other)),
                Test::Null => own.is_null(),
                Test::NotNull => !own.is_null(),
                Test::Matches(pattern) => match &own {
                    Value::Text(text) => matches_pattern(text, pattern),
                    Value::Choices(chosen) => matches_pattern(&Value::choices_text(chosen), pattern),
                    _ => false,
                },
                Test::In(list) => list.iter().any(|with| compare(Comparison::Equal, &own, with)),
            }
        }
    }
}

fn compare(comparison: Comparison, own: &Value, with: &Value) -> bool {
    match (own.is_null(), with.is_null(), comparison) {
        (false, false, _) => match (own, with) {
            (Value::Choices(chosen), Value::Text(text)) => comparison.holds(driftless_model::compare(&Value::choices_text(chosen), text)),
            _ => comparison.holds(own.compare(with)),
        },
        (true, true, Comparison::NotEqual) => false,
        (_, _, Comparison::NotEqual) => true,
        _ => false,
    }
}

/// The order of two rows, given by the values of the order's keys.
pub fn compare_rows(orders: &[ResolvedOrder], a: &[Value], b: &[Value]) -> Ordering {
    orders
        .iter()
        .zip(a.iter().zip(b))
        .map(|(order, (x, y))| if order.descending { y.compare(x) } else { x.compare(y) })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// True if a row with these values of the order's keys comes after the cut.
pub fn is_after(orders: &[ResolvedOrder], row: &[Value], cut: &[Value]) -> bool {
    compare_rows(orders, row, cut).is_gt()
}
