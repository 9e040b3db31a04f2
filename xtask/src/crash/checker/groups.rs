//! Change sets are visible whole or not at all (W7).
//!
//! The version of one member that any read showed stands for the whole set: versions are taken in commit order, so a
//! row's state from another write lies either before or after all members.

use std::collections::{HashMap, HashSet};

use super::super::history::{Chain, Effect, History, Item, RowId, Write};
use super::follow::Copy;
use super::index::{Entry, Index};
use super::{Findings, Rule, named};

/// What a copy says about one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// The copy shows it or something later.
    Reached,
    /// The copy shows something earlier.
    NotReached,
    /// Both are possible.
    Unclear,
}

/// A copy, and the read that brought it there.
pub(crate) struct Seen<'a> {
    /// The copy after the read.
    pub(crate) copy: &'a Copy,
    /// The read of the feed; `None` for a full read of the table.
    pub(crate) delivered: Option<&'a Chain>,
    /// When it was over; what was begun later is no concern of it.
    pub(crate) end_ns: u64,
    /// Start and end, when the read had several pages and rows may have moved on while it ran.
    pub(crate) span: Option<(u64, u64)>,
}

/// The change sets of a history, and which of them a consumer still has to see whole.
pub(crate) struct Groups<'a, 'h> {
    history: &'h History,
    index: &'a Index<'h>,
    by_row: HashMap<RowId, Vec<usize>>,
    /// Lowest known version of a set's members.
    versions: HashMap<usize, u64>,
    reached: HashSet<usize>,
    open: HashSet<usize>,
}

impl<'a, 'h> Groups<'a, 'h> {
    /// The change sets that may have been done.
    pub(crate) fn new(history: &'h History, index: &'a Index<'h>) -> Self {
        let (mut by_row, mut versions) = (HashMap::<RowId, Vec<usize>>::new(), HashMap::new());
        for (number, operation) in history.operations.iter().enumerate() {
            if operation.writes.len() < 2 || operation.is_refused() {
                continue;
            }
            for write in &operation.writes {
                if let Some(row) = index.row_of(write) {
                    by_row.entry(row).or_default().push(number);
                }
            }
            let known = operation.writes.iter().filter_map(|write| index.version_of(write.stamp));
            versions.extend(known.min().map(|version| (number, version)));
        }
        Self { history, index, by_row, versions, reached: HashSet::new(), open: HashSet::new() }
    }

    /// Forgets what was seen: the consumer reads everything anew.
    pub(crate) fn restart(&mut self) {
        self.reached.clear();
        self.open.clear();
    }

    /// Checks the sets that touch the delivered rows, and those left open by the read before.
    pub(crate) fn check(&mut self, who: &str, rows: &[RowId], seen: &Seen<'_>, findings: &mut Findings) {
        if let Some(chain) = seen.delivered {
            self.late_members(who, chain, findings);
        }
        let mut touched: Vec<usize> = self.open.drain().collect();
        touched.extend(rows.iter().filter_map(|row| self.by_row.get(row)).flatten());
        touched.sort_unstable();
        touched.dedup();
        for number in touched {
            let Some(torn) = self.torn_member(number, seen) else {
                continue;
            };
            let moved_on = seen.span.is_some_and(|(start, end)| self.index.is_written_between(torn, start, end, number));
            if moved_on {
                self.open.insert(number);
            } else {
                let text = format!("{who}: change set {number} is visible without its write of {}", named(torn));
                findings.add(Rule::W7, text);
            }
        }
    }

    /// A member that comes after another member was seen: the link between them lay inside the set.
    fn late_members(&self, who: &str, chain: &Chain, findings: &mut Findings) {
        for item in chain.items() {
            let Item::Changed(state) = item else { continue };
            let Some(entry) = self.index.write(state.stamp) else {
                continue;
            };
            if chain.from.is_some() && self.reached.contains(&entry.number) {
                let text = format!("{who}: {} of change set {} comes a read late", named(state.row), entry.number);
                findings.add(Rule::W7, text);
            }
        }
    }

    /// The row of a member that is not visible while another is.
    fn torn_member(&mut self, number: usize, seen: &Seen<'_>) -> Option<RowId> {
        let operation = &self.history.operations[number];
        if operation.invoke_ns > seen.end_ns {
            return None;
        }
        let version = *self.versions.get(&number)?;
        let mut missing = None;
        let mut is_reached = false;
        for write in &operation.writes {
            let Some(row) = self.index.row_of(write) else {
                continue;
            };
            match self.sight(Entry { operation, number, write }, row, version, seen) {
                Sight::Reached => is_reached = true,
                Sight::NotReached => missing = Some(row),
                Sight::Unclear => {}
            }
        }
        if !is_reached {
            return None;
        }
        self.reached.insert(number);
        missing
    }

    fn sight(&self, entry: Entry<'_>, row: RowId, version: u64, seen: &Seen<'_>) -> Sight {
        let copy = seen.copy;
        // A feed tells of a deletion; in a full read the row is just not there.
        let is_gone = seen.delivered.is_none() || copy.removed.contains(&row);
        let is_member = |write: &Write, stamp| write.stamp == stamp;
        match (entry.write.effect, copy.rows.get(&row)) {
            (_, Some(state)) if entry.operation.writes.iter().any(|write| is_member(write, state.stamp)) => Sight::Reached,
            (_, Some(state)) if state.version > version => Sight::Reached,
            (_, Some(_)) => Sight::NotReached,
            (Effect::Delete, None) => {
                let is_only = self.index.deletes(row).all(|other| other.number == entry.number);
                if is_gone && is_only { Sight::Reached } else { Sight::Unclear }
            }
            (Effect::Create, None) if copy.removed.contains(&row) => Sight::Reached,
            (_, None) if self.index.deletes(row).next().is_none() => Sight::NotReached,
            (_, None) => Sight::Unclear,
        }
    }
}
