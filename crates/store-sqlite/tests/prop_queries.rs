//! Whatever is asked of whatever rows: the store answers as the reference evaluator does (`query::rows_of`), page by page.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests: a failure may end them")]

mod support;

use std::sync::Arc;

use driftless_model::{ColumnIx, DateBehavior, Decimal, Reference, Table, TableCode, Uuid, Value};
use driftless_query::{
    Aggregate, Calendar, Collector, Comparison, Data, DatePart, FoundRow, Join, JoinKind, OrderKey, Output, ResolvedCondition, ResolvedFilter, ResolvedOrder,
    ResolvedQuery, SecuredQuery, Source, Test, Zone, all_rows_of,
};
use driftless_store::{Length, Store};
use proptest::prelude::*;
use proptest::sample::select as one_of;
use proptest::test_runner::TestRunner;
use support::*;

/// A row: values of the columns of [`table`] after id and version.
type Cells = Vec<Value>;

const COLUMNS: usize = 11;
const DAY: usize = 6;
const MOMENT: usize = 7;
const PARENT: usize = 8;
const BOSS: usize = 9;
const KINDS: usize = 10;

/// The row behind `parent`.
const ABOVE: Source = Source(1);
/// The rows whose `boss` is the row.
const BELOW: Source = Source(2);
/// The row behind `parent` of one of those.
const ASIDE: Source = Source(3);
/// The rows whose `parent` is the row, in subqueries.
const INSIDE: Source = Source(4);
/// The table whose hierarchy `boss` makes.
const HIERARCHY: Source = Source(5);

fn table() -> Arc<Table> {
    TableBuilder::new(20_001, "thing")
        .name_column("name")
        .column("other", text())
        .column("number", integer())
        .column("exact", decimal())
        .column("near", float())
        .column("money", money())
        .column("day", date_time(DateBehavior::DateOnly))
        .column("moment", date_time(DateBehavior::UserLocal))
        .column("parent", lookup(&["thing", "account"]))
        .column("boss", lookup(&["thing"]))
        .column("kinds", choices())
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
        4 => one_of(vec![-1.5, 0.0, 0.25, 2.5]).prop_map(Value::Float).boxed(),
        5 => (-2..3_i64).prop_map(Value::Money).boxed(),
        DAY => (-2..3_i32).prop_map(Value::Date).boxed(),
        // Within the hours around midnight of UTC, and around a change of the clock in the east of America (9 March 2031).
        MOMENT => (one_of(vec![0, 1_930_806_000]), -8..8_i64).prop_map(|(around, hours)| Value::DateTime(around + hours * 3_600)).boxed(),
        BOSS => (0..6_u128).prop_map(|number| Value::Ref(Reference { table: TableCode(20_001), id: id(number) })).boxed(),
        KINDS => one_of(vec![vec![1], vec![2], vec![1, 12], vec![2, 3]]).prop_map(Value::Choices).boxed(),
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

/// Calendars of users west and east of UTC, with daylight saving and without.
fn calendars() -> impl Strategy<Value = Calendar> {
    one_of(vec![92, 35, 110, 190]).prop_map(|code| Calendar { zone: Zone::by_code(code).unwrap(), ..Calendar::default() })
}

fn comparisons() -> impl Strategy<Value = Comparison> {
    one_of(vec![Comparison::Equal, Comparison::NotEqual, Comparison::Greater, Comparison::GreaterEqual, Comparison::Less, Comparison::LessEqual])
}

/// A condition on one of the tables `sources`.
fn condition(sources: Vec<Source>) -> impl Strategy<Value = ResolvedFilter> {
    (0..COLUMNS, one_of(sources.clone()), one_of(sources), comparisons()).prop_flat_map(|(at, source, other, comparison)| {
        let pattern =
            (one_of(vec!["", "%"]), texts(), one_of(vec!["", "%", "_"])).prop_map(|(before, text, after)| Test::Matches(format!("{before}{text}{after}")));
        let pair = if at < 2 { 1 - at } else { at };
        let asked = if at == KINDS { texts().prop_map(Value::text).boxed() } else { value(at, true) };
        let special = match at {
            0 | 1 => pattern.boxed(),
            DAY | MOMENT => (1..32_i32, calendars()).prop_map(|(day, calendar)| Test::Part(DatePart::Day, calendar, day)).boxed(),
            KINDS => prop::collection::vec(1..4_i32, 0..3).prop_map(Test::AnyChosen).boxed(),
            BOSS => (0..6_u128, any::<bool>(), any::<bool>())
                .prop_map(|(number, above, inclusive)| Test::Hierarchy { of: HIERARCHY, parent: ix(BOSS), id: id(number), above, inclusive })
                .boxed(),
            _ => Just(Test::NotNull).boxed(),
        };
        let test = prop_oneof![
            4 => asked.clone().prop_map(move |value| Test::Compare(comparison, value)),
            1 => Just(Test::CompareColumn(comparison, other, ix(pair))),
            1 => Just(Test::Null),
            1 => Just(Test::NotNull),
            2 => special,
            2 => prop::collection::vec(asked, 0..4).prop_map(Test::In),
        ];
        test.prop_map(move |test| ResolvedCondition::on(source, ix(at), test))
    })
}

fn tree(leaf: BoxedStrategy<ResolvedFilter>) -> impl Strategy<Value = ResolvedFilter> {
    leaf.prop_recursive(3, 24, 12, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..12).prop_map(ResolvedFilter::And),
            prop::collection::vec(inner.clone(), 0..12).prop_map(ResolvedFilter::Or),
            inner.prop_map(|part| ResolvedFilter::Not(Box::new(part))),
        ]
    })
}

fn filter(sources: Vec<Source>) -> impl Strategy<Value = ResolvedFilter> {
    let inside = prop::option::of(tree(condition(vec![INSIDE, Source::ROOT]).boxed()));
    let exists = inside.prop_map(|filter| ResolvedFilter::Exists(Box::new(partner(INSIDE, PARENT, JoinKind::Inner, filter, Vec::new()))));
    tree(prop_oneof![6 => condition(sources), 1 => exists].boxed())
}

/// Rows whose lookup `at` leads to the row.
fn partner(source: Source, at: usize, kind: JoinKind, filter: Option<ResolvedFilter>, joins: Vec<Join>) -> Join {
    Join { source, parent: Source::ROOT, own: ix(at), to: ColumnIx(0), kind, filter, joins }
}

/// Joined tables, and which of them there are.
fn joins() -> impl Strategy<Value = (Vec<Join>, Vec<Source>)> {
    let kind = || one_of(vec![JoinKind::Inner, JoinKind::Outer, JoinKind::First]);
    let aside = prop::option::of((kind(), prop::option::of(condition(vec![ASIDE]))));
    let below = prop::option::of((kind(), prop::option::of(condition(vec![BELOW])), aside));
    (any::<bool>(), below).prop_map(|(above, below)| {
        let (mut joins, mut sources) = (Vec::new(), vec![Source::ROOT]);
        if above {
            joins.push(Join::along(ABOVE, Source::ROOT, ix(PARENT), &table()));
            sources.push(ABOVE);
        }
        if let Some((kind, filter, aside)) = below {
            sources.push(BELOW);
            let inner = aside.map(|(kind, filter)| {
                sources.push(ASIDE);
                Join { kind, filter, ..Join::along(ASIDE, BELOW, ix(PARENT), &table()) }
            });
            joins.push(partner(BELOW, BOSS, kind, filter, inner.into_iter().collect()));
        }
        (joins, sources)
    })
}

/// Outputs of a query for groups.
fn outputs(sources: Vec<Source>) -> impl Strategy<Value = Vec<Output>> {
    let aggregates = one_of(vec![Aggregate::Count, Aggregate::CountDistinct, Aggregate::Sum, Aggregate::Average, Aggregate::Min, Aggregate::Max]);
    let output = (0..PARENT, one_of(sources), aggregates, calendars(), 0..4).prop_map(|(at, source, aggregate, calendar, kind)| {
        let column = ix(at);
        let is_sum = matches!(aggregate, Aggregate::Sum | Aggregate::Average);
        match kind {
            0 => Output::Rows,
            1 if at == DAY || at == MOMENT => Output::Part { source, column, part: DatePart::Day, calendar },
            2 if !is_sum || (2..DAY).contains(&at) => Output::Aggregate { source, column, aggregate },
            _ => Output::Column { source, column },
        }
    });
    prop::collection::vec(output, 1..4)
}

/// A query, whole.
fn query() -> impl Strategy<Value = ResolvedQuery> {
    joins().prop_flat_map(|(joins, sources)| {
        let keys = prop::collection::vec((0..PARENT, one_of(sources.clone()), any::<bool>()), 0..4);
        let grouped = prop::option::of((outputs(sources.clone()), any::<bool>()));
        (prop::option::of(filter(sources.clone())), keys, grouped).prop_map(move |(filter, keys, grouped)| {
            let table = table();
            let mut query = ResolvedQuery::plain(&table, &(0..COLUMNS).map(ix).collect::<Vec<_>>(), filter);
            query.others = vec![Arc::clone(&table); 5];
            query.joins = joins.clone();
            query.orders =
                keys.iter().map(|(at, source, descending)| ResolvedOrder { key: OrderKey::Column(*source, ix(*at)), descending: *descending }).collect();
            query.orders.extend(sources.iter().map(|source| ResolvedOrder { key: OrderKey::Column(*source, ColumnIx(0)), descending: false }));
            query.outputs.push(Output::LookupName { source: Source::ROOT, column: ix(PARENT) });
            query.outputs.extend(sources.iter().map(|source| Output::Column { source: *source, column: ix(0) }));
            if let Some((outputs, descending)) = grouped {
                query.orders = (0..outputs.len()).map(|at| ResolvedOrder { key: OrderKey::Output(at), descending }).collect();
                (query.outputs, query.groups, query.grouped) = (outputs, Vec::new(), true);
            }
            query
        })
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

/// Rows as the evaluator sees them.
struct Rows<'a>(&'a [Cells]);

impl Rows<'_> {
    fn find(&self, table: TableCode, id: Uuid) -> Option<&Cells> {
        (table == TableCode(20_001)).then(|| self.0.get(usize::try_from(id.as_u128()).ok()?)).flatten()
    }
}

impl Data for Rows<'_> {
    fn ids(&self, table: &Table) -> Vec<Uuid> {
        if table.def.code == TableCode(20_001) { (0..self.0.len() as u128).map(id).collect() } else { Vec::new() }
    }

    fn value(&self, table: &Table, id: Uuid, column: ColumnIx) -> Value {
        let cell = |row: &Cells| column.at().checked_sub(2).map_or(Value::Guid(id), |at| row[at].clone());
        self.find(table.def.code, id).map_or(Value::Null, cell)
    }

    fn name(&self, reference: Reference) -> Value {
        self.find(reference.table, reference.id).map_or(Value::Null, |row| row[0].clone())
    }
}

#[test]
fn the_store_answers_as_the_evaluator() {
    let folder = Folder::new();
    let store = folder.open();
    let table = table();
    make(&*store, &table);
    make(&*store, &TableBuilder::new(20_002, "account").name_column("name").build());
    let cases = (rows(), query(), prop::option::of(filter(vec![Source::ROOT])), 1..5_u32);
    TestRunner::new(ProptestConfig { cases: 600, ..ProptestConfig::default() })
        .run(&cases, |(rows, query, restriction, page)| {
            fill(&*store, &table, &rows);
            let secured = |query: ResolvedQuery| match &restriction {
                Some(restriction) => SecuredQuery::restricted(query, restriction.clone()),
                None => SecuredQuery::unrestricted(query, "test"),
            };
            let expected = all_rows_of(&secured(query.clone()), &Rows(&rows)).unwrap();
            pages(&*store, ResolvedQuery { limit: Some(page), ..query }, &secured, &expected)
        })
        .unwrap();
}

/// Reads all pages and compares each row, the order, and the counts.
fn pages(
    store: &dyn Store,
    mut query: ResolvedQuery,
    secured: &dyn Fn(ResolvedQuery) -> SecuredQuery,
    expected: &[FoundRow],
) -> std::result::Result<(), TestCaseError> {
    let mut got = 0;
    loop {
        let page = secured(query.clone());
        let mut sink = Collector::default();
        let (all, capped, more) = store.reading(|tx| Ok((tx.count(&page, None)?, tx.count(&page, Some(2))?, tx.select(&page, None, &mut sink)?))).unwrap();
        prop_assert_eq!((all, capped), (expected.len() as u64, expected.len().min(2) as u64));
        for row in &sink.rows {
            prop_assert!(got < expected.len());
            for (at, (value, wanted)) in row.values.iter().zip(&expected[got].outputs).enumerate() {
                // The version is the store's own. Groups show any of the texts that are equal.
                let is_version = !query.grouped && at == 1;
                prop_assert!(is_version || value == wanted || (query.grouped && value.compare(wanted).is_eq()), "{:?} for {:?} at {}", value, wanted, at);
            }
            got += 1;
        }
        prop_assert_eq!(more, got < expected.len());
        if !more {
            return Ok(());
        }
        if query.grouped {
            query.skip = got as u64;
        } else {
            query.after = Some(expected[got - 1].keys.clone());
        }
    }
}
