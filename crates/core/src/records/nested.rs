//! Rows with lists nested in them (web-api 18).
//!
//! The rows of the page are collected first, then the lists of each are read: so no engine reads one result while another is open, and a list has its own limit,
//! order and end.

use driftless_model::{Result, Table, Uuid};
use driftless_query::{CollectedRow, Collection, Collector, Flow, NestedRows, OrderKey, PageHead, ResolvedQuery, RowSink};

use super::retrieve_multiple::{add_order_outputs, page_token};
use crate::context::ReadCx;

/// Gives the rows of a query to `sink`, with their lists. True if there are more rows.
pub(crate) fn deliver(cx: &ReadCx<'_>, query: ResolvedQuery, count: bool, sink: &mut dyn RowSink) -> Result<bool> {
    let limits = &cx.services.limits;
    let secured = cx.secure(query)?;
    let count = if count { Some(cx.tx.count(&secured, Some(limits.count_max))?) } else { None };
    if secured.query().collections.is_empty() {
        return Ok(cx.tx.select(&secured, count, sink)?);
    }
    let mut page = Collector::default();
    let more = cx.tx.select(&secured, None, &mut page)?;
    let query = secured.query();
    sink.start(&PageHead { query, count })?;
    let mut room = limits.nested_rows_max;
    let total = page.rows.len();
    for (at, mut row) in page.rows.into_iter().enumerate() {
        add_lists(cx, query, &mut row, &mut room)?;
        if sink.row(&row)? == Flow::Stop || room == 0 {
            return Ok(more || at + 1 < total);
        }
    }
    Ok(more)
}

/// Reads the lists of a row. `room` is what may still be nested in this answer.
fn add_lists(cx: &ReadCx<'_>, query: &ResolvedQuery, row: &mut CollectedRow, room: &mut u32) -> Result<()> {
    let mut nested = Vec::with_capacity(query.collections.len());
    for collection in &query.collections {
        let group = query.groups.get(collection.group);
        let owner = group.and_then(|group| Some((query.source(group.source), row.values.get(group.first)?.id()?)));
        nested.push(match owner {
            Some((table, id)) => list(cx, collection, table, id, room)?,
            None => NestedRows::default(),
        });
    }
    row.nested = nested;
    Ok(())
}

fn list(cx: &ReadCx<'_>, collection: &Collection, parent: &Table, id: Uuid, room: &mut u32) -> Result<NestedRows> {
    let mut query = collection.query.clone();
    query.keep_within(collection.within, parent, id);
    let most = cx.services.limits.page_rows_max;
    query.limit = Some(query.limit.unwrap_or(most).min(most));
    add_order_outputs(&mut query);
    let unfinished = query.clone();
    let mut found = Collector::default();
    let more = cx.tx.select(&cx.secure(query)?, None, &mut found)?;
    *room = room.saturating_sub(u32::try_from(found.rows.len()).unwrap_or(u32::MAX));
    for row in &mut found.rows {
        add_lists(cx, &unfinished, row, room)?;
    }
    let next = match found.rows.last().filter(|_| more) {
        Some(last) => keys_of(&unfinished, last).map(|keys| page_token(cx, &unfinished, keys, 2)),
        None => None,
    };
    Ok(NestedRows { rows: found.rows, next })
}

/// The values of the order's keys, where all of them were returned.
fn keys_of(query: &ResolvedQuery, row: &CollectedRow) -> Option<Vec<driftless_model::Value>> {
    let place = |key: OrderKey| match key {
        OrderKey::Column(source, column) => query.outputs.iter().position(|output| *output == driftless_query::Output::Column { source, column }),
        OrderKey::Output(at) => Some(at),
    };
    query.orders.iter().map(|order| row.values.get(place(order.key)?).cloned()).collect()
}
