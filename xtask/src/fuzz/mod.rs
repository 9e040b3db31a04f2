//! `cargo xtask fuzz`: parsers under random input, on the stable toolchain.
//!
//! A target is a function that must neither panic nor run away; [`targets::TARGETS`] lists them with their seeds and
//! dictionaries. Inputs that a parser accepts join the corpus, so later ones get deeper.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::Outcome;
use crate::arguments::{Arguments, Usage};
use crate::rng::Rng;

mod archive;
mod mutate;
mod service;
mod targets;

use targets::{TARGETS, Target};

/// Longest time for one input: more is a runaway.
const INPUT_TIME_MAX: Duration = Duration::from_secs(3);
/// Most inputs that are kept to start from.
const CORPUS_MAX: usize = 2000;
/// Inputs between two looks at the clock.
const ROUND: u64 = 16;

const USAGE: Usage = Usage {
    help: "\
cargo xtask fuzz [--seconds N] [--seed S] [--input FILE] [TARGET]

Feeds each target (or the named one) random input for N seconds (10) and prints inputs per second. A panic or an input
that takes longer than 3 s ends the run with status 1; the input is printed and written under target/fuzz/.

  --input FILE   run the target on this one file",
    options: &["seconds", "seed", "input"],
    switches: &[],
    words_max: 1,
};

thread_local! {
    /// Text and place of the panic that was caught last.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// What became of one input.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tried {
    Accepted,
    Refused,
    Failed(String),
}

/// Runs the task.
pub(crate) fn run(given: &[String]) -> Result<Outcome> {
    let Some(arguments) = Arguments::parse(&USAGE, given)? else {
        println!("{}\n\ntargets:", USAGE.help);
        TARGETS.iter().for_each(|target| println!("  {:16} {}", target.name, target.about));
        return Ok(Outcome::Passed);
    };
    let name = arguments.words().first();
    let chosen: Vec<&Target> = TARGETS.iter().filter(|target| name.is_none_or(|name| target.name == name)).collect();
    ensure!(!chosen.is_empty(), "no target {name:?}; --help lists them");
    let time = Duration::from_secs(arguments.number("seconds", 10)?);
    let seed = arguments.number("seed", 1)?;
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|panic| PANIC.with(|text| *text.borrow_mut() = panic.to_string())));
    let result = match arguments.value("input") {
        Some(path) => replay(&chosen, path),
        None => fuzz_all(&chosen, time, seed),
    };
    std::panic::set_hook(hook);
    service::remove_folder();
    result
}

fn fuzz_all(chosen: &[&Target], time: Duration, seed: u64) -> Result<Outcome> {
    let mut is_good = true;
    for target in chosen {
        let outcome = fuzz(target, time, &mut Rng::new(seed));
        let rate = outcome.inputs as f64 / outcome.seconds.max(0.001);
        println!("fuzz {:16} {:>9} inputs, {rate:>8.0}/s, {:>8} accepted, seed {seed}", target.name, outcome.inputs, outcome.accepted);
        if let Some((input, failure)) = outcome.failure {
            is_good = false;
            let path = save(target, &input)?;
            println!("fuzz {} FAILED: {failure}\n  input: {}\n  again: cargo xtask fuzz {} --input {path}", target.name, input.escape_ascii(), target.name);
        }
    }
    Ok(Outcome::of(is_good))
}

fn replay(chosen: &[&Target], path: &str) -> Result<Outcome> {
    let input = std::fs::read(path).with_context(|| format!("cannot read {path}"))?;
    ensure!(chosen.len() == 1, "name the target that the input is for");
    let result = try_input(chosen[0], &input);
    println!("fuzz {}: {result:?}", chosen[0].name);
    Ok(Outcome::of(!matches!(result, Tried::Failed(_))))
}

/// What a run of one target came to.
struct Run {
    inputs: u64,
    accepted: u64,
    seconds: f64,
    failure: Option<(Vec<u8>, String)>,
}

fn fuzz(target: &Target, time: Duration, rng: &mut Rng) -> Run {
    let mut corpus = (target.seeds)();
    let mut run = Run { inputs: 0, accepted: 0, seconds: 0.0, failure: None };
    let begun = Instant::now();
    let mut waiting = corpus.clone();
    while run.failure.is_none() && (!run.inputs.is_multiple_of(ROUND) || begun.elapsed() < time) {
        // The seeds themselves come first.
        let input = waiting.pop().unwrap_or_else(|| mutate::mutate(&corpus, target.dictionary, rng));
        run.inputs += 1;
        match try_input(target, &input) {
            Tried::Refused => {}
            Tried::Accepted => {
                run.accepted += 1;
                keep(&mut corpus, input, rng);
            }
            Tried::Failed(failure) => run.failure = Some((input, failure)),
        }
    }
    run.seconds = begun.elapsed().as_secs_f64();
    run
}

/// Keeps an accepted input, now and then in place of another.
fn keep(corpus: &mut Vec<Vec<u8>>, input: Vec<u8>, rng: &mut Rng) {
    if corpus.len() < CORPUS_MAX {
        corpus.push(input);
    } else if rng.chance(5) {
        let place = rng.below(corpus.len());
        corpus[place] = input;
    }
}

fn try_input(target: &Target, input: &[u8]) -> Tried {
    let begun = Instant::now();
    match catch_unwind(AssertUnwindSafe(|| (target.run)(input))) {
        Err(_) => Tried::Failed(PANIC.with(|text| text.borrow().clone())),
        Ok(_) if begun.elapsed() > INPUT_TIME_MAX => Tried::Failed(format!("{} bytes took {} ms", input.len(), begun.elapsed().as_millis())),
        Ok(true) => Tried::Accepted,
        Ok(false) => Tried::Refused,
    }
}

fn save(target: &Target, input: &[u8]) -> Result<String> {
    let folder = crate::target_folder().join("fuzz");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{}.bin", target.name));
    std::fs::write(&path, input)?;
    Ok(path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(run: fn(&[u8]) -> bool) -> Target {
        Target { name: "test", about: "", run, seeds: || vec![b"abc".to_vec()], dictionary: &["boom", "x"] }
    }

    #[test]
    fn a_panic_is_a_failure_with_its_input() {
        let fails = target(|input| {
            assert!(!input.windows(4).any(|piece| piece == b"boom"), "found it");
            true
        });
        let run = fuzz(&fails, Duration::from_secs(20), &mut Rng::new(3));
        let (input, _) = run.failure.unwrap();
        assert!(input.windows(4).any(|piece| piece == b"boom"));
    }

    #[test]
    fn a_sound_target_runs_until_its_time_is_over() {
        let sound = target(|input| input.len() % 2 == 0);
        let run = fuzz(&sound, Duration::from_millis(20), &mut Rng::new(3));
        assert!(run.failure.is_none() && run.inputs >= ROUND && run.accepted > 0);
    }

    #[test]
    fn every_target_accepts_a_seed_of_its_own() {
        for target in TARGETS {
            let seeds = (target.seeds)();
            let accepted = seeds.iter().filter(|seed| try_input(target, seed) == Tried::Accepted).count();
            assert!(accepted > 0, "{}: none of {} seeds is accepted", target.name, seeds.len());
        }
        service::remove_folder();
    }
}
