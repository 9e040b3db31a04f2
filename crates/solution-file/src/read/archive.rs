//! Unpacking the zip archive within limits (SEC-13).

use std::collections::HashSet;
use std::io::{Cursor, Read};

use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use crate::error::{EntryProblem, LimitKind, PackageError, excerpt};
use crate::limits::PackageLimits;

/// Every entry of an archive has one such header in its directory.
const DIRECTORY_HEADER: &[u8] = b"PK\x01\x02";

/// Beginnings of archive formats: zip, empty zip, gzip, 7z, rar, xz, bzip2, zstd, cabinet.
const ARCHIVE_BEGINNINGS: &[&[u8]] =
    &[b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\xfd7zXZ\x00", b"BZh", b"\x28\xb5\x2f\xfd", b"MSCF"];

const ENTRY_NAME_BYTES_MAX: usize = 1024;

/// One unpacked file.
pub(super) struct Entry {
    /// Path in the archive, with forward slashes.
    pub(super) name: String,
    /// Unpacked bytes.
    pub(super) content: Vec<u8>,
}

type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// Unpacks all files of an archive; directories are checked and left out.
pub(super) fn unpack(bytes: &[u8], limits: &PackageLimits) -> Result<Vec<Entry>, PackageError> {
    let mut archive = open(bytes, limits)?;
    let names = check_directory(&mut archive)?;
    let mut budget = Budget { left: limits.unpacked_bytes_max, limits };
    let mut entries = Vec::new();
    for (index, name) in names.into_iter().enumerate() {
        if let Some(name) = name {
            let content = unpack_file(&mut archive, index, &name, &mut budget)?;
            check_content(&name, &content)?;
            entries.push(Entry { name, content });
        }
    }
    Ok(entries)
}

/// Checks name and content of a file that is to be put into a package.
pub(crate) fn check_entry(name: &str, content: &[u8]) -> Result<(), PackageError> {
    check_name(name)?;
    check_content(name, content)
}

fn open<'a>(bytes: &'a [u8], limits: &PackageLimits) -> Result<Archive<'a>, PackageError> {
    if bytes.len() as u64 > limits.packed_bytes_max {
        return Err(PackageError::too_large(LimitKind::PackedBytes, limits.packed_bytes_max));
    }
    // Counted before the directory is read, since reading it takes memory for each entry.
    let headers = bytes
        .windows(DIRECTORY_HEADER.len())
        .filter(|window| *window == DIRECTORY_HEADER)
        .take(usize::try_from(limits.entries_max).map_or(usize::MAX, |max| max.saturating_add(1)))
        .count();
    if headers as u64 > limits.entries_max {
        return Err(PackageError::too_large(LimitKind::Entries, limits.entries_max));
    }
    ZipArchive::new(Cursor::new(bytes)).map_err(from_zip)
}

/// Checks all names before anything is unpacked. Gives a name for each file and `None` for each
/// directory, by index.
fn check_directory(archive: &mut Archive<'_>) -> Result<Vec<Option<String>>, PackageError> {
    if archive.has_duplicate_names() {
        return Err(PackageError::bad_entry("", EntryProblem::DuplicateName));
    }
    let mut seen = HashSet::new();
    let mut names = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_data(index).map_err(from_zip)?;
        let name = entry.name().map_err(from_zip)?.replace('\\', "/");
        let path = if entry.is_dir() { name.strip_suffix('/').unwrap_or(&name) } else { name.as_str() };
        check_name(path)?;
        if entry.is_symlink() {
            return Err(PackageError::bad_entry(path, EntryProblem::Link));
        }
        if !seen.insert(path.to_lowercase()) {
            return Err(PackageError::bad_entry(path, EntryProblem::DuplicateName));
        }
        let method = entry.compression();
        if entry.encrypted() {
            return Err(PackageError::Unsupported { what: format!("entry '{}' is encrypted", excerpt(path)) });
        }
        if !matches!(method, CompressionMethod::Stored | CompressionMethod::Deflated) {
            return Err(PackageError::Unsupported { what: format!("entry '{}' is packed with {method:?}", excerpt(path)) });
        }
        let is_directory = entry.is_dir();
        names.push((!is_directory).then_some(name));
    }
    // Entries that share their packed bytes would make a small package unpack without bound.
    if archive.has_overlapping_entries().map_err(from_zip)? {
        return Err(PackageError::NotAZip { message: "entries overlap".to_owned() });
    }
    Ok(names)
}

fn check_name(name: &str) -> Result<(), PackageError> {
    let problem = if name.is_empty() || name.len() > ENTRY_NAME_BYTES_MAX || name.chars().any(char::is_control) {
        EntryProblem::IllegalName
    } else if name.starts_with(['/', '\\']) || name.get(1..2) == Some(":") {
        EntryProblem::AbsoluteName
    } else if name.split(['/', '\\']).any(|segment| segment == "..") {
        EntryProblem::ParentSegment
    } else if name.split(['/', '\\']).any(|segment| segment.is_empty() || segment == ".") {
        EntryProblem::IllegalName
    } else {
        return Ok(());
    };
    Err(PackageError::bad_entry(name, problem))
}

fn check_content(name: &str, content: &[u8]) -> Result<(), PackageError> {
    if ARCHIVE_BEGINNINGS.iter().any(|beginning| content.starts_with(beginning)) {
        return Err(PackageError::bad_entry(name, EntryProblem::NestedArchive));
    }
    Ok(())
}

/// Bytes that may still be unpacked.
struct Budget<'a> {
    left: u64,
    limits: &'a PackageLimits,
}

fn unpack_file(archive: &mut Archive<'_>, index: usize, name: &str, budget: &mut Budget<'_>) -> Result<Vec<u8>, PackageError> {
    let file = archive.by_index(index).map_err(from_zip)?;
    // The packed size can be believed: entries do not overlap, and no more than it is read.
    let by_ratio = file.compressed_size().saturating_mul(budget.limits.ratio_max);
    let allowed = by_ratio.min(budget.left);
    let mut content = Vec::new();
    file.take(allowed.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(|error| PackageError::NotAZip { message: format!("entry '{}' is damaged: {error}", excerpt(name)) })?;
    let size = content.len() as u64;
    if size > budget.left {
        return Err(PackageError::too_large(LimitKind::UnpackedBytes, budget.limits.unpacked_bytes_max));
    }
    if size > by_ratio {
        return Err(PackageError::too_large(LimitKind::Ratio, budget.limits.ratio_max));
    }
    budget.left -= size;
    Ok(content)
}

fn from_zip(error: ZipError) -> PackageError {
    PackageError::NotAZip { message: excerpt(&error.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(name: &str) -> Option<EntryProblem> {
        match check_name(name) {
            Ok(()) => None,
            Err(PackageError::BadEntry { problem, .. }) => Some(problem),
            Err(other) => panic!("{other}"),
        }
    }

    #[test] // SEC-13
    fn names_must_stay_inside_the_package() {
        for good in ["solution.xml", "WebResources/a b.js", "a/..b/c..", "ä/日", ".x"] {
            assert_eq!(problem(good), None, "{good}");
        }
        for absolute in ["/etc/passwd", "\\x", "C:x", "c:\\x", "//server/x"] {
            assert_eq!(problem(absolute), Some(EntryProblem::AbsoluteName), "{absolute}");
        }
        for parent in ["..", "../x", "a/../b", "a\\..\\b", "a/.."] {
            assert_eq!(problem(parent), Some(EntryProblem::ParentSegment), "{parent}");
        }
        for illegal in ["", "a//b", "a/", "./a", "a/.", "a\u{0}b", "a\nb"] {
            assert_eq!(problem(illegal), Some(EntryProblem::IllegalName), "{illegal:?}");
        }
        assert_eq!(problem(&"n".repeat(1024)), None);
        assert_eq!(problem(&"n".repeat(1025)), Some(EntryProblem::IllegalName));
    }
}
