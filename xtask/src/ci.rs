//! `cargo xtask ci`: everything that must hold before a change lands, in one command. CI runs this and nothing else.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::Outcome;

const HELP: &str = "\
cargo xtask ci [--quick]

Runs, in this order, and stops at the first that fails (strace and a browser are installed before, if they are missing): format, lint, tidy, tests, a release build, every fuzz target for
10 seconds, 20 cycles of the crash driver and the fsync trace.

  --quick   format, lint, tidy and tests only

example:
  cargo xtask ci --quick";

/// Cycles of the crash driver in one run.
const CRASH_CYCLES: &str = "20";
/// Seconds of each fuzz target.
const FUZZ_SECONDS: &str = "10";
/// Creates under the fsync trace.
const TRACED_CREATES: &str = "200";

/// One thing that must hold.
struct Step {
    name: &'static str,
    program: &'static str,
    arguments: Vec<&'static str>,
}

impl Step {
    fn cargo(name: &'static str, arguments: &[&'static str]) -> Self {
        Self { name, program: "cargo", arguments: arguments.to_vec() }
    }
}

/// Runs the steps.
pub(crate) fn run(given: &[String], root: &Path) -> Result<Outcome> {
    let quick = match given.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--quick"] => true,
        ["--help" | "-h"] => {
            println!("{HELP}");
            return Ok(Outcome::Passed);
        }
        _ => bail!("unknown arguments {given:?}; see cargo xtask ci --help"),
    };
    if !quick {
        if !install("strace", "strace")? {
            bail!("strace cannot be installed; install it by hand");
        }
        if !install("chromedriver", "chromium-driver")? {
            println!("=== no browser: its test leaves itself out");
        }
    }
    let begun = Instant::now();
    for step in steps(quick) {
        println!("=== {}", step.name);
        let at = Instant::now();
        let status = Command::new(step.program).args(&step.arguments).current_dir(root).status().with_context(|| format!("starting {}", step.program))?;
        println!("=== {}: {} in {} s", step.name, if status.success() { "passed" } else { "failed" }, at.elapsed().as_secs());
        if !status.success() {
            return Ok(Outcome::Failed);
        }
    }
    println!("=== all passed in {} s", begun.elapsed().as_secs());
    Ok(Outcome::Passed)
}

fn steps(quick: bool) -> Vec<Step> {
    let tests: &[&str] = if has("cargo-nextest") { &["nextest", "run", "--workspace"] } else { &["test", "--workspace"] };
    let mut steps = vec![
        Step::cargo("format", &["fmt", "--all", "--check"]),
        Step::cargo("lint", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        Step::cargo("tidy", &["xtask", "tidy"]),
        Step::cargo("tests", tests),
    ];
    if !quick {
        steps.extend([
            Step::cargo("release build", &["build", "--release"]),
            Step::cargo("fuzz", &["xtask", "fuzz", "--seconds", FUZZ_SECONDS]),
            Step::cargo("crash", &["xtask", "crash", "--cycles", CRASH_CYCLES]),
            Step::cargo("fsync trace", &["xtask", "crash", "--fsync-trace", TRACED_CREATES]),
        ]);
    }
    steps
}

/// Sees to it that a program is there: a bare Debian machine gets its package when we may install it. Gives whether it is there.
fn install(program: &str, package: &str) -> Result<bool> {
    if has(program) {
        return Ok(true);
    }
    println!("=== installing {package}");
    for arguments in [&["update", "-q"][..], &["install", "-y", "-q", package]] {
        let status = Command::new("apt-get").args(arguments).status();
        if !status.is_ok_and(|status| status.success()) {
            return Ok(false);
        }
    }
    Ok(has(program))
}

fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
