//! Definitions against physical tables, columns and indexes.

use std::collections::{BTreeMap, BTreeSet};

use driftless_model::{DeleteAction, KeyIndexStatus, Table};
use driftless_sql::{KeyColumns, id_index, key_index, lookup_index, physical_columns, version_index};
use rusqlite::Connection;

use super::{Check, FindingKind};
use crate::state::read_targets;

/// Names of physical tables that hold rows.
pub(super) fn tables(conn: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut statement =
        conn.prepare("SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE '\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")?;
    statement.query_map((), |row| row.get(0))?.collect()
}

impl Check<'_> {
    pub(super) fn physical(&mut self) -> rusqlite::Result<()> {
        let defined: BTreeSet<&str> = self.tables.iter().map(|table| table.def.physical.as_str()).collect();
        for name in self.present.iter().filter(|name| !defined.contains(name.as_str())) {
            self.report.add(FindingKind::ExtraTable, Some(name), format!("The physical table '{name}' belongs to no definition."));
        }
        for table in self.tables {
            if self.present.contains(&table.def.physical) {
                self.report.tables += 1;
                self.columns(table)?;
                self.indexes(table)?;
            } else {
                self.report.add(FindingKind::MissingTable, Some(table.name()), format!("The physical table '{}' is not there.", table.def.physical));
            }
        }
        self.lookup_indexes()?;
        self.catalog()
    }

    fn columns(&mut self, table: &Table) -> rusqlite::Result<()> {
        let mut statement = self.conn.prepare_cached("SELECT name,type FROM pragma_table_info(?)")?;
        let there: BTreeMap<String, String> =
            statement.query_map([&table.def.physical], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        // A deleted column stays in the physical table (ADR 0002), so more columns than defined are right.
        for column in table.columns.iter().flat_map(physical_columns) {
            let text = match there.get(&column.name) {
                Some(sql_type) if sql_type == column.sql_type => continue,
                Some(sql_type) => format!("The physical column '{}' is of type {sql_type}, not {}.", column.name, column.sql_type),
                None => format!("The physical column '{}' is not there.", column.name),
            };
            self.report.add(FindingKind::MissingColumn, Some(table.name()), text);
        }
        Ok(())
    }

    fn indexes(&mut self, table: &Table) -> rusqlite::Result<()> {
        let mut statement = self.conn.prepare_cached("SELECT name,\"unique\" FROM pragma_index_list(?)")?;
        let there: BTreeMap<String, bool> =
            statement.query_map([&table.def.physical], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        let physical = |ix| table.column(ix).physical.clone();
        let mut demanded =
            vec![(id_index(&table.def.physical), vec![physical(table.id)]), (version_index(&table.def.physical), vec![physical(table.row_version)])];
        for key in table.keys.iter().filter(|key| key.is_active()) {
            match KeyColumns::of(table, key) {
                Ok(columns) => demanded.push((key_index(table, key), columns.places().iter().map(|ix| physical(*ix)).collect())),
                Err(_) => {
                    self.report.add(FindingKind::MissingColumn, Some(table.name()), format!("The key '{}' names a column that is not defined.", key.name))
                }
            }
        }
        for (name, columns) in demanded {
            let text = match there.get(&name) {
                None => format!("The index '{name}' is not there."),
                Some(false) => format!("The index '{name}' is not unique."),
                Some(true) if self.index_columns(&name)? != columns => format!("The index '{name}' is not on the columns {}.", columns.join(", ")),
                Some(true) => continue,
            };
            self.report.add(FindingKind::MissingIndex, Some(table.name()), text);
        }
        // While its job runs, a key may or may not have its index.
        let allowed = table.keys.iter().filter(|key| key.status != KeyIndexStatus::Failed).map(|key| key_index(table, key)).collect::<BTreeSet<_>>();
        let prefix = format!("{}.key.", table.def.physical);
        for name in there.keys().filter(|name| name.starts_with(&prefix) && !allowed.contains(*name)) {
            self.report.add(FindingKind::ExtraIndex, Some(table.name()), format!("The index '{name}' belongs to no key that is in force."));
        }
        Ok(())
    }

    fn index_columns(&self, index: &str) -> rusqlite::Result<Vec<String>> {
        let mut statement = self.conn.prepare_cached("SELECT name FROM pragma_index_info(?) ORDER BY seqno")?;
        statement.query_map([index], |row| row.get(0))?.collect()
    }

    /// Lookups that a delete follows are indexed (ADR 0002), and the second ids of pairs, which the index of their key does not begin with (ADR 0017).
    fn lookup_indexes(&mut self) -> rusqlite::Result<()> {
        let followed = self.relationships.iter().filter(|relationship| relationship.cascade.delete != DeleteAction::NoCascade);
        let lookups = followed.map(|relationship| (&relationship.schema_name, &relationship.referencing_table, &relationship.referencing_column));
        let pairs = self.many_to_many.iter().map(|relationship| (&relationship.schema_name, &relationship.intersect, &relationship.second.column));
        for (relationship, table, column) in lookups.chain(pairs) {
            let Some(table) = self.tables.iter().find(|own| own.name() == table) else { continue };
            let Some(column) = table.find(column) else {
                let text = format!("The relationship '{relationship}' names the column '{column}', which is not defined.");
                self.report.add(FindingKind::MissingColumn, Some(table.name()), text);
                continue;
            };
            let name = lookup_index(table, table.column(column));
            let there: bool =
                self.conn.prepare_cached("SELECT count(*) FROM sqlite_schema WHERE type='index' AND name=?")?.query_row([&name], |row| row.get(0))?;
            if !there && self.present.contains(&table.def.physical) {
                self.report.add(FindingKind::MissingIndex, Some(table.name()), format!("The index '{name}' is not there."));
            }
        }
        Ok(())
    }

    /// The store's own list of tables, from which names of referred rows are read.
    fn catalog(&mut self) -> rusqlite::Result<()> {
        let listed = read_targets(self.conn)?;
        for table in self.tables {
            let fits = listed.get(table.name()).is_some_and(|target| {
                target.code == table.def.code
                    && target.physical == table.def.physical
                    && target.id_column == table.column(table.id).physical
                    && target.version_column == table.column(table.row_version).physical
            });
            if !fits {
                self.report.add(FindingKind::Catalog, Some(table.name()), "The list of physical tables does not fit the table's definition.".to_owned());
            }
        }
        for (name, _) in listed.iter().filter(|(name, _)| !self.tables.iter().any(|table| table.name() == *name)) {
            self.report.add(FindingKind::Catalog, Some(name), "The list of physical tables has a table that is not defined.".to_owned());
        }
        Ok(())
    }
}
