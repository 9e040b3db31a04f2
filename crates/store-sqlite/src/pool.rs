//! Reading connections: few, the last used first, made when first needed.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use driftless_model::Result;
use driftless_sql::Targets;
use driftless_store::ReadTx;
use rusqlite::Connection;

use crate::connection::{self, Purpose};
use crate::error::Watch;
use crate::reading::Snapshot;
use crate::state;
use crate::time_limit::{TimeLimit, Times};

/// The reading connections of a store.
pub(crate) struct Pool {
    path: PathBuf,
    purpose: Purpose,
    mmap_bytes: u64,
    connections_max: usize,
    wait: Duration,
    watch: Arc<Watch>,
    times: Arc<Times>,
    shelf: Mutex<Shelf>,
    returned: Condvar,
    /// The tables of the database and the number of the catalog that they were read at.
    targets: RwLock<(i64, Option<Arc<Targets>>)>,
}

#[derive(Default)]
struct Shelf {
    idle: Vec<Reader>,
    made: usize,
}

/// A connection, and the end of what it does now.
struct Reader {
    conn: Connection,
    limit: Arc<TimeLimit>,
}

/// How a pool's connections are made, and how many.
pub(crate) struct PoolOptions {
    pub(crate) path: PathBuf,
    pub(crate) purpose: Purpose,
    pub(crate) mmap_bytes: u64,
    pub(crate) connections_max: usize,
    pub(crate) wait: Duration,
}

impl Pool {
    pub(crate) fn new(options: PoolOptions, watch: Arc<Watch>, times: Arc<Times>) -> Self {
        Self {
            path: options.path,
            purpose: options.purpose,
            mmap_bytes: options.mmap_bytes,
            connections_max: options.connections_max.max(1),
            wait: options.wait,
            watch,
            times,
            shelf: Mutex::default(),
            returned: Condvar::new(),
            targets: RwLock::default(),
        }
    }

    /// Runs `work` in a read transaction.
    pub(crate) fn read(&self, work: &mut dyn FnMut(&dyn ReadTx) -> Result<()>) -> Result<()> {
        let lent = self.take(self.wait)?;
        let Reader { conn, limit } = lent.reader()?;
        let failed = |error| driftless_model::Error::from(self.watch.engine(error));
        conn.prepare_cached("BEGIN").and_then(|mut begin| begin.execute(())).map_err(failed)?;
        let state = state::read(conn).map_err(failed)?;
        let targets = OnceCell::new();
        let cached = self.targets.read().unwrap_or_else(PoisonError::into_inner);
        if let (number, Some(known)) = &*cached
            && *number == state.catalog
        {
            let _ = targets.set(Arc::clone(known));
        }
        drop(cached);
        let known = targets.get().is_some();
        limit.begin(self.times.read_ms());
        let changes_end = Some((&**limit, self.times.changes_ms().min(self.times.read_ms())));
        let result = work(&Snapshot { conn, watch: &self.watch, state, targets: &targets, changes_end });
        limit.lift();
        if !known && let Some(read) = targets.get() {
            *self.targets.write().unwrap_or_else(PoisonError::into_inner) = (state.catalog, Some(Arc::clone(read)));
        }
        result
    }

    /// Gives a connection in a read transaction to `work`, which sees the engine itself: for the check. Damage is what a check looks for, so it ends nothing.
    pub(crate) fn inspect(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> Result<rusqlite::Result<()>> {
        let lent = self.take(self.wait)?;
        let conn = &lent.reader()?.conn;
        Ok(conn.execute_batch("BEGIN").and_then(|()| work(conn)))
    }

    /// Gives a connection that is free at once, outside a transaction, to `work`; none if all are in use.
    pub(crate) fn lend<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Option<rusqlite::Result<T>> {
        let lent = self.take(Duration::ZERO).ok()?;
        let reader = lent.reader().ok()?;
        Some(work(&reader.conn))
    }

    /// Connections that are lent now.
    pub(crate) fn lent(&self) -> u64 {
        let shelf = self.shelf();
        shelf.made.saturating_sub(shelf.idle.len()) as u64
    }

    fn take(&self, wait: Duration) -> Result<Lent<'_>> {
        let deadline = Instant::now() + wait;
        let mut shelf = self.shelf();
        loop {
            if let Some(reader) = shelf.idle.pop() {
                return Ok(Lent { pool: self, reader: Some(reader) });
            }
            if shelf.made < self.connections_max {
                shelf.made += 1;
                drop(shelf);
                let mut lent = Lent { pool: self, reader: None };
                lent.reader = Some(self.make().map_err(|error| driftless_model::Error::from(self.watch.engine(error)))?);
                return Ok(lent);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(driftless_store::unavailable("All connections to the store are in use. Try again.", 1));
            }
            shelf = self.returned.wait_timeout(shelf, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn make(&self) -> rusqlite::Result<Reader> {
        let mut conn = connection::open(&self.path, self.purpose, self.mmap_bytes)?;
        let limit = TimeLimit::install(&mut conn)?;
        Ok(Reader { conn, limit })
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that goes back when dropped, with its transaction ended, also when a closure panics.
struct Lent<'p> {
    pool: &'p Pool,
    reader: Option<Reader>,
}

impl Lent<'_> {
    fn reader(&self) -> Result<&Reader> {
        self.reader.as_ref().ok_or_else(|| driftless_model::Error::damaged("a connection was lent twice"))
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let usable = self.reader.take().filter(|Reader { conn, limit }| {
            limit.lift(); // a closure that panicked did not
            conn.is_autocommit() || conn.prepare_cached("ROLLBACK").and_then(|mut end| end.execute(())).is_ok()
        });
        let mut shelf = self.pool.shelf();
        match usable {
            Some(reader) => shelf.idle.push(reader),
            None => shelf.made -= 1,
        }
        drop(shelf);
        self.pool.returned.notify_one();
    }
}
