//! References between rows: `$ref` (web-api 13).

use std::cell::RefCell;
use std::sync::Arc;

use driftless_core::{Disassociate, Field, Identity, Record, Request, RetrieveMultiple, Snapshot, Target, Update};
use driftless_model::{Error, ErrorCode, Relationship, Result};
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
            let relationship = relation(snapshot, &parent, name)?;
            let table = snapshot.require(&relationship.referencing_table)?;
            *set.borrow_mut() = table.def.set_name.to_string();
            let along = lower::along(relationship);
            let query = Query { columns: Columns::Some(Vec::new()), limit: Some(page_rows(call)), ..Query::new(table.name().clone()) };
            Ok(Request::RetrieveMultiple(RetrieveMultiple { query, within: Some((along, parent)), count: false, skip: 0, page_token: page_token.clone() }))
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

/// `POST set(key)/collection/$ref` with `{"@odata.id":…}`: the named row's lookup refers to this row.
///
/// # Errors
/// 0x80048d19 when the body names no row.
pub(super) fn add<'a>(call: &'a Call<'a>, address: RowAddress<'a>, name: &'a str) -> Result<Write<'a>> {
    let reference = referenced_in_body(call)?;
    Ok(Write::new(
        move |snapshot, earlier| {
            let parent = address.target(call, snapshot, earlier)?;
            let relationship = relation(snapshot, &parent, name)?;
            let child = member(call, snapshot, earlier, relationship, &reference)?;
            refer(child, &relationship.referencing_column, parent)
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
            let column = target.table.column(navigation.column).name.clone();
            refer(target, &column, related)
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
                return Ok(Request::Disassociate(Disassociate { target, column: navigation.column, from: None }));
            }
            let relationship = relation(snapshot, &target, name)?;
            let reference = call.options.id.as_deref().ok_or_else(|| {
                Error::new(ErrorCode::ODataError, format!("Which row leaves '{name}' must be said: {name}(key)/$ref, or {name}/$ref?$id=address."))
            })?;
            let child = member(call, snapshot, earlier, relationship, reference)?;
            part(child, relationship, target)
        },
        |_| Ok(Answer::no_content()),
    )
}

/// `DELETE set(key)/collection(key)/$ref`
pub(super) fn remove_member<'a>(call: &'a Call<'a>, address: RowAddress<'a>, segment: &'a NamedSegment<'a>) -> Write<'a> {
    Write::new(
        move |snapshot, earlier| {
            let parent = address.target(call, snapshot, earlier)?;
            let relationship = relation(snapshot, &parent, &segment.name)?;
            let key = segment.key.as_ref().ok_or_else(|| error::no_such_segment(&segment.name))?;
            let child = lower::target(snapshot, snapshot.require(&relationship.referencing_table)?, key, &call.options.aliases)?;
            part(child, relationship, parent)
        },
        |_| Ok(Answer::no_content()),
    )
}

fn relation<'s>(snapshot: &'s Snapshot, parent: &Target, name: &str) -> Result<&'s Arc<Relationship>> {
    lower::collection(snapshot, &parent.table, name).ok_or_else(|| error::no_such_segment(name))
}

/// The row that a reference names, which must be of the relationship's referring table.
fn member(call: &Call<'_>, snapshot: &Snapshot, earlier: &Earlier<'_>, relationship: &Relationship, reference: &str) -> Result<Target> {
    let child = lower::reference(call.exchange.origin, snapshot, earlier, reference)?;
    if *child.table.name() == relationship.referencing_table { Ok(child) } else { Err(wrong_table(&relationship.referenced_navigation, &child)) }
}

fn refer(target: Target, column: &str, to: Target) -> Result<Request> {
    let ix = target.table.require(column)?;
    let record = Record { table: Arc::clone(&target.table), id: None, fields: vec![(ix, Field::Lookup(to))], related: Vec::new() };
    Ok(Request::Update(Update { target, record, if_version: None, returning: None }))
}

fn part(child: Target, relationship: &Relationship, parent: Target) -> Result<Request> {
    let column = child.table.require(&relationship.referencing_column)?;
    Ok(Request::Disassociate(Disassociate { target: child, column, from: Some(parent) }))
}

fn wrong_table(name: &str, target: &Target) -> Error {
    Error::new(ErrorCode::ODataError, format!("A record of '{}' cannot stand under '{name}'.", target.table.name()))
}

fn referenced_in_body(call: &Call<'_>) -> Result<String> {
    let body = call.json(&JsonLimits::default())?;
    let id = body.get("@odata.id").or_else(|| body.get("@id")).and_then(|id| id.as_text());
    id.map(str::to_owned).ok_or_else(|| error::payload(call.resource, "A body of the form {\"@odata.id\":\"address of a record\"} is expected."))
}
