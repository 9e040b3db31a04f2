//! Opening a data folder: rights, lock, format, and whether it still is the same incarnation.

use std::cell::OnceCell;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use driftless_model::{Epoch, FOLD_VERSION, Version};
use rusqlite::Connection;

use crate::connection::{self, Purpose};
use crate::error::OpenError;
use crate::private;
use crate::state::{self, FileIdentity, State};
use crate::tally::Tallies;
use crate::time_limit::TimeLimit;
use crate::unit::{Counts, Engine};
use crate::versions::{self, Counter, EPOCH_JUMP, Reservation};

/// The database.
pub(crate) const DATABASE: &str = "driftless.db";
/// The engine's log beside it.
pub(crate) const LOG: &str = "driftless.db-wal";
/// Its index in memory shared between processes.
pub(crate) const LOG_INDEX: &str = "driftless.db-shm";
/// Locked by the process that owns the folder.
const LOCK: &str = "lock";

/// A folder that is opened for writing.
pub(crate) struct Opened {
    pub(crate) engine: Engine,
    pub(crate) lock: File,
    pub(crate) database: PathBuf,
}

/// Opens a folder for writing, and makes it if it is not there.
pub(crate) fn open(folder: &Path, mmap_bytes: u64) -> Result<Opened, OpenError> {
    if !folder.exists() {
        private::create_folder(folder)?;
    }
    check_rights(folder)?;
    let lock = private::create_file(&folder.join(LOCK))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::Locked(folder.to_owned())),
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    let database = folder.join(DATABASE);
    drop(private::create_file(&database)?);
    let identity = private::identity(&database)?;
    let mut conn = connection::open(&database, Purpose::Write, mmap_bytes)?;
    let side = versions::read(folder)?;
    let (state, last) = if state::exists(&conn)? { resume(folder, &conn, identity, side)? } else { begin(folder, &conn, identity, side)? };
    let limit = TimeLimit::install(&mut conn)?;
    let counter = Counter::new(folder, state.epoch, last);
    Ok(Opened {
        engine: Engine {
            conn,
            limit,
            times: Arc::default(),
            counts: Arc::new(Counts { version: state.position.into(), ..Counts::default() }),
            state,
            counter,
            tallies: Tallies::default(),
            targets: OnceCell::new(),
        },
        lock,
        database,
    })
}

/// Refuses a folder that any user of the machine may read (SEC-61).
pub(crate) fn check_rights(folder: &Path) -> Result<(), OpenError> {
    for path in [folder.to_owned(), folder.join(DATABASE)] {
        if path.exists() && private::is_open_to_others(&path)? {
            return Err(OpenError::Insecure(path));
        }
    }
    Ok(())
}

/// Refuses formats that this program does not know.
pub(crate) fn check_format(conn: &Connection) -> Result<state::Header, OpenError> {
    let header = state::read_header(conn)?;
    if header.format > state::FORMAT {
        return Err(OpenError::NewerFormat { found: header.format, known: state::FORMAT });
    }
    if header.fold != i64::from(FOLD_VERSION) {
        return Err(OpenError::OtherFold { found: header.fold, known: i64::from(FOLD_VERSION) });
    }
    Ok(header)
}

/// Fills a new database. Numbers that a lost database in this folder may have given out are not given out again.
fn begin(folder: &Path, conn: &Connection, identity: FileIdentity, side: Option<Reservation>) -> Result<(State, i64), OpenError> {
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    if tables != 0 {
        return Err(OpenError::Unreadable(format!("{DATABASE} is a database of another program")));
    }
    let position = side.map_or(0, |side| side.limit.saturating_add(EPOCH_JUMP));
    let state = State { epoch: new_epoch(conn)?, position, metadata: Version(0), catalog: 0 };
    versions::write(folder, &Reservation { epoch: state.epoch, low: position, limit: position })?;
    conn.execute_batch("BEGIN IMMEDIATE")?;
    state::create(conn, &state, identity)?;
    conn.execute_batch("COMMIT")?;
    Ok((state, position))
}

/// Goes on with a database, in a new epoch if it is not certainly the one that this folder had last. Gives the state and the highest number that may be in use.
fn resume(folder: &Path, conn: &Connection, identity: FileIdentity, side: Option<Reservation>) -> Result<(State, i64), OpenError> {
    let header = check_format(conn)?;
    if header.format < state::FORMAT {
        conn.execute_batch("BEGIN IMMEDIATE")?;
        state::upgrade(conn, header.format)?;
        conn.execute_batch("COMMIT")?;
    }
    let state = state::read(conn)?;
    if let Some(side) = side
        && side.fits(state.epoch, state.position)
        && header.identity == identity
    {
        // Numbers of the block that were given out before a crash may have been seen by callers whose unit failed: they are passed over.
        return Ok((state, side.limit));
    }
    let highest = state::highest_version(conn)?.max(side.map_or(0, |side| side.limit));
    let position = highest.saturating_add(EPOCH_JUMP);
    let state = State { epoch: new_epoch(conn)?, position, ..state };
    tracing::warn!(epoch = %state.epoch, "the database was copied or put back since it was last used: a new epoch begins and delta links of the old one are expired");
    versions::write(folder, &Reservation { epoch: state.epoch, low: position, limit: position })?;
    conn.execute_batch("BEGIN IMMEDIATE")?;
    state::write(conn, &state)?;
    state::write_identity(conn, identity)?;
    conn.execute_batch("COMMIT")?;
    Ok((state, position))
}

fn new_epoch(conn: &Connection) -> rusqlite::Result<Epoch> {
    conn.query_row("SELECT random()", (), |row| Ok(Epoch(row.get::<_, i64>(0)?.cast_unsigned())))
}
