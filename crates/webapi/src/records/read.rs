//! Reads of one row (web-api 9).

use std::cell::RefCell;
use std::sync::Arc;

use driftless_core::{Identity, Request, Response, Retrieve, Target};
use driftless_model::{LogicalName, Result, Table, Value, Version};
use driftless_odata::headers::{EntityTag, Preconditions};
use driftless_odata::query::ExpandItem;
use driftless_query::{Collector, Columns, Query};

use super::{RowAddress, applied, list, property};
use crate::answer::Answer;
use crate::call::Call;
use crate::lower::{self, Single};
use crate::rows::{Lowered, LoweredSlot, RetrievedRecord, RowStyle, context_columns, etag};
use crate::write::unexpected;

/// `GET set(key)`
pub(super) fn row(call: &Call<'_>, address: RowAddress<'_>) -> Result<Answer> {
    let snapshot = call.exchange.snapshot();
    let target = address.target_for_read(call, &snapshot)?;
    let unless_version = match call.preconditions {
        // A version says nothing of expanded rows and of names behind lookups (web-api 9).
        Preconditions::IfNoneMatch(EntityTag::Version(version)) if call.options.expand.is_empty() && call.preferences.annotations.is_none() => {
            i64::try_from(version).ok().map(Version)
        }
        _ => None,
    };
    retrieve(call, target.table.def.set_name.as_str(), unless_version, &|snapshot| address.target_for_read(call, snapshot))
}

/// `GET set(key)/name`: a column, a row behind a lookup, or the rows of a collection.
pub(super) fn member(call: &Call<'_>, address: RowAddress<'_>, name: &str) -> Result<Answer> {
    let snapshot = call.exchange.snapshot();
    let target = address.target_for_read(call, &snapshot)?;
    if let Some(navigation) = lower::single(&snapshot, &target.table, name) {
        return related(call, target, &navigation);
    }
    if snapshot.collection(target.table.name(), name).is_some() {
        return list::read_within(call, address, name);
    }
    property::read(call, address, name)
}

/// The row that a lookup refers to; 204 when it refers to none.
fn related(call: &Call<'_>, target: Target, navigation: &Single) -> Result<Answer> {
    let Some(related) = referenced(call, &target, navigation)? else { return Ok(Answer::no_content()) };
    let set = related.table.def.set_name.to_string();
    retrieve(call, &set, None, &|snapshot| {
        let table = Arc::clone(snapshot.require(related.table.name())?);
        Ok(Target { table, identity: related.identity.clone() })
    })
}

/// The row that a lookup of a row refers to, if it is of one of the tables that the navigation property leads to.
///
/// # Errors
/// 0x80040217 without the row.
pub(super) fn referenced(call: &Call<'_>, target: &Target, navigation: &Single) -> Result<Option<Target>> {
    let lookup = target.table.column(navigation.column).name.clone();
    let (_, value) = column_value(call, target, lookup)?;
    let Value::Ref(reference) = value else { return Ok(None) };
    let snapshot = call.exchange.snapshot();
    let table = match navigation.targets.as_slice() {
        [only] if !target.table.column(navigation.column).lookup().is_some_and(|lookup| lookup.is_polymorphic()) => snapshot.find(only),
        targets => snapshot.by_code(reference.table).filter(|table| targets.contains(table.name())),
    };
    Ok(table.map(|table| Target { table: Arc::clone(table), identity: Identity::Id(reference.id) }))
}

/// Primary id and one column of a row.
///
/// # Errors
/// 0x80040217 without the row.
pub(super) fn column_value(call: &Call<'_>, target: &Target, column: LogicalName) -> Result<(Value, Value)> {
    let mut rows = Collector::default();
    call.exchange.organization.execute(
        call.exchange.caller,
        &mut |snapshot| {
            let table = Arc::clone(snapshot.require(target.table.name())?);
            let query = Query { columns: Columns::Some(vec![column.clone()]), ..Query::new(table.name().clone()) };
            Ok(Request::Retrieve(Retrieve { target: Target { table, identity: target.identity.clone() }, query, unless_version: None }))
        },
        &mut rows,
    )?;
    let row = rows.rows.into_iter().next().ok_or_else(|| unexpected("a read of one column"))?;
    let mut values = row.values.into_iter();
    // Primary id, version, column: the order of a group's values.
    match (values.next(), values.nth(1)) {
        (Some(id), Some(value)) => Ok((id, value)),
        _ => Err(unexpected("a read of one column")),
    }
}

fn retrieve(call: &Call<'_>, set: &str, unless_version: Option<Version>, target: &dyn Fn(&driftless_core::Snapshot) -> Result<Target>) -> Result<Answer> {
    lower::unsupported_options(&call.options)?;
    let style = RowStyle::of(call);
    let slot: LoweredSlot = RefCell::new(None);
    let mut sink = RetrievedRecord::new(&style, &slot, record_context(call, set, &call.options.expand));
    let response = call.exchange.organization.execute(
        call.exchange.caller,
        &mut |snapshot| {
            let target = target(snapshot)?;
            let query = row_query(call, snapshot, &target.table, &call.options.expand)?;
            *slot.borrow_mut() = Some(Lowered::new(call.exchange, snapshot, &query, &call.options.expand)?);
            Ok(Request::Retrieve(Retrieve { target, query, unless_version }))
        },
        &mut sink,
    )?;
    match response {
        Response::Retrieved => {
            let (body, etag) = sink.finish();
            let answer = Answer::with_body(200, call.format.content_type(), body).header_if("ETag", etag);
            Ok(applied(answer, call, false))
        }
        Response::NotModified => Ok(Answer::new(304).header_if("ETag", unless_version.map(|version| etag(version.0)))),
        _ => Err(unexpected("a retrieve")),
    }
}

/// The query for one row: columns and expansions alone count.
///
/// # Errors
/// 0x80060888 for unknown properties.
pub(super) fn row_query(call: &Call<'_>, snapshot: &driftless_core::Snapshot, table: &Arc<Table>, expand: &[ExpandItem]) -> Result<Query> {
    let columns = lower::select(table, call.options.select.as_deref())?;
    let expands = lower::expands(snapshot, table, expand, call.preferences.page_rows_max)?;
    let lookup_names = RowStyle::of(call).annotations.formatted;
    Ok(Query { columns, expands, lookup_names, ..Query::new(table.name().clone()) })
}

/// The context of one row of a set: `#set(a,b,nav(c))/$entity`.
pub(super) fn record_context(call: &Call<'_>, set: &str, expand: &[ExpandItem]) -> String {
    format!("{}$metadata#{set}{}/$entity", call.exchange.root, selected_columns(call, expand))
}

/// The part of a context that names the selected columns.
pub(super) fn selected_columns(call: &Call<'_>, expand: &[ExpandItem]) -> String {
    let apply = call.options.apply.as_deref().and_then(|text| driftless_odata::apply::parse(text).ok());
    match apply {
        Some(apply) => {
            let grouped = apply.group_by.iter().map(|path| path.join("/"));
            format!("({})", grouped.chain(apply.aggregates.into_iter().map(|value| value.name)).collect::<Vec<_>>().join(","))
        }
        None => context_columns(call.options.select.as_deref(), expand),
    }
}
