//! Per table: how many rows and tombstones there are and the sums of their versions. Kept so that `check` notices what vanished or went back. A group of units
//! writes each table's tally once, however many rows it touched.

use std::collections::{BTreeSet, HashMap};

use driftless_model::TableCode;
use rusqlite::{Connection, OptionalExtension, params};

/// Numbers of one table. Sums wrap around: they are compared, never read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) rows: i64,
    pub(crate) version_sum: i64,
    pub(crate) tombstones: i64,
    pub(crate) tombstone_sum: i64,
}

impl Tally {
    pub(crate) fn add_row(&mut self, version: i64) {
        self.rows += 1;
        self.version_sum = self.version_sum.wrapping_add(version);
    }

    pub(crate) fn move_row(&mut self, from: i64, to: i64) {
        self.version_sum = self.version_sum.wrapping_sub(from).wrapping_add(to);
    }

    pub(crate) fn remove_row(&mut self, version: i64) {
        self.rows -= 1;
        self.version_sum = self.version_sum.wrapping_sub(version);
    }

    pub(crate) fn add_tombstone(&mut self, version: i64) {
        self.tombstones += 1;
        self.tombstone_sum = self.tombstone_sum.wrapping_add(version);
    }

    pub(crate) fn remove_tombstone(&mut self, version: i64) {
        self.tombstones -= 1;
        self.tombstone_sum = self.tombstone_sum.wrapping_sub(version);
    }
}

/// The tallies of a writer: read when first needed, undone with a unit, written with a group.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    now: HashMap<TableCode, Tally>,
    changed: BTreeSet<TableCode>,
    before_unit: Vec<(TableCode, Tally)>,
}

impl Tallies {
    /// The tally of a table, to be changed.
    pub(crate) fn of(&mut self, conn: &Connection, table: TableCode) -> rusqlite::Result<&mut Tally> {
        let tally = match self.now.entry(table) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(read(conn, table)?),
        };
        if !self.before_unit.iter().any(|(touched, _)| *touched == table) {
            self.before_unit.push((table, *tally));
            self.changed.insert(table);
        }
        Ok(tally)
    }

    pub(crate) fn begin_unit(&mut self) {
        self.before_unit.clear();
    }

    pub(crate) fn undo_unit(&mut self) {
        self.now.extend(self.before_unit.drain(..));
    }

    /// Forgets everything: the group was undone.
    pub(crate) fn undo_group(&mut self) {
        *self = Self::default();
    }

    /// Writes what the group changed.
    pub(crate) fn write(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        let mut put = conn.prepare_cached("INSERT OR REPLACE INTO _tally VALUES(?,?,?,?,?)")?;
        for table in std::mem::take(&mut self.changed) {
            match self.now.get(&table) {
                Some(tally) if *tally != Tally::default() => {
                    put.execute(params![table.0, tally.rows, tally.version_sum, tally.tombstones, tally.tombstone_sum])?;
                }
                _ => {
                    conn.prepare_cached("DELETE FROM _tally WHERE table_code=?")?.execute([table.0])?;
                }
            }
        }
        Ok(())
    }
}

/// The stored tally of a table.
pub(crate) fn read(conn: &Connection, table: TableCode) -> rusqlite::Result<Tally> {
    let mut statement = conn.prepare_cached("SELECT row_count,version_sum,tombstone_count,tombstone_sum FROM _tally WHERE table_code=?")?;
    let tally = statement
        .query_row([table.0], |row| Ok(Tally { rows: row.get(0)?, version_sum: row.get(1)?, tombstones: row.get(2)?, tombstone_sum: row.get(3)? }))
        .optional()?;
    Ok(tally.unwrap_or_default())
}
