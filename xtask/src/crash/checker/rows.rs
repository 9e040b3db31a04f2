//! Each row as a register (W10), and key values held by one row at a time (W11).

use std::collections::{BTreeMap, HashMap};

use super::super::history::{Effect, History, Item, RowId};
use super::index::{Entry, Index};
use super::{Findings, Rule, named};

/// Checks all rows.
pub(crate) fn check(history: &History, index: &Index<'_>, findings: &mut Findings) {
    for row in index.rows() {
        let mut versions: Vec<(u64, Entry<'_>)> = index.writes(row).iter().filter_map(|entry| Some((index.version_of(entry.write.stamp)?, *entry))).collect();
        versions.sort_by_key(|(version, _)| *version);
        matched_versions(row, &versions, findings);
        order_of_requests(row, &versions, findings);
    }
    held_codes(history, index, findings);
}

/// W10: between the version that `If-Match` named and the version of the write lies no other write of the row.
fn matched_versions(row: RowId, versions: &[(u64, Entry<'_>)], findings: &mut Findings) {
    for (place, (version, entry)) in versions.iter().enumerate() {
        let Some(matched) = entry.write.if_version else {
            continue;
        };
        let previous = place.checked_sub(1).map(|place| versions[place].0);
        if matched >= *version || previous.is_some_and(|previous| previous > matched) {
            let text =
                format!("{}: write {} matched version {matched}, but {previous:?} was current before its version {version}", named(row), entry.write.stamp);
            findings.add(Rule::W10, text);
        }
    }
}

/// W10: a request that began after another had ended has the higher version.
fn order_of_requests(row: RowId, versions: &[(u64, Entry<'_>)], findings: &mut Findings) {
    let mut earliest_end: Option<Entry<'_>> = None;
    for (version, entry) in versions.iter().rev() {
        if let Some(later) = earliest_end.filter(|later| later.operation.is_before(entry.operation)) {
            let text = format!(
                "{}: write {} has the higher version but had ended before write {} (version {version}) began",
                named(row),
                later.write.stamp,
                entry.write.stamp
            );
            findings.add(Rule::W10, text);
        }
        if earliest_end.is_none_or(|known| entry.operation.end_ns < known.operation.end_ns) {
            earliest_end = Some(*entry);
        }
    }
}

/// W11: a row keeps its key value for life, so the spans of versions in which rows held one value do not overlap.
fn held_codes(history: &History, index: &Index<'_>, findings: &mut Findings) {
    let mut spans: HashMap<String, BTreeMap<RowId, (u64, u64)>> = HashMap::new();
    let mut note = |code: &str, row: RowId, version: u64| {
        let span = spans.entry(code.to_owned()).or_default().entry(row).or_insert((version, version));
        *span = (span.0.min(version), span.1.max(version));
    };
    for item in history.chains.iter().flat_map(|chain| chain.items()) {
        if let Item::Changed(state) = item
            && let Some(code) = &state.code
        {
            note(code, state.row, state.version);
        }
    }
    for write in history.operations.iter().filter(|one| !one.is_refused()).flat_map(|one| &one.writes) {
        let holds = matches!(write.effect, Effect::Create | Effect::Upsert);
        if let (true, Some(code), Some(row), Some(version)) = (holds, &write.code, index.row_of(write), index.version_of(write.stamp)) {
            note(code, row, version);
        }
    }
    for (code, rows) in &spans {
        let mut held: Vec<(&RowId, &(u64, u64))> = rows.iter().collect();
        held.sort_by_key(|(_, span)| span.0);
        for pair in held.windows(2) {
            let ((one, one_span), (two, two_span)) = (pair[0], pair[1]);
            if one_span.1 >= two_span.0 {
                let text = format!("key value {code:?} is held by {} at versions {one_span:?} and by {} at {two_span:?}", named(*one), named(*two));
                findings.add(Rule::W11, text);
            }
        }
    }
}
