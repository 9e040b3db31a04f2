//! Data folders: rights, lock, format, epochs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests: a failure may end them")]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use driftless_model::{Epoch, Position, TableCode, Version};
use driftless_store::{Length, PositionState, Store};
use driftless_store_sqlite::{OpenError, SqliteStore};
use support::*;

fn epoch(store: &dyn Store) -> Epoch {
    store.reading(|tx| Ok(tx.epoch()?)).unwrap()
}

fn judge(store: &dyn Store, position: &Position) -> PositionState {
    store.reading(|tx| Ok(tx.judge(TableCode(10_001), position)?)).unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o700)).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn try_open(folder: &Folder) -> std::result::Result<SqliteStore, OpenError> {
    SqliteStore::open(folder.path(), &options())
}

/// A folder with a table and rows, closed; and the position at its end.
fn filled() -> (Folder, Position, Epoch, Version) {
    let folder = Folder::new();
    let store = folder.open();
    make(&*store, &book());
    let version = insert(&*store, &book(), id(1), &[]).unwrap();
    let facts = (position(&*store), epoch(&*store));
    drop(store);
    (folder, facts.0, facts.1, version)
}

#[test] // SEC-61
fn a_folder_is_for_its_owner_and_one_process() {
    let folder = Folder::new();
    let store = try_open(&folder).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder.path()), 0o700);
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    let second = try_open(&folder).unwrap_err();
    assert_eq!((second.exit_code(), matches!(second, OpenError::Locked(_))), (75, true));
    store.close();
    try_open(&folder).unwrap().close();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(try_open(&folder).unwrap_err(), OpenError::Insecure(_)));
}

#[test]
fn newer_formats_and_foreign_files_are_refused() {
    let (folder, ..) = filled();
    rusqlite::Connection::open(folder.database()).unwrap().execute("UPDATE _state SET format=4", ()).unwrap();
    let refused = try_open(&folder).unwrap_err();
    assert_eq!((refused.exit_code(), refused.to_string().contains("format 4")), (78, true));
    let foreign = Folder::new();
    std::fs::create_dir(foreign.path()).unwrap();
    std::fs::set_permissions(foreign.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::write(foreign.database(), vec![b'x'; 8_192]).unwrap();
    std::fs::set_permissions(foreign.database(), std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(try_open(&foreign).unwrap_err(), OpenError::Unreadable(_)));
    assert!(matches!(SqliteStore::open_read_only(&foreign.path().join("none")).unwrap_err(), OpenError::Unreadable(_)));
}

#[test]
fn a_folder_of_the_first_format_is_brought_to_the_present_one() {
    let (folder, end, before, _) = filled();
    let conn = rusqlite::Connection::open(folder.database()).unwrap();
    conn.execute_batch("DROP TABLE _file; DROP TABLE _block; DROP TABLE _piece; UPDATE _state SET format=1").unwrap();
    drop(conn);
    let looked_at = SqliteStore::open_read_only(folder.path()).unwrap().check(&[book()], &[], &[]).unwrap();
    assert!(looked_at.is_clean(), "{looked_at:?}");
    let store = folder.open();
    assert_eq!((epoch(&*store), position(&*store)), (before, end));
    assert_eq!(store.reading(|tx| Ok(tx.file(id(1))?)).unwrap(), None);
    drop(store);
    let format: i64 = rusqlite::Connection::open(folder.database()).unwrap().query_row("SELECT format FROM _state", (), |row| row.get(0)).unwrap();
    assert_eq!(format, 3);
}

#[test] // CT-20
fn a_folder_that_is_opened_again_goes_on() {
    let (folder, end, before, version) = filled();
    let store = folder.open();
    assert_eq!((epoch(&*store), position(&*store)), (before, end.clone()));
    assert_eq!(judge(&*store, &end), PositionState::Good);
    assert!(insert(&*store, &book(), id(2), &[]).unwrap() > version);
    assert_eq!(chain(&*store, &book(), Some(&end), 10).0, [id(2)]);
    let wrong = |bytes: &[u8]| judge(&*store, &Position::new(bytes));
    assert_eq!(wrong(&[1, 2, 3]), PositionState::Malformed);
    let mut ahead = end.as_bytes().to_vec();
    ahead[9] += 1;
    assert_eq!(wrong(&ahead), PositionState::Foreign);
}

#[test] // CT-20: numbers of the crashed run's block are passed over
fn a_folder_after_a_crash_goes_on_in_its_epoch() {
    let (folder, ..) = filled();
    let store = folder.open();
    let version = insert(&*store, &book(), id(2), &[]).unwrap();
    let end = position(&*store);
    // The process is gone without closing: what it left is taken aside and put back, file by file, into the same inodes.
    let aside: Vec<_> = ["driftless.db", "driftless.db-wal", "versions"].map(|name| (name, std::fs::read(folder.path().join(name)).unwrap())).into();
    let before = epoch(&*store);
    drop(store);
    for (name, bytes) in aside {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let store = folder.open();
    assert_eq!((epoch(&*store), judge(&*store, &end)), (before, PositionState::Good));
    assert!(row(&*store, &book(), id(2)).is_some());
    assert!(insert(&*store, &book(), id(3), &[]).unwrap().0 > version.0 + 1);
}

#[test] // CT-52
fn a_copied_folder_begins_a_new_epoch() {
    let (folder, end, before, version) = filled();
    let other = Folder::new();
    copy(folder.path(), other.path());
    let store = other.open();
    assert_ne!(epoch(&*store), before);
    assert_eq!(judge(&*store, &end), PositionState::Foreign);
    assert!(insert(&*store, &book(), id(2), &[]).unwrap().0 > version.0 + 1_000_000);
    let now = epoch(&*store);
    drop(store);
    // It is the folder's own from then on; the original keeps its epoch.
    assert_eq!(epoch(&*other.open()), now);
    assert_eq!(epoch(&*folder.open()), before);
}

#[test] // CT-52, REL-08
fn an_older_database_put_back_begins_a_new_epoch() {
    let (folder, _, before, _) = filled();
    let older = std::fs::read(folder.database()).unwrap();
    let store = folder.open();
    let version = insert(&*store, &book(), id(2), &[]).unwrap();
    let lost = position(&*store);
    drop(store);
    // Into the same inode, so that only the numbers tell.
    std::fs::write(folder.database(), older).unwrap();
    let store = folder.open();
    assert_ne!(epoch(&*store), before);
    assert_eq!(judge(&*store, &lost), PositionState::Foreign);
    assert!(insert(&*store, &book(), id(2), &[]).unwrap().0 > version.0 + 1_000_000);
}

#[test]
fn a_missing_side_file_or_database_begins_a_new_epoch() {
    let (folder, end, before, version) = filled();
    std::fs::remove_file(folder.path().join("versions")).unwrap();
    let store = folder.open();
    assert_ne!(epoch(&*store), before);
    assert_eq!(judge(&*store, &end), PositionState::Foreign);
    let second = epoch(&*store);
    let next = insert(&*store, &book(), id(2), &[]).unwrap();
    assert!(next.0 > version.0 + 1_000_000);
    drop(store);
    std::fs::remove_file(folder.database()).unwrap();
    let store = folder.open();
    assert_ne!(epoch(&*store), second);
    make(&*store, &book());
    assert!(insert(&*store, &book(), id(2), &[]).unwrap().0 > next.0 + 1_000_000);
}

#[test]
fn numbers_go_on_over_blocks() {
    let folder = Folder::new();
    let store = folder.open();
    let last = store
        .writing(Length::Short, |tx| {
            let mut last = tx.next_version()?;
            for _ in 0..25_000 {
                let next = tx.next_version()?;
                assert_eq!(next.0, last.0 + 1);
                last = next;
            }
            tx.set_setting("a", "b")?;
            Ok(last)
        })
        .unwrap();
    drop(store);
    let store: Arc<dyn Store> = folder.open();
    assert!(store.writing(Length::Short, |tx| Ok(tx.next_version()?)).unwrap() > last);
}

#[test]
fn looking_at_a_folder_changes_nothing_and_writes_are_refused() {
    let (folder, end, before, _) = filled();
    let listing = || {
        let mut files: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name(), std::fs::read(entry.path()).unwrap()))
            .collect();
        files.sort();
        files
    };
    let (files, table) = (listing(), book());
    let looking = SqliteStore::open_read_only(folder.path()).unwrap();
    let report = looking.check(&[table], &[], &[]).unwrap();
    assert!(report.is_clean() && report.rows == 1 && report.tables == 1, "{report:?}");
    let store: &dyn Store = &looking;
    assert_eq!((epoch(store), position(store)), (before, end));
    assert!(store.writing(Length::Short, |tx| Ok(tx.set_setting("a", "b")?)).is_err());
    drop(looking);
    assert!(listing() == files, "a file changed");
}
