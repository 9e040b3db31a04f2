//! From wire forms to the organization's requests: addresses of rows, bodies, query options. All of it is pure: definitions and syntax in, requests out.

mod apply;
mod expand;
mod filter;
mod functions;
mod key;
mod navigation;
mod query;
mod record;

pub(crate) use expand::{expands, is_deep, printed};
pub(crate) use key::{lookup_in_name, reference, target};
pub(crate) use navigation::{Single, single};
pub(crate) use query::{query, select, unknown_options, unsupported_options};
pub(crate) use record::RecordReader;

use driftless_model::Table;

/// The set of all who may own rows. It is there for owners to lead somewhere and has no rows of its own.
pub(crate) const PRINCIPALS_SET: &str = "principals";

/// Users and teams: the tables whose rows own others. Their declared key is `ownerid` (web-api 2, 7).
pub(crate) fn is_principal(table: &Table) -> bool {
    matches!(table.name().as_str(), "systemuser" | "team")
}
