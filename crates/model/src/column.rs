//! Columns: what they are called, what they hold and who may set them.
//!
//! A [`ColumnType`] names its [`Shape`], the form in which values travel and are stored; checks of values against a type are one function,
//! [`Column::check`], so that both doors, imports and jobs refuse the same things.

mod check;
mod kinds;

pub use kinds::{
    BooleanColumn, ChoiceColumn, DateBehavior, DateFormat, DateTimeColumn, DecimalColumn, FileColumn, FloatColumn, ImageColumn, IntegerColumn, IntegerFormat,
    LookupColumn, LookupKind, MoneyColumn, PrecisionSource, StateColumn, StatusColumn, TextColumn, TextFormat,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Label, LogicalName, SchemaName};

/// A column's place in its table's list of columns. Valid for one metadata snapshot only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnIx(pub u16);

impl ColumnIx {
    /// The place as an index into `Table::columns`.
    pub fn at(self) -> usize {
        usize::from(self.0)
    }
}

/// The form of a column's values, and how a store keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// 0 or 1.
    Bool,
    /// 32-bit integer.
    Int,
    /// 64-bit integer.
    BigInt,
    /// Exact decimal, 16 bytes in order-preserving form.
    Decimal,
    /// 64-bit integer, ten-thousandths.
    Money,
    /// Floating point.
    Float,
    /// Text, compared by `fold`.
    Text,
    /// Unique identifier, 16 bytes.
    Guid,
    /// Seconds since 1970-01-01, 64-bit integer.
    DateTime,
    /// Days since 1970-01-01, 32-bit integer.
    Date,
    /// Id of a row of the one table that the column refers to.
    Lookup,
    /// Id of a row and, in a second stored column `<name>__t`, the number of its table.
    PolyLookup,
    /// Several choices as text.
    Choices,
    /// Bytes, at most some tens of thousands: a thumbnail.
    Bytes,
    /// Not stored: names that the original derives, such as `createdbyname`.
    None,
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ColumnType {
    /// One line of text.
    Text(TextColumn),
    /// Long text.
    Memo(TextColumn),
    /// Whole number.
    Integer(IntegerColumn),
    /// 64-bit whole number.
    BigInt,
    /// Exact decimal.
    Decimal(DecimalColumn),
    /// Floating point.
    Float(FloatColumn),
    /// Money.
    Money(MoneyColumn),
    /// Yes or no.
    Boolean(BooleanColumn),
    /// One of several options.
    Choice(ChoiceColumn),
    /// Any of several options.
    Choices(ChoiceColumn),
    /// The table's state.
    State(StateColumn),
    /// The table's status.
    Status(StatusColumn),
    /// Date, or date and time.
    DateTime(DateTimeColumn),
    /// A row of one or several tables; also customer and owner.
    Lookup(LookupColumn),
    /// Unique identifier; the table's primary id has `primary` set.
    UniqueId {
        /// The table's primary id.
        primary: bool,
    },
    /// A file, as its id.
    File(FileColumn),
    /// An image, as its thumbnail.
    Image(ImageColumn),
    /// Logical name of a table.
    EntityName,
    /// A setting of a component (`iscustomizable`), a yes/no that only solutions change.
    ManagedProperty,
    /// Listed in definitions, neither stored nor readable as data.
    Virtual,
}

/// Whether a value must be there (MD-22). Only `System` is enforced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequiredLevel {
    /// No.
    #[default]
    None,
    /// Enforced by the service.
    System,
    /// User interfaces ask for it.
    Application,
    /// User interfaces recommend it.
    Recommended,
}

/// In which operations a value of the column is taken; elsewhere it is ignored (UP-21).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validity {
    /// In create.
    pub create: bool,
    /// In read; otherwise null is answered.
    pub read: bool,
    /// In update.
    pub update: bool,
}

impl Validity {
    /// Taken everywhere.
    pub const ALL: Self = Self { create: true, read: true, update: true };
    /// Set by the service.
    pub const READ_ONLY: Self = Self { create: false, read: true, update: false };
    /// Set once, at create.
    pub const CREATE_ONLY: Self = Self { create: true, read: true, update: false };
}

/// What the service itself does with a column (MD-15, MD-16), found by its name when a table is put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnRole {
    /// Nothing special.
    Plain,
    /// The primary id.
    PrimaryId,
    /// `versionnumber`.
    Version,
    /// `createdon`.
    CreatedOn,
    /// `createdby`.
    CreatedBy,
    /// `createdonbehalfby`.
    CreatedOnBehalfBy,
    /// `modifiedon`.
    ModifiedOn,
    /// `modifiedby`.
    ModifiedBy,
    /// `modifiedonbehalfby`.
    ModifiedOnBehalfBy,
    /// `overriddencreatedon` (MD-17).
    OverriddenCreatedOn,
    /// `ownerid` (SU-14).
    Owner,
    /// `owninguser`.
    OwningUser,
    /// `owningteam`.
    OwningTeam,
    /// `owningbusinessunit`.
    OwningBusinessUnit,
    /// `organizationid`.
    Organization,
    /// `statecode`.
    State,
    /// `statuscode`.
    Status,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Stable identity (MD-8).
    pub id: Uuid,
    /// Unique name on the table.
    pub name: LogicalName,
    /// The name with its letters' case kept.
    pub schema_name: SchemaName,
    /// What it holds.
    pub kind: ColumnType,
    /// Whether a value must be there.
    pub required: RequiredLevel,
    /// In which operations a value is taken.
    pub valid: Validity,
    /// What people read.
    pub display_name: Label,
    /// More words for people.
    #[serde(default, skip_serializing_if = "Label::is_empty")]
    pub description: Label,
    /// Name inside the store; a deleted column's name is not used again (ADR 0002).
    pub physical: String,
    /// Number of the column on its table, in order of creation.
    pub number: u16,
    /// The column that this one belongs to: `createdby` for `createdbyname`, `revenue` for `revenue_base`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute_of: Option<LogicalName>,
    /// Made by a customizer, not built in.
    pub custom: bool,
    /// Came with a managed solution.
    pub managed: bool,
    /// May be changed by customizers.
    pub customizable: bool,
    /// Readable through a field security profile only.
    pub secured: bool,
    /// Version of the solution that brought it.
    pub introduced_version: String,
}

impl Column {
    /// True if the column's times are those of a clock wherever it hangs: stored as given, whatever offset is written with them (MD-23).
    pub fn is_wall_time(&self) -> bool {
        matches!(&self.kind, ColumnType::DateTime(kind) if kind.behavior == DateBehavior::TimeZoneIndependent)
    }

    /// The form of the column's values.
    pub fn shape(&self) -> Shape {
        match &self.kind {
            ColumnType::Text(_) | ColumnType::Memo(_) | ColumnType::EntityName => Shape::Text,
            ColumnType::Integer(_) | ColumnType::Choice(_) | ColumnType::State(_) | ColumnType::Status(_) => Shape::Int,
            ColumnType::BigInt => Shape::BigInt,
            ColumnType::Decimal(_) => Shape::Decimal,
            ColumnType::Float(_) => Shape::Float,
            ColumnType::Money(_) => Shape::Money,
            ColumnType::Boolean(_) | ColumnType::ManagedProperty => Shape::Bool,
            ColumnType::Choices(_) => Shape::Choices,
            ColumnType::DateTime(kind) if kind.behavior == DateBehavior::DateOnly => Shape::Date,
            ColumnType::DateTime(_) => Shape::DateTime,
            ColumnType::Lookup(kind) if kind.is_polymorphic() => Shape::PolyLookup,
            ColumnType::Lookup(_) => Shape::Lookup,
            ColumnType::UniqueId { .. } | ColumnType::File(_) => Shape::Guid,
            ColumnType::Image(_) => Shape::Bytes,
            ColumnType::Virtual => Shape::None,
        }
    }

    /// True if the store keeps values of it.
    pub fn is_stored(&self) -> bool {
        self.shape() != Shape::None
    }

    /// The lookup that the column is, if it is one.
    pub fn lookup(&self) -> Option<&LookupColumn> {
        match &self.kind {
            ColumnType::Lookup(kind) => Some(kind),
            _ => None,
        }
    }
}
