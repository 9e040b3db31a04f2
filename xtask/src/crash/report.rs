//! Counts and findings of a crash run, as text and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::checker::Findings;
use super::history::{DefinitionChange, Fates, History, Outcome};

/// Unanswered writes at a kill that make it worth something.
pub(crate) const UNANSWERED_MIN: usize = 4;
/// Share of the kills that must reach it, in percent.
const SHARE_MIN: usize = 90;
/// Most findings that are printed.
const PRINTED_MAX: usize = 60;

/// What a crash run came to.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Kills.
    pub(crate) cycles: usize,
    /// Kills at which at least [`UNANSWERED_MIN`] writes were unanswered.
    pub(crate) busy_cycles: usize,
    /// Answered with success.
    pub(crate) acknowledged: u64,
    /// Answered with an error that a concurrent writer must expect.
    pub(crate) refused: u64,
    /// Never answered, and found done.
    pub(crate) kept: u64,
    /// Never answered, and found not done.
    pub(crate) lost: u64,
    /// Never answered, and covered by another write.
    pub(crate) unclear: u64,
    /// Change sets that were sent.
    pub(crate) change_sets: u64,
    /// Reads of the feed that ended.
    pub(crate) chains: u64,
    /// Pages and items of all reads.
    pub(crate) pages: u64,
    /// Items of all reads.
    pub(crate) items: u64,
    /// Comparisons with `/$count`.
    pub(crate) counts: u64,
    /// Times that `driftless check` found nothing.
    pub(crate) clean_checks: u64,
    /// Broken promises and everything else that should not be.
    pub(crate) findings: Vec<String>,
}

impl Report {
    /// Adds the numbers of one history.
    pub(crate) fn add_history(&mut self, history: &History, fates: Fates) {
        let outcomes = history.operations.iter().map(|operation| operation.outcome);
        let definitions = history.definitions.iter().map(|change: &DefinitionChange| change.outcome);
        for outcome in outcomes.chain(definitions) {
            match outcome {
                Outcome::Acknowledged => self.acknowledged += 1,
                Outcome::Refused => self.refused += 1,
                Outcome::Unanswered => {}
            }
        }
        self.kept += fates.kept;
        self.lost += fates.lost;
        self.unclear += fates.unclear;
        self.change_sets += history.operations.iter().filter(|operation| operation.writes.len() > 1).count() as u64;
        self.chains += history.chains.iter().filter(|chain| chain.to.is_some()).count() as u64;
        self.pages += history.chains.iter().map(|chain| chain.pages.len() as u64).sum::<u64>();
        self.items += history.chains.iter().map(|chain| chain.items().count() as u64).sum::<u64>();
        self.counts += history.counts.len() as u64;
    }

    /// Adds what the checker found.
    pub(crate) fn add_findings(&mut self, findings: &Findings) {
        for violation in findings.violations() {
            self.findings.push(format!("{}: {}", violation.rule, violation.text));
        }
        if findings.left_out() > 0 {
            self.findings.push(format!("and {} more", findings.left_out()));
        }
    }

    /// Numbers that show the run to be worth nothing.
    pub(crate) fn shortcomings(&self) -> Vec<String> {
        let mut found = Vec::new();
        let needed = [
            ("acknowledged", self.acknowledged),
            ("kept though unanswered", self.kept),
            ("lost and unanswered", self.lost),
            ("change sets", self.change_sets),
            ("feed items", self.items),
        ];
        for (name, _) in needed.iter().filter(|(_, number)| *number == 0) {
            found.push(format!("no {name}: the run shows nothing about it"));
        }
        if self.busy_cycles * 100 < self.cycles * SHARE_MIN {
            found.push(format!("only {} of {} kills met {UNANSWERED_MIN} unanswered writes, {SHARE_MIN} % must", self.busy_cycles, self.cycles));
        }
        found
    }

    /// Whether everything is as it should be.
    pub(crate) fn is_good(&self) -> bool {
        self.findings.is_empty() && self.shortcomings().is_empty()
    }

    /// The report as text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "crash: {} kills, {} of them with {UNANSWERED_MIN} or more unanswered writes", self.cycles, self.busy_cycles);
        let _ = writeln!(
            text,
            "writes: {} acknowledged ({} change sets sent), {} refused; unanswered: {} kept, {} lost, {} unclear",
            self.acknowledged, self.change_sets, self.refused, self.kept, self.lost, self.unclear
        );
        let _ = writeln!(
            text,
            "feed: {} reads, {} pages, {} items, {} counts compared; {} clean checks of the folder",
            self.chains, self.pages, self.items, self.counts, self.clean_checks
        );
        for finding in self.findings.iter().take(PRINTED_MAX) {
            let _ = writeln!(text, "  {finding}");
        }
        for shortcoming in self.shortcomings() {
            let _ = writeln!(text, "  {shortcoming}");
        }
        let _ = write!(text, "crash: {}", if self.is_good() { "passed" } else { "FAILED" });
        text
    }

    /// The report as JSON.
    pub(crate) fn json(&self, seed: u64) -> Value {
        json!({
            "seed": seed, "cycles": self.cycles, "busy_cycles": self.busy_cycles,
            "acknowledged": self.acknowledged, "refused": self.refused,
            "unanswered_kept": self.kept, "unanswered_lost": self.lost, "unanswered_unclear": self.unclear,
            "change_sets": self.change_sets, "feed_reads": self.chains, "feed_pages": self.pages,
            "feed_items": self.items, "counts_compared": self.counts, "clean_checks": self.clean_checks,
            "findings": self.findings, "shortcomings": self.shortcomings(), "passed": self.is_good()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Report {
        Report { cycles: 10, busy_cycles: 9, acknowledged: 1, kept: 1, lost: 1, change_sets: 1, items: 1, ..Report::default() }
    }

    #[test]
    fn a_zero_or_too_few_busy_kills_fail() {
        assert!(good().is_good());
        for bad in [
            Report { kept: 0, ..good() },
            Report { lost: 0, ..good() },
            Report { acknowledged: 0, ..good() },
            Report { busy_cycles: 8, ..good() },
            Report { findings: vec!["W1".to_owned()], ..good() },
        ] {
            assert!(!bad.is_good(), "{}", bad.text());
            assert_eq!(bad.json(1)["passed"], false);
        }
    }
}
