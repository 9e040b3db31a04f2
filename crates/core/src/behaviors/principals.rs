//! By what a token finds its user: `applicationid` and `azureactivedirectoryobjectid` of `systemuser` (AUTH-23).

use driftless_model::{ColumnIx, Error, ErrorCode, Result, Table, Uuid, Value};
use driftless_query::ResolvedCondition;

use crate::context::WriteCx;
use crate::records::fields::{get, set};
use crate::records::load;

/// Columns whose value names one user at most.
const IDENTITIES: [&str; 2] = ["applicationid", "azureactivedirectoryobjectid"];

/// Checks of a new or changed user; `user` is the row's id.
pub(super) fn check(cx: &WriteCx<'_>, table: &Table, user: Uuid, cells: &[(ColumnIx, Value)]) -> Result<()> {
    if table.name().as_str() != "systemuser" {
        return Ok(());
    }
    let users = cx.snapshot.require("systemuser")?;
    for name in IDENTITIES {
        let column = table.require(name)?;
        let Some(value @ Value::Guid(id)) = get(cells, column) else { continue };
        let taken = load::matching(cx.tx.as_read(), users, &[], ResolvedCondition::equals(column, value.clone()), Some(2))?;
        if taken.iter().any(|row| row.id != user) {
            return Err(Error::new(ErrorCode::DuplicateRecord, format!("Another user has the {name} {id}: a token must lead to one user.")));
        }
    }
    Ok(())
}

/// Names of a new application user who was given none: clients make one from `applicationid` and a business unit alone.
pub(super) fn name(table: &Table, cells: &mut Vec<(ColumnIx, Value)>) -> Result<()> {
    if table.name().as_str() != "systemuser" {
        return Ok(());
    }
    let Some(Value::Guid(application)) = get(cells, table.require("applicationid")?) else { return Ok(()) };
    let text = Value::Text(application.to_string());
    let is_absent = |cells: &[(ColumnIx, Value)], name: &str| table.require(name).map(|column| get(cells, column).is_none_or(Value::is_null));
    if is_absent(cells, "domainname")? {
        set(cells, table.require("domainname")?, text.clone());
    }
    if is_absent(cells, "firstname")? && is_absent(cells, "lastname")? {
        set(cells, table.require("lastname")?, text);
    }
    Ok(())
}
