//! Pairs of rows: what many-to-many relationships do (MD-30, web-api 13).

use std::sync::Arc;

use driftless_model::{Error, Pairing, Result, SideRole, Table, Uuid, Value};
use driftless_query::{ResolvedCondition, ResolvedFilter};

use super::cascade::Reach;
use super::{load, system};
use crate::behaviors;
use crate::context::WriteCx;

/// Pairs two rows that are there and that the caller may append (AUTHZ-14); `own` is the one of the side from which the relationship is seen.
///
/// # Errors
/// 0x80040237 when they are a pair already; 0x80040315 and the codes of particular tables where callers may not pair rows.
pub(crate) fn join(cx: &mut WriteCx<'_>, pairing: &Pairing, own: Uuid, other: Uuid) -> Result<()> {
    let (first, second) = in_order(pairing, own, other);
    behaviors::memberships::before_join(cx, pairing, first, second)?;
    let sides = &pairing.relationship;
    let values = [(sides.first.column.as_str(), Value::Guid(first)), (sides.second.column.as_str(), Value::Guid(second))];
    system::insert(cx, pairing.intersect(), None, &values).map(drop)
}

/// Removes a pair of rows that the caller may append (AUTHZ-14).
///
/// # Errors
/// 0x80040217 when the rows are no pair; 0x80040315 and the codes of particular tables where callers may not part rows.
pub(crate) fn part(cx: &mut WriteCx<'_>, pairing: &Pairing, own: Uuid, other: Uuid) -> Result<()> {
    let (first, second) = in_order(pairing, own, other);
    let pairs = Arc::clone(cx.snapshot.require(pairing.intersect())?);
    let sides = &pairing.relationship;
    let of_both = ResolvedFilter::And(vec![
        ResolvedCondition::equals(pairs.require(&sides.first.column)?, Value::Guid(first)),
        ResolvedCondition::equals(pairs.require(&sides.second.column)?, Value::Guid(second)),
    ]);
    let found = load::matching(cx.tx.as_read(), &pairs, &[], of_both, None)?;
    if found.is_empty() {
        return Err(Error::no_such_record(&pairing.other().table, other));
    }
    behaviors::memberships::before_part(cx, pairing, first, second)?;
    for pair in found {
        system::remove(cx, &pairs, pair.id)?;
    }
    Ok(())
}

/// The ids in the order of the relationship's sides.
fn in_order(pairing: &Pairing, own: Uuid, other: Uuid) -> (Uuid, Uuid) {
    match pairing.role {
        SideRole::First => (own, other),
        SideRole::Second => (other, own),
    }
}

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
