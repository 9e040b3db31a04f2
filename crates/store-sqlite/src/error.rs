//! Errors of the engine, and the end of the process after those that nothing may follow (REL-03).

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use driftless_store::StoreError;
use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE;

/// Exit code after damage or a failed sync (REL-03).
const EXIT_FATAL: i32 = 70;

/// What is called when nothing may be written any more: after damage of the database or a failed sync. It is not expected to return; when it does (in tests), the
/// store refuses everything from then on.
pub type FatalHook = Arc<dyn Fn(&str) + Send + Sync>;

/// Logs the reason and ends the process with exit code 70.
pub(crate) fn exit_hook() -> FatalHook {
    Arc::new(|reason| {
        tracing::error!(reason, "the store cannot go on; the process ends so that a restart replays the log");
        std::process::exit(EXIT_FATAL);
    })
}

/// Why a data folder could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// Another process has it (exit code 75).
    Locked(PathBuf),
    /// It was written by a newer version of the program (exit code 78).
    NewerFormat {
        /// Format of the folder.
        found: i64,
        /// The newest format that this program knows.
        known: i64,
    },
    /// Its texts are ordered by another version of text comparison (exit code 78).
    OtherFold {
        /// Version of the folder.
        found: i64,
        /// Version of this program.
        known: i64,
    },
    /// Other users may read or write it (SEC-61; exit code 78).
    Insecure(PathBuf),
    /// It is not a data folder, or damaged (exit code 74).
    Unreadable(String),
    /// The operating system or the engine refused (exit code 74).
    Io(String),
}

impl OpenError {
    /// The exit code of a process that cannot go on without the folder (OPS-06).
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::Locked(_) => 75,
            Self::NewerFormat { .. } | Self::OtherFold { .. } | Self::Insecure(_) => 78,
            Self::Unreadable(_) | Self::Io(_) => 74,
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked(folder) => {
                write!(f, "The data folder {} is in use by another process. Stop that one first, or name another folder.", folder.display())
            }
            Self::NewerFormat { found, known } => write!(
                f,
                "The data folder has format {found}; this program knows formats up to {known}. Use the version of the program that wrote it, or a newer one."
            ),
            Self::OtherFold { found, known } => {
                write!(f, "The data folder compares text by version {found}, this program by version {known}. Use the version of the program that wrote it.")
            }
            Self::Insecure(path) => {
                write!(f, "{} may be read by other users of this machine. Take their rights away: chmod -R o= {}", path.display(), path.display())
            }
            Self::Unreadable(why) => write!(f, "The data folder cannot be read: {why}"),
            Self::Io(why) => write!(f, "The data folder cannot be opened: {why}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        if is_damage(&error) { Self::Unreadable(error.to_string()) } else { Self::Io(error.to_string()) }
    }
}

impl From<std::io::Error> for OpenError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error.to_string())
    }
}

/// Watches for errors after which the process must end, and remembers that one came.
pub(crate) struct Watch {
    hook: FatalHook,
    broken: AtomicBool,
}

impl Watch {
    pub(crate) fn new(hook: FatalHook) -> Self {
        Self { hook, broken: AtomicBool::new(false) }
    }

    /// True after a fatal error whose hook returned.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// Ends the process, through the hook.
    pub(crate) fn fatal(&self, reason: &str) {
        self.broken.store(true, Ordering::Release);
        (self.hook)(reason);
    }

    /// An error of the engine as the store's error. Damage is fatal.
    pub(crate) fn engine(&self, error: rusqlite::Error) -> StoreError {
        if is_damage(&error) {
            self.fatal(&format!("the database is damaged: {error}"));
        }
        match code(&error) {
            Some(ErrorCode::DiskFull) => StoreError::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Conflict,
            Some(ErrorCode::OperationInterrupted) => too_long().into(),
            _ if error.to_string().contains(OVERFLOW) => driftless_query::sum_too_great().into(),
            _ => StoreError::failed(error),
        }
    }

    /// An error of a commit. Besides damage, a failed write or sync is fatal: whether the commit is on disk is unknown.
    pub(crate) fn commit(&self, error: rusqlite::Error) -> StoreError {
        if code(&error) == Some(ErrorCode::SystemIoFailure) {
            self.fatal(&format!("a commit failed: {error}"));
        }
        self.engine(error)
    }
}

/// The error of a statement whose time is over (SEC-11).
pub(crate) fn too_long() -> driftless_model::Error {
    driftless_model::Error::of(driftless_model::ErrorCode::SqlTimeout).retry_after(TOO_LONG_RETRY_S)
}

/// When what took too long may come again: what it met may be gone then.
const TOO_LONG_RETRY_S: u32 = 10;

/// What the engine says of a sum that its type cannot hold; our own functions say the same.
pub(crate) const OVERFLOW: &str = "integer overflow";

/// True for a violated unique index.
pub(crate) fn is_unique_violation(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqliteFailure(failure, _) if failure.extended_code == SQLITE_CONSTRAINT_UNIQUE)
}

/// True for errors that mean a damaged database.
pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(code(error), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

fn code(error: &rusqlite::Error) -> Option<ErrorCode> {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => Some(failure.code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use rusqlite::ffi;

    use super::*;

    #[test] // REL-03
    fn damage_and_failed_commits_are_fatal_and_other_errors_are_not() {
        let failure = |code| rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        let times = |act: &dyn Fn(&Watch)| {
            let called = Arc::new(AtomicU32::new(0));
            let calls = Arc::clone(&called);
            let watch = Watch::new(Arc::new(move |_| {
                calls.fetch_add(1, Ordering::Relaxed);
            }));
            act(&watch);
            assert_eq!(watch.is_broken(), called.load(Ordering::Relaxed) > 0);
            called.load(Ordering::Relaxed)
        };
        assert_eq!(times(&|watch| drop(watch.commit(failure(ffi::SQLITE_IOERR_FSYNC)))), 1);
        assert_eq!(times(&|watch| drop(watch.engine(failure(ffi::SQLITE_CORRUPT_INDEX)))), 1);
        assert_eq!(times(&|watch| drop(watch.engine(failure(ffi::SQLITE_IOERR_READ)))), 0);
        assert_eq!(times(&|watch| assert!(matches!(watch.commit(failure(ffi::SQLITE_FULL)), StoreError::Full))), 0);
        assert_eq!(times(&|watch| assert!(matches!(watch.engine(failure(ffi::SQLITE_BUSY)), StoreError::Conflict))), 0);
    }
}
