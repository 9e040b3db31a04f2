//! Jobs: work that a transaction asked for and that runs after it. A job is an `asyncoperation` row written in the same transaction, so none is lost in a
//! crash; waking the runner is only an effect (A3).

pub(crate) mod bulk_delete;
pub(crate) mod row;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use driftless_model::{Error, ErrorCode, Result, Uuid, Value};
use driftless_query::{Comparison, ResolvedCondition, ResolvedFilter, Source, Test};
use driftless_store::Length;

use crate::changes::retention;
use crate::files::purge;
use crate::metadata::keys::{self, KeyJob};
use crate::organization::Organization;
use crate::records::system;
use crate::solutions;

/// `operationtype` of a bulk delete.
pub(crate) const BULK_DELETE: i32 = 13;
/// `operationtype` of building a key's index (AK-11).
pub(crate) const KEY_INDEX: i32 = 63;
/// `operationtype` of exporting a solution.
pub(crate) const EXPORT_SOLUTION: i32 = 202;
/// `operationtype` of importing a solution.
pub(crate) const IMPORT_SOLUTION: i32 = 203;
/// `operationtype` of ending the upgrade of a solution.
pub(crate) const PROMOTE_SOLUTION: i32 = 207;
/// `operationtype` of uninstalling a solution.
pub(crate) const UNINSTALL_SOLUTION: i32 = 208;
/// `statecode` of a job that is done.
pub(crate) const COMPLETED: i32 = 3;
/// `statuscode` of a job that failed.
pub(crate) const FAILED: i32 = 31;

/// What jobs of a kind do, in a word.
pub(crate) fn kind_name(kind: i32) -> &'static str {
    match kind {
        BULK_DELETE => "bulk_delete",
        KEY_INDEX => "key_index",
        EXPORT_SOLUTION => "export_solution",
        IMPORT_SOLUTION => "import_solution",
        PROMOTE_SOLUTION => "promote_solution",
        UNINSTALL_SOLUTION => "uninstall_solution",
        _ => "other",
    }
}

/// How a job with this `statecode` and `statuscode` stands, in a word.
pub(crate) fn state_name(state: i32, status: i32) -> &'static str {
    match (state, status) {
        (COMPLETED, FAILED) => "failed",
        (COMPLETED, CANCELED) => "canceled",
        (COMPLETED, _) => "succeeded",
        (2, _) => "running",
        (1, _) => "postponed",
        _ => "waiting",
    }
}

/// `statuscode` of a job that was called off.
const CANCELED: i32 = 32;

/// How often the runner looks for jobs without being woken.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How long jobs wait after requests were late.
const PUT_OFF: Duration = Duration::from_secs(1);
/// How often old tombstones are removed.
const PURGE_EVERY: Duration = Duration::from_secs(3_600);

/// The thread that runs jobs. It ends when this is dropped.
pub struct Jobs {
    organization: Arc<Organization>,
    thread: Option<JoinHandle<()>>,
}

impl Organization {
    /// Starts the thread that runs jobs, first those that a crash left behind.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start_jobs(self: &Arc<Self>) -> std::io::Result<Jobs> {
        let organization = Arc::clone(self);
        let thread = std::thread::Builder::new().name("jobs".to_owned()).spawn(move || run_until_stopped(&organization))?;
        Ok(Jobs { organization: Arc::clone(self), thread: Some(thread) })
    }

    /// Requests are late: jobs wait for a moment before their next piece of work. To be said again while that lasts (SEC-25). What one unit does, as an import
    /// or the build of an index, is not cut.
    pub fn put_off_jobs(&self) {
        self.services().jobs.put_off(PUT_OFF);
    }

    /// Runs all jobs that wait, then returns.
    ///
    /// # Errors
    /// When jobs cannot be read.
    pub fn run_jobs(&self) -> Result<()> {
        // One at a time: a second runner would find the first one's job in progress and take it for one that a crash cut off.
        let _turn = self.services().jobs.turn();
        while let Some((job, kind)) = next(self)? {
            if !self.services().jobs.goes_on() {
                break;
            }
            if let Err(error) = run(self, job, kind) {
                // The sentence of the error may hold values of columns (SEC-32): it is in the job's row.
                tracing::error!(%job, kind, code = ?error.code(), cause = error.cause().map(tracing::field::display), "a job failed");
                fail(self, job, kind, &error)?;
            }
        }
        Ok(())
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        self.organization.services().jobs.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the runner of jobs had panicked");
        }
    }
}

fn run_until_stopped(organization: &Organization) {
    let mut purged: Option<Instant> = None;
    loop {
        if let Err(error) = organization.run_jobs() {
            tracing::error!(?error, "jobs cannot be run");
        }
        if purged.is_none_or(|at| at.elapsed() >= PURGE_EVERY) {
            if let Err(error) = retention::run(organization) {
                tracing::error!(?error, "old tombstones cannot be removed");
            }
            if let Err(error) = purge::run(organization) {
                tracing::error!(?error, "the bytes of removed files cannot be freed");
            }
            purged = Some(Instant::now());
        }
        if !organization.services().jobs.wait(LOOK_EVERY) {
            return;
        }
    }
}

/// The oldest job that is not completed and whose time has come, with its kind. Jobs run one after the other: one found in progress was cut off by a crash and runs again.
fn next(organization: &Organization) -> Result<Option<(Uuid, i32)>> {
    let snapshot = organization.snapshot();
    let table = snapshot.require("asyncoperation")?;
    let is_open = ResolvedFilter::Condition(ResolvedCondition {
        source: Source::ROOT,
        column: table.require("statecode")?,
        test: Test::Compare(Comparison::NotEqual, Value::Int(COMPLETED)),
    });
    let kinds =
        [BULK_DELETE, KEY_INDEX, EXPORT_SOLUTION, IMPORT_SOLUTION, PROMOTE_SOLUTION, UNINSTALL_SOLUTION].map(|kind| (kind, table.require("operationtype")));
    let mut of_kinds = Vec::new();
    for (kind, column) in kinds {
        of_kinds.push(ResolvedCondition::equals(column?, Value::Int(kind)));
    }
    let postponed = |test| Ok::<_, Error>(ResolvedFilter::Condition(ResolvedCondition { source: Source::ROOT, column: table.require("postponeuntil")?, test }));
    let now_s = organization.services().environment.now_ms().div_euclid(1_000);
    let is_time = ResolvedFilter::Or(vec![postponed(Test::Null)?, postponed(Test::Compare(Comparison::LessEqual, Value::DateTime(now_s)))?]);
    let filter = ResolvedFilter::And(vec![is_open, is_time, ResolvedFilter::Or(of_kinds)]);
    let mut rows = organization.store().reading(|tx| system::rows(tx, table, &["operationtype"], Some(filter)))?;
    rows.sort_by_key(|row| row.version);
    Ok(rows.first().map(|row| match row.value(0) {
        Value::Int(kind) => (row.id, *kind),
        _ => (row.id, 0),
    }))
}

fn run(organization: &Organization, job: Uuid, kind: i32) -> Result<()> {
    match kind {
        KEY_INDEX => {
            let build = key_build(organization, job)?;
            if organization.run_own(Length::Short, move |cx| keys::begin_build(cx, build.table, build.key, job))? {
                organization.run_own(Length::Long, move |cx| keys::build(cx, build.table, build.key, job))?;
            }
            Ok(())
        }
        BULK_DELETE => bulk_delete::run(organization, job),
        EXPORT_SOLUTION => solutions::run_export_job(organization, job),
        IMPORT_SOLUTION => solutions::run_import_job(organization, job),
        PROMOTE_SOLUTION => solutions::run_promote_job(organization, job),
        UNINSTALL_SOLUTION => solutions::run_uninstall_job(organization, job),
        _ => Err(Error::argument(format!("There is no way to run jobs of kind {kind}."))),
    }
}

/// The key whose index a job builds.
fn key_build(organization: &Organization, job: Uuid) -> Result<KeyJob> {
    let snapshot = organization.snapshot();
    let table = snapshot.require("asyncoperation")?;
    let filter = ResolvedCondition::equals(table.id, Value::Guid(job));
    let rows = organization.store().reading(|tx| system::rows(tx, table, &["data"], Some(filter)))?;
    let data = rows.first().map_or("", |row| row.text(0));
    serde_json::from_str(data).map_err(|error| Error::damaged("the data of an index job cannot be read").because(error))
}

/// A code as jobs keep it: the same bits with a sign.
pub(crate) fn error_code(code: ErrorCode) -> Value {
    Value::Int(i32::from_be_bytes(code.number().to_be_bytes()))
}

/// Marks a job as failed, with what the caller may read. A key that it was to build fails with it, so that it can be activated again (AK-13).
fn fail(organization: &Organization, job: Uuid, kind: i32, error: &Error) -> Result<()> {
    let (message, code) = (error.message().to_owned(), error.code());
    organization.run_own(Length::Short, move |cx| {
        if kind == KEY_INDEX {
            keys::fail_build(cx, job)?;
        }
        let values = [
            ("statecode", Value::Int(COMPLETED)),
            ("statuscode", Value::Int(FAILED)),
            ("completedon", Value::DateTime(cx.now_s)),
            ("message", Value::text(message.clone())),
            ("friendlymessage", Value::text(message.clone())),
            ("errorcode", error_code(code)),
        ];
        system::update(cx, "asyncoperation", job, &values).map(|_| ())
    })
}
