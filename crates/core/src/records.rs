//! Operations on records: what the record messages do.

pub(crate) mod asked;
pub(crate) mod cascade;
mod circumstances;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod fields;
pub(crate) mod labels;
pub(crate) mod links;
pub(crate) mod load;
pub(crate) mod nested;
pub(crate) mod pairs;
pub(crate) mod retrieve;
pub(crate) mod retrieve_multiple;
pub(crate) mod system;
pub(crate) mod update;
pub(crate) mod upsert;

use driftless_model::{AlternateKey, Error, ErrorCode, Table, Uuid};
use driftless_query::ResolvedCondition;
use driftless_store::{Duplicate, StoreError};

use crate::context::WriteCx;
use crate::request::{OwnedSink, Returning};

/// The refusal of a write that a store found not to be unique (AK-19, UP-24).
fn refuse_duplicate(table: &Table, error: StoreError, language: u16) -> Error {
    match error {
        // web-api 13
        StoreError::Duplicate(_) if table.def.intersect => Error::new(ErrorCode::DuplicateRecord, "Cannot insert duplicate key."),
        StoreError::Duplicate(Duplicate::Key(id)) => match table.keys.iter().find(|key| key.id == id) {
            Some(key) => violated(table, key, language),
            None => Error::of(ErrorCode::DuplicateRecordEntityKey),
        },
        other => other.into(),
    }
}

fn violated(table: &Table, key: &AlternateKey, language: u16) -> Error {
    let columns: Vec<_> =
        key.columns.iter().map(|name| table.find(name).and_then(|ix| table.column(ix).display_name.text(language)).unwrap_or(name).to_owned()).collect();
    Error::new(
        ErrorCode::DuplicateRecordEntityKey,
        format!(
            "Entity Key {} violated. A record with the same value for {} already exists. A duplicate record cannot be created. Select one or more unique values and try again.",
            key.display_name.text(language).unwrap_or(&key.name),
            columns.join(", "),
        ),
    )
}

/// Reads the row that a write returns, inside its transaction.
fn returned(cx: &WriteCx<'_>, table: &Table, id: Uuid, returning: Option<&Returning>) -> driftless_model::Result<Option<Box<dyn OwnedSink>>> {
    let Some(returning) = returning else { return Ok(None) };
    let cx = cx.read();
    let mut query = cx.resolve(&returning.query)?;
    query.filter = Some(ResolvedCondition::equals(table.id, driftless_model::Value::Guid(id)));
    query.orders.clear();
    let mut sink = (returning.sink)();
    nested::deliver(&cx, query, false, &mut *sink)?;
    Ok(Some(sink))
}
