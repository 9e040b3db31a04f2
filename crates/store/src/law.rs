//! The law of the feed: for any interleaving of writers, page sizes, retries and restarts, first read + deltas = the table; each id at most once a chain;
//! deletes last; versions rise (CT-13 to CT-38, CT-53; W1 to W4, W6, W7, W9 of the checker).
//!
//! The law judges a [`History`], which anything may record: [`run`] plays random [`Step`]s on a store; a test of the organization service records its own
//! requests and answers as the same events. [`check`] and [`Coverage::of`] are pure functions.

mod coverage;
mod play;
mod reader;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use driftless_model::Uuid;

pub use coverage::Coverage;
pub use play::{Edit, Protocol, Step, run};

/// What happened, in the order in which it happened: each event took effect before the next began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The events.
    pub events: Vec<Event>,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A unit was committed. Units that failed are left out: nothing of them may ever be seen.
    Unit(Vec<Change>),
    /// A page was served to a reader.
    Page(Page),
    /// The store was closed and opened again.
    Restart,
}

/// A change of one row by a committed unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The row was created or updated.
    Put(Item),
    /// The row was removed.
    Removed {
        /// Its id.
        id: Uuid,
        /// The version of the removal, where it is known.
        version: Option<i64>,
    },
}

/// A row as it is in the table or in the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its id.
    pub id: Uuid,
    /// Its version.
    pub version: i64,
    /// What it holds, as text in any form: equal rows have equal text.
    pub content: String,
}

/// A page of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Who reads.
    pub reader: u32,
    /// How the chain began, if this is its first page.
    pub start: Option<Start>,
    /// New and updated rows.
    pub rows: Vec<Item>,
    /// Removed ids.
    pub removed: Vec<Uuid>,
    /// More pages follow; the reader has no new token yet.
    pub more: bool,
    /// The reader got the answer. One that was lost is asked for again, so it counts for no chain.
    pub arrived: bool,
}

/// How a chain of pages began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Without a token: the reader begins with an empty copy.
    Full,
    /// With the token of the last chain that the reader read to its end.
    Delta {
        /// Number of changes since the token that was told beside the first page (CT-29).
        count: Option<u64>,
    },
}

/// How the law was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Place in the history.
    pub event: usize,
    /// The rule.
    pub rule: &'static str,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event {}: {}: {}", self.event, self.rule, self.what)
    }
}

/// Judges a history.
///
/// # Errors
/// The first event that breaks the law.
pub fn check(history: &History) -> Result<(), Violation> {
    let mut judge = Judge::default();
    for (at, event) in history.events.iter().enumerate() {
        judge.at = at;
        match event {
            Event::Unit(changes) => changes.iter().try_for_each(|change| judge.change(change))?,
            Event::Page(page) => judge.page(page)?,
            Event::Restart => {}
        }
    }
    Ok(())
}

/// A reader's copy, or the table: content and version by id.
type Rows = BTreeMap<Uuid, (i64, String)>;

#[derive(Default)]
struct Judge {
    at: usize,
    table: Rows,
    /// Event of the last write of each id.
    written: BTreeMap<Uuid, usize>,
    /// Version of the last write of each id, removals included.
    versions: BTreeMap<Uuid, i64>,
    seen_versions: BTreeSet<i64>,
    readers: BTreeMap<u32, reader::Reader>,
}

impl Judge {
    fn broken(&self, rule: &'static str, what: String) -> Violation {
        Violation { event: self.at, rule, what }
    }

    fn change(&mut self, change: &Change) -> Result<(), Violation> {
        let (id, version) = match change {
            Change::Put(item) => (item.id, Some(item.version)),
            Change::Removed { id, version } => (*id, *version),
        };
        if let Some(version) = version {
            if !self.seen_versions.insert(version) {
                return Err(self.broken("CT-19", format!("the version {version} was given twice")));
            }
            let before = self.versions.insert(id, version);
            if before.is_some_and(|before| before >= version) {
                return Err(self.broken("CT-20", format!("the version of {id} went from {before:?} to {version}")));
            }
        }
        self.written.insert(id, self.at);
        match change {
            Change::Put(item) => self.table.insert(id, (item.version, item.content.clone())),
            Change::Removed { .. } => self.table.remove(&id),
        };
        Ok(())
    }

    fn page(&mut self, page: &Page) -> Result<(), Violation> {
        self.shows_the_present(page)?;
        if !page.arrived {
            return Ok(());
        }
        let mut reader = self.readers.remove(&page.reader).unwrap_or_default();
        if let Some(start) = page.start {
            reader.begin(start, self.at, &self.table);
        }
        let judged = reader.take(page, self);
        self.readers.insert(page.reader, reader);
        judged.map_err(|(rule, what)| self.broken(rule, what))
    }

    /// A page shows rows as they are, and as removed what is not there (W2, CT-13, CT-16, CT-17).
    fn shows_the_present(&self, page: &Page) -> Result<(), Violation> {
        for item in &page.rows {
            let present = self.table.get(&item.id);
            if present.is_none_or(|(version, content)| *version != item.version || *content != item.content) {
                return Err(self.broken("W2", format!("{item:?} was delivered, but the table has {present:?}")));
            }
        }
        match page.removed.iter().find(|id| self.table.contains_key(id)) {
            Some(id) => Err(self.broken("CT-16", format!("{id} was delivered as removed, but is there"))),
            None => Ok(()),
        }
    }

    /// Event of the last write of an id; none for one that was never written.
    fn written(&self, id: &Uuid) -> Option<usize> {
        self.written.get(id).copied()
    }

    fn version(&self, id: &Uuid) -> Option<i64> {
        self.versions.get(id).copied()
    }

    fn written_since(&self, event: usize) -> bool {
        self.written.values().any(|at| *at >= event)
    }
}

#[cfg(test)]
mod tests;
