//! Packing into a zip archive that is the same for the same content.

use std::collections::HashSet;
use std::io::{Cursor, Write};

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::error::{EntryProblem, PackageError};
use crate::read::check_entry;

const FILE_MODE: u32 = 0o644;

/// Content that shrinks more than this is stored as it is: readers refuse it as a zip bomb
/// (SEC-13 has 200).
const RATIO_MAX: u64 = 100;

/// An archive that grows.
pub(super) struct Archive {
    zip: ZipWriter<Cursor<Vec<u8>>>,
    names: HashSet<String>,
}

impl Archive {
    pub(super) fn new() -> Self {
        Self { zip: ZipWriter::new(Cursor::new(Vec::new())), names: HashSet::new() }
    }

    /// Adds a file.
    pub(super) fn add(&mut self, name: &str, content: &[u8]) -> Result<(), PackageError> {
        check_entry(name, content)?;
        if name.contains('\\') {
            return Err(PackageError::bad_entry(name, EntryProblem::IllegalName));
        }
        if !self.names.insert(name.to_lowercase()) {
            return Err(PackageError::bad_entry(name, EntryProblem::DuplicateName));
        }
        self.copy(name, content).map_err(from_zip)
    }

    /// The packed bytes of the whole archive.
    pub(super) fn finish(self) -> Result<Vec<u8>, PackageError> {
        let cursor = self.zip.finish().map_err(from_zip)?;
        Ok(cursor.into_inner())
    }

    /// Packs the file on its own first: only then its ratio is known.
    fn copy(&mut self, name: &str, content: &[u8]) -> Result<(), ZipError> {
        let packed = pack(name, content, CompressionMethod::Deflated)?;
        let mut packed = ZipArchive::new(Cursor::new(packed))?;
        let file = packed.by_index_raw(0)?;
        if content.len() as u64 <= file.compressed_size().saturating_mul(RATIO_MAX) {
            return self.zip.raw_copy_file(file);
        }
        self.zip.start_file(name, options(CompressionMethod::Stored))?;
        self.zip.write_all(content)?;
        Ok(())
    }
}

fn pack(name: &str, content: &[u8], method: CompressionMethod) -> Result<Vec<u8>, ZipError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(name, options(method))?;
    zip.write_all(content)?;
    Ok(zip.finish()?.into_inner())
}

/// No clock, no user: the same bytes everywhere.
fn options(method: CompressionMethod) -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(method).last_modified_time(DateTime::default()).unix_permissions(FILE_MODE)
}

fn from_zip(error: ZipError) -> PackageError {
    PackageError::Unwritable { what: format!("archive: {error}") }
}
