//! Follows each consumer from link to link, keeping the copy that it would have, and compares it with the writes:
//! lost changes (W1), links that go back (W4), the state at rest (W5), short-lived rows (W6), change sets (W7).

use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::history::{Chain, Effect, History, Item, Outcome, RowId, State, Token};
use super::groups::{Groups, Seen};
use super::index::{Entry, Index};
use super::{Findings, Rule, named};

/// The copy that a consumer has after its reads.
#[derive(Debug, Default)]
pub(crate) struct Copy {
    /// Live rows.
    pub(crate) rows: HashMap<RowId, State>,
    /// Rows that were ever delivered as deleted.
    pub(crate) removed: HashSet<RowId>,
}

/// Where a link stands: what had been delivered, and since when.
#[derive(Clone, Copy, Debug)]
struct Mark {
    /// Highest version delivered up to the link.
    version: u64,
    /// Start of the read that ended with the link: its position covers everything acknowledged before.
    start_ns: u64,
}

/// One consumer on its way.
struct Follower<'a, 'h> {
    index: &'a Index<'h>,
    who: String,
    copy: Copy,
    groups: Groups<'a, 'h>,
    marks: HashMap<Token, Mark>,
    applied: HashMap<Token, &'h Chain>,
    /// End of the first read of the present copy.
    first_end_ns: u64,
    /// Acknowledged writes by the time of their answer, and how many of them are taken up.
    acknowledged: &'a [Entry<'h>],
    taken: usize,
    /// Writes that the copy must show and does not yet.
    pending: Vec<Entry<'h>>,
}

/// Follows every consumer.
pub(crate) fn check<'h>(history: &'h History, index: &Index<'h>, findings: &mut Findings) {
    let acknowledged = acknowledged(history);
    let mut consumers: BTreeMap<u32, Vec<&Chain>> = BTreeMap::new();
    for chain in &history.chains {
        consumers.entry(chain.consumer).or_default().push(chain);
    }
    for (consumer, chains) in consumers {
        let mut follower = Follower {
            index,
            who: format!("consumer {consumer}"),
            copy: Copy::default(),
            groups: Groups::new(history, index),
            marks: HashMap::new(),
            applied: HashMap::new(),
            first_end_ns: 0,
            acknowledged: &acknowledged,
            taken: 0,
            pending: Vec::new(),
        };
        for chain in &chains {
            follower.read(chain, findings);
        }
        follower.at_rest(history, findings);
    }
}

/// Acknowledged writes in the order of their answers.
pub(crate) fn acknowledged(history: &History) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for (number, operation) in history.operations.iter().enumerate() {
        if operation.outcome == Outcome::Acknowledged {
            entries.extend(operation.writes.iter().map(|write| Entry { operation, number, write }));
        }
    }
    entries.sort_by_key(|entry| entry.operation.end_ns);
    entries
}

impl<'h> Follower<'_, 'h> {
    fn read(&mut self, chain: &'h Chain, findings: &mut Findings) {
        self.not_again(chain, findings);
        if chain.is_replay {
            self.replayed(chain, findings);
        }
        if !chain.is_applied() {
            return;
        }
        self.apply(chain);
        self.take_up(chain, findings);
        let rows: Vec<RowId> = chain.items().map(Item::row).collect();
        let span = (chain.pages.len() > 1).then(|| (chain.start_ns, chain.end_ns()));
        let seen = Seen { copy: &self.copy, delivered: Some(chain), end_ns: chain.end_ns(), span };
        self.groups.check(&self.who, &rows, &seen, findings);
    }

    /// W4: nothing at or below the link is delivered, unless it changed again.
    fn not_again(&self, chain: &Chain, findings: &mut Findings) {
        let Some(mark) = chain.from.and_then(|token| self.marks.get(&token)) else {
            return;
        };
        for item in chain.items() {
            let row = named(item.row());
            match item {
                Item::Changed(state) if state.version <= mark.version => {
                    let text = format!("{}: {row} comes with version {}, but the link lies at {} or higher", self.who, state.version, mark.version);
                    findings.add(Rule::W4, text);
                }
                Item::Changed(state) => {
                    let is_old = |entry: Entry<'_>| entry.operation.end_ns < mark.start_ns;
                    if self.index.write(state.stamp).is_some_and(is_old) {
                        let text = format!("{}: {row} comes again with write {}", self.who, state.stamp);
                        findings.add(Rule::W4, text);
                    }
                }
                Item::Removed(row_id) => {
                    let mut deletes = self.index.deletes(*row_id).peekable();
                    if deletes.peek().is_some() && deletes.all(|entry| entry.operation.end_ns < mark.start_ns) {
                        findings.add(Rule::W4, format!("{}: the deletion of {row} comes again", self.who));
                    }
                }
            }
        }
    }

    /// W4: a link that is followed again delivers at least what it delivered before, at least as new.
    fn replayed(&self, chain: &Chain, findings: &mut Findings) {
        let Some(before) = chain.from.and_then(|token| self.applied.get(&token)) else {
            return;
        };
        if chain.to.is_none() {
            return;
        }
        let now: HashMap<RowId, &Item> = chain.items().map(|item| (item.row(), item)).collect();
        for item in before.items() {
            let is_covered = match (item, now.get(&item.row())) {
                (Item::Changed(old), Some(Item::Changed(new))) => new.version >= old.version,
                (_, found) => found.is_some(),
            };
            let is_moving = chain.pages.len() > 1 && self.index.is_written_between(item.row(), chain.start_ns, chain.end_ns(), usize::MAX);
            if !is_covered && !is_moving {
                let text = format!("{}: followed again, a link leaves out {}", self.who, named(item.row()));
                findings.add(Rule::W4, text);
            }
        }
    }

    fn apply(&mut self, chain: &'h Chain) {
        if chain.from.is_none() {
            self.copy = Copy::default();
            self.groups.restart();
            self.first_end_ns = chain.end_ns();
            self.taken = 0;
            self.pending.clear();
        }
        for item in chain.items() {
            match item {
                Item::Changed(state) => {
                    self.copy.rows.insert(state.row, state.clone());
                }
                Item::Removed(row) => {
                    self.copy.rows.remove(row);
                    self.copy.removed.insert(*row);
                }
            }
        }
        let highest = chain.items().filter_map(|item| match item {
            Item::Changed(state) => Some(state.version),
            Item::Removed(_) => None,
        });
        let before = chain.from.and_then(|token| self.marks.get(&token)).map_or(0, |mark| mark.version);
        let mark = Mark { version: highest.max().unwrap_or(0).max(before), start_ns: chain.start_ns };
        self.marks.extend(chain.to.map(|token| (token, mark)));
        self.applied.extend(chain.from.map(|token| (token, chain)));
    }

    /// W1 and W6: what was acknowledged before the read began shows in the copy after it.
    fn take_up(&mut self, chain: &Chain, findings: &mut Findings) {
        while let Some(entry) = self.acknowledged.get(self.taken) {
            if entry.operation.end_ns >= chain.start_ns {
                break;
            }
            self.pending.push(*entry);
            self.taken += 1;
        }
        let pending = std::mem::take(&mut self.pending);
        for entry in pending {
            let Some(row) = self.index.row_of(entry.write) else {
                continue;
            };
            let Err(rule) = shows(&entry, row, &self.copy, self.index, Some(self.first_end_ns)) else {
                continue;
            };
            let is_moving = chain.pages.len() > 1 && self.index.is_written_between(row, chain.start_ns, chain.end_ns(), entry.number);
            if is_moving {
                self.pending.push(entry);
            } else {
                findings.add(rule, lost(&self.who, &entry, row, &self.copy));
            }
        }
    }

    /// W5: after the last read, with nothing written since, the copy is the table.
    fn at_rest(&self, history: &History, findings: &mut Findings) {
        let Some(last) = history.surveys.last() else {
            return;
        };
        let table: HashMap<RowId, &State> = last.states.iter().map(|state| (state.row, state)).collect();
        for (row, state) in &table {
            if self.copy.rows.get(row) != Some(*state) {
                let text = format!("{}: {} is {:?}, the table has {state:?}", self.who, named(*row), self.copy.rows.get(row));
                findings.add(Rule::W5, text);
            }
        }
        for row in self.copy.rows.keys().filter(|row| !table.contains_key(row)) {
            findings.add(Rule::W5, format!("{}: {} is in the copy, not in the table", self.who, named(*row)));
        }
    }
}

/// Whether a copy shows an acknowledged write or a later one of its row; else the law that is broken.
///
/// `first_end_ns` is the end of the consumer's first read: a row deleted after it must have come as a deleted item.
/// `None` stands for a full read, which has no such items.
pub(crate) fn shows(entry: &Entry<'_>, row: RowId, copy: &Copy, index: &Index<'_>, first_end_ns: Option<u64>) -> Result<(), Rule> {
    let may_follow = |other: &Entry<'_>| !other.operation.is_before(entry.operation);
    match (entry.write.effect, copy.rows.get(&row)) {
        (Effect::Delete, None) => {
            let must_be_told = first_end_ns.is_some_and(|end| entry.operation.invoke_ns > end);
            if must_be_told && !copy.removed.contains(&row) { Err(Rule::W6) } else { Ok(()) }
        }
        (Effect::Delete, Some(state)) => {
            let revives =
                |other: &Entry<'_>| other.number != entry.number && matches!(other.write.effect, Effect::Create | Effect::Upsert) && may_follow(other);
            let is_newer = index.write(state.stamp).is_some_and(|other| may_follow(&other));
            if is_newer && index.writes(row).iter().any(revives) { Ok(()) } else { Err(Rule::W1) }
        }
        (_, Some(state)) => {
            let (theirs, ours) = (Some(state.version), index.version_of(entry.write.stamp));
            let is_newer = match ours {
                Some(_) => theirs >= ours,
                None => index.write(state.stamp).is_some_and(|other| may_follow(&other)),
            };
            if is_newer { Ok(()) } else { Err(Rule::W1) }
        }
        (_, None) => {
            if index.deletes(row).any(|other| may_follow(&other)) {
                Ok(())
            } else {
                Err(Rule::W1)
            }
        }
    }
}

/// The text of a lost change.
pub(crate) fn lost(who: &str, entry: &Entry<'_>, row: RowId, copy: &Copy) -> String {
    format!(
        "{who}: {:?} {} (acknowledged, version {:?}) of {} is missing; the copy has {:?}",
        entry.write.effect,
        entry.write.stamp,
        entry.write.version,
        named(row),
        copy.rows.get(&row)
    )
}
