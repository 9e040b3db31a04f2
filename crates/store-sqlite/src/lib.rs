//! The store on embedded SQLite: one file, one writing connection with group commit, a few reading ones.
//!
//! Start with [`SqliteStore`]. How a write travels: `writer` (queue and thread), `group` (one transaction for many units), `unit` (what a unit may do). How a read
//! travels: `pool`, `reading`. `log` says when the engine's log is copied, `upkeep` does it. `open` decides whether a folder is still the same incarnation,
//! `versions` reserves numbers ahead, `check` verifies a folder.
//!
//! SQL texts of tables come from `driftless-sql`; here are only those of the store's own tables (`state`), whose names begin with `_`.

mod check;
mod connection;
mod error;
mod files;
mod group;
mod log;
mod open;
mod pool;
mod private;
mod reading;
mod rows;
mod schema;
mod state;
mod tally;
mod time_limit;
mod unit;
mod upkeep;
mod versions;
mod writer;

use std::fs::File;
use std::future::ready;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use driftless_model::{Limits, Result, Table, Uuid};
use driftless_store::{ReadTx, Store, StoreFigures, Unit, Written, unavailable};

pub use check::{CheckReport, Finding, FindingKind};
pub use error::{FatalHook, OpenError};

use connection::Purpose;
use error::Watch;
use log::Log;
use pool::{Pool, PoolOptions};
use time_limit::Times;
use upkeep::Upkeep;
use writer::{Writer, WriterThread};

/// How a store is opened.
#[derive(Clone)]
pub struct SqliteOptions {
    /// Most reading connections; they are made when first needed.
    pub readers_max: usize,
    /// Seconds that a unit may wait before it starts, and a read for a connection (`Limits::write_wait_s`). Units are looked at every 3 s.
    pub write_wait_s: u64,
    /// Bytes of the database that each connection maps into memory. Off unless set: reading was not faster with it, mapped pages count as the process's memory, and
    /// a failing disk would end the process by a signal.
    pub mmap_bytes: u64,
    /// What ends the process after damage or a failed sync; exits with code 70 unless set.
    pub fatal: FatalHook,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { readers_max: 6, write_wait_s: 30, mmap_bytes: 0, fatal: error::exit_hook() }
    }
}

impl std::fmt::Debug for SqliteOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteOptions")
            .field("readers_max", &self.readers_max)
            .field("write_wait_s", &self.write_wait_s)
            .field("mmap_bytes", &self.mmap_bytes)
            .finish_non_exhaustive()
    }
}

/// A store in a data folder.
pub struct SqliteStore {
    folder: PathBuf,
    times: Arc<Times>,
    pool: Arc<Pool>,
    /// None when opened for reading only.
    writing: Option<Writing>,
}

/// What only a store that writes has. Fields are dropped in this order: the writer ends, upkeep rests it a last time, then the lock goes.
struct Writing {
    _thread: WriterThread,
    _upkeep: Upkeep,
    writer: Arc<Writer>,
    _lock: File,
}

impl SqliteStore {
    /// Opens a data folder for this process alone, and makes it if it is not there: folders with mode 0700, files with 0600.
    ///
    /// A folder that was copied, or whose database was replaced by an older one, begins a new epoch (CT-52).
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(folder: &Path, options: &SqliteOptions) -> Result<Self, OpenError> {
        let opened = open::open(folder, options.mmap_bytes)?;
        let watch = Arc::new(Watch::new(Arc::clone(&options.fatal)));
        let wait = Duration::from_secs(options.write_wait_s);
        let times = Arc::clone(&opened.engine.times);
        let pool = PoolOptions { path: opened.database, purpose: Purpose::Read, mmap_bytes: options.mmap_bytes, connections_max: options.readers_max, wait };
        let writer = Arc::new(Writer::new(opened.engine, Arc::clone(&watch), Log::new(folder.join(open::LOG))));
        let pool = Arc::new(Pool::new(pool, watch, Arc::clone(&times)));
        let upkeep = Upkeep::start(Arc::clone(&writer), Arc::clone(&pool), wait)?;
        let thread = WriterThread::start(Arc::clone(&writer))?;
        Ok(Self { folder: folder.to_owned(), pool, times, writing: Some(Writing { _thread: thread, _upkeep: upkeep, writer, _lock: opened.lock }) })
    }

    /// Opens a data folder to look at it: nothing in it changes, no epoch begins, and a service may be running on it. Writes are refused.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_read_only(folder: &Path) -> Result<Self, OpenError> {
        let database = folder.join(open::DATABASE);
        if !database.is_file() {
            return Err(OpenError::Unreadable(format!("{} is not there", database.display())));
        }
        let at_rest = !folder.join(open::LOG).exists() && !folder.join(open::LOG_INDEX).exists();
        let purpose = if at_rest { Purpose::InspectAtRest } else { Purpose::Inspect };
        let conn = connection::open(&database, purpose, 0)?;
        if !state::exists(&conn)? {
            return Err(OpenError::Unreadable(format!("{} is not a database of this program", database.display())));
        }
        open::check_format(&conn)?;
        let pool = PoolOptions { path: database, purpose, mmap_bytes: 0, connections_max: 2, wait: Duration::from_secs(30) };
        // A check reports damage, it does not end the process.
        let watch = Watch::new(Arc::new(|reason| tracing::error!(reason, "damage was found while reading")));
        let times = Arc::new(Times::default());
        Ok(Self { folder: folder.to_owned(), pool: Arc::new(Pool::new(pool, Arc::new(watch), Arc::clone(&times))), times, writing: None })
    }

    /// Limits the time of what comes from here on: a read transaction, a page of changes in one, and a short unit of work (SEC-11). What takes longer fails with
    /// 0x80044151, and nothing of it is kept. Until this is called there is no limit; long units have none.
    pub fn limit_times(&self, limits: &Limits) {
        self.times.set(limits);
    }

    /// Whether a table has the row with this id, for tools that look at a folder beside its service.
    ///
    /// # Errors
    /// 0x80040216 when the folder cannot be read.
    pub fn has_row(&self, table: &Table, id: Uuid) -> Result<bool> {
        (self as &dyn Store).reading(|tx| Ok(tx.version_of(table, id)?.is_some()))
    }

    /// Closes the store: what dropping the last handle does too.
    pub fn close(self) {}
}

impl Store for SqliteStore {
    fn read(&self, work: &mut dyn FnMut(&dyn ReadTx) -> Result<()>) -> Result<()> {
        self.pool.read(work)
    }

    fn figures(&self) -> StoreFigures {
        let bytes = |name: &str| std::fs::metadata(self.folder.join(name)).map_or(0, |file| file.len());
        let counted = self.writing.as_ref().map_or_else(StoreFigures::default, |writing| writing.writer.figures());
        StoreFigures { readers_in_use: self.pool.lent(), database_bytes: bytes(open::DATABASE), log_bytes: bytes(open::LOG), ..counted }
    }

    fn submit(&self, unit: Unit) -> Written<'_> {
        match &self.writing {
            Some(writing) => writing.writer.submit(unit),
            None => Box::pin(ready(Err(unavailable("The store is open for reading only.", 30)))),
        }
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("folder", &self.folder).field("read_only", &self.writing.is_none()).finish_non_exhaustive()
    }
}
