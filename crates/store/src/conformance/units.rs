//! Units are atomic, reads see one snapshot (A3, A4, REL-01, REL-05).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use driftless_model::{Error, ErrorCode, Result, Value};
use driftless_query::Collector;

use crate::fixture::{Library, Opener, change, contents, id, insert, plain, put, remove, select, unit, update};
use crate::{ChangeRequest, Length, StoreError};

/// How long a thread waits for another before the case fails.
const WAIT: Duration = Duration::from_secs(20);

/// A unit that returns an error leaves no row, no change and no removal (A3, CT-17, REL-05).
///
/// # Errors
/// When the store fails.
pub fn a_failed_unit_leaves_nothing(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    put(&*store, &book, id(1), &[("name", Value::text("one"))])?;
    put(&*store, &book, id(2), &[("name", Value::text("two"))])?;
    let before = contents(&*store, &book, "name")?;
    let failed: Result<()> = unit(&*store, &book, |tx, book| {
        update(tx, book, id(1), &[("name", Value::text("changed"))])?;
        remove(tx, book, id(2), 0)?;
        insert(tx, book, id(3), &[("name", Value::text("three"))])?;
        tx.set_setting("of the unit", "1")?;
        Err(StoreError::Outer(Error::of(ErrorCode::InvalidArgument)))
    });
    assert_eq!(failed.err().map(|error| error.code()), Some(ErrorCode::InvalidArgument), "the unit's own error comes out");
    assert_eq!(contents(&*store, &book, "name")?, before);
    assert_eq!(store.reading(|tx| Ok(tx.setting("of the unit")?))?, None);
    Ok(())
}

/// A unit that panics leaves nothing, and the store goes on (A3).
///
/// # Errors
/// When the store fails.
pub fn a_panic_leaves_nothing(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    put(&*store, &book, id(1), &[])?;
    let before = contents(&*store, &book, "name")?;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        unit(&*store, &book, |tx, book| {
            insert(tx, book, id(2), &[])?;
            std::panic::resume_unwind(Box::new("a unit gave up"));
            #[expect(unreachable_code, reason = "gives the closure its type")]
            Ok(())
        })
    }));
    assert!(!matches!(outcome, Ok(Ok(()))), "a unit that panicked was reported as done");
    assert_eq!(contents(&*store, &book, "name")?, before);
    put(&*store, &book, id(3), &[])?;
    assert_eq!(contents(&*store, &book, "name")?.len(), 2);
    Ok(())
}

/// Reads of a unit see what it wrote.
///
/// # Errors
/// When the store fails.
pub fn a_unit_sees_its_own_writes(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    let query = plain(&book, &["name"], None)?;
    let seen = unit(&*store, &book, move |tx, book| {
        insert(tx, book, id(1), &[("name", Value::text("one"))])?;
        insert(tx, book, id(2), &[("name", Value::text("two"))])?;
        update(tx, book, id(1), &[("name", Value::text("changed"))])?;
        remove(tx, book, id(2), 0)?;
        let (rows, _) = select(tx.as_read(), &query)?;
        Ok((rows.iter().map(|row| row.values[2].clone()).collect::<Vec<_>>(), tx.count(&query, None)?))
    })?;
    assert_eq!(seen, (vec![Value::text("changed")], 1));
    Ok(())
}

/// A read transaction sees one snapshot, whatever is committed meanwhile (A4, CT-60).
///
/// # Errors
/// When the store fails.
pub fn a_read_sees_one_snapshot(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    put(&*store, &book, id(1), &[("name", Value::text("before"))])?;
    let query = plain(&book, &["name"], None)?;
    store.reading(|tx| {
        let (rows, position) = (select(tx, &query)?, tx.position()?);
        std::thread::scope(|scope| {
            let written = scope.spawn(|| {
                change(&*store, &book, id(1), &[("name", Value::text("after"))])?;
                put(&*store, &book, id(2), &[])
            });
            written.join().map_err(|_| Error::damaged("the writer panicked"))?
        })?;
        assert_eq!(select(tx, &query)?, rows);
        assert_eq!(tx.position()?, position);
        assert_eq!(tx.count(&query, None)?, 1);
        Ok(())
    })?;
    assert_eq!(contents(&*store, &book, "name")?.len(), 2);
    Ok(())
}

/// A position taken while a unit is open does not cover what the unit commits later (A4, CT-54).
///
/// # Errors
/// When the store fails.
pub fn an_open_unit_is_not_seen_and_not_covered(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    put(&*store, &book, id(1), &[])?;
    let ((wrote, has_written), (look, looked)) = (channel(), channel());
    let writer = std::thread::spawn({
        let (store, book) = (Arc::clone(&store), Arc::clone(&book));
        move || {
            unit(&*store, &book, move |tx, book| {
                insert(tx, book, id(2), &[])?;
                wrote.send(()).map_err(|_| StoreError::failed("nobody reads"))?;
                looked.recv_timeout(WAIT).map_err(StoreError::failed)
            })
        }
    });
    has_written.recv_timeout(WAIT).map_err(|_| Error::damaged("the unit did not begin"))?;
    let query = plain(&book, &[], None)?;
    let (rows, token) = store.reading(|tx| Ok((select(tx, &query)?.0.len(), tx.position()?)))?;
    look.send(()).map_err(|_| Error::damaged("the unit ended early"))?;
    writer.join().map_err(|_| Error::damaged("the writer panicked"))??;
    assert_eq!(rows, 1);
    let mut found = Collector::default();
    store.reading(|tx| {
        let until = tx.position()?;
        Ok(tx.changes(&ChangeRequest { query: &query, since: Some(&token), until: &until, cut: None, limit: 10 }, &mut found)?)
    })?;
    assert_eq!(found.rows.len(), 1, "the row of the open unit comes with the next delta");
    Ok(())
}

/// Units of many threads are all kept, each with versions of its own (CT-19, CT-20).
///
/// # Errors
/// When the store fails.
pub fn units_of_many_threads_are_all_kept(opener: &Opener) -> Result<()> {
    const THREADS: u32 = 8;
    const EACH: u32 = 12;
    let store = opener();
    let book = Library::create(&*store)?.book;
    let mut versions = std::thread::scope(|scope| {
        let (store, book) = (&store, &book);
        let write = |thread: u32| move || (0..EACH).map(|n| put(&**store, book, id(thread * EACH + n), &[])).collect::<Result<Vec<_>>>();
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(write(thread))).collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| Error::damaged("a writer panicked"))?).collect::<Result<Vec<_>>>()
    })?
    .concat();
    versions.sort();
    versions.dedup();
    let mut kept: Vec<_> = contents(&*store, &book, "name")?.into_iter().map(|(_, version, _)| version).collect();
    kept.sort();
    assert_eq!(kept.len(), (THREADS * EACH) as usize);
    assert_eq!(kept, versions);
    Ok(())
}

/// What was acknowledged is there after a restart (REL-01).
///
/// # Errors
/// When the store fails.
pub fn everything_survives_a_restart(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    put(&*store, &book, id(1), &[("name", Value::text("one"))])?;
    store.writing(Length::Long, |tx| Ok(tx.set_setting("color", "green")?))?;
    let before = contents(&*store, &book, "name")?;
    let (epoch, position) = store.reading(|tx| Ok((tx.epoch()?, tx.position()?)))?;
    drop(store);
    let store = opener();
    assert_eq!(contents(&*store, &book, "name")?, before);
    let after = store.reading(|tx| Ok((tx.epoch()?, tx.position()?, tx.setting("color")?)))?;
    assert_eq!(after, (epoch, position, Some("green".to_owned())));
    Ok(())
}
