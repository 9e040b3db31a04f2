//! Solutions: packages of definitions that are imported, and removed, as one unit (SOL-13, SOL-30). A package is read outside of any transaction by
//! `driftless-solution-file`; `plan` compares it with the present definitions, `import` does what the plan says, `uninstall` is the way back.

pub(crate) mod components;
pub(crate) mod dependencies;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod membership;
pub(crate) mod publishers;
pub(crate) mod report;
pub(crate) mod uninstall;
pub(crate) mod upgrade;
pub(crate) mod uploads;

mod apply;
mod jobs;
mod known_tables;
mod menus;
mod plan;
mod view_xml;
mod xml;

use std::sync::Arc;

use driftless_model::{ColumnIx, Error, ErrorCode, Result, Table, Uuid, Value};
use driftless_query::{Comparison, ResolvedCondition, ResolvedFilter, Source, Test};
use driftless_solution_file::{PackageError, SolutionVersion, check_unique_name};

pub(crate) use jobs::{queue_export, queue_import, queue_promote, queue_uninstall, run_export_job, run_import_job, run_promote_job, run_uninstall_job};

use crate::context::{ReadCx, WriteCx};
use crate::jobs::{COMPLETED, IMPORT_SOLUTION, PROMOTE_SOLUTION, UNINSTALL_SOLUTION};
use crate::metadata::Snapshot;
use crate::metadata::validate::shown;
use crate::records::fields::{get, set};
use crate::records::system;

/// Version of a solution whose maker names none.
const VERSION_DEFAULT: &str = "1.0.0.0";

/// An installed solution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Installed {
    pub(crate) id: Uuid,
    pub(crate) unique_name: String,
    pub(crate) managed: bool,
    pub(crate) version: String,
    pub(crate) publisher: Option<Uuid>,
}

/// The installed solution of this unique name; case does not count.
pub(crate) fn find(cx: &ReadCx<'_>, unique_name: &str) -> Result<Option<Installed>> {
    let name = ResolvedCondition::equals(cx.snapshot.require("solution")?.require("uniquename")?, Value::text(unique_name));
    Ok(read(cx, Some(name))?.into_iter().next())
}

/// As [`find`].
///
/// # Errors
/// 0x80048037 without the solution.
pub(crate) fn require_named(cx: &ReadCx<'_>, unique_name: &str) -> Result<Installed> {
    find(cx, unique_name)?.ok_or_else(|| Error::new(ErrorCode::SolutionNotFound, format!("The solution '{}' was not found.", shown(unique_name))))
}

/// All installed solutions.
pub(crate) fn all(cx: &ReadCx<'_>) -> Result<Vec<Installed>> {
    read(cx, None)
}

/// The installed solution with this id.
///
/// # Errors
/// 0x80040217.
pub(crate) fn require(cx: &ReadCx<'_>, id: Uuid) -> Result<Installed> {
    let own = ResolvedCondition::equals(cx.snapshot.require("solution")?.id, Value::Guid(id));
    read(cx, Some(own))?.into_iter().next().ok_or_else(|| Error::no_such_record("solution", id))
}

fn read(cx: &ReadCx<'_>, filter: Option<ResolvedFilter>) -> Result<Vec<Installed>> {
    let rows = system::rows(cx.tx, cx.snapshot.require("solution")?, &["ismanaged", "version", "publisherid", "uniquename"], filter)?;
    let installed = |row: &system::SystemRow| Installed {
        id: row.id,
        unique_name: row.text(3).to_owned(),
        managed: matches!(row.value(0), Value::Bool(true)),
        version: row.text(1).to_owned(),
        publisher: row.value(2).id(),
    };
    Ok(rows.iter().map(installed).collect())
}

/// Refuses a solution operation while another one waits or runs as a job (SOL-16). Operations inside of requests cannot meet: units run one after the other.
///
/// # Errors
/// 0x80071151.
pub(crate) fn refuse_beside_jobs(cx: &WriteCx<'_>) -> Result<()> {
    let table = Arc::clone(cx.snapshot.require("asyncoperation")?);
    let kinds = vec![Value::Int(IMPORT_SOLUTION), Value::Int(PROMOTE_SOLUTION), Value::Int(UNINSTALL_SOLUTION)];
    let open = ResolvedFilter::And(vec![
        condition(table.require("operationtype")?, Test::In(kinds)),
        condition(table.require("statecode")?, Test::Compare(Comparison::NotEqual, Value::Int(COMPLETED))),
    ]);
    match system::rows(cx.tx.as_read(), &table, &["name"], Some(open))?.first() {
        Some(job) => Err(Error::new(
            ErrorCode::SolutionConcurrencyFailure,
            format!("Another solution operation waits or runs: {} (asyncoperationid {}). Try again when it has ended.", job.text(0), job.id),
        )),
        None => Ok(()),
    }
}

fn condition(column: ColumnIx, test: Test) -> ResolvedFilter {
    ResolvedFilter::Condition(ResolvedCondition { source: Source::ROOT, column, test })
}

/// Checks and completes a new row of `solution` that a customizer makes: an unmanaged solution (SOL-35).
///
/// # Errors
/// 0x8004F002 for the unique name, 0x8004F023 when it is taken, 0x8004F01E for the version, 0x80040200 without a publisher.
pub(crate) fn check_solution_row(cx: &WriteCx<'_>, table: &Table, cells: &mut Vec<(ColumnIx, Value)>) -> Result<()> {
    let name = text_of(table, cells, "uniquename")?;
    check_unique_name(&name).map_err(|error| package_error(&error))?;
    if find(&cx.read(), &name)?.is_some() {
        return Err(Error::new(ErrorCode::SolutionUniqueNameTaken, format!("A solution with the unique name '{name}' exists.")));
    }
    let version = text_of(table, cells, "version")?;
    if version.is_empty() {
        set(cells, table.require("version")?, Value::text(VERSION_DEFAULT));
    } else {
        version.parse::<SolutionVersion>().map_err(|error| package_error(&error))?;
    }
    let publisher = table.require("publisherid")?;
    if get(cells, publisher).is_none_or(Value::is_null) {
        return Err(Error::new(ErrorCode::RequiredFieldMissing, "Required field missing: a solution must have a publisher ('publisherid')."));
    }
    set(cells, table.require("installedon")?, Value::DateTime(cx.now_s));
    Ok(())
}

/// Checks a changed row of `solution`: its version stays one (SOL-21).
///
/// # Errors
/// 0x8004F01E.
pub(crate) fn check_solution_change(table: &Table, cells: &[(ColumnIx, Value)]) -> Result<()> {
    match get(cells, table.require("version")?) {
        Some(Value::Text(version)) => version.parse::<SolutionVersion>().map(|_| ()).map_err(|error| package_error(&error)),
        _ => Ok(()),
    }
}

/// Checks a new row of `publisher` that a customizer makes.
///
/// # Errors
/// 0x80040203 for the unique name or the prefix, 0x80040237 when the name is taken, 0x80048402 for the option prefix.
pub(crate) fn check_publisher_row(cx: &WriteCx<'_>, table: &Table, cells: &[(ColumnIx, Value)]) -> Result<()> {
    let name = text_of(table, cells, "uniquename")?;
    publishers::check_name(&name)?;
    if publishers::find(cx, &name)?.is_some() {
        return Err(Error::new(ErrorCode::DuplicateRecord, format!("A publisher with the unique name '{name}' exists.")));
    }
    publishers::check_prefix(&text_of(table, cells, "customizationprefix")?)?;
    check_publisher_change(table, cells)
}

/// Checks a changed row of `publisher`.
///
/// # Errors
/// 0x80040203 for the prefix, 0x80048402 for the option prefix.
pub(crate) fn check_publisher_change(table: &Table, cells: &[(ColumnIx, Value)]) -> Result<()> {
    if let Some(Value::Text(prefix)) = get(cells, table.require("customizationprefix")?) {
        publishers::check_prefix(prefix)?;
    }
    match get(cells, table.require("customizationoptionvalueprefix")?) {
        Some(Value::Int(prefix)) => publishers::check_option_prefix(*prefix),
        _ => Ok(()),
    }
}

fn text_of(table: &Table, cells: &[(ColumnIx, Value)], column: &str) -> Result<String> {
    Ok(match get(cells, table.require(column)?) {
        Some(Value::Text(text)) => text.clone(),
        _ => String::new(),
    })
}

/// What a caller reads of a package that cannot be read.
pub(crate) fn package_error(error: &PackageError) -> Error {
    let code = match error {
        PackageError::PackageVersionTooNew { .. } => ErrorCode::ImportPackageVersion,
        PackageError::BadVersion { .. } => ErrorCode::InvalidSolutionVersion,
        PackageError::BadUniqueName { .. } => ErrorCode::InvalidSolutionUniqueName,
        PackageError::NotAZip { .. }
        | PackageError::BadEntry { .. }
        | PackageError::MissingPart { .. }
        | PackageError::BadXml { .. }
        | PackageError::TooLarge { .. }
        | PackageError::Unsupported { .. }
        | PackageError::Unwritable { .. } => ErrorCode::ImportBadZipFile,
    };
    Error::new(code, format!("{} ({error})", code.text()))
}

/// True if definitions of this table come with the program.
fn is_built_in(snapshot: &Snapshot, table: &str) -> bool {
    snapshot.find(table).is_some_and(|table| !table.def.custom)
}

#[cfg(test)]
mod tests;
