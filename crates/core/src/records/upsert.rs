//! Upsert: change a row, or make it (part 3). One transaction of the one writer finds and writes, so two upserts of a missing row cannot both make it (UP-10).

use std::sync::Arc;

use driftless_model::{ColumnIx, Error, ErrorCode, Privilege, Reference, Result, Value};

use super::create::{self, Budget};
use super::{returned, update};
use crate::context::WriteCx;
use crate::keys;
use crate::request::{Existence, Field, Identity, Response, Target, Upsert, Written};

/// Runs an upsert.
pub(crate) fn run(cx: &mut WriteCx<'_>, upsert: &Upsert, earlier: &[Response]) -> Result<Response> {
    let table = &upsert.target.table;
    let found = keys::find(cx.tx.as_read(), &cx.snapshot, &upsert.target, earlier)?;
    let (id, version, created) = match found {
        Some(_) if upsert.existence == Existence::MustNotExist => {
            return Err(Error::new(ErrorCode::DuplicateRecord, "A record with matching key values already exists."));
        }
        Some(found) => {
            cx.require_row(Privilege::Write, &found.table, found.id)?;
            // UP-2: a key cannot be changed through itself.
            let except: Vec<ColumnIx> = match &upsert.target.identity {
                Identity::Key(values) => values.iter().map(|(column, _)| *column).collect(),
                Identity::Id(_) | Identity::Result(_) => Vec::new(),
            };
            (found.id, update::record(cx, &found, &upsert.record, &except, earlier)?, false)
        }
        None => {
            let mut record = upsert.record.clone();
            match &upsert.target.identity {
                Identity::Id(id) => record.id = Some(*id),
                // UP-3: values of the key that the body does not have.
                Identity::Key(values) => {
                    for (column, value) in values {
                        if !record.fields.iter().any(|(own, _)| own == column) {
                            record.fields.push((*column, key_field(cx, value)?));
                        }
                    }
                }
                Identity::Result(_) => return Err(keys::not_found(&upsert.target)),
            }
            let (id, version) = create::record(cx, &record, Vec::new(), earlier, &mut Budget::new(cx))?;
            (id, version, true)
        }
    };
    let returned = returned(cx, table, id, upsert.returning.as_ref())?;
    Ok(Response::Written(Written { table: Arc::clone(table), id, version, created, returned }))
}

/// A key's value as a value of the new row. A reference in a key leads to a row that must exist, as any other reference.
fn key_field(cx: &WriteCx<'_>, value: &Value) -> Result<Field> {
    let Value::Ref(Reference { table, id }) = value else { return Ok(Field::Value(value.clone())) };
    let table = cx.snapshot.by_code(*table).ok_or_else(|| Error::argument(format!("There is no table with the number {}.", table.0)))?;
    Ok(Field::Lookup(Target { table: Arc::clone(table), identity: Identity::Id(*id) }))
}
