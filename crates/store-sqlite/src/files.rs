//! Files in the store's own tables: `_file` (what is known of each), `_block` (as they came) and `_piece` (their bytes, cut small).
//!
//! Bytes are written once: putting a file together gives its blocks their places, and removing one only marks it, so that neither holds the writer however
//! large the file is. [`purge`] frees what is marked, a bounded part at a time.

use std::collections::HashSet;
use std::ops::Range;

use driftless_model::{Table, TableCode, Uuid};
use driftless_store::{Completion, FilePlace, StoredFile};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::rows::uuid_at;

/// The format of data folders that has files first.
pub(crate) const FORMAT: i64 = 3;

/// The tables.
pub(crate) const TABLES: &str = "
CREATE TABLE _file(
  no INTEGER PRIMARY KEY, id BLOB UNIQUE, table_code INTEGER NOT NULL, row_id BLOB NOT NULL, column_id BLOB NOT NULL, name TEXT NOT NULL,
  media_type TEXT NOT NULL, state INTEGER NOT NULL, bytes INTEGER NOT NULL, blocks INTEGER NOT NULL, at_s INTEGER NOT NULL) STRICT;
CREATE INDEX \"_file.row\" ON _file(table_code,row_id);
CREATE INDEX \"_file.state\" ON _file(state,at_s);
CREATE TABLE _block(no INTEGER PRIMARY KEY, file INTEGER NOT NULL, name TEXT NOT NULL, start INTEGER, bytes INTEGER NOT NULL, UNIQUE(file,name)) STRICT;
CREATE INDEX \"_block.start\" ON _block(file,start,bytes);
CREATE TABLE _piece(block INTEGER NOT NULL, at INTEGER NOT NULL, bytes BLOB NOT NULL, UNIQUE(block,at)) STRICT;
";

/// `state` of a file that waits for blocks.
const OPEN: i64 = 0;
/// `state` of a file that can be read. That of a removed one is 2: it has no id any more, and its bytes are still there.
const COMPLETE: i64 = 1;

/// Longest piece in bytes: what a read holds in memory at once, and what a read of a few bytes costs.
const PIECE_BYTES: usize = 256 << 10;

/// What is known of a file that is not removed.
pub(crate) fn find(conn: &Connection, id: Uuid) -> rusqlite::Result<Option<StoredFile>> {
    let text = "SELECT id,table_code,row_id,column_id,name,media_type,bytes,blocks,state,at_s FROM _file WHERE id=?";
    conn.prepare_cached(text)?.query_row([id.as_bytes()], of_row).optional()
}

fn of_row(row: &Row<'_>) -> rusqlite::Result<StoredFile> {
    Ok(StoredFile {
        id: uuid_at(row, 0)?,
        place: FilePlace { table: TableCode(row.get(1)?), row: uuid_at(row, 2)?, column: uuid_at(row, 3)? },
        name: row.get(4)?,
        media_type: row.get(5)?,
        bytes: row.get::<_, i64>(6)?.unsigned_abs(),
        blocks: row.get(7)?,
        complete: row.get::<_, i64>(8)? == COMPLETE,
        at_s: row.get(9)?,
    })
}

/// The number of a file in this state.
fn number(conn: &Connection, id: Uuid, state: i64) -> rusqlite::Result<Option<i64>> {
    conn.prepare_cached("SELECT no FROM _file WHERE id=? AND state=?")?.query_row(params![id.as_bytes(), state], |row| row.get(0)).optional()
}

/// Names and lengths of a file's blocks, by name.
pub(crate) fn blocks(conn: &Connection, id: Uuid) -> rusqlite::Result<Vec<(String, u64)>> {
    let text = "SELECT b.name,b.bytes FROM _file f JOIN _block b ON b.file=f.no WHERE f.id=? ORDER BY b.name COLLATE BINARY";
    let mut statement = conn.prepare_cached(text)?;
    statement.query_map([id.as_bytes()], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?.collect()
}

/// How a read ended.
pub(crate) enum Read {
    /// All of the range was given.
    Done,
    /// There is no complete file of this id.
    NoSuchFile,
    /// Bytes are missing.
    Damaged,
    /// `each` refused.
    Stopped(driftless_model::Error),
}

/// Gives a range of a file's bytes to `each`.
pub(crate) fn read(conn: &Connection, id: Uuid, range: &Range<u64>, each: &mut dyn FnMut(&[u8]) -> driftless_model::Result<()>) -> rusqlite::Result<Read> {
    let Some((file, bytes)) = conn
        .prepare_cached("SELECT no,bytes FROM _file WHERE id=? AND state=1")?
        .query_row([id.as_bytes()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
        .optional()?
    else {
        return Ok(Read::NoSuchFile);
    };
    let place = |at: u64| i64::try_from(at).unwrap_or(i64::MAX).min(bytes);
    let (mut at, until) = (place(range.start), place(range.end));
    let text = "SELECT b.start+p.at,p.bytes FROM _block b CROSS JOIN _piece p ON p.block=b.no
                WHERE b.file=?1 AND b.start<?3 AND b.start+b.bytes>?2 AND p.at<?3-b.start AND p.at>?2-b.start-?4 ORDER BY b.start,p.at";
    let mut statement = conn.prepare_cached(text)?;
    let mut rows = statement.query(params![file, at, until, i64::try_from(PIECE_BYTES).unwrap_or(i64::MAX)])?;
    while at < until {
        let Some(row) = rows.next()? else { return Ok(Read::Damaged) };
        let start: i64 = row.get(0)?;
        let piece = row.get_ref(1)?.as_blob()?;
        let from = usize::try_from(at - start).unwrap_or(usize::MAX);
        let to = usize::try_from(until - start).unwrap_or(usize::MAX).min(piece.len());
        let Some(part) = piece.get(from..to).filter(|part| !part.is_empty()) else { return Ok(Read::Damaged) };
        at += i64::try_from(part.len()).unwrap_or(i64::MAX);
        if let Err(error) = each(part) {
            return Ok(Read::Stopped(error));
        }
    }
    Ok(Read::Done)
}

/// Begins a file without blocks.
pub(crate) fn begin(conn: &Connection, file: &StoredFile) -> rusqlite::Result<()> {
    let FilePlace { table, row, column } = file.place;
    conn.prepare_cached("INSERT INTO _file(id,table_code,row_id,column_id,name,media_type,state,bytes,blocks,at_s) VALUES(?,?,?,?,?,?,0,0,0,?)")?
        .execute(params![file.id.as_bytes(), table.0, row.as_bytes(), column.as_bytes(), file.name, file.media_type, file.at_s])?;
    Ok(())
}

/// Adds or replaces a block of an open file; false if there is none.
pub(crate) fn put_block(conn: &Connection, id: Uuid, name: &str, bytes: &[u8], at_s: i64) -> rusqlite::Result<bool> {
    let Some(file) = number(conn, id, OPEN)? else { return Ok(false) };
    let present: Option<(i64, i64)> = conn
        .prepare_cached("SELECT no,bytes FROM _block WHERE file=? AND name=?")?
        .query_row(params![file, name], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((block, _)) = present {
        conn.prepare_cached("DELETE FROM _piece WHERE block=?")?.execute([block])?;
        conn.prepare_cached("DELETE FROM _block WHERE no=?")?.execute([block])?;
    }
    let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    conn.prepare_cached("INSERT INTO _block(file,name,bytes) VALUES(?,?,?)")?.execute(params![file, name, length])?;
    let block = conn.last_insert_rowid();
    let mut put = conn.prepare_cached("INSERT INTO _piece(block,at,bytes) VALUES(?,?,?)")?;
    let mut at: i64 = 0;
    for piece in bytes.chunks(PIECE_BYTES) {
        put.execute(params![block, at, piece])?;
        at += i64::try_from(piece.len()).unwrap_or(i64::MAX);
    }
    let (fewer, less) = present.map_or((0, 0), |(_, bytes)| (1, bytes));
    conn.prepare_cached("UPDATE _file SET bytes=bytes+?,blocks=blocks+?,at_s=? WHERE no=?")?.execute(params![length - less, 1 - fewer, at_s, file])?;
    Ok(true)
}

/// Puts an open file together.
pub(crate) fn complete(conn: &Connection, id: Uuid, blocks: &[String], name: &str, media_type: &str) -> rusqlite::Result<Completion> {
    let Some(file) = number(conn, id, OPEN)? else { return Ok(Completion::NoSuchFile) };
    let mut places: Vec<(i64, i64)> = Vec::with_capacity(blocks.len());
    let mut named = HashSet::with_capacity(blocks.len());
    let mut length: i64 = 0;
    {
        let mut known = conn.prepare_cached("SELECT no,bytes FROM _block WHERE file=? AND name=?")?;
        for block in blocks {
            let found: Option<(i64, i64)> = known.query_row(params![file, block], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            let Some((number, bytes)) = found.filter(|(number, _)| named.insert(*number)) else { return Ok(Completion::NoSuchBlock(block.clone())) };
            places.push((number, length));
            length = length.saturating_add(bytes);
        }
    }
    let mut put = conn.prepare_cached("UPDATE _block SET start=? WHERE no=?")?;
    for (block, start) in &places {
        put.execute([start, block])?;
    }
    leave_unnamed(conn, file)?;
    let count = i64::try_from(places.len()).unwrap_or(i64::MAX);
    conn.prepare_cached("UPDATE _file SET state=1,bytes=?,blocks=?,name=?,media_type=? WHERE no=?")?.execute(params![length, count, name, media_type, file])?;
    Ok(Completion::Done(length.unsigned_abs()))
}

/// Hands the blocks of a file that have no place in it to a removed file, which [`purge`] finds.
fn leave_unnamed(conn: &Connection, file: i64) -> rusqlite::Result<()> {
    let any: bool = conn.prepare_cached("SELECT EXISTS(SELECT 1 FROM _block WHERE file=? AND start IS NULL)")?.query_row([file], |row| row.get(0))?;
    if !any {
        return Ok(());
    }
    conn.prepare_cached(
        "INSERT INTO _file(table_code,row_id,column_id,name,media_type,state,bytes,blocks,at_s)
         SELECT table_code,row_id,column_id,name,media_type,2,0,0,at_s FROM _file WHERE no=?",
    )?
    .execute([file])?;
    conn.prepare_cached("UPDATE _block SET file=? WHERE file=? AND start IS NULL")?.execute([conn.last_insert_rowid(), file])?;
    Ok(())
}

/// Marks a file as removed; false if there is none.
pub(crate) fn remove(conn: &Connection, id: Uuid) -> rusqlite::Result<bool> {
    Ok(conn.prepare_cached("UPDATE _file SET state=2,id=NULL WHERE id=?")?.execute([id.as_bytes()])? > 0)
}

/// Marks the files of a row as removed.
pub(crate) fn remove_of_row(conn: &Connection, table: &Table, row: Uuid) -> rusqlite::Result<()> {
    conn.prepare_cached("UPDATE _file SET state=2,id=NULL WHERE table_code=? AND row_id=? AND state<>2")?.execute(params![table.def.code.0, row.as_bytes()])?;
    Ok(())
}

/// Marks the files of a table as removed; of one column only, if given.
pub(crate) fn remove_of_table(conn: &Connection, table: &Table, column: Option<Uuid>) -> rusqlite::Result<()> {
    let column = column.as_ref().map(Uuid::as_bytes);
    conn.execute("UPDATE _file SET state=2,id=NULL WHERE table_code=?1 AND (?2 IS NULL OR column_id=?2) AND state<>2", params![table.def.code.0, column])?;
    Ok(())
}

/// Frees at most `limit` pieces of removed and forgotten files; true if there are more.
pub(crate) fn purge(conn: &Connection, before_s: i64, limit: u32) -> rusqlite::Result<bool> {
    conn.prepare_cached("UPDATE _file SET state=2,id=NULL WHERE state=0 AND at_s<?")?.execute([before_s])?;
    let mut left = i64::from(limit);
    while left > 0 {
        let file: Option<i64> = conn.prepare_cached("SELECT no FROM _file WHERE state=2 LIMIT 1")?.query_row((), |row| row.get(0)).optional()?;
        let Some(file) = file else { return Ok(false) };
        let text = "DELETE FROM _piece WHERE rowid IN (SELECT p.rowid FROM _block b CROSS JOIN _piece p ON p.block=b.no WHERE b.file=? LIMIT ?)";
        let freed = conn.prepare_cached(text)?.execute([file, left])?;
        left -= i64::try_from(freed).unwrap_or(i64::MAX);
        if left > 0 {
            conn.prepare_cached("DELETE FROM _block WHERE file=?")?.execute([file])?;
            conn.prepare_cached("DELETE FROM _file WHERE no=?")?.execute([file])?;
            // A file without pieces counts too: there may be many.
            left -= 1;
        }
    }
    conn.prepare_cached("SELECT EXISTS(SELECT 1 FROM _file WHERE state=2)")?.query_row((), |row| row.get(0))
}
