//! The reference store: plain maps in memory, one clone for each unit. It is an oracle for tests, not a place to run: obviously right, and slow.

mod files;
mod read;
mod rows;
mod write;

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use driftless_model::{Epoch, LogicalName, Position, Result, TableCode, Uuid, Value, Version};

use crate::{DefinitionKind, DefinitionRow, ReadTx, Store, Unit, Written};

/// A store in memory. Clones share what they hold: a clone that is made before another is dropped is a restart.
#[derive(Clone)]
pub struct ReferenceStore {
    /// The last committed state. Readers keep the one that they began with.
    committed: Arc<Mutex<Arc<State>>>,
    /// Held while a unit runs: there is one writer.
    writer: Arc<Mutex<()>>,
}

impl ReferenceStore {
    /// An empty store of this incarnation.
    pub fn new(epoch: Epoch) -> Self {
        Self { committed: Arc::new(Mutex::new(Arc::new(State::new(epoch)))), writer: Arc::default() }
    }

    fn present(&self) -> Arc<State> {
        Arc::clone(&lock(&self.committed))
    }
}

impl Store for ReferenceStore {
    fn read(&self, work: &mut dyn FnMut(&dyn ReadTx) -> Result<()>) -> Result<()> {
        work(&*self.present())
    }

    fn submit(&self, mut unit: Unit) -> Written<'_> {
        let mut run = move || {
            let _alone = lock(&self.writer);
            let mut draft = State::clone(&self.present());
            (unit.work)(&mut draft)?;
            *lock(&self.committed) = Arc::new(draft);
            Ok(())
        };
        Box::pin(ready(run()))
    }
}

/// A panic in a unit leaves nothing behind, so a lock that it poisoned can be used.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All that the store holds. A read transaction is a state that nobody changes, a unit works on a clone.
#[derive(Clone)]
struct State {
    epoch: Epoch,
    /// The highest version written.
    position: Version,
    /// Version of the newest change of a definition.
    metadata: Version,
    /// The last version given out. Shared by all states: what a failed unit took is not given again.
    last_version: Arc<AtomicI64>,
    tables: BTreeMap<TableCode, StoredTable>,
    definitions: BTreeMap<(DefinitionKind, Uuid), DefinitionRow>,
    removed_definitions: BTreeMap<(DefinitionKind, Uuid), Version>,
    settings: BTreeMap<String, String>,
    files: BTreeMap<Uuid, files::Kept>,
}

impl State {
    fn new(epoch: Epoch) -> Self {
        Self {
            epoch,
            position: Version(0),
            metadata: Version(0),
            last_version: Arc::default(),
            tables: BTreeMap::new(),
            definitions: BTreeMap::new(),
            removed_definitions: BTreeMap::new(),
            settings: BTreeMap::new(),
            files: BTreeMap::new(),
        }
    }

    fn position_at(&self, version: Version) -> Position {
        let mut bytes = vec![POSITION_TAG];
        bytes.extend(self.epoch.0.to_be_bytes());
        bytes.extend(version.0.to_be_bytes());
        Position::new(bytes)
    }
}

/// First byte of positions: other stores' positions are not taken for ours.
const POSITION_TAG: u8 = b'r';

/// Epoch and version of a position; none if it is not one of this kind of store.
fn parts(position: &Position) -> Option<(Epoch, Version)> {
    let [POSITION_TAG, rest @ ..] = position.as_bytes() else { return None };
    let (epoch, version) = rest.split_first_chunk::<8>()?;
    Some((Epoch(u64::from_be_bytes(*epoch)), Version(i64::from_be_bytes(version.try_into().ok()?))))
}

/// A physical table.
#[derive(Clone)]
struct StoredTable {
    name: LogicalName,
    /// Physical name of the primary name column.
    name_column: Option<String>,
    rows: BTreeMap<Uuid, StoredRow>,
    tombstones: BTreeMap<Uuid, Tombstone>,
    /// Version of the last purged tombstone.
    horizon: Version,
    keys: Vec<BuiltKey>,
}

#[derive(Clone)]
struct StoredRow {
    version: Version,
    /// By physical name: places of columns are valid for one metadata snapshot only.
    cells: BTreeMap<String, Value>,
}

#[derive(Clone, Copy)]
struct Tombstone {
    version: Version,
    at_s: i64,
}

/// A key whose unique index is there.
#[derive(Clone)]
struct BuiltKey {
    id: Uuid,
    /// Physical names.
    columns: Vec<String>,
}
