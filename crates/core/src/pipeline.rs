//! The fixed path of a request inside its transaction: one function for reads, one for writes.

use driftless_model::{Caller, Error, Limits, Result, Scopes};
use driftless_query::RowSink;
use driftless_store::Length;

use crate::context::{ReadCx, WriteCx};
use crate::files::{self, WriteFile};
use crate::messages::{MessageDef, Run};
use crate::request::{Request, Response, Written};
use crate::security::{self, Access};
use crate::{changes, metadata, records};

/// Bytes of a file that a short unit may write.
const SHORT_BYTES_MAX: usize = 8 << 20;

/// True if the request does not write.
pub(crate) fn is_read(request: &Request) -> bool {
    match request {
        Request::Retrieve(_) | Request::RetrieveMultiple(_) | Request::Count(..) | Request::Changes(_) | Request::CountChanges(_) | Request::ReadFile(_) => {
            true
        }
        Request::Message(def, _) => def.is_read(),
        Request::Create(_)
        | Request::Update(_)
        | Request::Upsert(_)
        | Request::Delete(_)
        | Request::Associate(_)
        | Request::Disassociate(_)
        | Request::ClearLookup(_)
        | Request::Multiple(_)
        | Request::WriteFile(_)
        | Request::Define(_) => false,
    }
}

/// How the unit of a request may be scheduled.
pub(crate) fn length(request: &Request) -> Length {
    match request {
        Request::Message(def, _) => def.length,
        Request::Define(_) => Length::Long,
        // A managed solution goes with its tables; whether this one is managed is not known yet.
        Request::Delete(delete) if *delete.target.table.name().as_str() == *"solution" => Length::Long,
        Request::WriteFile(WriteFile::Whole(_, _, bytes, _)) if bytes.len() > SHORT_BYTES_MAX => Length::Long,
        Request::WriteFile(WriteFile::Part(_, chunk)) if chunk.bytes.len() > SHORT_BYTES_MAX => Length::Long,
        _ => Length::Short,
    }
}

/// Does what needs no transaction: the token's scopes are judged before anything else of the request.
pub(crate) fn prepare(caller: &Caller, request: &mut Request, limits: &Limits) -> Result<()> {
    security::scopes::admit(caller, request)?;
    files::pictures::prepare(request)?;
    match request {
        Request::Message(def, args) => def.prepare.map_or(Ok(()), |prepare| prepare(args, limits)),
        _ => Ok(()),
    }
}

/// Runs a read.
pub(crate) fn read(cx: &ReadCx<'_>, request: &Request, sink: &mut dyn RowSink) -> Result<Response> {
    match request {
        Request::Retrieve(retrieve) => records::retrieve::run(cx, retrieve, sink),
        Request::RetrieveMultiple(list) => records::retrieve_multiple::run(cx, list, sink),
        Request::Count(query, within) => records::retrieve_multiple::count(cx, query, within.as_ref()),
        Request::Changes(request) => changes::read::run(cx, request, sink),
        Request::CountChanges(request) => changes::read::count(cx, request),
        Request::ReadFile(read) => files::download::run(cx, read).map(Response::File),
        Request::Message(def, args) => {
            admit(&cx.access, def)?;
            match def.run {
                Run::Read(run) => run(cx, args).map(Response::Outputs),
                Run::Write(_) => Err(Error::damaged(format!("the message {} writes", def.name))),
            }
        }
        Request::Create(_)
        | Request::Update(_)
        | Request::Upsert(_)
        | Request::Delete(_)
        | Request::Associate(_)
        | Request::Disassociate(_)
        | Request::ClearLookup(_)
        | Request::Multiple(_)
        | Request::WriteFile(_)
        | Request::Define(_) => Err(Error::damaged("a write was run as a read")),
    }
}

/// Refuses a message to callers who may not run it. Messages that anybody with a role may run judge for themselves what they read and write.
fn admit(access: &Access, def: &MessageDef) -> Result<()> {
    if def.scope.contains(Scopes::ADMIN) { access.require_customizer() } else { access.require_member() }
}

/// Runs the writes of a unit in order. An error says which of them it is of.
pub(crate) fn write_all(cx: &mut WriteCx<'_>, requests: &[Request]) -> Result<Vec<Response>> {
    let mut responses = Vec::with_capacity(requests.len());
    for (number, request) in requests.iter().enumerate() {
        cx.renew_access()?;
        let response = write(cx, request, &responses).map_err(|error| error.in_request(number))?;
        responses.push(response);
    }
    Ok(responses)
}

/// Runs one write. `earlier` are the responses of the unit's requests before it.
fn write(cx: &mut WriteCx<'_>, request: &Request, earlier: &[Response]) -> Result<Response> {
    match request {
        Request::Create(create) => records::create::run(cx, create, earlier),
        Request::Update(update) => records::update::run(cx, update, earlier),
        Request::Upsert(upsert) => records::upsert::run(cx, upsert, earlier),
        Request::Delete(delete) => records::delete::run(cx, delete, earlier),
        Request::WriteFile(write) => files::upload::run(cx, write, earlier),
        Request::Associate(association) => records::links::associate(cx, association, earlier),
        Request::Disassociate(association) => records::links::disassociate(cx, association, earlier),
        Request::ClearLookup(link) => records::links::clear_lookup(cx, link, earlier),
        // What a Content-ID names was made by an earlier request of the unit, never by a row of the same action.
        Request::Multiple(requests) => requests.iter().map(|request| write(cx, request, earlier)).collect::<Result<_>>().map(Response::Multiple),
        Request::Define(define) => {
            cx.access.require_customizer()?;
            metadata::run::run(cx, define)
        }
        Request::Message(def, args) => {
            admit(&cx.access, def)?;
            match def.run {
                Run::Write(run) => run(cx, args).map(Response::Outputs),
                Run::Read(run) => run(&cx.read(), args).map(Response::Outputs),
            }
        }
        Request::Retrieve(_) | Request::RetrieveMultiple(_) | Request::Count(..) | Request::Changes(_) | Request::CountChanges(_) | Request::ReadFile(_) => {
            Err(Error::damaged("a read was run as a write"))
        }
    }
}

/// The row that an earlier request of the unit wrote.
pub(crate) fn written(earlier: &[Response], at: usize) -> Result<&Written> {
    match earlier.get(at) {
        Some(Response::Written(written)) => Ok(written),
        _ => Err(Error::argument(format!("The Content-ID of request {} names a request that made no row.", at + 1))),
    }
}
