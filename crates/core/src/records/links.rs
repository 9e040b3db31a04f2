//! Associate and Disassociate: rows linked to a row along a relationship, by a lookup or by pairs (web-api 13).

use std::sync::Arc;

use driftless_model::{ColumnIx, Error, LogicalName, Privilege, Result, Value, Version};

use super::fields::FoundRow;
use super::{load, pairs, update};
use crate::context::WriteCx;
use crate::keys;
use crate::metadata::Collection;
use crate::request::{Association, ClearLookup, Field, Record, Response, Target, Written};

/// Links rows to a row.
pub(crate) fn associate(cx: &mut WriteCx<'_>, association: &Association, earlier: &[Response]) -> Result<Response> {
    check(cx, association)?;
    let Association { collection, related, .. } = association;
    let row = owner(cx, association, earlier)?;
    for other in related {
        let other = member(cx, collection, other, earlier)?;
        match collection {
            Collection::Children(relationship) => {
                let lookup = other.table.require(&relationship.referencing_column)?;
                let fields = vec![(lookup, Field::Lookup(Target::found(&row)))];
                update::record(cx, &other, &Record { table: Arc::clone(&other.table), id: None, fields, related: Vec::new() }, &[], earlier)?;
            }
            Collection::Pairs(pairing) => pairs::join(cx, pairing, row.id, other.id)?,
        }
    }
    Ok(Response::Done)
}

/// Undoes links of rows to a row.
pub(crate) fn disassociate(cx: &mut WriteCx<'_>, association: &Association, earlier: &[Response]) -> Result<Response> {
    check(cx, association)?;
    let Association { collection, related, .. } = association;
    let row = owner(cx, association, earlier)?;
    for other in related {
        let other = member(cx, collection, other, earlier)?;
        match collection {
            Collection::Children(relationship) => {
                let lookup = other.table.require(&relationship.referencing_column)?;
                let present = load::by_id(cx.tx.as_read(), &other.table, other.id, &[lookup])?;
                if present.is_none_or(|present| present.value(lookup).id() != Some(row.id)) {
                    return Err(Error::no_such_record(other.table.name(), other.id));
                }
                clear(cx, &other, lookup)?;
            }
            Collection::Pairs(pairing) => pairs::part(cx, pairing, row.id, other.id)?,
        }
    }
    Ok(Response::Done)
}

/// Clears a lookup of a row.
pub(crate) fn clear_lookup(cx: &mut WriteCx<'_>, link: &ClearLookup, earlier: &[Response]) -> Result<Response> {
    let found = update::admitted(cx, Privilege::Write, &link.target, earlier)?;
    let version = clear(cx, &found, link.column)?;
    Ok(Response::Written(Written { table: Arc::clone(&found.table), id: found.id, version, created: false, returned: None }))
}

fn clear(cx: &mut WriteCx<'_>, found: &FoundRow, lookup: ColumnIx) -> Result<Version> {
    let mut value = Value::Null;
    found.table.column(lookup).check(found.table.name(), &mut value, &|_| None)?;
    update::apply(cx, found, vec![(lookup, value)])
}

fn check(cx: &WriteCx<'_>, association: &Association) -> Result<()> {
    let most = cx.services.limits.related_records_max;
    if association.related.len() <= most {
        return Ok(());
    }
    Err(Error::argument(format!("At most {most} records can be linked in one request; {} are named.", association.related.len())))
}

/// The row to which others are linked. Both rows of a pair must be such as the caller may append (AUTHZ-14, ROLE-10); that a lookup may refer to the row is
/// judged where the lookup is written.
fn owner(cx: &WriteCx<'_>, association: &Association, earlier: &[Response]) -> Result<FoundRow> {
    let found = match &association.collection {
        Collection::Children(_) => keys::require(cx.tx.as_read(), &cx.snapshot, &association.target, earlier)?,
        Collection::Pairs(_) => update::admitted(cx, Privilege::Append, &association.target, earlier)?,
    };
    of_table(found, association.collection.owner())
}

/// A row to link.
pub(super) fn member(cx: &WriteCx<'_>, collection: &Collection, target: &Target, earlier: &[Response]) -> Result<FoundRow> {
    let privilege = match collection {
        Collection::Children(_) => Privilege::Write,
        Collection::Pairs(_) => Privilege::Append,
    };
    of_table(update::admitted(cx, privilege, target, earlier)?, collection.table())
}

fn of_table(found: FoundRow, table: &LogicalName) -> Result<FoundRow> {
    if found.table.name() == table {
        return Ok(found);
    }
    Err(Error::argument(format!("The relationship links records of '{table}' there, not of '{}'.", found.table.name())))
}
