//! The engine's log, and how it is copied into the database while the writer goes on.
//!
//! By itself the engine lets the commit that finds the log long copy it, and all callers wait until thousands of pages are written and synced, about 16 ms. Here the
//! upkeep copies it on a reading connection beside the writer, which then copies only the few pages that came meanwhile: after that nothing in the log is needed,
//! and the engine begins it anew (ADR 0025).

use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use crate::connection::BUSY_WAIT;
use crate::error::Watch;
use crate::pool::Pool;

/// Pages that are in the log only when it is copied (16 MiB).
const COPIED_AT_PAGES: i64 = 4_096;
/// Pages that the upkeep leaves to the writer, if the writer is not faster than the disk (2 MiB).
const LEFT_PAGES: i64 = 512;
/// Times that the upkeep copies what came meanwhile.
const PASSES_MAX: u32 = 4;
/// Bytes of the log above which it is also cut.
const BYTES_MAX: u64 = 256 << 20;

/// What writer and upkeep tell each other about the log.
pub(crate) struct Log {
    path: PathBuf,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    stage: Stage,
    /// Pages in the log only at which it is long: more than usual after one that could not be copied whole, because a reader needs it or the disk is full.
    long_at: i64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing is to be done.
    Short,
    /// The upkeep shall copy it.
    Long,
    /// The upkeep has copied it; what came since is the writer's.
    Copied,
    /// The store is closed.
    Ended,
}

impl Log {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, state: Mutex::new(State { stage: Stage::Short, long_at: COPIED_AT_PAGES }), changed: Condvar::new() }
    }

    /// What the writer does after each group.
    pub(crate) fn after_group(&self, conn: &Connection, watch: &Watch) {
        let mut state = self.lock();
        let looked = match state.stage {
            Stage::Short => pages_left(conn).map(|left| {
                if left >= state.long_at {
                    state.stage = Stage::Long;
                    self.changed.notify_one();
                }
            }),
            Stage::Copied => {
                state.stage = Stage::Short;
                state.long_at += COPIED_AT_PAGES;
                copy(conn).and_then(|()| pages_left(conn)).map(|left| state.long_at = left + COPIED_AT_PAGES)
            }
            Stage::Long | Stage::Ended => Ok(()),
        };
        drop(state);
        tell(looked, watch);
    }

    /// Waits until the log is long or the store is closed, at most for so long. Gives what it is then.
    pub(crate) fn wait(&self, patience: Duration) -> Stage {
        let is_idle = |state: &mut State| matches!(state.stage, Stage::Short | Stage::Copied);
        self.changed.wait_timeout_while(self.lock(), patience, is_idle).unwrap_or_else(PoisonError::into_inner).0.stage
    }

    /// Copies a long log beside the writer. When all reading connections are in use, the writer does it alone.
    pub(crate) fn copy_beside(&self, pool: &Pool, watch: &Watch) {
        let copied = pool.lend(|conn| {
            for _ in 0..PASSES_MAX {
                copy(conn)?;
                if pages_left(conn)? <= LEFT_PAGES {
                    break;
                }
            }
            Ok(())
        });
        tell(copied.unwrap_or(Ok(())), watch);
        let mut state = self.lock();
        if state.stage == Stage::Long {
            state.stage = Stage::Copied;
        }
    }

    /// No more copies: the store is closed.
    pub(crate) fn end(&self) {
        self.lock().stage = Stage::Ended;
        self.changed.notify_all();
    }

    /// Whether the log's file has become so large that it should be cut.
    pub(crate) fn is_large(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|log| log.len() > BYTES_MAX)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Copies the log into the database and cuts it. Readers that still need it are not waited for: the next time will do.
pub(crate) fn cut(conn: &Connection) {
    let cut = || {
        conn.busy_timeout(Duration::ZERO)?;
        let busy: bool = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0))?;
        Ok::<_, rusqlite::Error>(busy)
    };
    match cut() {
        Ok(busy) => tracing::debug!(busy, "the log was copied into the database"),
        Err(error) => tracing::warn!(%error, "the log could not be copied into the database"),
    }
    if let Err(error) = conn.busy_timeout(BUSY_WAIT) {
        tracing::warn!(%error, "the time to wait for locks could not be set");
    }
}

/// Copies what no reader still needs in the log, without waiting for anybody.
fn copy(conn: &Connection) -> rusqlite::Result<()> {
    conn.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?.query_row((), |_| Ok(()))
}

/// Pages that are in the log only.
fn pages_left(conn: &Connection) -> rusqlite::Result<i64> {
    conn.prepare_cached("PRAGMA wal_checkpoint(NOOP)")?.query_row((), |row| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?))
}

/// A log that cannot be copied keeps what it has. After a failed sync of the database that would be no longer true of pages copied before, so it ends the process
/// like a failed commit (REL-03).
fn tell(copied: rusqlite::Result<()>, watch: &Watch) {
    if let Err(error) = copied.map_err(|error| watch.commit(error)) {
        tracing::warn!(%error, "the log could not be copied into the database");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::connection::Purpose;
    use crate::open;
    use crate::pool::PoolOptions;

    struct Place {
        folder: PathBuf,
        conn: Connection,
        pool: Pool,
        watch: Arc<Watch>,
        log: Log,
    }

    impl Place {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("driftless-log-{}-{name}", std::process::id()));
            let _ = std::fs::remove_dir_all(&folder);
            let opened = open::open(&folder, 0).unwrap();
            let watch = Arc::new(Watch::new(Arc::new(|reason| panic!("fatal: {reason}"))));
            let options = PoolOptions { path: opened.database, purpose: Purpose::Read, mmap_bytes: 0, connections_max: 2, wait: Duration::ZERO };
            let pool = Pool::new(options, Arc::clone(&watch), Arc::default());
            let conn = opened.engine.conn;
            conn.execute_batch("CREATE TABLE _test(bytes)").unwrap();
            Self { log: Log::new(folder.join(open::LOG)), folder, conn, pool, watch }
        }

        /// A group that writes about so many pages. Gives whether the log is long now.
        fn group(&self, pages: i64) -> bool {
            self.conn.execute("INSERT INTO _test VALUES(zeroblob(?))", [pages * 4_096]).unwrap();
            self.log.after_group(&self.conn, &self.watch);
            self.log.wait(Duration::ZERO) == Stage::Long
        }

        fn copy_beside(&self) {
            self.log.copy_beside(&self.pool, &self.watch);
        }

        fn left(&self) -> i64 {
            pages_left(&self.conn).unwrap()
        }

        fn pages(&self) -> i64 {
            self.conn.query_row("PRAGMA wal_checkpoint(NOOP)", (), |row| row.get(1)).unwrap()
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }

    #[test] // ADR 0025
    fn a_long_log_is_copied_beside_the_writer_and_then_begun_anew() {
        let place = Place::new("beside");
        assert!(!place.group(COPIED_AT_PAGES / 2));
        assert!(place.group(COPIED_AT_PAGES / 2));
        place.copy_beside();
        assert_eq!(place.left(), 0);
        assert!(!place.group(10) && place.left() == 0, "the writer copies what came meanwhile");
        assert!(!place.group(10) && (10..30).contains(&place.pages()));
    }

    #[test] // ADR 0025
    fn the_writer_copies_alone_when_no_connection_is_free() {
        let place = Place::new("alone");
        assert!(place.group(COPIED_AT_PAGES));
        let inner = |_: &Connection| {
            place.copy_beside();
            Ok(())
        };
        let lent = place.pool.lend(|_| Ok(place.pool.lend(inner)));
        assert!(lent.is_some() && place.left() >= COPIED_AT_PAGES, "both connections were lent");
        assert!(!place.group(10) && place.left() == 0);
    }

    #[test] // ADR 0025
    fn a_log_that_a_reader_needs_is_looked_at_again_only_when_it_has_grown() {
        let place = Place::new("needed");
        let read = place.pool.inspect(|reader| {
            reader.query_row("SELECT count(*) FROM _test", (), |row| row.get::<_, i64>(0))?;
            assert!(place.group(COPIED_AT_PAGES));
            place.copy_beside();
            assert!(!place.group(10) && place.left() >= COPIED_AT_PAGES);
            assert!(!place.group(10), "once is enough");
            assert!(place.group(COPIED_AT_PAGES));
            Ok(())
        });
        read.unwrap().unwrap();
        place.copy_beside();
        assert!(!place.group(10) && place.left() == 0);
        assert!(!place.group(10) && place.group(COPIED_AT_PAGES), "and everything is as before");
    }
}
