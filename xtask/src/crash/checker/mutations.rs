//! The checker is checked: it accepts correct histories and names each kind of damage (REL-40).

use super::super::history::{Chain, Count, DefinitionChange, DefinitionKind, Effect, History, Item, Operation, Outcome, Refusal, State};
use super::{Rule, fates, judge, model};

const SEEDS: u64 = 24;
const STEPS: usize = 2000;

fn rules(history: &History) -> Vec<Rule> {
    let mut found: Vec<Rule> = judge(history).violations().iter().map(|violation| violation.rule).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Damages correct histories of many seeds with `damage`, which says whether it found a place, and expects `rule` each time.
fn caught(rule: Rule, damage: impl Fn(&mut History) -> bool) {
    let mut damaged = 0;
    for seed in 0..SEEDS {
        let mut history = model::history(seed, STEPS);
        if damage(&mut history) {
            damaged += 1;
            let found = rules(&history);
            assert!(found.contains(&rule), "seed {seed}: expected {rule}, found {found:?}");
        }
    }
    assert!(damaged >= SEEDS / 2, "only {damaged} of {SEEDS} histories had a place for the damage");
}

/// The `nth` applied delta of the history that `fits`.
fn delta(history: &mut History, nth: usize, fits: impl Fn(&Chain) -> bool) -> Option<&mut Chain> {
    history.chains.iter_mut().filter(|chain| chain.is_applied() && chain.from.is_some() && fits(chain)).nth(nth)
}

/// Places of the deltas that a consumer applied after its last first read: nothing later makes up for them.
fn last_lineage(history: &History, consumer: u32) -> Vec<usize> {
    let own = |chain: &Chain| chain.consumer == consumer && chain.is_applied();
    let first = history.chains.iter().rposition(|chain| own(chain) && chain.from.is_none()).unwrap_or(0);
    (first + 1..history.chains.len()).filter(|place| own(&history.chains[*place])).collect()
}

/// Rows that some request of this kind names.
fn rows_with(history: &History, effect: Effect) -> Vec<u128> {
    let writes = history.operations.iter().flat_map(|one| &one.writes);
    writes.filter(|write| write.effect == effect).filter_map(|write| write.row).collect()
}

fn changed(item: &Item) -> Option<&State> {
    match item {
        Item::Changed(state) => Some(state),
        Item::Removed(_) => None,
    }
}

fn operation_of(history: &History, stamp: u64) -> usize {
    let writes = |operation: &Operation| operation.writes.iter().any(|write| write.stamp == stamp);
    history.operations.iter().position(writes).unwrap()
}

#[test]
fn correct_histories_are_accepted() {
    for seed in 0..SEEDS * 3 {
        let history = model::history(seed, STEPS);
        let findings = judge(&history);
        assert_eq!(findings.violations(), [], "seed {seed}");
    }
}

#[test]
fn the_model_makes_what_the_laws_speak_of() {
    let (mut sets, mut long, mut replays, mut given_up, mut recreated) = (0, 0, 0, 0, 0);
    let mut kept_and_lost = (0, 0);
    for seed in 0..SEEDS {
        let history = model::history(seed, STEPS);
        sets += history.operations.iter().filter(|one| one.writes.len() > 1 && !one.is_refused()).count();
        long += history.chains.iter().filter(|chain| chain.pages.len() > 2).count();
        replays += history.chains.iter().filter(|chain| chain.is_replay).count();
        given_up += history.chains.iter().filter(|chain| chain.to.is_none()).count();
        let revives = |one: &&Operation| one.writes.iter().any(|write| write.effect == Effect::Upsert && write.code.is_none());
        recreated += history.operations.iter().filter(revives).count();
        let fates = fates(&history);
        kept_and_lost = (kept_and_lost.0 + fates.kept, kept_and_lost.1 + fates.lost);
    }
    for (name, number) in [("sets", sets), ("long", long), ("replays", replays), ("given up", given_up), ("re-created", recreated)] {
        assert!(number > 20, "{name}: {number}");
    }
    assert!(kept_and_lost.0 > 20 && kept_and_lost.1 > 20, "{kept_and_lost:?}");
}

#[test] // W1
fn a_dropped_change_is_a_lost_change() {
    caught(Rule::W1, |history| {
        let Some(last) = history.surveys.last().cloned() else {
            return false;
        };
        let copy = history.clone();
        // A row that nobody writes again, so that no later delivery makes up for it.
        let is_final = |state: &State| {
            let operation = &copy.operations[operation_of(&copy, state.stamp)];
            last.states.contains(state) && operation.outcome == Outcome::Acknowledged
        };
        for place in last_lineage(history, 0) {
            let chain = &mut history.chains[place];
            if chain.items().filter_map(changed).any(is_final) {
                for page in &mut chain.pages {
                    page.items.retain(|item| !changed(item).is_some_and(is_final));
                }
                return true;
            }
        }
        false
    });
}

#[test] // W1
fn a_lost_row_after_a_restart_is_a_lost_change() {
    caught(Rule::W1, |history| {
        let deleted = rows_with(history, Effect::Delete);
        let before = history.surveys[1].states.clone();
        let is_kept = |state: &State| !deleted.contains(&state.row) && before.iter().any(|earlier| earlier.row == state.row);
        let survey = &mut history.surveys[2];
        let Some(place) = survey.states.iter().position(is_kept) else {
            return false;
        };
        survey.states.remove(place);
        true
    });
}

#[test] // W1
fn a_deletion_that_is_undone_is_a_lost_change() {
    caught(Rule::W1, |history| {
        let revived = rows_with(history, Effect::Upsert);
        let copy = history.clone();
        let [before, after] = &mut history.surveys[1..3] else {
            return false;
        };
        let is_deleted = |row: u128| {
            let deletes = |one: &Operation| one.writes.iter().any(|write| write.effect == Effect::Delete && write.row == Some(row));
            copy.operations.iter().any(|one| one.outcome == Outcome::Acknowledged && deletes(one))
        };
        let is_gone = |state: &&State| {
            let is_there = after.states.iter().any(|other| other.row == state.row);
            !is_there && !revived.contains(&state.row) && is_deleted(state.row)
        };
        let Some(state) = before.states.iter().find(is_gone).cloned() else {
            return false;
        };
        after.states.push(state);
        true
    });
}

#[test] // W2
fn a_state_that_nobody_wrote_is_a_phantom() {
    caught(Rule::W2, |history| {
        let Some(chain) = delta(history, 1, |chain| chain.items().any(|item| changed(item).is_some())) else {
            return false;
        };
        let state = chain.pages.iter_mut().flat_map(|page| &mut page.items).find_map(|item| match item {
            Item::Changed(state) => Some(state),
            Item::Removed(_) => None,
        });
        state.unwrap().stamp = 1 << 60;
        true
    });
}

#[test] // W2
fn a_refused_write_that_shows_is_a_phantom() {
    caught(Rule::W2, |history| {
        let copy = history.clone();
        let Some(state) = copy.chains.iter().flat_map(Chain::items).find_map(changed) else {
            return false;
        };
        let number = operation_of(history, state.stamp);
        history.operations[number].outcome = Outcome::Refused;
        true
    });
}

#[test] // W2
fn a_deleted_item_without_a_deletion_and_mixed_columns_are_phantoms() {
    caught(Rule::W2, |history| {
        let Some(chain) = delta(history, 1, |_| true) else {
            return false;
        };
        chain.pages.last_mut().unwrap().items.push(Item::Removed(77));
        true
    });
    caught(Rule::W2, |history| match history.surveys[1].states.first_mut() {
        Some(state) => {
            state.is_whole = false;
            true
        }
        None => false,
    });
}

#[test] // W3
fn a_duplicate_is_named() {
    caught(Rule::W3, |history| {
        let Some(chain) = delta(history, 1, |chain| chain.items().count() > 1) else {
            return false;
        };
        let page = chain.pages.iter_mut().find(|page| !page.items.is_empty()).unwrap();
        let item = page.items[0].clone();
        chain.pages.last_mut().unwrap().items.push(item);
        true
    });
}

#[test] // W3
fn a_changed_order_is_named() {
    let two = |chain: &Chain| chain.items().filter_map(changed).count() > 1;
    caught(Rule::W3, |history| {
        let Some(chain) = delta(history, 0, two) else {
            return false;
        };
        let mut items: Vec<Item> = chain.pages.iter().flat_map(|page| page.items.clone()).collect();
        items.swap(0, 1);
        chain.pages.truncate(1);
        chain.pages[0].items = items;
        true
    });
    let mixed = |chain: &Chain| {
        let (first, last) = (chain.items().next(), chain.items().last());
        first.is_some_and(|item| changed(item).is_some()) && last.is_some_and(|item| changed(item).is_none())
    };
    caught(Rule::W3, |history| {
        let Some(chain) = delta(history, 0, mixed) else {
            return false;
        };
        let item = chain.pages.iter_mut().rev().find_map(|page| page.items.pop()).unwrap();
        chain.pages[0].items.insert(0, item);
        true
    });
}

#[test] // W4
fn a_row_that_comes_back_is_named() {
    caught(Rule::W4, |history| {
        let mut old: Option<State> = None;
        for chain in history.chains.iter_mut().filter(|chain| chain.consumer == 0 && chain.is_applied()) {
            if let (Some(state), Some(_)) = (&old, chain.from) {
                chain.pages[0].items.insert(0, Item::Changed(state.clone()));
                return true;
            }
            let removed: Vec<u128> = chain.items().filter(|item| changed(item).is_none()).map(Item::row).collect();
            old = old.or_else(|| chain.items().filter_map(changed).next().cloned()).filter(|_| removed.is_empty());
        }
        false
    });
}

#[test] // W4
fn a_stale_link_is_named() {
    caught(Rule::W4, |history| {
        let mut before: Option<Vec<Item>> = None;
        for chain in history.chains.iter_mut().filter(|chain| chain.consumer == 1 && chain.is_applied()) {
            if let (Some(items), Some(_)) = (&before, chain.from)
                && items.iter().any(|item| changed(item).is_some())
            {
                let mut items = items.clone();
                items.append(&mut chain.pages[0].items);
                chain.pages[0].items = items;
                return true;
            }
            before = Some(chain.items().cloned().collect());
        }
        false
    });
}

#[test] // W4
fn a_link_that_gives_less_the_second_time_is_named() {
    caught(Rule::W4, |history| {
        let Some(chain) = history.chains.iter_mut().find(|chain| chain.is_replay && chain.items().next().is_some()) else {
            return false;
        };
        // Everything that the first reading delivered is still to be delivered, so one item less is too few.
        chain.pages.iter_mut().for_each(|page| page.items.clear());
        let (consumer, from) = (chain.consumer, chain.from);
        let same = |chain: &Chain| chain.consumer == consumer && chain.from == from && chain.is_applied();
        history.chains.iter().any(|chain| same(chain) && chain.items().next().is_some())
    });
}

#[test] // W5
fn a_copy_that_differs_at_rest_is_named() {
    caught(Rule::W5, |history| {
        let last = history.surveys.last_mut();
        last.and_then(|survey| survey.states.pop()).is_some()
    });
}

#[test] // W6
fn a_short_lived_row_that_is_not_reported_is_named() {
    caught(Rule::W6, |history| {
        let mut is_damaged = false;
        for consumer in 0..2 {
            let lineage = last_lineage(history, consumer);
            let Some(first) = lineage.first().and_then(|place| history.chains[*place].from) else {
                continue;
            };
            let start = history.chains.iter().find(|chain| chain.to == Some(first)).unwrap();
            let chains = || lineage.iter().map(|place| &history.chains[*place]);
            let seen: Vec<u128> = chains().chain([start]).flat_map(Chain::items).filter_map(changed).map(|state| state.row).collect();
            let is_deleted_later = |row: u128| {
                let fits = |one: &&Operation| one.outcome == Outcome::Acknowledged && one.invoke_ns > start.end_ns();
                let mut later = history.operations.iter().filter(fits).flat_map(|one| &one.writes);
                later.any(|write| write.effect == Effect::Delete && write.row == Some(row))
            };
            let gone = chains().flat_map(Chain::items).filter(|item| changed(item).is_none()).map(Item::row);
            let brief: Vec<u128> = gone.filter(|row| !seen.contains(row) && is_deleted_later(*row)).collect();
            is_damaged |= !brief.is_empty();
            for place in lineage {
                for page in &mut history.chains[place].pages {
                    page.items.retain(|item| changed(item).is_some() || !brief.contains(&item.row()));
                }
            }
        }
        is_damaged
    });
}

#[test] // W7
fn a_torn_change_set_is_named() {
    caught(Rule::W7, |history| {
        let copy = history.clone();
        let set_of = |state: &State| operation_of(&copy, state.stamp);
        for place in 0..history.chains.len() {
            let chain = &copy.chains[place];
            if !chain.is_applied() || chain.from.is_none() || chain.pages.len() > 1 {
                continue;
            }
            let states: Vec<&State> = chain.items().filter_map(changed).collect();
            let torn = states.windows(2).find(|pair| set_of(pair[0]) == set_of(pair[1])).map(|pair| pair[1].clone());
            let later = copy.chains.iter().position(|other| other.from == chain.to && !other.is_replay);
            if let (Some(torn), Some(later)) = (torn, later) {
                history.chains[place].pages[0].items.retain(|item| item.row() != torn.row);
                history.chains[later].pages[0].items.insert(0, Item::Changed(torn));
                return true;
            }
        }
        false
    });
}

#[test] // W7
fn half_a_change_set_after_a_crash_is_named() {
    caught(Rule::W7, |history| {
        let copy = history.clone();
        let deleted = rows_with(&copy, Effect::Delete);
        for (place, survey) in copy.surveys.iter().enumerate() {
            let is_there = |row| survey.states.iter().any(|other| Some(other.row) == row);
            let in_set = |state: &State| {
                let operation = &copy.operations[operation_of(&copy, state.stamp)];
                let mut others = operation.writes.iter().filter(|write| write.stamp != state.stamp);
                let has_other = others.any(|write| write.effect == Effect::Create && is_there(write.row));
                has_other && !deleted.contains(&state.row)
            };
            if let Some(member) = survey.states.iter().position(in_set) {
                history.surveys[place].states.remove(member);
                return true;
            }
        }
        false
    });
}

#[test] // W8
fn a_refused_link_is_named() {
    caught(Rule::W8, |history| {
        history.refusals.push(Refusal { consumer: 1, answer: "400 0x80044352".to_owned() });
        true
    });
}

#[test] // W9
fn a_wrong_count_is_named() {
    caught(Rule::W9, |history| {
        history.counts.push(Count { counted: 4, delivered: 3 });
        true
    });
}

#[test] // W10
fn versions_against_the_order_of_requests_are_named() {
    caught(Rule::W10, |history| {
        let mut newest: std::collections::HashMap<u128, (u64, u64)> = std::collections::HashMap::new();
        let mut later = None;
        let mut operations: Vec<&Operation> = history.operations.iter().collect();
        operations.sort_by_key(|operation| operation.invoke_ns);
        for operation in operations.iter().filter(|one| one.outcome == Outcome::Acknowledged && one.writes.len() == 1) {
            let write = &operation.writes[0];
            let (Some(row), Some(_)) = (write.row, write.version) else {
                continue;
            };
            if newest.get(&row).is_some_and(|(_, end_ns)| *end_ns < operation.invoke_ns) {
                later = Some((write.stamp, newest[&row].0));
                break;
            }
            newest.insert(row, (write.stamp, operation.end_ns));
        }
        let Some((one, two)) = later else {
            return false;
        };
        let swap = |stamp: u64| match stamp {
            _ if stamp == one => two,
            _ if stamp == two => one,
            other => other,
        };
        for write in history.operations.iter_mut().flat_map(|one| &mut one.writes) {
            write.stamp = swap(write.stamp);
            if write.stamp == one || write.stamp == two {
                write.version = None;
            }
        }
        let shows = |history: &History, stamp| {
            let in_reads = history.chains.iter().flat_map(Chain::items).filter_map(changed).any(|state| state.stamp == stamp);
            in_reads || history.surveys.iter().flat_map(|survey| &survey.states).any(|state| state.stamp == stamp)
        };
        // Without both versions nothing contradicts anything.
        if !shows(history, one) || !shows(history, two) {
            let known: Vec<(u64, u64)> = vec![(one, 1_000_001), (two, 1_000_002)];
            for write in history.operations.iter_mut().flat_map(|one| &mut one.writes) {
                let version = known.iter().find(|(stamp, _)| *stamp == write.stamp);
                write.version = version.map_or(write.version, |(_, version)| Some(*version));
            }
        }
        true
    });
}

#[test] // W10
fn a_matched_version_that_was_not_current_is_named() {
    caught(Rule::W10, |history| {
        let write = history.operations.iter_mut().filter(|one| one.outcome == Outcome::Acknowledged).flat_map(|one| &mut one.writes);
        match write.filter(|write| write.version.is_some()).find(|write| write.if_version.is_some()) {
            Some(write) => {
                write.if_version = write.version;
                true
            }
            None => false,
        }
    });
}

#[test] // W11
fn two_holders_of_one_key_value_are_named() {
    caught(Rule::W11, |history| {
        let states = &mut history.surveys[2].states;
        let held: Vec<usize> = (0..states.len()).filter(|place| states[*place].code.is_some()).collect();
        let [one, two, ..] = held[..] else {
            return false;
        };
        states[one].code = states[two].code.clone();
        true
    });
    caught(Rule::W11, |history| {
        // The same row seen with another's value, at a version inside the other's span.
        let mut spans: std::collections::HashMap<u128, (u64, u64, String)> = std::collections::HashMap::new();
        for state in history.chains.iter().flat_map(Chain::items).filter_map(changed) {
            if let Some(code) = &state.code {
                let span = spans.entry(state.row).or_insert((state.version, state.version, code.clone()));
                *span = (span.0.min(state.version), span.1.max(state.version), code.clone());
            }
        }
        for state in history.chains.iter_mut().flat_map(|chain| &mut chain.pages).flat_map(|page| &mut page.items) {
            let Item::Changed(state) = state else {
                continue;
            };
            let inside = |(row, span): &(&u128, &(u64, u64, String))| **row != state.row && span.0 < state.version && state.version < span.1;
            if let Some((_, span)) = spans.iter().find(inside) {
                state.code = Some(span.2.clone());
                return true;
            }
        }
        false
    });
}

#[test] // REL-06
fn a_version_that_is_used_twice_is_named() {
    caught(Rule::Rel06, |history| {
        let states = &mut history.surveys[1].states;
        let [one, two, ..] = &mut states[..] else {
            return false;
        };
        one.version = two.version;
        true
    });
}

#[test]
fn definitions_must_survive_and_must_not_appear() {
    let change =
        |outcome| DefinitionChange { cycle: 0, kind: DefinitionKind::Column, name: "new_extra".to_owned(), is_delete: false, invoke_ns: 1, end_ns: 2, outcome };
    caught(Rule::W1, |history| {
        history.definitions.push(change(Outcome::Acknowledged));
        true
    });
    caught(Rule::W2, |history| {
        history.definitions.push(change(Outcome::Refused));
        history.surveys[0].columns.push("new_extra".to_owned());
        true
    });
    let mut history = model::history(1, STEPS);
    history.definitions.push(change(Outcome::Unanswered));
    assert_eq!(rules(&history), []);
}
