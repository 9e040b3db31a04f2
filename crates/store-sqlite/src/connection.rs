//! Connections: settings, the collation and the functions that statements call.

use std::path::Path;
use std::time::Duration;

use driftless_model::{Decimal, decimal_from_order_bytes, decimal_to_order_bytes};
use driftless_query::{AVERAGE_SCALE, Calendar, Zone, date_part};
use driftless_sql::{COLLATION, DATE_PART, DECIMAL_AVERAGE, DECIMAL_SUM, MATCHES};
use rusqlite::config::DbConfig;
use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

/// Statements that a reading connection keeps prepared.
const READER_STATEMENTS: usize = 128;
/// Statements that the writing connection keeps prepared.
const WRITER_STATEMENTS: usize = 256;
/// Memory of the writer's page cache in KiB; keys in random order need more of it than the engine's default of 2 MiB.
const WRITER_CACHE_KIB: u32 = 32_768;
/// How long a statement waits for a lock of another process: only `check` can hold one, while the log is recovered.
pub(crate) const BUSY_WAIT: Duration = Duration::from_secs(5);

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The one that writes.
    Write,
    /// One of those that read.
    Read,
    /// Reads a folder of which nothing may change.
    Inspect,
    /// As `Inspect`, of a folder without a log: the engine then touches no file at all.
    InspectAtRest,
}

/// Opens a connection. The file must exist.
pub(crate) fn open(path: &Path, purpose: Purpose, mmap_bytes: u64) -> rusqlite::Result<Connection> {
    let base = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = match purpose {
        Purpose::Write | Purpose::Read => Connection::open_with_flags(path, base | OpenFlags::SQLITE_OPEN_READ_WRITE)?,
        Purpose::Inspect => Connection::open_with_flags(path, base | OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        Purpose::InspectAtRest => {
            let uri = format!("file:{}?immutable=1", percent_encoded(&path.to_string_lossy()));
            Connection::open_with_flags(uri, base | OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)?
        }
    };
    conn.busy_timeout(BUSY_WAIT)?;
    register(&conn)?;
    // A name in double quotes that is no column must be an error, never a text.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    // Plans do not depend on bound values: otherwise binding another value makes the engine prepare many statements anew (6 % of a create).
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.pragma_update(None, "mmap_size", i64::try_from(mmap_bytes).unwrap_or(i64::MAX))?;
    match purpose {
        Purpose::Write => configure_writer(&conn)?,
        Purpose::Read => {
            conn.set_prepared_statement_cache_capacity(READER_STATEMENTS);
            conn.pragma_update(None, "query_only", true)?;
            conn.pragma_update(None, "checkpoint_fullfsync", true)?; // one of them copies the log
            // Sorting happens under a limit of rows, so memory is bounded, and no file outside the folder is made.
            conn.pragma_update(None, "temp_store", "MEMORY")?;
        }
        Purpose::Inspect | Purpose::InspectAtRest => {
            conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        }
    }
    Ok(conn)
}

fn configure_writer(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_prepared_statement_cache_capacity(WRITER_STATEMENTS);
    let mode: String = conn.query_row("PRAGMA journal_mode=WAL", (), |row| row.get(0))?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "fullfsync", true)?;
    conn.pragma_update(None, "checkpoint_fullfsync", true)?;
    conn.pragma_update(None, "wal_autocheckpoint", 0)?; // `log` says when
    conn.pragma_update(None, "cache_size", -i64::from(WRITER_CACHE_KIB))?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    let synchronous: i64 = conn.query_row("PRAGMA synchronous", (), |row| row.get(0))?;
    // REL-02: what was asked for is read back.
    if mode != "wal" || synchronous != 2 {
        let text =
            format!("the engine took journal mode {mode} and synchronous {synchronous} instead of wal and 2: the file system may not allow shared memory");
        return Err(rusqlite::Error::ToSqlConversionFailure(text.into()));
    }
    Ok(())
}

/// Registers the collation and the functions.
fn register(conn: &Connection) -> rusqlite::Result<()> {
    conn.create_collation(COLLATION, driftless_model::compare)?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    conn.create_scalar_function(MATCHES, 2, flags, |context| {
        let text = |at: usize| match context.get_raw(at) {
            ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        };
        Ok(matches!((text(0), text(1)), (Some(text), Some(pattern)) if driftless_model::matches_pattern(text, pattern)))
    })?;
    conn.create_scalar_function(DATE_PART, 6, flags, |context| {
        let number = |at: usize| context.get::<Option<i64>>(at);
        let (Some(part), Some(seconds)) = (number(0)?, number(1)?) else { return Ok(None) };
        let small = |at: usize| Ok::<_, rusqlite::Error>(number(at)?.and_then(|number| i8::try_from(number).ok()).unwrap_or(1));
        let zone = number(2)?.and_then(|code| Zone::by_code(i32::try_from(code).ok()?)).unwrap_or_default();
        let calendar = Calendar { zone, fiscal_start: (small(3)?, small(4)?), fiscal_months: small(5)? };
        Ok(driftless_sql::date_part_at(part).and_then(|part| date_part(part, zone.local_s(seconds), &calendar)))
    })?;
    conn.create_aggregate_function(DECIMAL_SUM, 1, flags, DecimalSum { average: false })?;
    conn.create_aggregate_function(DECIMAL_AVERAGE, 1, flags, DecimalSum { average: true })
}

/// Adds stored decimals.
struct DecimalSum {
    average: bool,
}

impl Aggregate<(Decimal, u64), Option<[u8; 16]>> for DecimalSum {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<(Decimal, u64)> {
        Ok((Decimal::ZERO, 0))
    }

    fn step(&self, context: &mut Context<'_>, (sum, count): &mut (Decimal, u64)) -> rusqlite::Result<()> {
        let ValueRef::Blob(bytes) = context.get_raw(0) else { return Ok(()) };
        let next = decimal_from_order_bytes(bytes).and_then(|number| sum.checked_add(number));
        *sum = next.ok_or_else(too_great)?;
        *count += 1;
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, state: Option<(Decimal, u64)>) -> rusqlite::Result<Option<[u8; 16]>> {
        let Some((sum, count @ 1..)) = state else { return Ok(None) };
        let value = if self.average { (sum / Decimal::from(count)).trunc_with_scale(AVERAGE_SCALE) } else { sum };
        decimal_to_order_bytes(value).map(Some).map_err(|_| too_great())
    }
}

/// What the engine says of sums of whole numbers, too.
fn too_great() -> rusqlite::Error {
    rusqlite::Error::UserFunctionError(crate::error::OVERFLOW.into())
}

/// A path inside a `file:` address.
fn percent_encoded(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_encoded() {
        assert_eq!(percent_encoded("/a b?c#d%é"), "/a%20b%3Fc%23d%25%C3%A9");
    }
}
