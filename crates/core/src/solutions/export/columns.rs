//! Columns of a package (SOL-6, SOL-7): the way back of `plan/columns.rs`.

use std::collections::BTreeSet;

use driftless_model::{
    ChoiceSource, Column, ColumnType, DateBehavior, DateFormat, IntegerFormat, LogicalName, LookupKind, PrecisionSource, RequiredLevel, Table, TextFormat,
    money_to_decimal,
};
use driftless_solution_file::{
    ChoiceKind, ChoiceSource as FileChoice, ColumnElement, ColumnType as FileType, LookupTarget, Properties, RequiredLevel as FileLevel,
};

use super::{choices, flags, labels};

/// Columns of every table that packages do not list (MD-16).
const UNLISTED: [&str; 4] = ["owningbusinessunit", "owningteam", "owninguser", "versionnumber"];
/// Default value of a choice that has none.
const NO_DEFAULT: i32 = -1;

/// True for a column of the service that a whole table's element lists (MD-15).
pub(super) fn is_listed(column: &Column) -> bool {
    !column.custom && column.attribute_of.is_none() && column.is_stored() && !UNLISTED.contains(&column.name.as_str())
}

/// The element of a column; none for one that packages have no word for.
pub(super) fn element(table: &Table, column: &Column) -> Option<ColumnElement> {
    let element = ColumnElement {
        schema_name: column.schema_name.to_string(),
        logical_name: column.name.to_string(),
        required_level: Some(level(column.required)),
        display_mask: mask(table, column),
        introduced_version: Some(column.introduced_version.clone()),
        labels: labels(&column.display_name),
        descriptions: labels(&column.description),
        properties: properties(column),
        ..ColumnElement::default()
    };
    typed(table, column, element)
}

fn properties(column: &Column) -> Properties {
    flags([
        ("ValidForCreateApi", column.valid.create),
        ("ValidForReadApi", column.valid.read),
        ("ValidForUpdateApi", column.valid.update),
        ("IsCustomField", column.custom),
        ("IsCustomizable", column.customizable),
        ("IsSecured", column.secured),
    ])
}

/// What the type says. Every type has its arm, so that a new one is not forgotten.
fn typed(table: &Table, column: &Column, element: ColumnElement) -> Option<ColumnElement> {
    let plain = |column_type| ColumnElement { column_type, ..element.clone() };
    Some(match &column.kind {
        ColumnType::Text(text) => text_of(plain(FileType::Text), text.format, text.max_length),
        ColumnType::Memo(text) => text_of(plain(FileType::Memo), text.format, text.max_length),
        ColumnType::Integer(number) => {
            ColumnElement { format: integer_format(number.format).map(str::to_owned), ..limited(plain(FileType::WholeNumber), &number.min, &number.max) }
        }
        ColumnType::BigInt => plain(FileType::BigInteger),
        ColumnType::Decimal(number) => {
            ColumnElement { precision: Some(i32::from(number.precision)), ..limited(plain(FileType::Decimal), &number.min, &number.max) }
        }
        ColumnType::Float(number) => {
            ColumnElement { precision: Some(i32::from(number.precision)), ..limited(plain(FileType::Float), &number.min, &number.max) }
        }
        ColumnType::Money(money) => ColumnElement {
            precision: Some(i32::from(money.precision)),
            precision_source: Some(match money.source {
                PrecisionSource::Column => 0,
                PrecisionSource::Organization => 1,
                PrecisionSource::Currency => 2,
            }),
            ..limited(plain(FileType::Money), &money_to_decimal(money.min), &money_to_decimal(money.max))
        },
        ColumnType::Boolean(boolean) => ColumnElement {
            default_value: boolean.default.map(i32::from),
            choice: Some(choice(&boolean.choice, ChoiceKind::Boolean)),
            ..plain(FileType::Boolean)
        },
        ColumnType::Choice(column) => ColumnElement {
            default_value: Some(column.default.unwrap_or(NO_DEFAULT)),
            choice: Some(choice(&column.choice, ChoiceKind::Choice)),
            ..plain(FileType::Choice)
        },
        ColumnType::Choices(column) => ColumnElement {
            default_value: Some(column.default.unwrap_or(NO_DEFAULT)),
            choice: Some(choice(&column.choice, ChoiceKind::Choice)),
            ..plain(FileType::Choices)
        },
        ColumnType::State(states) => {
            ColumnElement { choice: Some(FileChoice::Local(Box::new(choices::states(table.name(), states)))), ..plain(FileType::State) }
        }
        ColumnType::Status(statuses) => {
            ColumnElement { choice: Some(FileChoice::Local(Box::new(choices::statuses(table.name(), statuses)))), ..plain(FileType::Status) }
        }
        ColumnType::DateTime(date) => ColumnElement {
            format: Some(if date.format == DateFormat::DateOnly { "date" } else { "datetime" }.to_owned()),
            behavior: Some(match date.behavior {
                DateBehavior::UserLocal => 1,
                DateBehavior::DateOnly => 2,
                DateBehavior::TimeZoneIndependent => 3,
            }),
            ..plain(FileType::DateTime)
        },
        ColumnType::Lookup(lookup) => ColumnElement {
            lookup_style: Some("single".to_owned()),
            lookup_targets: targets(&lookup.targets),
            ..plain(match lookup.kind {
                LookupKind::Plain => FileType::Lookup,
                LookupKind::Customer => FileType::Customer,
                LookupKind::Owner => FileType::Owner,
            })
        },
        ColumnType::UniqueId { primary: true } => plain(FileType::PrimaryKey),
        ColumnType::UniqueId { primary: false } => plain(FileType::UniqueIdentifier),
        ColumnType::File(file) => sized(plain(FileType::File), file.max_kib, &[]),
        ColumnType::Image(image) => sized(plain(FileType::Image), image.max_kib, &[("CanStoreFullImage", image.full), ("IsPrimaryImage", image.primary)]),
        ColumnType::EntityName | ColumnType::ManagedProperty | ColumnType::Virtual => return None,
    })
}

fn text_of(element: ColumnElement, format: TextFormat, most: u32) -> ColumnElement {
    // Lengths beyond the format's numbers do not occur: the longest memo has 2^30 characters.
    let characters = i32::try_from(most).unwrap_or(i32::MAX);
    ColumnElement { format: Some(text_format(format).to_owned()), max_length: Some(characters), length_bytes: Some(characters.saturating_mul(2)), ..element }
}

fn limited(element: ColumnElement, min: &impl ToString, max: &impl ToString) -> ColumnElement {
    ColumnElement { min_value: Some(min.to_string()), max_value: Some(max.to_string()), ..element }
}

/// A column whose bytes are kept beside the rows.
fn sized(mut element: ColumnElement, max_kib: u32, flags: &[(&str, bool)]) -> ColumnElement {
    element.properties.settings.insert("MaxSizeInKB".to_owned(), max_kib.to_string());
    element.properties.flags.extend(flags.iter().map(|(name, flag)| ((*name).to_owned(), *flag)));
    element
}

fn choice(source: &ChoiceSource, kind: ChoiceKind) -> FileChoice {
    match source {
        ChoiceSource::Global(name) => FileChoice::Shared(name.to_string()),
        ChoiceSource::Local(set) => FileChoice::Local(Box::new(choices::local(set, kind))),
    }
}

fn targets(tables: &[LogicalName]) -> Vec<LookupTarget> {
    let names: BTreeSet<_> = tables.iter().collect();
    names.into_iter().map(|table| LookupTarget { id: None, table: table.to_string() }).collect()
}

/// The words of a display mask: where the column may be shown, and whether it names the rows (SOL-6).
fn mask(table: &Table, column: &Column) -> Vec<String> {
    let mut words = vec!["ValidForAdvancedFind", "ValidForForm", "ValidForGrid"];
    if table.def.primary_name.as_ref() == Some(&column.name) {
        words.insert(0, "PrimaryName");
    }
    words.into_iter().map(str::to_owned).collect()
}

/// The level's word.
pub(super) fn level(level: RequiredLevel) -> FileLevel {
    match level {
        RequiredLevel::None => FileLevel::Optional,
        RequiredLevel::Recommended => FileLevel::Recommended,
        RequiredLevel::Application => FileLevel::ApplicationRequired,
        RequiredLevel::System => FileLevel::SystemRequired,
    }
}

fn text_format(format: TextFormat) -> &'static str {
    match format {
        TextFormat::Text => "text",
        TextFormat::TextArea => "textarea",
        TextFormat::Email => "email",
        TextFormat::Url => "url",
        TextFormat::Phone => "phone",
        TextFormat::TickerSymbol => "tickersymbol",
        TextFormat::PhoneticGuide => "phoneticguide",
        TextFormat::VersionNumber => "versionnumber",
        TextFormat::Json => "json",
        TextFormat::RichText => "richtext",
    }
}

fn integer_format(format: IntegerFormat) -> Option<&'static str> {
    match format {
        IntegerFormat::None => None,
        IntegerFormat::Duration => Some("duration"),
        IntegerFormat::TimeZone => Some("timezone"),
        IntegerFormat::Language => Some("language"),
        IntegerFormat::Locale => Some("locale"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // MD-16
    fn names_that_are_not_listed_are_in_order() {
        assert!(UNLISTED.is_sorted());
    }
}
