//! Full reads between the restarts: nothing acknowledged is missing, nothing is visible in part, and what became of
//! the operations that were never answered.

use std::collections::HashMap;

use super::super::history::{DefinitionChange, DefinitionKind, Effect, Fates, History, Operation, Outcome, RowId, State, Survey};
use super::follow::{Copy, acknowledged, lost, shows};
use super::groups::{Groups, Seen};
use super::index::{Entry, Index};
use super::{Findings, Rule, named};

const WHO: &str = "full read";

/// Checks every survey against the writes before it and the survey before it.
pub(crate) fn check(history: &History, index: &Index<'_>, findings: &mut Findings) {
    let acknowledged = acknowledged(history);
    let mut groups = Groups::new(history, index);
    let mut taken = 0;
    let mut before: Option<&Survey> = None;
    for survey in &history.surveys {
        let rows = survey.states.iter().map(|state| (state.row, state.clone())).collect();
        let copy = Copy { rows, ..Copy::default() };
        while let Some(entry) = acknowledged.get(taken).filter(|entry| entry.operation.end_ns < survey.start_ns) {
            taken += 1;
            let Some(row) = index.row_of(entry.write) else {
                continue;
            };
            if let Err(rule) = shows(entry, row, &copy, index, None) {
                findings.add(rule, lost(WHO, entry, row, &copy));
            }
        }
        if let Some(before) = before {
            goes_on(before, &copy, index, findings);
        }
        let rows: Vec<RowId> = survey.states.iter().map(|state| state.row).collect();
        let seen = Seen { copy: &copy, delivered: None, end_ns: survey.start_ns, span: None };
        groups.check(WHO, &rows, &seen, findings);
        unique_codes(survey, findings);
        definitions(history, survey, findings);
        before = Some(survey);
    }
}

/// Rows do not go back to what they were, vanish without a deletion, or come back by themselves.
fn goes_on(before: &Survey, now: &Copy, index: &Index<'_>, findings: &mut Findings) {
    let is_since = |entry: Entry<'_>| entry.operation.end_ns >= before.start_ns;
    let mut earlier: HashMap<RowId, &State> = HashMap::new();
    for state in &before.states {
        earlier.insert(state.row, state);
        match now.rows.get(&state.row) {
            Some(next) if next.version < state.version => {
                let text = format!("{WHO}: {} went back from version {} to {}", named(state.row), state.version, next.version);
                findings.add(Rule::W1, text);
            }
            None if !index.deletes(state.row).any(is_since) => {
                findings.add(Rule::W1, format!("{WHO}: {} vanished, and no request deleted it", named(state.row)));
            }
            _ => {}
        }
    }
    for state in now.rows.values().filter(|state| !earlier.contains_key(&state.row)) {
        if !index.write(state.stamp).is_some_and(is_since) {
            findings.add(Rule::W1, format!("{WHO}: {} is back with the old write {}", named(state.row), state.stamp));
        }
    }
}

/// W11, seen directly.
fn unique_codes(survey: &Survey, findings: &mut Findings) {
    let mut holders: HashMap<&str, RowId> = HashMap::new();
    for state in &survey.states {
        let Some(code) = state.code.as_deref() else {
            continue;
        };
        if let Some(other) = holders.insert(code, state.row) {
            let text = format!("{WHO}: {} and {} both hold key value {code:?}", named(other), named(state.row));
            findings.add(Rule::W11, text);
        }
    }
}

/// Columns and keys: what was acknowledged is there, what was refused or deleted is not.
fn definitions(history: &History, survey: &Survey, findings: &mut Findings) {
    for added in history.definitions.iter().filter(|change| !change.is_delete) {
        let is_listed = is_listed(added, survey);
        let happened = |change: &DefinitionChange| change.outcome == Outcome::Acknowledged && change.end_ns < survey.start_ns;
        let mut deletes = history.definitions.iter().filter(|change| change.is_delete && change.name == added.name && change.outcome != Outcome::Refused);
        let may_be_deleted = deletes.clone().any(|change| change.invoke_ns < survey.start_ns);
        let is_never_made = added.outcome == Outcome::Refused || added.invoke_ns > survey.start_ns;
        if happened(added) && !may_be_deleted && !is_listed {
            findings.add(Rule::W1, format!("{WHO}: definition {} was acknowledged and is missing", added.name));
        }
        if is_listed && (is_never_made || deletes.any(happened)) {
            findings.add(Rule::W2, format!("{WHO}: definition {} is there, but must not be", added.name));
        }
    }
}

fn is_listed(change: &DefinitionChange, survey: &Survey) -> bool {
    let names = match change.kind {
        DefinitionKind::Column => &survey.columns,
        DefinitionKind::Key => &survey.keys,
    };
    names.contains(&change.name)
}

/// What became of the unanswered operations, by the first survey after each.
pub(crate) fn fates(history: &History) -> Fates {
    let index = Index::build(history, &mut Findings::default());
    let seen = history.surveys.iter().map(|survey| survey.states.iter().map(|state| (state.row, state)).collect::<HashMap<RowId, &State>>());
    let seen: Vec<_> = seen.collect();
    let next = |end_ns: u64| history.surveys.iter().position(|survey| survey.start_ns > end_ns);
    let mut fates = Fates::default();
    for (number, operation) in history.operations.iter().enumerate() {
        if operation.outcome == Outcome::Unanswered
            && let Some(survey) = next(operation.end_ns)
        {
            count(&mut fates, fate(operation, number, &seen[survey], &index));
        }
    }
    for change in history.definitions.iter().filter(|change| change.outcome == Outcome::Unanswered) {
        if let Some(survey) = next(change.end_ns) {
            count(&mut fates, Some(is_listed(change, &history.surveys[survey]) != change.is_delete));
        }
    }
    fates
}

fn count(fates: &mut Fates, was_done: Option<bool>) {
    match was_done {
        Some(true) => fates.kept += 1,
        Some(false) => fates.lost += 1,
        None => fates.unclear += 1,
    }
}

/// Whether an unanswered operation was done; `None` when that cannot be seen.
fn fate(operation: &Operation, number: usize, table: &HashMap<RowId, &State>, index: &Index<'_>) -> Option<bool> {
    let mut answer = None;
    for write in &operation.writes {
        if index.version_of(write.stamp).is_some() {
            return Some(true);
        }
        let row = index.row_of(write);
        // Another write of the row at the same time may have come after this one.
        let is_shadowed = row.is_none_or(|row| index.is_written_between(row, operation.invoke_ns, operation.end_ns, number));
        let is_there = row.is_some_and(|row| table.contains_key(&row));
        let this = match write.effect {
            // A row made under a new id has no other writes; its stamp would have been seen.
            Effect::Create => Some(false),
            _ if is_shadowed => None,
            Effect::Delete => Some(!is_there),
            // Its stamp is nowhere, and nothing can have covered it.
            Effect::Update | Effect::Upsert => Some(false),
        };
        answer = answer.or(this);
    }
    answer
}
