//! Statements that make and remove physical tables, columns and indexes.

use driftless_model::{Column, ColumnIx, Shape, Table};

use crate::COLLATION;
use crate::name::{id_index, lookup_index, push_quoted, quoted, type_column, version_index};

/// Makes a table with all its stored columns, and its unique indexes on id and version.
pub fn create_table(table: &Table) -> Vec<String> {
    let physical = &table.def.physical;
    let mut columns: Vec<String> = Vec::with_capacity(table.columns.len() + 4);
    for (ix, column) in table.indexed() {
        let mut parts: Vec<String> = physical_columns(column).iter().map(PhysicalColumn::declaration).collect();
        if ix == table.id || ix == table.row_version {
            parts.iter_mut().for_each(|part| part.push_str(" NOT NULL"));
        }
        columns.extend(parts);
    }
    let index = |name: String, ix: ColumnIx| format!("CREATE UNIQUE INDEX {} ON {}({})", quoted(&name), quoted(physical), quoted(&table.column(ix).physical));
    vec![
        format!("CREATE TABLE {}({}) STRICT", quoted(physical), columns.join(",")),
        index(id_index(physical), table.id),
        index(version_index(physical), table.row_version),
    ]
}

/// Adds a stored column to a table; present rows get null.
pub fn add_column(table: &Table, column: ColumnIx) -> Vec<String> {
    let table_name = quoted(&table.def.physical);
    physical_columns(table.column(column)).iter().map(|part| format!("ALTER TABLE {table_name} ADD COLUMN {}", part.declaration())).collect()
}

/// Makes the index on a lookup, if it is not there.
pub fn index_lookup(table: &Table, column: ColumnIx) -> String {
    let column = table.column(column);
    format!("CREATE INDEX IF NOT EXISTS {} ON {}({})", quoted(&lookup_index(table, column)), quoted(&table.def.physical), quoted(&column.physical))
}

/// Removes a table with its indexes.
pub fn drop_table(table: &Table) -> String {
    format!("DROP TABLE {}", quoted(&table.def.physical))
}

/// A column of a physical table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhysicalColumn {
    /// Its name.
    pub name: String,
    /// Its type, as the engine reports it.
    pub sql_type: &'static str,
}

impl PhysicalColumn {
    /// Name, type and, for text, collation.
    fn declaration(&self) -> String {
        let mut text = String::with_capacity(self.name.len() + 24);
        push_quoted(&mut text, &self.name);
        text.push(' ');
        text.push_str(self.sql_type);
        if self.sql_type == "TEXT" {
            text.push_str(" COLLATE ");
            text.push_str(COLLATION);
        }
        text
    }
}

/// Physical columns of a column: two for a polymorphic lookup, none for what is not stored.
pub fn physical_columns(column: &Column) -> Vec<PhysicalColumn> {
    let own = |sql_type| PhysicalColumn { name: column.physical.clone(), sql_type };
    match column.shape() {
        Shape::Bool | Shape::Int | Shape::BigInt | Shape::Money | Shape::DateTime | Shape::Date => vec![own("INTEGER")],
        Shape::Float => vec![own("REAL")],
        Shape::Text | Shape::Choices => vec![own("TEXT")],
        Shape::Decimal | Shape::Guid | Shape::Lookup | Shape::Bytes => vec![own("BLOB")],
        Shape::PolyLookup => vec![own("BLOB"), PhysicalColumn { name: type_column(column), sql_type: "INTEGER" }],
        Shape::None => Vec::new(),
    }
}
