//! Statements that write one row. A row is found by its id once and then addressed by its rowid, which costs less than finding it twice.

use driftless_model::{ColumnIx, Error, Result, Shape, Table, Uuid, Value, Version};

use crate::name::{push_quoted, type_column};
use crate::{Bind, Statement, bind};

/// SQLite's own name for the rowid that no column of ours can have: names begin with a letter.
pub(crate) const ROWID: &str = "_rowid_";

/// Adds a row.
///
/// # Errors
/// 0x80040216 when a value does not fit its column.
pub fn insert<'a>(table: &Table, id: Uuid, version: Version, cells: &'a [(ColumnIx, Value)]) -> Result<Statement<'a>> {
    let mut text = String::with_capacity(64 + cells.len() * 24);
    let mut binds = Vec::with_capacity(cells.len() + 4);
    text.push_str("INSERT INTO ");
    push_quoted(&mut text, &table.def.physical);
    text.push('(');
    push_quoted(&mut text, &table.column(table.id).physical);
    text.push(',');
    push_quoted(&mut text, &table.column(table.row_version).physical);
    binds.push(Bind::from(id));
    binds.push(Bind::Int(version.0));
    for (ix, value) in cells {
        push_cell(table, *ix, value, &mut binds, &mut |name| {
            text.push(',');
            push_quoted(&mut text, name);
        })?;
    }
    text.push_str(") VALUES(?");
    for _ in 1..binds.len() {
        text.push_str(",?");
    }
    text.push(')');
    Ok(Statement { text, binds })
}

/// Changes the row with this rowid.
///
/// # Errors
/// 0x80040216 when a value does not fit its column.
pub fn update<'a>(table: &Table, rowid: i64, version: Version, cells: &'a [(ColumnIx, Value)]) -> Result<Statement<'a>> {
    let mut text = String::with_capacity(64 + cells.len() * 24);
    let mut binds = Vec::with_capacity(cells.len() + 4);
    text.push_str("UPDATE ");
    push_quoted(&mut text, &table.def.physical);
    text.push_str(" SET ");
    push_quoted(&mut text, &table.column(table.row_version).physical);
    text.push_str("=?");
    binds.push(Bind::Int(version.0));
    for (ix, value) in cells {
        push_cell(table, *ix, value, &mut binds, &mut |name| {
            text.push(',');
            push_quoted(&mut text, name);
            text.push_str("=?");
        })?;
    }
    text.push_str(" WHERE ");
    text.push_str(ROWID);
    text.push_str("=?");
    binds.push(Bind::Int(rowid));
    Ok(Statement { text, binds })
}

/// Rowid and version of the row with the id that is bound.
pub fn locate(table: &Table) -> String {
    let mut text = String::with_capacity(96);
    text.push_str("SELECT ");
    text.push_str(ROWID);
    text.push(',');
    push_quoted(&mut text, &table.column(table.row_version).physical);
    text.push_str(" FROM ");
    push_quoted(&mut text, &table.def.physical);
    text.push_str(" WHERE ");
    push_quoted(&mut text, &table.column(table.id).physical);
    text.push_str("=?");
    text
}

/// Removes the row with the rowid that is bound.
pub fn delete(table: &Table) -> String {
    let mut text = String::with_capacity(64);
    text.push_str("DELETE FROM ");
    push_quoted(&mut text, &table.def.physical);
    text.push_str(" WHERE ");
    text.push_str(ROWID);
    text.push_str("=?");
    text
}

/// Adds the values of one column and tells the names of its physical columns.
fn push_cell<'a>(table: &Table, ix: ColumnIx, value: &'a Value, binds: &mut Vec<Bind<'a>>, name: &mut dyn FnMut(&str)) -> Result<()> {
    let column = table.column(ix);
    let misfit = || Error::damaged(format!("a value does not fit the column '{}' of '{}'", column.name, table.name()));
    name(&column.physical);
    match (column.shape(), value) {
        (Shape::PolyLookup, Value::Ref(reference)) => {
            name(&type_column(column));
            binds.push(Bind::from(reference.id));
            binds.push(Bind::Int(i64::from(reference.table.0)));
        }
        (Shape::PolyLookup, Value::Null) => {
            name(&type_column(column));
            binds.extend([Bind::Null, Bind::Null]);
        }
        (Shape::PolyLookup | Shape::None, _) => return Err(misfit()),
        (shape, value) if fits(shape, value) => binds.push(bind(value)?),
        _ => return Err(misfit()),
    }
    Ok(())
}

fn fits(shape: Shape, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) => shape == Shape::Bool,
        Value::Int(_) => shape == Shape::Int,
        Value::BigInt(_) => shape == Shape::BigInt,
        Value::Decimal(_) => shape == Shape::Decimal,
        Value::Money(_) => shape == Shape::Money,
        Value::Float(number) => shape == Shape::Float && number.is_finite(),
        Value::Text(_) => shape == Shape::Text,
        Value::Guid(_) => shape == Shape::Guid,
        Value::DateTime(_) => shape == Shape::DateTime,
        Value::Date(_) => shape == Shape::Date,
        Value::Ref(_) => shape == Shape::Lookup,
        Value::Choices(_) => shape == Shape::Choices,
        Value::Bytes(_) => shape == Shape::Bytes,
    }
}
