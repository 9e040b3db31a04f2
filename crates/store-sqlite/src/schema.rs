//! Changes of physical tables and indexes inside a unit.

use driftless_model::{AlternateKey, ColumnIx, Table, Value};
use driftless_query::RowView;
use driftless_sql::{KeyColumns, Targets};
use driftless_store::{KeyBuild, SchemaChange};
use rusqlite::{Connection, params};

use crate::error::is_unique_violation;
use crate::files;
use crate::rows::StatementRow;

/// What a change did, besides the database itself.
pub(crate) struct Done {
    /// How building a key ended.
    pub(crate) build: KeyBuild,
    /// The tables of the database are others now.
    pub(crate) catalog: bool,
}

/// An error of a schema change: of the engine, or of the definitions.
pub(crate) enum Failure {
    Engine(rusqlite::Error),
    Definition(driftless_model::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(error)
    }
}

impl From<driftless_model::Error> for Failure {
    fn from(error: driftless_model::Error) -> Self {
        Self::Definition(error)
    }
}

/// Makes the change. Tallies are the caller's.
pub(crate) fn change(conn: &Connection, change: &SchemaChange<'_>, targets: &Targets) -> std::result::Result<Done, Failure> {
    let plain = |catalog| Ok(Done { build: KeyBuild::Done, catalog });
    match change {
        SchemaChange::CreateTable(table) => {
            run(conn, &driftless_sql::create_table(table))?;
            put_physical(conn, table)?;
            plain(true)
        }
        SchemaChange::AddColumn(table, column) => {
            run(conn, &driftless_sql::add_column(table, *column))?;
            let names_rows = table.special.name == Some(*column);
            if names_rows {
                put_physical(conn, table)?;
            }
            plain(names_rows)
        }
        SchemaChange::IndexLookup(table, column) => {
            run(conn, &[driftless_sql::index_lookup(table, *column)])?;
            plain(false)
        }
        SchemaChange::DropFiles(table, column) => {
            files::remove_of_table(conn, table, Some(table.column(*column).id))?;
            plain(false)
        }
        SchemaChange::DropTable(table) => {
            drop_table(conn, table)?;
            plain(true)
        }
        SchemaChange::BuildKey(table, key) => Ok(Done { build: build_key(conn, table, key, targets)?, catalog: false }),
        SchemaChange::DropKey(table, key) => {
            run(conn, &[driftless_sql::drop_key(table, key)])?;
            plain(false)
        }
    }
}

fn run(conn: &Connection, statements: &[String]) -> rusqlite::Result<()> {
    statements.iter().try_for_each(|text| conn.execute_batch(text))
}

fn put_physical(conn: &Connection, table: &Table) -> rusqlite::Result<()> {
    let physical = |ix: ColumnIx| &table.column(ix).physical;
    conn.execute(
        "INSERT OR REPLACE INTO _physical VALUES(?,?,?,?,?,?)",
        params![table.def.code.0, table.name().as_str(), table.def.physical, physical(table.id), physical(table.row_version), table.special.name.map(physical)],
    )?;
    Ok(())
}

fn drop_table(conn: &Connection, table: &Table) -> rusqlite::Result<()> {
    let code = table.def.code.0;
    conn.execute_batch(&driftless_sql::drop_table(table))?;
    files::remove_of_table(conn, table, None)?;
    for text in [
        "DELETE FROM _tombstone WHERE table_code=?",
        "DELETE FROM _horizon WHERE table_code=?",
        "DELETE FROM _tally WHERE table_code=?",
        "DELETE FROM _physical WHERE code=?",
    ] {
        conn.execute(text, [code])?;
    }
    Ok(())
}

fn build_key(conn: &Connection, table: &Table, key: &AlternateKey, targets: &Targets) -> std::result::Result<KeyBuild, Failure> {
    match conn.execute_batch(&driftless_sql::index_key(table, key)?) {
        Ok(()) => Ok(KeyBuild::Done),
        Err(error) if is_unique_violation(&error) => collision(conn, table, key, targets),
        Err(error) => Err(error.into()),
    }
}

/// What collides, as an example and in numbers (AK-12).
fn collision(conn: &Connection, table: &Table, key: &AlternateKey, targets: &Targets) -> std::result::Result<KeyBuild, Failure> {
    let columns = KeyColumns::of(table, key)?;
    let values: i64 = conn.query_row(&driftless_sql::key_collision_count(table, &columns), (), |row| row.get(0))?;
    let slots = columns.slots(table, targets);
    let text = format!("{} LIMIT 1", driftless_sql::key_collisions(table, &columns));
    let (example, rows) = conn.query_row(&text, (), |row| {
        let view = StatementRow::new(row, &slots);
        let example: Vec<Value> = (0..slots.len()).map(|at| view.get(at).to_owned()).collect();
        Ok((example, row.get::<_, i64>(slots.len())?))
    })?;
    Ok(KeyBuild::Collides { example, rows: u64::try_from(rows).unwrap_or(0), values: u64::try_from(values).unwrap_or(0) })
}
