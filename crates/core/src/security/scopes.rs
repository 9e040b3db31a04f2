//! What a token must have been made for (AUTH-25). The organization's door asks for each request, so every way to it is covered: a request alone, the parts
//! of a batch, rows of a bulk action, rows inside rows.

use driftless_model::{Caller, Error, ErrorCode, Result, Scopes, Table};

use crate::behaviors::tables;
use crate::files::WriteFile;
use crate::request::{Record, Related, Request, Returning};

/// Tables whose rows decide who may do what or are parts of solutions, besides those that only the service writes.
const ADMINISTRATIVE: [&str; 8] = ["businessunit", "publisher", "role", "savedquery", "solution", "systemform", "systemuser", "team"];

/// Refuses a request that the caller's token was not made for.
///
/// # Errors
/// 0x80040220.
pub(crate) fn admit(caller: &Caller, request: &Request) -> Result<()> {
    // Most tokens have every scope: then nobody walks through the rows.
    if caller.scopes == Scopes::ALL { Ok(()) } else { require(caller, needed(request)) }
}

/// Refuses a caller whose token lacks one of these scopes.
///
/// # Errors
/// 0x80040220.
pub(crate) fn require(caller: &Caller, needed: Scopes) -> Result<()> {
    if caller.scopes.contains(needed) {
        return Ok(());
    }
    let message = format!("The token was made for '{}', and this request needs '{needed}'.", caller.scopes);
    Err(Error::new(ErrorCode::PrivilegeDenied, message))
}

/// What a request needs. A row that a write returns is read, too.
fn needed(request: &Request) -> Scopes {
    match request {
        Request::Retrieve(_) | Request::RetrieveMultiple(_) | Request::Count(..) | Request::Changes(_) | Request::CountChanges(_) | Request::ReadFile(_) => {
            Scopes::READ
        }
        Request::Create(create) => returned(record(&create.record), create.returning.as_ref()),
        Request::Update(update) => returned(record(&update.record), update.returning.as_ref()),
        Request::Upsert(upsert) => returned(record(&upsert.record), upsert.returning.as_ref()),
        Request::Delete(delete) => rows_of(&delete.target.table),
        Request::Associate(association) | Request::Disassociate(association) => {
            // Pairs need what writing their rows needs: those of a user and a role change who may do what.
            association.related.iter().fold(rows_of(&association.target.table), |needed, other| needed.with(rows_of(&other.table)))
        }
        Request::ClearLookup(link) => rows_of(&link.target.table),
        Request::Multiple(requests) => requests.iter().map(needed).reduce(Scopes::with).unwrap_or(Scopes::WRITE),
        Request::WriteFile(WriteFile::Whole(at, ..) | WriteFile::Begin(at, ..) | WriteFile::Part(at, ..)) => rows_of(&at.target.table),
        Request::Define(_) => Scopes::ADMIN,
        Request::Message(def, _) => def.scope,
    }
}

/// What writing a record with its related rows needs. They are nested as deep as a body may be.
fn record(of: &Record) -> Scopes {
    of.related.iter().fold(rows_of(&of.table), |needed, related| match related {
        Related::Parent(_, parent) => needed.with(record(parent)),
        Related::Children(_, children) => children.iter().map(record).fold(needed, Scopes::with),
        Related::Links(_, targets) => targets.iter().map(|target| rows_of(&target.table)).fold(needed, Scopes::with),
    })
}

/// What writing rows of a table needs.
pub(crate) fn rows_of(of: &Table) -> Scopes {
    if tables::is_own(of) || ADMINISTRATIVE.contains(&of.name().as_str()) { Scopes::ADMIN } else { Scopes::WRITE }
}

fn returned(needed: Scopes, returning: Option<&Returning>) -> Scopes {
    if returning.is_some() { needed.with(Scopes::READ) } else { needed }
}
