//! `cargo xtask crash`: kills the real binary under load, restarts it on the same folder, and judges what was promised
//! against what is there (REL-20).
//!
//! [`campaign`] is the run itself; [`workload`], [`definitions`] and [`feed`] are the clients; [`history`] is what they
//! saw; [`checker`] judges it without knowing where it came from.

use anyhow::{Context as _, Result, ensure};

use crate::arguments::{Arguments, Usage};
use crate::{Outcome, service};

mod campaign;
mod checker;
mod definitions;
mod feed;
mod fsync;
mod history;
mod report;
mod table;
mod workload;

use campaign::Plan;
use report::Report;

/// Kills of one data folder; a longer run starts another folder, so that histories stay in memory.
const CAMPAIGN_CYCLES: usize = 25;

const USAGE: Usage = Usage {
    help: "\
cargo xtask crash [--cycles N] [--seed S] [--binary PATH] [--json FILE] [--keep]
cargo xtask crash --fsync-trace N [--binary PATH]

Starts the service, loads it with 8 writers (two connections each: rows, change sets, upserts by key, deletes), a writer
of columns and keys and 2 feed readers, kills it (SIGKILL) after 0.05 to 3 s, runs `driftless check`, starts it again on
the same folder, and so on. At the end it stops the service gracefully and judges the whole history (W1 to W11).

  --cycles N       kills (20)
  --seed S         seed of everything random (the time; printed)
  --binary PATH    the binary (default: a release build)
  --json FILE      write the report there as well
  --keep           keep the data folders and the history (JSON lines) though all is well
  --fsync-trace N  instead: count fdatasync and fsync calls of N sequential creates with strace",
    options: &["cycles", "seed", "binary", "json", "fsync-trace"],
    switches: &["keep"],
    words_max: 0,
};

/// Runs the task.
pub(crate) fn run(given: &[String]) -> Result<Outcome> {
    let Some(arguments) = Arguments::parse(&USAGE, given)? else {
        println!("{}", USAGE.help);
        return Ok(Outcome::Passed);
    };
    let cycles = arguments.number("cycles", 20)?;
    let seed = arguments.number("seed", seed_of_now())?;
    let binary = match arguments.value("binary") {
        Some(path) => path.into(),
        None => service::build_release()?,
    };
    ensure!(binary.exists(), "there is no {}", binary.display());
    let folder = service::fresh_folder("crash")?;
    let outcome = if arguments.value("fsync-trace").is_some() {
        fsync::run(&binary, &folder, arguments.number("fsync-trace", 0)?)?
    } else {
        println!("crash: seed {seed}, {cycles} kills, folder {}", folder.display());
        let report = campaigns(&Plan { binary, folder: folder.clone(), cycles, seed })?;
        println!("{}", report.text());
        if let Some(path) = arguments.value("json") {
            std::fs::write(path, format!("{:#}\n", report.json(seed))).with_context(|| format!("cannot write {path}"))?;
        }
        Outcome::of(report.is_good())
    };
    if outcome == Outcome::Failed || arguments.has("keep") {
        println!("crash: data, log and history are in {}", folder.display());
    } else {
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(outcome)
}

fn campaigns(plan: &Plan) -> Result<Report> {
    let mut report = Report::default();
    let mut left = plan.cycles;
    for number in 0.. {
        if left == 0 {
            break;
        }
        let cycles = left.min(CAMPAIGN_CYCLES);
        left -= cycles;
        let folder = plan.folder.join(format!("campaign-{number}"));
        let seed = plan.seed.wrapping_add(number);
        campaign::run(&Plan { cycles, folder, seed, ..plan.clone() }, &mut report).with_context(|| format!("campaign {number} (seed {seed})"))?;
    }
    Ok(report)
}

fn seed_of_now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |age| age.as_secs())
}
