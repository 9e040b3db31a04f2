//! Bulk deletes (AUTHZ-47, web-api 24): rows that queries find are removed in small units, on the rights of the user who asked. How far a job has come is kept in
//! its row, in the same unit as the removals, so that it goes on where a crash or a stop cut it off.

use std::sync::Arc;

use driftless_model::{Caller, Error, ErrorCode, Reference, Result, Table, Uuid, Value};
use driftless_query::expression::Expression;
use driftless_query::fetch::FetchLimits;
use driftless_query::{Collector, Columns, OrderKey, Query, ResolvedOrder, ResultKind, Source};
use driftless_store::Length;
use serde::{Deserialize, Serialize};

use super::row;
use super::{BULK_DELETE, COMPLETED, FAILED};
use crate::context::WriteCx;
use crate::organization::Organization;
use crate::records::{delete, load, system};
use crate::request::{Delete, Identity, Target};

/// Rows that are removed in one unit.
const ROWS_OF_UNIT: u32 = 100;

/// What a bulk delete is to do, and how far it has come (`asyncoperation.data`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BulkDelete {
    /// On whose rights.
    pub(crate) user: Uuid,
    /// Who asked for that user.
    pub(crate) acting_for: Option<Uuid>,
    /// Whose rows go, one query after the other.
    pub(crate) queries: Vec<Expression>,
    /// The job is queued again so many days after its time.
    pub(crate) every_days: Option<u32>,
    /// How far it has come.
    pub(crate) progress: Progress,
}

/// How far a bulk delete has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Queries that are done.
    queries: usize,
    /// The last row of the present query that was looked at; rows come by id.
    after: Option<Uuid>,
    deleted: u64,
    failed: u64,
    /// Why the first row that stayed did.
    failure: Option<String>,
}

/// Queues a bulk delete, now or at a time in seconds since 1970-01-01 UTC. Gives the job's id.
///
/// # Errors
/// 0x80040203 when what it keeps has more than `chars_max` characters.
pub(crate) fn queue(cx: &mut WriteCx<'_>, name: &str, work: &BulkDelete, start_s: Option<i64>, pattern: Option<&str>, chars_max: usize) -> Result<Uuid> {
    if row::print(work)?.len() > chars_max {
        return Err(Error::argument("The queries of the bulk delete are too long. Send several bulk deletes."));
    }
    let owner = Reference { table: cx.snapshot.require("systemuser")?.def.code, id: work.user };
    let mut values = vec![("ownerid", Value::Ref(owner))];
    if let Some(start_s) = start_s {
        // Suspended, Waiting
        values.extend([("postponeuntil", Value::DateTime(start_s)), ("statecode", Value::Int(1)), ("statuscode", Value::Int(10))]);
    }
    if let Some(pattern) = pattern {
        values.extend([("recurrencepattern", Value::text(pattern)), ("recurrencestarttime", Value::DateTime(start_s.unwrap_or(cx.now_s)))]);
    }
    row::queue(cx, BULK_DELETE, "BulkDelete", name, work, &values)
}

/// Runs a bulk delete until it is done, canceled, or the runner must end; then it goes on at the next start.
///
/// # Errors
/// What its queries are refused with, or when the store fails.
pub(crate) fn run(organization: &Organization, job: Uuid) -> Result<()> {
    let mut work: BulkDelete = organization.run_own(Length::Short, move |cx| row::start(cx, job))?;
    let caller = Arc::new(Caller { acting_for: work.acting_for, ..Caller::user(work.user) });
    while work.progress.queries < work.queries.len() {
        if !organization.services().jobs.goes_on() {
            return Ok(());
        }
        let step = {
            let work = work.clone();
            organization.run_for(&caller, Length::Short, move |cx| step(cx, job, &work, ROWS_OF_UNIT))
        };
        let next = match step {
            // One of the rows cannot go: the unit was undone, and each of its rows is tried by itself.
            Err(error) if !is_passing(&error) => one_by_one(organization, &caller, job, &work, &error)?,
            other => other?,
        };
        match next {
            Some(progress) => work.progress = progress,
            None => return Ok(()),
        }
    }
    organization.run_own(Length::Short, move |cx| finish(cx, job, &work))
}

/// True for errors that say nothing of a row.
fn is_passing(error: &Error) -> bool {
    error.code().status() >= 500
}

/// Removes the next rows of the present query and keeps the progress. None if the job was canceled or removed.
fn step(cx: &mut WriteCx<'_>, job: Uuid, work: &BulkDelete, rows: u32) -> Result<Option<Progress>> {
    if !is_open(cx, job)? {
        return Ok(None);
    }
    let Found { table, ids, more } = next_rows(cx, work, rows)?;
    let mut progress = work.progress.clone();
    for id in &ids {
        progress.deleted += u64::from(remove(cx, &table, *id)?);
    }
    progress.advance(&ids, more);
    keep(cx, job, work, progress)
}

/// As [`step`], with each row in a unit of its own, so that a row that cannot go stays alone.
fn one_by_one(organization: &Organization, caller: &Arc<Caller>, job: Uuid, work: &BulkDelete, first: &Error) -> Result<Option<Progress>> {
    let found = {
        let work = work.clone();
        organization.run_for(caller, Length::Short, move |cx| next_rows(cx, &work, ROWS_OF_UNIT))
    };
    // The query itself is refused.
    let Ok(Found { ids, more, .. }) = found else { return Err(Error::new(first.code(), first.message())) };
    let mut work = work.clone();
    for (at, id) in ids.iter().copied().enumerate() {
        if !organization.services().jobs.goes_on() {
            return Ok(None);
        }
        let is_last = at + 1 == ids.len();
        let of = |work: &BulkDelete| {
            let mut progress = work.progress.clone();
            if is_last {
                progress.advance(&ids, more)
            } else {
                progress.after = Some(id)
            }
            progress
        };
        let (own, reached) = (work.clone(), of(&work));
        let removed = organization.run_for(caller, Length::Short, move |cx| {
            if !is_open(cx, job)? {
                return Ok(None);
            }
            let (table, _) = table_of(cx, &own)?;
            let mut progress = reached.clone();
            progress.deleted += u64::from(remove(cx, &table, id)?);
            keep(cx, job, &own, progress)
        });
        work.progress = match removed {
            Ok(Some(progress)) => progress,
            Ok(None) => return Ok(None),
            Err(error) if is_passing(&error) => return Err(error),
            Err(error) => {
                let mut progress = of(&work);
                progress.failed += 1;
                progress.failure.get_or_insert_with(|| format!("{id}: {}", error.message()));
                let own = work.clone();
                match organization.run_own(Length::Short, move |cx| keep(cx, job, &own, progress.clone()))? {
                    Some(progress) => progress,
                    None => return Ok(None),
                }
            }
        };
    }
    if ids.is_empty() {
        work.progress.advance(&ids, more);
    }
    Ok(Some(work.progress))
}

impl Progress {
    /// Goes on behind the rows that were looked at; if there are no more, with the next query.
    fn advance(&mut self, ids: &[Uuid], more: bool) {
        if more {
            self.after = ids.last().copied();
        } else {
            self.queries += 1;
            self.after = None;
        }
    }
}

/// Rows that a query found.
struct Found {
    table: Arc<Table>,
    ids: Vec<Uuid>,
    /// There are others behind them.
    more: bool,
}

fn table_of(cx: &WriteCx<'_>, work: &BulkDelete) -> Result<(Arc<Table>, Expression)> {
    let expression = work.queries.get(work.progress.queries).cloned().unwrap_or_default();
    Ok((Arc::clone(cx.snapshot.require(&expression.table)?), expression))
}

/// The rows of a query: nothing of them is returned but their ids, in no order, whatever else it asks for.
///
/// # Errors
/// 0x80040203 when it asks for some rows only or for no rows; else as lowering it.
pub(crate) fn rows_of(cx: &WriteCx<'_>, expression: &Expression) -> Result<Query> {
    let query = expression.lower(&*cx.snapshot, &FetchLimits::default())?.query;
    if expression.top.is_some() {
        return Err(Error::argument("A bulk delete removes all rows of its queries: leave out 'TopCount'."));
    }
    if query.result == ResultKind::Groups {
        return Err(Error::argument("A bulk delete removes rows: leave out groups and aggregates."));
    }
    Ok(Query { result: ResultKind::Rows, columns: Columns::Some(Vec::new()), values: Vec::new(), orders: Vec::new(), ..query })
}

/// The ids of the next rows of the present query that the caller can see, by id.
fn next_rows(cx: &WriteCx<'_>, work: &BulkDelete, rows: u32) -> Result<Found> {
    let (table, expression) = table_of(cx, work)?;
    let read = cx.read();
    let mut query = read.resolve(&rows_of(cx, &expression)?)?;
    query.orders = vec![ResolvedOrder { key: OrderKey::Column(Source::ROOT, table.id), descending: false }];
    query.after = work.progress.after.map(|id| vec![Value::Guid(id)]);
    query.limit = Some(rows);
    let mut found = Collector::default();
    let more = cx.tx.select(&read.secure(query)?, None, &mut found)?;
    let mut ids: Vec<Uuid> = found.rows.iter().filter_map(|row| row.values.first()?.id()).collect();
    // A row that is joined with several comes several times.
    ids.dedup();
    Ok(Found { table, ids, more })
}

/// Removes a row; false if it went with an earlier one.
fn remove(cx: &mut WriteCx<'_>, table: &Arc<Table>, id: Uuid) -> Result<bool> {
    if !load::exists(cx.tx.as_read(), table, id)? {
        return Ok(false);
    }
    let target = Target { table: Arc::clone(table), identity: Identity::Id(id) };
    delete::run(cx, &Delete { target, if_version: None }, &[])?;
    Ok(true)
}

/// True while nobody has canceled the job.
fn is_open(cx: &WriteCx<'_>, job: Uuid) -> Result<bool> {
    let jobs = Arc::clone(cx.snapshot.require("asyncoperation")?);
    let state = jobs.special.state;
    let row = load::by_id(cx.tx.as_read(), &jobs, job, &state.into_iter().collect::<Vec<_>>())?;
    Ok(row.is_some_and(|row| row.int(state) != Some(COMPLETED)))
}

fn keep(cx: &mut WriteCx<'_>, job: Uuid, work: &BulkDelete, progress: Progress) -> Result<Option<Progress>> {
    let data = row::print(&BulkDelete { progress: progress.clone(), ..work.clone() })?;
    system::update(cx, "asyncoperation", job, &[("data", Value::text(data))])?;
    Ok(Some(progress))
}

/// Says what came of the job, and queues it again if it recurs.
fn finish(cx: &mut WriteCx<'_>, job: Uuid, work: &BulkDelete) -> Result<()> {
    let Progress { deleted, failed, failure, .. } = &work.progress;
    let message = match failure {
        None => format!("{deleted} rows were deleted."),
        Some(failure) => format!("{deleted} rows were deleted and {failed} were not. The first of them: {failure}"),
    };
    again(cx, job, work)?;
    let told = [("message", Value::text(message.as_str())), ("friendlymessage", Value::text(message.as_str()))];
    system::update(cx, "asyncoperation", job, &told)?;
    if *failed == 0 {
        return row::succeed(cx, job);
    }
    let values = [
        ("statecode", Value::Int(COMPLETED)),
        ("statuscode", Value::Int(FAILED)),
        ("completedon", Value::DateTime(cx.now_s)),
        ("errorcode", super::error_code(ErrorCode::UnExpected)),
    ];
    system::update(cx, "asyncoperation", job, &values).map(drop)
}

/// Queues the next run of a job that recurs: the first of its times that has not come yet.
fn again(cx: &mut WriteCx<'_>, job: Uuid, work: &BulkDelete) -> Result<()> {
    const DAY_S: i64 = 86_400;
    let Some(days) = work.every_days else { return Ok(()) };
    let jobs = Arc::clone(cx.snapshot.require("asyncoperation")?);
    let filter = driftless_query::ResolvedCondition::equals(jobs.id, Value::Guid(job));
    let rows = system::rows(cx.tx.as_read(), &jobs, &["name", "recurrencepattern", "recurrencestarttime"], Some(filter))?;
    let Some(row) = rows.first() else { return Ok(()) };
    let Value::DateTime(start_s) = row.value(2) else { return Ok(()) };
    let step_s = i64::from(days) * DAY_S;
    let next_s = start_s + ((cx.now_s - start_s).div_euclid(step_s) + 1).max(1) * step_s;
    let fresh = BulkDelete { progress: Progress::default(), ..work.clone() };
    queue(cx, row.text(0), &fresh, Some(next_s), Some(row.text(1)), usize::MAX).map(drop)
}
