//! What a check finds.

use serde::Serialize;

/// Kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// The engine's file is damaged.
    Engine,
    /// An index does not hold what its table holds.
    IndexEntry,
    /// Two rows of a table have one primary id.
    DuplicateId,
    /// Two rows have one value of an active alternate key.
    DuplicateKey,
    /// Two rows or tombstones have one version.
    DuplicateVersion,
    /// A row, tombstone or definition has a version above the position.
    VersionAbovePosition,
    /// Rows are there that no write counted, or rows are gone that no write removed.
    RowCount,
    /// The versions of a table's rows are not those that writes gave them: one was lowered or raised.
    VersionSum,
    /// A tombstone is gone that no purge and no re-creation removed.
    MissingTombstone,
    /// A tombstone is there that no removal left, or with another version.
    ExtraTombstone,
    /// A tombstone and a row have one id.
    TombstoneOfLiveRow,
    /// A tombstone of a table that is not there or not tracked.
    TombstoneOfUnknownTable,
    /// A tombstone at or below the table's horizon, or a horizon that cannot be.
    Horizon,
    /// The reservation of versions does not fit the database.
    SideFile,
    /// A lookup names a row that is not there.
    DanglingLookup,
    /// A polymorphic lookup without table, or with one that it may not lead to.
    BadReference,
    /// A table is defined, but not there.
    MissingTable,
    /// A table is there, but not defined.
    ExtraTable,
    /// A column is defined, but not there or of another type.
    MissingColumn,
    /// An index that a definition demands is not there, or is another.
    MissingIndex,
    /// A key's index is there without an active key.
    ExtraIndex,
    /// The list of physical tables does not fit the definitions.
    Catalog,
    /// A row names a file that is not there.
    MissingFile,
    /// A file is there that its row does not name.
    OrphanFile,
    /// Bytes of a file are not there, or some that belong to no file are.
    BrokenFile,
}

impl FindingKind {
    /// The kind's name, as reports print it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::IndexEntry => "index-entry",
            Self::DuplicateId => "duplicate-id",
            Self::DuplicateKey => "duplicate-key",
            Self::DuplicateVersion => "duplicate-version",
            Self::VersionAbovePosition => "version-above-position",
            Self::RowCount => "row-count",
            Self::VersionSum => "version-sum",
            Self::MissingTombstone => "missing-tombstone",
            Self::ExtraTombstone => "extra-tombstone",
            Self::TombstoneOfLiveRow => "tombstone-of-live-row",
            Self::TombstoneOfUnknownTable => "tombstone-of-unknown-table",
            Self::Horizon => "horizon",
            Self::SideFile => "side-file",
            Self::DanglingLookup => "dangling-lookup",
            Self::BadReference => "bad-reference",
            Self::MissingTable => "missing-table",
            Self::ExtraTable => "extra-table",
            Self::MissingColumn => "missing-column",
            Self::MissingIndex => "missing-index",
            Self::ExtraIndex => "extra-index",
            Self::Catalog => "catalog",
            Self::MissingFile => "missing-file",
            Self::OrphanFile => "orphan-file",
            Self::BrokenFile => "broken-file",
        }
    }
}

/// One thing that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind of thing.
    pub kind: FindingKind,
    /// Logical name of the table, where it is about one.
    pub table: Option<String>,
    /// A sentence.
    pub text: String,
}

/// The result of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// What does not hold; empty for a sound folder.
    pub findings: Vec<Finding>,
    /// Tables looked at.
    pub tables: u64,
    /// Rows looked at.
    pub rows: u64,
    /// Tombstones looked at.
    pub tombstones: u64,
    /// Files looked at.
    pub files: u64,
}

impl CheckReport {
    /// True when everything holds.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    pub(super) fn add(&mut self, kind: FindingKind, table: Option<&str>, text: String) {
        self.findings.push(Finding { kind, table: table.map(str::to_owned), text });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_json_form() {
        for kind in [FindingKind::Engine, FindingKind::VersionAbovePosition, FindingKind::TombstoneOfUnknownTable, FindingKind::Catalog] {
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.as_str()));
        }
    }
}
