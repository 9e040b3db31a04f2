//! Values of columns: from JSON bodies and from the texts of addresses (web-api 7, 22).
//!
//! Everything is accepted that published clients write: numbers and booleans as text, any offset in date-times.
//! Ranges and lengths of a column are not looked at here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::json::Json;
use driftless_model::literal::{LiteralError, value_of_column, value_of_shape};
use driftless_model::{Column, Shape, Value};

/// Longest piece of a refused literal that is repeated, in characters.
const SHOWN_MAX: usize = 100;

/// A value that is not one of the column's type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueError {
    /// What was written, shortened.
    pub literal: String,
    /// The type that was expected, such as `Edm.Int32`.
    pub expected: &'static str,
    /// Whether the form is wrong or the value is out of the type's range.
    pub reason: LiteralError,
}

/// The value of a JSON value for `column`. Lookups have no plain value: for them everything but null is refused.
///
/// # Errors
/// When the JSON value cannot be read as the column's type.
pub fn value_of_json(column: &Column, json: &Json<'_>) -> Result<Value, ValueError> {
    let shape = column.shape();
    let read = match (shape, json) {
        (_, Json::Null) => return Ok(Value::Null),
        (Shape::Lookup | Shape::PolyLookup | Shape::None, _) => Err(LiteralError::Malformed),
        (Shape::Bytes, Json::Text(text)) => STANDARD.decode(text.as_bytes()).map(Value::Bytes).map_err(|_| LiteralError::Malformed),
        (Shape::Text, Json::Text(text)) => return Ok(Value::text(text.as_ref())),
        (Shape::Bool, Json::Bool(value)) => return Ok(Value::Bool(*value)),
        (Shape::Int | Shape::BigInt | Shape::Decimal | Shape::Money | Shape::Float | Shape::Choices, Json::Number(text)) => value_of_shape(shape, text),
        (Shape::Text, _) => Err(LiteralError::Malformed),
        (_, Json::Text(text)) => value_of_column(column, text),
        _ => Err(LiteralError::Malformed),
    };
    read.map_err(|reason| ValueError { literal: shown(json), expected: edm_type(shape), reason })
}

/// The value of a text in an address for `column`, however it was quoted there. A lookup's value is an id ([`Value::Guid`]).
///
/// # Errors
/// When the text cannot be read as the column's type.
pub fn value_of_text(column: &Column, text: &str) -> Result<Value, ValueError> {
    let shape = column.shape();
    value_of_column(column, text).map_err(|reason| ValueError { literal: text.chars().take(SHOWN_MAX).collect(), expected: edm_type(shape), reason })
}

/// The type that values of a shape have in addresses and bodies (web-api 22).
#[must_use]
pub fn edm_type(shape: Shape) -> &'static str {
    match shape {
        Shape::Bool => "Edm.Boolean",
        Shape::Int => "Edm.Int32",
        Shape::BigInt => "Edm.Int64",
        Shape::Decimal | Shape::Money => "Edm.Decimal",
        Shape::Float => "Edm.Double",
        Shape::Text | Shape::Choices | Shape::None => "Edm.String",
        Shape::Guid | Shape::Lookup | Shape::PolyLookup => "Edm.Guid",
        Shape::DateTime => "Edm.DateTimeOffset",
        Shape::Date => "Edm.Date",
        Shape::Bytes => "Edm.Binary",
    }
}

fn shown(json: &Json<'_>) -> String {
    match json {
        Json::Null => "null".to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Number(text) => text.chars().take(SHOWN_MAX).collect(),
        Json::Text(text) => text.chars().take(SHOWN_MAX).collect(),
        Json::Array(_) => "[...]".to_owned(),
        Json::Object(_) => "{...}".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use driftless_model::{
        BooleanColumn, ChoiceColumn, ChoiceSet, ChoiceSource, ColumnType, DateBehavior, DateFormat, DateTimeColumn, Decimal, DecimalColumn, IntegerColumn,
        IntegerFormat, Label, LogicalName, MoneyColumn, PrecisionSource, RequiredLevel, SchemaName, TextColumn, TextFormat, Uuid, Validity,
    };

    use super::*;
    use crate::json::{JsonLimits, read};

    fn column(kind: ColumnType) -> Column {
        Column {
            id: Uuid::nil(),
            name: LogicalName::from("drf_x"),
            schema_name: SchemaName::from("drf_X"),
            kind,
            required: RequiredLevel::None,
            valid: Validity::ALL,
            display_name: Label::default(),
            description: Label::default(),
            physical: "drf_x".to_owned(),
            number: 1,
            attribute_of: None,
            custom: true,
            managed: false,
            customizable: true,
            secured: false,
            introduced_version: "1.0".to_owned(),
        }
    }

    fn choice() -> ChoiceSource {
        ChoiceSource::Local(ChoiceSet {
            id: Uuid::nil(),
            name: LogicalName::from("x"),
            schema_name: SchemaName::from("x"),
            display_name: Label::default(),
            description: Label::default(),
            options: Vec::new(),
            global: false,
            custom: true,
            managed: false,
            customizable: true,
            introduced_version: "1.0".to_owned(),
        })
    }

    fn of(kind: ColumnType, json: &str) -> Result<Value, ValueError> {
        value_of_json(&column(kind), &read(json.as_bytes(), &JsonLimits::default()).unwrap())
    }

    fn integer() -> ColumnType {
        ColumnType::Integer(IntegerColumn { min: 0, max: 9, format: IntegerFormat::None })
    }

    fn date(behavior: DateBehavior) -> ColumnType {
        ColumnType::DateTime(DateTimeColumn { format: DateFormat::DateAndTime, behavior })
    }

    #[test] // web-api 22
    fn spellings_of_published_clients_are_taken() {
        let boolean = || ColumnType::Boolean(BooleanColumn { default: None, choice: choice() });
        let decimal = || ColumnType::Decimal(DecimalColumn { min: Decimal::MIN, max: Decimal::MAX, precision: 2 });
        let money = || ColumnType::Money(MoneyColumn { min: 0, max: i64::MAX, precision: 2, source: PrecisionSource::Column, is_base: false });
        let many = ColumnType::Choices(ChoiceColumn { choice: choice(), default: None });
        for (kind, json, value) in [
            (integer(), "200", Value::Int(200)),
            (integer(), "\"200\"", Value::Int(200)),
            (integer(), "5.0", Value::Int(5)),
            (integer(), "null", Value::Null),
            (ColumnType::BigInt, "\"9007199254740993\"", Value::BigInt(9_007_199_254_740_993)),
            (boolean(), "\"True\"", Value::Bool(true)),
            (boolean(), "false", Value::Bool(false)),
            (decimal(), "4.50", Value::Decimal(Decimal::new(45, 1))),
            (decimal(), "\"4.5\"", Value::Decimal(Decimal::new(45, 1))),
            (money(), "20000.00005", Value::Money(200_000_001)),
            (date(DateBehavior::UserLocal), "\"1970-01-01T02:00:01.5+02:00\"", Value::DateTime(1)),
            (date(DateBehavior::TimeZoneIndependent), "\"1970-01-01T00:00:01\"", Value::DateTime(1)),
            // MD-23: the wall time as given
            (date(DateBehavior::TimeZoneIndependent), "\"1970-01-01T06:07:08+02:00\"", Value::DateTime(22_028)),
            (date(DateBehavior::TimeZoneIndependent), "\"1970-01-01T06:07:08Z\"", Value::DateTime(22_028)),
            (date(DateBehavior::DateOnly), "\"1970-01-02T23:00:00Z\"", Value::Date(1)),
            (many, "\"3, 1\"", Value::Choices(vec![3, 1])),
            (ColumnType::Text(TextColumn { max_length: 9, format: TextFormat::Text }), "\"\"", Value::Null),
        ] {
            assert_eq!(of(kind, json), Ok(value), "{json}");
        }
    }

    #[test]
    fn other_types_are_refused_by_name() {
        for (kind, json, expected, reason) in [
            (integer(), "\"twelve\"", "Edm.Int32", LiteralError::Malformed),
            (integer(), "99999999999", "Edm.Int32", LiteralError::OutOfRange),
            (integer(), "1.5", "Edm.Int32", LiteralError::Malformed),
            (integer(), "true", "Edm.Int32", LiteralError::Malformed),
            (ColumnType::UniqueId { primary: false }, "\"x\"", "Edm.Guid", LiteralError::Malformed),
            (date(DateBehavior::UserLocal), "1", "Edm.DateTimeOffset", LiteralError::Malformed),
            (ColumnType::Text(TextColumn { max_length: 9, format: TextFormat::Text }), "5", "Edm.String", LiteralError::Malformed),
        ] {
            let error = of(kind, json).unwrap_err();
            assert_eq!((error.expected, error.reason), (expected, reason), "{json}");
        }
    }

    #[test] // web-api 7
    fn texts_of_addresses() {
        let id = "7d0c0000-0000-0000-0000-000000000001";
        let lookup = ColumnType::Lookup(driftless_model::LookupColumn::of("account"));
        assert_eq!(value_of_text(&column(lookup), id), Ok(Value::Guid(Uuid::try_parse(id).unwrap())));
        assert_eq!(value_of_text(&column(integer()), "5"), Ok(Value::Int(5)));
        assert!(value_of_text(&column(integer()), "x").is_err());
    }
}
