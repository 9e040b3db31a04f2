//! `cargo xtask bench`: how fast the service is, as ratios to plain SQLite in the same run.
//!
//! Each section starts the release binary on a folder, drives it over HTTP from this process ([`load`]) and does the same work on a copy of the
//! database file with prepared statements ([`raw`]). [`tables`] says what is written, [`stage`] makes the folders, [`report`] prints the rows.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::arguments::{Arguments, Usage};
use crate::{Outcome, service};

mod creates;
mod deltas;
mod envelopes;
mod fetch;
mod load;
mod machine;
mod pages;
mod raw;
mod report;
mod stage;
mod starts;
mod tables;
mod tokens;
mod upserts;

use report::Row;
use stage::Stage;

const USAGE: Usage = Usage {
    help: "\
cargo xtask bench [--json FILE] [--quick] [--only NAME,...] [--rows N] [--binary PATH] [--threads N] [--keep]

Measures a release build against plain SQLite on a copy of the same database file, prints a table and writes it into docs/bench.md.

  --json FILE    write the rows there as well: name, value, unit, baseline, ratio, goal, met
  --quick        smaller tables and one round; for trying it out, docs/bench.md stays as it is
  --only NAMES   of: creates, start, upserts, pages, deltas, tokens, envelopes, fetch, memory, creates-random; docs/bench.md stays as it is
  --rows N       rows of the large table (1000000); more than a million are written below the service; docs/bench.md stays as it is
  --binary PATH  the binary (default: a release build)
  --threads N    threads that drive the connections of creates (1)
  --keep         keep the data folders",
    options: &["json", "only", "rows", "binary", "threads"],
    switches: &["quick", "keep"],
    words_max: 0,
};

/// How much is measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// The service.
    binary: PathBuf,
    /// Where data folders go.
    folder: PathBuf,
    /// Threads that drive the connections of creates.
    threads: usize,
    /// Rounds of a section whose median is reported.
    rounds: usize,
    /// Rows of the large table.
    large: usize,
    /// Rows of the small table.
    small: usize,
    /// Rows that one round creates.
    creates: usize,
    /// Tables of the many-tables start.
    many_tables: usize,
}

/// A section: its name and what measures it, in the order in which they run. The large table grows in the last one only.
type Section = (&'static str, fn(&Plan, &Stage) -> Result<Vec<Row>>);

const SECTIONS: &[Section] = &[
    ("creates", creates::empty),
    ("start", starts::run),
    ("upserts", upserts::run),
    ("pages", pages::run),
    ("deltas", deltas::run),
    ("tokens", tokens::run),
    ("envelopes", envelopes::run),
    ("fetch", fetch::run),
    ("memory", pages::memory),
    ("creates-random", creates::random),
];

/// Runs the task.
pub(crate) fn run(given: &[String]) -> Result<Outcome> {
    let Some(arguments) = Arguments::parse(&USAGE, given)? else {
        println!("{}", USAGE.help);
        return Ok(Outcome::Passed);
    };
    if cfg!(debug_assertions) {
        return optimized(given);
    }
    let only = arguments.list("only");
    for name in &only {
        ensure!(SECTIONS.iter().any(|(own, _)| own == name), "there is no section {name:?}\n\n{}", USAGE.help);
    }
    let binary = match arguments.value("binary") {
        Some(path) => path.into(),
        None => service::build_release()?,
    };
    let is_quick = arguments.has("quick");
    let size = |full: usize, quick: usize| if is_quick { quick } else { full };
    let plan = Plan {
        binary,
        folder: service::fresh_folder("bench")?,
        threads: arguments.number("threads", 1)?,
        rounds: size(3, 1),
        large: arguments.number("rows", size(1_000_000, 100_000))?,
        small: size(10_000, 2_000),
        creates: size(100_000, 30_000),
        many_tables: size(1_000, 50),
    };
    let rows = sections(&plan, &only)?;
    println!("\n{}", report::table(&rows));
    if let Some(path) = arguments.value("json") {
        std::fs::write(path, format!("{:#}\n", report::json(&rows)?)).with_context(|| format!("cannot write {path}"))?;
    }
    if !is_quick && only.is_empty() && arguments.value("rows").is_none() {
        report::write_document(&rows)?;
    }
    if arguments.has("keep") {
        println!("bench: data folders are in {}", plan.folder.display());
    } else {
        std::fs::remove_dir_all(&plan.folder)?;
    }
    Ok(Outcome::of(rows.iter().all(|row| row.met != Some(false))))
}

/// Runs this task again from an optimized build: plain SQLite and the load must be as fast as they can be.
fn optimized(given: &[String]) -> Result<Outcome> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet", "--release", "--package", "xtask", "--", "bench"]).args(given).current_dir(crate::root());
    Ok(Outcome::of(command.status().context("cannot run cargo")?.success()))
}

fn sections(plan: &Plan, only: &[String]) -> Result<Vec<Row>> {
    let chosen = |name: &str| only.is_empty() || only.iter().any(|own| own == name);
    let stage = Stage::new(plan)?;
    let mut rows = Vec::new();
    for (name, measure) in SECTIONS {
        if !chosen(name) {
            continue;
        }
        eprintln!("bench: {name}");
        let measured = measure(plan, &stage).with_context(|| format!("section {name}"))?;
        for row in &measured {
            eprintln!("  {}", row.line());
        }
        rows.extend(measured);
    }
    Ok(rows)
}

/// Measures until the baseline is at least 70 % of what it was where the design was measured, at most three times. Gives the last result and a remark.
fn repeated<T>(figure: f64, baseline: impl Fn(&T) -> f64, mut measure: impl FnMut() -> Result<T>) -> Result<(T, String)> {
    let mut measured = measure()?;
    for _ in 0..2 {
        if baseline(&measured) >= 0.7 * figure {
            return Ok((measured, String::new()));
        }
        eprintln!("  the baseline of {:.0} is below 70 % of {figure:.0}: measured again", baseline(&measured));
        measured = measure()?;
    }
    let share = baseline(&measured) / figure;
    let remark = if share < 0.7 { format!("baseline at {:.0} % of the design's figure in three runs", share * 100.0) } else { String::new() };
    Ok((measured, remark))
}

/// The middle one of `values`; 0 of none.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_a_measured_value() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut []), 0.0);
    }
}
