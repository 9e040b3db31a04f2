//! Both doors lead to the same service (W12): random writes go through the Web API of one service and through the Organization Service of another one that began
//! alike. Rows, pairs, changes, deletions, tokens and errors must be the same, read through either door.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests fail by panicking; clippy takes only functions marked as tests for tests")]

mod door;
mod soap;
mod web;

#[path = "../support/mod.rs"]
mod support;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use door::{Outcome, Service};
use driftless_testkit::TestServer;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

/// Cases.
const CASES: u32 = 100;
/// Runs that may be spent on making a failed case smaller.
const SHRINKS: u32 = 300;
/// Each kind of thing is in at least one case of this many: 5 %.
const COVERED_ONE_IN: u32 = 20;
/// Rows that are written.
const ROWS: u32 = 5;
/// Rows of each table that these lead to. One more is named and missing.
const OTHERS: u32 = 3;

/// Where the codes of errors differ, and why. All of them are refusals of the Web API before a request reaches the organization: of several mistakes in a change
/// set it tells these first, while the Organization Service tells the first one.
const DIFFERENT: &[(u32, u32, &str)] = &[
    (0x8004_8d19, 0x8004_0203, "a value of another type: what JSON cannot be is refused as syntax, an element states a type of its own"),
    (0x8004_8d19, 0x8004_1103, "an unknown column is an undeclared property of a body"),
    (0x8006_088a, 0x8004_1102, "an unknown table is a segment of the address"),
];

/// A value for a column.
#[derive(Clone, Debug)]
enum Value {
    Null,
    Text(String),
    /// Whole numbers, decimal ones and those in floating point, as written.
    Int(i64),
    Long(i64),
    Decimal(&'static str),
    Double(&'static str),
    Money(&'static str),
    Bool(bool),
    Choice(i32),
    Choices(Vec<i32>),
    /// With zone, without one, and without a time.
    Moment(&'static str),
    Wall(&'static str),
    Day(&'static str),
    /// A depot by its id, or by its key.
    Depot(u32, bool),
    /// A text where none can be.
    Wrong,
}

type Fields = BTreeMap<&'static str, Value>;

/// How a row is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Id,
    Key,
}

/// Which version the row must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum If {
    Any,
    Current,
    Stale,
}

/// One write.
#[derive(Clone, Debug)]
enum Write {
    /// With an id of the caller's, or one that the service makes.
    Create {
        row: u32,
        own_id: bool,
        fields: Fields,
    },
    Update {
        row: u32,
        by: By,
        version: If,
        fields: Fields,
    },
    Upsert {
        row: u32,
        by: By,
        fields: Fields,
    },
    Delete {
        row: u32,
        by: By,
        version: If,
    },
    /// Makes a pair with a label, or undoes it.
    Pair {
        row: u32,
        label: u32,
        linked: bool,
    },
    /// State and status, which the Organization Service has a message for.
    State {
        row: u32,
        state: i32,
        status: i32,
    },
    /// A row of a table that is not there.
    Nowhere,
}

/// What is done in one request.
#[derive(Clone, Debug)]
enum Step {
    /// With the operation of its own that the Organization Service has for some writes, or with Execute.
    One { write: Write, direct: bool },
    /// A change set, and ExecuteTransaction.
    Transaction(Vec<Write>),
}

impl Step {
    fn writes(&self) -> &[Write] {
        match self {
            Self::One { write, .. } => std::slice::from_ref(write),
            Self::Transaction(writes) => writes,
        }
    }
}

/// A field that can be written most of the time, and sometimes not.
fn field() -> impl Strategy<Value = (&'static str, Value)> {
    let name = prop_oneof![8 => (0_u32..50).prop_map(|number| Value::Text(format!("name <{number}> & \"more\""))), 1 => Just(Value::Text("x".repeat(101)))];
    let decimal = select(vec!["1.5", "-0.125", "999.999", "0", "-1000.001"]).prop_map(Value::Decimal);
    let double = select(vec!["0.5", "-12.25", "1000", "0.00001", "1001"]).prop_map(Value::Double);
    let money = select(vec!["0", "12.5", "999999.99", "3.14", "-1"]).prop_map(Value::Money);
    let moment = select(vec!["2024-02-29T23:59:59Z", "1999-12-31T00:00:00Z"]).prop_map(Value::Moment);
    let wall = select(vec!["2024-02-29T23:59:59", "2030-01-01T12:00:00"]).prop_map(Value::Wall);
    let tags = select(vec![vec![1], vec![3, 1], vec![1, 2, 3], vec![], vec![2, 9]]).prop_map(Value::Choices);
    let own = prop_oneof![
        3 => name.prop_map(|value| ("new_name", value)),
        1 => (0..ROWS).prop_map(|row| ("new_code", Value::Text(code(row)))),
        2 => (-7_i64..20).prop_map(|number| ("new_number", Value::Int(number))),
        1 => any::<i32>().prop_map(|number| ("new_big", Value::Long(i64::from(number) << 20))),
        2 => decimal.prop_map(|value| ("new_amount", value)),
        1 => double.prop_map(|value| ("new_ratio", value)),
        3 => money.prop_map(|value| ("new_price", value)),
        1 => any::<bool>().prop_map(|is| ("new_fragile", Value::Bool(is))),
        3 => select(vec![1, 2, 2, 1, 7]).prop_map(|choice| ("new_kind", Value::Choice(choice))),
        3 => tags.prop_map(|value| ("new_tags", value)),
        2 => moment.prop_map(|value| ("new_moment", value)),
        1 => wall.prop_map(|value| ("new_wall", value)),
        2 => select(vec!["2024-02-29", "1900-01-01"]).prop_map(|day| ("new_day", Value::Day(day))),
        4 => (select(vec![0, 0, 0, 1, 1, 1, 2, 2, 2, OTHERS]), any::<bool>()).prop_map(|(depot, key)| ("new_depotid", Value::Depot(depot, key))),
        1 => (0..2).prop_map(|state| ("statecode", Value::Choice(state))),
        1 => (1..3).prop_map(|status| ("statuscode", Value::Choice(status))),
    ];
    let columns = ["new_name", "new_number", "new_price", "new_kind", "new_tags", "new_day", "new_depotid", "new_fragile", "new_moment"];
    let wrong = ["new_number", "new_price", "new_kind", "new_moment", "new_day", "new_fragile", "new_amount"];
    prop_oneof![
        40 => own,
        3 => select(columns.to_vec()).prop_map(|column| (column, Value::Null)),
        1 => select(wrong.to_vec()).prop_map(|column| (column, Value::Wrong)),
        1 => Just(("new_nothing", Value::Text("x".to_owned()))),
    ]
}

fn fields() -> impl Strategy<Value = Fields> {
    vec(field(), 0..5).prop_map(|fields| fields.into_iter().collect())
}

fn write() -> impl Strategy<Value = Write> {
    let by = || prop_oneof![Just(By::Id), Just(By::Key)];
    let version = || prop_oneof![4 => Just(If::Any), 2 => Just(If::Current), 1 => Just(If::Stale)];
    let create = (0..ROWS, 0_u8..4, fields()).prop_map(|(row, own_id, fields)| Write::Create { row, own_id: own_id > 0, fields });
    let update = (0..ROWS, by(), version(), fields()).prop_map(|(row, by, version, fields)| Write::Update { row, by, version, fields });
    let upsert = (0..ROWS, by(), fields()).prop_map(|(row, by, fields)| Write::Upsert { row, by, fields });
    let delete = (0..ROWS, by(), version()).prop_map(|(row, by, version)| Write::Delete { row, by, version });
    let pair =
        (select(vec![0, 0, 0, 1, 2]), select(vec![0, 0, 0, 0, 1, OTHERS]), any::<bool>()).prop_map(|(row, label, linked)| Write::Pair { row, label, linked });
    let state = (0..ROWS, 0..2, select(vec![-1, 1, 2])).prop_map(|(row, state, status)| Write::State { row, state, status });
    prop_oneof![8 => create, 8 => update, 8 => upsert, 3 => delete, 8 => pair, 3 => state, 1 => Just(Write::Nowhere)]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let one = (write(), any::<bool>()).prop_map(|(write, direct)| Step::One { write, direct });
    let many = vec(write(), 1..4).prop_map(Step::Transaction);
    // Most cases have rows from the beginning, and a pair: what follows is not always refused.
    let first = |row| Step::One { write: Write::Create { row, own_id: true, fields: Fields::new() }, direct: row == 0 };
    let pair = Step::One { write: Write::Pair { row: 0, label: 0, linked: true }, direct: true };
    let begun = (0..ROWS).prop_map(move |rows| (0..rows).map(first).chain((rows > 0).then(|| pair.clone())).collect::<Vec<_>>());
    (begun, vec(prop_oneof![4 => one, 1 => many], 6..16)).prop_map(|(begun, steps)| [begun, steps].concat())
}

/// The value of a row's key.
fn code(row: u32) -> String {
    format!("c{row}")
}

/// The id that a caller gives to a row.
fn row_id(row: u32) -> String {
    format!("ca260000-0000-4000-8000-{row:012}")
}

/// The id of a depot or a label.
fn other_id(kind: &str, number: u32) -> String {
    format!("{}-0000-4000-8000-{number:012}", if kind == "depot" { "de900000" } else { "1abe1000" })
}

/// What a step shows, if it went well or was refused.
fn things(step: &Step, outcome: &Outcome, met: &mut BTreeSet<&'static str>) {
    if let Outcome::Refused { code, .. } = outcome {
        met.extend(match code {
            0x8004_0217 => Some("missing row"),
            0x8006_0891 => Some("missing key"),
            0x8006_0892 => Some("taken key"),
            0x8004_0237 => Some("taken id"),
            0x8006_0882 => Some("stale version"),
            0x8004_1102 | 0x8006_088a => Some("unknown table"),
            _ => None,
        });
        let alone = step.writes().first().filter(|_| step.writes().len() == 1);
        let fields = alone.and_then(Write::fields).into_iter().flatten();
        met.extend(fields.filter_map(|(column, value)| match value {
            Value::Wrong => Some("wrong type"),
            _ if *column == "new_nothing" => Some("unknown column"),
            _ => None,
        }));
        met.extend(matches!(step, Step::Transaction(writes) if writes.len() > 1).then_some("transaction undone"));
        return;
    }
    met.extend(matches!(step, Step::Transaction(writes) if writes.len() > 1).then_some("transaction"));
    for write in step.writes() {
        met.insert(match write {
            Write::Create { .. } => "create",
            Write::Update { version: If::Current, .. } => "update of a version",
            Write::Update { .. } => "update",
            Write::Upsert { by: By::Id, .. } => "upsert by id",
            Write::Upsert { by: By::Key, .. } => "upsert by key",
            Write::Delete { .. } => "delete",
            Write::Pair { linked: true, .. } => "associate",
            Write::Pair { .. } => "disassociate",
            Write::State { .. } => "state",
            Write::Nowhere => "nowhere",
        });
        met.extend(write.fields().into_iter().flatten().filter_map(|(_, value)| match value {
            Value::Null => Some("null"),
            Value::Choice(_) => Some("choice"),
            Value::Choices(_) => Some("several choices"),
            Value::Money(_) => Some("money"),
            Value::Moment(_) | Value::Day(_) | Value::Wall(_) => Some("date"),
            Value::Depot(_, true) => Some("lookup by key"),
            Value::Depot(_, false) => Some("lookup by id"),
            _ => None,
        }));
    }
}

/// All that must be met.
const THINGS: [&str; 26] = [
    "create",
    "update",
    "update of a version",
    "upsert by id",
    "upsert by key",
    "delete",
    "associate",
    "disassociate",
    "state",
    "null",
    "choice",
    "several choices",
    "money",
    "date",
    "lookup by key",
    "lookup by id",
    "transaction",
    "transaction undone",
    "missing row",
    "missing key",
    "taken key",
    "taken id",
    "stale version",
    "unknown table",
    "wrong type",
    "unknown column",
];

impl Write {
    /// Whether both doors answer the id of the row. The Web API answers the address with which an upsert named it.
    fn tells_id(&self) -> bool {
        matches!(self, Self::Create { .. } | Self::Upsert { by: By::Id, .. })
    }

    fn fields(&self) -> Option<&Fields> {
        match self {
            Self::Create { fields, .. } | Self::Update { fields, .. } | Self::Upsert { fields, .. } => Some(fields),
            Self::Delete { .. } | Self::Pair { .. } | Self::State { .. } | Self::Nowhere => None,
        }
    }
}

/// Whether two outcomes of a step are the same, but for the differences that are known.
fn agree(step: &Step, web: &Outcome, soap: &Outcome) -> bool {
    let (Outcome::Refused { code: one, message }, Outcome::Refused { code: other, message: same }) = (web, soap) else { return web == soap };
    let told_first = matches!(step, Step::Transaction(writes) if writes.len() > 1) && DIFFERENT.iter().any(|(web, ..)| web == one);
    (one == other && message == same) || told_first || DIFFERENT.iter().any(|(web, soap, _)| (web, soap) == (one, other))
}

fn ensure<T: PartialEq + std::fmt::Debug>(what: &str, one: &T, other: &T) -> Result<(), TestCaseError> {
    if one == other { Ok(()) } else { Err(TestCaseError::fail(format!("{what} differ:\n{one:#?}\n{other:#?}"))) }
}

/// The token of now, which is the same behind both doors of a service. Those of another service differ: a token is good for one store.
fn tokens(service: &mut Service) -> Result<String, TestCaseError> {
    let token = service.token_of_web();
    ensure("tokens of one moment", &token, &service.token_of_soap())?;
    Ok(token)
}

/// Plays a case on both services and judges it. Gives what it met.
fn judge(web: &mut Service, soap: &mut Service, steps: &[Step], page_rows: u32) -> Result<BTreeSet<&'static str>, TestCaseError> {
    web.clear();
    soap.clear();
    let mut met = BTreeSet::new();
    let begun = [tokens(web)?, tokens(soap)?];
    let half = steps.len() / 2;
    let mut later = None;
    for (number, step) in steps.iter().enumerate() {
        if number == half {
            later = Some([tokens(web)?, tokens(soap)?]);
        }
        web.advance();
        soap.advance();
        let (one, other) = (web::play(web, step), soap::play(soap, step));
        if !agree(step, &one, &other) {
            return Err(TestCaseError::fail(format!("{step:?}:\nWeb API {one:?}\nSOAP    {other:?}")));
        }
        let by_key = step.writes().iter().filter_map(|write| if let Write::Upsert { row, by: By::Key, .. } = write { Some(*row) } else { None });
        for row in by_key {
            web.meet(row);
            soap.meet(row);
        }
        things(step, &one, &mut met);
    }
    let rows = web.rows_of_web();
    ensure("rows, read through the Web API of both", &rows, &soap.rows_of_web())?;
    ensure("rows, read through both doors", &rows, &web.rows_of_soap())?;
    ensure("rows, read through the other door of the other", &rows, &soap.rows_of_soap())?;
    ensure("pairs", &web.pairs(), &soap.pairs())?;
    for from in [None, Some(begun), later] {
        let [own, other] = [0, 1].map(|at| from.as_ref().map(|tokens| tokens[at].as_str()));
        let (changes, last) = web.changes_of_web(own, page_rows);
        let (same, same_last) = web.changes_of_soap(own, page_rows);
        ensure("changes, read through both doors", &changes, &same)?;
        ensure("tokens behind changes", &last, &same_last)?;
        ensure("changes of the other", &changes, &soap.changes_of_soap(other, page_rows).0)?;
        ensure("changes of the other, read through the Web API", &changes, &soap.changes_of_web(other, page_rows).0)?;
    }
    Ok(met)
}

/// The seed: of the variable `DRIFTLESS_SEED`, else fixed.
fn seed() -> u64 {
    std::env::var("DRIFTLESS_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_110_216)
}

#[test]
fn both_doors_agree() {
    println!("DRIFTLESS_SEED={}", seed());
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed().to_le_bytes());
    let config = Config { cases: CASES, failure_persistence: None, max_shrink_iters: SHRINKS, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let (web, soap) = (RefCell::new(Service::start(TestServer::start().unwrap())), RefCell::new(Service::start(TestServer::start().unwrap())));
    let counts: BTreeMap<&str, Cell<u32>> = THINGS.iter().map(|thing| (*thing, Cell::new(0))).collect();
    let outcome = runner.run(&(steps(), 1_u32..6), |(steps, page_rows)| {
        for thing in judge(&mut web.borrow_mut(), &mut soap.borrow_mut(), &steps, page_rows)? {
            let count = counts.get(thing).ok_or_else(|| TestCaseError::fail(format!("{thing} is not in the list")))?;
            count.set(count.get() + 1);
        }
        Ok(())
    });
    if let Err(failed) = outcome {
        panic!("seed {}: {failed}", seed());
    }
    println!("of {CASES} cases: {counts:?}");
    let rare: Vec<_> = counts.iter().filter(|(_, count)| count.get() * COVERED_ONE_IN < CASES).collect();
    assert!(rare.is_empty(), "too rare: {rare:?}");
}
