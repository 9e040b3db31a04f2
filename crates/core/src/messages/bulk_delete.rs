//! BulkDelete: removes the rows that queries find, by a job (web-api 24, AUTHZ-47).

use driftless_model::{Error, ErrorCode, Privilege, Result, Scopes};
use driftless_query::expression::Expression;
use driftless_store::Length;

use super::query_expression::{self, QUERY_EXPRESSION};
use super::{Arg, Args, Binding, MessageDef, MessageKind, Outputs, ParamType as T, Run, opt, req};
use crate::behaviors::tables;
use crate::context::WriteCx;
use crate::jobs::bulk_delete::{self, BulkDelete};
use crate::metadata::BULK_DELETE;
use crate::security::scopes;

static QUERY: T = T::Complex(&QUERY_EXPRESSION);

/// Queries of one bulk delete.
const QUERIES_MAX: usize = 100;
/// Characters of the queries of one bulk delete, as the job keeps them: they are written again with the progress of each unit.
const DATA_CHARS_MAX: usize = 4 << 20;

/// Tables that only the service writes and whose rows may go.
const ENDED_JOBS: [&str; 2] = ["asyncoperation", "importjob"];

pub(super) const DEF: MessageDef = MessageDef {
    name: "BulkDelete",
    kind: MessageKind::Action,
    binding: Binding::None,
    scope: Scopes::WRITE,
    input: &[
        req("QuerySet", T::List(&QUERY)),
        req("JobName", T::Text),
        opt("SendEmailNotification", T::Bool),
        opt("ToRecipients", T::Any),
        opt("CCRecipients", T::Any),
        opt("RecurrencePattern", T::Text),
        opt("StartDateTime", T::DateTime),
        opt("SourceImportId", T::Guid),
        opt("RunNow", T::Bool),
    ],
    output: &[req("JobId", T::Guid)],
    length: Length::Short,
    prepare: None,
    run: Run::Write(run),
    on_failure: None,
};

fn run(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    cx.access.require_special(BULK_DELETE)?;
    if args.flag("SendEmailNotification") {
        return Err(Error::new(ErrorCode::NotSupported, "Mail about bulk deletes is not offered by this version of the service."));
    }
    let queries = args.list("QuerySet").iter().map(query_expression::expression).collect::<Result<Vec<_>>>()?;
    if queries.is_empty() || queries.len() > QUERIES_MAX {
        return Err(Error::argument(format!("The 'QuerySet' must hold at least one query and at most {QUERIES_MAX}.")));
    }
    queries.iter().try_for_each(|query| check(cx, query))?;
    let pattern = args.text_if("RecurrencePattern").filter(|text| !text.is_empty());
    let every_days = pattern.map(days_of).transpose()?;
    let start_s = args.moment("StartDateTime").filter(|start_s| *start_s > cx.now_s && !args.flag("RunNow"));
    cx.effects.jobs_at_once = start_s.is_none();
    let work = BulkDelete { user: cx.caller.user, acting_for: cx.caller.acting_for, queries, every_days, progress: Default::default() };
    let job = bulk_delete::queue(cx, args.text("JobName")?, &work, start_s, pattern, DATA_CHARS_MAX)?;
    Ok(Outputs(vec![("JobId", Arg::Guid(job))]))
}

/// Refuses a query before it is kept: its rows may be read and deleted, and the store can answer it.
fn check(cx: &WriteCx<'_>, expression: &Expression) -> Result<()> {
    let table = cx.snapshot.require(&expression.table)?;
    scopes::require(cx.caller, scopes::rows_of(table).with(Scopes::READ))?;
    cx.require(Privilege::Delete, table)?;
    if table.name().as_str() == "solution" || (tables::is_own(table) && !ENDED_JOBS.contains(&table.name().as_str())) {
        return Err(Error::new(ErrorCode::NotSupported, format!("Rows of '{}' cannot be deleted in bulk.", table.name())));
    }
    let read = cx.read();
    let query = bulk_delete::rows_of(cx, expression)?;
    cx.tx.count(&read.secure(read.resolve(&query)?)?, Some(1))?;
    Ok(())
}

/// The days of a pattern such as `FREQ=DAILY;INTERVAL=7`.
fn days_of(pattern: &str) -> Result<u32> {
    let refused = || Error::argument("The 'RecurrencePattern' must be empty or 'FREQ=DAILY;INTERVAL=n' with n from 1 to 365.");
    let mut days = 1;
    let mut parts = pattern.trim_end_matches(';').split(';');
    if !parts.next().is_some_and(|part| part.eq_ignore_ascii_case("FREQ=DAILY")) {
        return Err(refused());
    }
    for part in parts {
        let (name, value) = part.split_once('=').ok_or_else(refused)?;
        if !name.eq_ignore_ascii_case("INTERVAL") {
            return Err(refused());
        }
        days = value.parse().ok().filter(|days| (1..=365).contains(days)).ok_or_else(refused)?;
    }
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // web-api 24
    fn patterns_recur_by_days() {
        for (pattern, days) in
            [("FREQ=DAILY;INTERVAL=7;", Some(7)), ("freq=daily", Some(1)), ("FREQ=WEEKLY", None), ("FREQ=DAILY;INTERVAL=0", None), ("7", None)]
        {
            assert_eq!(days_of(pattern).ok(), days, "{pattern}");
        }
    }
}
