//! Delete: a row, with what its relationships say (UP-27, MD-32).

use std::sync::Arc;

use driftless_model::{Error, Privilege, Result, Table, Uuid};

use super::cascade::{self, Reach};
use super::{load, system, update};
use crate::behaviors;
use crate::context::WriteCx;
use crate::request::{Delete, Response};

/// Runs a delete.
pub(crate) fn run(cx: &mut WriteCx<'_>, delete: &Delete, earlier: &[Response]) -> Result<Response> {
    let found = update::admitted(cx, Privilege::Delete, &delete.target, earlier)?;
    update::check_version(&found, delete.if_version)?;
    if behaviors::tables::delete_instead(cx, &found.table, found.id)? {
        return Ok(Response::Done);
    }
    row(cx, &found.table, found.id, &mut Reach::new(cx))?;
    Ok(Response::Done)
}

/// Removes a row and what goes with it. A row that an earlier step of the same cascade removed is passed over.
pub(crate) fn row(cx: &mut WriteCx<'_>, table: &Arc<Table>, id: Uuid, reach: &mut Reach) -> Result<()> {
    if !reach.enter(table, id)? {
        return Ok(());
    }
    behaviors::before_delete(cx, table, id)?;
    cascade::delete(cx, table, id, reach)?;
    if !load::exists(cx.tx.as_read(), table, id)? {
        return Err(Error::no_such_record(table.name(), id));
    }
    system::remove(cx, table, id)?;
    Ok(())
}
