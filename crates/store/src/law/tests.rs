use std::sync::Arc;

use driftless_model::Epoch;

use super::*;
use crate::Store;
use crate::fixture::{Opener, id};
use crate::reference::ReferenceStore;
use crate::sabotage::{Sabotage, SabotagedStore};

/// Steps of one case.
const STEPS: usize = 60;
const CASES: u64 = 300;

fn opener(sabotage: Option<Sabotage>) -> Opener {
    let store = Arc::new(ReferenceStore::new(Epoch(7)));
    match sabotage {
        None => Box::new(move || Arc::clone(&store) as Arc<dyn Store>),
        Some(sabotage) => Box::new(move || Arc::new(SabotagedStore::new(Arc::clone(&store), sabotage))),
    }
}

/// SplitMix64: enough for choosing steps.
fn steps(seed: u64) -> Vec<Step> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    (0..STEPS).map(|_| Step::from_word(next())).collect()
}

#[test] // CT-53
fn the_reference_store_keeps_the_law() {
    for seed in 0..CASES {
        let history = run(&opener(None), &steps(seed), Protocol::Right).unwrap();
        if let Err(violation) = check(&history) {
            panic!("seed {seed}: {violation}\n{:#?}", history.events);
        }
    }
}

/// Cases until a seeded fault is noticed.
fn cases_until_noticed(sabotage: Option<Sabotage>, protocol: Protocol) -> Option<u64> {
    (0..50).find(|seed| check(&run(&opener(sabotage), &steps(*seed), protocol).unwrap()).is_err())
}

#[test] // CT-16, CT-37, CT-38, CT-54
fn every_seeded_fault_is_noticed() {
    for sabotage in [Sabotage::VersionOutsideLock, Sabotage::TombstoneKept, Sabotage::CutRepeats, Sabotage::TombstoneDropped] {
        assert!(cases_until_noticed(Some(sabotage), Protocol::Right).is_some(), "{sabotage:?}");
    }
    assert!(cases_until_noticed(None, Protocol::PositionAtLastPage).is_some());
}

fn put(number: u32, version: i64) -> Change {
    Change::Put(Item { id: id(number), version, content: format!("at {version}") })
}

fn gone(number: u32, version: i64) -> Change {
    Change::Removed { id: id(number), version: Some(version) }
}

fn page(start: Option<Start>, rows: &[(u32, i64)], removed: &[u32], more: bool) -> Event {
    let rows = rows.iter().map(|(number, version)| Item { id: id(*number), version: *version, content: format!("at {version}") }).collect();
    Event::Page(Page { reader: 0, start, rows, removed: removed.iter().map(|number| id(*number)).collect(), more, arrived: true })
}

/// A history that keeps the law: a first read of two pages with writes between, then a delta.
fn lawful() -> Vec<Event> {
    vec![
        Event::Unit(vec![put(1, 1), put(2, 2), put(3, 3)]),
        page(Some(Start::Full), &[(1, 1), (2, 2)], &[], true),
        Event::Unit(vec![put(1, 4), gone(2, 5)]),
        Event::Restart,
        page(None, &[(3, 3)], &[], false),
        Event::Unit(vec![gone(3, 6), put(4, 7)]),
        page(Some(Start::Delta { count: Some(4) }), &[(1, 4), (4, 7)], &[2], true),
        page(None, &[], &[3], false),
    ]
}

fn rule(events: Vec<Event>) -> Option<&'static str> {
    check(&History { events }).err().map(|violation| violation.rule)
}

#[test] // REL-40: each class of mutation is caught
fn mutated_histories_break_the_law() {
    assert_eq!(rule(lawful()), None);
    let mutated = |at: usize, event: Event| {
        let mut events = lawful();
        events[at] = event;
        rule(events)
    };
    let delta = |count| Some(Start::Delta { count: Some(count) });
    for (what, at, event, expected) in [
        ("a row is lost", 4, page(None, &[], &[], false), "CT-53"),
        ("a removal is lost", 7, page(None, &[], &[], false), "CT-53"),
        ("a removal comes early", 7, page(None, &[], &[1], false), "CT-16"),
        ("a row comes twice", 4, page(None, &[(3, 3), (3, 3)], &[], false), "CT-16"),
        ("rows out of order", 6, page(delta(4), &[(4, 7), (1, 4)], &[2], true), "CT-26"),
        ("removals out of order", 6, page(delta(4), &[(1, 4), (4, 7)], &[3, 2], true), "CT-26"),
        ("an old state", 6, page(delta(4), &[(1, 1), (4, 7)], &[2], true), "W2"),
        ("a row of nobody", 6, page(delta(4), &[(9, 9)], &[], true), "W2"),
        ("a removal of nobody", 6, page(delta(4), &[(1, 4), (4, 7)], &[9], true), "W2"),
        ("written after the first page", 4, page(None, &[(3, 3), (1, 4)], &[], false), "CT-16"),
        ("a removal in a first read", 4, page(None, &[(3, 3)], &[2], false), "CT-16"),
        ("a wrong count", 6, page(delta(3), &[(1, 4), (4, 7)], &[2], true), "CT-29"),
        ("a version given twice", 5, Event::Unit(vec![put(4, 5)]), "CT-19"),
        ("a version going back", 2, Event::Unit(vec![put(3, 0)]), "CT-20"),
    ] {
        assert_eq!(mutated(at, event), Some(expected), "{what}");
    }
    let mut again = lawful();
    again.push(page(Some(Start::Delta { count: None }), &[(4, 7)], &[], false));
    assert_eq!(rule(again), Some("W4"));
    let late = vec![
        Event::Unit(vec![put(1, 1), put(2, 2)]),
        page(Some(Start::Full), &[(1, 1)], &[], true),
        Event::Unit(vec![put(3, 3)]),
        page(None, &[(2, 2), (3, 3)], &[], false),
    ];
    assert_eq!(rule(late), Some("CT-37"));
}

#[test]
fn coverage_tells_what_a_history_has() {
    let all = Coverage { write_while_paging: true, made_again: false, border_in_removals: true, restart_in_chain: true };
    assert_eq!(Coverage::of(&History { events: lawful() }), all);
    let mut events = lawful();
    events.push(Event::Unit(vec![gone(1, 8), put(1, 9)]));
    assert_eq!(Coverage::of(&History { events }), Coverage { made_again: true, ..all });
    assert_eq!(Coverage::of(&History::default()), Coverage::default());
}
