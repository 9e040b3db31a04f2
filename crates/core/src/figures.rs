//! What an operator is told of an organization (OPS-10). None of it reads a table of rows for each question.

use std::sync::{Mutex, PoisonError};

use driftless_model::{KeyIndexStatus, Result, Value};
use driftless_query::{Circumstances, Collector, ColumnPath, Query, ResultKind, Role, SecuredQuery, SelectedValue, resolve};
use driftless_store::{Removals, StoreFigures};

use crate::changes::counts::FeedFigures;
use crate::jobs;
use crate::organization::Organization;

/// Jobs are counted anew after so long.
const JOBS_COUNTED_MS: i64 = 60_000;

const KEY_STATES: [(KeyIndexStatus, &str); 4] =
    [(KeyIndexStatus::Pending, "pending"), (KeyIndexStatus::InProgress, "in_progress"), (KeyIndexStatus::Active, "active"), (KeyIndexStatus::Failed, "failed")];

/// Jobs of a kind that are in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobFigure {
    /// What they do.
    pub kind: &'static str,
    /// `waiting`, `postponed`, `running`, `succeeded`, `failed` or `canceled`.
    pub state: &'static str,
    /// How many.
    pub count: u64,
}

/// Jobs as they were counted last, and when, in milliseconds of the environment's clock.
#[derive(Debug, Default)]
pub(crate) struct CountedJobs(Mutex<Option<(i64, Vec<JobFigure>)>>);

impl Organization {
    /// Figures of the store.
    pub fn figures(&self) -> StoreFigures {
        self.store().figures()
    }

    /// How the feed was read since the program started.
    pub fn feed_figures(&self) -> FeedFigures {
        self.services().feed.figures()
    }

    /// The removals that feeds still tell.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn removals(&self) -> Result<Removals> {
        self.store().reading(|tx| Ok(tx.removals()?))
    }

    /// Alternate keys by the state of their index.
    pub fn key_figures(&self) -> [(&'static str, u64); KEY_STATES.len()] {
        let mut counts = KEY_STATES.map(|(_, name)| (name, 0));
        for key in self.snapshot().tables().flat_map(|table| &table.keys) {
            if let Some(at) = KEY_STATES.iter().position(|(status, _)| *status == key.status) {
                counts[at].1 += 1;
            }
        }
        counts
    }

    /// Jobs by what they do and how they stand, as they were within the last minute.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn job_figures(&self) -> Result<Vec<JobFigure>> {
        let now_ms = self.environment().now_ms();
        let mut counted = self.services().counted_jobs.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at_ms, jobs)) = counted.as_ref()
            && (0..JOBS_COUNTED_MS).contains(&(now_ms - at_ms))
        {
            return Ok(jobs.clone());
        }
        let jobs = self.count_jobs()?;
        *counted = Some((now_ms, jobs.clone()));
        Ok(jobs)
    }

    fn count_jobs(&self) -> Result<Vec<JobFigure>> {
        let group = |column: &str| SelectedValue { column: Some(ColumnPath::own(column.into())), name: None, role: Role::Group(None) };
        let rows = SelectedValue { column: None, name: Some("n".to_owned()), role: Role::Aggregate(driftless_query::Aggregate::Count) };
        let query = Query {
            result: ResultKind::Groups,
            values: vec![group("operationtype"), group("statecode"), group("statuscode"), rows],
            ..Query::new("asyncoperation".into())
        };
        let query = resolve(&query, &*self.snapshot(), &Circumstances::default())?;
        let mut found = Collector::default();
        self.store().reading(|tx| {
            tx.select(&SecuredQuery::unrestricted(query.clone(), "the figures of jobs are for administrators"), None, &mut found)?;
            Ok(())
        })?;
        let mut figures: Vec<JobFigure> = Vec::new();
        for row in found.rows {
            let [Value::Int(kind), Value::Int(state), Value::Int(status), Value::BigInt(count)] = row.values.as_slice() else { continue };
            let (kind, state, count) = (jobs::kind_name(*kind), jobs::state_name(*state, *status), u64::try_from(*count).unwrap_or(0));
            match figures.iter_mut().find(|figure| (figure.kind, figure.state) == (kind, state)) {
                Some(figure) => figure.count += count,
                None => figures.push(JobFigure { kind, state, count }),
            }
        }
        Ok(figures)
    }
}
