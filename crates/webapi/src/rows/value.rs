//! One value as JSON (web-api 22).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use driftless_model::{Decimal, ValueRef};
use driftless_odata::json::JsonWriter;

/// Writes a value. With `as_text` 64-bit integers and decimals become strings (`IEEE754Compatible=true`).
pub(crate) fn write_value(json: &mut JsonWriter, value: ValueRef<'_>, as_text: bool) {
    match value {
        ValueRef::Null => json.null(),
        ValueRef::Bool(value) => json.boolean(value),
        ValueRef::Int(value) => json.integer(i64::from(value)),
        ValueRef::BigInt(value) if as_text => json.quoted_integer(value),
        ValueRef::BigInt(value) => json.integer(value),
        ValueRef::Decimal(value) => write_decimal(json, value, as_text),
        ValueRef::Money(units) if as_text => json.quoted_decimal(i128::from(units), 4),
        ValueRef::Money(units) => json.decimal(i128::from(units), 4),
        ValueRef::Float(value) => json.double(value),
        ValueRef::Text(text) | ValueRef::Choices(text) => json.text(text),
        ValueRef::Guid(id) => json.guid(id.as_bytes()),
        ValueRef::Ref(reference) => json.guid(reference.id.as_bytes()),
        ValueRef::DateTime(seconds) => json.date_time(seconds),
        ValueRef::Date(days) => json.date(days),
        ValueRef::Bytes(bytes) => json.text(&STANDARD.encode(bytes)),
    }
}

/// Writes an amount that was made of several: it has 9 digits after the point, where those of rows have 4.
pub(crate) fn write_group_amount(json: &mut JsonWriter, units: i64, as_text: bool) {
    let (digits, scale) = (i128::from(units) * 100_000, 9);
    if as_text { json.quoted_decimal(digits, scale) } else { json.decimal(digits, scale) }
}

fn write_decimal(json: &mut JsonWriter, value: Decimal, as_text: bool) {
    // A scale is 28 at most.
    let scale = u8::try_from(value.scale()).unwrap_or(u8::MAX);
    if as_text { json.quoted_decimal(value.mantissa(), scale) } else { json.decimal(value.mantissa(), scale) }
}

#[cfg(test)]
mod tests {
    use driftless_model::{Reference, TableCode, Uuid};

    use super::*;

    #[test] // web-api 22
    fn amounts_of_groups_have_more_digits() {
        let mut json = JsonWriter::new();
        write_group_amount(&mut json, 200_000_000, false);
        assert_eq!(json.as_bytes(), b"20000.000000000");
    }

    #[test] // web-api 22
    fn values_have_their_wire_forms() {
        let id = Uuid::from_u128(0x7d);
        for (value, plain, text) in [
            (ValueRef::Null, "null", "null"),
            (ValueRef::BigInt(5), "5", "\"5\""),
            (ValueRef::Money(200_000_000), "20000.0000", "\"20000.0000\""),
            (ValueRef::Decimal(Decimal::new(-45, 1)), "-4.5", "\"-4.5\""),
            (ValueRef::Float(47.63958), "47.63958", "47.63958"),
            (ValueRef::DateTime(0), "\"1970-01-01T00:00:00Z\"", "\"1970-01-01T00:00:00Z\""),
            (ValueRef::Date(1), "\"1970-01-02\"", "\"1970-01-02\""),
            (ValueRef::Choices("1,3"), "\"1,3\"", "\"1,3\""),
            (ValueRef::Ref(Reference { table: TableCode(1), id }), "\"00000000-0000-0000-0000-00000000007d\"", "\"00000000-0000-0000-0000-00000000007d\""),
        ] {
            for (as_text, expected) in [(false, plain), (true, text)] {
                let mut json = JsonWriter::new();
                write_value(&mut json, value, as_text);
                assert_eq!(String::from_utf8_lossy(json.as_bytes()), expected);
            }
        }
    }
}
