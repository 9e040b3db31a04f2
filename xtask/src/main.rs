//! Tasks of the project that are not part of the product: `cargo xtask <task>`.
//!
//! Start reading at the task's own module: [`ci`] (all of it, in order), [`tidy`] (rules of the tree), [`accept`] (published clients against a
//! running service), [`bench`] (speed against plain SQLite), [`crash`] (kill the service under load and judge the history), [`fuzz`] (parsers under random
//! input), [`wire`] (answers of other servers), [`compat`] (generated pages). Each prints `--help`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a task talks to the terminal")]
#![allow(clippy::disallowed_methods, reason = "a task lives outside the service: clock, waiting and variables are its tools")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;

mod accept;
mod arguments;
mod bench;
mod ci;
mod compat;
mod crash;
mod fuzz;
mod http;
mod rng;
mod service;
mod tidy;
mod wire;

const HELP: &str = "\
cargo xtask <task> [options]

tasks:
  ci        everything that must hold before a change lands
  tidy      check the rules of the tree: layers, drivers, sizes, sources, words, documents
  compat    write the generated pages under docs/compat/
  accept    run published clients against a release build of the service
  bench     measure the service against plain SQLite
  crash     kill the service under load, restart it, judge the history
  fuzz      feed parsers random input
  wire      write answers of the Organization Service anew and name what is lost

Each task prints its own help: cargo xtask <task> --help";

fn main() -> ExitCode {
    let given: Vec<String> = std::env::args().skip(1).collect();
    match run(&given) {
        Ok(Outcome::Passed) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// How a task ended when it could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything that was looked at is as it should be.
    Passed,
    /// Something is not, and was printed.
    Failed,
}

impl Outcome {
    /// [`Outcome::Passed`] exactly when `good`.
    pub(crate) fn of(good: bool) -> Self {
        if good { Self::Passed } else { Self::Failed }
    }
}

fn run(given: &[String]) -> Result<Outcome> {
    let (task, rest) = match given.split_first() {
        Some((task, rest)) => (task.as_str(), rest),
        None => ("--help", given),
    };
    match task {
        "ci" => ci::run(rest, &root()),
        "tidy" => tidy::run(rest),
        "compat" => {
            println!("{} pages written", compat::write_pages(&root())?);
            Ok(Outcome::Passed)
        }
        "accept" => accept::run(rest),
        "bench" => bench::run(rest),
        "crash" => crash::run(rest),
        "fuzz" => fuzz::run(rest),
        "wire" => wire::run(rest),
        "--help" | "-h" | "help" => {
            println!("{HELP}");
            Ok(Outcome::of(!given.is_empty()))
        }
        other => anyhow::bail!("no task {other:?}\n\n{HELP}"),
    }
}

/// The root of the source tree.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The folder that cargo builds into.
pub(crate) fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
