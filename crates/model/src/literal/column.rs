//! The value of a text for a column (web-api 7, 22). Everything is accepted that published clients write.

use super::LiteralError;
use super::parse;
use crate::{Column, Decimal, Shape, Uuid, Value, money_from_decimal};

/// The value of a text for `column`. A lookup's value is an id ([`Value::Guid`]); the empty text is null where texts or choices are kept. Ranges and lengths
/// of the column are not looked at.
///
/// # Errors
/// When the text cannot be read as the column's type; columns of bytes have no text here.
pub fn value_of_column(column: &Column, text: &str) -> Result<Value, LiteralError> {
    if column.is_wall_time() {
        return parse::wall_time(text.trim_ascii()).map(Value::DateTime);
    }
    value_of_shape(column.shape(), text)
}

/// The same where only the shape of the values is known.
///
/// # Errors
/// As [`value_of_column`].
pub fn value_of_shape(shape: Shape, text: &str) -> Result<Value, LiteralError> {
    if shape == Shape::Text {
        return Ok(Value::text(text));
    }
    let text = text.trim_ascii();
    match shape {
        // Bytes stand in bodies only.
        Shape::Text | Shape::Bytes | Shape::None => Err(LiteralError::Malformed),
        Shape::Bool => match text {
            "1" => Ok(Value::Bool(true)),
            "0" => Ok(Value::Bool(false)),
            _ => parse::boolean(text).map(Value::Bool),
        },
        Shape::Int => parse::int32(whole(text)).map(Value::Int),
        Shape::BigInt => parse::int64(whole(text)).map(Value::BigInt),
        Shape::Decimal => decimal(text).map(Value::Decimal),
        Shape::Money => decimal(text).and_then(|value| money_from_decimal(value).map_err(|_| LiteralError::OutOfRange)).map(Value::Money),
        Shape::Float => parse::double(text).map(Value::Float),
        Shape::Guid | Shape::Lookup | Shape::PolyLookup => parse::guid(text).map(|bytes| Value::Guid(Uuid::from_bytes(bytes))),
        Shape::DateTime => parse::date_time(text).map(Value::DateTime),
        Shape::Date => parse::date(text).map(Value::Date),
        Shape::Choices => choices(text),
    }
}

/// The digits of a whole number that was written with an empty fraction, such as `5.0`.
fn whole(text: &str) -> &str {
    match text.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() && fraction.bytes().all(|b| b == b'0') => whole,
        _ => text,
    }
}

fn decimal(text: &str) -> Result<Decimal, LiteralError> {
    let parts = parse::decimal(text)?;
    let (mut mantissa, mut scale) = (parts.mantissa, parts.scale);
    while scale > 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        scale -= 1;
    }
    Decimal::try_from_i128_with_scale(mantissa, u32::from(scale)).map_err(|_| LiteralError::OutOfRange)
}

fn choices(text: &str) -> Result<Value, LiteralError> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    text.split(',').map(|number| parse::int32(number.trim_ascii())).collect::<Result<Vec<_>, _>>().map(Value::Choices)
}
