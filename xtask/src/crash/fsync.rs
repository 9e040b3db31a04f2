//! Counts the synchronizing calls of the service while rows are made one after the other (REL-01).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use super::table;
use super::workload::Clock;
use crate::Outcome;
use crate::http::{Address, Connection, Request};
use crate::service::{Launch, Service};

/// Makes `creates` rows under a tracer and compares the number of calls.
pub(crate) fn run(binary: &Path, folder: &Path, creates: u64) -> Result<Outcome> {
    let found = Command::new("strace").arg("-V").stdin(Stdio::null()).stdout(Stdio::null()).status();
    if !found.is_ok_and(|status| status.success()) {
        bail!("strace is not there: install the package of that name (apt-get install strace) and run this again");
    }
    let trace = folder.join("trace.txt");
    let mut wrapper: Vec<_> = ["strace", "-f", "-q", "-e", "trace=fdatasync,fsync", "-o"].map(Into::into).into();
    wrapper.push(trace.clone().into_os_string());
    let launch = Launch { wrapper, ..Launch::serve(binary, folder) };
    let service = Service::start(&launch)?;
    let address = Address::of(service.ready())?;
    let mut connection = Connection::new(&address);
    let set = table::create(&mut connection).context("cannot make the table")?;
    let clock = Clock::start();
    let before = calls(&trace)?;
    for number in 1..=creates {
        let request = Request::new("POST", format!("{}/{set}", table::ROOT)).json(&table::body(number));
        connection.call(&request)?;
    }
    let counted = calls(&trace)? - before;
    let seconds = clock.now_ns() / 1_000_000_000;
    service.stop()?;
    println!("crash: {creates} creates one after the other, {counted} fdatasync and fsync calls ({seconds} s under the tracer)");
    Ok(Outcome::of(counted >= creates))
}

/// Calls in the tracer's output so far; one that is interrupted stands on two lines and is counted once.
fn calls(trace: &PathBuf) -> Result<u64> {
    let text = std::fs::read(trace).with_context(|| format!("cannot read {}", trace.display()))?;
    Ok(count(&String::from_utf8_lossy(&text)))
}

fn count(text: &str) -> u64 {
    let is_call = |line: &&str| line.contains("fdatasync(") || line.contains("fsync(");
    text.lines().filter(is_call).count() as u64
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn each_call_counts_once() {
        let text = "12 fdatasync(7) = 0\n13 fsync(8 <unfinished ...>\n12 fdatasync(7 <unfinished ...>\n\
                    13 <... fsync resumed>) = 0\n12 <... fdatasync resumed>) = 0\n12 +++ exited with 0 +++\n";
        assert_eq!(count(text), 3);
    }
}
