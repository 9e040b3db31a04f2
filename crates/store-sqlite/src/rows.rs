//! Rows straight from a statement's columns.

use std::cell::Cell;

use driftless_model::{Reference, Shape, TableCode, Uuid, ValueRef, decimal_from_order_bytes};
use driftless_query::RowView;
use driftless_sql::{Bind, Slot, Statement};
use rusqlite::types::{ToSqlOutput, ValueRef as SqlValue};
use rusqlite::{CachedStatement, Connection, Row, ToSql};

/// One row of a statement, read where it lies.
pub(crate) struct StatementRow<'r, 's> {
    row: &'r Row<'s>,
    slots: &'r [Slot],
    damaged: Cell<bool>,
}

impl<'r, 's> StatementRow<'r, 's> {
    pub(crate) fn new(row: &'r Row<'s>, slots: &'r [Slot]) -> Self {
        Self { row, slots, damaged: Cell::new(false) }
    }

    /// True if a value was asked for that is not of its column's shape.
    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged.get()
    }

    fn decode(&self, slot: &Slot) -> Option<ValueRef<'_>> {
        let value = self.row.get_ref(slot.at).ok()?;
        Some(match (slot.shape, value) {
            (_, SqlValue::Null) => ValueRef::Null,
            (Shape::Text, SqlValue::Text(text)) => ValueRef::Text(std::str::from_utf8(text).ok()?),
            (Shape::Choices, SqlValue::Text(text)) => ValueRef::Choices(std::str::from_utf8(text).ok()?),
            (Shape::Bytes, SqlValue::Blob(bytes)) => ValueRef::Bytes(bytes),
            (Shape::Guid, SqlValue::Blob(id)) => ValueRef::Guid(uuid(id)?),
            (Shape::Lookup, SqlValue::Blob(id)) => ValueRef::Ref(Reference { table: slot.table, id: uuid(id)? }),
            (Shape::PolyLookup, SqlValue::Blob(id)) => match self.row.get_ref(slot.at + 1).ok()? {
                SqlValue::Integer(code) => ValueRef::Ref(Reference { table: TableCode(i32::try_from(code).ok()?), id: uuid(id)? }),
                _ => return None,
            },
            (Shape::BigInt, SqlValue::Integer(number)) => ValueRef::BigInt(number),
            (Shape::Int, SqlValue::Integer(number)) => ValueRef::Int(i32::try_from(number).ok()?),
            (Shape::DateTime, SqlValue::Integer(seconds)) => ValueRef::DateTime(seconds),
            (Shape::Date, SqlValue::Integer(days)) => ValueRef::Date(i32::try_from(days).ok()?),
            (Shape::Bool, SqlValue::Integer(number)) => ValueRef::Bool(number != 0),
            (Shape::Money, SqlValue::Integer(units)) => ValueRef::Money(units),
            (Shape::Float, SqlValue::Real(number)) => ValueRef::Float(number),
            (Shape::Decimal, SqlValue::Blob(bytes)) => ValueRef::Decimal(decimal_from_order_bytes(bytes)?),
            _ => return None,
        })
    }
}

impl RowView for StatementRow<'_, '_> {
    fn get(&self, at: usize) -> ValueRef<'_> {
        let Some(slot) = self.slots.get(at) else {
            return ValueRef::Null;
        };
        self.decode(slot).unwrap_or_else(|| {
            self.damaged.set(true);
            ValueRef::Null
        })
    }
}

/// A stored identifier.
pub(crate) fn uuid(bytes: &[u8]) -> Option<Uuid> {
    Uuid::from_slice(bytes).ok()
}

/// The identifier in a column that must hold one.
pub(crate) fn uuid_at(row: &Row<'_>, at: usize) -> rusqlite::Result<Uuid> {
    let value = row.get_ref(at)?;
    match value {
        SqlValue::Blob(bytes) => uuid(bytes),
        _ => None,
    }
    .ok_or_else(|| rusqlite::Error::InvalidColumnType(at, "id".to_owned(), value.data_type()))
}

/// Prepares a statement, or takes it from those kept prepared, and binds its values.
pub(crate) fn prepare<'c>(conn: &'c Connection, statement: &Statement<'_>) -> rusqlite::Result<CachedStatement<'c>> {
    let mut prepared = conn.prepare_cached(&statement.text)?;
    for (at, bind) in statement.binds.iter().enumerate() {
        prepared.raw_bind_parameter(at + 1, Bound(bind))?;
    }
    Ok(prepared)
}

struct Bound<'b, 'a>(&'b Bind<'a>);

impl ToSql for Bound<'_, '_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Bind::Null => SqlValue::Null,
            Bind::Int(number) => SqlValue::Integer(*number),
            Bind::Real(number) => SqlValue::Real(*number),
            Bind::Text(text) => SqlValue::Text(text.as_bytes()),
            Bind::Bytes(bytes) => SqlValue::Blob(bytes),
            Bind::Blob(bytes) => SqlValue::Blob(bytes),
        }))
    }
}
