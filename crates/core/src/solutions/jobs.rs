//! Solution operations as jobs: queued by a message, run after it. The package waits in the import job's row until it is imported.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use driftless_model::{Error, Result, Uuid, Value};
use driftless_query::ResolvedCondition;
use driftless_solution_file::{Package, PackageLimits, read};
use driftless_store::Length;
use serde::{Deserialize, Serialize};

use super::import::{self, ImportOptions};
use super::{export, uninstall, upgrade, uploads};
use crate::context::WriteCx;
use crate::jobs::{EXPORT_SOLUTION, IMPORT_SOLUTION, PROMOTE_SOLUTION, UNINSTALL_SOLUTION, row};
use crate::organization::Organization;
use crate::records::system;

/// What an import's job needs (`asyncoperation.data`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ImportPayload {
    import_job: Uuid,
    options: ImportOptions,
}

/// What an export's job needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ExportPayload {
    solution: String,
    managed: bool,
    upload: Uuid,
}

/// What the job that ends an upgrade needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PromotePayload {
    solution: String,
}

/// What a removal's job needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct UninstallPayload {
    solution: Uuid,
}

/// Queues the import of a package whose bytes are given. Gives the job's id.
pub(crate) fn queue_import(cx: &mut WriteCx<'_>, package: &Package, bytes: &[u8], import_job: Uuid, options: ImportOptions) -> Result<Uuid> {
    let name = &package.manifest.unique_name;
    let values = [
        ("name", Value::text(name.as_str())),
        ("solutionname", Value::text(name.as_str())),
        ("progress", Value::Float(0.0)),
        ("data", Value::text(STANDARD.encode(bytes))),
    ];
    import::write_job(cx, import_job, &values)?;
    row::queue(cx, IMPORT_SOLUTION, "ImportSolutionAsync", &format!("Import solution {name}"), &ImportPayload { import_job, options }, &[])
}

/// Queues the removal of a solution. Gives the job's id.
pub(crate) fn queue_uninstall(cx: &mut WriteCx<'_>, solution: Uuid, unique_name: &str) -> Result<Uuid> {
    row::queue(cx, UNINSTALL_SOLUTION, "UninstallSolutionAsync", &format!("Uninstall solution {unique_name}"), &UninstallPayload { solution }, &[])
}

/// Queues an export whose package will be kept under the id `upload`. Gives the job's id.
pub(crate) fn queue_export(cx: &mut WriteCx<'_>, unique_name: &str, managed: bool, upload: Uuid) -> Result<Uuid> {
    let payload = ExportPayload { solution: unique_name.to_owned(), managed, upload };
    row::queue(cx, EXPORT_SOLUTION, "ExportSolutionAsync", &format!("Export solution {unique_name}"), &payload, &[])
}

/// Queues the end of an upgrade. Gives the job's id.
pub(crate) fn queue_promote(cx: &mut WriteCx<'_>, unique_name: &str) -> Result<Uuid> {
    let payload = PromotePayload { solution: unique_name.to_owned() };
    row::queue(cx, PROMOTE_SOLUTION, "DeleteAndPromoteAsync", &format!("Delete and promote solution {unique_name}"), &payload, &[])
}

/// Runs the job of an import. On failure nothing is imported, the import job's row says why, and the runner marks the job.
///
/// # Errors
/// What the import is refused with.
pub(crate) fn run_import_job(organization: &Organization, job: Uuid) -> Result<()> {
    let snapshot = organization.snapshot();
    let payload: ImportPayload = organization.store().reading(|tx| row::payload(tx, snapshot.require("asyncoperation")?, job))?;
    let package = begin_import(organization, job, payload.import_job).map(Arc::new);
    let imported = match &package {
        Ok(package) => {
            let package = Arc::clone(package);
            organization.run_own(Length::Long, move |cx| {
                import::run(cx, &package, payload.import_job, &payload.options)?;
                row::succeed(cx, job)
            })
        }
        Err(error) => Err(copy(error)),
    };
    if let Err(error) = &imported {
        let (error, package) = (copy(error), package.ok());
        organization.run_own(Length::Short, move |cx| import::write_failure(cx, package.as_deref(), payload.import_job, &error))?;
    }
    imported
}

/// Marks the job of an import as running and reads the package.
fn begin_import(organization: &Organization, job: Uuid, import_job: Uuid) -> Result<Package> {
    let text = organization.run_own(Length::Short, move |cx| {
        row::begin(cx, job)?;
        package_text(cx, import_job)
    })?;
    let bytes = STANDARD.decode(text.as_bytes()).map_err(|error| Error::damaged("the package of a job cannot be read").because(error))?;
    read(&bytes, &PackageLimits::default()).map_err(|error| super::package_error(&error))
}

/// Runs the job of a removal. On failure nothing is removed, and the runner marks the job.
///
/// # Errors
/// What the removal is refused with.
pub(crate) fn run_uninstall_job(organization: &Organization, job: Uuid) -> Result<()> {
    let payload: UninstallPayload = organization.run_own(Length::Short, move |cx| row::start(cx, job))?;
    organization.run_own(Length::Long, move |cx| {
        uninstall::remove(cx, payload.solution)?;
        row::succeed(cx, job)
    })
}

/// Runs the job of an export.
///
/// # Errors
/// What the export is refused with.
pub(crate) fn run_export_job(organization: &Organization, job: Uuid) -> Result<()> {
    let payload: ExportPayload = organization.run_own(Length::Short, move |cx| row::start(cx, job))?;
    organization.run_own(Length::Long, move |cx| {
        let bytes = export::run(&cx.read(), &payload.solution, payload.managed)?;
        uploads::keep(cx, uploads::EXPORTED, payload.upload, &payload.solution, &bytes)?;
        row::succeed(cx, job)
    })
}

/// Runs the job that ends an upgrade. On failure nothing has changed, and the runner marks the job.
///
/// # Errors
/// What the promotion is refused with.
pub(crate) fn run_promote_job(organization: &Organization, job: Uuid) -> Result<()> {
    let payload: PromotePayload = organization.run_own(Length::Short, move |cx| row::start(cx, job))?;
    organization.run_own(Length::Long, move |cx| {
        upgrade::promote(cx, &payload.solution)?;
        row::succeed(cx, job)
    })
}

fn package_text(cx: &WriteCx<'_>, import_job: Uuid) -> Result<String> {
    let table = Arc::clone(cx.snapshot.require("importjob")?);
    let rows = system::rows(cx.tx.as_read(), &table, &["data"], Some(ResolvedCondition::equals(table.id, Value::Guid(import_job))))?;
    rows.first().map(|row| row.text(0).to_owned()).ok_or_else(|| Error::no_such_record("importjob", import_job))
}

/// What a caller may read of an error: errors cannot be cloned.
fn copy(error: &Error) -> Error {
    Error::new(error.code(), error.message())
}
