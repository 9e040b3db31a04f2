//! The store's own tables. Their names begin with `_`, which no table of ours can.

use std::sync::Arc;

use driftless_model::{Epoch, FOLD_VERSION, LogicalName, TableCode, Version};
use driftless_sql::{Target, Targets};
use rusqlite::{Connection, OptionalExtension, params};

use crate::files;

/// The format of the data folder that this program writes, and the newest that it reads. An older folder is brought to it when it is opened for writing.
///
/// 2 differs from 1 in the definitions only: there may be many-to-many relationships among them, which earlier programs cannot read (ADR 0017). 3 has files: the
/// tables in which they are kept, and columns for them among the definitions (ADR 0018).
pub(crate) const FORMAT: i64 = 3;

const TABLES: &str = "
CREATE TABLE _state(
  one INTEGER PRIMARY KEY CHECK(one=1), format INTEGER NOT NULL, fold INTEGER NOT NULL, epoch INTEGER NOT NULL, position INTEGER NOT NULL,
  metadata INTEGER NOT NULL, catalog INTEGER NOT NULL, inode INTEGER NOT NULL, born INTEGER) STRICT;
CREATE TABLE _setting(name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE _definition(kind TEXT NOT NULL, id BLOB NOT NULL, owner BLOB, version INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE(kind,id)) STRICT;
CREATE INDEX \"_definition.version\" ON _definition(version);
CREATE TABLE _definition_tombstone(kind TEXT NOT NULL, id BLOB NOT NULL, version INTEGER NOT NULL, at_s INTEGER NOT NULL, PRIMARY KEY(kind,id)) STRICT, WITHOUT ROWID;
CREATE INDEX \"_definition_tombstone.version\" ON _definition_tombstone(version);
CREATE TABLE _tombstone(table_code INTEGER NOT NULL, id BLOB NOT NULL, version INTEGER NOT NULL, at_s INTEGER NOT NULL, PRIMARY KEY(table_code,id)) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX \"_tombstone.version\" ON _tombstone(table_code,version,at_s);
CREATE TABLE _horizon(table_code INTEGER PRIMARY KEY, version INTEGER NOT NULL) STRICT;
CREATE TABLE _tally(
  table_code INTEGER PRIMARY KEY, row_count INTEGER NOT NULL, version_sum INTEGER NOT NULL, tombstone_count INTEGER NOT NULL, tombstone_sum INTEGER NOT NULL) STRICT;
CREATE TABLE _physical(
  code INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, physical TEXT NOT NULL UNIQUE, id_column TEXT NOT NULL, version_column TEXT NOT NULL, name_column TEXT) STRICT;
";

/// The one row of `_state`, as far as it changes while the store runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    /// The incarnation.
    pub(crate) epoch: Epoch,
    /// The highest version of any commit.
    pub(crate) position: i64,
    /// Version of the newest change of a definition.
    pub(crate) metadata: Version,
    /// Rises with every change of `_physical`.
    pub(crate) catalog: i64,
}

/// What tells one database file from a copy of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    /// Inode number.
    pub(crate) inode: i64,
    /// Time of birth in nanoseconds since 1970-01-01, where the file system keeps it.
    pub(crate) born: Option<i64>,
}

/// What the row of `_state` says besides [`State`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) format: i64,
    pub(crate) fold: i64,
    pub(crate) identity: FileIdentity,
}

/// Makes the store's own tables in an open transaction.
pub(crate) fn create(conn: &Connection, state: &State, identity: FileIdentity) -> rusqlite::Result<()> {
    conn.execute_batch(TABLES)?;
    conn.execute_batch(files::TABLES)?;
    conn.execute(
        "INSERT INTO _state VALUES(1,?,?,?,?,?,?,?,?)",
        params![FORMAT, FOLD_VERSION, state.epoch.0.cast_signed(), state.position, state.metadata.0, state.catalog, identity.inode, identity.born],
    )?;
    Ok(())
}

/// Brings the store's own tables from an older format to the present one, in an open transaction.
pub(crate) fn upgrade(conn: &Connection, from: i64) -> rusqlite::Result<()> {
    if from < files::FORMAT {
        conn.execute_batch(files::TABLES)?;
    }
    conn.execute("UPDATE _state SET format=?", [FORMAT])?;
    Ok(())
}

/// True if the store's own tables are there.
pub(crate) fn exists(conn: &Connection) -> rusqlite::Result<bool> {
    conn.query_row("SELECT count(*) FROM sqlite_schema WHERE type='table' AND name='_state'", (), |row| row.get(0))
}

/// Reads what changes while the store runs. The first statement of every read transaction: it fixes the snapshot.
pub(crate) fn read(conn: &Connection) -> rusqlite::Result<State> {
    conn.prepare_cached("SELECT epoch,position,metadata,catalog FROM _state")?.query_row((), |row| {
        Ok(State { epoch: Epoch(row.get::<_, i64>(0)?.cast_unsigned()), position: row.get(1)?, metadata: Version(row.get(2)?), catalog: row.get(3)? })
    })
}

/// Reads what is fixed while the store runs.
pub(crate) fn read_header(conn: &Connection) -> rusqlite::Result<Header> {
    conn.query_row("SELECT format,fold,inode,born FROM _state", (), |row| {
        Ok(Header { format: row.get(0)?, fold: row.get(1)?, identity: FileIdentity { inode: row.get(2)?, born: row.get(3)? } })
    })
}

/// Writes what changes while the store runs.
pub(crate) fn write(conn: &Connection, state: &State) -> rusqlite::Result<()> {
    conn.prepare_cached("UPDATE _state SET epoch=?,position=?,metadata=?,catalog=?")?.execute(params![
        state.epoch.0.cast_signed(),
        state.position,
        state.metadata.0,
        state.catalog
    ])?;
    Ok(())
}

/// Writes that the database now lives in this file.
pub(crate) fn write_identity(conn: &Connection, identity: FileIdentity) -> rusqlite::Result<()> {
    conn.execute("UPDATE _state SET inode=?,born=?", params![identity.inode, identity.born])?;
    Ok(())
}

/// Reads the tables of the database.
pub(crate) fn read_targets(conn: &Connection) -> rusqlite::Result<Arc<Targets>> {
    let mut statement = conn.prepare_cached("SELECT name,code,physical,id_column,version_column,name_column FROM _physical")?;
    let targets = statement.query_map((), |row| {
        let target =
            Target { code: TableCode(row.get(1)?), physical: row.get(2)?, id_column: row.get(3)?, version_column: row.get(4)?, name_column: row.get(5)? };
        Ok((LogicalName::from(row.get::<_, String>(0)?), target))
    })?;
    Ok(Arc::new(targets.collect::<rusqlite::Result<Targets>>()?))
}

/// The highest version of any row, tombstone or definition, looked up in the indexes.
pub(crate) fn highest_version(conn: &Connection) -> rusqlite::Result<i64> {
    let mut highest = [
        "SELECT max(version) FROM _definition",
        "SELECT max(version) FROM _definition_tombstone",
        "SELECT max(version) FROM _tombstone",
        "SELECT max(version) FROM _horizon",
        "SELECT max(position) FROM _state",
    ]
    .iter()
    .map(|text| conn.query_row(text, (), |row| row.get::<_, Option<i64>>(0)))
    .try_fold(0, |highest, found| found.map(|found| highest.max(found.unwrap_or(0))))?;
    for (_, target) in read_targets(conn)?.iter() {
        let text = format!("SELECT max({}) FROM {}", driftless_sql::quoted(&target.version_column), driftless_sql::quoted(&target.physical));
        let found: Option<Option<i64>> = conn.query_row(&text, (), |row| row.get(0)).optional()?;
        highest = highest.max(found.flatten().unwrap_or(0));
    }
    Ok(highest)
}
