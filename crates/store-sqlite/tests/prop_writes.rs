//! Whatever is written, this engine and the reference store answer alike: results of each write, rows, keys, feed, tombstones, horizons.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests fail by panicking; clippy takes only functions marked as tests for tests")]

mod seeded;
mod support;

use std::sync::{Arc, Mutex};

use driftless_model::{Epoch, Error, ErrorCode, Position, Uuid, Value};
use driftless_query::Collector;
use driftless_store::fixture::{self, Library, id, insert, item, plain, remove, update};
use driftless_store::reference::ReferenceStore;
use driftless_store::{ChangeRequest, Duplicate, KeyBuild, Length, PositionState, SchemaChange, Store, StoreError, StoreResult, WriteTx};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof};
use proptest::sample::select;
use seeded::{runner, seed};
use support::{Folder, Result};

const CASES: u32 = 60;
const SHRINKS: u32 = 500;
const ROWS: u32 = 8;

#[derive(Clone, Debug)]
enum Write {
    Insert(u32, Option<&'static str>, Option<i32>),
    Update(u32, Option<&'static str>, Option<i32>),
    Remove(u32, i64),
    BuildKey(usize),
    DropKey(usize),
    Purge(i64, u32),
}

/// How a write ended. Which of several keys was met, and which of several collisions is the example, is left to the engine.
#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    Done,
    Missing,
    IdTaken,
    KeyTaken,
    Collides(u64),
    Purged(u32),
}

fn write() -> impl Strategy<Value = Write> {
    let code = || option::weighted(0.8, select(vec!["a", "A ", "ä", "b", "B", "c", "straße", "STRASSE"]));
    let pages = || option::weighted(0.8, 0..3_i32);
    prop_oneof![
        8 => (0..ROWS, code(), pages()).prop_map(|(row, code, pages)| Write::Insert(row, code, pages)),
        6 => (0..ROWS, code(), pages()).prop_map(|(row, code, pages)| Write::Update(row, code, pages)),
        5 => (0..ROWS, 0..100_i64).prop_map(|(row, at_s)| Write::Remove(row, at_s)),
        2 => (0..2_usize).prop_map(Write::BuildKey),
        1 => (0..2_usize).prop_map(Write::DropKey),
        1 => (0..100_i64, 1..4_u32).prop_map(|(before_s, limit)| Write::Purge(before_s, limit)),
    ]
}

/// Units: their writes, and whether they fail at their end.
fn units() -> impl Strategy<Value = Vec<(Vec<Write>, bool)>> {
    vec((vec(write(), 1..6), prop_oneof![5 => Just(false), 1 => any::<bool>()]), 1..20)
}

fn apply(tx: &mut dyn WriteTx, library: &Library, write: &Write) -> StoreResult<Outcome> {
    let book = &*library.book;
    let cells = |code: &Option<&str>, pages: &Option<i32>| [("code", code.map_or(Value::Null, Value::text)), ("pages", pages.map_or(Value::Null, Value::Int))];
    let done = |found: Option<_>| if found.is_some() { Outcome::Done } else { Outcome::Missing };
    let outcome = match write {
        Write::Insert(row, code, pages) => insert(tx, book, id(*row), &cells(code, pages)).map(|_| Outcome::Done),
        Write::Update(row, code, pages) => update(tx, book, id(*row), &cells(code, pages)).map(done),
        Write::Remove(row, at_s) => remove(tx, book, id(*row), *at_s).map(done),
        Write::BuildKey(key) => tx.change_schema(&SchemaChange::BuildKey(book, &book.keys[*key])).map(|built| match built {
            KeyBuild::Done => Outcome::Done,
            KeyBuild::Collides { values, .. } => Outcome::Collides(values),
        }),
        Write::DropKey(key) => tx.change_schema(&SchemaChange::DropKey(book, &book.keys[*key])).map(|_| Outcome::Done),
        Write::Purge(before_s, limit) => tx.purge_tombstones(book.def.code, *before_s, *limit).map(Outcome::Purged),
    };
    match outcome {
        Err(StoreError::Duplicate(Duplicate::Id)) => Ok(Outcome::IdTaken),
        Err(StoreError::Duplicate(Duplicate::Key(_))) => Ok(Outcome::KeyTaken),
        other => other,
    }
}

/// Runs a unit; gives how each of its writes ended, whether it failed or not.
fn run(store: &dyn Store, library: &Library, writes: &[Write], fails: bool) -> Vec<Outcome> {
    let (library, writes, outcomes) = (library.clone(), writes.to_vec(), Arc::new(Mutex::new(Vec::new())));
    let told = Arc::clone(&outcomes);
    let done = store.writing(Length::Short, move |tx| {
        *told.lock().unwrap() = writes.iter().map(|write| apply(tx, &library, write)).collect::<StoreResult<Vec<_>>>()?;
        if fails { Err(Error::of(ErrorCode::InvalidArgument)) } else { Ok(()) }
    });
    assert_eq!(done.err().map(|error| error.code()), fails.then_some(ErrorCode::InvalidArgument));
    outcomes.lock().unwrap().clone()
}

/// What can be seen from a position: its state, and the changes after it, in pages of three.
#[derive(Debug, PartialEq)]
struct View {
    state: PositionState,
    rows: Vec<(Uuid, Vec<Value>)>,
    removed: Vec<Uuid>,
    count: u64,
}

fn view(store: &dyn Store, library: &Library, since: Option<&Position>) -> Result<View> {
    let query = plain(&library.book, &["code", "pages"], None)?;
    store.reading(|tx| {
        let until = tx.position()?;
        let state = since.map_or(Ok(PositionState::Good), |since| tx.judge(library.book.def.code, since))?;
        let (mut found, mut cut) = (Collector::default(), None);
        loop {
            let request = ChangeRequest { query: &query, since, until: &until, cut: cut.as_ref(), limit: 3 };
            cut = tx.changes(&request, &mut found)?.next;
            if cut.is_none() {
                break;
            }
        }
        let count = tx.count_changes(&ChangeRequest { query: &query, since, until: &until, cut: None, limit: 1 })?;
        let rows = found.rows.iter().map(|row| Ok((item(row, 2)?.0, row.values[2..].to_vec()))).collect::<Result<_>>()?;
        Ok(View { state, rows, removed: found.removed, count })
    })
}

#[test] // A3, AK-19 to AK-22, CT-14 to CT-17, CT-26, CT-29, CT-47
fn the_store_writes_as_the_reference_does() {
    let folder = Folder::new();
    let engine = folder.open();
    let outcome = runner(CASES, SHRINKS).run(&units(), |units| {
        let reference = ReferenceStore::new(Epoch(7));
        let library = Library::new(vec![fixture::key(1, &["code"]), fixture::key(2, &["pages", "code"])]).unwrap();
        let stores: [&dyn Store; 2] = [&*engine, &reference];
        for store in stores {
            fixture::create_table(store, &library.book).unwrap();
        }
        let mut tokens = vec![[None, None]];
        for (writes, fails) in &units {
            let [ours, expected] = stores.map(|store| run(store, &library, writes, *fails));
            prop_assert_eq!(ours, expected);
            tokens.push(stores.map(|store| Some(store.reading(|tx| Ok(tx.position()?)).unwrap())));
            for [ours, theirs] in &tokens {
                prop_assert_eq!(view(&*engine, &library, ours.as_ref()).unwrap(), view(&reference, &library, theirs.as_ref()).unwrap());
            }
        }
        fixture::unit(&*engine, &library.book, |tx, book| tx.change_schema(&SchemaChange::DropTable(book)).map(drop)).unwrap();
        Ok(())
    });
    if let Err(failed) = outcome {
        panic!("seed {}: {failed}", seed());
    }
}
