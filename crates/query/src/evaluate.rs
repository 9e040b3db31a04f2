//! The reference evaluator: what a query means. Stores are tested against it. It is written to be read, not to be fast.

mod aggregate;

use std::cmp::Ordering;
use std::collections::HashSet;

use driftless_model::{ColumnIx, Reference, Result, Shape, Table, Uuid, Value, matches_pattern};

pub use aggregate::{AVERAGE_SCALE, sum_too_great};

use crate::{
    Calendar, Comparison, DatePart, Join, JoinKind, OrderKey, Output, ResolvedCondition, ResolvedFilter, ResolvedOrder, ResolvedQuery, SecuredQuery, Source,
    Test, date_part,
};

/// Rows to evaluate queries on.
pub trait Data {
    /// The identifiers of all rows of a table.
    fn ids(&self, table: &Table) -> Vec<Uuid>;

    /// A value of a row, the identifier and the version included; null for a row that is not there.
    fn value(&self, table: &Table, id: Uuid, column: ColumnIx) -> Value;

    /// The primary name of the row behind a lookup.
    fn name(&self, reference: Reference) -> Value;
}

/// A result row.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundRow {
    /// The row of the query's own table; none for a group.
    pub id: Option<Uuid>,
    /// Values of the order's keys.
    pub keys: Vec<Value>,
    /// Values of the outputs.
    pub outputs: Vec<Value>,
}

/// The result of a query in its order, from where it begins. The limit is not looked at.
///
/// # Errors
/// 0x80040203 when a sum is greater than its type can hold.
pub fn rows_of(secured: &SecuredQuery, data: &dyn Data) -> Result<Vec<FoundRow>> {
    let query = secured.query();
    let mut rows = all_rows_of(secured, data)?;
    if let Some(after) = &query.after {
        rows.retain(|row| compare_keys(&query.orders, &row.keys, after).is_gt());
    }
    let skip = usize::try_from(query.skip).unwrap_or(usize::MAX).min(rows.len());
    rows.drain(..skip);
    Ok(rows)
}

/// The whole result of a query in its order, wherever it begins.
///
/// # Errors
/// 0x80040203 when a sum is greater than its type can hold.
pub fn all_rows_of(secured: &SecuredQuery, data: &dyn Data) -> Result<Vec<FoundRow>> {
    let query = secured.query();
    let evaluation = Evaluation { query, data };
    let mut bindings = Vec::new();
    for id in data.ids(&query.table) {
        let mut root = vec![None; query.others.len() + 1];
        root[0] = Some(id);
        let holds = |binding: &Binding| [query.filter.as_ref(), secured.restriction()].into_iter().flatten().all(|filter| evaluation.holds(filter, binding));
        bindings.extend(evaluation.joined(&query.joins, root).into_iter().filter(holds));
    }
    let mut rows = if query.grouped { evaluation.groups(&bindings)? } else { evaluation.rows(&bindings) };
    rows.sort_by(|a, b| compare_keys(&query.orders, &a.keys, &b.keys));
    Ok(rows)
}

/// The order of two rows, given by the values of the order's keys.
pub fn compare_keys(orders: &[ResolvedOrder], a: &[Value], b: &[Value]) -> Ordering {
    orders
        .iter()
        .zip(a.iter().zip(b))
        .map(|(order, (x, y))| if order.descending { y.compare(x) } else { x.compare(y) })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// For each source its row; none where there is no partner.
type Binding = Vec<Option<Uuid>>;

struct Evaluation<'a> {
    query: &'a ResolvedQuery,
    data: &'a dyn Data,
}

impl Evaluation<'_> {
    fn value(&self, binding: &Binding, source: Source, column: ColumnIx) -> Value {
        match binding.get(usize::from(source.0)).copied().flatten() {
            Some(id) => self.data.value(self.query.source(source), id, column),
            None => Value::Null,
        }
    }

    /// Every combination of partners.
    fn joined(&self, joins: &[Join], binding: Binding) -> Vec<Binding> {
        joins.iter().fold(vec![binding], |bindings, join| {
            let extended = bindings.into_iter().flat_map(|binding| {
                let partners = self.partners(join, &binding);
                if partners.is_empty() && join.kind == JoinKind::Outer { vec![binding] } else { partners }
            });
            extended.collect()
        })
    }

    /// The combinations with the partners of a join.
    fn partners(&self, join: &Join, binding: &Binding) -> Vec<Binding> {
        let table = self.query.source(join.source);
        let to = self.value(binding, join.parent, join.to);
        let mut ids = self.data.ids(table);
        ids.sort();
        let mut found = Vec::new();
        for id in ids {
            if !self.fits(join, id, &to) {
                continue;
            }
            let mut with = binding.clone();
            with[usize::from(join.source.0)] = Some(id);
            let combinations = self.joined(&join.joins, with);
            found.extend(combinations.into_iter().filter(|with| join.filter.as_ref().is_none_or(|filter| self.holds(filter, with))));
            if join.kind == JoinKind::First && !found.is_empty() {
                break;
            }
        }
        found
    }

    fn fits(&self, join: &Join, id: Uuid, to: &Value) -> bool {
        let (table, parent) = (self.query.source(join.source), self.query.source(join.parent));
        let own = self.data.value(table, id, join.own);
        let leads_elsewhere = |column: &driftless_model::Column, value: &Value, to: &Table| match value {
            Value::Ref(reference) if column.shape() == Shape::PolyLookup => reference.table != to.def.code,
            _ => false,
        };
        same(&own, to) && !leads_elsewhere(table.column(join.own), &own, parent) && !leads_elsewhere(parent.column(join.to), to, table)
    }

    fn holds(&self, filter: &ResolvedFilter, binding: &Binding) -> bool {
        match filter {
            ResolvedFilter::And(all) => all.iter().all(|part| self.holds(part, binding)),
            ResolvedFilter::Or(any) => any.iter().any(|part| self.holds(part, binding)),
            ResolvedFilter::Not(part) => !self.holds(part, binding),
            ResolvedFilter::Exists(join) => !self.partners(join, binding).is_empty(),
            ResolvedFilter::Condition(condition) => self.condition(condition, binding),
        }
    }

    fn condition(&self, condition: &ResolvedCondition, binding: &Binding) -> bool {
        let own = self.value(binding, condition.source, condition.column);
        let column = self.query.source(condition.source).column(condition.column);
        match &condition.test {
            Test::Compare(comparison, with) => compare(*comparison, &own, with),
            Test::CompareColumn(comparison, source, other) => {
                let other = self.value(binding, *source, *other);
                match (own.id(), other.id()) {
                    (Some(own), Some(other)) => comparison.holds(own.cmp(&other)),
                    _ => compare(*comparison, &own, &other),
                }
            }
            Test::Null => own.is_null(),
            Test::NotNull => !own.is_null(),
            Test::Matches(pattern) => match &own {
                Value::Text(text) => matches_pattern(text, pattern),
                Value::Choices(chosen) => matches_pattern(&Value::choices_text(chosen), pattern),
                _ => false,
            },
            Test::In(list) => list.iter().any(|with| compare(Comparison::Equal, &own, with)),
            Test::AnyChosen(options) => matches!(&own, Value::Choices(chosen) if chosen.iter().any(|option| options.contains(option))),
            Test::Part(part, calendar, number) => part_of(column, &own, *part, calendar) == Some(*number),
            Test::Hierarchy { of, parent, id, above, inclusive } => {
                own.id().is_some_and(|own| self.hierarchy(*of, *parent, *id, *above, *inclusive).contains(&own))
            }
        }
    }

    fn hierarchy(&self, of: Source, parent: ColumnIx, id: Uuid, above: bool, inclusive: bool) -> HashSet<Uuid> {
        let table = self.query.source(of);
        let next = |id: Uuid| -> Vec<Uuid> {
            if above {
                return self.data.value(table, id, parent).id().into_iter().collect();
            }
            self.data.ids(table).into_iter().filter(|row| self.data.value(table, *row, parent).id() == Some(id)).collect()
        };
        let (mut seen, mut open) = (HashSet::new(), next(id));
        while let Some(row) = open.pop() {
            if seen.insert(row) {
                open.extend(next(row));
            }
        }
        if inclusive {
            seen.insert(id);
        }
        seen
    }

    fn output(&self, binding: &Binding, output: Output) -> Value {
        match output {
            Output::Column { source, column } => self.value(binding, source, column),
            Output::LookupName { source, column } => match self.value(binding, source, column) {
                Value::Ref(reference) => self.data.name(reference),
                _ => Value::Null,
            },
            Output::Part { source, column, part, calendar } => {
                let value = self.value(binding, source, column);
                part_of(self.query.source(source).column(column), &value, part, &calendar).map_or(Value::Null, Value::Int)
            }
            Output::Rows | Output::Aggregate { .. } => Value::Null,
        }
    }

    fn rows(&self, bindings: &[Binding]) -> Vec<FoundRow> {
        let row = |binding: &Binding| {
            let outputs: Vec<_> = self.query.outputs.iter().map(|output| self.output(binding, *output)).collect();
            FoundRow { id: binding[0], keys: self.keys(&outputs, Some(binding)), outputs }
        };
        bindings.iter().map(row).collect()
    }

    fn keys(&self, outputs: &[Value], binding: Option<&Binding>) -> Vec<Value> {
        let key = |order: &ResolvedOrder| match (order.key, binding) {
            (OrderKey::Output(at), _) => outputs.get(at).cloned().unwrap_or(Value::Null),
            (OrderKey::Column(source, column), Some(binding)) => self.value(binding, source, column),
            (OrderKey::Column(..), None) => Value::Null,
        };
        self.query.orders.iter().map(key).collect()
    }

    fn groups(&self, bindings: &[Binding]) -> Result<Vec<FoundRow>> {
        let is_aggregate: Vec<bool> = self.query.outputs.iter().map(Output::is_aggregate).collect();
        let mut groups: Vec<(Vec<Value>, Vec<&Binding>)> = Vec::new();
        // Without anything to group by, all rows are one group, even if there are none.
        if is_aggregate.iter().all(|is_aggregate| *is_aggregate) {
            groups.push((vec![Value::Null; is_aggregate.len()], Vec::new()));
        }
        for binding in bindings {
            let values: Vec<_> = self.query.outputs.iter().map(|output| self.output(binding, *output)).collect();
            let equal = |a: &Value, b: &Value| if let (Value::Ref(a), Value::Ref(b)) = (a, b) { a == b } else { a.compare(b).is_eq() };
            let agrees = |known: &[Value]| known.iter().zip(&values).zip(&is_aggregate).all(|((a, b), skip)| *skip || equal(a, b));
            match groups.iter_mut().find(|(known, _)| agrees(known)) {
                Some((_, members)) => members.push(binding),
                None => groups.push((values, vec![binding])),
            }
        }
        let finish = |(mut outputs, members): (Vec<Value>, Vec<&Binding>)| {
            for (at, output) in self.query.outputs.iter().enumerate() {
                match *output {
                    Output::Rows => outputs[at] = Value::BigInt(members.len() as i64),
                    Output::Aggregate { source, column, aggregate } => {
                        outputs[at] = aggregate::aggregate(aggregate, members.iter().map(|binding| self.value(binding, source, column)).collect())?;
                    }
                    _ => {}
                }
            }
            Ok(FoundRow { id: None, keys: self.keys(&outputs, None), outputs })
        };
        groups.into_iter().map(finish).collect()
    }
}

/// Equal, and not null. Of lookups and identifiers the identifiers decide.
fn same(a: &Value, b: &Value) -> bool {
    match (a.id(), b.id()) {
        (Some(a), Some(b)) => a == b,
        _ => !a.is_null() && !b.is_null() && a.compare(b).is_eq(),
    }
}

fn part_of(column: &driftless_model::Column, value: &Value, part: DatePart, calendar: &Calendar) -> Option<i32> {
    match value {
        Value::DateTime(seconds) => date_part(part, if column.is_wall_time() { *seconds } else { calendar.zone.local_s(*seconds) }, calendar),
        Value::Date(days) => date_part(part, i64::from(*days) * 86_400, calendar),
        _ => None,
    }
}

fn compare(comparison: Comparison, own: &Value, with: &Value) -> bool {
    match (own.is_null(), with.is_null(), comparison) {
        (false, false, _) => match (own, with) {
            (Value::Choices(chosen), Value::Text(text)) => comparison.holds(driftless_model::compare(&Value::choices_text(chosen), text)),
            _ => comparison.holds(own.compare(with)),
        },
        (true, true, Comparison::NotEqual) => false,
        (_, _, Comparison::NotEqual) => true,
        _ => false,
    }
}
