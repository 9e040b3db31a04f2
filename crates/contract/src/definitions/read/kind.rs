//! Types of columns: a fresh one with the service's defaults, or a present one with the body's changes.

use driftless_core::Snapshot;
use driftless_model::{
    BooleanColumn, ChoiceColumn, ColumnType, DateBehavior, DateFormat, DateTimeColumn, Decimal, DecimalColumn, FileColumn, FloatColumn, ImageColumn,
    IntegerColumn, IntegerFormat, MoneyColumn, PrecisionSource, Result, TextColumn, TextFormat, money_from_decimal,
};

use super::super::column::{integer_format as integer_format_name, text_format as text_format_name, type_name};
use super::options;
use super::reader::{Members, refused, shortened, unknown_word};
use crate::error;

/// Length of a text when the body gives none.
const TEXT_LENGTH: u32 = 100;
/// Length of a memo when the body gives none.
const MEMO_LENGTH: u32 = 2_000;
/// Largest decimal and floating-point number; the smallest is its negative (MD-21).
const NUMBER_MAX: i64 = 100_000_000_000;
/// Largest amount of money in ten-thousandths: 922,337,000,000,000 (MD-21).
const MONEY_MAX: i64 = 9_223_370_000_000_000_000;

/// The type that a body asks for, by the type that it says it has, else by `AttributeTypeName` or `AttributeType`.
///
/// # Errors
/// 0x80048d19 for unknown types and values, 0x80040315 for types that are not offered.
pub(super) fn new(snapshot: &Snapshot, members: Members<'_>) -> Result<ColumnType> {
    let short = match members.type_name() {
        Some(name) => name.strip_suffix("AttributeMetadata").unwrap_or(name),
        None => members.word("AttributeTypeName")?.map(|name| name.strip_suffix("Type").unwrap_or(name)).or(members.word("AttributeType")?).unwrap_or_default(),
    };
    let fresh = match short {
        "String" => ColumnType::Text(TextColumn { max_length: TEXT_LENGTH, format: TextFormat::Text }),
        "Memo" => ColumnType::Memo(TextColumn { max_length: MEMO_LENGTH, format: TextFormat::TextArea }),
        "Integer" => ColumnType::Integer(IntegerColumn { min: i32::MIN, max: i32::MAX, format: IntegerFormat::None }),
        "BigInt" => ColumnType::BigInt,
        "Decimal" => ColumnType::Decimal(DecimalColumn { min: Decimal::from(-NUMBER_MAX), max: Decimal::from(NUMBER_MAX), precision: 2 }),
        "Double" => ColumnType::Float(FloatColumn { min: -(NUMBER_MAX as f64), max: NUMBER_MAX as f64, precision: 2 }),
        "Money" => ColumnType::Money(MoneyColumn { min: -MONEY_MAX, max: MONEY_MAX, precision: 2, source: PrecisionSource::Currency, is_base: false }),
        "Boolean" => ColumnType::Boolean(BooleanColumn { default: Some(false), choice: options::yes_no() }),
        "DateTime" => ColumnType::DateTime(DateTimeColumn { format: DateFormat::DateAndTime, behavior: DateBehavior::UserLocal }),
        "Picklist" => ColumnType::Choice(ChoiceColumn { choice: options::source(snapshot, members)?, default: None }),
        "MultiSelectPicklist" => ColumnType::Choices(ChoiceColumn { choice: options::source(snapshot, members)?, default: None }),
        "File" => ColumnType::File(FileColumn { max_kib: FileColumn::MAX_KIB_DEFAULT }),
        "Image" => ColumnType::Image(ImageColumn { max_kib: ImageColumn::MAX_KIB_DEFAULT, full: false, primary: false }),
        "Lookup" | "Customer" | "Owner" => {
            return Err(refused("A lookup column is made with its relationship, not by itself."));
        }
        "" => return Err(refused("The definition must say the type of the column.")),
        other => return Err(refused(format!("'{}' is not a type of columns.", shortened(other)))),
    };
    changed(snapshot, members, &fresh)
}

/// A type with the changes that a body asks for; what the body does not say stays.
///
/// # Errors
/// As [`new`].
pub(super) fn changed(snapshot: &Snapshot, members: Members<'_>, present: &ColumnType) -> Result<ColumnType> {
    if members.type_name().is_some_and(|name| name.ends_with("AttributeMetadata") && name != type_name(present)) {
        return Err(refused("The definition must be of the type that the column has: a column's type cannot change."));
    }
    let mut kind = present.clone();
    match &mut kind {
        ColumnType::Text(text) | ColumnType::Memo(text) => {
            if members.text("AutoNumberFormat")?.is_some_and(|format| !format.is_empty()) {
                return Err(error::not_offered("A column with an 'AutoNumberFormat'"));
            }
            set(&mut text.max_length, members.number("MaxLength")?);
            set(&mut text.format, text_format(members)?);
        }
        ColumnType::Integer(number) => {
            set(&mut number.min, members.number("MinValue")?);
            set(&mut number.max, members.number("MaxValue")?);
            set(&mut number.format, integer_format(members)?);
        }
        ColumnType::Decimal(number) => {
            set(&mut number.min, members.decimal("MinValue")?);
            set(&mut number.max, members.decimal("MaxValue")?);
            set(&mut number.precision, members.number("Precision")?);
        }
        ColumnType::Float(number) => {
            set(&mut number.min, members.number("MinValue")?);
            set(&mut number.max, members.number("MaxValue")?);
            set(&mut number.precision, members.number("Precision")?);
        }
        ColumnType::Money(money) => {
            set(&mut money.min, members.decimal("MinValue")?.map(money_from_decimal).transpose()?);
            set(&mut money.max, members.decimal("MaxValue")?.map(money_from_decimal).transpose()?);
            set(&mut money.precision, members.number("Precision")?);
            set(&mut money.source, precision_source(members)?);
        }
        ColumnType::Boolean(boolean) => {
            if let Some(default) = members.flag("DefaultValue")? {
                boolean.default = Some(default);
            }
            set(&mut boolean.choice, options::boolean(members)?);
        }
        ColumnType::Choice(choice) | ColumnType::Choices(choice) => {
            if let Some(default) = members.number::<i32>("DefaultFormValue")? {
                choice.default = (default != -1).then_some(default);
            }
            let given = options::changed(snapshot, members, &choice.choice)?;
            set(&mut choice.choice, given);
        }
        ColumnType::State(state) => options::change_states(members, state)?,
        ColumnType::Status(status) => options::change_statuses(members, status)?,
        ColumnType::DateTime(date) => {
            set(&mut date.format, date_format(members)?);
            set(&mut date.behavior, date_behavior(members)?);
            if date.behavior == DateBehavior::DateOnly {
                date.format = DateFormat::DateOnly;
            }
        }
        ColumnType::File(file) => set(&mut file.max_kib, members.number("MaxSizeInKB")?),
        ColumnType::Image(image) => {
            set(&mut image.max_kib, members.number("MaxSizeInKB")?);
            set(&mut image.full, members.flag("CanStoreFullImage")?);
            set(&mut image.primary, members.flag("IsPrimaryImage")?);
        }
        ColumnType::BigInt
        | ColumnType::Lookup(_)
        | ColumnType::UniqueId { .. }
        | ColumnType::EntityName
        | ColumnType::ManagedProperty
        | ColumnType::Virtual => {}
    }
    Ok(kind)
}

fn set<T>(slot: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *slot = value;
    }
}

fn text_format(members: Members<'_>) -> Result<Option<TextFormat>> {
    const ALL: [TextFormat; 10] = [
        TextFormat::Text,
        TextFormat::TextArea,
        TextFormat::Email,
        TextFormat::Url,
        TextFormat::Phone,
        TextFormat::TickerSymbol,
        TextFormat::PhoneticGuide,
        TextFormat::VersionNumber,
        TextFormat::Json,
        TextFormat::RichText,
    ];
    let Some(word) = members.word("FormatName")?.or(members.word("Format")?) else { return Ok(None) };
    let found = ALL.into_iter().find(|format| text_format_name(*format) == word);
    found.map(Some).ok_or_else(|| unknown_word("FormatName", word))
}

fn integer_format(members: Members<'_>) -> Result<Option<IntegerFormat>> {
    const ALL: [IntegerFormat; 5] = [IntegerFormat::None, IntegerFormat::Duration, IntegerFormat::TimeZone, IntegerFormat::Language, IntegerFormat::Locale];
    let Some(word) = members.word("Format")? else { return Ok(None) };
    let found = ALL.into_iter().find(|format| integer_format_name(*format) == word);
    found.map(Some).ok_or_else(|| unknown_word("Format", word))
}

fn precision_source(members: Members<'_>) -> Result<Option<PrecisionSource>> {
    Ok(match members.number::<i32>("PrecisionSource")? {
        None => None,
        Some(0) => Some(PrecisionSource::Column),
        Some(1) => Some(PrecisionSource::Organization),
        Some(2) => Some(PrecisionSource::Currency),
        Some(other) => return Err(unknown_word("PrecisionSource", &other.to_string())),
    })
}

fn date_format(members: Members<'_>) -> Result<Option<DateFormat>> {
    Ok(match members.word("Format")? {
        None => None,
        Some("DateOnly") => Some(DateFormat::DateOnly),
        Some("DateAndTime") => Some(DateFormat::DateAndTime),
        Some(other) => return Err(unknown_word("Format", other)),
    })
}

fn date_behavior(members: Members<'_>) -> Result<Option<DateBehavior>> {
    Ok(match members.word("DateTimeBehavior")? {
        None => None,
        Some("UserLocal") => Some(DateBehavior::UserLocal),
        Some("DateOnly") => Some(DateBehavior::DateOnly),
        Some("TimeZoneIndependent") => Some(DateBehavior::TimeZoneIndependent),
        Some(other) => return Err(unknown_word("DateTimeBehavior", other)),
    })
}
