//! Texts of rows in several languages: the text of the base language is the column's value, the others are rows of `localizedlabel`.

use std::sync::Arc;

use driftless_model::{ColumnIx, ENGLISH, Error, Label, Result, Table, Uuid, Value};
use driftless_query::{ResolvedCondition, ResolvedFilter};
use driftless_store::ReadTx;

use super::fields::FoundRow;
use super::{load, system, update};
use crate::context::WriteCx;
use crate::metadata::Snapshot;

const TABLE: &str = "localizedlabel";

/// The texts of a column of a row.
///
/// # Errors
/// Those of the store.
pub(crate) fn read(tx: &dyn ReadTx, snapshot: &Snapshot, table: &Arc<Table>, id: Uuid, column: ColumnIx) -> Result<Label> {
    let own = snapshot.require(TABLE)?;
    let mut label = Label::default();
    if let Some(Value::Text(text)) = load::by_id(tx, table, id, &[column])?.map(|row| row.value(column).clone()) {
        label.set(ENGLISH, text);
    }
    for row in system::rows(tx, own, &["languageid", "label"], Some(of_column(own, table, id, column)?))? {
        if let Value::Int(language) = row.value(0) {
            label.set(u16::try_from(*language).unwrap_or_default(), row.text(1));
        }
    }
    Ok(label)
}

/// Sets texts of a column of a row: of the languages that are given. An empty text takes a language away.
///
/// # Errors
/// As an update of the column, for the base language.
pub(crate) fn set(cx: &mut WriteCx<'_>, found: &FoundRow, column: ColumnIx, texts: &Label) -> Result<()> {
    let own = Arc::clone(cx.snapshot.require(TABLE)?);
    let definition = found.table.column(column);
    let mut cells = Vec::new();
    for (language, text) in texts.texts() {
        let mut value = if text.is_empty() { Value::Null } else { Value::text(text) };
        // A required column needs a text in the base language only.
        if language == ENGLISH || !value.is_null() {
            definition.check(found.table.name(), &mut value, &|name| cx.snapshot.choice(name).cloned())?;
        }
        if language == ENGLISH {
            cells.push((column, value));
            continue;
        }
        let of_language = ResolvedCondition::equals(own.require("languageid")?, Value::Int(i32::from(language)));
        let filter = ResolvedFilter::And(vec![of_column(&own, &found.table, found.id, column)?, of_language]);
        let present = system::rows(cx.tx.as_read(), &own, &[], Some(filter))?.pop();
        match (present, value) {
            (Some(row), Value::Null) => drop(system::remove(cx, &own, row.id)?),
            (Some(row), value) => drop(system::update(cx, TABLE, row.id, &[("label", value)])?),
            (None, Value::Null) => {}
            (None, value) => {
                let values = [
                    ("objectid", Value::Guid(found.id)),
                    ("objecttypecode", Value::text(found.table.name().as_str())),
                    ("objectcolumnname", Value::text(definition.name.as_str())),
                    ("languageid", Value::Int(i32::from(language))),
                    ("label", value),
                ];
                system::insert(cx, TABLE, None, &values)?;
            }
        }
    }
    if cells.is_empty() { Ok(()) } else { update::apply(cx, found, cells).map(drop) }
}

/// Removes the texts of a row that goes.
///
/// # Errors
/// Those of the store.
pub(crate) fn forget_row(cx: &mut WriteCx<'_>, table: &Table, id: Uuid) -> Result<()> {
    // Only rows of tables that hold definitions or settings are given texts.
    if !may_have_labels(table) {
        return Ok(());
    }
    let own = Arc::clone(cx.snapshot.require(TABLE)?);
    let of_row = ResolvedCondition::equals(own.require("objectid")?, Value::Guid(id));
    let gone = system::rows(cx.tx.as_read(), &own, &[], Some(of_row))?;
    gone.iter().try_for_each(|row| system::remove(cx, &own, row.id).map(drop))
}

/// True for tables whose rows may have texts in several languages: rows that people see as parts of the application, not as their data.
pub(crate) fn may_have_labels(table: &Table) -> bool {
    matches!(table.name().as_str(), "connectionrole" | "role" | "savedquery" | "systemform" | "userquery")
}

/// Refuses a column that cannot have texts in several languages.
///
/// # Errors
/// 0x80040203.
pub(crate) fn require_column(table: &Table, name: &str) -> Result<ColumnIx> {
    let column = table.require(name)?;
    let definition = table.column(column);
    let names = ["name", "description"];
    if may_have_labels(table) && names.contains(&definition.name.as_str()) {
        return Ok(column);
    }
    Err(Error::argument(format!("The column '{name}' of '{}' has its text in one language only: update the row.", table.name())))
}

fn of_column(own: &Table, table: &Table, id: Uuid, column: ColumnIx) -> Result<ResolvedFilter> {
    Ok(ResolvedFilter::And(vec![
        ResolvedCondition::equals(own.require("objectid")?, Value::Guid(id)),
        ResolvedCondition::equals(own.require("objectcolumnname")?, Value::text(table.column(column).name.as_str())),
    ]))
}
