//! The law of the feed on this engine (CT-53): random interleavings of writers, readers, page sizes, lost answers and restarts; and seeded faults, each of which
//! must turn it red.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests fail by panicking; clippy takes only functions marked as tests for tests")]

mod seeded;
mod support;

use std::cell::Cell;
use std::sync::Arc;

use driftless_store::Store;
use driftless_store::fixture::Opener;
use driftless_store::law::{self, Coverage, Protocol, Step};
use driftless_store::sabotage::{Sabotage, SabotagedStore};
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::strategy::Strategy;
use proptest::test_runner::{TestCaseError, TestError};
use seeded::{runner, seed};
use support::Folder;

/// Cases of the law.
const CASES: u32 = 100;
/// Cases in which a seeded fault must be noticed.
const CASES_OF_A_FAULT: u32 = 40;
/// Runs that may be spent on making a failed case smaller.
const SHRINKS: u32 = 300;
/// Each hard situation is in at least one case of this many: 5 %.
const COVERED_ONE_IN: u32 = 20;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec(any::<u64>().prop_map(Step::from_word), 20..60)
}

fn opener(sabotage: Option<Sabotage>) -> Opener {
    let folder = Folder::new();
    match sabotage {
        None => Box::new(move || folder.open()),
        Some(sabotage) => Box::new(move || Arc::new(SabotagedStore::new(folder.open(), sabotage)) as Arc<dyn Store>),
    }
}

/// Plays a case and judges it.
fn judge(steps: &[Step], sabotage: Option<Sabotage>, protocol: Protocol) -> Result<Coverage, TestCaseError> {
    let history = law::run(&opener(sabotage), steps, protocol).map_err(|error| TestCaseError::fail(format!("the store failed: {error:?}")))?;
    law::check(&history).map_err(|violation| TestCaseError::fail(format!("{violation}\n{history:#?}")))?;
    Ok(Coverage::of(&history))
}

#[test] // CT-13 to CT-38, CT-53
fn first_read_and_deltas_are_the_table() {
    let met: [Cell<u32>; 4] = Default::default();
    let outcome = runner(CASES, SHRINKS).run(&steps(), |steps| {
        let Coverage { write_while_paging, made_again, border_in_removals, restart_in_chain } = judge(&steps, None, Protocol::Right)?;
        for (met, is) in met.iter().zip([write_while_paging, made_again, border_in_removals, restart_in_chain]) {
            met.set(met.get() + u32::from(is));
        }
        Ok(())
    });
    if let Err(failed) = outcome {
        panic!("seed {}: {failed}", seed());
    }
    let met = met.map(Cell::into_inner);
    println!("of {CASES} cases: write while paging {}, made again {}, border in removals {}, restart in chain {}", met[0], met[1], met[2], met[3]);
    assert!(met.iter().all(|cases| cases * COVERED_ONE_IN >= CASES), "{met:?}");
}

/// A seeded fault must be noticed, by the law and not by a failure of the store.
fn is_noticed(sabotage: Option<Sabotage>, protocol: Protocol) {
    let outcome = runner(CASES_OF_A_FAULT, 0).run(&steps(), |steps| judge(&steps, sabotage, protocol).map(drop));
    match outcome {
        Err(TestError::Fail(reason, _)) if reason.message().starts_with("event ") => {}
        other => panic!("seed {}: {sabotage:?} {protocol:?} was not noticed: {other:?}", seed()),
    }
}

#[test] // CT-37
fn a_position_taken_at_the_last_page_is_noticed() {
    is_noticed(None, Protocol::PositionAtLastPage);
}

#[test] // CT-54
fn a_version_taken_outside_the_lock_is_noticed() {
    is_noticed(Some(Sabotage::VersionOutsideLock), Protocol::Right);
}

#[test] // CT-16
fn a_tombstone_of_a_row_made_again_is_noticed() {
    is_noticed(Some(Sabotage::TombstoneKept), Protocol::Right);
}

#[test] // CT-38
fn a_border_row_that_comes_twice_is_noticed() {
    is_noticed(Some(Sabotage::CutRepeats), Protocol::Right);
}

#[test] // CT-14
fn a_dropped_tombstone_is_noticed() {
    is_noticed(Some(Sabotage::TombstoneDropped), Protocol::Right);
}
