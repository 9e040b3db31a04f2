//! Retrieve: one row.

use driftless_model::{Error, Privilege, Result, Value};
use driftless_query::{ResolvedCondition, ResolvedFilter, RowSink};

use super::nested;
use crate::changes::counts::Counted;
use crate::context::ReadCx;
use crate::keys;
use crate::records::load;
use crate::request::{Identity, Response, Retrieve, Target};

/// Runs a retrieve.
pub(crate) fn run(cx: &ReadCx<'_>, retrieve: &Retrieve, sink: &mut dyn RowSink) -> Result<Response> {
    let target = &retrieve.target;
    if let Some(version) = retrieve.unless_version {
        cx.require(Privilege::Read, &target.table)?;
        let found = keys::require(cx.tx, &cx.snapshot, target, &[])?;
        if found.version == version && cx.require_row(Privilege::Read, &found.table, found.id).is_ok() {
            return Ok(Response::NotModified);
        }
    }
    let mut query = cx.resolve(&retrieve.query)?;
    query.filter = Some(row_filter(target)?);
    query.orders.clear();
    query.limit = Some(1);
    let mut counted = Counted::new(sink);
    nested::deliver(cx, query, false, &mut counted)?;
    if counted.rows == 0 { Err(absent_or_hidden(cx, target)?) } else { Ok(Response::Retrieved) }
}

/// The refusal for a row that the caller's query did not find: a row that is addressed by its id and out of reach is said to be so (AUTHZ-67); who looks up a
/// key is not told whether a hidden row has it (AUTHZ-18).
pub(crate) fn absent_or_hidden(cx: &ReadCx<'_>, target: &Target) -> Result<Error> {
    let Identity::Id(id) = target.identity else { return Ok(keys::not_found(target)) };
    if !load::exists(cx.tx, &target.table, id)? {
        return Ok(keys::not_found(target));
    }
    Ok(cx.require_row(Privilege::Read, &target.table, id).err().unwrap_or_else(|| keys::not_found(target)))
}

/// The condition that exactly the target's row meets.
pub(crate) fn row_filter(target: &Target) -> Result<ResolvedFilter> {
    match &target.identity {
        Identity::Id(id) => Ok(ResolvedCondition::equals(target.table.id, Value::Guid(*id))),
        Identity::Key(values) => {
            keys::active_key(&target.table, values)?;
            Ok(ResolvedFilter::And(values.iter().map(|(column, value)| ResolvedCondition::equals(*column, value.clone())).collect()))
        }
        Identity::Result(_) => Err(Error::argument("A Content-ID can be used in a change set only.")),
    }
}
