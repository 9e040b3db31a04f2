//! Packages that wait: staged ones for their import, exported ones for their download (web-api 27). Each is a row; only the newest are kept.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use driftless_model::{Error, Result, Uuid, Value};
use driftless_query::ResolvedCondition;

use crate::context::{ReadCx, WriteCx};
use crate::records::system;

/// Table of packages that were staged.
pub(crate) const STAGED: &str = "stagesolutionupload";
/// Table of packages that were exported by jobs.
pub(crate) const EXPORTED: &str = "exportsolutionupload";
/// Packages of each kind that are kept.
const KEPT_MAX: usize = 16;

/// Keeps a package under an id of its own. The oldest ones go.
pub(crate) fn keep(cx: &mut WriteCx<'_>, table: &str, id: Uuid, name: &str, bytes: &[u8]) -> Result<()> {
    let definition = Arc::clone(cx.snapshot.require(table)?);
    let mut rows = system::rows(cx.tx.as_read(), &definition, &[], None)?;
    rows.sort_by_key(|row| row.version);
    let excess = (rows.len() + 1).saturating_sub(KEPT_MAX);
    for row in &rows[..excess] {
        system::delete(cx, table, row.id)?;
    }
    system::insert(cx, table, Some(id), &[("name", Value::text(name)), ("solutionfile", Value::text(STANDARD.encode(bytes)))]).map(drop)
}

/// The bytes of a package that is kept.
///
/// # Errors
/// 0x80040217 when it is not there, or not any more.
pub(crate) fn bytes(cx: &ReadCx<'_>, table: &str, id: Uuid) -> Result<Vec<u8>> {
    let definition = cx.snapshot.require(table)?;
    let rows = system::rows(cx.tx, definition, &["solutionfile"], Some(ResolvedCondition::equals(definition.id, Value::Guid(id))))?;
    let row = rows.first().ok_or_else(|| Error::no_such_record(table, id))?;
    STANDARD.decode(row.text(0)).map_err(|error| Error::damaged("a package that is kept cannot be read").because(error))
}
