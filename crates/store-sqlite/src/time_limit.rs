//! How long a statement may run (SEC-11): the engine asks after so many of its steps, and gives up when the time is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use driftless_model::Limits;
use rusqlite::Connection;

/// Steps of the engine between two looks at the clock: some 50 us, beside which a look costs nothing.
const STEPS_PER_LOOK: i32 = 4_096;
/// No end.
const NEVER: u64 = u64::MAX;

/// How long reads and units may take. Without limits until the service sets them: opening a folder may take as long as it does.
#[derive(Debug)]
pub(crate) struct Times {
    read_ms: AtomicU64,
    changes_ms: AtomicU64,
    write_ms: AtomicU64,
}

impl Default for Times {
    fn default() -> Self {
        Self { read_ms: AtomicU64::new(NEVER), changes_ms: AtomicU64::new(NEVER), write_ms: AtomicU64::new(NEVER) }
    }
}

impl Times {
    pub(crate) fn set(&self, limits: &Limits) {
        for (place, seconds) in [(&self.read_ms, limits.read_time_s), (&self.changes_ms, limits.changes_time_s), (&self.write_ms, limits.write_time_s)] {
            place.store(seconds.saturating_mul(1_000), Ordering::Relaxed);
        }
    }

    /// Milliseconds of a read transaction.
    pub(crate) fn read_ms(&self) -> u64 {
        self.read_ms.load(Ordering::Relaxed)
    }

    /// Milliseconds of a page of changes.
    pub(crate) fn changes_ms(&self) -> u64 {
        self.changes_ms.load(Ordering::Relaxed)
    }

    /// Milliseconds of a short unit.
    pub(crate) fn write_ms(&self) -> u64 {
        self.write_ms.load(Ordering::Relaxed)
    }
}

/// The end of what runs on one connection now.
#[derive(Debug)]
pub(crate) struct TimeLimit {
    made: Instant,
    ends_ms: AtomicU64,
}

impl TimeLimit {
    /// Has the engine ask, from now on. Without an end it goes on.
    pub(crate) fn install(conn: &mut Connection) -> rusqlite::Result<Arc<Self>> {
        let limit = Arc::new(Self { made: Instant::now(), ends_ms: AtomicU64::new(NEVER) });
        let asked = Arc::clone(&limit);
        conn.progress_handler(STEPS_PER_LOOK, Some(move || asked.is_over()))?;
        Ok(limit)
    }

    /// What begins now ends in so many milliseconds.
    pub(crate) fn begin(&self, ms: u64) {
        let ends_ms = if ms == NEVER { NEVER } else { millis(self.made.elapsed()).saturating_add(ms) };
        self.ends_ms.store(ends_ms, Ordering::Relaxed);
    }

    /// What runs has no end any more.
    pub(crate) fn lift(&self) {
        self.ends_ms.store(NEVER, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        let ends_ms = self.ends_ms.load(Ordering::Relaxed);
        ends_ms != NEVER && millis(self.made.elapsed()) >= ends_ms
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(NEVER - 1)
}
