//! Reads of one snapshot, in read transactions and inside units alike.

use std::cell::OnceCell;
use std::sync::Arc;

use driftless_model::{Epoch, Position, Result, Table, TableCode, Uuid, Version};
use driftless_query::{Flow, PageHead, RowSink, RowView, SecuredQuery};
use driftless_sql::{Select, Targets, VersionRange};
use driftless_store::{
    ChangeRequest, ChangesEnd, Cut, DefinitionKind, DefinitionRow, Phase, PositionState, ReadTx, Removals, StoreError, StoreResult, StoredFile,
};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::Watch;
use crate::files;
use crate::rows::{StatementRow, prepare, uuid_at};
use crate::state::{self, State};
use crate::time_limit::TimeLimit;

/// Bytes of a position: epoch, then version, both with the highest byte first.
const POSITION_BYTES: usize = 16;

/// The position that covers all versions up to `version`.
pub(crate) fn position(epoch: Epoch, version: i64) -> Position {
    let mut bytes = [0; POSITION_BYTES];
    bytes[..8].copy_from_slice(&epoch.0.to_be_bytes());
    bytes[8..].copy_from_slice(&version.to_be_bytes());
    Position::new(bytes)
}

fn parts(position: &Position) -> Option<(Epoch, i64)> {
    let (epoch, version) = position.as_bytes().split_first_chunk::<8>()?;
    Some((Epoch(u64::from_be_bytes(*epoch)), i64::from_be_bytes(version.try_into().ok()?)))
}

/// What one transaction sees.
pub(crate) struct Snapshot<'a> {
    pub(crate) conn: &'a Connection,
    pub(crate) watch: &'a Watch,
    /// The state of this snapshot.
    pub(crate) state: State,
    /// The tables of this snapshot, read when first needed.
    pub(crate) targets: &'a OnceCell<Arc<Targets>>,
    /// In how many milliseconds a page of changes ends; none inside a unit, which has an end of its own (SEC-11).
    pub(crate) changes_end: Option<(&'a TimeLimit, u64)>,
}

impl Snapshot<'_> {
    fn engine<T>(&self, result: rusqlite::Result<T>) -> StoreResult<T> {
        result.map_err(|error| self.watch.engine(error))
    }

    fn targets(&self) -> StoreResult<&Targets> {
        if self.targets.get().is_none() {
            let read = self.engine(state::read_targets(self.conn))?;
            let _ = self.targets.set(read);
        }
        self.targets.get().map(Arc::as_ref).ok_or_else(|| StoreError::failed("the tables of the store were not read"))
    }

    /// Gives rows to `sink`, at most `limit`. `seen` is told of each row that was given. Gives true if there are more rows.
    fn deliver(&self, select: &Select<'_>, limit: Option<u32>, sink: &mut dyn RowSink, seen: &mut dyn FnMut(&dyn RowView)) -> StoreResult<Delivered> {
        let mut statement = self.engine(prepare(self.conn, &select.statement))?;
        let mut rows = statement.raw_query();
        let mut given: u32 = 0;
        while let Some(row) = self.engine(rows.next())? {
            if limit.is_some_and(|limit| given >= limit) {
                return Ok(Delivered { given, more: true, stopped: false });
            }
            let view = StatementRow::new(row, &select.slots);
            let flow = sink.row(&view)?;
            seen(&view);
            if view.is_damaged() {
                return Err(StoreError::failed("a stored value has not the form of its column: run the check"));
            }
            given = given.saturating_add(1);
            if flow == Flow::Stop {
                let more = self.engine(rows.next())?.is_some();
                return Ok(Delivered { given, more, stopped: true });
            }
        }
        Ok(Delivered { given, more: false, stopped: false })
    }

    /// The versions that a request asks for: rows and removals after `since`, up to `until`.
    fn range(&self, request: &ChangeRequest<'_>) -> StoreResult<Range> {
        let version = |position: &Position| match parts(position) {
            Some((epoch, version)) if epoch == self.state.epoch => Ok(version),
            _ => Err(StoreError::failed("a position of another epoch: it was not judged")),
        };
        let since = request.since.map(version).transpose()?;
        Ok(Range { since, until: version(request.until)? })
    }

    /// Gives removed ids to `sink`, at most `limit`, after the version `after`. Gives the last one when more follow.
    fn removed(&self, table: TableCode, after: i64, until: i64, limit: u32, sink: &mut dyn RowSink) -> StoreResult<Option<Cut>> {
        let text = "SELECT version,id FROM _tombstone WHERE table_code=? AND version>? AND version<=? ORDER BY version LIMIT ?";
        let mut statement = self.engine(self.conn.prepare_cached(text))?;
        let mut rows = self.engine(statement.query(params![table.0, after, until, i64::from(limit) + 1]))?;
        let mut last: Option<Cut> = None;
        let (mut given, mut stopped) = (0, false);
        while let Some(row) = self.engine(rows.next())? {
            if given >= limit || stopped {
                return Ok(last);
            }
            let id = self.engine(uuid_at(row, 1))?;
            stopped = sink.removed(id)? == Flow::Stop;
            last = Some(Cut { phase: Phase::Removed, version: Version(self.engine(row.get(0))?), id });
            given += 1;
        }
        Ok(None)
    }

    fn any_removed(&self, table: TableCode, range: Range) -> StoreResult<bool> {
        let Some(since) = range.since else { return Ok(false) };
        let text = "SELECT EXISTS(SELECT 1 FROM _tombstone WHERE table_code=? AND version>? AND version<=?)";
        self.engine(self.conn.prepare_cached(text).and_then(|mut statement| statement.query_row(params![table.0, since, range.until], |row| row.get(0))))
    }
}

#[derive(Clone, Copy)]
struct Range {
    since: Option<i64>,
    until: i64,
}

struct Delivered {
    given: u32,
    more: bool,
    stopped: bool,
}

impl ReadTx for Snapshot<'_> {
    fn file(&self, id: Uuid) -> StoreResult<Option<StoredFile>> {
        self.engine(files::find(self.conn, id))
    }

    fn file_blocks(&self, id: Uuid) -> StoreResult<Vec<(String, u64)>> {
        self.engine(files::blocks(self.conn, id))
    }

    fn read_file(&self, id: Uuid, range: std::ops::Range<u64>, each: &mut dyn FnMut(&[u8]) -> Result<()>) -> StoreResult<()> {
        match self.engine(files::read(self.conn, id, &range, each))? {
            files::Read::Done => Ok(()),
            files::Read::NoSuchFile => Err(StoreError::failed("there is no complete file of this id")),
            files::Read::Damaged => Err(StoreError::failed("bytes of a file are missing: run the check")),
            files::Read::Stopped(error) => Err(error.into()),
        }
    }

    fn metadata_number(&self) -> StoreResult<Version> {
        Ok(self.state.metadata)
    }

    fn definitions(&self, since: Version, each: &mut dyn FnMut(DefinitionRow) -> Result<()>) -> StoreResult<()> {
        let mut statement =
            self.engine(self.conn.prepare_cached("SELECT kind,id,owner,version,body FROM _definition WHERE version>? ORDER BY version,rowid"))?;
        let mut rows = self.engine(statement.query([since.0]))?;
        while let Some(row) = self.engine(rows.next())? {
            each(self.engine(definition_of(row))?)?;
        }
        Ok(())
    }

    fn removed_definitions(&self, since: Version) -> StoreResult<Vec<(DefinitionKind, Uuid, Version)>> {
        let read = || {
            let mut statement = self.conn.prepare_cached("SELECT kind,id,version FROM _definition_tombstone WHERE version>? ORDER BY version,id")?;
            let mut rows = statement.query([since.0])?;
            let mut removed = Vec::new();
            while let Some(row) = rows.next()? {
                removed.push((kind_at(row, 0)?, uuid_at(row, 1)?, Version(row.get(2)?)));
            }
            Ok(removed)
        };
        self.engine(read())
    }

    fn setting(&self, name: &str) -> StoreResult<Option<String>> {
        let read = || self.conn.prepare_cached("SELECT value FROM _setting WHERE name=?")?.query_row([name], |row| row.get(0)).optional();
        self.engine(read())
    }

    fn epoch(&self) -> StoreResult<Epoch> {
        Ok(self.state.epoch)
    }

    fn position(&self) -> StoreResult<Position> {
        Ok(position(self.state.epoch, self.state.position))
    }

    fn judge(&self, table: TableCode, position: &Position) -> StoreResult<PositionState> {
        let Some((epoch, version)) = parts(position) else {
            return Ok(PositionState::Malformed);
        };
        if epoch != self.state.epoch || version > self.state.position || version < 0 {
            return Ok(PositionState::Foreign);
        }
        let read = || self.conn.prepare_cached("SELECT version FROM _horizon WHERE table_code=?")?.query_row([table.0], |row| row.get::<_, i64>(0)).optional();
        let horizon = self.engine(read())?;
        Ok(if horizon.is_some_and(|horizon| version < horizon) { PositionState::Purged } else { PositionState::Good })
    }

    fn removals(&self) -> StoreResult<Removals> {
        // Each table's first removal is looked up in an index; the numbers are kept (`tally`).
        let text = "SELECT coalesce(sum(tombstone_count),0),min((SELECT at_s FROM _tombstone AS t WHERE t.table_code=_tally.table_code ORDER BY t.version LIMIT 1)) \
            FROM _tally WHERE tombstone_count>0";
        let (count, oldest_s): (i64, _) =
            self.engine(self.conn.prepare_cached(text).and_then(|mut found| found.query_row((), |row| Ok((row.get(0)?, row.get(1)?)))))?;
        Ok(Removals { count: u64::try_from(count).unwrap_or(0), oldest_s })
    }

    fn version_of(&self, table: &Table, id: Uuid) -> StoreResult<Option<Version>> {
        Ok(self.engine(locate(self.conn, table, id))?.map(|(_, version)| Version(version)))
    }

    fn select(&self, query: &SecuredQuery, count: Option<u64>, sink: &mut dyn RowSink) -> StoreResult<bool> {
        let select = driftless_sql::select(query, self.targets()?)?;
        sink.start(&PageHead { query: query.query(), count })?;
        Ok(self.deliver(&select, query.query().limit, sink, &mut |_| {})?.more)
    }

    fn count(&self, query: &SecuredQuery, cap: Option<u64>) -> StoreResult<u64> {
        let statement = driftless_sql::count(query, cap)?;
        self.engine(count_of(self.conn, &statement))
    }

    fn changes(&self, request: &ChangeRequest<'_>, sink: &mut dyn RowSink) -> StoreResult<ChangesEnd> {
        let query = request.query.query();
        let limit = request.limit.max(1);
        if let Some((limit, ms)) = self.changes_end {
            limit.begin(ms);
        }
        let range = self.range(request)?;
        let begin = range.since.unwrap_or(0);
        let mut room = limit;
        sink.start(&PageHead { query, count: None })?;
        if request.cut.is_none_or(|cut| cut.phase == Phase::Rows) {
            let after = request.cut.map_or(begin, |cut| cut.version.0.max(begin));
            let versions = VersionRange { after: Version(after), until: Version(range.until) };
            let select = driftless_sql::changed_rows(request.query, versions, limit.saturating_add(1), self.targets()?)?;
            let first = query.groups.first().map_or(0, |group| group.first);
            let mut last = None;
            let delivered = self.deliver(&select, Some(limit), sink, &mut |row| last = Some((row.get(first).id(), row.get(first + 1).to_owned())))?;
            room = limit.saturating_sub(delivered.given);
            if delivered.more || ((delivered.stopped || room == 0) && self.any_removed(query.table.def.code, range)?) {
                let Some((Some(id), driftless_model::Value::BigInt(version))) = last else {
                    return Err(StoreError::failed("a changed row came without id or version"));
                };
                return Ok(ChangesEnd { next: Some(Cut { phase: Phase::Rows, version: Version(version), id }) });
            }
            if delivered.stopped {
                return Ok(ChangesEnd { next: None });
            }
        }
        let Some(since) = range.since else {
            return Ok(ChangesEnd { next: None });
        };
        let after = request.cut.filter(|cut| cut.phase == Phase::Removed).map_or(since, |cut| cut.version.0.max(since));
        if room == 0 {
            return Ok(ChangesEnd { next: None });
        }
        Ok(ChangesEnd { next: self.removed(query.table.def.code, after, range.until, room, sink)? })
    }

    fn count_changes(&self, request: &ChangeRequest<'_>) -> StoreResult<u64> {
        let range = self.range(request)?;
        let versions = VersionRange { after: Version(range.since.unwrap_or(0)), until: Version(range.until) };
        let statement = driftless_sql::count_changed_rows(request.query, versions)?;
        let rows = self.engine(count_of(self.conn, &statement))?;
        let Some(since) = range.since else { return Ok(rows) };
        let code = request.query.query().table.def.code;
        let text = "SELECT count(*) FROM _tombstone WHERE table_code=? AND version>? AND version<=?";
        let count = || self.conn.prepare_cached(text)?.query_row(params![code.0, since, range.until], |row| row.get::<_, i64>(0));
        Ok(rows + u64::try_from(self.engine(count())?).unwrap_or(0))
    }
}

/// Rowid and version of the row with this id.
pub(crate) fn locate(conn: &Connection, table: &Table, id: Uuid) -> rusqlite::Result<Option<(i64, i64)>> {
    conn.prepare_cached(&driftless_sql::locate(table))?.query_row([id.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

fn definition_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<DefinitionRow> {
    let owner = if row.get_ref(2)? == rusqlite::types::ValueRef::Null { None } else { Some(uuid_at(row, 2)?) };
    Ok(DefinitionRow { kind: kind_at(row, 0)?, id: uuid_at(row, 1)?, owner, version: Version(row.get(3)?), body: row.get(4)? })
}

fn count_of(conn: &Connection, statement: &driftless_sql::Statement<'_>) -> rusqlite::Result<u64> {
    let mut prepared = prepare(conn, statement)?;
    let mut rows = prepared.raw_query();
    let count: i64 = rows.next()?.map_or(Ok(0), |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

fn kind_at(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<DefinitionKind> {
    let name: String = row.get(at)?;
    DefinitionKind::parse(&name).ok_or_else(|| rusqlite::Error::InvalidColumnType(at, name, rusqlite::types::Type::Text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_as_written() {
        let position = position(Epoch(u64::MAX - 1), 4_711);
        assert_eq!(parts(&position), Some((Epoch(u64::MAX - 1), 4_711)));
        for wrong in [&[][..], &[0; 15], &[0; 17]] {
            assert_eq!(parts(&Position::new(wrong)), None);
        }
    }
}
