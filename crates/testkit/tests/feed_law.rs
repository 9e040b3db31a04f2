//! The law of the feed through the door of the organization (CT-53): random interleavings of writers, readers, page sizes, lost answers, old tokens and restarts,
//! beside an oracle that also says which requests must fail. The law itself and its seeded faults at the level of the store are in `driftless-store`; here the
//! tokens, pages and writes are those that clients have.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests fail by panicking; clippy takes only functions marked as tests for tests")]

mod organization;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use driftless_core::{Changes, ChangesPage, Existence, Identity, Record, Request, Response, RetrieveMultiple, SeededEnvironment, Snapshot, Target, Upsert};
use driftless_model::{Result, Uuid, Value};
use driftless_query::{Collector, Columns, Query};
use driftless_store::Store;
use driftless_store::law::{self, Change, Coverage, Event, History, Item, Page, Start};
use driftless_store::sabotage::{Sabotage, SabotagedStore};
use driftless_testkit::TestFolder;
use organization::{BOOK, Org, changes, create, delete, open_store, record, target, target_by_code, update};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

/// Cases of the law.
const CASES: u32 = 60;
/// Cases in which a seeded fault must be noticed.
const CASES_OF_A_FAULT: u32 = 30;
/// Runs that may be spent on making a failed case smaller.
const SHRINKS: u32 = 200;
/// Each hard situation is in at least one case of this many: 5 %.
const COVERED_ONE_IN: u32 = 20;
/// Rows that the writers fight over.
const ROWS: u32 = 8;
/// Readers, each with its own tokens.
const READERS: u32 = 2;
/// Most items of a page.
const PAGE_MAX: u32 = 4;
/// The columns that readers follow.
const COLUMNS: [&str; 2] = ["new_name", "new_code"];

/// One write. A row is named by its code; its id is fixed, unless an upsert by key leaves it to the service.
#[derive(Clone, Copy, Debug)]
enum Write {
    Create(u32),
    /// By key.
    Update(u32),
    /// By key; the record brings the fixed id, or none.
    UpsertByKey(u32, bool),
    UpsertById(u32),
    /// By key.
    Delete(u32),
}

#[derive(Clone, Debug)]
enum Step {
    /// Writes in one unit: a change set, or a bulk request. One that `fails` ends with a request that is refused.
    Unit { writes: Vec<Write>, bulk: bool, fails: bool },
    /// A reader asks for its next page; the answer may get lost.
    Page { reader: u32, limit: u32, lost: bool },
    /// A reader reads to the end of its chain.
    Rest { reader: u32, limit: u32 },
    /// A reader begins its chain again with the same token (CT-41).
    GiveUp { reader: u32 },
    /// Somebody follows an earlier token of a reader to the end (CT-28).
    OldToken { reader: u32, back: usize, limit: u32 },
    /// The process ends and starts again.
    Restart,
}

fn writes() -> impl Strategy<Value = Write> {
    prop_oneof![
        3 => (0..ROWS).prop_map(Write::Create),
        2 => (0..ROWS).prop_map(Write::Update),
        3 => (0..ROWS, any::<bool>()).prop_map(|(row, fixed)| Write::UpsertByKey(row, fixed)),
        2 => (0..ROWS).prop_map(Write::UpsertById),
        4 => (0..ROWS).prop_map(Write::Delete),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let one = writes().prop_map(|write| Step::Unit { writes: vec![write], bulk: true, fails: false });
    let many = (vec(writes(), 1..5), any::<bool>(), 0_u8..4);
    let many = many.prop_map(|(writes, bulk, fails)| Step::Unit { writes, bulk, fails: fails == 0 });
    let page = (0..READERS, 1..=PAGE_MAX, 0_u8..6).prop_map(|(reader, limit, lost)| Step::Page { reader, limit, lost: lost == 0 });
    let old = (0..READERS, 0_usize..4, 1..=PAGE_MAX).prop_map(|(reader, back, limit)| Step::OldToken { reader, back, limit });
    let rest = (0..READERS, 1..=PAGE_MAX).prop_map(|(reader, limit)| Step::Rest { reader, limit });
    let give_up = (0..READERS).prop_map(|reader| Step::GiveUp { reader });
    let step = prop_oneof![8 => one, 6 => many, 10 => page, 2 => rest, 1 => give_up, 1 => old, 2 => Just(Step::Restart)];
    vec(step, 30..70)
}

/// The id that a row has when the caller chooses it. The order of ids is not that of the rows.
fn fixed_id(row: u32) -> Uuid {
    Uuid::from_u64_pair(u64::from(row + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15), u64::from(row))
}

fn code(row: u32) -> Value {
    Value::text(format!("c{row}"))
}

/// A row as the oracle knows it.
#[derive(Clone, Debug, PartialEq)]
struct Live {
    id: Uuid,
    name: String,
}

/// What a write does to a row.
enum Effect {
    Put(u32),
    Removed(u32),
}

/// The live rows by number.
#[derive(Clone, Default)]
struct Oracle(BTreeMap<u32, Live>);

impl Oracle {
    /// What a write must do; none if it must be refused. The id of a row that the service names is nil until it is known.
    fn expect(&mut self, write: Write, name: &str) -> Option<Effect> {
        let present = |row: u32| self.0.get(&row).map(|live| live.id);
        let (row, id) = match write {
            Write::Create(row) if present(row).is_none() => (row, fixed_id(row)),
            Write::Update(row) => (row, present(row)?),
            Write::UpsertByKey(row, fixed) => (row, present(row).unwrap_or(if fixed { fixed_id(row) } else { Uuid::nil() })),
            Write::UpsertById(row) if present(row).is_none_or(|id| id == fixed_id(row)) => (row, fixed_id(row)),
            Write::Delete(row) => return self.0.remove(&row).map(|_| Effect::Removed(row)),
            Write::Create(_) | Write::UpsertById(_) => return None,
        };
        self.0.insert(row, Live { id, name: name.to_owned() });
        Some(Effect::Put(row))
    }
}

/// A copy of the table: version and content by id.
type Copy = BTreeMap<Uuid, (i64, String)>;

/// A client of the feed. It keeps its tokens over restarts.
#[derive(Default)]
struct Follower {
    token: Option<String>,
    next_page: Option<String>,
    copy: Copy,
    /// Earlier tokens, each with the copy that it belongs to.
    past: Vec<(String, Copy)>,
}

/// A seeded fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seeded {
    /// The store breaks a promise.
    Store(Sabotage),
    /// Readers go on from the moment of the last page instead of that of the first (CT-37).
    TokenOfLastPage,
}

/// A page of changes as a client has it.
struct Answer {
    page: ChangesPage,
    rows: Vec<Item>,
    removed: Vec<Uuid>,
    count: Option<u64>,
}

struct Stage {
    /// None only between two lives of the process.
    org: Option<Org>,
    folder: TestFolder,
    environment: Arc<SeededEnvironment>,
    fault: Option<Seeded>,
    oracle: Oracle,
    versions: BTreeMap<Uuid, i64>,
    last_version: i64,
    written: u32,
    readers: BTreeMap<u32, Follower>,
    history: History,
}

/// What is wrong, in words.
type Outcome<T = ()> = std::result::Result<T, String>;

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(what()) }
}

impl Stage {
    fn new(fault: Option<Seeded>) -> Self {
        let mut stage = Self {
            org: None,
            folder: organization::folder_with_books("law"),
            // One for all lives: another one would give the same ids again.
            environment: Arc::new(SeededEnvironment::new(11, organization::START_MS)),
            fault,
            oracle: Oracle::default(),
            versions: BTreeMap::new(),
            last_version: 0,
            written: 0,
            readers: BTreeMap::new(),
            history: History::default(),
        };
        stage.open();
        stage
    }

    fn open(&mut self) {
        let store = open_store(self.folder.path());
        let store: Arc<dyn Store> = match self.fault {
            None | Some(Seeded::TokenOfLastPage) => store,
            Some(Seeded::Store(sabotage)) => Arc::new(SabotagedStore::new(store, sabotage)),
        };
        self.org = Some(Org::open(store, Arc::clone(&self.environment) as Arc<_>));
    }

    fn org(&self) -> &Org {
        self.org.as_ref().unwrap()
    }

    fn step(&mut self, step: &Step) -> Outcome {
        self.environment.advance_s(1);
        match step {
            Step::Unit { writes, bulk, fails } => self.unit(writes, *bulk, *fails),
            Step::Page { reader, limit, lost } => self.page(*reader, *limit, *lost),
            Step::Rest { reader, limit } => self.rest(*reader, *limit),
            Step::GiveUp { reader } => {
                self.readers.entry(*reader).or_default().next_page = None;
                Ok(())
            }
            Step::OldToken { reader, back, limit } => self.old_token(*reader, *back, *limit),
            Step::Restart => {
                self.org = None;
                self.open();
                self.history.events.push(Event::Restart);
                Ok(())
            }
        }
    }

    fn unit(&mut self, writes: &[Write], bulk: bool, fails: bool) -> Outcome {
        self.written += 1;
        let name = format!("written {}", self.written);
        let mut oracle = self.oracle.clone();
        let effects: Option<Vec<Effect>> = writes.iter().map(|write| oracle.expect(*write, &name)).collect();
        let lower = |snapshot: &Snapshot| -> Result<Vec<Request>> {
            let mut requests = writes.iter().map(|write| request(snapshot, *write, &name)).collect::<Result<Vec<_>>>()?;
            if fails {
                requests.push(delete(target(snapshot, BOOK, Uuid::max())?));
            }
            Ok(requests)
        };
        let done = if bulk {
            self.org().execute(&mut |snapshot| lower(snapshot).map(Request::Multiple)).map(|response| match response {
                Response::Multiple(responses) => responses,
                _ => panic!("several writes have several answers"),
            })
        } else {
            self.org().execute_all(&mut |snapshot| lower(snapshot))
        };
        match (done, effects.filter(|_| !fails)) {
            (Ok(responses), Some(effects)) => {
                self.note(oracle, &effects, &responses, &name);
                Ok(())
            }
            (Err(_), None) => Ok(()),
            (Ok(_), None) => Err(format!("{writes:?} (fails: {fails}) had to be refused")),
            (Err(error), Some(_)) => Err(format!("{writes:?} was refused: {error:?}")),
        }
    }

    /// Records a unit that was committed.
    fn note(&mut self, oracle: Oracle, effects: &[Effect], responses: &[Response], name: &str) {
        let mut ids: BTreeMap<u32, Uuid> = self.oracle.0.iter().map(|(row, live)| (*row, live.id)).collect();
        let mut unit = Vec::with_capacity(effects.len());
        for (effect, response) in effects.iter().zip(responses) {
            unit.push(match (effect, response) {
                (Effect::Put(row), Response::Written(written)) => {
                    self.last_version = written.version.0;
                    self.versions.insert(written.id, written.version.0);
                    ids.insert(*row, written.id);
                    Change::Put(Item { id: written.id, version: written.version.0, content: content(name, *row) })
                }
                (Effect::Removed(row), Response::Done) => {
                    // The answer does not tell the version. The next number keeps the order: the true one is not smaller, and the next write's is greater.
                    self.last_version += 1;
                    Change::Removed { id: ids[row], version: Some(self.last_version) }
                }
                _ => panic!("an answer does not fit its request"),
            });
        }
        self.oracle = oracle;
        for (row, live) in &mut self.oracle.0 {
            live.id = ids[row];
        }
        self.history.events.push(Event::Unit(unit));
    }

    /// Reads a page of changes; beside the first page of a delta also their number.
    fn read(&self, token: Option<&String>, page_token: Option<&String>, limit: u32) -> Outcome<Answer> {
        let request = Changes { token: token.cloned(), page_token: page_token.cloned(), page_rows: limit, expired_fault: true, ..changes(BOOK, &COLUMNS) };
        let count = if token.is_some() && page_token.is_none() { Some(self.org().count_changes(&request)) } else { None };
        let count = count.transpose().map_err(|error| format!("changes could not be counted: {error:?}"))?;
        let (page, found) = self.org().changes(&request).map_err(|error| format!("a token was refused: {error:?}"))?;
        ensure(page.next.is_some() != page.token.is_some(), || "a page has either a next page or a token (CT-36)".to_owned())?;
        ensure(page.delta == token.is_some(), || "an answer must tell whether it is a delta (CT-45)".to_owned())?;
        let rows = found.rows.iter().map(|row| item(&row.values)).collect();
        Ok(Answer { page, rows, removed: found.removed, count })
    }

    fn page(&mut self, reader: u32, limit: u32, lost: bool) -> Outcome {
        let mut follower = self.readers.remove(&reader).unwrap_or_default();
        let Answer { page, rows, removed, count } = self.read(follower.token.as_ref(), follower.next_page.as_ref(), limit)?;
        let start = follower.next_page.is_none().then_some(if follower.token.is_some() { Start::Delta { count } } else { Start::Full });
        let more = page.next.is_some();
        if !lost {
            if start == Some(Start::Full) {
                follower.copy.clear();
            }
            apply(&mut follower.copy, &rows, &removed);
            follower.next_page = page.next.map(|next| next.token);
            if let Some(token) = page.token {
                let token = if self.fault == Some(Seeded::TokenOfLastPage) { self.org().token(BOOK) } else { token };
                follower.past.push((token.clone(), follower.copy.clone()));
                follower.token = Some(token);
            }
        }
        self.readers.insert(reader, follower);
        let items = rows.len() + removed.len();
        self.history.events.push(Event::Page(Page { reader, start, rows, removed, more, arrived: !lost }));
        ensure(items <= limit as usize, || format!("a page of {limit} has {items} items (CT-34)"))
    }

    fn rest(&mut self, reader: u32, limit: u32) -> Outcome {
        self.page(reader, limit, false)?;
        while self.readers.get(&reader).is_some_and(|follower| follower.next_page.is_some()) {
            self.page(reader, limit, false)?;
        }
        Ok(())
    }

    /// Follows an earlier token to the end: what comes makes the copy of its time the table of now.
    fn old_token(&self, reader: u32, back: usize, limit: u32) -> Outcome {
        let past = self.readers.get(&reader).map_or(&[][..], |follower| &follower.past);
        let Some((token, copy)) = past.len().checked_sub(back + 1).and_then(|at| past.get(at)) else { return Ok(()) };
        let (mut copy, mut seen, mut next, mut told) = (copy.clone(), BTreeSet::new(), None, None);
        loop {
            let Answer { page, rows, removed, count } = self.read(Some(token), next.as_ref(), limit)?;
            told = told.or(count);
            for id in rows.iter().map(|row| &row.id).chain(&removed) {
                ensure(seen.insert(*id), || format!("old token: {id} came twice (CT-16)"))?;
            }
            apply(&mut copy, &rows, &removed);
            match page.next {
                Some(page) => next = Some(page.token),
                None => break,
            }
        }
        ensure(told == Some(seen.len() as u64), || format!("old token: {} items came, the count said {told:?} (CT-29)", seen.len()))?;
        let table = self.table();
        ensure(copy == table, || format!("old token: the copy is {copy:?}, the table {table:?} (CT-28, CT-53)"))
    }

    /// The table by the oracle.
    fn table(&self) -> Copy {
        self.oracle.0.iter().map(|(row, live)| (live.id, (self.versions[&live.id], content(&live.name, *row)))).collect()
    }

    /// The table is what the oracle says.
    fn table_is_right(&self) -> Outcome {
        let columns = Columns::Some(COLUMNS.map(Into::into).to_vec());
        let all = RetrieveMultiple {
            query: Query { columns, ..Query::new(BOOK.into()) },
            within: None,
            count: false,
            skip: 0,
            page_token: None,
            aggregate_rows_max: None,
        };
        let mut found = Collector::default();
        let org = self.org();
        org.organization.execute(&org.caller, &mut |_| Ok(Request::RetrieveMultiple(all.clone())), &mut found).map_err(|error| format!("{error:?}"))?;
        let rows: Copy = found.rows.iter().map(|row| item(&row.values)).map(|item| (item.id, (item.version, item.content))).collect();
        ensure(rows == self.table(), || format!("the table is {rows:?}, but must be {:?}", self.table()))
    }

    /// Every reader reads what is left of its chain, then one more chain.
    fn finish(&mut self) -> Outcome {
        for reader in 0..READERS {
            for _ in 0..2 {
                self.rest(reader, PAGE_MAX)?;
            }
            self.old_token(reader, 0, PAGE_MAX)?;
            self.old_token(reader, 1, 1)?;
        }
        self.table_is_right()
    }
}

fn request(snapshot: &Snapshot, write: Write, name: &str) -> Result<Request> {
    let books = snapshot.require(BOOK)?;
    let named = [("new_name", Value::text(name))];
    let whole = |row: u32| record(snapshot, BOOK, &[("new_name", Value::text(name)), ("new_code", code(row))]);
    let upsert = |target: Target, record: Record| Request::Upsert(Upsert { target, record, existence: Existence::MayCreate, returning: None });
    Ok(match write {
        Write::Create(row) => create(Record { id: Some(fixed_id(row)), ..whole(row)? }),
        Write::Update(row) => update(target_by_code(books, "new_code", code(row))?, record(snapshot, BOOK, &named)?),
        Write::UpsertByKey(row, fixed) => {
            upsert(target_by_code(books, "new_code", code(row))?, Record { id: fixed.then(|| fixed_id(row)), ..record(snapshot, BOOK, &named)? })
        }
        Write::UpsertById(row) => upsert(Target { table: Arc::clone(books), identity: Identity::Id(fixed_id(row)) }, whole(row)?),
        Write::Delete(row) => delete(target_by_code(books, "new_code", code(row))?),
    })
}

fn content(name: &str, row: u32) -> String {
    format!("{:?} {:?}", Value::text(name), code(row))
}

/// A delivered row: id, version, name and code.
fn item(values: &[Value]) -> Item {
    let [id, Value::BigInt(version), name, code] = values else { panic!("a row has an id, a version and two columns, not {values:?}") };
    Item { id: id.id().unwrap(), version: *version, content: format!("{name:?} {code:?}") }
}

fn apply(copy: &mut Copy, rows: &[Item], removed: &[Uuid]) {
    copy.extend(rows.iter().map(|row| (row.id, (row.version, row.content.clone()))));
    for id in removed {
        copy.remove(id);
    }
}

/// Plays a case and judges it.
fn judge(steps: &[Step], fault: Option<Seeded>) -> std::result::Result<Coverage, TestCaseError> {
    let mut stage = Stage::new(fault);
    let played = steps.iter().try_for_each(|step| stage.step(step)).and_then(|()| stage.finish());
    let history = &stage.history;
    law::check(history).map_err(|violation| TestCaseError::fail(format!("{violation}\n{history:#?}")))?;
    played.map_err(|what| TestCaseError::fail(format!("{what}\n{history:#?}")))?;
    Ok(Coverage::of(history))
}

/// The seed: of the variable `DRIFTLESS_SEED`, else fixed.
fn seed() -> u64 {
    std::env::var("DRIFTLESS_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_170_822)
}

fn runner(cases: u32, shrinks: u32) -> TestRunner {
    println!("DRIFTLESS_SEED={}", seed());
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed().to_le_bytes());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: shrinks, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

#[test] // CT-13 to CT-38, CT-41, CT-53
fn first_read_and_deltas_are_the_table() {
    let met: [Cell<u32>; 4] = Default::default();
    let outcome = runner(CASES, SHRINKS).run(&steps(), |steps| {
        let Coverage { write_while_paging, made_again, border_in_removals, restart_in_chain } = judge(&steps, None)?;
        for (met, is) in met.iter().zip([write_while_paging, made_again, border_in_removals, restart_in_chain]) {
            met.set(met.get() + u32::from(is));
        }
        Ok(())
    });
    if let Err(failed) = outcome {
        panic!("seed {}: {failed}", seed());
    }
    let met = met.map(Cell::into_inner);
    println!("of {CASES} cases: write while paging {}, made again {}, border in removals {}, restart in chain {}", met[0], met[1], met[2], met[3]);
    assert!(met.iter().all(|cases| cases * COVERED_ONE_IN >= CASES), "{met:?}");
}

/// A seeded fault must be noticed: nothing between the store and the client hides it.
fn is_noticed(fault: Seeded) {
    let outcome = runner(CASES_OF_A_FAULT, 0).run(&steps(), |steps| judge(&steps, Some(fault)).map(drop));
    match outcome {
        Err(TestError::Fail(reason, _)) => println!("{fault:?}: {}", reason.message().lines().next().unwrap()),
        other => panic!("seed {}: {fault:?} was not noticed: {other:?}", seed()),
    }
}

#[test] // CT-37
fn a_token_of_the_last_page_is_noticed() {
    is_noticed(Seeded::TokenOfLastPage);
}

#[test] // CT-54
fn a_version_taken_outside_the_lock_is_noticed() {
    is_noticed(Seeded::Store(Sabotage::VersionOutsideLock));
}

#[test] // CT-16
fn a_tombstone_of_a_row_made_again_is_noticed() {
    is_noticed(Seeded::Store(Sabotage::TombstoneKept));
}

#[test] // CT-38
fn a_border_row_that_comes_twice_is_noticed() {
    is_noticed(Seeded::Store(Sabotage::CutRepeats));
}

#[test] // CT-14
fn a_dropped_tombstone_is_noticed() {
    is_noticed(Seeded::Store(Sabotage::TombstoneDropped));
}
