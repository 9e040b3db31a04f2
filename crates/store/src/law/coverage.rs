//! Which of the hard situations a history has: a property test asserts of itself that it met them.

use std::collections::{BTreeMap, BTreeSet};

use driftless_model::Uuid;

use super::{Change, Event, History};

/// Situations that a history contains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// A unit was committed between two pages of a chain.
    pub write_while_paging: bool,
    /// A row was removed and made again between two chains of one reader (CT-16).
    pub made_again: bool,
    /// A page ended inside the removals.
    pub border_in_removals: bool,
    /// The store was opened again between two pages of a chain.
    pub restart_in_chain: bool,
}

impl Coverage {
    /// The situations that `history` contains.
    pub fn of(history: &History) -> Self {
        let mut coverage = Self::default();
        let mut in_chain: BTreeSet<u32> = BTreeSet::new();
        // For each reader what was removed since its last chain began.
        let mut removed: BTreeMap<u32, BTreeSet<Uuid>> = BTreeMap::new();
        for event in &history.events {
            match event {
                Event::Unit(changes) => {
                    coverage.write_while_paging |= !in_chain.is_empty();
                    for change in changes {
                        match change {
                            Change::Removed { id, .. } => removed.values_mut().for_each(|removed| removed.extend([*id])),
                            Change::Put(item) => coverage.made_again |= removed.values().any(|removed| removed.contains(&item.id)),
                        }
                    }
                }
                Event::Page(page) if page.arrived => {
                    if page.start.is_some() {
                        removed.entry(page.reader).or_default().clear();
                    }
                    coverage.border_in_removals |= page.more && !page.removed.is_empty();
                    if page.more {
                        in_chain.insert(page.reader);
                    } else {
                        in_chain.remove(&page.reader);
                    }
                }
                Event::Page(_) => {}
                Event::Restart => coverage.restart_in_chain |= !in_chain.is_empty(),
            }
        }
        coverage
    }
}
