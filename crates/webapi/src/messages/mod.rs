//! Functions and actions (web-api 28), derived from the organization's list of messages: a new message needs no line here.
//!
//! `arguments` reads parameters, from addresses and from bodies; `results` writes what a message answers.

mod arguments;
mod results;

use std::sync::Arc;

use driftless_core::{Arg, Args, BOUND_ROW, Binding, MESSAGES, MessageDef, MessageKind, Request, Snapshot};
use driftless_model::{Error, ErrorCode, Result, Table};
use driftless_odata::json::JsonLimits;
use driftless_odata::url::{NamedSegment, Segment};
use driftless_query::Collector;

use crate::call::Call;
use crate::error;
use crate::records::{self, RowAddress};
use crate::write::{Action, Earlier, Write};
use arguments::Reader;
use results::render;

pub(crate) use results::{edm_type, is_record};

/// The namespace of types and operations, with its dot.
const NAMESPACE: &str = "Microsoft.Dynamics.CRM.";

/// The unbound message that a first path segment calls.
pub(crate) fn find(name: &str) -> Option<&'static MessageDef> {
    let name = name.strip_prefix(NAMESPACE).unwrap_or(name);
    MESSAGES.iter().find(|def| def.name == name && def.binding == Binding::None)
}

/// What a message is called on.
#[derive(Clone, Copy)]
pub(crate) enum On<'a> {
    /// Nothing.
    Nothing,
    /// A row.
    Row(RowAddress<'a>),
    /// The set of this name.
    Set(&'a str),
}

/// The bound message that the segment behind a set or row calls, with what it is called on.
///
/// # Errors
/// 0x80060888 for a bound message without its namespace.
pub(crate) fn find_bound<'a>(call: &'a Call<'a>, first: &'a Segment<'a>, operation: &str) -> Result<Option<(&'static MessageDef, On<'a>)>> {
    let name = operation.strip_prefix(NAMESPACE).unwrap_or(operation);
    if !MESSAGES.iter().any(|def| def.name == name && def.binding != Binding::None) {
        return Ok(None);
    }
    let on = match first {
        Segment::ContentId(id) => On::Row(RowAddress::ContentId(id)),
        Segment::Named(segment) => RowAddress::of(segment).map_or(On::Set(&segment.name), On::Row),
        _ => return Ok(None),
    };
    if !operation.starts_with(NAMESPACE) {
        return Err(Error::new(ErrorCode::ODataError, "Request message has unresolved parameters."));
    }
    let table = match first {
        Segment::Named(segment) => Some(Arc::clone(records::table(&call.exchange.snapshot(), &segment.name)?)),
        _ => None,
    };
    let fits = |def: &&MessageDef| match (def.binding, on) {
        (Binding::Row(own), On::Row(_)) | (Binding::Set(own), On::Set(_)) => table.as_ref().is_none_or(|table| table.name().as_str() == own),
        _ => false,
    };
    let found = MESSAGES.iter().filter(|def| def.name == name).find(fits);
    found.map(|def| Some((def, on))).ok_or_else(|| error::no_such_segment(operation))
}

/// Calls a message.
///
/// # Errors
/// 0x80060888 for parameters that the message does not have, lacks or cannot read; what the message refuses.
pub(crate) fn act<'a>(call: &'a Call<'a>, def: &'static MessageDef, on: On<'a>, segment: &'a NamedSegment<'a>) -> Result<Action<'a>> {
    match (def.kind, call.method) {
        (MessageKind::Function, "GET") => {
            let mut lower = |snapshot: &Arc<Snapshot>| {
                let reader = Reader { call, def, snapshot, earlier: &Earlier::default() };
                let args = bound(&reader, on, reader.of_address(segment)?)?;
                Ok(Request::Message(def, args))
            };
            let response = call.exchange.organization.execute(call.exchange.caller, &mut lower, &mut Collector::default())?;
            render(call, def, response).map(Action::Answer)
        }
        (MessageKind::Action, "POST") => {
            let body = call.json(&JsonLimits::BULK)?;
            Ok(Action::Write(Write::new(
                move |snapshot, earlier| {
                    let reader = Reader { call, def, snapshot, earlier };
                    let args = bound(&reader, on, reader.of_body(&body)?)?;
                    Ok(Request::Message(def, args))
                },
                move |response| render(call, def, response),
            )))
        }
        _ => Err(call.wrong_method()),
    }
}

/// The arguments, with the row that the message is called on.
fn bound(reader: &Reader<'_>, on: On<'_>, mut args: Args) -> Result<Args> {
    let expect = |table: &Table, own: &str| if table.name().as_str() == own { Ok(()) } else { Err(error::no_such_segment(reader.def.name)) };
    match (reader.def.binding, on) {
        (Binding::Row(own), On::Row(address)) => {
            let target = address.target(reader.call, reader.snapshot, reader.earlier)?;
            expect(&target.table, own)?;
            args.0.push((BOUND_ROW, Arg::Row(target)));
        }
        (Binding::Set(own), On::Set(set)) => expect(records::table(reader.snapshot, set)?, own)?,
        _ => {}
    }
    Ok(args)
}

/// The refusal of a call that does not fit its message.
fn bad(def: &MessageDef, why: &str) -> Error {
    Error::new(ErrorCode::ODataError, format!("The operation '{}' cannot be called so: {why}.", def.name))
}
