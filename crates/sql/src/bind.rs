//! Values as a statement takes them.

use std::borrow::Cow;

use driftless_model::{Result, Uuid, Value, decimal_to_order_bytes};

/// A statement: its text and the values of its `?`, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement<'a> {
    /// The text.
    pub text: String,
    /// The values.
    pub binds: Vec<Bind<'a>>,
}

/// One value of a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Bind<'a> {
    /// Null.
    Null,
    /// INTEGER.
    Int(i64),
    /// REAL.
    Real(f64),
    /// TEXT.
    Text(Cow<'a, str>),
    /// BLOB of 16 bytes: identifiers and decimals.
    Bytes([u8; 16]),
    /// BLOB of any length: an image.
    Blob(&'a [u8]),
}

impl From<Uuid> for Bind<'_> {
    fn from(id: Uuid) -> Self {
        Self::Bytes(*id.as_bytes())
    }
}

/// A value in its stored form. Of a reference this is the id alone.
///
/// # Errors
/// 0x80044330 for a decimal that has no stored form.
pub fn bind(value: &Value) -> Result<Bind<'_>> {
    Ok(match value {
        Value::Null => Bind::Null,
        Value::Bool(v) => Bind::Int(i64::from(*v)),
        Value::Int(v) => Bind::Int(i64::from(*v)),
        Value::BigInt(v) | Value::Money(v) | Value::DateTime(v) => Bind::Int(*v),
        Value::Date(v) => Bind::Int(i64::from(*v)),
        Value::Decimal(v) => Bind::Bytes(decimal_to_order_bytes(*v)?),
        // Adding zero turns the negative zero, which SQL does not tell from zero, into zero.
        Value::Float(v) => Bind::Real(*v + 0.0),
        Value::Text(v) => Bind::Text(Cow::Borrowed(v)),
        Value::Guid(id) => Bind::from(*id),
        Value::Ref(reference) => Bind::from(reference.id),
        Value::Bytes(bytes) => Bind::Blob(bytes),
        Value::Choices(chosen) => Bind::Text(Cow::Owned(Value::choices_text(chosen))),
    })
}
