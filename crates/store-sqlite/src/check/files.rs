//! Files: every one that a row names is there with all its bytes, and every one that is there is named by its row.

use driftless_model::{ColumnIx, ColumnType, Table, Uuid};
use driftless_sql::quoted;

use super::{Check, FindingKind};
use crate::rows::uuid_at;
use crate::state;

/// What must find nothing, with what it means.
const BYTES: [(&str, &str); 4] = [
    (
        "SELECT count(*) FROM _file f WHERE f.state=1 AND (f.bytes,f.blocks)<>(SELECT coalesce(sum(b.bytes),0),count(*) FROM _block b WHERE b.file=f.no)",
        "files have not the blocks that they were put together from",
    ),
    (
        "SELECT count(*) FROM (SELECT b.start,lag(b.start+b.bytes,1,0) OVER(PARTITION BY b.file ORDER BY b.start,b.bytes) AS due
         FROM _block b JOIN _file f ON f.no=b.file WHERE f.state=1) WHERE start IS NOT due",
        "blocks of files do not follow one another",
    ),
    (
        "SELECT count(*) FROM _block b JOIN _file f ON f.no=b.file
         WHERE f.state<>2 AND b.bytes<>(SELECT coalesce(sum(length(p.bytes)),0) FROM _piece p WHERE p.block=b.no)",
        "blocks have lost bytes",
    ),
    (
        "SELECT (SELECT count(*) FROM _block b WHERE NOT EXISTS(SELECT 1 FROM _file f WHERE f.no=b.file))
         +(SELECT count(*) FROM _piece p WHERE NOT EXISTS(SELECT 1 FROM _block b WHERE b.no=p.block))",
        "blocks and pieces belong to no file",
    ),
];

impl Check<'_> {
    pub(super) fn files(&mut self) -> rusqlite::Result<()> {
        if state::read_header(self.conn)?.format < crate::files::FORMAT {
            return Ok(());
        }
        for (text, meaning) in BYTES {
            let broken: i64 = self.conn.query_row(text, (), |row| row.get(0))?;
            if broken > 0 {
                self.report.add(FindingKind::BrokenFile, None, format!("{broken} {meaning}."));
            }
        }
        for table in self.present_tables() {
            for column in &table.files {
                if let Some(id) = table.file_id(*column) {
                    self.files_of(&table, *column, id)?;
                }
            }
        }
        self.files_of_nothing()
    }

    /// Files of columns that are not defined.
    fn files_of_nothing(&mut self) -> rusqlite::Result<()> {
        let is_defined =
            |code: i32, column: Uuid| self.tables.iter().any(|table| table.def.code.0 == code && table.files.iter().any(|ix| table.column(*ix).id == column));
        let mut statement = self.conn.prepare("SELECT table_code,column_id,count(*) FROM _file WHERE state=1 GROUP BY table_code,column_id")?;
        let mut rows = statement.query(())?;
        let (mut files, mut strays) = (0, 0);
        while let Some(row) = rows.next()? {
            let count: i64 = row.get(2)?;
            files += count.unsigned_abs();
            if !is_defined(row.get(0)?, uuid_at(row, 1)?) {
                strays += count;
            }
        }
        self.report.files += files;
        if strays > 0 {
            self.report.add(FindingKind::OrphanFile, None, format!("{strays} files belong to no column that is defined."));
        }
        Ok(())
    }

    /// Checks the files of a column. Of images only those are kept that are larger than the thumbnail.
    fn files_of(&mut self, table: &Table, column: ColumnIx, id: ColumnIx) -> rusqlite::Result<()> {
        let (physical, row, value) = (quoted(&table.def.physical), quoted(&table.column(table.id).physical), quoted(&table.column(id).physical));
        let column = table.column(column);
        let key = rusqlite::params![table.def.code.0, column.id.as_bytes()];
        let text = format!(
            "SELECT count(*) FROM _file f WHERE f.state=1 AND f.table_code=?1 AND f.column_id=?2
             AND NOT EXISTS(SELECT 1 FROM {physical} AS r WHERE r.{row}=f.row_id AND r.{value}=f.id)"
        );
        let orphans: i64 = self.conn.query_row(&text, key, |row| row.get(0))?;
        if orphans > 0 {
            let text = format!("{orphans} files of the column '{}' are not named by the rows that they belong to.", column.name);
            self.report.add(FindingKind::OrphanFile, Some(table.name()), text);
        }
        if matches!(column.kind, ColumnType::File(_)) {
            let text = format!(
                "SELECT count(*) FROM {physical} AS r WHERE r.{value} IS NOT NULL AND NOT EXISTS(SELECT 1 FROM _file f
                 WHERE f.id=r.{value} AND f.state=1 AND f.table_code=?1 AND f.row_id=r.{row} AND f.column_id=?2)"
            );
            let missing: i64 = self.conn.query_row(&text, key, |row| row.get(0))?;
            if missing > 0 {
                let text = format!("{missing} rows name in '{}' a file that is not there.", column.name);
                self.report.add(FindingKind::MissingFile, Some(table.name()), text);
            }
        }
        Ok(())
    }
}
