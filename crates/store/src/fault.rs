//! A store that fails at a chosen call of a unit, so that a loop over the calls covers every failure point of a message.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use driftless_model::{Epoch, Position, Result, Table, TableCode, Uuid, Version};
use driftless_query::{RowSink, SecuredQuery};

use crate::{
    ChangeRequest, ChangesEnd, Completion, DefinitionKind, DefinitionRow, KeyBuild, PositionState, ReadTx, Removals, SchemaChange, Stamped, StampedRemoval,
    Store, StoreError, StoreResult, StoredFile, Unit, UnitWork, WriteTx, Written,
};

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// [`StoreError::Failed`].
    Failed,
    /// [`StoreError::Full`].
    Full,
}

/// Wraps a store and fails the n-th call inside write units: reads and writes of the transaction, and the commit, which counts as one call after the unit's
/// own. What is read outside of units goes through untouched.
///
/// ```ignore
/// let store = Arc::new(FaultStore::new(inner));
/// message(&store)?;
/// for n in 1..=store.calls() {
///     store.fail_at(n, Fault::Failed);
///     assert!(message(&store).is_err() && store.has_fired());
/// }
/// ```
pub struct FaultStore<S: Store + ?Sized> {
    inner: Arc<S>,
    calls: Arc<Calls>,
}

#[derive(Default)]
struct Calls {
    made: AtomicU64,
    /// The call that fails; 0 for none.
    fail_at: AtomicU64,
    full: AtomicBool,
}

impl Calls {
    /// Counts a call, and fails it if its turn has come.
    fn step(&self) -> StoreResult<()> {
        let call = self.made.fetch_add(1, Ordering::SeqCst) + 1;
        if call != self.fail_at.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err(if self.full.load(Ordering::SeqCst) { StoreError::Full } else { StoreError::failed(format!("call {call} failed on purpose")) })
    }
}

impl<S: Store + ?Sized> FaultStore<S> {
    /// Wraps a store. Nothing fails yet; calls are counted.
    pub fn new(inner: Arc<S>) -> Self {
        Self { inner, calls: Arc::default() }
    }

    /// Lets the `n`-th call from now on fail, counted from 1. The counter starts over.
    pub fn fail_at(&self, n: u64, fault: Fault) {
        self.calls.full.store(fault == Fault::Full, Ordering::SeqCst);
        self.calls.fail_at.store(n, Ordering::SeqCst);
        self.calls.made.store(0, Ordering::SeqCst);
    }

    /// Lets nothing fail from now on. The counter starts over.
    pub fn calm(&self) {
        self.fail_at(0, Fault::Failed);
    }

    /// Calls made since the counter started.
    pub fn calls(&self) -> u64 {
        self.calls.made.load(Ordering::SeqCst)
    }

    /// True if the call that was to fail was reached.
    pub fn has_fired(&self) -> bool {
        let fail_at = self.calls.fail_at.load(Ordering::SeqCst);
        fail_at > 0 && self.calls() >= fail_at
    }
}

impl<S: Store + ?Sized> fmt::Debug for FaultStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultStore").field("calls", &self.calls()).finish_non_exhaustive()
    }
}

impl<S: Store + ?Sized> Store for FaultStore<S> {
    fn read(&self, work: &mut dyn FnMut(&dyn ReadTx) -> Result<()>) -> Result<()> {
        self.inner.read(work)
    }

    fn submit(&self, unit: Unit) -> Written<'_> {
        let Unit { mut work, length } = unit;
        let calls = Arc::clone(&self.calls);
        let work: UnitWork = Box::new(move |tx| {
            work(&mut FaultTx { inner: tx, calls: &calls })?;
            Ok(calls.step()?)
        });
        self.inner.submit(Unit { work, length })
    }
}

struct FaultTx<'a> {
    inner: &'a mut dyn WriteTx,
    calls: &'a Calls,
}

impl ReadTx for FaultTx<'_> {
    fn metadata_number(&self) -> StoreResult<Version> {
        self.calls.step()?;
        self.inner.metadata_number()
    }

    fn definitions(&self, since: Version, each: &mut dyn FnMut(DefinitionRow) -> Result<()>) -> StoreResult<()> {
        self.calls.step()?;
        self.inner.definitions(since, each)
    }

    fn removed_definitions(&self, since: Version) -> StoreResult<Vec<(DefinitionKind, Uuid, Version)>> {
        self.calls.step()?;
        self.inner.removed_definitions(since)
    }

    fn setting(&self, name: &str) -> StoreResult<Option<String>> {
        self.calls.step()?;
        self.inner.setting(name)
    }

    fn epoch(&self) -> StoreResult<Epoch> {
        self.calls.step()?;
        self.inner.epoch()
    }

    fn position(&self) -> StoreResult<Position> {
        self.calls.step()?;
        self.inner.position()
    }

    fn judge(&self, table: TableCode, position: &Position) -> StoreResult<PositionState> {
        self.calls.step()?;
        self.inner.judge(table, position)
    }

    fn removals(&self) -> StoreResult<Removals> {
        self.calls.step()?;
        self.inner.removals()
    }

    fn version_of(&self, table: &Table, id: Uuid) -> StoreResult<Option<Version>> {
        self.calls.step()?;
        self.inner.version_of(table, id)
    }

    fn select(&self, query: &SecuredQuery, count: Option<u64>, sink: &mut dyn RowSink) -> StoreResult<bool> {
        self.calls.step()?;
        self.inner.select(query, count, sink)
    }

    fn count(&self, query: &SecuredQuery, cap: Option<u64>) -> StoreResult<u64> {
        self.calls.step()?;
        self.inner.count(query, cap)
    }

    fn changes(&self, request: &ChangeRequest<'_>, sink: &mut dyn RowSink) -> StoreResult<ChangesEnd> {
        self.calls.step()?;
        self.inner.changes(request, sink)
    }

    fn count_changes(&self, request: &ChangeRequest<'_>) -> StoreResult<u64> {
        self.calls.step()?;
        self.inner.count_changes(request)
    }

    fn file(&self, id: Uuid) -> StoreResult<Option<StoredFile>> {
        self.calls.step()?;
        self.inner.file(id)
    }

    fn file_blocks(&self, id: Uuid) -> StoreResult<Vec<(String, u64)>> {
        self.calls.step()?;
        self.inner.file_blocks(id)
    }

    fn read_file(&self, id: Uuid, range: Range<u64>, each: &mut dyn FnMut(&[u8]) -> Result<()>) -> StoreResult<()> {
        self.calls.step()?;
        self.inner.read_file(id, range, each)
    }
}

impl WriteTx for FaultTx<'_> {
    fn as_read(&self) -> &dyn ReadTx {
        self
    }

    fn next_version(&mut self) -> StoreResult<Version> {
        self.calls.step()?;
        self.inner.next_version()
    }

    fn insert(&mut self, row: &Stamped<'_>) -> StoreResult<()> {
        self.calls.step()?;
        self.inner.insert(row)
    }

    fn update(&mut self, row: &Stamped<'_>) -> StoreResult<bool> {
        self.calls.step()?;
        self.inner.update(row)
    }

    fn remove(&mut self, row: &StampedRemoval<'_>) -> StoreResult<bool> {
        self.calls.step()?;
        self.inner.remove(row)
    }

    fn put_definition(&mut self, definition: &DefinitionRow) -> StoreResult<()> {
        self.calls.step()?;
        self.inner.put_definition(definition)
    }

    fn remove_definition(&mut self, kind: DefinitionKind, id: Uuid, version: Version, at_s: i64) -> StoreResult<()> {
        self.calls.step()?;
        self.inner.remove_definition(kind, id, version, at_s)
    }

    fn change_schema(&mut self, change: &SchemaChange<'_>) -> StoreResult<KeyBuild> {
        self.calls.step()?;
        self.inner.change_schema(change)
    }

    fn set_setting(&mut self, name: &str, value: &str) -> StoreResult<()> {
        self.calls.step()?;
        self.inner.set_setting(name, value)
    }

    fn purge_tombstones(&mut self, table: TableCode, before_s: i64, limit: u32) -> StoreResult<u32> {
        self.calls.step()?;
        self.inner.purge_tombstones(table, before_s, limit)
    }

    fn begin_file(&mut self, file: &StoredFile) -> StoreResult<()> {
        self.calls.step()?;
        self.inner.begin_file(file)
    }

    fn put_block(&mut self, file: Uuid, name: &str, bytes: &[u8], at_s: i64) -> StoreResult<bool> {
        self.calls.step()?;
        self.inner.put_block(file, name, bytes, at_s)
    }

    fn complete_file(&mut self, file: Uuid, blocks: &[String], name: &str, media_type: &str) -> StoreResult<Completion> {
        self.calls.step()?;
        self.inner.complete_file(file, blocks, name, media_type)
    }

    fn remove_file(&mut self, id: Uuid) -> StoreResult<bool> {
        self.calls.step()?;
        self.inner.remove_file(id)
    }

    fn purge_files(&mut self, before_s: i64, limit: u32) -> StoreResult<bool> {
        self.calls.step()?;
        self.inner.purge_files(before_s, limit)
    }
}

#[cfg(test)]
mod tests {
    use driftless_model::{Epoch, ErrorCode, Value};

    use super::*;
    use crate::fixture::{Library, contents, id, insert, put, remove, unit, update};
    use crate::reference::ReferenceStore;

    #[test] // A3, REL-05: every failure point of a unit leaves nothing
    fn each_call_of_a_unit_can_fail() -> Result<()> {
        let store = FaultStore::new(Arc::new(ReferenceStore::new(Epoch(1))));
        let book = Library::create(&store)?.book;
        put(&store, &book, id(1), &[])?;
        put(&store, &book, id(2), &[])?;
        let before = contents(&store, &book, "name")?;
        let message = |n: u64, fault| {
            store.fail_at(n, fault);
            unit(&store, &book, |tx, book| {
                tx.metadata_number()?;
                tx.as_read().position()?;
                update(tx, book, id(1), &[("name", Value::text("x"))])?;
                remove(tx, book, id(2), 0)?;
                insert(tx, book, id(3), &[]).map(drop)
            })
        };
        // Two reads, three versions, three writes, the commit.
        for n in 1..=9 {
            for (fault, code) in [(Fault::Failed, ErrorCode::UnExpected), (Fault::Full, ErrorCode::StoreUnavailable)] {
                assert_eq!(message(n, fault).err().map(|error| error.code()), Some(code), "call {n}");
                assert!(store.has_fired());
                assert_eq!(contents(&store, &book, "name")?, before, "call {n}");
            }
        }
        message(10, Fault::Failed)?;
        assert!(!store.has_fired());
        assert_eq!(store.calls(), 9);
        assert_ne!(contents(&store, &book, "name")?, before);
        Ok(())
    }
}
