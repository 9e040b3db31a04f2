//! One data folder through many kills: start, load, kill, check, and at the end a quiet look at everything.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::checker;
use super::definitions::DefinitionWriter;
use super::feed::Reader;
use super::history::{History, Operation, Outcome};
use super::report::{Report, UNANSWERED_MIN};
use super::table;
use super::workload::{Clock, Shared, Writer};
use crate::http::{Address, Connection};
use crate::rng::Rng;
use crate::service::{self, Launch, Service};

/// Writer threads.
const WRITERS: u32 = 8;
/// Connections that each writer drives, so that several requests are under way at any moment.
const CONNECTIONS: u32 = 2;
/// Feed readers.
const READERS: u32 = 2;
/// The kill comes within this many milliseconds after the load began.
const KILL_MS: (u64, u64) = (50, 3000);

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The binary under test.
    pub(crate) binary: PathBuf,
    /// A folder of its own for data, ready file and log.
    pub(crate) folder: PathBuf,
    /// How many kills.
    pub(crate) cycles: usize,
    /// Seed of everything that is random.
    pub(crate) seed: u64,
}

/// Runs a campaign and adds what it came to.
pub(crate) fn run(plan: &Plan, report: &mut Report) -> Result<()> {
    let launch = Launch::serve(&plan.binary, &plan.folder);
    let clock = Clock::start();
    let mut service = Service::start(&launch)?;
    let mut address = Address::of(service.ready())?;
    let set = table::create(&mut Connection::new(&address)).context("cannot make the table")?;
    let mut campaign = Campaign::new(Shared::new(clock, set), plan.seed);
    for cycle in 0..plan.cycles {
        campaign.load_and_kill(service, &address, u32::try_from(cycle).unwrap_or(u32::MAX), report)?;
        check_folder(&launch, &format!("after kill {}", cycle + 1), report)?;
        service = Service::start(&launch)?;
        address = Address::of(service.ready())?;
        campaign.look(&address)?;
        println!("crash: {} of {} kills, {}", cycle + 1, plan.cycles, campaign.progress());
    }
    campaign.end(&address)?;
    let status = service.stop()?;
    if !status.success() {
        report.findings.push(format!("REL-30: SIGTERM ended the service with {status}"));
    }
    check_folder(&launch, "at the end", report)?;
    let history = campaign.judge(report);
    let lines = plan.folder.join("history.jsonl");
    std::fs::write(&lines, history.json_lines()).with_context(|| format!("cannot write {}", lines.display()))
}

fn check_folder(launch: &Launch, when: &str, report: &mut Report) -> Result<()> {
    let verdict = service::check(&launch.binary, &launch.data)?;
    if verdict.is_clean {
        report.clean_checks += 1;
    } else {
        report.findings.push(format!("driftless check {when}: {}", verdict.text));
    }
    Ok(())
}

/// What outlives the kills.
struct Campaign {
    shared: Shared,
    rng: Rng,
    history: History,
    readers: Vec<Reader>,
    definitions: DefinitionWriter,
}

impl Campaign {
    fn new(shared: Shared, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let readers = (0..READERS).map(|consumer| Reader::new(consumer, rng.fork())).collect();
        Self { shared, rng, history: History::default(), readers, definitions: DefinitionWriter::default() }
    }

    /// Load from all sides until a random moment, then SIGKILL.
    fn load_and_kill(&mut self, service: Service, address: &Address, cycle: u32, report: &mut Report) -> Result<()> {
        let patience = Duration::from_millis(self.rng.between(KILL_MS.0, KILL_MS.1));
        let (shared, is_over) = (&self.shared, AtomicBool::new(false));
        let rngs: Vec<Rng> = (0..WRITERS * CONNECTIONS).map(|_| self.rng.fork()).collect();
        let definition_rng = self.rng.fork();
        let (readers, definitions) = (&mut self.readers, &mut self.definitions);
        let definitions_before = definitions.log.len();
        let (killed_ns, killed, logs) = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..).zip(rngs).map(|(process, rng)| scope.spawn(move || Writer::new(shared, address, process, cycle, rng).run())).collect();
            for reader in readers.iter_mut() {
                scope.spawn(|| reader.run(shared, address, &is_over));
            }
            scope.spawn(|| definitions.run(shared, address, cycle, definition_rng, &is_over));
            std::thread::sleep(patience);
            let killed_ns = shared.clock.now_ns();
            let killed = service.kill();
            is_over.store(true, Ordering::Relaxed);
            let logs: Vec<Operation> = writers.into_iter().flat_map(|writer| writer.join().unwrap_or_default()).collect();
            (killed_ns, killed, logs)
        });
        killed.context("cannot kill the service")?;
        let unanswered = logs.iter().filter(|operation| operation.outcome == Outcome::Unanswered).count();
        let early = logs.iter().filter(|one| one.outcome == Outcome::Unanswered && one.end_ns < killed_ns).count();
        let changes = &self.definitions.log[definitions_before..];
        let changes = changes.iter().filter(|change| change.outcome == Outcome::Unanswered).count();
        if early > 0 {
            report.findings.push(format!("kill {}: {early} requests got no answer before the kill", cycle + 1));
        }
        report.cycles += 1;
        report.busy_cycles += usize::from(unanswered + changes >= UNANSWERED_MIN);
        self.history.operations.extend(logs);
        Ok(())
    }

    /// A quiet moment after a restart: what is there, before anything is written.
    fn look(&mut self, address: &Address) -> Result<()> {
        let mut connection = Connection::new(address);
        let survey = table::survey(&mut connection, &self.shared.set, self.shared.clock.now_ns())?;
        self.shared.learn(&survey);
        self.definitions.recover(&survey.keys);
        self.history.surveys.push(survey);
        for reader in &mut self.readers {
            reader.restarted();
            if self.rng.chance(25) {
                reader.compare_count(&self.shared, &mut connection)?;
            }
        }
        Ok(())
    }

    /// After the last restart: keys become active, consumers catch up. The survey before it is the table at rest.
    fn end(&mut self, address: &Address) -> Result<()> {
        let mut connection = Connection::new(address);
        table::wait_for_keys(&mut connection)?;
        for reader in &mut self.readers {
            reader.compare_count(&self.shared, &mut connection)?;
        }
        Ok(())
    }

    fn progress(&self) -> String {
        let acknowledged = self.history.operations.iter().filter(|one| one.outcome == Outcome::Acknowledged).count();
        format!("{acknowledged} acknowledged writes")
    }

    fn judge(mut self, report: &mut Report) -> History {
        for reader in self.readers {
            self.history.chains.extend(reader.chains);
            self.history.counts.extend(reader.counts);
            self.history.refusals.extend(reader.refusals);
        }
        self.history.definitions = self.definitions.log;
        for (answer, number) in self.shared.strange() {
            report.findings.push(format!("{number} x unexpected answer: {answer}"));
        }
        report.add_history(&self.history, checker::fates(&self.history));
        report.add_findings(&checker::judge(&self.history));
        self.history
    }
}
