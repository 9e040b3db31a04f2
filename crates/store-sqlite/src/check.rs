//! The check of a data folder: everything that must hold of it, looked at row by row. It reads one snapshot, so it may run beside a service.

mod feed;
mod files;
mod finding;
mod physical;
mod references;
mod rows;

use std::collections::BTreeSet;
use std::sync::Arc;

use driftless_model::{Error, ErrorCode, ManyToMany, Relationship, Result, Table};
use rusqlite::Connection;

pub use finding::{CheckReport, Finding, FindingKind};

use crate::error::is_damage;
use crate::state::State;
use crate::versions::Reservation;
use crate::{SqliteStore, state, versions};

/// Findings of one rule on one table that are listed one by one; more are only counted.
const EXAMPLES_MAX: usize = 20;

/// What the parts of a check share.
struct Check<'a> {
    conn: &'a Connection,
    tables: &'a [Arc<Table>],
    relationships: &'a [Relationship],
    many_to_many: &'a [Arc<ManyToMany>],
    state: State,
    report: &'a mut CheckReport,
    /// Names of the physical tables.
    present: BTreeSet<String>,
}

impl SqliteStore {
    /// Verifies everything that must hold: the engine's file, versions, keys, tombstones, tallies, references, files, and definitions against physical tables.
    ///
    /// `tables`, `relationships` and `many_to_many` are the definitions that the folder holds. Damage is a finding, not an error.
    ///
    /// # Errors
    /// 0x80040216 when the folder cannot be read at all.
    pub fn check(&self, tables: &[Arc<Table>], relationships: &[Relationship], many_to_many: &[Arc<ManyToMany>]) -> Result<CheckReport> {
        let unreadable = |cause: String| Error::of(ErrorCode::UnExpected).because(cause);
        let mut report = CheckReport::default();
        // The side file moves ahead of the database: what it says before the snapshot is a lower bound, what it says after it an upper one.
        let side = || versions::read(&self.folder).map_err(|error| unreadable(error.to_string()));
        let before = side()?;
        let mut seen = None;
        let ran = self.pool.inspect(|conn| {
            let state = state::read(conn)?;
            seen = Some(state);
            let present = physical::tables(conn)?;
            Check { conn, tables, relationships, many_to_many, state, report: &mut report, present }.run()
        })?;
        match ran {
            Ok(()) => {}
            Err(error) if is_damage(&error) => report.add(FindingKind::Engine, None, format!("The database is damaged: {error}.")),
            Err(error) => return Err(unreadable(error.to_string())),
        }
        if let Some(state) = seen {
            check_side_file(&state, before, side()?, &mut report);
        }
        Ok(report)
    }
}

impl Check<'_> {
    fn run(&mut self) -> rusqlite::Result<()> {
        self.engine()?;
        self.physical()?;
        self.rows()?;
        self.feed()?;
        self.references()?;
        self.files()
    }

    /// What the engine itself finds wrong with its file: pages, indexes, types.
    fn engine(&mut self) -> rusqlite::Result<()> {
        let mut statement = self.conn.prepare("PRAGMA integrity_check(100)")?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let text: String = row.get(0)?;
            if text != "ok" {
                let kind = if text.contains("index") { FindingKind::IndexEntry } else { FindingKind::Engine };
                self.report.add(kind, None, format!("The engine reports: {text}."));
            }
        }
        Ok(())
    }

    /// Tables that are defined and there.
    fn present_tables(&self) -> Vec<Arc<Table>> {
        self.tables.iter().filter(|table| self.present.contains(&table.def.physical)).map(Arc::clone).collect()
    }
}

fn check_side_file(state: &State, before: Option<Reservation>, after: Option<Reservation>, report: &mut CheckReport) {
    let (Some(before), Some(after)) = (before, after) else {
        return report.add(FindingKind::SideFile, None, "The file 'versions' is missing or cannot be read: the next start begins a new epoch.".to_owned());
    };
    if after.epoch != state.epoch {
        let text = format!("The file 'versions' is of epoch {}, the database of epoch {}.", after.epoch, state.epoch);
        return report.add(FindingKind::SideFile, None, text);
    }
    if before.epoch == state.epoch && state.position < before.low {
        let text = format!("The database ends at version {}, but {} was on disk: an older database was put in its place.", state.position, before.low);
        report.add(FindingKind::SideFile, None, text);
    }
    if state.position > after.limit {
        let text = format!("The database ends at version {}, above the reserved {}.", state.position, after.limit);
        report.add(FindingKind::SideFile, None, text);
    }
}
