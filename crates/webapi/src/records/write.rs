//! Writes of rows (web-api 8, 10, 11, 12).

use std::sync::Arc;

use driftless_core::{Collection, Create, Delete, Existence, Field, Identity, Related, Request, Response, Returning, Snapshot, Update, Upsert, Written};
use driftless_model::{Error, ErrorCode, Result, Table};
use driftless_odata::headers::{EntityTag, Preconditions};
use driftless_odata::json::{Json, JsonLimits};
use driftless_odata::query::ExpandItem;

use super::address::table;
use super::property::if_version;
use super::read::{record_context, row_query};
use super::{RowAddress, applied};
use crate::answer::Answer;
use crate::call::Call;
use crate::error;
use crate::lower::RecordReader;
use crate::rows::{Lowered, RowStyle, etag, returning};
use crate::write::{Write, unexpected};

/// `POST set`
///
/// # Errors
/// 0x80048d19 when the body is malformed, 0x8006088a for an unknown set.
pub(super) fn create<'a>(call: &'a Call<'a>, set: &'a str) -> Result<Write<'a>> {
    // An unknown set is reported before a body that may be for something else altogether.
    table(&call.exchange.snapshot(), set)?;
    let body = object(call)?;
    Ok(Write::new(
        move |snapshot, earlier| {
            let table = table(snapshot, set)?;
            let record = RecordReader::new(call.exchange, snapshot, earlier).record(table, &body)?;
            Ok(Request::Create(Create { record, returning: wanted(call, snapshot, table, &call.options.expand)? }))
        },
        move |response| written(call, None, response),
    ))
}

/// `POST set(key)/collection`: a row of the collection.
///
/// # Errors
/// As [`create`].
pub(super) fn create_within<'a>(call: &'a Call<'a>, address: RowAddress<'a>, name: &'a str) -> Result<Write<'a>> {
    let body = object(call)?;
    Ok(Write::new(
        move |snapshot, earlier| {
            let parent = address.target(call, snapshot, earlier)?;
            let collection = snapshot.collection(parent.table.name(), name).ok_or_else(|| error::no_such_segment(name))?;
            let table = snapshot.require(collection.table())?;
            let mut record = RecordReader::new(call.exchange, snapshot, earlier).record(table, &body)?;
            match collection {
                Collection::Children(relationship) => record.fields.push((table.require(&relationship.referencing_column)?, Field::Lookup(parent))),
                Collection::Pairs(pairing) => record.related.push(Related::Links(Collection::Pairs(pairing.reversed()), vec![parent])),
            }
            Ok(Request::Create(Create { record, returning: wanted(call, snapshot, table, &call.options.expand)? }))
        },
        move |response| written(call, None, response),
    ))
}

/// `PATCH set(key)`: update, or make the row (web-api 11).
///
/// # Errors
/// 0x80048d19 when the body is malformed.
pub(super) fn patch<'a>(call: &'a Call<'a>, address: RowAddress<'a>) -> Result<Write<'a>> {
    if let Preconditions::IfNoneMatch(EntityTag::Version(_)) = call.preconditions {
        return Err(Error::new(ErrorCode::ODataError, "The header If-None-Match of a PATCH can be * only."));
    }
    let body = object(call)?;
    Ok(Write::new(
        move |snapshot, earlier| {
            let target = address.target(call, snapshot, earlier)?;
            let record = RecordReader::new(call.exchange, snapshot, earlier).record(&target.table, &body)?;
            let returning = wanted(call, snapshot, &target.table, &[])?;
            let is_made = matches!(target.identity, Identity::Result(_));
            Ok(match call.preconditions {
                Preconditions::IfMatch(_) => Request::Update(Update { target, record, if_version: if_version(call), returning }),
                Preconditions::None if is_made => Request::Update(Update { target, record, if_version: None, returning }),
                Preconditions::None => Request::Upsert(Upsert { target, record, existence: Existence::MayCreate, returning }),
                Preconditions::IfNoneMatch(_) => Request::Upsert(Upsert { target, record, existence: Existence::MustNotExist, returning }),
            })
        },
        move |response| written(call, Some(address), response),
    ))
}

/// `DELETE set(key)`
///
/// # Errors
/// None now; the signature is that of the other writes.
pub(super) fn delete<'a>(call: &'a Call<'a>, address: RowAddress<'a>) -> Result<Write<'a>> {
    Ok(Write::new(
        move |snapshot, earlier| Ok(Request::Delete(Delete { target: address.target(call, snapshot, earlier)?, if_version: if_version(call) })),
        |_| Ok(Answer::no_content()),
    ))
}

fn object<'a>(call: &Call<'a>) -> Result<Json<'a>> {
    let body = call.json(&JsonLimits::default())?;
    match body {
        Json::Object(_) => Ok(body),
        _ => Err(error::payload(call.resource, "The body must be a JSON object.")),
    }
}

/// What is to be returned. `$expand` counts when the row is made, not when it is changed (web-api 10).
fn wanted(call: &Call<'_>, snapshot: &Arc<Snapshot>, table: &Arc<Table>, expand: &[ExpandItem]) -> Result<Option<Returning>> {
    if !call.wants_representation() {
        return Ok(None);
    }
    let query = row_query(call, snapshot, table, expand)?;
    let lowered = Lowered::new(call.exchange, snapshot, &query, expand)?;
    Ok(Some(returning(query, lowered, RowStyle::of(call), record_context(call, &table.def.set_name, expand))))
}

/// The answer to a write: 204 with the row's address, or the row itself.
fn written(call: &Call<'_>, address: Option<RowAddress<'_>>, response: Response) -> Result<Answer> {
    let Response::Written(Written { table, id, version, created, returned }) = response else {
        return Err(unexpected("a write"));
    };
    if let Some(sink) = returned {
        let status = if created { 201 } else { 200 };
        let answer = Answer::with_body(status, call.format.content_type(), sink.finish())
            .header("ETag", etag(version.0))
            .header("Preference-Applied", "return=representation");
        return Ok(applied(answer, call, false));
    }
    let root = &call.exchange.root;
    let by_id = format!("{root}{}({id})", table.def.set_name);
    // The row is named as it was addressed; clients that need its id find it in Location when it was made (web-api 5, 33).
    let named = address.and_then(RowAddress::as_addressed).map_or_else(|| by_id.clone(), |path| format!("{root}{path}"));
    let mut answer = Answer::no_content().header("OData-EntityId", named);
    if created || address.is_none() {
        answer = answer.header("Location", by_id);
    }
    Ok(answer)
}
