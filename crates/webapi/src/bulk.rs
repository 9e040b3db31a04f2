//! Bulk actions: CreateMultiple, UpdateMultiple and UpsertMultiple (web-api 24). Each is one transaction.

use std::sync::Arc;

use driftless_core::{Create, Existence, Identity, Record, Request, Response, Snapshot, Target, Update, Upsert};
use driftless_model::{Error, ErrorCode, Result, Table};
use driftless_odata::json::{Json, JsonLimits, JsonWriter};

use crate::answer::Answer;
use crate::call::Call;
use crate::error;
use crate::lower::{self, RecordReader};
use crate::records::table;
use crate::write::{Earlier, Write, unexpected};

/// The namespace of types and operations, with its dot.
const NAMESPACE: &str = "Microsoft.Dynamics.CRM.";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Bulk {
    Create,
    Update,
    Upsert,
}

/// `POST set/Microsoft.Dynamics.CRM.…Multiple`
///
/// # Errors
/// 0x80048d19 when the body is malformed, 0x8006088a for an unknown action, 0x80040315 for one that standard tables do not have.
pub(crate) fn act<'a>(call: &'a Call<'a>, set: &'a str, name: &'a str) -> Result<Write<'a>> {
    let Some(action) = name.strip_prefix(NAMESPACE) else {
        return Err(Error::new(ErrorCode::ODataError, "Request message has unresolved parameters."));
    };
    let bulk = match action {
        "CreateMultiple" => Bulk::Create,
        "UpdateMultiple" => Bulk::Update,
        "UpsertMultiple" => Bulk::Upsert,
        "DeleteMultiple" => return Err(error::not_offered("DeleteMultiple, an action of elastic tables,")),
        _ => return Err(error::no_such_segment(name)),
    };
    let body = call.json(&JsonLimits::BULK)?;
    if body.get("Targets").and_then(Json::as_array).is_none() {
        return Err(error::payload(set, "A body of the form {\"Targets\":[...]} is expected."));
    }
    Ok(Write::new(
        move |snapshot, earlier| {
            let table = table(snapshot, set)?;
            let items = body.get("Targets").and_then(Json::as_array).unwrap_or_default();
            items.iter().map(|item| request(call, snapshot, earlier, table, bulk, item)).collect::<Result<_>>().map(Request::Multiple)
        },
        move |response| render(call, bulk, response),
    ))
}

fn request(call: &Call<'_>, snapshot: &Arc<Snapshot>, earlier: &Earlier<'_>, table: &Arc<Table>, bulk: Bulk, item: &Json<'_>) -> Result<Request> {
    check_type(table, item)?;
    let mut record = RecordReader::new(call.exchange, snapshot, earlier).record(table, item)?;
    if bulk == Bulk::Create {
        return Ok(Request::Create(Create { record, returning: None }));
    }
    // UP-5: neither id nor key makes a new row.
    if bulk == Bulk::Upsert && record.id.is_none() && item.get("@odata.id").is_none() {
        return Ok(Request::Create(Create { record, returning: None }));
    }
    let target = target(call, snapshot, earlier, item, &mut record)?;
    Ok(if bulk == Bulk::Update {
        Request::Update(Update { target, record, if_version: None, returning: None })
    } else {
        Request::Upsert(Upsert { target, record, existence: Existence::MayCreate, returning: None })
    })
}

/// Every target says its type, and it is the set's.
fn check_type(table: &Table, item: &Json<'_>) -> Result<()> {
    let named = item.get("@odata.type").and_then(Json::as_text);
    let fits = named.is_some_and(|name| name.trim_start_matches('#').strip_prefix(NAMESPACE) == Some(table.name().as_str()));
    if fits {
        return Ok(());
    }
    Err(error::payload(&table.def.set_name, &format!("Every target needs '@odata.type' with the value '{NAMESPACE}{}'.", table.name())))
}

/// The row of a target: `@odata.id`, else the primary id among the columns.
fn target(call: &Call<'_>, snapshot: &Snapshot, earlier: &Earlier<'_>, item: &Json<'_>, record: &mut Record) -> Result<Target> {
    let table = Arc::clone(&record.table);
    if let Some(text) = item.get("@odata.id").and_then(Json::as_text) {
        let target = lower::reference(call.exchange.origin, snapshot, earlier, text)?;
        if target.table.name() != table.name() {
            return Err(error::payload(&table.def.set_name, &format!("The address '{text}' is not one of this set.")));
        }
        return Ok(target);
    }
    let id = record.id.take().ok_or_else(|| {
        error::payload(&table.def.set_name, &format!("Every target needs its '{}', or '@odata.id' with the address of its row.", table.def.primary_id))
    })?;
    Ok(Target { table, identity: Identity::Id(id) })
}

fn render(call: &Call<'_>, bulk: Bulk, response: Response) -> Result<Answer> {
    let Response::Multiple(responses) = response else { return Err(unexpected("a bulk action")) };
    if bulk != Bulk::Create {
        return Ok(Answer::no_content());
    }
    let mut json = JsonWriter::new();
    json.begin_object();
    json.name("@odata.context");
    json.text(&format!("{}$metadata#{NAMESPACE}CreateMultipleResponse", call.exchange.root));
    json.name("Ids");
    json.begin_array();
    for response in &responses {
        let Response::Written(written) = response else { return Err(unexpected("a bulk action")) };
        json.guid(written.id.as_bytes());
    }
    json.end_array();
    json.end_object();
    Ok(Answer::with_body(200, call.format.content_type(), json.into_bytes()))
}
