//! Plain SQLite on a copy of the service's database: its DDL, its settings, its group size, statements prepared once, and nothing else.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Statement, params_from_iter};

use super::tables::{BenchTable, Codes};

/// Units of one transaction: what 64 connections give the service at most.
const GROUP: usize = 64;
/// Settings of the service's writing connection.
const SETTINGS: &str = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA fullfsync=1; PRAGMA checkpoint_fullfsync=1;
PRAGMA wal_autocheckpoint=4096; PRAGMA cache_size=-32768; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=268435456;";

/// A copy of the database.
pub(crate) struct Raw {
    conn: Connection,
}

/// A table of it, and the row that the service made, which is written again and again with other keys.
pub(crate) struct RawTable {
    physical: String,
    id_column: String,
    version_column: String,
    /// The columns that the service filled, with their values.
    model: Vec<(String, Value)>,
    /// The code of that row.
    code: String,
    /// First eight bytes of the next id: ids rise, as the service's do.
    next_id: u64,
    next_version: i64,
}

impl Raw {
    /// Copies a database that nobody has open, with what is left in its log.
    pub(crate) fn copy(from: &Path, to: &Path) -> Result<Self> {
        for end in ["db", "db-wal", "db-shm"] {
            let _ = std::fs::remove_file(to.with_extension(end));
        }
        for end in ["db", "db-wal"] {
            let part = from.with_extension(end);
            if part.exists() {
                std::fs::copy(&part, to.with_extension(end)).with_context(|| format!("cannot copy {}", part.display()))?;
            }
        }
        Self::open(to)
    }

    /// Opens a database that nobody has open.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let conn = Connection::open(path)?;
        conn.create_collation(driftless_sql::COLLATION, driftless_model::compare)?;
        conn.execute_batch(SETTINGS)?;
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))?;
        conn.set_prepared_statement_cache_capacity(256);
        Ok(Self { conn })
    }

    /// Adds rows as the service would have, without its path and without syncs: for tables that would take it too long to fill. The service then takes the
    /// folder for one that was put back, and begins a new epoch.
    pub(crate) fn extend(&self, table: &BenchTable, numbers: std::ops::Range<usize>, codes: Codes) -> Result<()> {
        const EACH: usize = 10_000;
        let mut rows = self.table(table)?;
        rows.next_version = self.conn.query_row("SELECT position FROM _state", (), |row| row.get::<_, i64>(0))? + 1;
        let (first, count) = (rows.next_version, numbers.len() as i64);
        self.conn.execute_batch("PRAGMA synchronous=OFF")?;
        let mut insert = self.conn.prepare(&rows.insert_text())?;
        let (start, end) = (numbers.start, numbers.end);
        for begin in numbers.step_by(EACH) {
            self.conn.execute_batch("BEGIN IMMEDIATE")?;
            for number in begin..(begin + EACH).min(end) {
                insert.execute(params_from_iter(rows.row(&codes.code(number))))?;
            }
            self.conn.execute_batch("COMMIT")?;
            if (begin - start).is_multiple_of(100 * EACH) {
                eprintln!("  {} of {count} rows written below the service", begin - start);
            }
        }
        let last = rows.next_version - 1;
        let tally = "UPDATE _tally SET row_count=row_count+?,version_sum=version_sum+? WHERE table_code=(SELECT code FROM _physical WHERE name=?)";
        self.conn.execute(tally, rusqlite::params![count, (first + last) * count / 2, table.name])?;
        self.conn.execute("UPDATE _state SET position=?", [last])?;
        self.conn.execute_batch("PRAGMA synchronous=FULL")?;
        self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))?;
        Ok(())
    }

    /// A table with at least one row.
    pub(crate) fn table(&self, table: &BenchTable) -> Result<RawTable> {
        let about = "SELECT physical,id_column,version_column FROM _physical WHERE name=?";
        let (physical, id_column, version_column): (String, String, String) =
            self.conn.query_row(about, [&table.name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let mut statement = self.conn.prepare(&format!("SELECT * FROM \"{physical}\" LIMIT 1"))?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let values = statement.query_row((), |row| (0..names.len()).map(|at| row.get::<_, Value>(at)).collect::<rusqlite::Result<Vec<_>>>())?;
        let model: Vec<_> = names.into_iter().zip(values).filter(|(_, value)| *value != Value::Null).collect();
        let code =
            model.iter().find(|(name, _)| name == "new_code").and_then(|(_, value)| if let Value::Text(text) = value { Some(text.clone()) } else { None });
        let id: Vec<u8> = self.conn.query_row(&format!("SELECT max(\"{id_column}\") FROM \"{physical}\""), (), |row| row.get(0))?;
        let version: i64 = self.conn.query_row(&format!("SELECT max(\"{version_column}\") FROM \"{physical}\""), (), |row| row.get(0))?;
        let first = id.first_chunk::<8>().context("an id is too short")?;
        Ok(RawTable {
            next_id: u64::from_be_bytes(*first) + 1,
            next_version: version + 1,
            code: code.context("the row has no code")?,
            physical,
            id_column,
            version_column,
            model,
        })
    }

    /// Inserts rows, each under a savepoint, [`GROUP`] a transaction. Gives rows a second.
    pub(crate) fn insert(&self, table: &mut RawTable, numbers: std::ops::Range<usize>, codes: Codes) -> Result<f64> {
        let mut insert = self.conn.prepare(&table.insert_text())?;
        let mut group = Group::new(&self.conn)?;
        let count = numbers.len();
        let begun = Instant::now();
        for number in numbers {
            group.begin_unit()?;
            insert.execute(params_from_iter(table.row(&codes.code(number))))?;
            group.end_unit(GROUP)?;
        }
        group.commit()?;
        Ok(count as f64 / begun.elapsed().as_secs_f64())
    }

    /// Finds each row by its code and updates it, or inserts it: `each` rows a transaction, no savepoints. Gives rows a second.
    pub(crate) fn upsert(&self, table: &mut RawTable, numbers: &[usize], each: usize, codes: Codes) -> Result<f64> {
        let mut find = self.conn.prepare(&format!("SELECT _rowid_ FROM \"{}\" WHERE new_code=?", table.physical))?;
        let mut insert = self.conn.prepare(&table.insert_text())?;
        let changed: Vec<(String, Value)> = table.model.iter().filter(|(name, _)| table.is_updated(name)).cloned().collect();
        let list: Vec<String> = changed.iter().map(|(name, _)| format!("\"{name}\"=?")).collect();
        let mut update = self.conn.prepare(&format!("UPDATE \"{}\" SET {} WHERE _rowid_=?", table.physical, list.join(",")))?;
        let begun = Instant::now();
        for call in numbers.chunks(each) {
            self.conn.execute_batch("BEGIN IMMEDIATE")?;
            for number in call {
                let code = codes.code(*number);
                let found: Option<i64> = find.query(params_from_iter([&code]))?.next()?.map(|row| row.get(0)).transpose()?;
                match found {
                    Some(rowid) => {
                        let values = changed.iter().map(|(name, value)| table.value(name, value, &code));
                        update.execute(params_from_iter(values.chain([Value::Integer(rowid)])))?;
                        table.next_version += 1;
                    }
                    None => {
                        insert.execute(params_from_iter(table.row(&code)))?;
                    }
                }
            }
            self.conn.execute_batch("COMMIT")?;
        }
        Ok(numbers.len() as f64 / begun.elapsed().as_secs_f64())
    }

    /// Steps through a table in pages by id and reads the id, the version and `columns` of each row. Gives rows a second.
    pub(crate) fn pages(&self, table: &RawTable, columns: &[&str], page: usize) -> Result<f64> {
        let text = format!("SELECT {} FROM \"{}\"", table.selected(columns), table.physical);
        let mut first = self.conn.prepare(&format!("{text} ORDER BY \"{}\" LIMIT {page}", table.id_column))?;
        let mut next = self.conn.prepare(&format!("{text} WHERE \"{0}\">? ORDER BY \"{0}\" LIMIT {page}", table.id_column))?;
        let begun = Instant::now();
        let (mut rows, mut last) = (0, read(&mut first, &[] as &[Vec<u8>], columns.len() + 2)?);
        while last.rows > 0 {
            rows += last.rows;
            last = read(&mut next, &[last.id], columns.len() + 2)?;
        }
        Ok(rows as f64 / begun.elapsed().as_secs_f64())
    }

    /// Puts the rows of a table together by shelf and maker, as the bench of FetchXML asks for. Gives the number of groups.
    pub(crate) fn grouped(&self, table: &BenchTable) -> Result<usize> {
        let about = |name: &str| {
            let names = "SELECT physical,id_column FROM _physical WHERE name=?";
            self.conn.query_row(names, [name], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))
        };
        let ((rows, id), (shelves, shelf_id), (users, user_id)) = (about(&table.name)?, about("new_shelf")?, about("systemuser")?);
        let text = format!(
            "SELECT count(t.\"{id}\"),sum(t.new_count),max(t.new_seen),s.new_name,u.fullname FROM \"{rows}\" t JOIN \"{shelves}\" s ON s.\"{shelf_id}\"=t.new_shelfid \
             JOIN \"{users}\" u ON u.\"{user_id}\"=t.createdby GROUP BY 4,5 ORDER BY 4,5"
        );
        read(&mut *self.conn.prepare_cached(&text)?, &[] as &[i64], 5).map(|found| found.rows)
    }

    /// Milliseconds of one read of the newest `count` changes.
    pub(crate) fn changes(&self, table: &RawTable, columns: &[&str], count: i64, runs: usize) -> Result<f64> {
        let version = &table.version_column;
        let text = format!("SELECT {} FROM \"{}\" WHERE \"{version}\">? ORDER BY \"{version}\"", table.selected(columns), table.physical);
        let mut statement = self.conn.prepare(&text)?;
        let newest = format!("SELECT \"{version}\" FROM \"{}\" ORDER BY 1 DESC LIMIT 1 OFFSET {count}", table.physical);
        let after: i64 = self.conn.query_row(&newest, (), |row| row.get(0))?;
        super::load::median_ms(runs, || {
            let found = read(&mut statement, &[after], columns.len() + 2)?;
            ensure!(found.rows as i64 == count, "{} changes instead of {count}", found.rows);
            Ok(())
        })
    }
}

impl RawTable {
    fn insert_text(&self) -> String {
        let names: Vec<String> = self.model.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        format!("INSERT INTO \"{}\"({}) VALUES({})", self.physical, names.join(","), vec!["?"; names.len()].join(","))
    }

    fn selected(&self, columns: &[&str]) -> String {
        let names = [self.id_column.as_str(), self.version_column.as_str()].into_iter().chain(columns.iter().copied());
        names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(",")
    }

    /// What an update of the service writes: the columns of the body but the key, and who changed the row when.
    fn is_updated(&self, name: &str) -> bool {
        let is_given = name.starts_with("new_") && name != self.id_column && name != "new_code";
        is_given || name == self.version_column || name == "modifiedon" || name == "modifiedby"
    }

    /// A value of the model row for another row.
    fn value(&self, name: &str, value: &Value, code: &str) -> Value {
        match value {
            _ if name == self.version_column => Value::Integer(self.next_version),
            Value::Text(text) if text.contains(&self.code) => Value::Text(text.replace(&self.code, code)),
            Value::Blob(_) if name == self.id_column => {
                let mut id = [0xA5; 16];
                id[..8].copy_from_slice(&self.next_id.to_be_bytes());
                Value::Blob(id.to_vec())
            }
            Value::Blob(parent) if name == "new_shelfid" => {
                let mut parent = parent.clone();
                let [.., high, low] = &mut parent[..] else { return value.clone() };
                [*high, *low] = ((self.next_version % 1_000) as u16).to_be_bytes();
                Value::Blob(parent)
            }
            other => other.clone(),
        }
    }

    /// The next row.
    fn row(&mut self, code: &str) -> Vec<Value> {
        let row = self.model.iter().map(|(name, value)| self.value(name, value, code)).collect();
        self.next_id += 1;
        self.next_version += 1;
        row
    }
}

struct Read {
    rows: usize,
    id: Vec<u8>,
}

/// Steps through a statement and reads each column of each row where it lies.
fn read<P: rusqlite::ToSql>(statement: &mut Statement<'_>, values: &[P], columns: usize) -> Result<Read> {
    let mut rows = statement.query(params_from_iter(values))?;
    let mut found = Read { rows: 0, id: Vec::new() };
    let mut sum = 0_usize;
    while let Some(row) = rows.next()? {
        for at in 0..columns {
            sum = sum.wrapping_add(match row.get_ref(at)? {
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
                ValueRef::Integer(number) => number as usize,
                ValueRef::Real(_) | ValueRef::Null => 1,
            });
        }
        if let ValueRef::Blob(id) = row.get_ref(0)? {
            found.id.clear();
            found.id.extend_from_slice(id);
        }
        found.rows += 1;
    }
    std::hint::black_box(sum);
    Ok(found)
}

/// Units grouped into transactions.
struct Group<'c> {
    begin: Statement<'c>,
    commit: Statement<'c>,
    savepoint: Statement<'c>,
    release: Statement<'c>,
    units: usize,
}

impl<'c> Group<'c> {
    fn new(conn: &'c Connection) -> Result<Self> {
        Ok(Self {
            begin: conn.prepare("BEGIN IMMEDIATE")?,
            commit: conn.prepare("COMMIT")?,
            savepoint: conn.prepare("SAVEPOINT unit")?,
            release: conn.prepare("RELEASE unit")?,
            units: 0,
        })
    }

    fn begin_unit(&mut self) -> Result<()> {
        if self.units == 0 {
            self.begin.execute(())?;
        }
        self.savepoint.execute(())?;
        Ok(())
    }

    fn end_unit(&mut self, units_max: usize) -> Result<()> {
        self.release.execute(())?;
        self.units += 1;
        if self.units == units_max {
            self.commit()?;
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        if self.units > 0 {
            self.commit.execute(())?;
        }
        self.units = 0;
        Ok(())
    }
}
