//! What the other checks look up: writes by stamp and by row, and the version that each write got.

use std::collections::HashMap;

use super::super::history::{Effect, History, Item, Operation, RowId, Stamp, State, Write};
use super::{Findings, Rule, named};

/// A write together with its operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    /// The operation.
    pub(crate) operation: &'a Operation,
    /// Its place in the history.
    pub(crate) number: usize,
    /// The write.
    pub(crate) write: &'a Write,
}

/// Look-up tables over a history.
pub(crate) struct Index<'a> {
    by_stamp: HashMap<Stamp, Entry<'a>>,
    by_row: HashMap<RowId, Vec<Entry<'a>>>,
    deletes_by_code: HashMap<&'a str, Vec<Entry<'a>>>,
    versions: HashMap<Stamp, u64>,
    rows: HashMap<Stamp, RowId>,
    codes: HashMap<RowId, String>,
}

impl<'a> Index<'a> {
    /// Reads a history; a version that two states share is noted on the way (REL-06).
    pub(crate) fn build(history: &'a History, findings: &mut Findings) -> Self {
        let mut index = Self {
            by_stamp: HashMap::new(),
            by_row: HashMap::new(),
            deletes_by_code: HashMap::new(),
            versions: HashMap::new(),
            rows: HashMap::new(),
            codes: HashMap::new(),
        };
        for (number, operation) in history.operations.iter().enumerate() {
            for write in &operation.writes {
                index.by_stamp.insert(write.stamp, Entry { operation, number, write });
            }
        }
        index.learn_from_answers(history);
        index.learn_from_reads(history, findings);
        for (number, operation) in history.operations.iter().enumerate().filter(|(_, one)| !one.is_refused()) {
            for write in &operation.writes {
                let entry = Entry { operation, number, write };
                if let Some(row) = index.row_of(write) {
                    index.by_row.entry(row).or_default().push(entry);
                } else if let (Effect::Delete, Some(code)) = (write.effect, &write.code) {
                    index.deletes_by_code.entry(code).or_default().push(entry);
                }
            }
        }
        index
    }

    fn learn_from_answers(&mut self, history: &History) {
        for write in history.operations.iter().filter(|one| !one.is_refused()).flat_map(|one| &one.writes) {
            if let Some(row) = write.row {
                self.rows.insert(write.stamp, row);
                if let (Effect::Create | Effect::Upsert, Some(code)) = (write.effect, &write.code) {
                    self.codes.insert(row, code.clone());
                }
            }
            if let Some(version) = write.version {
                self.versions.insert(write.stamp, version);
            }
        }
    }

    fn learn_from_reads(&mut self, history: &History, findings: &mut Findings) {
        let mut stamps: HashMap<u64, Stamp> = self.versions.iter().map(|(stamp, version)| (*version, *stamp)).collect();
        for state in states(history) {
            let version = *self.versions.entry(state.stamp).or_insert(state.version);
            let stamp = *stamps.entry(state.version).or_insert(state.stamp);
            if version != state.version {
                let text = format!("{}: write {} has versions {version} and {}", named(state.row), state.stamp, state.version);
                findings.add(Rule::Rel06, text);
            } else if stamp != state.stamp {
                let text = format!("{}: version {version} belongs to writes {stamp} and {}", named(state.row), state.stamp);
                findings.add(Rule::Rel06, text);
            }
            self.rows.entry(state.stamp).or_insert(state.row);
            if let Some(code) = &state.code {
                self.codes.entry(state.row).or_insert_with(|| code.clone());
            }
        }
    }

    /// The write that put this stamp.
    pub(crate) fn write(&self, stamp: Stamp) -> Option<Entry<'a>> {
        self.by_stamp.get(&stamp).copied()
    }

    /// The row of a write: asked for, answered, or seen with its stamp.
    pub(crate) fn row_of(&self, write: &Write) -> Option<RowId> {
        write.row.or_else(|| self.rows.get(&write.stamp).copied())
    }

    /// The version that a write gave its row, when any answer or read tells.
    pub(crate) fn version_of(&self, stamp: Stamp) -> Option<u64> {
        self.versions.get(&stamp).copied()
    }

    /// Writes of a row that may have been done; deletions by key value are apart ([`Index::deletes`]).
    pub(crate) fn writes(&self, row: RowId) -> &[Entry<'a>] {
        self.by_row.get(&row).map_or(&[], Vec::as_slice)
    }

    /// Every row that a write may have touched.
    pub(crate) fn rows(&self) -> impl Iterator<Item = RowId> {
        self.by_row.keys().copied()
    }

    /// Deletions of a row that may have been done, by id or by its key value.
    pub(crate) fn deletes(&self, row: RowId) -> impl Iterator<Item = Entry<'a>> {
        let by_id = self.writes(row).iter().filter(|entry| entry.write.effect == Effect::Delete);
        let by_code = self.codes.get(&row).and_then(|code| self.deletes_by_code.get(code.as_str()));
        by_id.chain(by_code.into_iter().flatten()).copied()
    }

    /// Whether a write of the row, other than operation `but`, may have been done between two moments.
    pub(crate) fn is_written_between(&self, row: RowId, start_ns: u64, end_ns: u64, but: usize) -> bool {
        let overlaps = |entry: &Entry<'_>| entry.number != but && entry.operation.invoke_ns <= end_ns && entry.operation.end_ns >= start_ns;
        self.writes(row).iter().any(overlaps) || self.deletes(row).any(|entry| overlaps(&entry))
    }
}

/// Every state that any read delivered.
fn states(history: &History) -> impl Iterator<Item = &State> {
    let delivered = history.chains.iter().flat_map(super::super::history::Chain::items).filter_map(|item| match item {
        Item::Changed(state) => Some(state),
        Item::Removed(_) => None,
    });
    delivered.chain(history.surveys.iter().flat_map(|survey| &survey.states))
}
