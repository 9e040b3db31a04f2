//! The rows by which clients find out which messages there are, and which of them a table takes (UP-32).

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use driftless_model::{Reference, Result, Uuid, Value};
use driftless_query::ResolvedCondition;

use super::MESSAGES;
use crate::behaviors::tables;
use crate::context::WriteCx;
use crate::records::system;
use crate::seed::constant_id;

/// Messages that every table with rows of its callers takes.
const OF_TABLES: [&str; 9] = ["Create", "CreateMultiple", "Delete", "Retrieve", "RetrieveMultiple", "Update", "UpdateMultiple", "Upsert", "UpsertMultiple"];

/// Makes the rows of messages and of tables that have none: those of a first start, and of an older store.
pub(crate) fn complete(cx: &mut WriteCx<'_>) -> Result<()> {
    let present: HashSet<Uuid> = system::rows(cx.tx.as_read(), cx.snapshot.require("sdkmessage")?, &[], None)?.iter().map(|row| row.id).collect();
    for name in OF_TABLES.into_iter().chain(names()) {
        let id = message_id(name);
        if !present.contains(&id) {
            system::insert(cx, "sdkmessage", Some(id), &[("name", Value::text(name)), ("isactive", Value::Bool(true))])?;
        }
    }
    let filters = system::rows(cx.tx.as_read(), cx.snapshot.require("sdkmessagefilter")?, &["primaryobjecttypecode"], None)?;
    let present: HashSet<&str> = filters.iter().map(|row| row.text(0)).collect();
    let snapshot = Arc::clone(&cx.snapshot);
    let lacking = snapshot.tables().filter(|table| tables::may_create(table).is_ok() && !present.contains(table.name().as_str()));
    lacking.into_iter().try_for_each(|table| add(cx, table.name()))
}

/// Names of the messages that are not of tables; one that is bound to several tables stands once.
pub(crate) fn names() -> BTreeSet<&'static str> {
    MESSAGES.iter().map(|message| message.name).collect()
}

fn message_id(name: &str) -> Uuid {
    constant_id(&format!("message/{name}"))
}

/// Makes the rows of a new table.
pub(crate) fn add(cx: &mut WriteCx<'_>, table: &str) -> Result<()> {
    let messages = cx.snapshot.require("sdkmessage")?.def.code;
    for name in OF_TABLES {
        let message = Value::Ref(Reference { table: messages, id: message_id(name) });
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
