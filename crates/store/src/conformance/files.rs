//! Files: bytes in blocks, for a column of a row (A3).

use std::ops::Range;
use std::sync::Arc;

use driftless_model::{Error, ErrorCode, Result, Table, Uuid, Value};

use crate::fixture::{Library, Opener, id, put, remove, take, unit, update};
use crate::{Completion, FilePlace, Length, ReadTx, SchemaChange, Store, StoreError, StoreResult, StoredFile, WriteTx};

/// The moment at which these tests begin files.
const NOW_S: i64 = 1_000;

fn begin(tx: &mut dyn WriteTx, table: &Table, row: u32, column: &str, file: u32) -> StoreResult<()> {
    let column = table.find(column).map(|ix| table.column(ix).id).ok_or_else(|| StoreError::failed("the fixture has no such column"))?;
    tx.begin_file(&StoredFile {
        id: id(file),
        place: FilePlace { table: table.def.code, row: id(row), column },
        name: "draft.txt".to_owned(),
        media_type: String::new(),
        bytes: 0,
        blocks: 0,
        complete: false,
        at_s: NOW_S,
    })
}

fn complete(tx: &mut dyn WriteTx, file: u32, blocks: &[&str]) -> StoreResult<Completion> {
    let blocks: Vec<String> = blocks.iter().map(|block| (*block).to_owned()).collect();
    tx.complete_file(id(file), &blocks, "note.txt", "text/plain")
}

/// A file of one block, complete.
fn store_file(tx: &mut dyn WriteTx, table: &Table, row: u32, column: &str, file: u32, bytes: &[u8]) -> StoreResult<()> {
    begin(tx, table, row, column, file)?;
    tx.put_block(id(file), "1", bytes, NOW_S)?;
    complete(tx, file, &["1"]).map(drop)
}

fn read(tx: &dyn ReadTx, file: Uuid, range: Range<u64>) -> StoreResult<Vec<u8>> {
    let mut bytes = Vec::new();
    tx.read_file(file, range, &mut |piece| {
        bytes.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(bytes)
}

fn known(store: &dyn Store, files: &[u32]) -> Result<Vec<bool>> {
    store.reading(|tx| files.iter().map(|file| Ok(tx.file(id(*file))?.is_some())).collect())
}

/// `length` bytes without a short period.
fn pattern(length: u32) -> Vec<u8> {
    (0..length).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect()
}

fn library(opener: &Opener) -> Result<(Arc<dyn Store>, Arc<Table>)> {
    let store = opener();
    let book = Library::create(&*store)?.book;
    put(&*store, &book, id(1), &[])?;
    Ok((store, book))
}

/// Blocks may come in any order; the file is what their list says, and every range of it comes back, also after a restart.
///
/// # Errors
/// When the store fails.
pub fn ranges_of_a_file_come_back(opener: &Opener) -> Result<()> {
    let (store, book) = library(opener)?;
    let all = pattern(1_400_000);
    let given = all.clone();
    unit(&*store, &book, move |tx, book| {
        begin(tx, book, 1, "scan", 7)?;
        tx.put_block(id(7), "c", &given[1_200_000..], NOW_S)?;
        tx.put_block(id(7), "a", &given[..700_001], NOW_S)?;
        tx.put_block(id(7), "b", &given[700_001..1_200_000], NOW_S + 5)?;
        let held = tx.file(id(7))?;
        assert_eq!(held.map(|file| (file.bytes, file.blocks, file.complete, file.at_s)), Some((1_400_000, 3, false, NOW_S + 5)));
        assert_eq!(complete(tx, 7, &["a", "b", "c"])?, Completion::Done(1_400_000));
        Ok(())
    })?;
    drop(store);
    let store = opener();
    store.reading(|tx| {
        let file = tx.file(id(7))?.ok_or_else(|| Error::damaged("the file is gone"))?;
        assert_eq!((file.name.as_str(), file.media_type.as_str(), file.bytes, file.blocks, file.complete), ("note.txt", "text/plain", 1_400_000, 3, true));
        assert_eq!((file.place.row, file.place.table), (id(1), book.def.code));
        for range in [0..1_400_000_usize, 0..1, 700_000..700_002, 262_143..262_145, 1_399_999..1_400_000, 5..5] {
            let read = read(tx, id(7), range.start as u64..range.end as u64)?;
            assert!(read == all[range.clone()], "{range:?}: {} bytes", read.len());
        }
        assert_eq!(read(tx, id(7), 1_399_990..9_999_999)?.len(), 10, "what lies behind the end is left out");
        Ok(())
    })
}

/// A file without bytes is a file.
///
/// # Errors
/// When the store fails.
pub fn an_empty_file_is_a_file(opener: &Opener) -> Result<()> {
    let (store, book) = library(opener)?;
    unit(&*store, &book, |tx, book| {
        begin(tx, book, 1, "scan", 7)?;
        assert_eq!(complete(tx, 7, &[])?, Completion::Done(0));
        assert_eq!(read(tx.as_read(), id(7), 0..10)?, b"");
        Ok(())
    })
}

/// Until it is complete a file cannot be read, and blocks may come again; afterwards none is taken. What a list leaves out is gone.
///
/// # Errors
/// When the store fails.
pub fn a_file_waits_for_its_blocks(opener: &Opener) -> Result<()> {
    let (store, book) = library(opener)?;
    let twice = unit(&*store, &book, |tx, book| {
        begin(tx, book, 1, "scan", 7)?;
        begin(tx, book, 1, "scan", 7)
    });
    assert!(twice.is_err(), "an id was given to two files");
    unit(&*store, &book, |tx, book| {
        begin(tx, book, 1, "scan", 8)?;
        assert!(tx.put_block(id(8), "a", b"first", NOW_S)?);
        assert!(tx.put_block(id(8), "a", b"one", NOW_S)?);
        assert!(tx.put_block(id(8), "b", b"two", NOW_S)?);
        assert_eq!(tx.file_blocks(id(8))?, [("a".to_owned(), 3), ("b".to_owned(), 3)]);
        assert!(!tx.put_block(id(9), "a", b"x", NOW_S)?);
        assert_eq!(complete(tx, 9, &[])?, Completion::NoSuchFile);
        Ok(())
    })?;
    let unread = store.reading(|tx| Ok(read(tx, id(8), 0..3)?));
    assert!(unread.is_err(), "a file was read that is not complete");
    unit(&*store, &book, |tx, _| {
        assert_eq!(complete(tx, 8, &["b", "c"])?, Completion::NoSuchBlock("c".to_owned()));
        assert_eq!(complete(tx, 8, &["b", "b"])?, Completion::NoSuchBlock("b".to_owned()));
        assert_eq!(tx.file(id(8))?.map(|file| (file.bytes, file.complete)), Some((6, false)));
        assert_eq!(complete(tx, 8, &["b"])?, Completion::Done(3));
        assert_eq!(tx.file_blocks(id(8))?, [("b".to_owned(), 3)]);
        assert!(!tx.put_block(id(8), "d", b"x", NOW_S)?);
        assert_eq!(complete(tx, 8, &["b"])?, Completion::NoSuchFile);
        assert_eq!(read(tx.as_read(), id(8), 0..9)?, b"two");
        Ok(())
    })
}

/// Files go with their row, their column and their table, and with nothing else.
///
/// # Errors
/// When the store fails.
pub fn files_go_with_what_they_belong_to(opener: &Opener) -> Result<()> {
    let (store, book) = library(opener)?;
    put(&*store, &book, id(2), &[])?;
    unit(&*store, &book, |tx, book| {
        store_file(tx, book, 1, "scan", 11, b"a")?;
        store_file(tx, book, 1, "cover", 12, b"b")?;
        store_file(tx, book, 2, "scan", 21, b"c")?;
        store_file(tx, book, 2, "cover", 22, b"d")?;
        begin(tx, book, 1, "scan", 13)
    })?;
    let all = [11, 12, 13, 21, 22];
    assert_eq!(known(&*store, &all)?, [true; 5]);
    unit(&*store, &book, |tx, book| update(tx, book, id(1), &[("name", Value::text("x"))]).map(drop))?;
    assert_eq!(known(&*store, &all)?, [true; 5]);
    take(&*store, &book, id(1))?;
    assert_eq!(known(&*store, &all)?, [false, false, false, true, true]);
    unit(&*store, &book, |tx, book| {
        assert!(tx.remove_file(id(22))?);
        assert!(!tx.remove_file(id(22))?);
        assert!(!tx.remove_file(id(11))?);
        store_file(tx, book, 2, "cover", 23, b"e")
    })?;
    unit(&*store, &book, |tx, book| {
        let scan = book.require("scan")?;
        tx.change_schema(&SchemaChange::DropFiles(book, scan)).map(drop)
    })?;
    assert_eq!(known(&*store, &[21, 22, 23])?, [false, false, true]);
    unit(&*store, &book, |tx, book| tx.change_schema(&SchemaChange::DropTable(book)).map(drop))?;
    assert_eq!(known(&*store, &[23])?, [false]);
    Ok(())
}

/// A failed unit leaves files as they were (A3, REL-05).
///
/// # Errors
/// When the store fails.
pub fn a_failed_unit_leaves_files_alone(opener: &Opener) -> Result<()> {
    let (store, book) = library(opener)?;
    unit(&*store, &book, |tx, book| {
        store_file(tx, book, 1, "scan", 11, b"kept")?;
        begin(tx, book, 1, "scan", 12)?;
        tx.put_block(id(12), "a", b"one", NOW_S).map(drop)
    })?;
    let failed: Result<()> = unit(&*store, &book, |tx, book| {
        tx.remove_file(id(11))?;
        tx.put_block(id(12), "a", b"other", NOW_S)?;
        tx.put_block(id(12), "b", b"more", NOW_S)?;
        complete(tx, 12, &["a", "b"])?;
        store_file(tx, book, 1, "cover", 13, b"new")?;
        remove(tx, book, id(1), 0)?;
        Err(StoreError::Outer(Error::of(ErrorCode::InvalidArgument)))
    });
    assert!(failed.is_err());
    assert_eq!(known(&*store, &[11, 12, 13])?, [true, true, false]);
    store.reading(|tx| {
        assert_eq!(read(tx, id(11), 0..4)?, b"kept");
        assert_eq!(tx.file_blocks(id(12))?, [("a".to_owned(), 3)]);
        Ok(())
    })
}

/// What waits for blocks too long is removed, what is complete stays; a purge ends after a bounded part and says whether there is more.
///
/// # Errors
/// When the store fails.
pub fn forgotten_files_are_purged(opener: &Opener) -> Result<()> {
    let (store, book) = library(opener)?;
    unit(&*store, &book, |tx, book| {
        store_file(tx, book, 1, "scan", 11, b"kept")?;
        for file in [12, 13, 14] {
            begin(tx, book, 1, "scan", file)?;
            tx.put_block(id(file), "a", &pattern(2_500_000), NOW_S)?;
        }
        tx.put_block(id(14), "b", b"still coming", NOW_S + 10).map(drop)
    })?;
    let mut rounds = 0;
    while store.writing(Length::Short, |tx| Ok(tx.purge_files(NOW_S + 1, 2)?))? {
        rounds += 1;
        assert!(rounds < 1_000, "the purge does not end");
    }
    assert_eq!(known(&*store, &[11, 12, 13, 14])?, [true, false, false, true]);
    store.reading(|tx| {
        assert_eq!(read(tx, id(11), 0..4)?, b"kept");
        assert_eq!(tx.file(id(14))?.map(|file| file.bytes), Some(2_500_012));
        Ok(())
    })
}
