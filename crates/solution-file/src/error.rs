//! What can be wrong with a package, precise enough for the importer to choose an error code.

use std::error::Error;
use std::fmt;

use crate::version::SolutionVersion;

/// Characters of foreign text that an error message repeats at most.
const EXCERPT_CHARACTERS_MAX: usize = 80;

/// Why a package could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackageError {
    /// The bytes are no zip archive, or the archive is damaged or cut off.
    NotAZip {
        /// What the archive reader found.
        message: String,
    },
    /// One entry of the archive is refused (SEC-13).
    BadEntry {
        /// The entry's name; empty if two entries share one and the archive does not tell which.
        name: String,
        /// What is wrong with it.
        problem: EntryProblem,
    },
    /// A part that every package has is absent (SOL-1).
    MissingPart {
        /// Name of the part, such as `solution.xml`.
        name: &'static str,
    },
    /// A part is not well-formed XML, or an element in it lacks or contradicts what it must say.
    BadXml {
        /// Name of the part, such as `customizations.xml`.
        part: &'static str,
        /// Line, counted from 1.
        line: u32,
        /// Column in characters, counted from 1.
        column: u32,
        /// What was found or expected there.
        message: String,
    },
    /// A limit was reached; see [`PackageLimits`](crate::PackageLimits).
    TooLarge {
        /// Which limit.
        what: LimitKind,
        /// Its value, in the unit of the limit.
        limit: u64,
    },
    /// The package is valid but uses something that is not read here, such as encryption.
    Unsupported {
        /// What it uses.
        what: String,
    },
    /// `SolutionPackageVersion` is newer than what this reader knows (0x80048068).
    PackageVersionTooNew {
        /// The version in the file.
        found: SolutionVersion,
        /// The newest version that is read.
        newest: SolutionVersion,
    },
    /// The solution's version is not two to four numbers separated by dots (0x8004F01E).
    BadVersion {
        /// The text in the file, cut to a bounded length.
        text: String,
    },
    /// The solution's unique name breaks its rule (0x8004F002).
    BadUniqueName {
        /// The text in the file, cut to a bounded length.
        text: String,
    },
    /// A package value cannot be expressed in the format, such as a control character in a label.
    Unwritable {
        /// What cannot be written.
        what: String,
    },
}

/// Why one entry of the archive is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryProblem {
    /// The name starts at a root or a drive.
    AbsoluteName,
    /// The name has a `..` segment.
    ParentSegment,
    /// The name is empty, not text, too long, has control characters or an empty segment.
    IllegalName,
    /// Two entries have the same name, upper and lower case taken as equal.
    DuplicateName,
    /// The entry is a symbolic link.
    Link,
    /// The entry's content is itself an archive.
    NestedArchive,
}

/// The limits of [`PackageLimits`](crate::PackageLimits), as named in
/// [`PackageError::TooLarge`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitKind {
    /// Bytes of the package.
    PackedBytes,
    /// Bytes of all entries after unpacking.
    UnpackedBytes,
    /// Number of entries.
    Entries,
    /// Unpacked size of one entry over its packed size.
    Ratio,
    /// Bytes of one XML part.
    XmlBytes,
    /// Nodes (elements, texts, comments) of one XML part.
    XmlNodes,
    /// Attributes of one XML part.
    XmlAttributes,
    /// Attributes of one element.
    XmlElementAttributes,
    /// Namespace declarations of one XML part.
    XmlNamespaces,
    /// Namespace declarations in force at one element.
    XmlNamespacesInScope,
    /// Nesting of elements.
    XmlDepth,
}

impl PackageError {
    pub(crate) fn bad_entry(name: &str, problem: EntryProblem) -> Self {
        Self::BadEntry { name: excerpt(name), problem }
    }

    pub(crate) fn too_large(what: LimitKind, limit: u64) -> Self {
        Self::TooLarge { what, limit }
    }
}

impl fmt::Display for PackageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAZip { message } => write!(f, "not a readable zip archive: {message}"),
            Self::BadEntry { name, problem } if name.is_empty() => write!(f, "{problem}"),
            Self::BadEntry { name, problem } => write!(f, "entry '{name}': {problem}"),
            Self::MissingPart { name } => write!(f, "the package has no {name}"),
            Self::BadXml { part, line, column, message } => write!(f, "{part} line {line} column {column}: {message}"),
            Self::TooLarge { what, limit } => write!(f, "more than {limit} {what}"),
            Self::Unsupported { what } => write!(f, "not supported: {what}"),
            Self::PackageVersionTooNew { found, newest } => write!(f, "the package has version {found}, the newest that can be read is {newest}"),
            Self::BadVersion { text } => write!(f, "'{text}' is not a version: expected two to four numbers separated by dots"),
            Self::BadUniqueName { text } => write!(
                f,
                "'{text}' is not a unique name: expected a letter or underscore, then letters, \
                 digits and underscores"
            ),
            Self::Unwritable { what } => write!(f, "cannot be written to a package: {what}"),
        }
    }
}

impl Error for PackageError {}

impl fmt::Display for EntryProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AbsoluteName => "the name is an absolute path",
            Self::ParentSegment => "the name leads out of the package",
            Self::IllegalName => "the name is not allowed",
            Self::DuplicateName => "two entries have the same name",
            Self::Link => "links are not allowed",
            Self::NestedArchive => "archives inside a package are not allowed",
        })
    }
}

impl fmt::Display for LimitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PackedBytes => "bytes in the package",
            Self::UnpackedBytes => "bytes after unpacking",
            Self::Entries => "entries",
            Self::Ratio => "times the packed size in one entry",
            Self::XmlBytes => "bytes in one XML part",
            Self::XmlNodes => "nodes in one XML part",
            Self::XmlAttributes => "attributes in one XML part",
            Self::XmlElementAttributes => "attributes on one element",
            Self::XmlNamespaces => "namespace declarations in one XML part",
            Self::XmlNamespacesInScope => "namespace declarations in force at one element",
            Self::XmlDepth => "levels of nested elements",
        })
    }
}

/// The beginning of foreign text, short enough for a message.
pub(crate) fn excerpt(text: &str) -> String {
    let mut characters = text.chars();
    let mut short: String = characters.by_ref().take(EXCERPT_CHARACTERS_MAX).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_repeat_only_a_bounded_piece_of_foreign_text() {
        assert_eq!(excerpt("short"), "short");
        assert_eq!(excerpt(&"ä".repeat(80)), "ä".repeat(80));
        assert_eq!(excerpt(&"ä".repeat(81)), format!("{}…", "ä".repeat(80)));
    }

    #[test]
    fn messages_say_where_and_what() {
        let error = PackageError::BadXml { part: "solution.xml", line: 3, column: 9, message: "expected 0 or 1".to_owned() };
        assert_eq!(error.to_string(), "solution.xml line 3 column 9: expected 0 or 1");
        let error = PackageError::too_large(LimitKind::Entries, 20_000);
        assert_eq!(error.to_string(), "more than 20000 entries");
    }
}
