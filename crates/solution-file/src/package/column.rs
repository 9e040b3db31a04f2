//! `attribute`: one column of a table (SOL-6, SOL-7).

use super::choice::ChoiceSource;
use super::{Labels, Properties, spelling_of, value_of};

/// One column. What its type does not use is `None` or empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ColumnElement {
    /// `PhysicalName`: the schema name.
    pub schema_name: String,
    /// `LogicalName`, or `Name` or the schema name in its absence.
    pub logical_name: String,
    /// `Type`.
    pub column_type: ColumnType,
    /// `RequiredLevel`.
    pub required_level: Option<RequiredLevel>,
    /// `DisplayMask`, split at its bars.
    pub display_mask: Vec<String>,
    /// `ImeMode`.
    pub ime_mode: Option<String>,
    /// `IntroducedVersion`.
    pub introduced_version: Option<String>,
    /// `SourceType`: 0 simple, 1 calculated, 2 rollup.
    pub source_type: Option<i32>,
    /// `Format`, such as `text`, `email`, `date` or `datetime`.
    pub format: Option<String>,
    /// `MaxLength`, in characters.
    pub max_length: Option<i32>,
    /// `Length`, in bytes.
    pub length_bytes: Option<i32>,
    /// `MinValue`, a number as text: its type tells how to read it.
    pub min_value: Option<String>,
    /// `MaxValue`, a number as text.
    pub max_value: Option<String>,
    /// `Accuracy`: digits after the decimal point.
    pub precision: Option<i32>,
    /// `AccuracySource` of a money column: 0 column, 1 organization, 2 currency (MD-21).
    pub precision_source: Option<i32>,
    /// `Behavior` of a date: 1 user's time zone, 2 date only, 3 independent of the time zone
    /// (MD-23).
    pub behavior: Option<i32>,
    /// `LookupStyle`.
    pub lookup_style: Option<String>,
    /// `LookupTypes`: the tables that a lookup may point to. Often empty, since relationships say
    /// it too.
    pub lookup_targets: Vec<LookupTarget>,
    /// `ReferencedEntityObjectTypeCode`: number of the one table that a lookup points to.
    pub referenced_type_code: Option<i32>,
    /// `AutoNumberFormat`.
    pub auto_number_format: Option<String>,
    /// `optionset` or `OptionSetName`.
    pub choice: Option<ChoiceSource>,
    /// `AppDefaultValue`: value of the default option, -1 for none; 0 or 1 for yes/no.
    pub default_value: Option<i32>,
    /// `displaynames`.
    pub labels: Labels,
    /// `Descriptions`.
    pub descriptions: Labels,
    /// Anything else, such as the flags `ValidForCreateApi`, `ValidForUpdateApi`,
    /// `ValidForReadApi` (absent means no), `IsCustomField`, `IsSecured`, `IsLogical`.
    pub properties: Properties,
}

impl ColumnElement {
    /// True for the column that names the table's rows: its display mask says so (SOL-6).
    pub fn is_primary_name(&self) -> bool {
        self.display_mask.iter().any(|word| word.eq_ignore_ascii_case("PrimaryName"))
    }
}

/// A table that a lookup may point to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LookupTarget {
    /// Attribute `id`; as written.
    pub id: Option<String>,
    /// Name or object type code of the table.
    pub table: String,
}

/// Type of a column, by what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ColumnType {
    /// `nvarchar`.
    #[default]
    Text,
    /// `ntext`.
    Memo,
    /// `int`.
    WholeNumber,
    /// `bigint`.
    BigInteger,
    /// `decimal`.
    Decimal,
    /// `float`.
    Float,
    /// `money`.
    Money,
    /// `bit`.
    Boolean,
    /// `picklist`.
    Choice,
    /// `multiselectpicklist`.
    Choices,
    /// `datetime`.
    DateTime,
    /// `lookup`.
    Lookup,
    /// `customer`.
    Customer,
    /// `owner`.
    Owner,
    /// `partylist`.
    PartyList,
    /// `primarykey`.
    PrimaryKey,
    /// `uniqueidentifier`.
    UniqueIdentifier,
    /// `state`.
    State,
    /// `status`.
    Status,
    /// `image`.
    Image,
    /// `file`.
    File,
    /// `virtual`.
    Virtual,
    /// `managedproperty`.
    ManagedProperty,
    /// Any other text.
    Other(String),
}

const TYPES: &[(&str, ColumnType)] = &[
    ("nvarchar", ColumnType::Text),
    ("ntext", ColumnType::Memo),
    ("int", ColumnType::WholeNumber),
    ("bigint", ColumnType::BigInteger),
    ("decimal", ColumnType::Decimal),
    ("float", ColumnType::Float),
    ("money", ColumnType::Money),
    ("bit", ColumnType::Boolean),
    ("picklist", ColumnType::Choice),
    ("multiselectpicklist", ColumnType::Choices),
    ("datetime", ColumnType::DateTime),
    ("lookup", ColumnType::Lookup),
    ("customer", ColumnType::Customer),
    ("owner", ColumnType::Owner),
    ("partylist", ColumnType::PartyList),
    ("primarykey", ColumnType::PrimaryKey),
    ("uniqueidentifier", ColumnType::UniqueIdentifier),
    ("state", ColumnType::State),
    ("status", ColumnType::Status),
    ("image", ColumnType::Image),
    ("file", ColumnType::File),
    ("virtual", ColumnType::Virtual),
    ("managedproperty", ColumnType::ManagedProperty),
];

impl ColumnType {
    /// The type that a file's text stands for, upper and lower case taken as equal.
    pub fn parse(text: &str) -> Self {
        value_of(TYPES, text).unwrap_or_else(|| Self::Other(text.to_owned()))
    }

    /// The text of the type in a file.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(text) => text,
            known => spelling_of(TYPES, known).unwrap_or_default(),
        }
    }
}

/// Whether a column must have a value (MD-22).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RequiredLevel {
    /// `none`.
    #[default]
    Optional,
    /// `recommended`.
    Recommended,
    /// `required` or `applicationrequired`: forms ask for it, the service does not.
    ApplicationRequired,
    /// `systemrequired`.
    SystemRequired,
    /// Any other text.
    Other(String),
}

const LEVELS: &[(&str, RequiredLevel)] = &[
    ("none", RequiredLevel::Optional),
    ("recommended", RequiredLevel::Recommended),
    ("required", RequiredLevel::ApplicationRequired),
    ("applicationrequired", RequiredLevel::ApplicationRequired),
    ("systemrequired", RequiredLevel::SystemRequired),
];

impl RequiredLevel {
    /// The level that a file's text stands for, upper and lower case taken as equal.
    pub fn parse(text: &str) -> Self {
        value_of(LEVELS, text).unwrap_or_else(|| Self::Other(text.to_owned()))
    }

    /// The text of the level in a file.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(text) => text,
            known => spelling_of(LEVELS, known).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // SOL-7
    fn every_type_has_its_own_text() {
        for (text, column_type) in TYPES {
            assert_eq!(ColumnType::parse(&text.to_uppercase()), *column_type);
            assert_eq!(column_type.as_str(), *text);
        }
        assert_eq!(ColumnType::parse("blob").as_str(), "blob");
    }

    #[test] // MD-22
    fn both_spellings_of_required_are_one_level() {
        let level = RequiredLevel::parse("ApplicationRequired");
        assert_eq!(level, RequiredLevel::ApplicationRequired);
        assert_eq!(level.as_str(), "required");
    }

    #[test] // SOL-6
    fn the_display_mask_tells_the_primary_name() {
        let mut column = ColumnElement { display_mask: vec!["ValidForForm".to_owned(), "PrimaryName".to_owned()], ..ColumnElement::default() };
        assert!(column.is_primary_name());
        column.display_mask.pop();
        assert!(!column.is_primary_name());
    }
}
