//! Stores that break one promise each: the law of the feed must notice every one of them. (The fifth seeded fault, a position taken at the last page, is made
//! by the reader: see `law::Protocol`.)

use std::collections::BTreeSet;
use std::ops::{Deref, Range};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use driftless_model::{Epoch, Position, Result, Table, TableCode, Uuid, Version};
use driftless_query::{Flow, PageHead, RowSink, RowView, SecuredQuery};

use crate::{
    ChangeRequest, ChangesEnd, Completion, Cut, DefinitionKind, DefinitionRow, KeyBuild, PositionState, ReadTx, Removals, SchemaChange, Stamped,
    StampedRemoval, Store, StoreResult, StoredFile, Unit, UnitWork, WriteTx, Written,
};

/// Which promise is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// Some units write with a version that was taken before another unit committed (CT-54).
    VersionOutsideLock,
    /// The tombstone of a row is still delivered after the row was made again (CT-16).
    TombstoneKept,
    /// A page begins with the last item of the page before (CT-38).
    CutRepeats,
    /// A removal leaves no tombstone (CT-14).
    TombstoneDropped,
}

/// A store that breaks a promise of the one that it wraps.
pub struct SabotagedStore<S: Store + ?Sized> {
    inner: Arc<S>,
    plot: Arc<Plot>,
}

impl<S: Store + ?Sized> SabotagedStore<S> {
    /// Wraps a store.
    pub fn new(inner: Arc<S>, sabotage: Sabotage) -> Self {
        Self { inner, plot: Arc::new(Plot { sabotage, memory: Mutex::default() }) }
    }
}

impl<S: Store + ?Sized> Store for SabotagedStore<S> {
    fn read(&self, work: &mut dyn FnMut(&dyn ReadTx) -> Result<()>) -> Result<()> {
        self.inner.read(&mut |tx| work(&SabotagedTx { inner: tx, plot: &self.plot, stamped: false }))
    }

    fn submit(&self, unit: Unit) -> Written<'_> {
        let Unit { mut work, length } = unit;
        let plot = Arc::clone(&self.plot);
        let work: UnitWork = Box::new(move |tx| work(&mut SabotagedTx { inner: tx, plot: &plot, stamped: false }));
        self.inner.submit(Unit { work, length })
    }
}

struct Plot {
    sabotage: Sabotage,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    /// A version that a later unit will write with.
    held_back: Option<Version>,
    removed: BTreeSet<(TableCode, Uuid)>,
    made_again: BTreeSet<(TableCode, Uuid)>,
}

impl Plot {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changes<T: ReadTx + ?Sized>(&self, inner: &T, request: &ChangeRequest<'_>, sink: &mut dyn RowSink) -> StoreResult<ChangesEnd> {
        match (self.sabotage, request.cut) {
            (Sabotage::CutRepeats, Some(cut)) => {
                // Removals and rows are found by version alone or by version and id: both go one back.
                let earlier = Cut { version: Version(cut.version.0 - 1), id: Uuid::max(), ..*cut };
                inner.changes(&ChangeRequest { cut: Some(&earlier), ..*request }, sink)
            }
            (Sabotage::TombstoneKept, _) if request.since.is_some() => {
                let table = request.query.query().table.def.code;
                let mut ghosts = Ghosts { sink, id_at: request.query.query().groups.first().map_or(0, |group| group.first), passed: Vec::new() };
                let end = inner.changes(request, &mut ghosts)?;
                let Ghosts { sink, passed, .. } = ghosts;
                if end.next.is_none() {
                    let made_again = self.memory().made_again.clone();
                    for id in passed.into_iter().filter(|id| made_again.contains(&(table, *id))) {
                        sink.removed(id)?;
                    }
                }
                Ok(end)
            }
            _ => inner.changes(request, sink),
        }
    }
}

/// Remembers which rows pass.
struct Ghosts<'a> {
    sink: &'a mut dyn RowSink,
    id_at: usize,
    passed: Vec<Uuid>,
}

impl RowSink for Ghosts<'_> {
    fn start(&mut self, head: &PageHead<'_>) -> Result<()> {
        self.sink.start(head)
    }

    fn row(&mut self, row: &dyn RowView) -> Result<Flow> {
        self.passed.extend(row.get(self.id_at).id());
        self.sink.row(row)
    }

    fn removed(&mut self, id: Uuid) -> Result<Flow> {
        self.sink.removed(id)
    }
}

/// A transaction: `I` borrows a read or a write transaction.
struct SabotagedTx<'a, I> {
    inner: I,
    plot: &'a Plot,
    /// The unit has taken a version.
    stamped: bool,
}

impl<I: Deref> ReadTx for SabotagedTx<'_, I>
where
    I::Target: ReadTx,
{
    fn metadata_number(&self) -> StoreResult<Version> {
        self.inner.metadata_number()
    }

    fn definitions(&self, since: Version, each: &mut dyn FnMut(DefinitionRow) -> Result<()>) -> StoreResult<()> {
        self.inner.definitions(since, each)
    }

    fn removed_definitions(&self, since: Version) -> StoreResult<Vec<(DefinitionKind, Uuid, Version)>> {
        self.inner.removed_definitions(since)
    }

    fn setting(&self, name: &str) -> StoreResult<Option<String>> {
        self.inner.setting(name)
    }

    fn epoch(&self) -> StoreResult<Epoch> {
        self.inner.epoch()
    }

    fn position(&self) -> StoreResult<Position> {
        self.inner.position()
    }

    fn judge(&self, table: TableCode, position: &Position) -> StoreResult<PositionState> {
        self.inner.judge(table, position)
    }

    fn removals(&self) -> StoreResult<Removals> {
        self.inner.removals()
    }

    fn version_of(&self, table: &Table, id: Uuid) -> StoreResult<Option<Version>> {
        self.inner.version_of(table, id)
    }

    fn select(&self, query: &SecuredQuery, count: Option<u64>, sink: &mut dyn RowSink) -> StoreResult<bool> {
        self.inner.select(query, count, sink)
    }

    fn count(&self, query: &SecuredQuery, cap: Option<u64>) -> StoreResult<u64> {
        self.inner.count(query, cap)
    }

    fn changes(&self, request: &ChangeRequest<'_>, sink: &mut dyn RowSink) -> StoreResult<ChangesEnd> {
        self.plot.changes(&*self.inner, request, sink)
    }

    fn count_changes(&self, request: &ChangeRequest<'_>) -> StoreResult<u64> {
        self.inner.count_changes(request)
    }

    fn file(&self, id: Uuid) -> StoreResult<Option<StoredFile>> {
        self.inner.file(id)
    }

    fn file_blocks(&self, id: Uuid) -> StoreResult<Vec<(String, u64)>> {
        self.inner.file_blocks(id)
    }

    fn read_file(&self, id: Uuid, range: Range<u64>, each: &mut dyn FnMut(&[u8]) -> Result<()>) -> StoreResult<()> {
        self.inner.read_file(id, range, each)
    }
}

impl WriteTx for SabotagedTx<'_, &mut dyn WriteTx> {
    fn as_read(&self) -> &dyn ReadTx {
        self
    }

    fn next_version(&mut self) -> StoreResult<Version> {
        if self.plot.sabotage != Sabotage::VersionOutsideLock || std::mem::replace(&mut self.stamped, true) {
            return self.inner.next_version();
        }
        if let Some(early) = self.plot.memory().held_back.take() {
            return Ok(early);
        }
        let early = self.inner.next_version()?;
        self.plot.memory().held_back = Some(early);
        self.inner.next_version()
    }

    fn insert(&mut self, row: &Stamped<'_>) -> StoreResult<()> {
        self.inner.insert(row)?;
        let place = (row.table().def.code, row.id());
        let mut memory = self.plot.memory();
        if memory.removed.remove(&place) {
            memory.made_again.insert(place);
        }
        Ok(())
    }

    fn update(&mut self, row: &Stamped<'_>) -> StoreResult<bool> {
        self.inner.update(row)
    }

    fn remove(&mut self, row: &StampedRemoval<'_>) -> StoreResult<bool> {
        let place = (row.table().def.code, row.id());
        let mut memory = self.plot.memory();
        memory.made_again.remove(&place);
        memory.removed.insert(place);
        drop(memory);
        if self.plot.sabotage != Sabotage::TombstoneDropped {
            return self.inner.remove(row);
        }
        let mut untracked = row.table().clone();
        untracked.def.change_tracking = false;
        let removal = StampedRemoval::new(self.inner, &untracked, row.id(), row.at_s())?;
        self.inner.remove(&removal)
    }

    fn put_definition(&mut self, definition: &DefinitionRow) -> StoreResult<()> {
        self.inner.put_definition(definition)
    }

    fn remove_definition(&mut self, kind: DefinitionKind, id: Uuid, version: Version, at_s: i64) -> StoreResult<()> {
        self.inner.remove_definition(kind, id, version, at_s)
    }

    fn change_schema(&mut self, change: &SchemaChange<'_>) -> StoreResult<KeyBuild> {
        self.inner.change_schema(change)
    }

    fn set_setting(&mut self, name: &str, value: &str) -> StoreResult<()> {
        self.inner.set_setting(name, value)
    }

    fn purge_tombstones(&mut self, table: TableCode, before_s: i64, limit: u32) -> StoreResult<u32> {
        self.inner.purge_tombstones(table, before_s, limit)
    }

    fn begin_file(&mut self, file: &StoredFile) -> StoreResult<()> {
        self.inner.begin_file(file)
    }

    fn put_block(&mut self, file: Uuid, name: &str, bytes: &[u8], at_s: i64) -> StoreResult<bool> {
        self.inner.put_block(file, name, bytes, at_s)
    }

    fn complete_file(&mut self, file: Uuid, blocks: &[String], name: &str, media_type: &str) -> StoreResult<Completion> {
        self.inner.complete_file(file, blocks, name, media_type)
    }

    fn remove_file(&mut self, id: Uuid) -> StoreResult<bool> {
        self.inner.remove_file(id)
    }

    fn purge_files(&mut self, before_s: i64, limit: u32) -> StoreResult<bool> {
        self.inner.purge_files(before_s, limit)
    }
}
