//! Definitions over the Web API: tables, columns, keys, relationships, global choices (web-api 26).
//!
//! Reads walk a path through `Item`s of `driftless_contract`; writes become the organization's `Define` by way of its readers. Here is what is of OData: sets,
//! paths, options, JSON.

pub(crate) mod complex;
mod filter;
pub(crate) mod json;
mod path;
mod read;
mod write;

use driftless_model::{Error, ErrorCode, Result};

use crate::call::Call;
use crate::write::Action;

/// The sets of definitions and the types of their items.
pub(crate) const SETS: &[(&str, &str)] = &[
    ("EntityDefinitions", "EntityMetadata"),
    ("RelationshipDefinitions", "RelationshipMetadataBase"),
    ("GlobalOptionSetDefinitions", "OptionSetMetadataBase"),
    ("ManagedPropertyDefinitions", "ManagedPropertyMetadata"),
];

/// True for the name of a set of definitions.
pub(crate) fn is_set(name: &str) -> bool {
    SETS.iter().any(|(set, _)| *set == name)
}

/// Carries out a request on definitions.
///
/// # Errors
/// What reads and writes refuse; 405 for PATCH, which definitions do not have.
pub(crate) fn act<'a>(call: &'a Call<'a>) -> Result<Action<'a>> {
    match call.method {
        "GET" => read::respond(call).map(Action::Answer),
        "POST" => Ok(Action::Write(write::create(call)?)),
        "PUT" => Ok(Action::Write(write::update(call)?)),
        "DELETE" => Ok(Action::Write(write::delete(call))),
        "PATCH" => Err(Error::new(ErrorCode::InvalidOperation, "Operation not supported on EntityMetadata")),
        _ => Err(call.wrong_method()),
    }
}
