//! What each answer shows by itself: phantoms (W2), order (W3), refused links (W8), counts (W9).

use std::collections::HashSet;

use super::super::history::{Chain, Effect, History, Item, RowId, State};
use super::index::Index;
use super::{Findings, Rule, named};

/// Checks every page of every chain, every survey, count and refusal.
pub(crate) fn check(history: &History, index: &Index<'_>, findings: &mut Findings) {
    for chain in &history.chains {
        order(chain, findings);
        for page in &chain.pages {
            for item in &page.items {
                match item {
                    Item::Changed(state) => phantom_state(state, page.received_ns, index, findings),
                    Item::Removed(row) => phantom_removal(*row, chain, page.received_ns, index, findings),
                }
            }
        }
    }
    for survey in &history.surveys {
        for state in &survey.states {
            phantom_state(state, survey.start_ns, index, findings);
        }
    }
    for refusal in &history.refusals {
        let text = format!("consumer {}: a link that the service gave was refused: {}", refusal.consumer, refusal.answer);
        findings.add(Rule::W8, text);
    }
    for count in history.counts.iter().filter(|count| count.counted != count.delivered) {
        let text = format!("/$count says {}, the same link delivers {}", count.counted, count.delivered);
        findings.add(Rule::W9, text);
    }
}

/// W2: a delivered state was made by a write that was begun, did not fail and wrote this row.
fn phantom_state(state: &State, seen_ns: u64, index: &Index<'_>, findings: &mut Findings) {
    let row = named(state.row);
    let Some(entry) = index.write(state.stamp) else {
        findings.add(Rule::W2, format!("{row}: stamp {} was never written", state.stamp));
        return;
    };
    let write = entry.write;
    if entry.operation.is_refused() {
        findings.add(Rule::W2, format!("{row}: write {} was refused and is visible", state.stamp));
    }
    if entry.operation.invoke_ns > seen_ns {
        findings.add(Rule::W2, format!("{row}: write {} is visible before it was sent", state.stamp));
    }
    let is_other_row = write.row.is_some_and(|row| row != state.row);
    let is_other_code = write.code.is_some() && write.code != state.code;
    if is_other_row || is_other_code || write.effect == Effect::Delete {
        findings.add(Rule::W2, format!("{row}: write {} did not address this row", state.stamp));
    }
    if !state.is_whole {
        findings.add(Rule::W2, format!("{row}: its columns mix write {} with another", state.stamp));
    }
}

/// W2: a deleted item was deleted by a request that was begun and did not fail; a first read has none.
fn phantom_removal(row: RowId, chain: &Chain, seen_ns: u64, index: &Index<'_>, findings: &mut Findings) {
    if chain.from.is_none() {
        findings.add(Rule::W2, format!("{}: a first read delivers a deleted item", named(row)));
    }
    if !index.deletes(row).any(|entry| entry.operation.invoke_ns <= seen_ns) {
        findings.add(Rule::W2, format!("{}: delivered as deleted, but no request deleted it", named(row)));
    }
}

/// W3: versions rise, deleted items come last, an id comes once.
fn order(chain: &Chain, findings: &mut Findings) {
    let who = format!("consumer {}", chain.consumer);
    let mut seen = HashSet::new();
    let mut last_version = 0;
    let mut is_deleted_part = false;
    for item in chain.items() {
        if !seen.insert(item.row()) {
            findings.add(Rule::W3, format!("{who}: {} comes twice in one read", named(item.row())));
        }
        match item {
            Item::Removed(_) => is_deleted_part = true,
            Item::Changed(state) => {
                if is_deleted_part {
                    findings.add(Rule::W3, format!("{who}: {} comes after a deleted item", named(state.row)));
                }
                if state.version <= last_version {
                    let text = format!("{who}: version {} comes after {last_version} in one read", state.version);
                    findings.add(Rule::W3, text);
                }
                last_version = state.version;
            }
        }
    }
}
