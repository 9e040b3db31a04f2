//! Files beside the rows: bytes of any length, in blocks, each file for one column of one row.

use driftless_model::{TableCode, Uuid};

/// The column of a row that a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePlace {
    /// The table.
    pub table: TableCode,
    /// The row.
    pub row: Uuid,
    /// Identity of the column.
    pub column: Uuid,
}

/// What a store knows of a file besides its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its id.
    pub id: Uuid,
    /// Where it belongs.
    pub place: FilePlace,
    /// Its name.
    pub name: String,
    /// Its media type, such as `application/pdf`.
    pub media_type: String,
    /// Length of all its blocks in bytes.
    pub bytes: u64,
    /// Number of its blocks.
    pub blocks: u32,
    /// All of it is there and can be read; otherwise blocks may still come.
    pub complete: bool,
    /// When it was begun, or when the last block came; seconds since 1970-01-01 UTC.
    pub at_s: i64,
}

/// How putting a file together ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completion {
    /// The file can be read; its length in bytes.
    Done(u64),
    /// There is no file of this id that waits for blocks.
    NoSuchFile,
    /// A block was named that did not come, or that was named before. Nothing was done.
    NoSuchBlock(String),
}
