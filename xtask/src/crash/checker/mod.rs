//! Judges a [`History`]: pure functions from what happened to the promises that were broken.
//!
//! The laws are W1 to W11 of the change feed, and the rule that a version number is used once (REL-06):
//!
//! | Law | Broken when | Looked at in |
//! |---|---|---|
//! | W1 | an acknowledged change is missing from a later complete read | [`follow`], [`survey`] |
//! | W2 | something is delivered that no successful or unanswered write made | [`delivery`] |
//! | W3 | inside one read versions fall, a deleted item precedes a row, or an id comes twice | [`delivery`] |
//! | W4 | a link delivers what lies at or before it, or less than it delivered before | [`follow`] |
//! | W5 | at rest a consumer's copy differs from the table | [`follow`] |
//! | W6 | a row made and deleted between two reads is not reported as deleted | [`follow`] |
//! | W7 | a change set is visible in part | [`groups`] |
//! | W8 | a link that cannot have expired is refused | [`delivery`] |
//! | W9 | `/$count` differs from the number of items | [`delivery`] |
//! | W10 | a matched version was not current, or versions contradict the order of requests | [`rows`] |
//! | W11 | two rows hold one key value at one time | [`rows`], [`survey`] |
//!
//! A read of several pages is fixed at the moment of its first page, but a row written while it runs leaves it and comes
//! with the next. So a missing change is excused once if another write of the same row overlaps the read.

use std::fmt;

use super::history::History;

mod delivery;
mod follow;
mod groups;
mod index;
#[cfg(test)]
mod model;
#[cfg(test)]
mod mutations;
mod rows;
mod survey;

use index::Index;
pub(crate) use survey::fates;

/// Most violations that are kept per law; the rest is counted.
const KEPT_MAX: usize = 20;

/// A law of the feed or the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    /// No lost change.
    W1,
    /// No phantom.
    W2,
    /// Order within one read.
    W3,
    /// Links never go back.
    W4,
    /// Convergence.
    W5,
    /// Created and deleted between two reads.
    W6,
    /// Atomic groups.
    W7,
    /// Expiry is loud, and only for cause.
    W8,
    /// Count.
    W9,
    /// Row register.
    W10,
    /// Uniqueness of alternate keys.
    W11,
    /// A version number is used once.
    Rel06,
}

impl fmt::Display for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rel06 => out.write_str("REL-06"),
            named => fmt::Debug::fmt(named, out),
        }
    }
}

/// One broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The law.
    pub(crate) rule: Rule,
    /// What was seen.
    pub(crate) text: String,
}

/// Everything that was found, bounded.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    kept: Vec<Violation>,
    left_out: usize,
}

impl Findings {
    /// Notes a violation.
    pub(crate) fn add(&mut self, rule: Rule, text: impl Into<String>) {
        if self.kept.iter().filter(|known| known.rule == rule).count() < KEPT_MAX {
            self.kept.push(Violation { rule, text: text.into() });
        } else {
            self.left_out += 1;
        }
    }

    /// The violations that were kept.
    pub(crate) fn violations(&self) -> &[Violation] {
        &self.kept
    }

    /// How many more there are.
    pub(crate) fn left_out(&self) -> usize {
        self.left_out
    }
}

/// Judges a whole history.
pub(crate) fn judge(history: &History) -> Findings {
    let mut findings = Findings::default();
    let index = Index::build(history, &mut findings);
    delivery::check(history, &index, &mut findings);
    follow::check(history, &index, &mut findings);
    survey::check(history, &index, &mut findings);
    rows::check(history, &index, &mut findings);
    findings
}

/// How a row is called in a finding.
fn named(row: u128) -> String {
    format!("row {row:032x}")
}
