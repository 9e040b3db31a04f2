//! Shares: rows of `principalobjectaccess`, each with the rights that one user or team was given on one row (ROLE-11).

use std::sync::Arc;

use driftless_model::{Error, ErrorCode, LogicalName, Privilege, Result, Table, Uuid, Value};
use driftless_query::{ResolvedCondition, ResolvedFilter};
use driftless_store::ReadTx;

use super::rights::is_one_of;
use crate::context::WriteCx;
use crate::metadata::Snapshot;
use crate::records::system::{self, SystemRow};

const TABLE: &str = "principalobjectaccess";
const COLUMNS: [&str; 5] = ["principalid", "principaltypecode", "accessrightsmask", "inheritedaccessrightsmask", "objectid"];

/// Most rows of one table that may be shared with one user for lists to hold them: they are written into the statement.
const SHARED_ROWS_MAX: usize = 10_000;

/// A share of a row.
#[derive(Clone, Debug)]
pub(crate) struct Share {
    /// Id of the row of `principalobjectaccess`.
    pub(crate) id: Uuid,
    /// Who has it.
    pub(crate) principal: Uuid,
    /// Table of the principal: `systemuser` or `team`.
    pub(crate) kind: LogicalName,
    /// Rights given directly, as a mask (AUTHZ-05).
    pub(crate) mask: i32,
    /// Rights that came along relationships.
    pub(crate) inherited: i32,
    /// The row that is shared.
    object: Uuid,
}

impl Share {
    fn of(row: &SystemRow) -> Option<Self> {
        let int = |at| match row.value(at) {
            Value::Int(mask) => *mask,
            _ => 0,
        };
        Some(Self { id: row.id, principal: row.value(0).id()?, kind: row.text(1).into(), mask: int(2), inherited: int(3), object: row.value(4).id()? })
    }

    /// All rights, however they came.
    pub(crate) fn rights(&self) -> i32 {
        self.mask | self.inherited
    }
}

fn shares(tx: &dyn ReadTx, snapshot: &Snapshot, table: &Table, object: Option<Uuid>, principals: Option<&[Uuid]>) -> Result<Vec<Share>> {
    let own = snapshot.require(TABLE)?;
    let mut all = vec![ResolvedCondition::equals(own.require("objecttypecode")?, Value::text(table.name().as_str()))];
    if let Some(object) = object {
        all.push(ResolvedCondition::equals(own.require("objectid")?, Value::Guid(object)));
    }
    if let Some(principals) = principals {
        all.extend(is_one_of(own, own.require("principalid")?, principals.to_vec()));
    }
    Ok(system::rows(tx, own, &COLUMNS, Some(ResolvedFilter::And(all)))?.iter().filter_map(Share::of).collect())
}

/// The shares of a row.
pub(crate) fn of_row(tx: &dyn ReadTx, snapshot: &Snapshot, table: &Table, id: Uuid) -> Result<Vec<Share>> {
    shares(tx, snapshot, table, Some(id), None)
}

/// The rights that a principal was given directly on a row, as a mask.
pub(crate) fn direct(tx: &dyn ReadTx, snapshot: &Snapshot, table: &Table, id: Uuid, principal: Uuid) -> Result<i32> {
    Ok(shares(tx, snapshot, table, Some(id), Some(&[principal]))?.iter().fold(0, |mask, share| mask | share.mask))
}

/// True if a row is shared with one of the principals for this right.
pub(crate) fn is_shared_with(tx: &dyn ReadTx, snapshot: &Snapshot, principals: &[Uuid], table: &Table, id: Uuid, right: Privilege) -> Result<bool> {
    Ok(shares(tx, snapshot, table, Some(id), Some(principals))?.iter().any(|share| share.rights() & right.access_right() != 0))
}

/// The rows of a table that are shared with one of the principals for this right.
///
/// # Errors
/// 0x80048405 when there are too many for a list.
pub(crate) fn rows_shared_with(tx: &dyn ReadTx, snapshot: &Snapshot, principals: &[Uuid], table: &Table, right: Privilege) -> Result<Vec<Uuid>> {
    let mut rows: Vec<Uuid> = shares(tx, snapshot, table, None, Some(principals))?
        .into_iter()
        .filter(|share| share.rights() & right.access_right() != 0)
        .map(|share| share.object)
        .collect();
    rows.sort_unstable();
    rows.dedup();
    if rows.len() > SHARED_ROWS_MAX {
        return Err(Error::new(
            ErrorCode::AccessDenied,
            format!("More than {SHARED_ROWS_MAX} rows of '{}' are shared with the caller: a role must give access to so many.", table.name()),
        ));
    }
    Ok(rows)
}

/// Gives a principal exactly these direct rights on a row; with none the share goes.
pub(crate) fn set(cx: &mut WriteCx<'_>, table: &Table, id: Uuid, principal: (&str, Uuid), mask: i32) -> Result<()> {
    let present = shares(cx.tx.as_read(), &cx.snapshot, table, Some(id), Some(&[principal.1]))?.pop();
    match present {
        Some(share) if mask | share.inherited == 0 => system::delete(cx, TABLE, share.id).map(|_| ()),
        Some(share) if mask == share.mask => Ok(()),
        Some(share) => system::update(cx, TABLE, share.id, &[("accessrightsmask", Value::Int(mask))]).map(|_| ()),
        None if mask == 0 => Ok(()),
        None => {
            let values = [
                ("objectid", Value::Guid(id)),
                ("objecttypecode", Value::text(table.name().as_str())),
                ("principalid", Value::Guid(principal.1)),
                ("principaltypecode", Value::text(principal.0)),
                ("accessrightsmask", Value::Int(mask)),
                ("inheritedaccessrightsmask", Value::Int(0)),
            ];
            system::insert(cx, TABLE, None, &values).map(|_| ())
        }
    }
}

/// Removes the shares of a row that goes, and those with it. Users never go.
pub(crate) fn forget_row(cx: &mut WriteCx<'_>, table: &Table, id: Uuid) -> Result<()> {
    if table.name().as_str() == "team" {
        remove_matching(cx, "principalid", Value::Guid(id))?;
    }
    if table.special.owner.is_none() {
        return Ok(());
    }
    let gone = of_row(cx.tx.as_read(), &cx.snapshot, table, id)?;
    gone.iter().try_for_each(|share| system::delete(cx, TABLE, share.id).map(|_| ()))
}

/// Removes the shares of all rows of a table that goes.
pub(crate) fn forget_table(cx: &mut WriteCx<'_>, table: &LogicalName) -> Result<()> {
    remove_matching(cx, "objecttypecode", Value::text(table.as_str()))
}

fn remove_matching(cx: &mut WriteCx<'_>, column: &str, value: Value) -> Result<()> {
    let own = Arc::clone(cx.snapshot.require(TABLE)?);
    let gone = system::rows(cx.tx.as_read(), &own, &[], Some(ResolvedCondition::equals(own.require(column)?, value)))?;
    gone.iter().try_for_each(|row| system::remove(cx, &own, row.id).map(|_| ()))
}
