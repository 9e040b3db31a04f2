//! Files and images of rows (web-api 32): their bytes lie beside the row, and are written and read whole or in parts.
//!
//! An upload in parts is a file of the store that waits for blocks; its token names it, so nothing is kept in memory and a restart loses nothing. Completing it
//! writes the row, in the same unit. Whatever clears the column, by whichever request, removes the file: see [`column`].

pub(crate) mod column;
pub(crate) mod documents;
pub(crate) mod download;
pub(crate) mod pictures;
pub(crate) mod purge;
pub(crate) mod token;
pub(crate) mod upload;

use std::sync::Arc;

use driftless_model::{ColumnIx, Error, ErrorCode, Result, Table, Uuid, Version};

use crate::metadata::companions::FILE_NAME_MAX;
use crate::request::Target;

/// A column of files or images, of one row.
#[derive(Clone, Debug)]
pub struct FileTarget {
    /// The row.
    pub target: Target,
    /// The column.
    pub column: ColumnIx,
}

/// On what a write of a file depends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileCondition {
    /// Only if the row has this version (UP-16).
    pub if_version: Option<Version>,
    /// Only if the column is empty (`If-None-Match: *`).
    pub if_empty: bool,
}

/// What is said of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileFacts {
    /// Its name, at most 255 characters.
    pub name: String,
    /// Its media type; one that follows from the name if empty.
    pub media_type: String,
}

/// A write of a file.
#[derive(Clone, Debug)]
pub enum WriteFile {
    /// All of it at once.
    Whole(FileTarget, FileFacts, Arc<[u8]>, FileCondition),
    /// The beginning of an upload in parts.
    Begin(FileTarget, FileFacts, FileCondition),
    /// A part of an upload. The one that makes it whole completes it.
    Part(FileTarget, FileChunk),
}

/// A part of a file.
#[derive(Clone, Debug)]
pub struct FileChunk {
    /// The upload's token.
    pub token: String,
    /// The file's name, if it is given again.
    pub name: Option<String>,
    /// Place of the first byte.
    pub offset: u64,
    /// Length of the whole file in bytes.
    pub total: u64,
    /// The bytes.
    pub bytes: Arc<[u8]>,
}

/// A read of a file.
#[derive(Clone, Debug)]
pub struct ReadFile {
    /// The column.
    pub at: FileTarget,
    /// Of an image, the one that was given instead of the thumbnail.
    pub full: bool,
    /// A part of it only.
    pub range: Option<ByteRange>,
}

/// A part of a file, as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteRange {
    /// From a byte to another, both included, or to the end.
    From(u64, Option<u64>),
    /// So many bytes at the end.
    Last(u64),
}

impl ByteRange {
    /// First byte and the byte behind the last, in a file of `size` bytes; none if the range has no byte of it.
    fn within(self, size: u64) -> Option<(u64, u64)> {
        let (from, to) = match self {
            Self::From(from, to) => (from, to.map_or(size, |to| to.saturating_add(1).min(size))),
            Self::Last(bytes) => (size.saturating_sub(bytes), size),
        };
        (from < to).then_some((from, to))
    }
}

/// What was read of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilePart {
    /// What is said of the file.
    pub facts: FileFacts,
    /// Length of the whole file in bytes.
    pub size: u64,
    /// Place of the first byte that was read, and the place behind the last; none if the range that was asked for has no byte of the file.
    pub range: Option<(u64, u64)>,
    /// The bytes, in pieces.
    pub pieces: Vec<Vec<u8>>,
}

/// Checks a name, and gives the media type that belongs to the file.
///
/// # Errors
/// 0x80040203 for a name that is missing, too long, or holds control characters.
fn checked(facts: &FileFacts) -> Result<FileFacts> {
    let name = facts.name.trim();
    if name.is_empty() || name.encode_utf16().count() > FILE_NAME_MAX as usize || name.chars().any(char::is_control) {
        let message = format!("A file needs a name of 1 to {FILE_NAME_MAX} characters without control characters: give it in 'x-ms-file-name'.");
        return Err(Error::argument(message));
    }
    let is_telling = !matches!(facts.media_type.as_str(), "" | OCTETS) && facts.media_type.len() <= MEDIA_TYPE_MAX;
    let is_plain = facts.media_type.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    let media_type = if is_telling && is_plain { facts.media_type.clone() } else { media_type_of(name).to_owned() };
    Ok(FileFacts { name: name.to_owned(), media_type })
}

/// The media type of bytes of which nothing is known.
const OCTETS: &str = "application/octet-stream";
/// Longest media type that is kept, in bytes.
const MEDIA_TYPE_MAX: usize = 255;

/// The media types of common endings of names.
const MEDIA_TYPES: [(&str, &str); 24] = [
    ("bmp", "image/bmp"),
    ("css", "text/css"),
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("gif", "image/gif"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("md", "text/markdown"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("svg", "image/svg+xml"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("txt", "text/plain"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
];

fn media_type_of(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    MEDIA_TYPES.binary_search_by(|(known, _)| (*known).cmp(&ending)).ok().and_then(|at| MEDIA_TYPES.get(at)).map_or(OCTETS, |(_, media_type)| media_type)
}

/// The error for a column without a file.
fn no_file(table: &Table, column: ColumnIx, row: Uuid) -> Error {
    let name = &table.column(column).name;
    Error::new(ErrorCode::ObjectDoesNotExist, format!("No file attachment found for attribute: {name} EntityId: {row}."))
}

/// The error for a column that is neither of files nor of images.
fn no_file_column(table: &Table, column: ColumnIx) -> Error {
    Error::argument(format!("The column '{}' of '{}' is neither of files nor of images.", table.column(column).name, table.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // web-api 32
    fn ranges_are_cut_to_the_file() {
        for (range, size, expected) in [
            (ByteRange::From(0, Some(3)), 10, Some((0, 4))),
            (ByteRange::From(8, Some(99)), 10, Some((8, 10))),
            (ByteRange::From(4, None), 10, Some((4, 10))),
            (ByteRange::From(10, None), 10, None),
            (ByteRange::From(5, Some(4)), 10, None),
            (ByteRange::From(u64::MAX, Some(u64::MAX)), 10, None),
            (ByteRange::Last(3), 10, Some((7, 10))),
            (ByteRange::Last(30), 10, Some((0, 10))),
            (ByteRange::Last(0), 10, None),
            (ByteRange::From(0, None), 0, None),
        ] {
            assert_eq!(range.within(size), expected, "{range:?} of {size}");
        }
    }

    #[test]
    fn media_types_follow_from_names_when_they_say_nothing() {
        assert!(MEDIA_TYPES.is_sorted());
        for (name, given, expected) in [
            ("a.PDF", "", "application/pdf"),
            ("a.txt", OCTETS, "text/plain"),
            ("a.txt", "text/x-log; charset=utf-8", "text/x-log; charset=utf-8"),
            ("a.txt", "text/\u{7f}", "text/plain"),
            ("pdf", "", OCTETS),
            ("a.unheard", "", OCTETS),
        ] {
            let facts = FileFacts { name: name.to_owned(), media_type: given.to_owned() };
            assert_eq!(checked(&facts).unwrap().media_type, expected, "{name} {given}");
        }
        for name in ["", "  ", "a\nb", &"x".repeat(256)] {
            assert_eq!(checked(&FileFacts { name: name.to_owned(), media_type: String::new() }).unwrap_err().code(), ErrorCode::InvalidArgument);
        }
    }
}
