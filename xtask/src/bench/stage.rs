//! The data folder of a run: made through the Web API, served again for each measurement, copied for plain SQLite while nobody serves it.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use super::Plan;
use super::load::{self, Lanes, drive};
use super::raw::Raw;
use super::tables::{self, BenchTable, Codes, ROOT};
use crate::http::{Address, Connection};
use crate::service::{Launch, Service};

/// Most rows of the large table that the service itself writes; more are written below it.
const SERVED_ROWS_MAX: usize = 1_000_000;
/// Rows of one CreateMultiple while tables are filled.
const FILL_ROWS: usize = 1_000;
/// Connections that fill tables: one is parsed while another is written.
const FILL_LANES: Lanes = Lanes { connections: 2, threads: 1 };

/// The folder and how it is served.
pub(crate) struct Stage {
    launch: Launch,
    large: usize,
    small: usize,
    filled: OnceCell<Filled>,
}

/// Tables that have rows.
#[derive(Debug)]
pub(crate) struct Filled {
    /// The large one, whose codes are random.
    pub(crate) large: BenchTable,
    /// The small one.
    pub(crate) small: BenchTable,
}

/// A service that answers, and how to reach it.
pub(crate) struct Served {
    /// The process.
    pub(crate) service: Service,
    /// Its plain listener.
    pub(crate) address: Address,
}

impl Served {
    /// A connection for definitions.
    pub(crate) fn connection(&self) -> Connection {
        Connection::new(&self.address)
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.service.ready().pid
    }

    /// Ends it.
    pub(crate) fn stop(self) -> Result<()> {
        let status = self.service.stop()?;
        ensure!(status.success(), "the service ended with {status}");
        Ok(())
    }
}

impl Stage {
    /// A new folder with the table that lookups lead to.
    pub(crate) fn new(plan: &Plan) -> Result<Self> {
        let launch = Launch { variables: &[("DRIFTLESS_AGGREGATE_ROWS_MAX", "unlimited")], ..Launch::serve(&plan.binary, &plan.folder) };
        let stage = Self { launch, large: plan.large, small: plan.small, filled: OnceCell::new() };
        let served = stage.serve()?;
        tables::create_parents(&mut served.connection())?;
        served.stop()?;
        Ok(stage)
    }

    /// Serves the folder.
    pub(crate) fn serve(&self) -> Result<Served> {
        serve(&self.launch)
    }

    /// A copy of the database, for plain SQLite. Nobody may serve the folder.
    pub(crate) fn raw(&self, name: &str) -> Result<Raw> {
        Raw::copy(&self.launch.data.join("driftless.db"), &self.copy_path(name))
    }

    fn copy_path(&self, name: &str) -> PathBuf {
        self.launch.run.join(format!("raw-{name}.db"))
    }

    /// The tables that have rows; filled when first asked for. Nobody may serve the folder.
    pub(crate) fn filled(&self) -> Result<&Filled> {
        if self.filled.get().is_none() {
            let served = self.serve()?;
            let mut connection = served.connection();
            let filled = Filled { large: tables::create(&mut connection, "Large")?, small: tables::create(&mut connection, "Small")? };
            fill(&served.address, &filled.small, self.small)?;
            fill(&served.address, &filled.large, self.large.min(SERVED_ROWS_MAX))?;
            served.stop()?;
            if self.large > SERVED_ROWS_MAX {
                Raw::open(&self.launch.data.join("driftless.db"))?.extend(&filled.large, SERVED_ROWS_MAX..self.large, Codes::Random)?;
            }
            let _ = self.filled.set(filled);
        }
        self.filled.get().context("the tables were not filled")
    }
}

/// Starts a service.
pub(crate) fn serve(launch: &Launch) -> Result<Served> {
    let service = Service::start(launch)?;
    let address = Address::of(service.ready())?;
    Ok(Served { service, address })
}

/// Fills a table with rows 0 to `rows`, codes at random.
pub(crate) fn fill(address: &Address, table: &BenchTable, rows: usize) -> Result<()> {
    let begun = Instant::now();
    let path = format!("{ROOT}/{}/Microsoft.Dynamics.CRM.CreateMultiple", table.set);
    let render = |call: usize, request: &mut Vec<u8>| {
        let body = tables::create_multiple(table, call * FILL_ROWS..((call + 1) * FILL_ROWS).min(rows), Codes::Random);
        *request = load::render(address, "POST", &path, &[], Some(&body));
    };
    drive(address, FILL_LANES, rows.div_ceil(FILL_ROWS), &Vec::new, &render)?;
    eprintln!("  filled {} with {rows} rows in {:.1} s", table.name, begun.elapsed().as_secs_f64());
    Ok(())
}
