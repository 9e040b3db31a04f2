//! Pairs of rows: what many-to-many relationships do (MD-30, web-api 13).

use std::sync::Arc;

use driftless_model::{Result, Table, Uuid, Value};
use driftless_query::ResolvedCondition;

use super::cascade::Reach;
use super::{load, system};
use crate::context::WriteCx;

/// Removes all pairs of a row that goes. Each is a change of its table of pairs (CT-15).
///
/// # Errors
/// 0x80040203 when that are more rows than one operation may reach.
pub(crate) fn leave(cx: &mut WriteCx<'_>, table: &Table, id: Uuid, reach: &mut Reach) -> Result<()> {
    let snapshot = Arc::clone(&cx.snapshot);
    for pairing in snapshot.pairings(table.name()) {
        let pairs = snapshot.require(pairing.intersect())?;
        let of_row = ResolvedCondition::equals(pairs.require(&pairing.own().column)?, Value::Guid(id));
        let rows = load::matching(cx.tx.as_read(), pairs, &[], of_row, None)?;
        reach.spend(rows.len())?;
        for row in rows {
            system::remove(cx, pairs, row.id)?;
        }
    }
    Ok(())
}
