//! How soon a folder is served, and what the service takes before anybody asks.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::machine::memory_mib;
use super::report::Row;
use super::stage::{self, Stage};
use super::tables::{self, ROOT};
use super::{Plan, median};
use crate::http::Request;
use crate::service::Launch;

/// Starts whose median is reported.
const STARTS: usize = 7;
/// Pause between two looks at the ready file.
const LOOK: Duration = Duration::from_micros(200);
/// Longest wait for it.
const READY_WAIT: Duration = Duration::from_secs(60);
/// How long the service rests before its memory is read.
const REST: Duration = Duration::from_secs(2);
/// Columns of each of the many tables.
const COLUMNS: usize = 60;

/// Measures a folder as it is after the first start, and one with many tables.
pub(crate) fn run(plan: &Plan, _: &Stage) -> Result<Vec<Row>> {
    let launch = |name: &str| Launch { data: plan.folder.join(name), ..Launch::serve(&plan.binary, &plan.folder) };
    let plain = launch("plain");
    stage::serve(&plain)?.stop()?;
    let (start_ms, idle_mib) = measure(&plain)?;
    let many = launch("many");
    let served = stage::serve(&many)?;
    let mut connection = served.connection();
    let begun = Instant::now();
    for number in 0..plan.many_tables {
        let table = tables::table(&format!("new_Many{number}"), tables::mixed_columns(COLUMNS));
        connection.call(&Request::new("POST", format!("{ROOT}/EntityDefinitions")).json(&table))?;
    }
    let made_s = begun.elapsed().as_secs_f64();
    eprintln!("  {} tables of {COLUMNS} columns made in {made_s:.1} s", plan.many_tables);
    served.stop()?;
    let (many_ms, many_mib) = measure(&many)?;
    let binary_mib = std::fs::metadata(&plan.binary)?.len() as f64 / f64::from(1 << 20);
    let row = |name, value: f64, unit, goal, most: f64| Row { name, value, unit, ..Row::default() }.goal(goal, value < most);
    Ok(vec![
        row("start of an existing folder to ready", start_ms, "ms", "< 100 ms", 100.0),
        row("memory when idle", idle_mib, "MiB", "< 40 MiB", 40.0),
        row("size of the binary", binary_mib, "MiB", "< 30 MiB", 30.0),
        row("start with 1,000 tables of 60 columns", many_ms, "ms", "< 1,000 ms", 1_000.0),
        row("memory when idle with these tables", many_mib, "MiB", "< 200 MiB", 200.0),
        Row { name: "time to make these tables, one request each", value: made_s, unit: "s", ..Row::default() },
    ])
}

/// Milliseconds from the start to the ready file, and MiB in memory after a rest.
fn measure(launch: &Launch) -> Result<(f64, f64)> {
    let ready = launch.run.join("start.json");
    let (mut times, mut memory) = (Vec::new(), Vec::new());
    for at in 0..STARTS {
        let _ = std::fs::remove_file(&ready);
        let begun = Instant::now();
        let mut started = Started(spawn(launch, &ready)?);
        started.wait_until_ready(&ready)?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        if at < 2 {
            std::thread::sleep(REST);
            memory.push(memory_mib(started.0.id(), "VmRSS")?);
        }
        started.stop()?;
    }
    Ok((median(&mut times), median(&mut memory)))
}

fn spawn(launch: &Launch, ready: &Path) -> Result<Child> {
    let mut command = Command::new(&launch.binary);
    command.args(["serve", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--data"]).arg(&launch.data).arg("--ready-file").arg(ready);
    command
        .env("DRIFTLESS_SERVICE_PROTECTION", "off")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start the service")
}

/// A process that ends with this value.
struct Started(Child);

impl Started {
    /// Waits for the file, looking more often than [`crate::service`] does.
    fn wait_until_ready(&mut self, ready: &Path) -> Result<()> {
        let begun = Instant::now();
        while !ready.exists() {
            ensure!(self.0.try_wait()?.is_none(), "the service ended before it was ready");
            ensure!(begun.elapsed() < READY_WAIT, "no ready file within {} s", READY_WAIT.as_secs());
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    fn stop(&mut self) -> Result<()> {
        let sent = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().context("cannot run kill")?;
        ensure!(sent.success() && self.0.wait()?.success(), "the service did not end well");
        Ok(())
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
