//! The row of a job: how it is queued, what it keeps, how it begins and ends.

use std::sync::Arc;

use driftless_model::{Error, Result, Table, Uuid, Value};
use driftless_query::ResolvedCondition;
use driftless_store::ReadTx;
use serde::{Serialize, de::DeserializeOwned};

use super::COMPLETED;
use crate::context::WriteCx;
use crate::records::system;

/// `statecode` and `statuscode` of a job that runs.
const RUNNING: (i32, i32) = (2, 20);
/// `statuscode` of a job that succeeded.
const SUCCEEDED: i32 = 30;

/// Queues a job of a kind (`operationtype`) that a message asked for, with what it needs and other columns. Gives its id.
pub(crate) fn queue(cx: &mut WriteCx<'_>, kind: i32, message: &str, name: &str, payload: &impl Serialize, others: &[(&str, Value)]) -> Result<Uuid> {
    let own = [
        ("name", Value::text(name)),
        ("operationtype", Value::Int(kind)),
        ("messagename", Value::text(message)),
        ("data", Value::text(print(payload)?)),
        ("correlationid", Value::Guid(cx.new_id())),
        ("correlationupdatedtime", Value::DateTime(cx.now_s)),
        ("depth", Value::Int(1)),
    ];
    let job = system::insert(cx, "asyncoperation", None, &[own.as_slice(), others].concat())?;
    cx.effects.jobs = true;
    Ok(job)
}

/// What a job keeps, as text.
pub(crate) fn print(payload: &impl Serialize) -> Result<String> {
    serde_json::to_string(payload).map_err(|error| Error::damaged("a job's data cannot be written").because(error))
}

/// What a job keeps.
pub(crate) fn payload<T: DeserializeOwned>(tx: &dyn ReadTx, jobs: &Arc<Table>, job: Uuid) -> Result<T> {
    let rows = system::rows(tx, jobs, &["data"], Some(ResolvedCondition::equals(jobs.id, Value::Guid(job))))?;
    let row = rows.first().ok_or_else(|| Error::no_such_record("asyncoperation", job))?;
    serde_json::from_str(row.text(0)).map_err(|error| Error::damaged("a job's data cannot be read").because(error))
}

/// Marks a job as running and gives what it keeps.
pub(crate) fn start<T: DeserializeOwned>(cx: &mut WriteCx<'_>, job: Uuid) -> Result<T> {
    let payload = payload(cx.tx.as_read(), cx.snapshot.require("asyncoperation")?, job)?;
    begin(cx, job)?;
    Ok(payload)
}

/// Marks a job as running.
pub(crate) fn begin(cx: &mut WriteCx<'_>, job: Uuid) -> Result<()> {
    let (state, status) = RUNNING;
    let values = [("statecode", Value::Int(state)), ("statuscode", Value::Int(status)), ("startedon", Value::DateTime(cx.now_s))];
    system::update(cx, "asyncoperation", job, &values).map(drop)
}

/// Marks a job as done.
pub(crate) fn succeed(cx: &mut WriteCx<'_>, job: Uuid) -> Result<()> {
    let values = [("statecode", Value::Int(COMPLETED)), ("statuscode", Value::Int(SUCCEEDED)), ("completedon", Value::DateTime(cx.now_s))];
    system::update(cx, "asyncoperation", job, &values).map(drop)
}
