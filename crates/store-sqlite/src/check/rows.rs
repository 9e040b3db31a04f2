//! Rows: ids, keys and versions, by reading the tables themselves and no index.

use driftless_model::{Table, Version};
use driftless_sql::{KeyColumns, collisions, quoted};

use super::{Check, EXAMPLES_MAX, FindingKind};
use crate::tally;

impl Check<'_> {
    pub(super) fn rows(&mut self) -> rusqlite::Result<()> {
        // Versions of all rows and tombstones: 8 bytes each.
        let mut versions: Vec<i64> = Vec::new();
        for table in self.present_tables() {
            self.duplicates(&table)?;
            let first = versions.len();
            self.collect(
                &format!("SELECT {} FROM {} NOT INDEXED", quoted(&table.column(table.row_version).physical), quoted(&table.def.physical)),
                &mut versions,
            )?;
            let (rows, sum) = totals(versions.get(first..).unwrap_or_default());
            self.report.rows += u64::try_from(rows).unwrap_or(0);
            let kept = tally::read(self.conn, table.def.code)?;
            if rows != kept.rows {
                let text = format!("{rows} rows are there, {} were written and not removed.", kept.rows);
                self.report.add(FindingKind::RowCount, Some(table.name()), text);
            } else if sum != kept.version_sum {
                let text = "The versions of the rows are not those that were given: at least one was lowered or raised.".to_owned();
                self.report.add(FindingKind::VersionSum, Some(table.name()), text);
            }
        }
        self.collect("SELECT version FROM _tombstone NOT INDEXED", &mut versions)?;
        versions.sort_unstable();
        self.report_versions(&versions);
        let definitions: Option<i64> = self.conn.query_row("SELECT max(version) FROM _definition", (), |row| row.get(0))?;
        if definitions.is_some_and(|version| version > self.state.position) || self.state.metadata > Version(self.state.position) {
            let text = format!("A definition has a version above the position {}.", self.state.position);
            self.report.add(FindingKind::VersionAbovePosition, None, text);
        }
        Ok(())
    }

    fn collect(&self, text: &str, versions: &mut Vec<i64>) -> rusqlite::Result<()> {
        let mut statement = self.conn.prepare(text)?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            versions.push(row.get(0)?);
        }
        Ok(())
    }

    /// Versions, ascending: none twice (CT-19), none above the position (A4).
    fn report_versions(&mut self, versions: &[i64]) {
        for twice in versions.windows(2).filter(|pair| pair[0] == pair[1]).take(EXAMPLES_MAX) {
            self.report.add(FindingKind::DuplicateVersion, None, format!("Version {} stands on more than one row or tombstone.", twice[0]));
        }
        if let Some(last) = versions.last().filter(|last| **last > self.state.position) {
            let above = versions.len() - versions.partition_point(|version| *version <= self.state.position);
            let text = format!("{above} rows or tombstones have versions above the position {}, up to {last}.", self.state.position);
            self.report.add(FindingKind::VersionAbovePosition, None, text);
        }
        if versions.first().is_some_and(|first| *first <= 0) {
            self.report.add(FindingKind::VersionSum, None, "A row or tombstone has a version below 1.".to_owned());
        }
    }

    /// Primary ids and active keys that several rows have.
    fn duplicates(&mut self, table: &Table) -> rusqlite::Result<()> {
        let id = [quoted(&table.column(table.id).physical)];
        let twice = self.count(&collisions(table, &id))?;
        if twice > 0 {
            self.report.add(FindingKind::DuplicateId, Some(table.name()), format!("{twice} primary ids stand on more than one row."));
        }
        for key in table.keys.iter().filter(|key| key.is_active()) {
            let Ok(columns) = KeyColumns::of(table, key) else { continue };
            let twice = self.count(&collisions(table, &columns.physical(table).collect::<Vec<_>>()))?;
            if twice > 0 {
                let text = format!("{twice} values of the key '{}' stand on more than one row.", key.name);
                self.report.add(FindingKind::DuplicateKey, Some(table.name()), text);
            }
        }
        Ok(())
    }

    fn count(&self, text: &str) -> rusqlite::Result<i64> {
        self.conn.query_row(&format!("SELECT count(*) FROM ({text})"), (), |row| row.get(0))
    }
}

/// Number and wrapping sum.
pub(super) fn totals(versions: &[i64]) -> (i64, i64) {
    (i64::try_from(versions.len()).unwrap_or(i64::MAX), versions.iter().fold(0_i64, |sum, version| sum.wrapping_add(*version)))
}
