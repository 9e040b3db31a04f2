//! Whatever is asked of whatever rows: the store answers as the reference evaluator does (`query::evaluate`), page by page.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests: a failure may end them")]

mod support;

use std::sync::Arc;

use driftless_model::{ColumnIx, DateBehavior, Decimal, Reference, Table, TableCode, Value};
use driftless_query::{
    Collector, Comparison, Join, Output, ResolvedCondition, ResolvedFilter, ResolvedOrder, ResolvedQuery, SecuredQuery, Source, Test, compare_rows, evaluate,
    is_after,
};
use driftless_store::{Length, Store};
use proptest::prelude::*;
use proptest::sample::select as one_of;
use proptest::test_runner::TestRunner;
use support::*;

/// A row: values of the columns of [`table`] after id and version.
type Cells = Vec<Value>;

const COLUMNS: usize = 8;
const PARENT: usize = 7;

fn table() -> Arc<Table> {
    TableBuilder::new(20_001, "thing")
        .name_column("name")
        .column("other", text())
        .column("number", integer())
        .column("exact", decimal())
        .column("near", float())
        .column("money", money())
        .column("day", date_time(DateBehavior::DateOnly))
        .column("parent", lookup(&["thing", "account"]))
        .build()
}

fn texts() -> impl Strategy<Value = String> {
    one_of(vec!["a", "A ", "b", "ä", "ab", "aB", "B%", "a_b", "é", "straße", "STRASSE", "[x]", " ", "zz"]).prop_map(str::to_owned)
}

fn decimals() -> impl Strategy<Value = Decimal> {
    one_of(vec!["0", "-1.5", "1.5", "1.0000000001", "99999999999", "-99999999999"]).prop_map(|text| text.parse().unwrap())
}

/// A value for the column at `at`; decimals asked for may be such as no column holds.
fn value(at: usize, asked: bool) -> BoxedStrategy<Value> {
    match at {
        0 | 1 => texts().prop_map(Value::text).boxed(),
        2 => (-2..3_i32).prop_map(Value::Int).boxed(),
        3 if asked => prop_oneof![
            decimals().prop_map(Value::Decimal),
            one_of(vec!["1.00000000005", "-1.50000000001", "79228162514264337593543950335", "-79228162514264337593543950335"])
                .prop_map(|text| Value::Decimal(text.parse().unwrap()))
        ]
        .boxed(),
        3 => decimals().prop_map(Value::Decimal).boxed(),
        4 => one_of(vec![-1.5, 0.0, 0.1, 2.5]).prop_map(Value::Float).boxed(),
        5 => (-2..3_i64).prop_map(Value::Money).boxed(),
        6 => (-2..3_i32).prop_map(Value::Date).boxed(),
        _ => (one_of(vec![20_001, 20_002]), 0..6_u128).prop_map(|(table, number)| Value::Ref(Reference { table: TableCode(table), id: id(number) })).boxed(),
    }
}

fn cell(at: usize) -> impl Strategy<Value = Value> {
    prop_oneof![1 => Just(Value::Null), 3 => value(at, false)]
}

fn rows() -> impl Strategy<Value = Vec<Cells>> {
    let row: Vec<_> = (0..COLUMNS).map(|at| cell(at).boxed()).collect();
    prop::collection::vec(row, 0..12)
}

fn ix(at: usize) -> ColumnIx {
    ColumnIx(u16::try_from(at + 2).unwrap())
}

fn condition() -> impl Strategy<Value = ResolvedFilter> {
    let comparison =
        one_of(vec![Comparison::Equal, Comparison::NotEqual, Comparison::Greater, Comparison::GreaterEqual, Comparison::Less, Comparison::LessEqual]);
    (0..COLUMNS, 0..2_u16, comparison).prop_flat_map(|(at, source, comparison)| {
        let pattern =
            (one_of(vec!["", "%"]), texts(), one_of(vec!["", "%", "_"])).prop_map(|(before, text, after)| Test::Matches(format!("{before}{text}{after}")));
        let pair = if at < 2 { 1 - at } else { at };
        let test = prop_oneof![
            4 => value(at, true).prop_map(move |value| Test::Compare(comparison, value)),
            1 => Just(Test::CompareColumn(comparison, ix(pair))),
            1 => Just(Test::Null),
            1 => Just(Test::NotNull),
            2 => if at < 2 { pattern.boxed() } else { Just(Test::NotNull).boxed() },
            2 => prop::collection::vec(value(at, true), 0..4).prop_map(Test::In),
        ];
        test.prop_map(move |test| ResolvedFilter::Condition(ResolvedCondition { source: Source(source), column: ix(at), test }))
    })
}

fn filter() -> impl Strategy<Value = ResolvedFilter> {
    condition().prop_recursive(3, 24, 12, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..12).prop_map(ResolvedFilter::And),
            prop::collection::vec(inner.clone(), 0..12).prop_map(ResolvedFilter::Or),
            inner.prop_map(|part| ResolvedFilter::Not(Box::new(part))),
        ]
    })
}

fn orders() -> impl Strategy<Value = Vec<ResolvedOrder>> {
    prop::collection::vec((0..COLUMNS, 0..2_u16, any::<bool>()), 0..4).prop_map(|keys| {
        let mut orders: Vec<_> =
            keys.into_iter().map(|(at, source, descending)| ResolvedOrder { source: Source(source), column: ix(at), descending }).collect();
        orders.push(ResolvedOrder { source: Source::ROOT, column: ColumnIx(0), descending: false });
        orders
    })
}

fn fill(store: &dyn Store, table: &Arc<Table>, rows: &[Cells]) {
    let (table, rows) = (Arc::clone(table), rows.to_vec());
    store
        .writing(Length::Short, move |tx| {
            for number in 0..12 {
                remove_in(tx, &table, id(number), 0)?;
            }
            for (number, row) in (0..).zip(&rows) {
                let cells: Vec<_> = row.iter().enumerate().map(|(at, value)| (ix(at), value.clone())).collect();
                let stamped = driftless_store::Stamped::new(tx, &table, id(number), &cells)?;
                tx.insert(&stamped)?;
            }
            Ok(())
        })
        .unwrap();
}

/// The value of a column as the evaluator sees it: of the row itself, or of the row of the same table that its lookup leads to.
fn value_of(rows: &[Cells], number: usize, source: Source, column: ColumnIx) -> Value {
    let at = match source {
        Source::ROOT => Some(number),
        _ => match &rows[number][PARENT] {
            Value::Ref(Reference { table: TableCode(20_001), id }) => usize::try_from(id.as_u128()).ok().filter(|at| *at < rows.len()),
            _ => None,
        },
    };
    match (at, column.at().checked_sub(2)) {
        (Some(at), Some(cell)) => rows[at][cell].clone(),
        (Some(at), None) => Value::Guid(id(at as u128)),
        (None, _) => Value::Null,
    }
}

#[test]
fn the_store_answers_as_the_evaluator() {
    let folder = Folder::new();
    let store = folder.open();
    let table = table();
    make(&*store, &table);
    make(&*store, &TableBuilder::new(20_002, "account").name_column("name").build());
    let cases = (rows(), filter(), prop::option::of(filter()), orders(), 1..5_u32);
    TestRunner::new(ProptestConfig { cases: 400, ..ProptestConfig::default() })
        .run(&cases, |(rows, filter, restriction, orders, page)| {
            fill(&*store, &table, &rows);
            let query = query(&table, &filter, &orders, page);
            let secured = |query: ResolvedQuery| match &restriction {
                Some(restriction) => SecuredQuery::restricted(query, restriction.clone()),
                None => SecuredQuery::unrestricted(query, "test"),
            };
            let holds = |filter: &ResolvedFilter, number| evaluate(filter, &|source, column| value_of(&rows, number, source, column));
            let mut expected: Vec<usize> =
                (0..rows.len()).filter(|number| holds(&filter, *number) && restriction.as_ref().is_none_or(|filter| holds(filter, *number))).collect();
            expected.sort_by(|a, b| compare_rows(&orders, &keys(&rows, &orders, *a), &keys(&rows, &orders, *b)));
            pages(&*store, query, &secured, &rows, &expected)
        })
        .unwrap();
}

fn query(table: &Arc<Table>, filter: &ResolvedFilter, orders: &[ResolvedOrder], page: u32) -> ResolvedQuery {
    let mut query = ResolvedQuery::plain(table, &(0..COLUMNS).map(ix).collect::<Vec<_>>(), Some(filter.clone()));
    query.joins = vec![Join { parent: Source::ROOT, lookup: ix(PARENT), table: Arc::clone(table) }];
    query.outputs.push(Output::LookupName { source: Source::ROOT, column: ix(PARENT) });
    query.orders = orders.to_vec();
    query.limit = Some(page);
    query
}

fn keys(rows: &[Cells], orders: &[ResolvedOrder], number: usize) -> Vec<Value> {
    orders.iter().map(|order| value_of(rows, number, order.source, order.column)).collect()
}

/// Reads all pages and compares each row, the order, and the counts.
fn pages(
    store: &dyn Store,
    mut query: ResolvedQuery,
    secured: &dyn Fn(ResolvedQuery) -> SecuredQuery,
    rows: &[Cells],
    expected: &[usize],
) -> std::result::Result<(), TestCaseError> {
    let orders = query.orders.clone();
    let mut got: Vec<usize> = Vec::new();
    loop {
        let page = secured(query.clone());
        let mut sink = Collector::default();
        let (all, capped, more) = store.reading(|tx| Ok((tx.count(&page, None)?, tx.count(&page, Some(2))?, tx.select(&page, None, &mut sink)?))).unwrap();
        prop_assert_eq!((all, capped), (expected.len() as u64, expected.len().min(2) as u64));
        for row in &sink.rows {
            let number = usize::try_from(row.0[0].id().unwrap().as_u128()).unwrap();
            prop_assert_eq!(&row.0[2..2 + COLUMNS], rows[number].as_slice());
            prop_assert_eq!(&row.0[2 + COLUMNS], &value_of(rows, number, Source(1), ix(0)));
            if let Some(last) = got.last() {
                prop_assert!(is_after(&orders, &keys(rows, &orders, number), &keys(rows, &orders, *last)));
            }
            got.push(number);
        }
        prop_assert_eq!(more, got.len() < expected.len());
        let Some(last) = got.last().filter(|_| more) else {
            prop_assert_eq!(got.as_slice(), expected);
            return Ok(());
        };
        query.after = Some(keys(rows, &orders, *last));
    }
}
