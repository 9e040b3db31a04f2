//! Single columns of a row (web-api 9, 10).

use std::sync::Arc;

use driftless_core::{Field, Record, Request, Snapshot, Update};
use driftless_model::{ColumnIx, Result, Table, Value};
use driftless_odata::headers::{EntityTag, Preconditions};
use driftless_odata::json::{JsonLimits, JsonWriter};
use driftless_odata::record::value_of_json;

use super::{RowAddress, applied, file, read};
use crate::answer::Answer;
use crate::call::Call;
use crate::error;
use crate::lower;
use crate::rows::write_value;
use crate::write::Write;

/// `GET set(key)/column`; 204 for null.
pub(super) fn read(call: &Call<'_>, address: RowAddress<'_>, name: &str) -> Result<Answer> {
    if is_file(call, address, name)? {
        return file::read(call, address, name, file::Form::Json);
    }
    let (set, id, value) = value(call, address, name)?;
    if value.is_null() {
        return Ok(Answer::no_content());
    }
    let mut json = JsonWriter::new();
    json.begin_object();
    json.name("@odata.context");
    json.text(&format!("{}$metadata#{set}({})/{name}", call.exchange.root, id.id().unwrap_or_default()));
    json.name("value");
    match &value {
        Value::Choices(chosen) => json.text(&Value::choices_text(chosen)),
        value => write_value(&mut json, value.as_ref(), call.format.ieee754_compatible),
    }
    json.end_object();
    Ok(applied(Answer::with_body(200, call.format.content_type(), json.into_bytes()), call, false))
}

/// `GET set(key)/column/$value`: the value as plain text.
pub(super) fn raw(call: &Call<'_>, address: RowAddress<'_>, name: &str) -> Result<Answer> {
    if is_file(call, address, name)? {
        return file::read(call, address, name, file::Form::Raw);
    }
    let (_, _, value) = value(call, address, name)?;
    let text = match &value {
        Value::Null => return Ok(Answer::no_content()),
        Value::Text(text) => text.clone(),
        Value::Choices(chosen) => Value::choices_text(chosen),
        value => {
            let mut json = JsonWriter::new();
            write_value(&mut json, value.as_ref(), false);
            String::from_utf8_lossy(json.as_bytes()).trim_matches('"').to_owned()
        }
    };
    Ok(Answer::with_body(200, "text/plain; charset=utf-8", text))
}

/// True for a column of files or images, whose bytes are read in another way.
fn is_file(call: &Call<'_>, address: RowAddress<'_>, name: &str) -> Result<bool> {
    let target = address.target_for_read(call, &call.exchange.snapshot())?;
    Ok(target.table.files.contains(&column(&target.table, name)?))
}

fn value(call: &Call<'_>, address: RowAddress<'_>, name: &str) -> Result<(String, Value, Value)> {
    let target = address.target_for_read(call, &call.exchange.snapshot())?;
    let column = column(&target.table, name)?;
    let (id, value) = read::column_value(call, &target, target.table.column(column).name.clone())?;
    Ok((target.table.def.set_name.to_string(), id, value))
}

/// The column that a path segment names; lookups go by `_x_value`.
pub(super) fn column(table: &Table, name: &str) -> Result<ColumnIx> {
    let plain = || table.find(name).filter(|ix| table.column(*ix).lookup().is_none() && table.column(*ix).is_stored());
    lower::lookup_in_name(table, name).or_else(plain).ok_or_else(|| error::no_such_segment(name))
}

/// `PUT set(key)/column` with `{"value":…}`
///
/// # Errors
/// 0x80048d19 when the body is malformed.
pub(super) fn put<'a>(call: &'a Call<'a>, address: RowAddress<'a>, name: &'a str) -> Result<Write<'a>> {
    let body = call.json(&JsonLimits::default())?;
    if body.get("value").is_none() {
        return Err(error::payload(call.resource, "A body of the form {\"value\":...} is expected."));
    }
    Ok(Write::new(
        move |snapshot, earlier| {
            let target = address.target(call, snapshot, earlier)?;
            let table = Arc::clone(&target.table);
            let ix = writable(snapshot, &table, name)?;
            let json = body.get("value").unwrap_or(&driftless_odata::json::Json::Null);
            let value = value_of_json(table.column(ix), json).map_err(|error| error::wrong_type(&table.def.set_name, name, &error))?;
            Ok(update(call, target, ix, value))
        },
        |_| Ok(Answer::no_content()),
    ))
}

/// `DELETE set(key)/column`
pub(super) fn clear<'a>(call: &'a Call<'a>, address: RowAddress<'a>, name: &'a str) -> Write<'a> {
    Write::new(
        move |snapshot, earlier| {
            let target = address.target(call, snapshot, earlier)?;
            let ix = writable(snapshot, &target.table, name)?;
            Ok(update(call, target, ix, Value::Null))
        },
        |_| Ok(Answer::no_content()),
    )
}

fn writable(snapshot: &Snapshot, table: &Table, name: &str) -> Result<ColumnIx> {
    let is_navigation = lower::single(snapshot, table, name).is_some() || lower::lookup_in_name(table, name).is_some();
    match column(table, name) {
        Ok(ix) if !is_navigation => Ok(ix),
        _ if is_navigation => Err(error::wrong_method("PUT or DELETE", &format!("the navigation property '{name}'; use '{name}/$ref'"))),
        other => other,
    }
}

fn update(call: &Call<'_>, target: driftless_core::Target, ix: ColumnIx, value: Value) -> Request {
    let record = Record { table: Arc::clone(&target.table), id: None, fields: vec![(ix, Field::Value(value))], related: Vec::new() };
    Request::Update(Update { target, record, if_version: if_version(call), returning: None })
}

/// The version that a row must have for the write (web-api 14).
pub(super) fn if_version(call: &Call<'_>) -> Option<driftless_model::Version> {
    match call.preconditions {
        // A version beyond 63 bits is one that no row has.
        Preconditions::IfMatch(EntityTag::Version(version)) => Some(driftless_model::Version(i64::try_from(version).unwrap_or(-1))),
        _ => None,
    }
}
