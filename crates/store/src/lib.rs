//! What a store must do, and what it promises.
//!
//! A [`Store`] keeps rows in tables, versions, tombstones and definitions. It knows nothing of callers, privileges or messages: those are in `core`. Start with
//! [`Store`], [`ReadTx`] and [`WriteTx`].
//!
//! Promises that every engine keeps (the conformance suite checks them):
//!
//! - A unit of work is one transaction; what it wrote is durable before [`Store::submit`] ends, or nothing of it is there (A3, REL-01, REL-05).
//! - A position covers exactly the changes visible in the snapshot in which it was taken (A4).
//! - No row is written or removed without a new version (A5): [`Stamped`] and [`StampedRemoval`] can be made only by taking one.
//! - Rows and changes are selected by `SecuredQuery` only (A6).
//! - Files belong to a column of a row: they go with the row, with the column and with the table. Their bytes come back as they were given.

mod change;
#[cfg(any(test, feature = "test-support"))]
pub mod conformance;
mod definition;
mod error;
#[cfg(any(test, feature = "test-support"))]
pub mod fault;
mod file;
#[cfg(any(test, feature = "test-support"))]
pub mod fixture;
#[cfg(any(test, feature = "test-support"))]
pub mod law;
#[cfg(any(test, feature = "test-support"))]
pub mod reference;
#[cfg(any(test, feature = "test-support"))]
pub mod sabotage;
mod schema;
mod stamp;

pub use change::{ChangeRequest, ChangesEnd, Cut, Phase, PositionState, Removals};
pub use definition::{DefinitionKind, DefinitionRow};
pub use error::{Duplicate, StoreError, StoreResult};
pub use file::{Completion, FilePlace, StoredFile};
pub use schema::{KeyBuild, SchemaChange};
pub use stamp::{Stamped, StampedRemoval};

use std::ops::Range;
use std::pin::Pin;

use driftless_model::{Epoch, Error, ErrorCode, Position, Result, TableCode, Uuid, Version};
use driftless_query::{RowSink, SecuredQuery};

/// What comes of a unit of work: ends when it is durable or refused. The unit runs whether or not anybody waits for it.
pub type Written<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

/// A store. Usable from any number of threads; reads block.
pub trait Store: Send + Sync {
    /// Runs `work` in a read transaction: it sees one snapshot. `work` is called once.
    ///
    /// # Errors
    /// What `work` returns; 0x80044150 when the store cannot be read.
    fn read(&self, work: &mut dyn FnMut(&dyn ReadTx) -> Result<()>) -> Result<()>;

    /// Has a unit of work run in a write transaction. The unit may be run several times after a conflict, each time on a fresh transaction, and on another
    /// thread; nothing of an earlier run remains.
    ///
    /// # Errors
    /// What the unit returns (then nothing of it is kept); 0x80044150 with a time to try again when it waited too long or the disk is full.
    fn submit(&self, unit: Unit) -> Written<'_>;

    /// How the store does, for whoever looks after it: at once, without a transaction.
    fn figures(&self) -> StoreFigures {
        StoreFigures { is_writable: true, ..StoreFigures::default() }
    }
}

/// Figures of a store since it was opened. What an engine does not know is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreFigures {
    /// Whether units are taken: false after damage or a failed sync, until the next start.
    pub is_writable: bool,
    /// Units that were kept.
    pub committed: u64,
    /// Units of which nothing was kept.
    pub failed: u64,
    /// Commits, each of one unit or more.
    pub commits: u64,
    /// Nanoseconds of all commits together.
    pub commit_ns: u64,
    /// Reading connections that are lent.
    pub readers_in_use: u64,
    /// Bytes of the database.
    pub database_bytes: u64,
    /// Bytes of its log.
    pub log_bytes: u64,
    /// The last version that was given to a change that was kept.
    pub version: i64,
}

/// A closure that runs in a write transaction. It owns what it uses, so that the store may run it on another thread and commit many together.
pub type UnitWork = Box<dyn FnMut(&mut dyn WriteTx) -> Result<()> + Send>;

/// A unit of work: all of it happens, or nothing.
pub struct Unit {
    /// What is done.
    pub work: UnitWork,
    /// How it may be scheduled.
    pub length: Length,
}

/// How long a unit may hold the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Microseconds to milliseconds: committed in a group with others.
    Short,
    /// An import, an index build, the removal of a table: a group of its own.
    Long,
}

impl dyn Store + '_ {
    /// [`Store::read`] with a result.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn reading<T>(&self, work: impl FnOnce(&dyn ReadTx) -> Result<T>) -> Result<T> {
        let (mut work, mut done) = (Some(work), None);
        self.read(&mut |tx| {
            if let Some(work) = work.take() {
                done = Some(work(tx)?);
            }
            Ok(())
        })?;
        done.ok_or_else(|| Error::damaged("the store did not run a read"))
    }

    /// [`Store::submit`] with a result, which is that of the last run, waiting on this thread.
    ///
    /// # Errors
    /// As [`Store::submit`].
    pub fn writing<T: Send + 'static>(&self, length: Length, work: impl FnMut(&mut dyn WriteTx) -> Result<T> + Send + 'static) -> Result<T> {
        pollster::block_on(self.submitting(length, work))
    }

    /// [`Store::submit`] with a result, which is that of the last run.
    ///
    /// # Errors
    /// As [`Store::submit`].
    pub async fn submitting<T: Send + 'static>(&self, length: Length, mut work: impl FnMut(&mut dyn WriteTx) -> Result<T> + Send + 'static) -> Result<T> {
        let done = std::sync::Arc::new(std::sync::Mutex::new(None));
        let result = std::sync::Arc::clone(&done);
        let work: UnitWork = Box::new(move |tx| {
            let value = work(tx)?;
            *result.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(value);
            Ok(())
        });
        self.submit(Unit { work, length }).await?;
        let value = done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        value.ok_or_else(|| Error::damaged("the store did not run a unit"))
    }
}

/// Reads of one snapshot.
pub trait ReadTx {
    /// The number of the newest definition change: a metadata snapshot of this number is current (A8).
    ///
    /// # Errors
    /// When the store cannot be read.
    fn metadata_number(&self) -> StoreResult<Version>;

    /// Gives the definitions that were written after `since` (version 0 for all) to `each`, by version. One at a time: all of them together can be large.
    ///
    /// # Errors
    /// What `each` returns, or when the store cannot be read.
    fn definitions(&self, since: Version, each: &mut dyn FnMut(DefinitionRow) -> Result<()>) -> StoreResult<()>;

    /// Tables and their parts whose definition was removed after `since`: kind, id and version of the removal, by version.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn removed_definitions(&self, since: Version) -> StoreResult<Vec<(DefinitionKind, Uuid, Version)>>;

    /// A named setting of the service that is no row of a table: the token key, the counter of table numbers.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn setting(&self, name: &str) -> StoreResult<Option<String>>;

    /// The incarnation of the database.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn epoch(&self) -> StoreResult<Epoch>;

    /// The position of this snapshot (A4).
    ///
    /// # Errors
    /// When the store cannot be read.
    fn position(&self) -> StoreResult<Position>;

    /// What can be answered from `position` for a table.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn judge(&self, table: TableCode, position: &Position) -> StoreResult<PositionState>;

    /// The removals that the feeds of all tables still tell, as of the last commit. Costs a few looks for each table, not one for each removal.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn removals(&self) -> StoreResult<Removals>;

    /// The version of the row with this id; none if there is no such row. What a check that a row exists asks for: far cheaper than a query.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn version_of(&self, table: &driftless_model::Table, id: Uuid) -> StoreResult<Option<Version>>;

    /// Rows of a query, in its order, to `sink`. Calls `sink.start` first, with `count`. Gives true if there are more rows than were delivered: behind
    /// the limit, or behind the row at which the sink stopped.
    ///
    /// # Errors
    /// What the sink returns, or when the store cannot be read.
    fn select(&self, query: &SecuredQuery, count: Option<u64>, sink: &mut dyn RowSink) -> StoreResult<bool>;

    /// Number of rows of a query, disregarding its limit and cut; counting ends at `cap`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn count(&self, query: &SecuredQuery, cap: Option<u64>) -> StoreResult<u64>;

    /// Changes of a table in a range of positions: rows in version order, then removed ids in order of removal (CT-26, CT-38).
    ///
    /// # Errors
    /// What the sink returns, or when the store cannot be read.
    fn changes(&self, request: &ChangeRequest<'_>, sink: &mut dyn RowSink) -> StoreResult<ChangesEnd>;

    /// Number of items that [`ReadTx::changes`] would give over all pages (CT-29).
    ///
    /// # Errors
    /// When the store cannot be read.
    fn count_changes(&self, request: &ChangeRequest<'_>) -> StoreResult<u64>;

    /// What is known of a file; none for one that was removed.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn file(&self, id: Uuid) -> StoreResult<Option<StoredFile>>;

    /// Names and lengths in bytes of a file's blocks, by name.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn file_blocks(&self, id: Uuid) -> StoreResult<Vec<(String, u64)>>;

    /// Gives a range of a complete file's bytes to `each`, piece by piece in order: a file may be larger than memory. What lies behind the file's end is left out.
    ///
    /// # Errors
    /// What `each` returns; when the file is not complete or the store cannot be read.
    fn read_file(&self, id: Uuid, range: Range<u64>, each: &mut dyn FnMut(&[u8]) -> Result<()>) -> StoreResult<()>;
}

/// Reads and writes of one transaction; reads see its own writes.
pub trait WriteTx: ReadTx {
    /// For handing the transaction to what only reads.
    fn as_read(&self) -> &dyn ReadTx;

    /// The next version. Numbers rise and are never given twice, also over restarts and epochs (CT-20).
    ///
    /// # Errors
    /// When the store cannot reserve numbers.
    fn next_version(&mut self) -> StoreResult<Version>;

    /// Adds a row. A tombstone of the same id goes (CT-16).
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the id or the value of an active key exists; the transaction stays usable.
    fn insert(&mut self, row: &Stamped<'_>) -> StoreResult<()>;

    /// Changes the given columns of a row. Gives false if there is no such row.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the value of an active key exists; the transaction stays usable.
    fn update(&mut self, row: &Stamped<'_>) -> StoreResult<bool>;

    /// Removes a row; a tracked table keeps a tombstone. Gives false if there is no such row.
    ///
    /// # Errors
    /// When the store fails.
    fn remove(&mut self, row: &StampedRemoval<'_>) -> StoreResult<bool>;

    /// Adds or replaces a definition; the metadata number becomes its version.
    ///
    /// # Errors
    /// When the store fails.
    fn put_definition(&mut self, definition: &DefinitionRow) -> StoreResult<()>;

    /// Removes a definition and leaves a metadata tombstone; the metadata number becomes `version`.
    ///
    /// # Errors
    /// When the store fails.
    fn remove_definition(&mut self, kind: DefinitionKind, id: Uuid, version: Version, at_s: i64) -> StoreResult<()>;

    /// Changes physical tables and indexes to what definitions say.
    ///
    /// # Errors
    /// When the store fails. A key whose rows collide is a result, not an error.
    fn change_schema(&mut self, change: &SchemaChange<'_>) -> StoreResult<KeyBuild>;

    /// Sets a named setting.
    ///
    /// # Errors
    /// When the store fails.
    fn set_setting(&mut self, name: &str, value: &str) -> StoreResult<()>;

    /// Removes at most `limit` of a table's tombstones, in version order, that are older than `before_s`, and raises the table's horizon over them (REL-09). Gives
    /// their number.
    ///
    /// # Errors
    /// When the store fails.
    fn purge_tombstones(&mut self, table: TableCode, before_s: i64, limit: u32) -> StoreResult<u32>;

    /// Begins a file without blocks, for a row that is there. Only its id, place, name, media type and time are looked at.
    ///
    /// # Errors
    /// When the store fails, or the id is that of another file.
    fn begin_file(&mut self, file: &StoredFile) -> StoreResult<()>;

    /// Adds a block to a file that is not complete; one of this name is replaced. Gives false if there is no such file.
    ///
    /// # Errors
    /// When the store fails.
    fn put_block(&mut self, file: Uuid, name: &str, bytes: &[u8], at_s: i64) -> StoreResult<bool>;

    /// Puts a file together from its blocks, in this order; blocks that are not named go. From now on it can be read and gets no more blocks.
    ///
    /// # Errors
    /// When the store fails.
    fn complete_file(&mut self, file: Uuid, blocks: &[String], name: &str, media_type: &str) -> StoreResult<Completion>;

    /// Removes a file. Gives false if there is no such file.
    ///
    /// # Errors
    /// When the store fails.
    fn remove_file(&mut self, id: Uuid) -> StoreResult<bool>;

    /// Frees what removed files still take, and removes files that are not complete and got no block since `before_s`. Stops after about `limit` pieces of at most
    /// a MiB, so that it does not hold the writer, and gives true if there is more to do.
    ///
    /// # Errors
    /// When the store fails.
    fn purge_files(&mut self, before_s: i64, limit: u32) -> StoreResult<bool>;
}

/// The 503 that a store answers when a unit could not start in time or cannot be taken now.
pub fn unavailable(message: &str, retry_after_s: u32) -> Error {
    Error::new(ErrorCode::StoreUnavailable, message).retry_after(retry_after_s)
}
