//! Folders that are damaged on purpose: the check names each damage.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests: a failure may end them")]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;

use driftless_model::{ColumnType, FileColumn, Reference, Table, TableCode, Uuid, Value};
use driftless_store::{Completion, FilePlace, Length, SchemaChange, StoreResult, StoredFile, WriteTx};
use driftless_store_sqlite::{CheckReport, SqliteStore};
use rusqlite::Connection;
use support::*;

fn shelf() -> Arc<Table> {
    TableBuilder::new(10_002, "shelf").name_column("name").column("plan", ColumnType::File(FileColumn { max_kib: 1_024 })).build()
}

fn copies() -> Arc<Table> {
    TableBuilder::new(10_003, "copy").column("book", lookup(&["book"])).column("place", lookup(&["shelf", "book"])).build()
}

/// Three tables with rows, tombstones and references; closed.
fn filled() -> Folder {
    let folder = Folder::new();
    let store = folder.open();
    for table in [book(), shelf(), copies()] {
        make(&*store, &table);
    }
    store
        .writing(Length::Short, |tx| {
            let table = copies();
            for lookup in ["book", "place"] {
                tx.change_schema(&SchemaChange::IndexLookup(&table, table.find(lookup).unwrap()))?;
            }
            Ok(())
        })
        .unwrap();
    for number in 1..=20 {
        insert(&*store, &book(), id(number), &[("code", Value::text(format!("c{number}")))]).unwrap();
    }
    for number in 16..=20 {
        remove(&*store, &book(), id(number), 5).unwrap();
    }
    insert(&*store, &shelf(), id(1), &[("plan", Value::Guid(id(70)))]).unwrap();
    store.writing(Length::Short, |tx| Ok(put_file(tx, &shelf(), "plan", id(1), id(70))?)).unwrap();
    let to = |code, number| Value::Ref(Reference { table: TableCode(code), id: id(number) });
    insert(&*store, &copies(), id(1), &[("book", to(10_001, 1)), ("place", to(10_002, 1))]).unwrap();
    store.writing(Length::Short, |tx| Ok(tx.purge_tombstones(TableCode(10_001), 9, 1)?)).unwrap();
    folder
}

/// A file of two blocks, of more than one piece each.
fn put_file(tx: &mut dyn WriteTx, table: &Table, column: &str, row: Uuid, file: Uuid) -> StoreResult<()> {
    let place = FilePlace { table: table.def.code, row, column: table.column(table.find(column).unwrap()).id };
    let (name, media_type) = ("plan.bin".to_owned(), "application/octet-stream".to_owned());
    tx.begin_file(&StoredFile { id: file, place, name, media_type, bytes: 0, blocks: 0, complete: false, at_s: 5 })?;
    for block in ["a", "b"] {
        tx.put_block(file, block, &[7; 300_000], 5)?;
    }
    assert_eq!(tx.complete_file(file, &["a".to_owned(), "b".to_owned()], "plan.bin", "text/plain")?, Completion::Done(600_000));
    Ok(())
}

fn check(folder: &Folder) -> CheckReport {
    let tables = [book(), shelf(), copies()];
    let relationships = [relationship(&book(), &copies(), "book"), relationship(&shelf(), &copies(), "place"), relationship(&book(), &copies(), "place")];
    SqliteStore::open_read_only(folder.path()).unwrap().check(&tables, &relationships, &[]).unwrap()
}

/// Kinds of findings after `damage`.
fn found(damage: &str) -> String {
    let folder = filled();
    let clean = check(&folder);
    assert!(clean.is_clean(), "{clean:?}");
    assert_eq!((clean.tables, clean.rows, clean.tombstones, clean.files), (3, 17, 4, 1));
    raw(&folder).execute_batch(damage).unwrap();
    names(&check(&folder))
}

fn names(report: &CheckReport) -> String {
    report.findings.iter().map(|finding| finding.kind.as_str()).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" ")
}

fn raw(folder: &Folder) -> Connection {
    let conn = Connection::open(folder.database()).unwrap();
    conn.create_collation("FOLD", driftless_model::compare).unwrap();
    conn
}

/// Runs `statements` while the index does not exist for the engine.
fn behind_the_index(folder: &Folder, index: &str, statements: &str) {
    let conn = raw(folder);
    let (table, root, sql): (String, i64, String) =
        conn.query_row("SELECT tbl_name,rootpage,sql FROM sqlite_schema WHERE name=?", [index], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    conn.pragma_update(None, "writable_schema", true).unwrap();
    conn.execute("DELETE FROM sqlite_schema WHERE name=?", [index]).unwrap();
    drop(conn);
    let conn = raw(folder);
    conn.execute_batch(statements).unwrap();
    conn.pragma_update(None, "writable_schema", true).unwrap();
    conn.execute("INSERT INTO sqlite_schema VALUES('index',?,?,?,?)", rusqlite::params![index, table, root, sql]).unwrap();
}

#[test]
fn an_index_entry_that_is_gone_is_found() {
    let folder = filled();
    behind_the_index(&folder, "book.key.bykey", "UPDATE book SET code='changed' WHERE code='c3'");
    assert_eq!(names(&check(&folder)), "index-entry");
}

#[test]
fn a_duplicate_key_is_found() {
    let folder = filled();
    behind_the_index(&folder, "book.key.bykey", "UPDATE book SET code='C4' WHERE code='c3'");
    assert_eq!(names(&check(&folder)), "duplicate-key index-entry");
    // Also when the index is gone altogether.
    assert_eq!(found("DROP INDEX \"book.key.bykey\"; UPDATE book SET code='c4 ' WHERE code='c3'"), "duplicate-key missing-index");
}

#[test]
fn damage_is_named() {
    for (damage, expected) in [
        ("DELETE FROM _tombstone WHERE id=(SELECT max(id) FROM _tombstone)", "missing-tombstone"),
        ("UPDATE _tombstone SET version=version+100 WHERE version=(SELECT max(version) FROM _tombstone)", "extra-tombstone version-above-position"),
        ("UPDATE book SET versionnumber=versionnumber-100 WHERE code='c7'", "version-sum"),
        ("UPDATE book SET versionnumber=versionnumber+1000 WHERE code='c7'", "version-above-position version-sum"),
        ("UPDATE shelf SET versionnumber=(SELECT versionnumber FROM book WHERE code='c7')", "duplicate-version version-sum"),
        ("DELETE FROM book WHERE code='c7'", "row-count"),
        ("DELETE FROM book WHERE code='c1'", "dangling-lookup row-count"),
        ("UPDATE copy SET place=x'00000000000000000000000000000009'", "dangling-lookup"),
        ("UPDATE copy SET place__t=NULL", "bad-reference"),
        ("UPDATE copy SET place__t=17", "bad-reference"),
        ("INSERT INTO _tombstone SELECT 10001,bookid,2,0 FROM book WHERE code='c7'", "duplicate-version extra-tombstone horizon tombstone-of-live-row"),
        ("INSERT INTO _tombstone VALUES(999,x'00',21,0)", "tombstone-of-unknown-table"),
        ("UPDATE _horizon SET version=1000000", "horizon"),
        ("UPDATE _state SET position=100000", "side-file"),
        ("UPDATE _state SET epoch=epoch+1", "side-file"),
        ("DROP INDEX \"book.version\"", "missing-index"),
        ("DROP INDEX \"copy.lookup.place\"", "missing-index"),
        ("DROP INDEX \"book.key.bykey\"; CREATE INDEX \"book.key.bykey\" ON book(code)", "missing-index"),
        ("DROP INDEX \"book.key.bykey\"; CREATE UNIQUE INDEX \"book.key.bykey\" ON book(code,pages)", "missing-index"),
        ("CREATE UNIQUE INDEX \"book.key.other\" ON book(code,pages)", "extra-index"),
        ("CREATE INDEX made_by_an_administrator ON book(pages)", ""),
        ("ALTER TABLE book DROP COLUMN pages", "missing-column"),
        ("ALTER TABLE book ADD COLUMN deleted_before TEXT", ""),
        ("CREATE TABLE stray(a)", "extra-table"),
        ("ALTER TABLE shelf RENAME TO gone", "extra-table missing-table"),
        ("DELETE FROM _physical WHERE name='shelf'", "catalog"),
        ("UPDATE shelf SET plan=NULL", "orphan-file"),
        ("UPDATE shelf SET plan=x'00000000000000000000000000000009'", "missing-file orphan-file"),
        ("UPDATE _file SET state=0", "missing-file"),
        ("UPDATE _file SET row_id=x'00000000000000000000000000000009'", "missing-file orphan-file"),
        ("UPDATE _file SET column_id=x'00000000000000000000000000000009'", "missing-file orphan-file"),
        ("DELETE FROM _file", "broken-file missing-file"),
        ("DELETE FROM _block WHERE start=0", "broken-file"),
        ("DELETE FROM _piece WHERE at>0", "broken-file"),
        ("UPDATE _piece SET bytes=x'00' WHERE at>0", "broken-file"),
        ("UPDATE _block SET start=1 WHERE start=0", "broken-file"),
        ("UPDATE _file SET bytes=1", "broken-file"),
        ("INSERT INTO _tally VALUES(999,0,0,0,0)", "catalog"),
    ] {
        assert_eq!(found(damage), expected, "{damage}");
    }
}

#[test]
fn a_side_file_that_is_gone_or_ahead_is_found() {
    let folder = filled();
    let side = folder.path().join("versions");
    let older = std::fs::read(folder.database()).unwrap();
    let store = folder.open();
    insert(&*store, &shelf(), id(7), &[]).unwrap();
    drop(store);
    assert_eq!(names(&check(&folder)), "");
    std::fs::write(folder.database(), older).unwrap();
    assert_eq!(names(&check(&folder)), "side-file");
    std::fs::remove_file(side).unwrap();
    assert_eq!(names(&check(&folder)), "side-file");
}

#[test]
fn a_damaged_page_is_a_finding_and_no_error() {
    let folder = filled();
    let mut bytes = std::fs::read(folder.database()).unwrap();
    let root: u32 = raw(&folder).query_row("SELECT rootpage FROM sqlite_schema WHERE name='book'", (), |row| row.get(0)).unwrap();
    let root = root as usize;
    bytes[(root - 1) * 4_096..(root - 1) * 4_096 + 400].fill(0xa5);
    std::fs::write(folder.database(), bytes).unwrap();
    assert!(names(&check(&folder)).contains("engine"));
}

#[test]
fn a_folder_in_use_and_one_after_a_crash_are_clean() {
    let folder = filled();
    let store = folder.open();
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    std::thread::scope(|scope| {
        let (store, ended) = (&store, Arc::clone(&stop));
        scope.spawn(move || {
            for number in 100.. {
                insert(&**store, &book(), id(number), &[]).unwrap();
                if number % 3 == 0 {
                    remove(&**store, &book(), id(number), 0).unwrap();
                }
                if ended.load(std::sync::atomic::Ordering::Relaxed) {
                    break;
                }
            }
        });
        for _ in 0..10 {
            let report = check(&folder);
            assert!(report.is_clean(), "{report:?}");
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    // What a killed process leaves: database, log and side file, but nothing in memory.
    let crashed = Folder::new();
    std::fs::create_dir(crashed.path()).unwrap();
    for name in ["driftless.db", "driftless.db-wal", "versions"] {
        std::fs::copy(folder.path().join(name), crashed.path().join(name)).unwrap();
    }
    let rows = check(&folder).rows;
    let report = check(&crashed);
    assert!(report.is_clean() && report.rows == rows, "{report:?}");
}
