//! Values as they are written in queries, and their conversion to a column's type.

use std::str::FromStr;

use driftless_model::{Column, Decimal, Error, ErrorCode, Reference, Result, Shape, TableCode, Uuid, Value, money_from_decimal};

use crate::Calendar;

/// A value as written.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// Null.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, exactly as written.
    Number(String),
    /// Text. Texts that read as another type are taken as that type: clients quote numbers and identifiers.
    Text(String),
    /// A unique identifier.
    Guid(Uuid),
    /// An instant, in seconds since 1970-01-01 UTC.
    DateTime(i64),
    /// A date, in days since 1970-01-01.
    Date(i32),
}

impl Literal {
    /// The value as text that is read as the same value.
    pub fn to_text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(value) => i32::from(*value).to_string(),
            Self::Number(text) | Self::Text(text) => text.clone(),
            Self::Guid(id) => id.to_string(),
            Self::DateTime(seconds) => jiff::Timestamp::from_second(*seconds).map(|moment| moment.to_string()).unwrap_or_default(),
            Self::Date(days) => {
                let span = jiff::Span::new().try_days(*days);
                span.and_then(|span| jiff::civil::date(1970, 1, 1).checked_add(span)).map(|date| date.to_string()).unwrap_or_default()
            }
        }
    }
}

/// The value of `literal` for `column`.
///
/// A reference gets the table number 0: queries compare ids only. A time without an offset is one of the caller's clock.
///
/// # Errors
/// 0x80060888 when the literal cannot be read as the column's type.
pub fn coerce(column: &Column, literal: &Literal, calendar: &Calendar) -> Result<Value> {
    let fail = || {
        Error::new(
            ErrorCode::ODataError,
            format!("The value {} cannot be compared with the column '{}': write a value of the column's type.", shown(literal), column.name),
        )
    };
    if matches!(literal, Literal::Null) || matches!(literal, Literal::Text(text) if text.is_empty()) {
        return Ok(Value::Null);
    }
    let number = || match literal {
        Literal::Number(text) | Literal::Text(text) => Decimal::from_str(text.trim()).or_else(|_| Decimal::from_scientific(text.trim())).ok(),
        _ => None,
    };
    let id = || match literal {
        Literal::Guid(id) => Some(*id),
        Literal::Text(text) => Uuid::try_parse(text.trim()).ok(),
        _ => None,
    };
    let value = match column.shape() {
        Shape::Bool => match literal {
            Literal::Bool(b) => Some(Value::Bool(*b)),
            Literal::Number(text) | Literal::Text(text) => match text.trim() {
                "1" | "true" | "True" => Some(Value::Bool(true)),
                "0" | "false" | "False" => Some(Value::Bool(false)),
                _ => None,
            },
            _ => None,
        },
        Shape::Int => number().and_then(|n| i32::try_from(n).ok().filter(|_| n.fract().is_zero())).map(Value::Int),
        Shape::BigInt => number().and_then(|n| i64::try_from(n).ok().filter(|_| n.fract().is_zero())).map(Value::BigInt),
        Shape::Decimal => number().map(Value::Decimal),
        Shape::Money => number().and_then(|n| money_from_decimal(n).ok()).map(Value::Money),
        Shape::Float => match literal {
            Literal::Number(text) | Literal::Text(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()).map(|n| Value::Float(n + 0.0)),
            _ => None,
        },
        Shape::Text | Shape::Choices => match literal {
            Literal::Text(text) | Literal::Number(text) => Some(Value::Text(text.clone())),
            Literal::Guid(id) => Some(Value::Text(id.to_string())),
            _ => None,
        },
        Shape::Guid => id().map(Value::Guid),
        Shape::Lookup | Shape::PolyLookup => id().map(|id| Value::Ref(Reference { table: TableCode(0), id })),
        Shape::DateTime => match literal {
            Literal::DateTime(seconds) => Some(Value::DateTime(*seconds)),
            Literal::Date(days) => Some(Value::DateTime(i64::from(*days) * 86_400)),
            Literal::Text(text) => moment(text).map(|moment| Value::DateTime(moment.stored(column, calendar))),
            _ => None,
        },
        Shape::Date => match literal {
            Literal::Date(days) => Some(Value::Date(*days)),
            Literal::DateTime(seconds) => i32::try_from(seconds.div_euclid(86_400)).ok().map(Value::Date),
            Literal::Text(text) => moment(text).and_then(|moment| i32::try_from(moment.clock_s.div_euclid(86_400)).ok()).map(Value::Date),
            _ => None,
        },
        // An image is compared with nothing but null.
        Shape::Bytes | Shape::None => None,
    };
    value.ok_or_else(fail)
}

/// A point in time as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Seconds since 1970-01-01 00:00 of the clock that was read.
    pub(crate) clock_s: i64,
    /// How far that clock is before UTC, if that was said.
    pub(crate) offset_s: Option<i64>,
}

impl Moment {
    /// What a column of dates and times stores of it.
    fn stored(self, column: &Column, calendar: &Calendar) -> i64 {
        if column.is_wall_time() { self.clock_s } else { self.offset_s.map_or_else(|| calendar.zone.instant_s(self.clock_s), |offset| self.clock_s - offset) }
    }

    /// The time on the caller's clock.
    pub(crate) fn local_s(self, calendar: &Calendar) -> i64 {
        self.offset_s.map_or(self.clock_s, |offset| calendar.zone.local_s(self.clock_s - offset))
    }
}

/// Reads a date, or a date and a time of day with or without an offset, as ISO 8601 writes them; a blank may stand for the `T`.
pub(crate) fn moment(text: &str) -> Option<Moment> {
    let text = text.trim();
    let clock: jiff::civil::DateTime = text.parse().or_else(|_| text.trim_end_matches(['Z', 'z']).parse()).ok()?;
    let since = |to: jiff::civil::DateTime| Some(to.duration_since(jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0)).as_secs());
    let offset_s = match text.parse::<jiff::Timestamp>() {
        Ok(instant) => Some(since(clock)? - instant.as_second()),
        Err(_) => None,
    };
    Some(Moment { clock_s: since(clock)?, offset_s })
}

fn shown(literal: &Literal) -> String {
    match literal {
        Literal::Null => "null".to_owned(),
        Literal::Bool(b) => b.to_string(),
        Literal::Number(text) => text.clone(),
        Literal::Text(text) => format!("'{}'", text.chars().take(100).collect::<String>()),
        Literal::Guid(id) => id.to_string(),
        Literal::DateTime(_) | Literal::Date(_) => "of a date".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // web-api 20
    fn moments_are_read_with_and_without_offset() {
        for (text, clock_s, offset_s) in [
            ("1970-01-02", 86_400, None),
            ("1970-01-01T00:01", 60, None),
            ("1970-01-01 00:00:05", 5, None),
            ("1970-01-01T02:00:00Z", 7_200, Some(0)),
            ("1970-01-01T02:00:00+02:00", 7_200, Some(7_200)),
        ] {
            assert_eq!(moment(text), Some(Moment { clock_s, offset_s }), "{text}");
        }
        for text in ["", "x", "1970-13-01", "12:00", "1970-01-01T25:00"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
