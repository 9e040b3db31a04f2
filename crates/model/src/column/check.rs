//! Checks of a value against a column (UP-22, UP-25, MD-21).

use rust_decimal::Decimal;

use super::{Column, ColumnType, RequiredLevel};
use crate::{ChoiceSet, Error, ErrorCode, LogicalName, Result, Value};

/// First and last second of the range of dates, 1753-01-01T00:00:00 to 9999-12-31T23:59:59 UTC.
const SECONDS: std::ops::RangeInclusive<i64> = -6_847_804_800..=253_402_300_799;
/// First and last day of the range of dates.
const DAYS: std::ops::RangeInclusive<i32> = -79_257..=2_932_896;
/// Most selections of a multi-choice column.
const CHOICES_MAX: usize = 150;

impl Column {
    /// Checks `value` and brings it into the column's form: floats and decimals cut to the column's precision, empty text made null.
    ///
    /// `options` gives the options of a global choice. References are not looked up here, only their table's number is left to the caller.
    ///
    /// # Errors
    /// The code of UP-25 that fits, naming table and column; 0x80040203 for null in a system-required column (UP-22).
    pub fn check(&self, table: &LogicalName, value: &mut Value, options: &dyn Fn(&LogicalName) -> Option<std::sync::Arc<ChoiceSet>>) -> Result<()> {
        if let Value::Text(text) = value {
            if text.contains('\0') {
                return Err(Error::new(
                    ErrorCode::InvalidArgument,
                    format!("The value of '{}' holds the character U+0000, which no column can hold.", self.name),
                ));
            }
            if text.is_empty() {
                *value = Value::Null;
            }
        }
        if value.is_null() {
            return match self.required {
                RequiredLevel::System => Err(Error::new(ErrorCode::InvalidArgument, format!("Attribute: {} cannot be set to NULL", self.name))),
                RequiredLevel::None | RequiredLevel::Application | RequiredLevel::Recommended => Ok(()),
            };
        }
        match (&self.kind, value) {
            (ColumnType::Text(kind) | ColumnType::Memo(kind), Value::Text(text)) => self.check_length(table, text, kind.max_length),
            (ColumnType::EntityName, Value::Text(text)) => self.check_length(table, text, 128),
            (ColumnType::Integer(kind), Value::Int(n)) => self.check_range(table, ErrorCode::IntegerValueOutOfRange, *n, kind.min, kind.max),
            (ColumnType::BigInt, Value::BigInt(_)) | (ColumnType::UniqueId { .. }, Value::Guid(_)) | (ColumnType::Lookup(_), Value::Ref(_)) => Ok(()),
            (ColumnType::Boolean(_) | ColumnType::ManagedProperty, Value::Bool(_)) => Ok(()),
            (ColumnType::File(_), Value::Guid(_)) => Err(Error::argument(format!(
                "The file of '{}' on '{table}' cannot be set with the other columns: send its bytes to the address of the column.",
                self.name
            ))),
            (ColumnType::Image(kind), Value::Bytes(bytes)) => self.check_size(table, bytes.len() as u64, kind.max_kib),
            (ColumnType::Decimal(kind), Value::Decimal(n)) => {
                *n = n.round_dp_with_strategy(u32::from(kind.precision), rust_decimal::RoundingStrategy::MidpointAwayFromZero);
                self.check_range(table, ErrorCode::DecimalValueOutOfRange, *n, kind.min, kind.max)
            }
            (ColumnType::Money(kind), Value::Money(units)) => self.check_range(
                table,
                ErrorCode::DecimalValueOutOfRange,
                crate::money_to_decimal(*units),
                crate::money_to_decimal(kind.min),
                crate::money_to_decimal(kind.max),
            ),
            (ColumnType::Float(kind), Value::Float(n)) => {
                *n = round_float(*n, kind.precision);
                if !n.is_finite() || *n < kind.min || *n > kind.max {
                    return Err(self.out_of_range(table, ErrorCode::DecimalValueOutOfRange, *n, kind.min, kind.max));
                }
                Ok(())
            }
            (ColumnType::Choice(kind), Value::Int(n)) => self.check_option(table, &kind.choice, *n, options),
            (ColumnType::Choices(kind), Value::Choices(chosen)) => {
                chosen.sort_unstable();
                chosen.dedup();
                if chosen.len() > CHOICES_MAX {
                    return Err(Error::new(
                        ErrorCode::MultiSelectLimitExceeded,
                        format!("'{}' of '{table}' takes at most {CHOICES_MAX} selections.", self.name),
                    ));
                }
                chosen.iter().try_for_each(|n| self.check_option(table, &kind.choice, *n, options))
            }
            (ColumnType::State(kind), Value::Int(n)) if kind.states.iter().any(|state| state.option.value == *n) => Ok(()),
            (ColumnType::Status(kind), Value::Int(n)) if *n == -1 || kind.statuses.iter().any(|status| status.option.value == *n) => Ok(()),
            (ColumnType::State(_) | ColumnType::Status(_), Value::Int(n)) => Err(Error::new(
                ErrorCode::InvalidStateCodeStatusCode,
                format!(
                    "State code is invalid or state code is valid but status code is invalid for a specified state code. ({} = {n} on '{table}')",
                    self.name
                ),
            )),
            (ColumnType::DateTime(_), Value::DateTime(seconds)) if SECONDS.contains(seconds) => Ok(()),
            (ColumnType::DateTime(_), Value::Date(days)) if DAYS.contains(days) => Ok(()),
            (ColumnType::DateTime(_), Value::DateTime(_) | Value::Date(_)) => {
                Err(Error::new(ErrorCode::DateTimeOutOfRange, format!("The date of '{}' on '{table}' must lie between 1753-01-01 and 9999-12-31.", self.name)))
            }
            _ => Err(Error::new(ErrorCode::InvalidArgument, format!("The value given for '{}' of '{table}' has the wrong type.", self.name))),
        }
    }

    /// Refuses bytes beyond the column's limit.
    ///
    /// # Errors
    /// 0x80044A02.
    pub fn check_size(&self, table: &LogicalName, bytes: u64, max_kib: u32) -> Result<()> {
        if bytes <= u64::from(max_kib) * 1_024 {
            return Ok(());
        }
        let message = format!("Attachment file size is too big. '{}' of '{table}' takes at most {max_kib} KB.", self.name);
        Err(Error::new(ErrorCode::AttachmentTooLarge, message))
    }

    fn check_length(&self, table: &LogicalName, text: &str, max: u32) -> Result<()> {
        // UTF-16 units are what the original counts; no text has fewer bytes than units, so short ones need no count.
        let max = max as usize;
        if text.len() <= max || text.encode_utf16().count() <= max {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::StringLengthTooLong,
            format!(
                "A validation error occurred.  The length of the '{}' attribute of the '{table}' entity exceeded the maximum allowed length of '{max}'.",
                self.name
            ),
        ))
    }

    fn check_range<T: PartialOrd + std::fmt::Display>(&self, table: &LogicalName, code: ErrorCode, value: T, min: T, max: T) -> Result<()> {
        if value >= min && value <= max { Ok(()) } else { Err(self.out_of_range(table, code, value, min, max)) }
    }

    fn out_of_range<T: std::fmt::Display>(&self, table: &LogicalName, code: ErrorCode, value: T, min: T, max: T) -> Error {
        Error::new(
            code,
            format!(
                "A validation error occurred.  The value {value} of '{}' on record of type '{table}' is outside the valid range of {min} to {max}.",
                self.name
            ),
        )
    }

    fn check_option(
        &self,
        table: &LogicalName,
        source: &crate::ChoiceSource,
        value: i32,
        options: &dyn Fn(&LogicalName) -> Option<std::sync::Arc<ChoiceSet>>,
    ) -> Result<()> {
        let known = match source {
            crate::ChoiceSource::Local(set) => set.option(value).is_some(),
            crate::ChoiceSource::Global(name) => options(name).is_some_and(|set| set.option(value).is_some()),
        };
        if known {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::PicklistValueOutOfRange,
            format!("A validation error occurred.  The value {value} of '{}' on record of type '{table}' is not one of its options.", self.name),
        ))
    }
}

/// Cuts a float to `precision` digits after the point, through decimal arithmetic where it fits so that no binary dust is left.
fn round_float(value: f64, precision: u8) -> f64 {
    use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
    Decimal::from_f64(value)
        .map(|exact| exact.round_dp_with_strategy(u32::from(precision), rust_decimal::RoundingStrategy::MidpointAwayFromZero))
        .and_then(|rounded| rounded.to_f64())
        .unwrap_or(value)
        // Zero has one sign: engines and the evaluator must find the same rows.
        + 0.0
}
