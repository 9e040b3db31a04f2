//! Definitions over the Web API: tables, columns, keys, relationships, global choices (web-api 26).
//!
//! Reads walk a path through [`item::Item`]s, whose properties `types` describes; writes read bodies in `body` and become the organization's `Define`.

mod body;
mod choice;
mod column;
pub(crate) mod complex;
mod criteria;
mod filter;
mod item;
mod key;
mod many_to_many;
mod node;
mod path;
mod read;
mod relationship;
mod table;
pub(crate) mod types;
mod write;

pub(crate) use body::{label, lookup, relationship_without_lookup, table};

use driftless_model::{Error, ErrorCode, Label, Result};
use driftless_odata::json::JsonWriter;

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

/// Writes a label with its languages, and the one that a reader of `language` reads.
pub(crate) fn write_label(json: &mut JsonWriter, label: &Label, language: u16) {
    node::Node::label(label, language).write(json);
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
