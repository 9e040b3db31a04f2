//! What is made of the values of a group.

use driftless_model::{Decimal, Error, ErrorCode, Result, Value};

use crate::Aggregate;

/// Digits after the point that an average of decimals keeps, as many as a decimal column can have.
pub const AVERAGE_SCALE: u32 = 10;

/// One value for `values`; nulls are left out. Of none, counts are 0 and everything else is null.
pub(super) fn aggregate(aggregate: Aggregate, values: Vec<Value>) -> Result<Value> {
    let mut values: Vec<_> = values.into_iter().filter(|value| !value.is_null()).collect();
    if aggregate == Aggregate::Count {
        return Ok(Value::BigInt(values.len() as i64));
    }
    if !matches!(aggregate, Aggregate::Sum | Aggregate::Average) {
        values.sort_by(Value::compare);
    }
    Ok(match aggregate {
        Aggregate::CountDistinct => {
            values.dedup_by(|a, b| a.compare(b).is_eq());
            Value::BigInt(values.len() as i64)
        }
        Aggregate::Min => values.into_iter().next().unwrap_or(Value::Null),
        Aggregate::Max => values.into_iter().next_back().unwrap_or(Value::Null),
        Aggregate::Sum | Aggregate::Average | Aggregate::Count => {
            let count = values.len();
            let sum = values.into_iter().try_fold(Value::Null, |sum, value| add(sum, value).ok_or_else(sum_too_great))?;
            if aggregate == Aggregate::Average { divided(sum, count) } else { sum }
        }
    })
}

/// What is said of a sum that its type cannot hold.
pub fn sum_too_great() -> Error {
    Error::new(ErrorCode::InvalidArgument, "The sum is greater than a number of its type can be. Ask for fewer rows.")
}

fn add(sum: Value, value: Value) -> Option<Value> {
    let whole = |value: &Value| match value {
        Value::Null => Some(0),
        Value::Int(n) => Some(i64::from(*n)),
        Value::BigInt(n) | Value::Money(n) => Some(*n),
        _ => None,
    };
    Some(match (&sum, &value) {
        (_, Value::Float(n)) => Value::Float(n + if let Value::Float(sum) = sum { sum } else { 0.0 }),
        (_, Value::Decimal(n)) => Value::Decimal(n.checked_add(if let Value::Decimal(sum) = sum { sum } else { Decimal::ZERO })?),
        (_, Value::Money(_)) => Value::Money(whole(&sum)?.checked_add(whole(&value)?)?),
        _ => Value::BigInt(whole(&sum)?.checked_add(whole(&value)?)?),
    })
}

fn divided(sum: Value, count: usize) -> Value {
    let Ok(count) = i64::try_from(count) else { return Value::Null };
    match sum {
        _ if count == 0 => Value::Null,
        Value::BigInt(sum) => Value::BigInt(sum / count),
        Value::Money(sum) => Value::Money(sum / count),
        Value::Float(sum) => Value::Float(sum / count as f64),
        Value::Decimal(sum) => Value::Decimal((sum / Decimal::from(count)).trunc_with_scale(AVERAGE_SCALE).normalize()),
        other => other,
    }
}
