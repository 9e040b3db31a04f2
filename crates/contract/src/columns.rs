//! The columns of result rows: where each value stands, and what is read with it.

use std::sync::Arc;

use driftless_model::{ColumnIx, Table};
use driftless_query::{Aggregate, FlatValue, Group, Output, ResolvedQuery};

use crate::companions::CURRENCY;

/// Where the value of a column stands in a row, and what is read with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places {
    /// The value.
    pub value: usize,
    /// The name of the row behind a lookup.
    pub name: Option<usize>,
    /// The currency of the row's amounts.
    pub currency: Option<usize>,
}

/// What stands flat in a row, beside its own columns.
#[derive(Clone, Copy, Debug)]
pub enum Flat<'a> {
    /// A value of a column's type.
    Column(&'a Arc<Table>, ColumnIx, Places),
    /// A whole number made of values of a column, or of rows if of none: part of a date, or how many there are.
    Number(Option<(&'a Arc<Table>, ColumnIx)>),
}

/// The columns of a group of a row, in the order in which they were asked for.
pub fn of_group<'a>(table: &'a Table, group: &'a Group) -> impl Iterator<Item = (ColumnIx, Places)> + 'a {
    let at = |place: usize| group.first + 2 + place;
    let currency = group.columns.iter().position(|ix| *table.column(*ix).name == *CURRENCY).map(at);
    let places = move |place: usize| Places { value: at(place), name: group.names.get(place).copied().flatten(), currency };
    group.columns.iter().enumerate().map(move |(place, ix)| (*ix, places(place)))
}

/// What a flat value of a query is.
#[must_use]
pub fn of_value<'a>(query: &'a ResolvedQuery, value: &FlatValue) -> Flat<'a> {
    let Some((source, ix)) = query.output_column(value.at) else { return Flat::Number(None) };
    let table = query.source(source);
    match query.outputs.get(value.at) {
        Some(Output::Part { .. } | Output::Aggregate { aggregate: Aggregate::Count | Aggregate::CountDistinct, .. }) => Flat::Number(Some((table, ix))),
        _ => Flat::Column(table, ix, Places { value: value.at, name: value.name_at, currency: None }),
    }
}
