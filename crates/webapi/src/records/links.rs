//! References between rows: `$ref` (web-api 13).

use std::cell::RefCell;
use std::sync::Arc;

use driftless_core::{Association, ClearLookup, Collection, Field, Identity, Record, Request, RetrieveMultiple, Snapshot, Target, Update};
use driftless_model::{Error, ErrorCode, Result};
use driftless_odata::json::{JsonLimits, JsonWriter};
use driftless_odata::url::NamedSegment;
use driftless_query::{Collector, Columns, Query};

use super::{ListTail, RowAddress, page_rows, page_token, read};
use crate::answer::Answer;
use crate::call::Call;
use crate::error;
use crate::lower;
use crate::records::list::next_link;
use crate::write::{Earlier, Write, unexpected};

/// `GET set(key)/nav/$ref`: the address of the row behind a lookup, or of those of a collection.
pub(super) fn read(call: &Call<'_>, address: RowAddress<'_>, name: &str) -> Result<Answer> {
    let snapshot = call.exchange.snapshot();
    let target = address.target_for_read(call, &snapshot)?;
    let Some(navigation) = lower::single(&snapshot, &target.table, name) else {
        return read_collection(call, address, name);
    };
    let Some(related) = read::referenced(call, &target, &navigation)? else { return Ok(Answer::no_content()) };
    let Identity::Id(id) = related.identity else { return Err(unexpected("a read of a lookup")) };
    let root = &call.exchange.root;
    let mut json = JsonWriter::new();
    json.begin_object();
    json.name("@odata.context");
    json.text(&format!("{root}$metadata#$ref"));
    json.name("@odata.id");
    json.text(&format!("{root}{}({id})", related.table.def.set_name));
    json.end_object();
    Ok(Answer::with_body(200, call.format.content_type(), json.into_bytes()))
}

fn read_collection(call: &Call<'_>, address: RowAddress<'_>, name: &str) -> Result<Answer> {
    let set: RefCell<String> = RefCell::default();
    let mut rows = Collector::default();
    let page_token = page_token(call)?;
    let response = call.exchange.organization.execute(
        call.exchange.caller,
        &mut |snapshot| {
            let parent = address.target_for_read(call, snapshot)?;
            let collection = collection(snapshot, &parent, name)?;
            let table = snapshot.require(collection.table())?;
            *set.borrow_mut() = table.def.set_name.to_string();
            let query = Query { columns: Columns::Some(Vec::new()), limit: Some(page_rows(call)), ..Query::new(table.name().clone()) };
            Ok(Request::RetrieveMultiple(RetrieveMultiple {
                query,
                within: Some((collection.along(), parent)),
                count: false,
                skip: 0,
                page_token: page_token.clone(),
                aggregate_rows_max: None,
            }))
        },
        &mut rows,
    )?;
    let root = &call.exchange.root;
    let mut json = JsonWriter::new();
    json.begin_object();
    json.name("@odata.context");
    json.text(&format!("{root}$metadata#Collection($ref)"));
    json.name("value");
    json.begin_array();
    for id in rows.rows.iter().filter_map(|row| row.values.first()?.id()) {
        json.begin_object();
        json.name("@odata.id");
        json.text(&format!("{root}{}({id})", set.borrow()));
        json.end_object();
    }
    json.end_array();
    if let ListTail::Next(link) = next_link(call, response, None)? {
        json.name("@odata.nextLink");
        json.text(&link);
    }
    json.end_object();
    Ok(Answer::with_body(200, call.format.content_type(), json.into_bytes()))
}

/// `POST set(key)/collection/$ref` with `{"@odata.id":…}`: the named row joins the collection.
///
/// # Errors
/// 0x80048d19 when the body names no row.
pub(super) fn add<'a>(call: &'a Call<'a>, address: RowAddress<'a>, name: &'a str) -> Result<Write<'a>> {
    let reference = referenced_in_body(call)?;
    Ok(Write::new(
        move |snapshot, earlier| {
            let target = address.target(call, snapshot, earlier)?;
            let collection = collection(snapshot, &target, name)?;
            let related = vec![member(call, snapshot, earlier, &collection, &reference)?];
            Ok(Request::Associate(Association { target, collection, related }))
        },
        |_| Ok(Answer::no_content()),
    ))
}

/// `PUT set(key)/nav/$ref` with `{"@odata.id":…}`: the row's lookup refers to the named row.
///
/// # Errors
/// 0x80048d19 when the body names no row.
pub(super) fn set<'a>(call: &'a Call<'a>, address: RowAddress<'a>, name: &'a str) -> Result<Write<'a>> {
    let reference = referenced_in_body(call)?;
    Ok(Write::new(
        move |snapshot, earlier| {
            let target = address.target(call, snapshot, earlier)?;
            let navigation = lower::single(snapshot, &target.table, name).ok_or_else(|| error::no_such_segment(name))?;
            let related = lower::reference(call.exchange.origin, snapshot, earlier, &reference)?;
            if !navigation.targets.contains(related.table.name()) {
                return Err(wrong_table(name, &related));
            }
            let fields = vec![(navigation.column, Field::Lookup(related))];
            let record = Record { table: Arc::clone(&target.table), id: None, fields, related: Vec::new() };
            Ok(Request::Update(Update { target, record, if_version: None, returning: None }))
        },
        |_| Ok(Answer::no_content()),
    ))
}

/// `DELETE set(key)/nav/$ref`, or `DELETE set(key)/collection/$ref?$id=…`
pub(super) fn remove<'a>(call: &'a Call<'a>, address: RowAddress<'a>, name: &'a str) -> Write<'a> {
    Write::new(
        move |snapshot, earlier| {
            let target = address.target(call, snapshot, earlier)?;
            if let Some(navigation) = lower::single(snapshot, &target.table, name) {
                return Ok(Request::ClearLookup(ClearLookup { target, column: navigation.column }));
            }
            let collection = collection(snapshot, &target, name)?;
            let reference = call.options.id.as_deref().ok_or_else(|| {
                Error::new(ErrorCode::ODataError, format!("Which row leaves '{name}' must be said: {name}(key)/$ref, or {name}/$ref?$id=address."))
            })?;
            let related = vec![member(call, snapshot, earlier, &collection, reference)?];
            Ok(Request::Disassociate(Association { target, collection, related }))
        },
        |_| Ok(Answer::no_content()),
    )
}

/// `DELETE set(key)/collection(key)/$ref`
pub(super) fn remove_member<'a>(call: &'a Call<'a>, address: RowAddress<'a>, segment: &'a NamedSegment<'a>) -> Write<'a> {
    Write::new(
        move |snapshot, earlier| {
            let target = address.target(call, snapshot, earlier)?;
            let collection = collection(snapshot, &target, &segment.name)?;
            let key = segment.key.as_ref().ok_or_else(|| error::no_such_segment(&segment.name))?;
            let related = vec![lower::target(snapshot, snapshot.require(collection.table())?, key, &call.options.aliases)?];
            Ok(Request::Disassociate(Association { target, collection, related }))
        },
        |_| Ok(Answer::no_content()),
    )
}

fn collection(snapshot: &Snapshot, owner: &Target, name: &str) -> Result<Collection> {
    snapshot.collection(owner.table.name(), name).ok_or_else(|| error::no_such_segment(name))
}

/// The row that a reference names, which must be of the collection's table.
fn member(call: &Call<'_>, snapshot: &Snapshot, earlier: &Earlier<'_>, collection: &Collection, reference: &str) -> Result<Target> {
    let member = lower::reference(call.exchange.origin, snapshot, earlier, reference)?;
    if member.table.name() == collection.table() { Ok(member) } else { Err(wrong_table(collection.navigation(), &member)) }
}

fn wrong_table(name: &str, target: &Target) -> Error {
    Error::new(ErrorCode::ODataError, format!("A record of '{}' cannot stand under '{name}'.", target.table.name()))
}

fn referenced_in_body(call: &Call<'_>) -> Result<String> {
    let body = call.json(&JsonLimits::default())?;
    let id = body.get("@odata.id").or_else(|| body.get("@id")).and_then(|id| id.as_text());
    id.map(str::to_owned).ok_or_else(|| error::payload(call.resource, "A body of the form {\"@odata.id\":\"address of a record\"} is expected."))
}
