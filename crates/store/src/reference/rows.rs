//! Rows of a query: all of them, put together, filtered, sorted.

use driftless_model::{ColumnIx, Table, Uuid, Value, ValueRef, Version};
use driftless_query::{Output, ResolvedQuery, RowView, SecuredQuery, Source, compare_rows, evaluate};

use super::{State, StoredRow, StoredTable};
use crate::{StoreError, StoreResult};

/// A result row.
pub(super) struct Found {
    pub(super) id: Uuid,
    pub(super) version: Version,
    /// Values of the order's keys.
    pub(super) order: Vec<Value>,
    outputs: Vec<Value>,
    /// For each output the text of several choices: these have no other borrowed form.
    choices: Vec<Option<String>>,
}

impl RowView for Found {
    fn get(&self, at: usize) -> ValueRef<'_> {
        match self.choices.get(at) {
            Some(Some(text)) => ValueRef::Choices(text),
            _ => self.outputs.get(at).map_or(ValueRef::Null, Value::as_ref),
        }
    }
}

/// One row of each of the query's tables, where a lookup led to one.
type Joined<'s> = Vec<Option<(Uuid, &'s StoredRow)>>;

impl State {
    pub(super) fn table(&self, table: &Table) -> StoreResult<&StoredTable> {
        self.tables.get(&table.def.code).ok_or_else(|| StoreError::failed(format!("there is no table {}", table.name())))
    }

    /// All rows that the query's filter and the caller's restriction hold of, in the query's order. Limit and cut are not looked at.
    pub(super) fn find(&self, secured: &SecuredQuery) -> StoreResult<Vec<Found>> {
        let query = secured.query();
        let mut found = Vec::new();
        for (id, row) in &self.table(&query.table)?.rows {
            let joined = self.join(query, *id, row);
            let value = |source: Source, column: ColumnIx| value(query, &joined, source, column);
            if [query.filter.as_ref(), secured.restriction()].into_iter().flatten().all(|filter| evaluate(filter, &value)) {
                let outputs: Vec<Value> = query.outputs.iter().map(|output| self.output(query, &joined, *output)).collect();
                let choices = outputs.iter().map(|output| if let Value::Choices(chosen) = output { Some(Value::choices_text(chosen)) } else { None }).collect();
                let order = query.orders.iter().map(|order| value(order.source, order.column)).collect();
                found.push(Found { id: *id, version: row.version, order, outputs, choices });
            }
        }
        found.sort_by(|a, b| compare_rows(&query.orders, &a.order, &b.order));
        Ok(found)
    }

    fn join<'s>(&'s self, query: &ResolvedQuery, id: Uuid, row: &'s StoredRow) -> Joined<'s> {
        let mut joined: Joined<'s> = vec![Some((id, row))];
        for join in &query.joins {
            let target = match value(query, &joined, join.parent, join.lookup) {
                Value::Ref(reference) if reference.table == join.table.def.code => Some(reference.id),
                _ => None,
            };
            let table = self.tables.get(&join.table.def.code);
            joined.push(target.and_then(|id| Some((id, table?.rows.get(&id)?))));
        }
        joined
    }

    fn output(&self, query: &ResolvedQuery, joined: &Joined<'_>, output: Output) -> Value {
        match output {
            Output::Column { source, column } => value(query, joined, source, column),
            Output::LookupName { source, column } => match value(query, joined, source, column) {
                Value::Ref(reference) => self.name_of(reference.table, reference.id).unwrap_or(Value::Null),
                _ => Value::Null,
            },
        }
    }

    fn name_of(&self, table: driftless_model::TableCode, id: Uuid) -> Option<Value> {
        let table = self.tables.get(&table)?;
        table.rows.get(&id)?.cells.get(table.name_column.as_ref()?).cloned()
    }
}

fn value(query: &ResolvedQuery, joined: &Joined<'_>, source: Source, column: ColumnIx) -> Value {
    let table = query.source(source);
    match joined.get(usize::from(source.0)).copied().flatten() {
        None => Value::Null,
        Some((id, _)) if column == table.id => Value::Guid(id),
        Some((_, row)) if column == table.row_version => Value::BigInt(row.version.0),
        Some((_, row)) => row.cells.get(&table.column(column).physical).cloned().unwrap_or(Value::Null),
    }
}
