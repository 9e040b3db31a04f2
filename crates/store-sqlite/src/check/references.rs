//! Lookups and pairs: every one leads to rows that are there, except along links that the system never follows.

use driftless_model::{ColumnIx, DeleteAction, Shape, SideRole, Table};
use driftless_sql::{quoted, type_column};

use super::{Check, FindingKind};

impl Check<'_> {
    pub(super) fn references(&mut self) -> rusqlite::Result<()> {
        for relationship in self.relationships.iter().filter(|relationship| relationship.cascade.delete != DeleteAction::NoCascade) {
            self.dangling(&relationship.referencing_table, &relationship.referencing_column, &relationship.referenced_table)?;
        }
        for relationship in self.many_to_many {
            for side in SideRole::BOTH.map(|role| relationship.side(role)) {
                self.dangling(&relationship.intersect, &side.column, &side.table)?;
            }
        }
        for table in self.present_tables() {
            for (ix, column) in table.indexed() {
                if column.shape() == Shape::PolyLookup {
                    self.kinds(&table, ix)?;
                }
            }
        }
        Ok(())
    }

    /// Rows of the table `from` whose `column` has the id of no row of the table `to`.
    fn dangling(&mut self, from: &str, column: &str, to: &str) -> rusqlite::Result<()> {
        let find = |name: &str| self.tables.iter().find(|table| table.name().as_str() == name && self.present.contains(&table.def.physical));
        let (Some(from), Some(to)) = (find(from), find(to)) else {
            return Ok(());
        };
        let Some(column) = from.find(column).map(|ix| from.column(ix)) else {
            return Ok(());
        };
        let lookup = quoted(&column.physical);
        let kind = if column.shape() == Shape::PolyLookup { format!(" AND r.{}={}", quoted(&type_column(column)), to.def.code) } else { String::new() };
        let text = format!(
            "SELECT count(*),min(hex(r.{})) FROM {} AS r WHERE r.{lookup} IS NOT NULL{kind} AND NOT EXISTS(SELECT 1 FROM {} AS t WHERE t.{}=r.{lookup})",
            quoted(&from.column(from.id).physical),
            quoted(&from.def.physical),
            quoted(&to.def.physical),
            quoted(&to.column(to.id).physical)
        );
        let (count, example): (i64, Option<String>) = self.conn.query_row(&text, (), |row| Ok((row.get(0)?, row.get(1)?)))?;
        if count > 0 {
            let text = format!(
                "{count} rows refer by '{}' to rows of '{}' that are not there, among them {}.",
                column.name,
                to.name(),
                example.unwrap_or_default().to_ascii_lowercase()
            );
            self.report.add(FindingKind::DanglingLookup, Some(from.name()), text);
        }
        Ok(())
    }

    /// A polymorphic lookup has an id and a table that it may lead to, or neither.
    fn kinds(&mut self, table: &Table, ix: ColumnIx) -> rusqlite::Result<()> {
        let column = table.column(ix);
        let targets = column.lookup().map(|lookup| lookup.targets.as_slice()).unwrap_or_default();
        let codes: Vec<String> = self.tables.iter().filter(|table| targets.contains(table.name())).map(|table| table.def.code.to_string()).collect();
        let (id, kind) = (quoted(&column.physical), quoted(&type_column(column)));
        let text =
            format!("SELECT count(*) FROM {} WHERE ({id} IS NULL)<>({kind} IS NULL) OR {kind} NOT IN ({})", quoted(&table.def.physical), codes.join(","));
        let count: i64 = self.conn.query_row(&text, (), |row| row.get(0))?;
        if count > 0 {
            let text = format!("{count} rows have in '{}' an id without a table that it may lead to.", column.name);
            self.report.add(FindingKind::BadReference, Some(table.name()), text);
        }
        Ok(())
    }
}
