//! One transaction for many units, one commit, one sync. Units run without savepoints; only when one that wrote must be undone do they run again, each under one.

use std::cell::OnceCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use driftless_model::{Error, ErrorCode, Result};
use driftless_sql::Targets;
use driftless_store::{Length, StoreError, Unit};

use crate::error::{Watch, too_long};
use crate::state::{self, State};
use crate::unit::{Engine, Spoiled, UnitTx};

/// How a transaction that failed as a whole failed.
enum Lost {
    Full,
    Busy,
    Failed(String),
}

impl Lost {
    fn of(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::Full,
            StoreError::Conflict => Self::Busy,
            other => Self::Failed(other.to_string()),
        }
    }

    /// The error for one of the units.
    fn error(&self) -> Error {
        match self {
            Self::Full => StoreError::Full.into(),
            Self::Busy => StoreError::Conflict.into(),
            Self::Failed(cause) => driftless_store::unavailable("The store could not commit. Try again.", 1).because(cause.clone()),
        }
    }
}

/// Runs units in one transaction and commits it. `next` gives one more unit, as long as others may join. Gives each unit's result, in the order in which they
/// were given; all that are good are on disk.
///
/// Units that fail after they wrote are rare, and a savepoint copies every page that its unit touches. So the units first run without: should one have to be
/// undone that is not the first to write, the transaction is undone, and the same units run once more, each under a savepoint.
pub(crate) fn run(engine: &mut Engine, watch: &Watch, next: &mut dyn FnMut() -> Option<Unit>) -> Vec<Result<()>> {
    let mut units = Vec::new();
    match attempt(engine, watch, &mut units, next, Apart::No) {
        Ok(results) => results,
        Err(Undone) => attempt(engine, watch, &mut units, &mut || None, Apart::Yes).unwrap_or_else(|Undone| {
            let lost = Lost::Failed("a unit under a savepoint could not be undone alone".to_owned());
            units.iter().map(|_| Err(lost.error())).collect()
        }),
    }
}

/// Whether each unit has a savepoint.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Apart {
    Yes,
    No,
}

/// Nothing remains of the group: a unit had to be undone that could not be undone alone.
struct Undone;

fn attempt(
    engine: &mut Engine,
    watch: &Watch,
    units: &mut Vec<Unit>,
    next: &mut dyn FnMut() -> Option<Unit>,
    apart: Apart,
) -> std::result::Result<Vec<Result<()>>, Undone> {
    let before = Before::of(engine);
    let mut lost = execute(engine, "BEGIN IMMEDIATE").map_err(|error| Lost::of(watch.engine(error))).err();
    let mut results = Vec::with_capacity(units.len());
    let mut changed = false;
    loop {
        if results.len() == units.len() {
            let Some(unit) = next() else { break };
            units.push(unit);
        }
        if let Some(lost) = &lost {
            results.push(Err(lost.error()));
            continue;
        }
        let ran = run_unit(engine, watch, &mut units[results.len()], apart);
        if engine.conn.is_autocommit() {
            // The engine gave the whole transaction up.
            let own = matches!(ran.spoiled, Some(Spoiled::TooLong)).then(too_long);
            let cause = ran.spoiled.map_or_else(|| Lost::Failed("the engine ended the transaction".to_owned()), Lost::from);
            results = results.iter().map(|_| Err(cause.error())).collect();
            results.push(Err(own.unwrap_or_else(|| cause.error())));
            lost = Some(cause);
            continue;
        }
        if ran.result.is_ok() {
            changed |= ran.changed;
        } else if ran.remains {
            end(engine, watch);
            before.undo_group(engine);
            if changed {
                return Err(Undone);
            }
            lost = execute(engine, "BEGIN IMMEDIATE").map_err(|error| Lost::of(watch.engine(error))).err();
        }
        results.push(ran.result);
    }
    if lost.is_some() {
        before.undo_group(engine);
        return Ok(results);
    }
    if !changed {
        // Nothing to make durable; the error, if any, ends nothing but this transaction.
        end(engine, watch);
        before.undo_group(engine);
        return Ok(results);
    }
    if let Err(lost) = commit(engine, watch) {
        before.undo_group(engine);
        return Ok(results.into_iter().map(|result| result.and_then(|()| Err(lost.error()))).collect());
    }
    Ok(results)
}

/// Undoes the transaction.
fn end(engine: &Engine, watch: &Watch) {
    if let Err(error) = execute(engine, "ROLLBACK") {
        watch.fatal(&format!("a transaction could not be ended: {error}"));
    }
}

/// Writes what belongs to the group as a whole and commits.
fn commit(engine: &mut Engine, watch: &Watch) -> std::result::Result<(), Lost> {
    let position = engine.counter.last().max(engine.state.position);
    let committed = State { position, ..engine.state };
    let begun = Instant::now();
    let written = engine.tallies.write(&engine.conn).and_then(|()| state::write(&engine.conn, &committed));
    let result = written.map_err(|error| watch.engine(error)).and_then(|()| execute(engine, "COMMIT").map_err(|error| watch.commit(error)));
    match result {
        Ok(()) => {
            engine.state = committed;
            let counts = &engine.counts;
            counts.commits.fetch_add(1, Ordering::Relaxed);
            counts.commit_ns.fetch_add(u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
            counts.version.store(position, Ordering::Relaxed);
            Ok(())
        }
        Err(error) => {
            if !engine.conn.is_autocommit() {
                end(engine, watch);
            }
            Err(Lost::of(error))
        }
    }
}

/// What the engine carries that a transaction changes before it commits.
struct Before {
    state: State,
    targets: OnceCell<Arc<Targets>>,
}

impl Before {
    fn of(engine: &Engine) -> Self {
        Self { state: engine.state, targets: engine.targets.clone() }
    }

    /// Back to before the unit.
    fn undo_unit(self, engine: &mut Engine) {
        engine.tallies.undo_unit();
        engine.state = self.state;
        engine.targets = self.targets;
    }

    /// Back to before the group. Versions are not given back: they are never used again.
    fn undo_group(&self, engine: &mut Engine) {
        engine.tallies.undo_group();
        engine.state = self.state;
        engine.targets = self.targets.clone();
    }
}

struct Ran {
    result: Result<()>,
    /// The unit wrote something.
    changed: bool,
    /// The unit failed, and what it wrote is still in the transaction.
    remains: bool,
    spoiled: Option<Spoiled>,
}

/// Runs one unit. When it fails under a savepoint, nothing of it remains.
fn run_unit(engine: &mut Engine, watch: &Watch, unit: &mut Unit, apart: Apart) -> Ran {
    let apart = apart == Apart::Yes;
    if apart && let Err(error) = execute(engine, "SAVEPOINT unit") {
        return Ran { result: Err(watch.engine(error).into()), changed: false, remains: false, spoiled: None };
    }
    let before = Before::of(engine);
    engine.tallies.begin_unit();
    if unit.length == Length::Short {
        engine.limit.begin(engine.times.write_ms());
    }
    let mut tx = UnitTx::new(engine, watch);
    let outcome = catch_unwind(AssertUnwindSafe(|| (unit.work)(&mut tx)));
    let (changed, spoiled) = (tx.changed, tx.spoiled.take());
    engine.limit.lift();
    let result = match (outcome, &spoiled) {
        (Err(panic), _) => Err(Error::of(ErrorCode::UnExpected).because(format!("a unit of work panicked: {}", panic_text(panic.as_ref())))),
        (Ok(_), Some(Spoiled::Full)) => Err(StoreError::Full.into()),
        (Ok(_), Some(Spoiled::TooLong)) => Err(too_long()),
        (Ok(Ok(())), Some(Spoiled::Failed(cause))) => Err(Error::of(ErrorCode::UnExpected).because(cause.clone())),
        (Ok(result), _) => result,
    };
    if engine.conn.is_autocommit() {
        return Ran { result, changed, remains: false, spoiled };
    }
    if result.is_err() {
        before.undo_unit(engine);
    }
    if !apart {
        let remains = result.is_err() && (changed || spoiled.is_some());
        return Ran { result, changed, remains, spoiled };
    }
    let ended = match result.is_ok() {
        true => execute(engine, "RELEASE unit"),
        false => execute(engine, "ROLLBACK TO unit").and_then(|()| execute(engine, "RELEASE unit")),
    };
    if let Err(error) = ended {
        // Without its end the savepoint's work would go with the group: the transaction as a whole must go.
        let error = watch.engine(error);
        let spoiled = Some(Spoiled::Failed(error.to_string()));
        end(engine, watch);
        return Ran { result: Err(error.into()), changed, remains: false, spoiled };
    }
    Ran { result, changed, remains: false, spoiled }
}

impl From<Spoiled> for Lost {
    fn from(spoiled: Spoiled) -> Self {
        match spoiled {
            Spoiled::Full => Self::Full,
            Spoiled::TooLong => Self::Busy, // for the others of the group
            Spoiled::Failed(cause) => Self::Failed(cause),
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}

fn execute(engine: &Engine, text: &str) -> rusqlite::Result<()> {
    engine.conn.prepare_cached(text)?.execute(())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use driftless_model::{Table, TableCode};
    use driftless_store::{Length, SchemaChange, UnitWork, WriteTx, fixture};

    use super::*;
    use crate::tally::{self, Tally};
    use crate::{SqliteStore, open};

    fn engine(name: &str) -> (std::path::PathBuf, Engine) {
        let folder = std::env::temp_dir().join(format!("driftless-group-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let opened = open::open(&folder, 0).unwrap();
        (folder, opened.engine)
    }

    fn run_all(engine: &mut Engine, works: Vec<UnitWork>) -> Vec<Option<ErrorCode>> {
        let watch = Watch::new(Arc::new(|reason| panic!("fatal: {reason}")));
        let count = works.len();
        let mut units = works.into_iter().map(|work| Unit { work, length: Length::Short });
        let mut results = Vec::new();
        // A group that had to be undone takes in nobody else.
        while results.len() < count {
            results.extend(run(engine, &watch, &mut || units.next()));
        }
        results.into_iter().map(|result| result.err().map(|error| error.code())).collect()
    }

    fn set(name: &'static str, value: String) -> UnitWork {
        Box::new(move |tx| {
            tx.next_version()?;
            Ok(tx.set_setting(name, &value)?)
        })
    }

    fn settings(engine: &Engine) -> Vec<String> {
        let mut statement = engine.conn.prepare("SELECT name FROM _setting ORDER BY name").unwrap();
        statement.query_map((), |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
    }

    #[test] // ADR 0003
    fn an_error_that_ends_the_transaction_fails_every_unit_of_the_group() {
        let (folder, mut engine) = engine("ends");
        let trigger = "CREATE TRIGGER boom BEFORE INSERT ON _setting WHEN NEW.name='boom' BEGIN SELECT RAISE(ROLLBACK,'boom'); END";
        engine.conn.execute_batch(trigger).unwrap();
        let before = engine.state;
        let works = vec![set("a", "1".to_owned()), set("boom", "1".to_owned()), set("b", "1".to_owned())];
        assert_eq!(run_all(&mut engine, works), [Some(ErrorCode::StoreUnavailable); 3]);
        assert_eq!((settings(&engine), engine.state), (vec![], before));
        assert_eq!(run_all(&mut engine, vec![set("b", "1".to_owned())]), [None]);
        assert!(engine.state.position > before.position + 2, "numbers are not given again");
        std::fs::remove_dir_all(folder).unwrap();
    }

    /// A unit on rows of one table that then fails or not.
    fn on_rows(table: &Arc<Table>, fails: bool, work: impl Fn(&mut dyn WriteTx, &Table) -> Result<()> + Send + 'static) -> UnitWork {
        let table = Arc::clone(table);
        Box::new(move |tx| {
            work(tx, &table)?;
            if fails { Err(Error::argument("refused by the test")) } else { Ok(()) }
        })
    }

    fn put(table: &Arc<Table>, number: u32, fails: bool) -> UnitWork {
        on_rows(table, fails, move |tx, table| Ok(fixture::insert(tx, table, fixture::id(number), &[]).map(drop)?))
    }

    fn touch(table: &Arc<Table>, number: u32, fails: bool) -> UnitWork {
        on_rows(table, fails, move |tx, table| Ok(fixture::update(tx, table, fixture::id(number), &[]).map(drop)?))
    }

    fn take(table: &Arc<Table>, number: u32, fails: bool) -> UnitWork {
        on_rows(table, fails, move |tx, table| Ok(fixture::remove(tx, table, fixture::id(number), 0).map(drop)?))
    }

    #[test] // REL-05: what is counted of a table is as if the undone units had never been
    fn tallies_are_those_of_the_units_that_were_kept() {
        let (folder, mut engine) = engine("tallies");
        let tables = [("book", 10_001), ("shelf", 10_002)];
        let tables = tables.map(|(name, code)| Arc::new(fixture::table(name, TableCode(code), true, vec![fixture::text("name")], Vec::new()).unwrap()));
        let [book, shelf] = &tables;
        for table in &tables {
            let table = Arc::clone(table);
            let make: UnitWork = Box::new(move |tx| Ok(tx.change_schema(&SchemaChange::CreateTable(&table)).map(drop)?));
            assert_eq!(run_all(&mut engine, vec![make]), [None]);
        }
        let thrown: UnitWork = {
            let book = Arc::clone(book);
            Box::new(move |tx| {
                fixture::insert(tx, &book, fixture::id(4), &[])?;
                panic!("thrown by the test")
            })
        };
        let (refused, panicked) = (Some(ErrorCode::InvalidArgument), Some(ErrorCode::UnExpected));
        // The first that wrote is undone with the transaction; the others make their group run again.
        let works = vec![put(book, 1, true), put(book, 2, false), put(book, 3, true), put(shelf, 1, false), thrown, put(book, 5, false)];
        assert_eq!(run_all(&mut engine, works), [refused, None, refused, None, panicked, None]);
        let works = vec![touch(book, 2, false), take(book, 5, true), take(shelf, 1, true), take(book, 5, false), touch(book, 2, true), put(book, 6, false)];
        assert_eq!(run_all(&mut engine, works), [None, refused, refused, None, refused, None]);

        let tally = |table: &Table| tally::read(&engine.conn, table.def.code).unwrap();
        let numbers = |tally: Tally| (tally.rows, tally.tombstones);
        assert_eq!((numbers(tally(book)), numbers(tally(shelf))), ((2, 1), (1, 0)));
        drop(engine);
        // The sums of versions are compared with the rows themselves.
        let report = SqliteStore::open_read_only(&folder).unwrap().check(&tables, &[], &[]).unwrap();
        assert!(report.is_clean(), "{report:?}");
        assert_eq!((report.rows, report.tombstones), (3, 1));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test] // REL-22
    fn a_full_disk_fails_the_unit_that_met_it_and_later_ones_go_on() {
        let (folder, mut engine) = engine("full");
        let pages: i64 = engine.conn.query_row("PRAGMA page_count", (), |row| row.get(0)).unwrap();
        engine.conn.query_row(&format!("PRAGMA max_page_count={}", pages + 3), (), |_| Ok(())).unwrap();
        let results = run_all(&mut engine, vec![set("a", "1".to_owned()), set("large", "x".repeat(1 << 20)), set("b", "1".to_owned())]);
        assert_eq!(results[1], Some(ErrorCode::StoreUnavailable));
        let kept: Vec<&str> = ["a", "b"].into_iter().zip([0, 2]).filter(|(_, at)| results[*at].is_none()).map(|(name, _)| name).collect();
        assert_eq!(settings(&engine), kept);
        engine.conn.query_row("PRAGMA max_page_count=1000000", (), |_| Ok(())).unwrap();
        assert_eq!(run_all(&mut engine, vec![set("large", "x".repeat(1 << 20))]), [None]);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn units_that_write_nothing_cost_no_commit() {
        let (folder, mut engine) = engine("nothing");
        let before = engine.state;
        let read: UnitWork = Box::new(|tx| {
            tx.next_version()?;
            Ok(())
        });
        assert_eq!(run_all(&mut engine, vec![read]), [None]);
        assert_eq!((engine.state, engine.conn.total_changes()), (before, 1), "one row was written when the folder was made");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
