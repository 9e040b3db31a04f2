//! The rows by which clients find out which messages there are, and which of them a table takes (UP-32).

use std::sync::Arc;

use driftless_model::{Reference, Result, Value};
use driftless_query::ResolvedCondition;

use super::MESSAGES;
use crate::behaviors::tables;
use crate::context::WriteCx;
use crate::records::system;
use crate::seed::constant_id;

/// Messages that every table with rows of its callers takes.
const OF_TABLES: [&str; 9] = ["Create", "CreateMultiple", "Delete", "Retrieve", "RetrieveMultiple", "Update", "UpdateMultiple", "Upsert", "UpsertMultiple"];

/// Makes the rows of all messages and of all present tables: once, at the first start.
pub(crate) fn insert(cx: &mut WriteCx<'_>) -> Result<()> {
    for name in OF_TABLES.into_iter().chain(MESSAGES.iter().map(|message| message.name)) {
        let id = constant_id(&format!("message/{name}"));
        system::insert(cx, "sdkmessage", Some(id), &[("name", Value::text(name)), ("isactive", Value::Bool(true))])?;
    }
    let snapshot = Arc::clone(&cx.snapshot);
    snapshot.tables().filter(|table| tables::may_create(table).is_ok()).try_for_each(|table| add(cx, table.name()))
}

/// Makes the rows of a new table.
pub(crate) fn add(cx: &mut WriteCx<'_>, table: &str) -> Result<()> {
    let messages = cx.snapshot.require("sdkmessage")?.def.code;
    for name in OF_TABLES {
        let message = Value::Ref(Reference { table: messages, id: constant_id(&format!("message/{name}")) });
        let values = [("name", Value::text(name)), ("sdkmessageid", message), ("primaryobjecttypecode", Value::text(table))];
        system::insert(cx, "sdkmessagefilter", None, &values)?;
    }
    Ok(())
}

/// Removes the rows of a table that goes.
pub(crate) fn remove(cx: &mut WriteCx<'_>, table: &str) -> Result<()> {
    let filters = Arc::clone(cx.snapshot.require("sdkmessagefilter")?);
    let of_table = ResolvedCondition::equals(filters.require("primaryobjecttypecode")?, Value::text(table));
    for row in system::rows(cx.tx.as_read(), &filters, &[], Some(of_table))? {
        system::remove(cx, &filters, row.id)?;
    }
    Ok(())
}
