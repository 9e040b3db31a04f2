//! A file of records in memory, read again when it changes.

use std::fmt;
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::record_file::{FileStamp, RecordFile, RecordFileError};

/// How old the service's knowledge of a file may be: what was revoked is refused at most this much later, plus the time of one read.
pub const RECHECK: Duration = Duration::from_millis(500);

/// What a file says, as `K`. It is looked at once per [`RECHECK`], by one caller; others go on with what they have unless it is twice as old.
pub(crate) struct Watched<T, K> {
    file: RecordFile<T>,
    recheck: Duration,
    started: Instant,
    /// Milliseconds since `started` at the last look at the file.
    looked_ms: AtomicU64,
    /// What `known` was read from. Locked by whoever looks at the file.
    seen: Mutex<Seen>,
    known: RwLock<Arc<K>>,
    /// Makes the new `K` from records and the old one.
    build: fn(Vec<T>, &K) -> K,
}

/// What the last look at the file saw.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Absent,
    Read(FileStamp),
    Unreadable(String),
}

impl<T: Serialize + DeserializeOwned, K: Default> Watched<T, K> {
    /// Reads the file. `recheck` is [`RECHECK`] in a service; zero looks at the file at every call.
    ///
    /// # Errors
    /// The file exists and cannot be read.
    pub(crate) fn open(file: RecordFile<T>, recheck: Duration, build: fn(Vec<T>, &K) -> K) -> Result<Self, RecordFileError> {
        let watched =
            Self { file, recheck, started: Instant::now(), looked_ms: AtomicU64::new(0), seen: Mutex::new(Seen::Absent), known: RwLock::default(), build };
        watched.look(&mut lock(&watched.seen))?;
        Ok(watched)
    }

    /// What the file says. If it has become unreadable it says nothing any longer; [`Watched::problem`] then tells why.
    pub(crate) fn current(&self) -> Arc<K> {
        self.look_if_old();
        self.known()
    }

    /// Reads a change that this process made itself, so that its next caller sees it.
    pub(crate) fn look_now(&self) {
        // The outcome is kept for the next look.
        let _ = self.look(&mut lock(&self.seen));
    }

    /// What the file said at the last look.
    pub(crate) fn known(&self) -> Arc<K> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Why the file could not be read at the last look, for the log and for readiness.
    pub(crate) fn problem(&self) -> Option<String> {
        match &*lock(&self.seen) {
            Seen::Unreadable(reason) => Some(reason.clone()),
            Seen::Absent | Seen::Read(_) => None,
        }
    }

    fn look_if_old(&self) {
        let now_ms = millis(self.started.elapsed());
        let age_ms = now_ms.saturating_sub(self.looked_ms.load(Ordering::Acquire));
        if age_ms < millis(self.recheck) {
            return;
        }
        let mut seen = match self.seen.try_lock() {
            Ok(seen) => seen,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Somebody is looking. What we have will do unless it is too old to keep the promise of one second.
            Err(TryLockError::WouldBlock) if age_ms < 2 * millis(self.recheck) => return,
            Err(TryLockError::WouldBlock) => lock(&self.seen),
        };
        if self.looked_ms.load(Ordering::Acquire) > now_ms {
            return; // looked at while we waited
        }
        // The outcome is kept in `seen`.
        let _ = self.look(&mut seen);
        // The age counts from before the look: what changed during it is seen next time.
        self.looked_ms.store(now_ms, Ordering::Release);
    }

    /// Compares the file with what was seen last and reads it if it differs.
    fn look(&self, seen: &mut Seen) -> Result<(), RecordFileError> {
        let outcome = self.read_if_changed(seen);
        if let Err(error) = &outcome {
            *seen = Seen::Unreadable(error.to_string());
            self.replace(Vec::new());
        }
        outcome
    }

    fn read_if_changed(&self, seen: &mut Seen) -> Result<(), RecordFileError> {
        let file_error = |error| self.file.io(error);
        let absent = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
        match std::fs::metadata(self.file.path()) {
            Ok(metadata) if *seen == Seen::Read(FileStamp::of(&metadata)) => return Ok(()),
            Ok(_) => {}
            Err(error) if absent(&error) => {
                *seen = Seen::Absent;
                self.replace(Vec::new());
                return Ok(());
            }
            Err(error) => return Err(file_error(error)),
        }
        let file = match File::open(self.file.path()) {
            // Replaced or removed since the line above: the next look tells.
            Err(error) if absent(&error) => return Ok(()),
            other => other.map_err(file_error)?,
        };
        let stamp = FileStamp::of(&file.metadata().map_err(file_error)?);
        let records = self.file.read(&file)?;
        self.replace(records);
        *seen = Seen::Read(stamp);
        Ok(())
    }

    fn replace(&self, records: Vec<T>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        *known = Arc::new((self.build)(records, &known));
    }
}

impl<T, K> fmt::Debug for Watched<T, K> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Watched(..)")
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
