//! Positions, versions and the purge of tombstones.

use driftless_model::{Epoch, Position, Result, TableCode, Version};
use driftless_query::Collector;

use crate::fixture::{Library, Opener, id, insert, plain, put, remove, take, unit};
use crate::reference::ReferenceStore;
use crate::{ChangeRequest, Length, PositionState, Removals, Store, StoreError};

fn position(store: &dyn Store) -> Result<Position> {
    store.reading(|tx| Ok(tx.position()?))
}

fn judge(store: &dyn Store, table: TableCode, position: &Position) -> Result<PositionState> {
    store.reading(|tx| Ok(tx.judge(table, position)?))
}

/// A commit gives a new position; a read, and a unit that failed, give none.
///
/// # Errors
/// When the store fails.
pub fn positions_rise_with_commits_only(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    let mut before = position(&*store)?;
    for number in 0..5 {
        assert_eq!(position(&*store)?, before);
        put(&*store, &book, id(number), &[])?;
        let after = position(&*store)?;
        assert_ne!(after, before);
        assert!(after.as_bytes().len() <= Position::BYTES_MAX);
        before = after;
    }
    let failed: Result<()> = unit(&*store, &book, |tx, book| {
        insert(tx, book, id(9), &[])?;
        Err(StoreError::failed("on purpose"))
    });
    assert!(failed.is_err());
    assert_eq!(position(&*store)?, before);
    Ok(())
}

/// Positions that this store did not make are told apart from its own (CT-31, CT-52).
///
/// # Errors
/// When the store fails.
pub fn foreign_and_malformed_positions_are_told(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    let code = book.def.code;
    put(&*store, &book, id(1), &[])?;
    let own = position(&*store)?;
    assert_eq!(judge(&*store, code, &own)?, PositionState::Good);
    for bytes in [&[][..], b"x", &[own.as_bytes(), &[0]].concat(), own.as_bytes().get(1..).unwrap_or_default(), &[0xff; 100]] {
        assert_eq!(judge(&*store, code, &Position::new(bytes))?, PositionState::Malformed, "{bytes:?}");
    }
    let other = ReferenceStore::new(Epoch(store.reading(|tx| Ok(tx.epoch()?))?.0 ^ 1));
    let book = Library::create(&other)?.book;
    put(&other, &book, id(1), &[])?;
    assert_ne!(judge(&*store, code, &position(&other)?)?, PositionState::Good);
    // A position that a failed unit took of itself lies ahead of the store.
    let (sender, receiver) = std::sync::mpsc::channel();
    let failed: Result<()> = unit(&*store, &book, move |tx, book| {
        insert(tx, book, id(2), &[])?;
        let _ = sender.send(tx.position()?);
        Err(StoreError::failed("on purpose"))
    });
    assert!(failed.is_err());
    for ahead in receiver {
        assert_eq!(judge(&*store, code, &ahead)?, PositionState::Foreign);
    }
    Ok(())
}

/// A token may be used over restarts (CT-28).
///
/// # Errors
/// When the store fails.
pub fn a_position_stays_good_over_a_restart(opener: &Opener) -> Result<()> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    put(&*store, &book, id(1), &[])?;
    let token = position(&*store)?;
    drop(store);
    let store = opener();
    put(&*store, &book, id(2), &[])?;
    assert_eq!(judge(&*store, book.def.code, &token)?, PositionState::Good);
    let (query, mut found) = (plain(&book, &[], None)?, Collector::default());
    let until = position(&*store)?;
    let request = ChangeRequest { query: &query, since: Some(&token), until: &until, cut: None, limit: 10 };
    store.reading(|tx| Ok(tx.changes(&request, &mut found)?))?;
    assert_eq!(found.rows.len(), 1);
    Ok(())
}

/// Versions rise, are given once, and do not go back over a restart, those of failed units included (CT-19, CT-20).
///
/// # Errors
/// When the store fails.
pub fn versions_rise_over_restarts(opener: &Opener) -> Result<()> {
    let mut last = Version(0);
    let store = opener();
    let book = Library::create(&*store)?.book;
    drop(store);
    for round in 0..3 {
        let store = opener();
        for number in 0..3 {
            let (sender, receiver) = std::sync::mpsc::channel();
            let failed: Result<()> = store.writing(Length::Short, move |tx| {
                let taken = (tx.next_version()?, tx.next_version()?);
                let _ = sender.send(taken);
                Err(StoreError::failed("on purpose").into())
            });
            assert!(failed.is_err());
            for (first, second) in receiver {
                assert!(first > last && second > first, "{last} {first} {second}");
                last = second;
            }
            let version = put(&*store, &book, id(round * 10 + number), &[])?;
            assert!(version > last, "{last} {version}");
            last = version;
        }
    }
    Ok(())
}

/// Removes rows, each at its own time.
fn bury(store: &dyn Store, library: &Library, times: &[i64]) -> Result<()> {
    for (number, at_s) in (0..).zip(times.iter().copied()) {
        put(store, &library.book, id(number), &[])?;
        unit(store, &library.book, move |tx, book| remove(tx, book, id(number), at_s).map(drop))?;
    }
    Ok(())
}

fn purge(store: &dyn Store, table: TableCode, before_s: i64, limit: u32) -> Result<u32> {
    store.writing(Length::Short, move |tx| Ok(tx.purge_tombstones(table, before_s, limit)?))
}

/// The number of removals after a position.
fn removals(store: &dyn Store, library: &Library, since: &Position) -> Result<usize> {
    let (query, mut found) = (plain(&library.book, &[], None)?, Collector::default());
    store.reading(|tx| {
        let until = tx.position()?;
        tx.changes(&ChangeRequest { query: &query, since: Some(since), until: &until, cut: None, limit: 1_000 }, &mut found)?;
        Ok(())
    })?;
    Ok(found.removed.len())
}

/// A purge takes the oldest tombstones first, no more than its limit, none as young as the given time (REL-09).
///
/// # Errors
/// When the store fails.
pub fn a_purge_takes_the_oldest(opener: &Opener) -> Result<()> {
    let store = opener();
    let library = Library::create(&*store)?;
    let code = library.book.def.code;
    let token = position(&*store)?;
    bury(&*store, &library, &[10, 20, 30, 40])?;
    assert_eq!(purge(&*store, code, 10, 100)?, 0);
    assert_eq!(judge(&*store, code, &token)?, PositionState::Good);
    assert_eq!(purge(&*store, code, 40, 2)?, 2);
    assert_eq!(removals(&*store, &library, &token)?, 2);
    assert_eq!(purge(&*store, code, 40, 100)?, 1);
    assert_eq!(removals(&*store, &library, &token)?, 1);
    assert_eq!(purge(&*store, code, 40, 100)?, 0);
    Ok(())
}

/// Removals are counted until they are purged or the row is made again, and the first one tells how far back feeds reach (OPS-10).
///
/// # Errors
/// When the store fails.
pub fn kept_removals_are_counted(opener: &Opener) -> Result<()> {
    let store = opener();
    let library = Library::create(&*store)?;
    let counted = |count, oldest_s| {
        let found = store.reading(|tx| Ok(tx.removals()?))?;
        assert_eq!(found, Removals { count, oldest_s });
        Ok::<_, driftless_model::Error>(())
    };
    counted(0, None)?;
    bury(&*store, &library, &[10, 20, 30])?;
    counted(3, Some(10))?;
    assert_eq!(purge(&*store, library.book.def.code, 15, 100)?, 1);
    counted(2, Some(20))?;
    put(&*store, &library.book, id(1), &[])?;
    counted(1, Some(30))
}

/// A tombstone that is old by the clock but lies behind a younger one stays: the horizon must not pass the younger one (REL-09, REL-23).
///
/// # Errors
/// When the store fails.
pub fn a_purge_stops_at_a_younger_one(opener: &Opener) -> Result<()> {
    let store = opener();
    let library = Library::create(&*store)?;
    let token = position(&*store)?;
    bury(&*store, &library, &[10, 50, 20])?;
    assert_eq!(purge(&*store, library.book.def.code, 40, 100)?, 1);
    assert_eq!(removals(&*store, &library, &token)?, 2);
    Ok(())
}

/// After a purge positions before it are purged, for this table only and over a restart; later ones are good (CT-47).
///
/// # Errors
/// When the store fails.
pub fn a_purge_raises_the_horizon_of_its_table_only(opener: &Opener) -> Result<()> {
    let store = opener();
    let library = Library::create(&*store)?;
    let (book, author) = (library.book.def.code, library.author.def.code);
    let old = position(&*store)?;
    bury(&*store, &library, &[10])?;
    let after_first = position(&*store)?;
    put(&*store, &library.author, id(1), &[])?;
    take(&*store, &library.author, id(1))?;
    bury(&*store, &library, &[20])?;
    assert_eq!(purge(&*store, book, 15, 100)?, 0, "the row was made again, and its tombstone went");
    assert_eq!(purge(&*store, book, 25, 100)?, 1);
    for (position, state) in [(&old, PositionState::Purged), (&after_first, PositionState::Purged), (&position(&*store)?, PositionState::Good)] {
        assert_eq!(judge(&*store, book, position)?, state);
        assert_eq!(judge(&*store, author, position)?, PositionState::Good);
    }
    drop(store);
    let store = opener();
    assert_eq!(judge(&*store, book, &old)?, PositionState::Purged);
    Ok(())
}
