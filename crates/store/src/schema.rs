//! Changes of physical tables and indexes.

use driftless_model::{AlternateKey, ColumnIx, Table, Value};

/// A change of physical tables or indexes. Names and types come from definitions that were checked before.
#[derive(Clone, Copy, Debug)]
pub enum SchemaChange<'a> {
    /// Makes a table with all its stored columns, without its keys' indexes.
    CreateTable(&'a Table),
    /// Adds a stored column; present rows get null.
    AddColumn(&'a Table, ColumnIx),
    /// Makes an index on a lookup, for cascades.
    IndexLookup(&'a Table, ColumnIx),
    /// Removes the files of a column that is no longer defined.
    DropFiles(&'a Table, ColumnIx),
    /// Removes a table with its rows, files and tombstones.
    DropTable(&'a Table),
    /// Builds the unique index of a key over the present rows.
    BuildKey(&'a Table, &'a AlternateKey),
    /// Removes the index of a key, if it is there.
    DropKey(&'a Table, &'a AlternateKey),
}

/// How building a key's index ended. Other changes give `Done`.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyBuild {
    /// The index is there.
    Done,
    /// Rows collide: nothing was made (AK-12).
    Collides {
        /// Key values that several rows have, in the order of the key's columns.
        example: Vec<Value>,
        /// Number of rows with these values.
        rows: u64,
        /// Number of different values that several rows have.
        values: u64,
    },
}
