//! Tombstones, horizons and tallies.

use std::collections::{BTreeMap, BTreeSet};

use driftless_model::{Table, TableCode};
use driftless_sql::quoted;
use rusqlite::OptionalExtension;

use super::rows::totals;
use super::{Check, FindingKind};
use crate::tally;

impl Check<'_> {
    pub(super) fn feed(&mut self) -> rusqlite::Result<()> {
        let mut by_table: BTreeMap<i32, Vec<i64>> = BTreeMap::new();
        let mut statement = self.conn.prepare("SELECT table_code,version FROM _tombstone NOT INDEXED")?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            by_table.entry(row.get(0)?).or_default().push(row.get(1)?);
            self.report.tombstones += 1;
        }
        let tracked: BTreeSet<i32> = self.tables.iter().filter(|table| table.def.change_tracking).map(|table| table.def.code.0).collect();
        for (code, versions) in by_table.iter().filter(|(code, _)| !tracked.contains(code)) {
            let text = format!("{} tombstones are of the table number {code}, which is not there or not tracked.", versions.len());
            self.report.add(FindingKind::TombstoneOfUnknownTable, None, text);
        }
        for table in self.present_tables() {
            let versions = by_table.get(&table.def.code.0).map(Vec::as_slice).unwrap_or_default();
            self.tombstones(&table, versions)?;
        }
        self.leftovers()
    }

    fn tombstones(&mut self, table: &Table, versions: &[i64]) -> rusqlite::Result<()> {
        let kept = tally::read(self.conn, table.def.code)?;
        let (count, sum) = totals(versions);
        if count < kept.tombstones {
            let text = format!("{count} tombstones are there, {} were left and not purged: removals would be missing from the feed.", kept.tombstones);
            self.report.add(FindingKind::MissingTombstone, Some(table.name()), text);
        } else if count > kept.tombstones || sum != kept.tombstone_sum {
            let text = format!("{count} tombstones are there, {} were left; or their versions are others.", kept.tombstones);
            self.report.add(FindingKind::ExtraTombstone, Some(table.name()), text);
        }
        let text = format!(
            "SELECT count(*) FROM _tombstone AS t WHERE t.table_code=? AND EXISTS(SELECT 1 FROM {} AS r WHERE r.{}=t.id)",
            quoted(&table.def.physical),
            quoted(&table.column(table.id).physical)
        );
        let live: i64 = self.conn.query_row(&text, [table.def.code.0], |row| row.get(0))?;
        if live > 0 {
            self.report.add(FindingKind::TombstoneOfLiveRow, Some(table.name()), format!("{live} ids have a row and a tombstone (CT-16)."));
        }
        self.horizon(table, versions)
    }

    fn horizon(&mut self, table: &Table, versions: &[i64]) -> rusqlite::Result<()> {
        let mut statement = self.conn.prepare_cached("SELECT version FROM _horizon WHERE table_code=?")?;
        let Some(horizon) = statement.query_row([table.def.code.0], |row| row.get::<_, i64>(0)).optional()? else {
            return Ok(());
        };
        if horizon > self.state.position || horizon < 0 {
            let text = format!("The horizon {horizon} does not lie between 0 and the position {}.", self.state.position);
            self.report.add(FindingKind::Horizon, Some(table.name()), text);
        }
        let below = versions.iter().filter(|version| **version <= horizon).count();
        if below > 0 {
            self.report.add(FindingKind::Horizon, Some(table.name()), format!("{below} tombstones lie at or below the horizon {horizon}."));
        }
        Ok(())
    }

    /// Tallies and horizons of tables that are not there.
    fn leftovers(&mut self) -> rusqlite::Result<()> {
        let known: BTreeSet<TableCode> = self.tables.iter().map(|table| table.def.code).collect();
        let mut statement = self.conn.prepare("SELECT table_code FROM _tally UNION SELECT table_code FROM _horizon")?;
        let codes = statement.query_map((), |row| Ok(TableCode(row.get(0)?)))?.collect::<rusqlite::Result<Vec<_>>>()?;
        for code in codes.into_iter().filter(|code| !known.contains(code)) {
            self.report.add(FindingKind::Catalog, None, format!("There is a tally or horizon of the table number {code}, which is not defined."));
        }
        Ok(())
    }
}
