//! What a column holds: a small closed set of shapes. Column types are twice as many; each names its shape and adds range, names and defaults.

use std::cmp::Ordering;

use rust_decimal::Decimal;
use uuid::Uuid;

use crate::{Reference, fold};

/// One value, owned.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Value {
    /// No value.
    Null,
    /// Yes or no.
    Bool(bool),
    /// Whole number of 32 bits: also choices, states and statuses.
    Int(i32),
    /// Whole number of 64 bits.
    BigInt(i64),
    /// Exact decimal, at most 10 digits after the point.
    Decimal(Decimal),
    /// Money, in ten-thousandths.
    Money(i64),
    /// Floating point.
    Float(f64),
    /// Text. Never empty: empty text is null (ADR 0015).
    Text(String),
    /// Unique identifier.
    Guid(Uuid),
    /// Seconds since 1970-01-01T00:00:00 UTC (or of the wall clock, for time-zone independent columns).
    DateTime(i64),
    /// Days since 1970-01-01.
    Date(i32),
    /// A row.
    Ref(Reference),
    /// Several choices, ascending, none twice.
    Choices(Vec<i32>),
    /// Bytes: an image.
    Bytes(Vec<u8>),
}

/// One value, borrowed from a statement or from a [`Value`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueRef<'a> {
    /// No value.
    Null,
    /// Yes or no.
    Bool(bool),
    /// Whole number of 32 bits.
    Int(i32),
    /// Whole number of 64 bits.
    BigInt(i64),
    /// Exact decimal.
    Decimal(Decimal),
    /// Money, in ten-thousandths.
    Money(i64),
    /// Floating point.
    Float(f64),
    /// Text.
    Text(&'a str),
    /// Unique identifier.
    Guid(Uuid),
    /// Seconds since 1970-01-01.
    DateTime(i64),
    /// Days since 1970-01-01.
    Date(i32),
    /// A row.
    Ref(Reference),
    /// Several choices, ascending, as the store keeps them: decimal numbers with commas between.
    Choices(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

impl Value {
    /// The value, borrowed. Several choices are given as null: they have no borrowed form but the stored text, see [`Value::choices_text`].
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Null | Self::Choices(_) => ValueRef::Null,
            Self::Bool(v) => ValueRef::Bool(*v),
            Self::Int(v) => ValueRef::Int(*v),
            Self::BigInt(v) => ValueRef::BigInt(*v),
            Self::Decimal(v) => ValueRef::Decimal(*v),
            Self::Money(v) => ValueRef::Money(*v),
            Self::Float(v) => ValueRef::Float(*v),
            Self::Text(v) => ValueRef::Text(v),
            Self::Guid(v) => ValueRef::Guid(*v),
            Self::DateTime(v) => ValueRef::DateTime(*v),
            Self::Date(v) => ValueRef::Date(*v),
            Self::Ref(v) => ValueRef::Ref(*v),
            Self::Bytes(v) => ValueRef::Bytes(v),
        }
    }

    /// True for null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Text as a value: empty text is null.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Null } else { Self::Text(text) }
    }

    /// Several choices as the store keeps them: `1,3`.
    pub fn choices_text(choices: &[i32]) -> String {
        choices.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
    }

    /// The id that a reference or a unique identifier holds.
    pub fn id(&self) -> Option<Uuid> {
        match self {
            Self::Guid(id) => Some(*id),
            Self::Ref(reference) => Some(reference.id),
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::BigInt(_)
            | Self::Decimal(_)
            | Self::Money(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::DateTime(_)
            | Self::Date(_)
            | Self::Choices(_)
            | Self::Bytes(_) => None,
        }
    }
}

impl ValueRef<'_> {
    /// The value, owned.
    pub fn to_owned(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(v) => Value::Bool(v),
            Self::Int(v) => Value::Int(v),
            Self::BigInt(v) => Value::BigInt(v),
            Self::Decimal(v) => Value::Decimal(v),
            Self::Money(v) => Value::Money(v),
            Self::Float(v) => Value::Float(v),
            Self::Text(v) => Value::Text(v.to_owned()),
            Self::Guid(v) => Value::Guid(v),
            Self::DateTime(v) => Value::DateTime(v),
            Self::Date(v) => Value::Date(v),
            Self::Ref(v) => Value::Ref(v),
            Self::Choices(v) => Value::Choices(v.split(',').filter_map(|n| n.parse().ok()).collect()),
            Self::Bytes(v) => Value::Bytes(v.to_vec()),
        }
    }

    /// The id that a reference or a unique identifier holds.
    pub fn id(self) -> Option<Uuid> {
        match self {
            Self::Guid(id) => Some(id),
            Self::Ref(reference) => Some(reference.id),
            _ => None,
        }
    }
}

/// The order that every store and the reference evaluator use: null first, text by [`fold`], references by id; unequal shapes by shape.
impl Value {
    /// Compares as `=`, order and unique indexes do (ADR 0015).
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::BigInt(a), Self::BigInt(b)) | (Self::Money(a), Self::Money(b)) | (Self::DateTime(a), Self::DateTime(b)) => a.cmp(b),
            (Self::Decimal(a), Self::Decimal(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => fold::compare(a, b),
            (Self::Guid(a), Self::Guid(b)) => a.cmp(b),
            (Self::Date(a), Self::Date(b)) => a.cmp(b),
            (Self::Ref(a), Self::Ref(b)) => a.id.cmp(&b.id),
            (Self::Guid(a), Self::Ref(b)) => a.cmp(&b.id),
            (Self::Ref(a), Self::Guid(b)) => a.id.cmp(b),
            // As the stored texts: the engine orders by what it keeps.
            (Self::Choices(a), Self::Choices(b)) => Self::choices_text(a).cmp(&Self::choices_text(b)),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Int(_) => 2,
            Self::BigInt(_) => 3,
            Self::Decimal(_) => 4,
            Self::Money(_) => 5,
            Self::Float(_) => 6,
            Self::Text(_) => 7,
            Self::Guid(_) | Self::Ref(_) => 8,
            Self::DateTime(_) => 9,
            Self::Date(_) => 10,
            Self::Choices(_) => 11,
            Self::Bytes(_) => 12,
        }
    }
}
