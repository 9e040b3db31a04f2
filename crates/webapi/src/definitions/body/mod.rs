//! Bodies of definitions: what a customizer sends, read into the organization's specifications. Writers send any subset of a definition's properties.

mod column;
mod kind;
mod options;
mod reader;
mod relation;
mod table;

pub(super) use column::{column, column_update};
pub(super) use options::{choice, choice_update};
pub(crate) use reader::label;
pub(super) use relation::{is_many_to_many, key, many_to_many, many_to_many_update, relationship, relationship_update};
pub(crate) use relation::{lookup, relationship_without_lookup};
pub(crate) use table::table;
pub(super) use table::table_update;
