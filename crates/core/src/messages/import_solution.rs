//! ImportSolution and ImportSolutionAsync: a package becomes tables, columns, keys and relationships, all of it or nothing (web-api 27, SOL-13).

use std::sync::Arc;

use driftless_model::{Error, ErrorCode, Limits, Result, Scopes, Uuid};
use driftless_solution_file::{Package, PackageLimits, read};
use driftless_store::Length;

use super::{Arg, Args, Binding, MessageDef, MessageKind, Outputs, Param, ParamType as T, Run, missing, opt, req};
use crate::context::WriteCx;
use crate::solutions::import::{self, ImportOptions};
use crate::solutions::{self, queue_import};

const FILE: &str = "CustomizationFile";
const JOB: &str = "ImportJobId";
const HOLDING: &str = "HoldingSolution";
/// The package that `prepare` read: no parameter of the wire has this name.
const PACKAGE: &str = "(package)";

/// Those that clients send. What is not read has no meaning here: there are no workflows, and one layer of definitions.
const INPUT: &[Param] = &[
    req(FILE, T::Bytes),
    opt(JOB, T::Guid),
    opt("OverwriteUnmanagedCustomizations", T::Bool),
    opt("PublishWorkflows", T::Bool),
    opt("ConvertToManaged", T::Bool),
    opt("SkipProductUpdateDependencies", T::Bool),
    opt(HOLDING, T::Bool),
    opt("SkipQueueRibbonJob", T::Any),
    opt("AsyncRibbonProcessing", T::Any),
    opt("LayerDesiredOrder", T::Any),
    opt("ComponentParameters", T::Any),
    opt("SolutionParameters", T::Any),
    opt("IsTemplateMode", T::Any),
    opt("TemplateDisplayNamePrefix", T::Any),
    opt("TemplateSuffix", T::Any),
];

pub(super) const DEF: MessageDef = MessageDef {
    name: "ImportSolution",
    kind: MessageKind::Action,
    binding: Binding::None,
    scope: Scopes::ADMIN,
    input: INPUT,
    output: &[],
    length: Length::Long,
    prepare: Some(prepare),
    run: Run::Write(run),
    on_failure: Some(record_failure),
};

pub(super) const ASYNC: MessageDef = MessageDef {
    name: "ImportSolutionAsync",
    kind: MessageKind::Action,
    binding: Binding::None,
    scope: Scopes::ADMIN,
    input: INPUT,
    output: &[req("AsyncOperationId", T::Guid), req("ImportJobKey", T::Guid)],
    length: Length::Short,
    prepare: Some(prepare),
    run: Run::Write(run_async),
    on_failure: None,
};

/// Reads the package, outside of any transaction (ADR 0003).
fn prepare(args: &mut Args, _: &Limits) -> Result<()> {
    let package = read(bytes(args)?, &PackageLimits::default()).map_err(|error| solutions::package_error(&error))?;
    args.0.push((PACKAGE, Arg::Package(Arc::new(package))));
    Ok(())
}

fn run(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    solutions::refuse_beside_jobs(cx)?;
    let job = new_job(cx, args)?;
    import::run(cx, package(args)?, job, &options(args))?;
    Ok(Outputs::default())
}

fn run_async(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    solutions::refuse_beside_jobs(cx)?;
    let import_job = new_job(cx, args)?;
    let job = queue_import(cx, package(args)?, bytes(args)?, import_job, options(args))?;
    Ok(Outputs(vec![("AsyncOperationId", Arg::Guid(job)), ("ImportJobKey", Arg::Guid(import_job))]))
}

/// Leaves the import job's row with the error. The row of another import that has the same id stays as it is.
fn record_failure(cx: &mut WriteCx<'_>, args: &Args, error: &Error) -> Result<()> {
    let job = args.guid(JOB).unwrap_or_else(|| cx.new_id());
    if import::job_exists(cx, job)? { Ok(()) } else { import::write_failure(cx, Some(package(args)?), job, error) }
}

/// The id of the import job's row: the caller's, or a new one (SOL-22).
fn new_job(cx: &WriteCx<'_>, args: &Args) -> Result<Uuid> {
    let Some(job) = args.guid(JOB) else { return Ok(cx.new_id()) };
    if import::job_exists(cx, job)? {
        return Err(Error::new(ErrorCode::DuplicateRecord, format!("There is an import job with the id {job} already. Give each import an id of its own.")));
    }
    Ok(job)
}

fn options(args: &Args) -> ImportOptions {
    ImportOptions { holding: args.flag(HOLDING) }
}

fn bytes(args: &Args) -> Result<&[u8]> {
    match args.get(FILE) {
        Some(Arg::Bytes(bytes)) => Ok(bytes),
        _ => Err(missing(FILE)),
    }
}

fn package(args: &Args) -> Result<&Package> {
    match args.get(PACKAGE) {
        Some(Arg::Package(package)) => Ok(package),
        _ => Err(missing(FILE)),
    }
}
