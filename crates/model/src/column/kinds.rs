//! What each column type says about its values (MD-20 to MD-25).

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{ChoiceSource, LogicalName, StateOption, StatusOption};

/// Format of a text; formats do not reject data (MD-21).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TextFormat {
    /// Plain.
    #[default]
    Text,
    /// Several lines.
    TextArea,
    /// Mail address.
    Email,
    /// Address of a page.
    Url,
    /// Telephone number.
    Phone,
    /// Stock symbol.
    TickerSymbol,
    /// Reading aid for another script.
    PhoneticGuide,
    /// Number of a software version.
    VersionNumber,
    /// JSON.
    Json,
    /// Rich text.
    RichText,
}

/// Text: one line (1 to 4,000 characters) or memo (up to 1,048,576; built-in ones up to 1,073,741,823).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextColumn {
    /// Most characters.
    pub max_length: u32,
    /// How it is shown.
    pub format: TextFormat,
}

/// Format of a whole number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum IntegerFormat {
    /// Plain.
    #[default]
    None,
    /// Minutes.
    Duration,
    /// A time zone's number.
    TimeZone,
    /// A language code.
    Language,
    /// A locale.
    Locale,
}

/// Whole number of 32 bits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegerColumn {
    /// Smallest value.
    pub min: i32,
    /// Largest value.
    pub max: i32,
    /// How it is shown.
    pub format: IntegerFormat,
}

/// Exact decimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecimalColumn {
    /// Smallest value.
    pub min: Decimal,
    /// Largest value.
    pub max: Decimal,
    /// Digits after the point, 0 to 10.
    pub precision: u8,
}

/// Floating point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FloatColumn {
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Digits after the point, 0 to 5.
    pub precision: u8,
}

/// Where the precision of money comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PrecisionSource {
    /// The column.
    #[default]
    Column,
    /// The organization's pricing precision.
    Organization,
    /// The row's currency.
    Currency,
}

/// Money, in ten-thousandths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyColumn {
    /// Smallest value, in ten-thousandths.
    pub min: i64,
    /// Largest value, in ten-thousandths.
    pub max: i64,
    /// Digits after the point, 0 to 4.
    pub precision: u8,
    /// Where the precision comes from.
    pub source: PrecisionSource,
    /// The column holds the value in the base currency of the column that it belongs to (MD-24).
    pub is_base: bool,
}

/// Yes or no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BooleanColumn {
    /// Value of new rows.
    pub default: Option<bool>,
    /// Words for yes (1) and no (0).
    pub choice: ChoiceSource,
}

/// One or several of a set of options.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoiceColumn {
    /// The options.
    pub choice: ChoiceSource,
    /// Value of new rows.
    pub default: Option<i32>,
}

/// The state of rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateColumn {
    /// The states; the first is the one that new rows get.
    pub states: Vec<StateOption>,
}

/// The status of rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusColumn {
    /// The statuses.
    pub statuses: Vec<StatusOption>,
}

/// How a date and time is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DateFormat {
    /// The date alone.
    DateOnly,
    /// Date and time.
    #[default]
    DateAndTime,
}

/// What a date and time means (MD-23).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DateBehavior {
    /// An instant; shown in the user's zone.
    #[default]
    UserLocal,
    /// A date without time.
    DateOnly,
    /// A wall clock's reading.
    TimeZoneIndependent,
}

/// Date, or date and time, from 1753-01-01 to 9999-12-31.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateTimeColumn {
    /// How it is shown.
    pub format: DateFormat,
    /// What it means.
    pub behavior: DateBehavior,
}

/// The kinds of lookup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LookupKind {
    /// A row of the tables that the column names.
    #[default]
    Plain,
    /// An account or a contact.
    Customer,
    /// A user or a team.
    Owner,
}

/// A reference to a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookupColumn {
    /// Which kind.
    pub kind: LookupKind,
    /// Tables whose rows may be referred to. More than one makes the lookup polymorphic.
    pub targets: Vec<LogicalName>,
    /// Made for several tables, even if only one is listed.
    pub polymorphic: bool,
}

/// A file. Values are ids of files; the bytes are kept beside the rows, and the name in the column `<name>_name`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileColumn {
    /// Largest file in KiB: 1 to 10,485,760 (10 GiB).
    pub max_kib: u32,
}

impl FileColumn {
    /// Largest file in KiB where a definition does not say.
    pub const MAX_KIB_DEFAULT: u32 = 32_768;
    /// Largest file in KiB that a definition may allow.
    pub const MAX_KIB_MAX: u32 = 10_485_760;
}

/// An image. Values are thumbnails; the image itself is kept beside the rows. Its id, the moment of its last change and its address are in the columns
/// `<name>id`, `<name>_timestamp` and `<name>_url`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageColumn {
    /// Largest image in KiB: 1 to 30,720 (30 MiB).
    pub max_kib: u32,
    /// Images are kept as they were given; otherwise the thumbnail is all that is kept.
    pub full: bool,
    /// It is the table's primary image, the one that new rows may bring.
    pub primary: bool,
}

impl ImageColumn {
    /// Largest image in KiB where a definition does not say.
    pub const MAX_KIB_DEFAULT: u32 = 10_240;
    /// Largest image in KiB that a definition may allow.
    pub const MAX_KIB_MAX: u32 = 30_720;
}

impl LookupColumn {
    /// A lookup of rows of one table.
    pub fn of(table: impl Into<LogicalName>) -> Self {
        Self { kind: LookupKind::Plain, targets: vec![table.into()], polymorphic: false }
    }

    /// True if values need the table's number beside the id.
    pub fn is_polymorphic(&self) -> bool {
        self.polymorphic || self.targets.len() > 1
    }
}
