//! The check of a bearer token on every request.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};
use std::time::{Duration, Instant};

use driftless_model::Scopes;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::secret::{check_form, digest};
use crate::token_file::{FileStamp, TokenFile, TokenFileError, TokenRecord};

/// How old the service's knowledge of the file may be: a revoked token is refused at most this much later, plus the
/// time of one read.
pub const RECHECK: Duration = Duration::from_millis(500);

/// Who a valid token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenIdentity {
    /// The `systemuser`.
    pub user: Uuid,
    /// Id of the token, for logs.
    pub token: Uuid,
    /// What it allows.
    pub scopes: Scopes,
}

/// What the check found. Everything but `Ok` is one and the same 401 to the caller (AUTH-24); the difference is for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A known, unexpired token.
    Ok(TokenIdentity),
    /// No `Authorization` header, or one of another scheme.
    Missing,
    /// A bearer token of another form, or a mistyped one.
    Malformed,
    /// A well-formed token that is not, or no longer, in the file.
    Unknown,
    /// A token of the file whose time is over.
    Expired,
}

/// The tokens of a data folder in memory, re-read when the file changes.
///
/// A check of a known file costs about a microsecond: one digest, one read lock, one look-up. The file is looked at once
/// per [`RECHECK`], by one caller; others go on with what they have unless it is twice as old.
///
/// Last use is kept in memory only: it starts anew with the service and is not written to the file.
#[derive(Debug)]
pub struct TokenCheck {
    file: TokenFile,
    recheck: Duration,
    started: Instant,
    /// Milliseconds since `started` at the last look at the file.
    looked_ms: AtomicU64,
    /// The stamp of what `known` was read from. Locked by whoever looks at the file.
    stamp: Mutex<Seen>,
    known: RwLock<Known>,
}

/// What the last look at the file saw.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Absent,
    Read(FileStamp),
    Unreadable(String),
}

#[derive(Debug, Default)]
struct Known {
    /// By the first half of the digest; the whole digest is then compared in constant time.
    by_digest: HashMap<[u8; 16], Entry>,
}

#[derive(Debug)]
struct Entry {
    record: TokenRecord,
    /// Seconds since 1970 UTC; 0 when not used since the start. Shared with the entry of an earlier reading.
    used_s: Arc<AtomicI64>,
}

impl TokenCheck {
    /// Reads the file. `recheck` is [`RECHECK`] in a service; zero looks at the file at every check.
    ///
    /// # Errors
    /// The file exists and cannot be read.
    pub fn open(file: TokenFile, recheck: Duration) -> Result<Self, TokenFileError> {
        let check = Self { file, recheck, started: Instant::now(), looked_ms: AtomicU64::new(0), stamp: Mutex::new(Seen::Absent), known: RwLock::default() };
        check.look(&mut lock(&check.stamp))?;
        Ok(check)
    }

    /// Judges the value of an `Authorization` header at the time `now_s` (seconds since 1970 UTC).
    ///
    /// If the file has become unreadable no token is valid any longer; [`TokenCheck::problem`] then says why.
    #[must_use]
    pub fn check(&self, authorization: Option<&str>, now_s: i64) -> Verdict {
        let Some(text) = authorization.and_then(bearer) else {
            return Verdict::Missing;
        };
        if check_form(text).is_err() {
            return Verdict::Malformed;
        }
        self.look_if_old();
        let digest = digest(text);
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = known.by_digest.get(&half(&digest)) else {
            return Verdict::Unknown;
        };
        let record = &entry.record;
        if !bool::from(record.sha256.ct_eq(&digest)) {
            return Verdict::Unknown;
        }
        if record.expires_s.is_some_and(|end_s| now_s >= end_s) {
            return Verdict::Expired;
        }
        entry.used_s.store(now_s, Ordering::Relaxed);
        Verdict::Ok(TokenIdentity { user: record.user, token: record.id, scopes: record.scopes })
    }

    /// When the token was last accepted by this process, in seconds since 1970 UTC.
    #[must_use]
    pub fn last_used_s(&self, token: Uuid) -> Option<i64> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let entry = known.by_digest.values().find(|entry| entry.record.id == token)?;
        match entry.used_s.load(Ordering::Relaxed) {
            0 => None,
            used_s => Some(used_s),
        }
    }

    /// Why the file could not be read at the last look, for the log and for readiness.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        match &*lock(&self.stamp) {
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
        let mut seen = match self.stamp.try_lock() {
            Ok(seen) => seen,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Somebody is looking. What we have will do unless it is too old to keep the promise of one second.
            Err(TryLockError::WouldBlock) if age_ms < 2 * millis(self.recheck) => return,
            Err(TryLockError::WouldBlock) => lock(&self.stamp),
        };
        if self.looked_ms.load(Ordering::Acquire) > now_ms {
            return; // looked at while we waited
        }
        // The outcome is kept in `seen`; a caller only ever sees an unknown token.
        let _ = self.look(&mut seen);
        // The age counts from before the look: what changed during it is seen next time.
        self.looked_ms.store(now_ms, Ordering::Release);
    }

    /// Compares the file with what was seen last and reads it if it differs.
    fn look(&self, seen: &mut Seen) -> Result<(), TokenFileError> {
        let outcome = self.read_if_changed(seen);
        if let Err(error) = &outcome {
            *seen = Seen::Unreadable(error.to_string());
            self.replace(Vec::new());
        }
        outcome
    }

    fn read_if_changed(&self, seen: &mut Seen) -> Result<(), TokenFileError> {
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

    fn replace(&self, records: Vec<TokenRecord>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let by_digest = records
            .into_iter()
            .map(|record| {
                let key = half(&record.sha256);
                let used_s = known.by_digest.get(&key).map(|entry| Arc::clone(&entry.used_s)).unwrap_or_default();
                (key, Entry { record, used_s })
            })
            .collect();
        *known = Known { by_digest };
    }
}

/// The token in `Bearer <token>`; the scheme's case does not matter.
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
}

fn half(digest: &[u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    half
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
