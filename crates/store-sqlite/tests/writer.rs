//! Group commit: many callers, failures beside successes, panics, units that wait too long.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests: a failure may end them")]

mod support;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use driftless_model::{Error, ErrorCode, Value};
use driftless_store::{Length, Store, Unit, WriteTx};
use driftless_store_sqlite::{SqliteOptions, SqliteStore};
use support::*;

#[test] // REL-01, REL-05
fn units_of_many_threads_are_kept_or_not_each_for_itself() {
    const THREADS: u128 = 16;
    const UNITS: u128 = 60;
    let folder = Folder::new();
    let store = folder.open();
    let table = book();
    make(&*store, &table);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (store, table) = (&store, &table);
            scope.spawn(move || {
                for unit in 0..UNITS {
                    let number = thread * UNITS + unit;
                    let within = Arc::clone(table);
                    let result = store.writing(Length::Short, move |tx| {
                        insert_in(tx, &within, id(number), &[("code", Value::text(format!("c{number}")))])?;
                        match unit % 4 {
                            1 => Err(Error::argument("refused")),
                            2 => panic!("thrown by the test"),
                            _ => Ok(()),
                        }
                    });
                    match unit % 4 {
                        1 => assert_eq!(result.unwrap_err().code(), ErrorCode::InvalidArgument),
                        2 => assert_eq!(result.unwrap_err().code(), ErrorCode::UnExpected),
                        _ => result.unwrap(),
                    }
                }
            });
        }
    });
    let rows = select(&*store, everything(&table)).0;
    let kept: Vec<_> = rows.iter().map(|row| row[0].id().unwrap().as_u128()).collect();
    let expected: Vec<_> = (0..THREADS * UNITS).filter(|number| !matches!(number % UNITS % 4, 1 | 2)).collect();
    assert_eq!(kept, expected);
    let report = SqliteStore::open_read_only(folder.path()).unwrap().check(&[table], &[], &[]).unwrap();
    assert!(report.is_clean(), "{report:?}");
}

#[test] // A5
fn a_number_that_was_given_is_not_given_again() {
    let folder = Folder::new();
    let table = book();
    let mut last = 0;
    for round in 0..3 {
        let store = folder.open();
        if round == 0 {
            make(&*store, &table);
        }
        for number in 0..5_u128 {
            let within = Arc::clone(&table);
            let given = Arc::new(std::sync::Mutex::new(0));
            let seen = Arc::clone(&given);
            let _: Result<()> = store.writing(Length::Short, move |tx| {
                *seen.lock().unwrap() = insert_in(tx, &within, id(1_000 + number), &[])?.0;
                Err(Error::argument("no"))
            });
            let refused = *given.lock().unwrap();
            let kept = insert(&*store, &table, id(round * 100 + number), &[]).unwrap().0;
            assert!(last < refused && refused < kept, "{last} {refused} {kept}");
            last = kept;
        }
    }
}

#[test]
fn a_unit_that_waits_too_long_never_runs() {
    let folder = Folder::new();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path(), &SqliteOptions { write_wait_s: 0, ..options() }).unwrap());
    let (started, start) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let leader = {
        let store = Arc::clone(&store);
        std::thread::spawn(move || {
            let mut begun = Some((started, released));
            pollster::block_on(store.submit(Unit {
                work: Box::new(move |_| {
                    let (started, released) = begun.take().unwrap();
                    started.send(()).unwrap();
                    released.recv().unwrap();
                    Ok(())
                }),
                length: Length::Short,
            }))
        })
    };
    start.recv().unwrap();
    let ran = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&ran);
    let late = pollster::block_on(store.submit(Unit {
        work: Box::new(move |_| {
            seen.store(true, Ordering::SeqCst);
            Ok(())
        }),
        length: Length::Short,
    }));
    let late = late.unwrap_err();
    assert_eq!((late.code(), late.retry_after_s()), (ErrorCode::StoreUnavailable, Some(1)));
    release.send(()).unwrap();
    leader.join().unwrap().unwrap();
    // A unit that comes now runs at once, so whatever waited has run before it.
    pollster::block_on(store.submit(Unit { work: Box::new(|_| Ok(())), length: Length::Short })).unwrap();
    assert!(!ran.load(Ordering::SeqCst));
}

#[test] // ADR 0026
fn units_run_in_order_whether_or_not_anybody_waits() {
    let folder = Folder::new();
    let store = folder.open();
    let order = Arc::new(Mutex::new(Vec::new()));
    let submit = |number: usize| {
        let order = Arc::clone(&order);
        let work = Box::new(move |tx: &mut dyn WriteTx| {
            order.lock().unwrap().push(number);
            Ok(tx.set_setting("a", &number.to_string())?)
        });
        store.submit(Unit { work, length: Length::Short })
    };
    let mut answers: Vec<_> = (0..20).map(submit).collect();
    let last = answers.pop().unwrap();
    drop(answers.split_off(10));
    pollster::block_on(last).unwrap();
    answers.into_iter().for_each(|answer| pollster::block_on(answer).unwrap());
    assert_eq!(*order.lock().unwrap(), (0..20).collect::<Vec<_>>());
    assert_eq!(store.reading(|tx| Ok(tx.setting("a")?)).unwrap().as_deref(), Some("19"));
}

#[test]
fn units_that_wait_behind_a_long_one_run_in_order_and_all_answer() {
    let folder = Folder::new();
    let store = folder.open();
    let order = Arc::new(AtomicUsize::new(0));
    let unit = |length| {
        let order = Arc::clone(&order);
        Unit {
            work: Box::new(move |tx| {
                order.fetch_add(1, Ordering::SeqCst);
                Ok(tx.set_setting("a", "b")?)
            }),
            length,
        }
    };
    std::thread::scope(|scope| {
        for number in 0..40 {
            let unit = unit(if number % 7 == 0 { Length::Long } else { Length::Short });
            let store = &store;
            scope.spawn(move || pollster::block_on(store.submit(unit)).unwrap());
        }
    });
    assert_eq!(order.load(Ordering::SeqCst), 40);
}

#[test] // A4
fn a_unit_reads_its_own_writes_and_a_position_that_covers_them() {
    let folder = Folder::new();
    let store = folder.open();
    let table = book();
    make(&*store, &table);
    let within = Arc::clone(&table);
    let inside = store
        .writing(Length::Short, move |tx| {
            insert_in(tx, &within, id(1), &[])?;
            let before = tx.position()?;
            insert_in(tx, &within, id(2), &[])?;
            Ok((before, tx.position()?))
        })
        .unwrap();
    assert_eq!(inside.1, position(&*store));
    assert_eq!(chain(&*store, &table, Some(&inside.0), 10).0, [id(2)]);
}

#[test]
fn a_reader_sees_one_snapshot() {
    let folder = Folder::new();
    let store = folder.open();
    let table = book();
    make(&*store, &table);
    let before = position(&*store);
    store
        .reading(|tx| {
            insert(&*store, &table, id(1), &[]).unwrap();
            assert_eq!(tx.position()?, before);
            Ok(())
        })
        .unwrap();
    assert_ne!(position(&*store), before);
}

#[test]
fn a_read_that_panics_or_fails_gives_its_connection_back() {
    let folder = Folder::new();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path(), &SqliteOptions { readers_max: 1, write_wait_s: 0, ..options() }).unwrap());
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| store.read(&mut |_| panic!("thrown by the test"))));
    assert!(panicked.is_err());
    assert!(store.read(&mut |_| Err(Error::argument("no"))).is_err());
    let inner = store.reading(|_| Ok(store.reading(|_| Ok(())))).unwrap();
    assert_eq!(inner.unwrap_err().code(), ErrorCode::StoreUnavailable);
    store.reading(|_| Ok(())).unwrap();
}
