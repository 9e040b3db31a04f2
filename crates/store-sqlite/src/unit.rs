//! The transaction that a unit of work writes in.

use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};

use driftless_model::{AlternateKey, Epoch, ErrorCode, Position, Result, Table, TableCode, Uuid, Version};
use driftless_query::{RowSink, SecuredQuery};
use driftless_sql::{Statement, Targets};
use driftless_store::{
    ChangeRequest, ChangesEnd, Completion, DefinitionKind, DefinitionRow, Duplicate, KeyBuild, PositionState, ReadTx, Removals, SchemaChange, Stamped,
    StampedRemoval, StoreError, StoreResult, StoredFile, WriteTx,
};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::{Watch, is_unique_violation};
use crate::files;
use crate::reading::{Snapshot, locate};
use crate::rows::prepare;
use crate::schema::{self, Failure};
use crate::state::{self, State};
use crate::tally::Tallies;
use crate::time_limit::{TimeLimit, Times};
use crate::versions::Counter;

/// What the writing connection carries from unit to unit.
pub(crate) struct Engine {
    pub(crate) conn: Connection,
    /// The end of the unit that runs.
    pub(crate) limit: Arc<TimeLimit>,
    pub(crate) times: Arc<Times>,
    pub(crate) counts: Arc<Counts>,
    /// State of the last commit, with the changes of the running group. Its position is that of the last commit.
    pub(crate) state: State,
    pub(crate) counter: Counter,
    pub(crate) tallies: Tallies,
    pub(crate) targets: OnceCell<Arc<Targets>>,
}

/// What the writer counts.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) committed: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) commit_ns: AtomicU64,
    pub(crate) version: AtomicI64,
}

/// What a unit did, as far as its own answers may not tell.
#[derive(Debug)]
pub(crate) enum Spoiled {
    /// The disk was full.
    Full,
    /// It took too long (SEC-11).
    TooLong,
    /// Another error of the engine; the text is for the log.
    Failed(String),
}

/// A unit's view of the writer.
pub(crate) struct UnitTx<'e> {
    engine: &'e mut Engine,
    watch: &'e Watch,
    /// The unit wrote something.
    pub(crate) changed: bool,
    /// The engine failed in the unit: it must not be kept, whatever its closure says.
    pub(crate) spoiled: Option<Spoiled>,
}

impl<'e> UnitTx<'e> {
    pub(crate) fn new(engine: &'e mut Engine, watch: &'e Watch) -> Self {
        Self { engine, watch, changed: false, spoiled: None }
    }

    /// What a read of this unit sees: its own writes too, so the position covers every version given out.
    fn snapshot(&self) -> Snapshot<'_> {
        let Engine { conn, state, counter, targets, .. } = &*self.engine;
        Snapshot { conn, watch: self.watch, state: State { position: counter.last().max(state.position), ..*state }, targets, changes_end: None }
    }

    fn spoil(&mut self, error: rusqlite::Error) -> StoreError {
        let text = error.to_string();
        let error = self.watch.engine(error);
        self.spoiled = Some(match &error {
            StoreError::Full => Spoiled::Full,
            StoreError::Outer(error) if error.code() == ErrorCode::SqlTimeout => Spoiled::TooLong,
            _ => Spoiled::Failed(text),
        });
        error
    }

    fn checked<T>(&mut self, result: rusqlite::Result<T>) -> StoreResult<T> {
        result.map_err(|error| self.spoil(error))
    }

    fn run(&self, statement: &Statement<'_>) -> rusqlite::Result<usize> {
        prepare(&self.engine.conn, statement)?.raw_execute()
    }

    /// Rowid and version of a row.
    fn locate(&mut self, table: &Table, id: Uuid) -> StoreResult<Option<(i64, i64)>> {
        let found = locate(&self.engine.conn, table, id);
        self.checked(found)
    }

    /// Which unique value a refused write met. The engine names columns, not our keys: so they are looked up, the id first.
    fn duplicate(&mut self, row: &Stamped<'_>, rowid: Option<i64>, error: rusqlite::Error) -> StoreError {
        match self.find_duplicate(row, rowid) {
            Ok(Some(duplicate)) => StoreError::Duplicate(duplicate),
            Ok(None) => self.spoil(error),
            Err(error) => error,
        }
    }

    fn find_duplicate(&mut self, row: &Stamped<'_>, rowid: Option<i64>) -> StoreResult<Option<Duplicate>> {
        if rowid.is_none() && self.locate(row.table(), row.id())?.is_some() {
            return Ok(Some(Duplicate::Id));
        }
        let mut keys: Vec<&AlternateKey> = row.table().keys.iter().collect();
        // An index may be there before its key is called active.
        keys.sort_by_key(|key| !key.is_active());
        for key in keys {
            let Some(statement) = driftless_sql::key_taken(row.table(), key, row.cells(), rowid)? else { continue };
            let probe = || Ok(prepare(&self.engine.conn, &statement)?.raw_query().next()?.is_some());
            let taken = probe();
            if self.checked(taken)? {
                return Ok(Some(Duplicate::Key(key.id)));
            }
        }
        Ok(None)
    }

    fn remove_tombstone(&mut self, table: TableCode, id: Uuid) -> rusqlite::Result<()> {
        let Engine { conn, tallies, .. } = &mut *self.engine;
        let tally = tallies.of(conn, table)?;
        if tally.tombstones == 0 {
            return Ok(());
        }
        let mut statement = conn.prepare_cached("DELETE FROM _tombstone WHERE table_code=? AND id=? RETURNING version")?;
        let removed: Option<i64> = statement.query_row(params![table.0, id.as_bytes()], |row| row.get(0)).optional()?;
        if let Some(version) = removed {
            tally.remove_tombstone(version);
        }
        Ok(())
    }

    fn count_insert(&mut self, table: TableCode, version: i64) -> rusqlite::Result<()> {
        let Engine { conn, tallies, .. } = &mut *self.engine;
        tallies.of(conn, table)?.add_row(version);
        Ok(())
    }

    fn remove_located(&mut self, row: &StampedRemoval<'_>, rowid: i64, version: i64) -> rusqlite::Result<()> {
        let table = row.table();
        let Engine { conn, tallies, .. } = &mut *self.engine;
        conn.prepare_cached(&driftless_sql::delete(table))?.execute([rowid])?;
        if !table.files.is_empty() {
            files::remove_of_row(conn, table, row.id())?;
        }
        let tally = tallies.of(conn, table.def.code)?;
        tally.remove_row(version);
        if table.def.change_tracking {
            conn.prepare_cached("INSERT INTO _tombstone(table_code,id,version,at_s) VALUES(?,?,?,?)")?.execute(params![
                table.def.code.0,
                row.id().as_bytes(),
                row.version().0,
                row.at_s()
            ])?;
            tally.add_tombstone(row.version().0);
        }
        Ok(())
    }

    fn write_definition(&mut self, definition: &DefinitionRow) -> rusqlite::Result<()> {
        let conn = &self.engine.conn;
        let (kind, id) = (definition.kind.as_str(), definition.id.as_bytes());
        let owner = definition.owner.as_ref().map(Uuid::as_bytes);
        conn.prepare_cached(
            "INSERT INTO _definition(kind,id,owner,version,body) VALUES(?,?,?,?,?)
             ON CONFLICT(kind,id) DO UPDATE SET owner=excluded.owner,version=excluded.version,body=excluded.body",
        )?
        .execute(params![kind, id, owner, definition.version.0, definition.body])?;
        conn.prepare_cached("DELETE FROM _definition_tombstone WHERE kind=? AND id=?")?.execute(params![kind, id])?;
        self.engine.state.metadata = definition.version;
        Ok(())
    }

    fn delete_definition(&mut self, kind: DefinitionKind, id: Uuid, version: Version, at_s: i64) -> rusqlite::Result<()> {
        let conn = &self.engine.conn;
        conn.prepare_cached("DELETE FROM _definition WHERE kind=? AND id=?")?.execute(params![kind.as_str(), id.as_bytes()])?;
        conn.prepare_cached("INSERT OR REPLACE INTO _definition_tombstone(kind,id,version,at_s) VALUES(?,?,?,?)")?.execute(params![
            kind.as_str(),
            id.as_bytes(),
            version.0,
            at_s
        ])?;
        self.engine.state.metadata = version;
        Ok(())
    }

    fn purge(&mut self, table: TableCode, before_s: i64, limit: u32) -> rusqlite::Result<u32> {
        let Engine { conn, tallies, .. } = &mut *self.engine;
        let tally = tallies.of(conn, table)?;
        let mut oldest = conn.prepare_cached("SELECT version,at_s FROM _tombstone WHERE table_code=? ORDER BY version LIMIT ?")?;
        let mut rows = oldest.query(params![table.0, limit])?;
        let (mut purged, mut horizon) = (0, None);
        while let Some(row) = rows.next()? {
            if row.get::<_, i64>(1)? >= before_s {
                break;
            }
            let version: i64 = row.get(0)?;
            tally.remove_tombstone(version);
            horizon = Some(version);
            purged += 1;
        }
        drop(rows);
        if let Some(horizon) = horizon {
            conn.prepare_cached("DELETE FROM _tombstone WHERE table_code=? AND version<=?")?.execute(params![table.0, horizon])?;
            conn.prepare_cached(
                "INSERT INTO _horizon(table_code,version) VALUES(?,?) ON CONFLICT(table_code) DO UPDATE SET version=max(version,excluded.version)",
            )?
            .execute(params![table.0, horizon])?;
        }
        Ok(purged)
    }
}

impl ReadTx for UnitTx<'_> {
    fn file(&self, id: Uuid) -> StoreResult<Option<StoredFile>> {
        self.snapshot().file(id)
    }

    fn file_blocks(&self, id: Uuid) -> StoreResult<Vec<(String, u64)>> {
        self.snapshot().file_blocks(id)
    }

    fn read_file(&self, id: Uuid, range: Range<u64>, each: &mut dyn FnMut(&[u8]) -> Result<()>) -> StoreResult<()> {
        self.snapshot().read_file(id, range, each)
    }

    fn metadata_number(&self) -> StoreResult<Version> {
        self.snapshot().metadata_number()
    }

    fn definitions(&self, since: Version, each: &mut dyn FnMut(DefinitionRow) -> Result<()>) -> StoreResult<()> {
        self.snapshot().definitions(since, each)
    }

    fn removed_definitions(&self, since: Version) -> StoreResult<Vec<(DefinitionKind, Uuid, Version)>> {
        self.snapshot().removed_definitions(since)
    }

    fn setting(&self, name: &str) -> StoreResult<Option<String>> {
        self.snapshot().setting(name)
    }

    fn epoch(&self) -> StoreResult<Epoch> {
        self.snapshot().epoch()
    }

    fn position(&self) -> StoreResult<Position> {
        self.snapshot().position()
    }

    fn judge(&self, table: TableCode, position: &Position) -> StoreResult<PositionState> {
        self.snapshot().judge(table, position)
    }

    fn removals(&self) -> StoreResult<Removals> {
        self.snapshot().removals()
    }

    fn version_of(&self, table: &Table, id: Uuid) -> StoreResult<Option<Version>> {
        self.snapshot().version_of(table, id)
    }

    fn select(&self, query: &SecuredQuery, count: Option<u64>, sink: &mut dyn RowSink) -> StoreResult<bool> {
        self.snapshot().select(query, count, sink)
    }

    fn count(&self, query: &SecuredQuery, cap: Option<u64>) -> StoreResult<u64> {
        self.snapshot().count(query, cap)
    }

    fn changes(&self, request: &ChangeRequest<'_>, sink: &mut dyn RowSink) -> StoreResult<ChangesEnd> {
        self.snapshot().changes(request, sink)
    }

    fn count_changes(&self, request: &ChangeRequest<'_>) -> StoreResult<u64> {
        self.snapshot().count_changes(request)
    }
}

impl WriteTx for UnitTx<'_> {
    fn as_read(&self) -> &dyn ReadTx {
        self
    }

    fn next_version(&mut self) -> StoreResult<Version> {
        let durable = self.engine.state.position;
        self.engine.counter.next(durable).map(Version).map_err(|error| {
            if matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded) {
                self.spoiled = Some(Spoiled::Full);
                return StoreError::Full;
            }
            self.watch.fatal(&format!("version numbers cannot be reserved: {error}"));
            self.spoiled = Some(Spoiled::Failed(error.to_string()));
            StoreError::failed(error)
        })
    }

    fn insert(&mut self, row: &Stamped<'_>) -> StoreResult<()> {
        let statement = driftless_sql::insert(row.table(), row.id(), row.version(), row.cells())?;
        match self.run(&statement) {
            Ok(_) => {}
            Err(error) if is_unique_violation(&error) => return Err(self.duplicate(row, None, error)),
            Err(error) => return Err(self.spoil(error)),
        }
        self.changed = true;
        let code = row.table().def.code;
        let counted = self.count_insert(code, row.version().0).and_then(|()| self.remove_tombstone(code, row.id()));
        self.checked(counted)
    }

    fn update(&mut self, row: &Stamped<'_>) -> StoreResult<bool> {
        let Some((rowid, before)) = self.locate(row.table(), row.id())? else {
            return Ok(false);
        };
        let statement = driftless_sql::update(row.table(), rowid, row.version(), row.cells())?;
        match self.run(&statement) {
            Ok(_) => {}
            Err(error) if is_unique_violation(&error) => return Err(self.duplicate(row, Some(rowid), error)),
            Err(error) => return Err(self.spoil(error)),
        }
        self.changed = true;
        let Engine { conn, tallies, .. } = &mut *self.engine;
        let counted = tallies.of(conn, row.table().def.code).map(|tally| tally.move_row(before, row.version().0));
        self.checked(counted)?;
        Ok(true)
    }

    fn remove(&mut self, row: &StampedRemoval<'_>) -> StoreResult<bool> {
        let Some((rowid, version)) = self.locate(row.table(), row.id())? else {
            return Ok(false);
        };
        self.changed = true;
        let removed = self.remove_located(row, rowid, version);
        self.checked(removed)?;
        Ok(true)
    }

    fn put_definition(&mut self, definition: &DefinitionRow) -> StoreResult<()> {
        self.changed = true;
        let written = self.write_definition(definition);
        self.checked(written)
    }

    fn remove_definition(&mut self, kind: DefinitionKind, id: Uuid, version: Version, at_s: i64) -> StoreResult<()> {
        self.changed = true;
        let removed = self.delete_definition(kind, id, version, at_s);
        self.checked(removed)
    }

    fn change_schema(&mut self, change: &SchemaChange<'_>) -> StoreResult<KeyBuild> {
        self.changed = true;
        if self.engine.targets.get().is_none() {
            let read = state::read_targets(&self.engine.conn);
            let read = self.checked(read)?;
            let _ = self.engine.targets.set(read);
        }
        let none = Targets::default();
        let result = schema::change(&self.engine.conn, change, self.engine.targets.get().map_or(&none, |known| known));
        let done = match result {
            Ok(done) => done,
            Err(Failure::Engine(error)) => return Err(self.spoil(error)),
            Err(Failure::Definition(error)) => return Err(error.into()),
        };
        if done.catalog {
            self.engine.state.catalog += 1;
            self.engine.targets = OnceCell::new();
        }
        if let SchemaChange::DropTable(table) = change {
            let Engine { conn, tallies, .. } = &mut *self.engine;
            let forgotten = tallies.of(conn, table.def.code).map(|tally| *tally = crate::tally::Tally::default());
            self.checked(forgotten)?;
        }
        Ok(done.build)
    }

    fn set_setting(&mut self, name: &str, value: &str) -> StoreResult<()> {
        self.changed = true;
        let text = "INSERT OR REPLACE INTO _setting(name,value) VALUES(?,?)";
        let set = self.engine.conn.prepare_cached(text).and_then(|mut statement| statement.execute([name, value]));
        self.checked(set)?;
        Ok(())
    }

    fn purge_tombstones(&mut self, table: TableCode, before_s: i64, limit: u32) -> StoreResult<u32> {
        self.changed = true;
        let purged = self.purge(table, before_s, limit);
        self.checked(purged)
    }

    fn begin_file(&mut self, file: &StoredFile) -> StoreResult<()> {
        self.changed = true;
        let begun = files::begin(&self.engine.conn, file);
        self.checked(begun)
    }

    fn put_block(&mut self, file: Uuid, name: &str, bytes: &[u8], at_s: i64) -> StoreResult<bool> {
        self.changed = true;
        let put = files::put_block(&self.engine.conn, file, name, bytes, at_s);
        self.checked(put)
    }

    fn complete_file(&mut self, file: Uuid, blocks: &[String], name: &str, media_type: &str) -> StoreResult<Completion> {
        self.changed = true;
        let completed = files::complete(&self.engine.conn, file, blocks, name, media_type);
        self.checked(completed)
    }

    fn remove_file(&mut self, id: Uuid) -> StoreResult<bool> {
        self.changed = true;
        let removed = files::remove(&self.engine.conn, id);
        self.checked(removed)
    }

    fn purge_files(&mut self, before_s: i64, limit: u32) -> StoreResult<bool> {
        self.changed = true;
        let purged = files::purge(&self.engine.conn, before_s, limit);
        self.checked(purged)
    }
}
