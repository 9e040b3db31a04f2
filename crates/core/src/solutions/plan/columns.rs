//! Columns of a package: from what the file says to what the definitions ask for (SOL-6, SOL-7).

use std::str::FromStr;

use driftless_model::{
    BooleanColumn, ChoiceColumn, ChoiceOption, ChoiceSet, ChoiceSource, ColumnType, DateBehavior, DateFormat, DateTimeColumn, Decimal, DecimalColumn,
    FileColumn, FloatColumn, ImageColumn, IntegerColumn, IntegerFormat, LogicalName, LookupColumn, LookupKind, MoneyColumn, PrecisionSource, RequiredLevel,
    Result, SchemaName, StateColumn, StateOption, StatusColumn, StatusOption, TextColumn, TextFormat, Uuid, money_from_decimal,
};
use driftless_solution_file::{ChoiceElement, ChoiceSource as FileChoice, ColumnElement, ColumnType as FileType, RequiredLevel as FileLevel};

use super::choices::{CUSTOMIZABLE_DEFAULT, merged, option, options};
use super::{label, unusable};
use crate::metadata::ColumnSpec;
use crate::metadata::companions::{comes_with_file, comes_with_image};
use crate::metadata::system_columns::{MONEY_MAX, MONEY_MIN};
use crate::metadata::validate::shown;

/// Columns that the service makes itself, besides the primary id, state and status (MD-15, MD-16, MD-24).
const SYSTEM: [&str; 22] = [
    "createdby",
    "createdon",
    "createdonbehalfby",
    "exchangerate",
    "importsequencenumber",
    "modifiedby",
    "modifiedon",
    "modifiedonbehalfby",
    "organizationid",
    "overriddencreatedon",
    "ownerid",
    "owneridname",
    "owneridtype",
    "owneridyominame",
    "owningbusinessunit",
    "owningteam",
    "owninguser",
    "statecode",
    "statuscode",
    "timezoneruleversionnumber",
    "transactioncurrencyid",
    "utcconversiontimezonecode",
];
/// Characters of a text whose file does not say.
const TEXT_DEFAULT: u32 = 100;
/// Most characters of a custom memo (MD-21).
const MEMO_MAX: u32 = 1_048_576;
/// Largest decimal and floating-point number (MD-21).
const NUMBER_MAX: i64 = 100_000_000_000;

/// True for a column that the service makes itself.
pub(super) fn is_system(column: &ColumnElement) -> bool {
    is_system_name(&column.logical_name.to_ascii_lowercase())
        || matches!(column.column_type, FileType::PrimaryKey | FileType::State | FileType::Status | FileType::Owner | FileType::ManagedProperty)
}

/// True for the name of a column that the service makes itself.
pub(super) fn is_system_name(name: &str) -> bool {
    name == "versionnumber" || SYSTEM.binary_search(&name).is_ok()
}

/// True for a column that comes with another one: the name of a lookup, the base value of money.
pub(super) fn is_derived(column: &ColumnElement, all: &[ColumnElement]) -> bool {
    let name = column.logical_name.to_ascii_lowercase();
    let is_base = || {
        column.column_type == FileType::Money
            && name
                .strip_suffix("_base")
                .is_some_and(|of| all.iter().any(|other| other.column_type == FileType::Money && other.logical_name.eq_ignore_ascii_case(of)))
    };
    let comes_with = |kind: &FileType, comes_with: fn(&str, &str) -> bool| {
        all.iter().any(|other| other.column_type == *kind && comes_with(&name, &other.logical_name.to_ascii_lowercase()))
    };
    column.properties.flag("IsLogical") == Some(true)
        || comes_with(&FileType::File, comes_with_file)
        || comes_with(&FileType::Image, comes_with_image)
        || column.column_type == FileType::Virtual
        || column.properties.setting("CalculationOf").is_some()
        || is_base()
}

/// True for a column that is made with its relationship.
pub(super) fn is_lookup(column: &ColumnElement) -> bool {
    matches!(column.column_type, FileType::Lookup | FileType::Customer)
}

/// True for states or statuses without options: the table gets those of every new table.
pub(super) fn says_nothing(column: &ColumnElement) -> bool {
    matches!(column.column_type, FileType::State | FileType::Status) && local_element(column).is_none_or(|element| element.options.is_empty())
}

/// What the definitions are asked for; none for a type that there is not.
///
/// # Errors
/// 0x80048033 for a number that is none.
pub(super) fn spec(table: &str, column: &ColumnElement) -> Result<Option<ColumnSpec>> {
    let Some(kind) = kind(table, column)? else { return Ok(None) };
    Ok(Some(ColumnSpec {
        id: None,
        schema_name: column.schema_name.clone(),
        kind,
        required: level(column.required_level.as_ref()),
        display_name: label(&column.labels),
        description: label(&column.descriptions),
        primary_name: column.is_primary_name(),
        secured: column.properties.flag("IsSecured") == Some(true),
        customizable: column.properties.flag("IsCustomizable").unwrap_or(CUSTOMIZABLE_DEFAULT),
    }))
}

/// The required level of a custom column: the service itself requires its own columns only (MD-22).
pub(super) fn level(level: Option<&FileLevel>) -> RequiredLevel {
    match level {
        None | Some(FileLevel::Optional | FileLevel::Other(_)) => RequiredLevel::None,
        Some(FileLevel::Recommended) => RequiredLevel::Recommended,
        Some(FileLevel::ApplicationRequired | FileLevel::SystemRequired) => RequiredLevel::Application,
    }
}

/// The type of a column with a text's or list's extent never below what is here: an update takes nothing away (SOL-18).
pub(super) fn grown(present: &ColumnType, given: ColumnType) -> ColumnType {
    match (present, given) {
        (ColumnType::Text(present), ColumnType::Text(given)) => ColumnType::Text(TextColumn { max_length: given.max_length.max(present.max_length), ..given }),
        (ColumnType::Memo(present), ColumnType::Memo(given)) => ColumnType::Memo(TextColumn { max_length: given.max_length.max(present.max_length), ..given }),
        (ColumnType::Choice(present), ColumnType::Choice(given)) => ColumnType::Choice(with_options(present, given)),
        (ColumnType::Choices(present), ColumnType::Choices(given)) => ColumnType::Choices(with_options(present, given)),
        (ColumnType::Status(present), ColumnType::Status(mut given)) => {
            let kept = present.statuses.iter().filter(|own| given.statuses.iter().all(|other| other.option.value != own.option.value));
            let kept: Vec<_> = kept.cloned().collect();
            given.statuses.extend(kept);
            ColumnType::Status(given)
        }
        (_, given) => given,
    }
}

fn with_options(present: &ChoiceColumn, mut given: ChoiceColumn) -> ChoiceColumn {
    if let (ChoiceSource::Local(present), ChoiceSource::Local(given)) = (&present.choice, &mut given.choice) {
        given.options = merged(&present.options, &given.options);
    }
    given
}

fn kind(table: &str, column: &ColumnElement) -> Result<Option<ColumnType>> {
    Ok(Some(match &column.column_type {
        FileType::Text => ColumnType::Text(text(column, TEXT_DEFAULT, u32::MAX)),
        FileType::Memo => ColumnType::Memo(text(column, 2_000, MEMO_MAX)),
        FileType::WholeNumber => ColumnType::Integer(IntegerColumn {
            min: whole(table, column, column.min_value.as_deref(), i32::MIN)?,
            max: whole(table, column, column.max_value.as_deref(), i32::MAX)?,
            format: integer_format(column.format.as_deref()),
        }),
        FileType::BigInteger => ColumnType::BigInt,
        FileType::Decimal => {
            let most = Decimal::from(NUMBER_MAX);
            ColumnType::Decimal(DecimalColumn {
                min: number(table, column, column.min_value.as_deref(), -most)?.clamp(-most, most),
                max: number(table, column, column.max_value.as_deref(), most)?.clamp(-most, most),
                precision: precision(column, 10, 2),
            })
        }
        FileType::Float => {
            const MOST: f64 = 100_000_000_000.0;
            ColumnType::Float(FloatColumn {
                min: number(table, column, column.min_value.as_deref(), -MOST)?.clamp(-MOST, MOST),
                max: number(table, column, column.max_value.as_deref(), MOST)?.clamp(-MOST, MOST),
                precision: precision(column, 5, 2),
            })
        }
        FileType::Money => ColumnType::Money(MoneyColumn {
            min: money(table, column, column.min_value.as_deref(), MONEY_MIN)?,
            max: money(table, column, column.max_value.as_deref(), MONEY_MAX)?,
            precision: precision(column, 4, 2),
            source: match column.precision_source {
                Some(1) => PrecisionSource::Organization,
                Some(2) => PrecisionSource::Currency,
                _ => PrecisionSource::Column,
            },
            is_base: false,
        }),
        FileType::Boolean => {
            ColumnType::Boolean(BooleanColumn { default: column.default_value.map(|value| value == 1), choice: boolean_choice(table, column) })
        }
        FileType::Choice => ColumnType::Choice(choice(table, column)?),
        FileType::Choices => ColumnType::Choices(choice(table, column)?),
        FileType::DateTime => ColumnType::DateTime(DateTimeColumn {
            format: match column.format.as_deref() {
                Some(format) if format.eq_ignore_ascii_case("date") => DateFormat::DateOnly,
                _ => DateFormat::DateAndTime,
            },
            behavior: match column.behavior {
                Some(2) => DateBehavior::DateOnly,
                Some(3) => DateBehavior::TimeZoneIndependent,
                _ => DateBehavior::UserLocal,
            },
        }),
        FileType::Lookup => ColumnType::Lookup(LookupColumn { kind: LookupKind::Plain, targets: Vec::new(), polymorphic: false }),
        FileType::Customer => ColumnType::Lookup(LookupColumn { kind: LookupKind::Customer, targets: Vec::new(), polymorphic: true }),
        FileType::Owner => ColumnType::Lookup(LookupColumn { kind: LookupKind::Owner, targets: Vec::new(), polymorphic: true }),
        FileType::PrimaryKey => ColumnType::UniqueId { primary: true },
        FileType::State => ColumnType::State(states(column)),
        FileType::Status => ColumnType::Status(statuses(column)),
        FileType::File => ColumnType::File(FileColumn { max_kib: kib(table, column, FileColumn::MAX_KIB_DEFAULT, FileColumn::MAX_KIB_MAX)? }),
        FileType::Image => ColumnType::Image(ImageColumn {
            max_kib: kib(table, column, ImageColumn::MAX_KIB_DEFAULT, ImageColumn::MAX_KIB_MAX)?,
            full: column.properties.flag("CanStoreFullImage") == Some(true),
            primary: column.properties.flag("IsPrimaryImage") == Some(true),
        }),
        FileType::UniqueIdentifier | FileType::PartyList | FileType::Virtual | FileType::ManagedProperty | FileType::Other(_) => return Ok(None),
    }))
}

fn text(column: &ColumnElement, default: u32, most: u32) -> TextColumn {
    let format = column.format.as_deref().unwrap_or_default().to_ascii_lowercase();
    TextColumn {
        max_length: column.max_length.map_or(default, i32::unsigned_abs).min(most),
        format: match format.as_str() {
            "textarea" => TextFormat::TextArea,
            "email" => TextFormat::Email,
            "url" => TextFormat::Url,
            "phone" => TextFormat::Phone,
            "tickersymbol" => TextFormat::TickerSymbol,
            "phoneticguide" => TextFormat::PhoneticGuide,
            "versionnumber" => TextFormat::VersionNumber,
            "json" => TextFormat::Json,
            "richtext" => TextFormat::RichText,
            _ => TextFormat::Text,
        },
    }
}

fn integer_format(format: Option<&str>) -> IntegerFormat {
    match format.unwrap_or_default().to_ascii_lowercase().as_str() {
        "duration" => IntegerFormat::Duration,
        "timezone" => IntegerFormat::TimeZone,
        "language" => IntegerFormat::Language,
        "locale" => IntegerFormat::Locale,
        _ => IntegerFormat::None,
    }
}

/// Digits after the point; files of other makers may ask for more than there are.
fn precision(column: &ColumnElement, most: u8, default: u8) -> u8 {
    column.precision.map_or(default, |digits| u8::try_from(digits.max(0)).unwrap_or(most).min(most))
}

fn number<T: FromStr>(table: &str, column: &ColumnElement, text: Option<&str>, default: T) -> Result<T> {
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => text
            .parse()
            .map_err(|_| unusable(format!("The limit '{}' of the column '{}' of '{table}' is not a number.", shown(text), shown(&column.schema_name)))),
        None => Ok(default),
    }
}

fn whole(table: &str, column: &ColumnElement, text: Option<&str>, default: i32) -> Result<i32> {
    let value = number(table, column, text, i64::from(default))?.clamp(i64::from(i32::MIN), i64::from(i32::MAX));
    Ok(i32::try_from(value).unwrap_or(default))
}

fn money(table: &str, column: &ColumnElement, text: Option<&str>, default: i64) -> Result<i64> {
    let Some(text) = text else { return Ok(default) };
    let value = number(table, column, Some(text), Decimal::ZERO)?;
    // The original's own limits lie a little beyond those that it documents.
    Ok(money_from_decimal(value).map_or(if value.is_sign_negative() { MONEY_MIN } else { MONEY_MAX }, |units| units.clamp(MONEY_MIN, MONEY_MAX)))
}

/// `MaxSizeInKB`; files of other makers may allow more than there is.
fn kib(table: &str, column: &ColumnElement, default: u32, most: u32) -> Result<u32> {
    Ok(number(table, column, column.properties.setting("MaxSizeInKB"), default)?.clamp(1, most))
}

fn choice(table: &str, column: &ColumnElement) -> Result<ChoiceColumn> {
    let choice = match &column.choice {
        Some(FileChoice::Shared(name)) => ChoiceSource::Global(LogicalName::from(name.to_ascii_lowercase())),
        Some(FileChoice::Local(element)) => ChoiceSource::Local(local(table, column, element)),
        None => return Err(unusable(format!("The column '{}' of '{table}' is a choice without options.", shown(&column.schema_name)))),
    };
    Ok(ChoiceColumn { choice, default: column.default_value.filter(|value| *value != -1) })
}

fn boolean_choice(table: &str, column: &ColumnElement) -> ChoiceSource {
    match &column.choice {
        Some(FileChoice::Shared(name)) => ChoiceSource::Global(LogicalName::from(name.to_ascii_lowercase())),
        Some(FileChoice::Local(element)) if element.options.len() == 2 => ChoiceSource::Local(local(table, column, element)),
        Some(FileChoice::Local(_)) | None => {
            let words = vec![ChoiceOption::new(1, "Yes"), ChoiceOption::new(0, "No")];
            ChoiceSource::Local(ChoiceSet { options: words, ..local(table, column, &ChoiceElement::default()) })
        }
    }
}

/// A local choice; its identity and name are given by the definitions.
fn local(table: &str, column: &ColumnElement, element: &ChoiceElement) -> ChoiceSet {
    let name = format!("{table}_{}", column.logical_name.to_ascii_lowercase());
    ChoiceSet {
        id: Uuid::nil(),
        name: LogicalName::from(name.as_str()),
        schema_name: SchemaName::from(name),
        display_name: label(&element.labels),
        description: label(&element.descriptions),
        options: options(element),
        global: false,
        custom: true,
        managed: false,
        customizable: CUSTOMIZABLE_DEFAULT,
        introduced_version: String::new(),
    }
}

fn local_element(column: &ColumnElement) -> Option<&ChoiceElement> {
    match &column.choice {
        Some(FileChoice::Local(element)) => Some(element),
        Some(FileChoice::Shared(_)) | None => None,
    }
}

/// States of the package (SOL-8).
fn states(column: &ColumnElement) -> StateColumn {
    let items = local_element(column).map_or(&[][..], |element| &element.options);
    let state = |item: &driftless_solution_file::ChoiceOption| {
        let own = option(item);
        let invariant_name = item.invariant_name.clone().or_else(|| own.label.text(driftless_model::ENGLISH).map(str::to_owned)).unwrap_or_default();
        StateOption { option: own, default_status: item.default_status.unwrap_or_default(), invariant_name }
    };
    StateColumn { states: items.iter().map(state).collect() }
}

/// Statuses of the package (SOL-8).
fn statuses(column: &ColumnElement) -> StatusColumn {
    let items = local_element(column).map_or(&[][..], |element| &element.options);
    let status =
        |item: &driftless_solution_file::ChoiceOption| StatusOption { option: option(item), state: item.state.unwrap_or_default(), transitions: Vec::new() };
    StatusColumn { statuses: items.iter().map(status).collect() }
}

#[cfg(test)]
mod tests {
    use driftless_solution_file::Properties;

    use super::*;

    fn column(column_type: FileType) -> ColumnElement {
        ColumnElement { schema_name: "new_X".into(), logical_name: "new_x".into(), column_type, ..ColumnElement::default() }
    }

    #[test] // SOL-6, MD-21
    fn limits_are_read_and_kept_within_bounds() {
        let money =
            ColumnElement { min_value: Some("-922337203685477.0000".into()), max_value: Some("12.5".into()), precision: Some(9), ..column(FileType::Money) };
        let ColumnType::Money(money) = kind("new_t", &money).unwrap().unwrap() else { panic!("money") };
        assert_eq!((money.min, money.max, money.precision), (MONEY_MIN, 125_000, 4));
        let whole = ColumnElement { max_value: Some("ten".into()), ..column(FileType::WholeNumber) };
        assert_eq!(kind("new_t", &whole).unwrap_err().code().number(), 0x8004_8033);
        let memo = ColumnElement { max_length: Some(1_073_741_823), ..column(FileType::Memo) };
        assert!(matches!(kind("new_t", &memo).unwrap(), Some(ColumnType::Memo(TextColumn { max_length: MEMO_MAX, .. }))));
    }

    #[test] // MD-20
    fn types_that_are_not_here_are_none() {
        for unknown in [FileType::PartyList, FileType::Virtual, FileType::Other("blob".into())] {
            assert_eq!(kind("new_t", &column(unknown)).unwrap(), None);
        }
    }

    #[test] // MD-20
    fn files_and_images_have_their_limits() {
        let setting = |name: &str, text: &str| [(name.to_owned(), text.to_owned())].into();
        let properties = Properties { settings: setting("MaxSizeInKB", "99999999999"), ..Properties::default() };
        assert_eq!(kind("new_t", &ColumnElement { properties, ..column(FileType::File) }).unwrap_err().code().number(), 0x8004_8033);
        let properties =
            Properties { settings: setting("MaxSizeInKB", "99999999"), flags: [("CanStoreFullImage".to_owned(), true)].into(), ..Properties::default() };
        let image = kind("new_t", &ColumnElement { properties, ..column(FileType::Image) }).unwrap();
        assert_eq!(image, Some(ColumnType::Image(ImageColumn { max_kib: 30_720, full: true, primary: false })));
        assert_eq!(kind("new_t", &column(FileType::File)).unwrap(), Some(ColumnType::File(FileColumn { max_kib: 32_768 })));
    }

    #[test] // MD-16, MD-24
    fn columns_that_follow_from_others_are_told_apart() {
        assert!(SYSTEM.is_sorted());
        let named = |name: &str, kind| ColumnElement { logical_name: name.into(), ..column(kind) };
        let all = [named("new_price", FileType::Money), named("new_price_base", FileType::Money), named("new_base", FileType::Text)];
        assert_eq!(all.iter().map(|column| is_derived(column, &all)).collect::<Vec<_>>(), [false, true, false]);
        let all = [
            named("new_bill", FileType::File),
            named("new_bill_name", FileType::Text),
            named("new_photo", FileType::Image),
            named("new_photoid", FileType::UniqueIdentifier),
            named("new_photo_url", FileType::Text),
            named("new_photo_name", FileType::Text),
        ];
        assert_eq!(all.iter().map(|column| is_derived(column, &all)).collect::<Vec<_>>(), [false, true, false, true, true, false]);
    }
}
