//! ImportSolution, StageAndUpgrade and their asynchronous forms: a package becomes tables, columns, keys and relationships, all of it or nothing (web-api 27, SOL-13).

use std::sync::Arc;

use driftless_model::{Error, ErrorCode, Limits, Result, Scopes, Uuid};
use driftless_solution_file::{Package, PackageLimits, read};
use driftless_store::Length;

use super::{Arg, Args, Binding, ComplexType, MessageDef, MessageKind, Outputs, Param, ParamType as T, Run, missing, opt, req};
use crate::context::WriteCx;
use crate::solutions::import::{self, ImportOptions};
use crate::solutions::{self, queue_import, uploads};

pub(super) const FILE: &str = "CustomizationFile";
const JOB: &str = "ImportJobId";
const HOLDING: &str = "HoldingSolution";
const CONVERT: &str = "ConvertToManaged";
const SOLUTION_PARAMETERS: &str = "SolutionParameters";
const STAGED: &str = "StageSolutionUploadId";
/// The package that `prepare` read: no parameter of the wire has this name.
pub(super) const PACKAGE: &str = "(package)";

const PARAMETERS: ComplexType = ComplexType { name: "SolutionParameters", members: &[opt(STAGED, T::Guid)] };

/// Those that clients send. What is not read has no meaning here: there are no workflows, and one layer of definitions.
const INPUT: &[Param] = &[
    opt(FILE, T::Bytes),
    opt(JOB, T::Guid),
    opt("OverwriteUnmanagedCustomizations", T::Bool),
    opt("PublishWorkflows", T::Bool),
    opt(CONVERT, T::Bool),
    opt("SkipProductUpdateDependencies", T::Bool),
    opt(HOLDING, T::Bool),
    opt("SkipQueueRibbonJob", T::Any),
    opt("AsyncRibbonProcessing", T::Any),
    opt("LayerDesiredOrder", T::Any),
    opt("ComponentParameters", T::Any),
    opt(SOLUTION_PARAMETERS, T::Complex(&PARAMETERS)),
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
    output: &[req("AsyncOperationId", T::Guid), req("ImportJobKey", T::Text)],
    length: Length::Short,
    run: Run::Write(run_async),
    on_failure: None,
    ..DEF
};

pub(super) const UPGRADE: MessageDef = MessageDef { name: "StageAndUpgrade", output: &[req("SolutionId", T::Guid)], run: Run::Write(upgrade), ..DEF };

pub(super) const UPGRADE_ASYNC: MessageDef = MessageDef { name: "StageAndUpgradeAsync", run: Run::Write(upgrade_async), ..ASYNC };

/// Reads the package, outside of any transaction (ADR 0003). One that was staged is read from its row later.
pub(super) fn prepare(args: &mut Args, _: &Limits) -> Result<()> {
    if let Some(Arg::Bytes(bytes)) = args.get(FILE).filter(|_| staged(args).is_none()) {
        let package = parse(bytes)?;
        args.0.push((PACKAGE, Arg::Package(Arc::new(package))));
    }
    if args.flag(CONVERT) {
        let message = "ConvertToManaged is not supported: a managed component does not take over an unmanaged one. Delete the unmanaged ones first, or import without it.";
        return Err(Error::new(ErrorCode::NotSupported, message));
    }
    Ok(())
}

fn run(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    import(cx, args, false).map(|_| Outputs::default())
}

fn upgrade(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    let name = import(cx, args, true)?;
    let solution = solutions::require_named(&cx.read(), &name)?;
    Ok(Outputs(vec![("SolutionId", Arg::Guid(solution.id))]))
}

/// Imports inside the request. Gives the solution's unique name.
fn import(cx: &mut WriteCx<'_>, args: &Args, is_upgrade: bool) -> Result<String> {
    solutions::refuse_beside_jobs(cx)?;
    let job = new_job(cx, args)?;
    let (package, _) = given(cx, args)?;
    import::run(cx, &package, job, &options(args, is_upgrade))?;
    Ok(package.manifest.unique_name.clone())
}

fn run_async(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    queue(cx, args, false)
}

fn upgrade_async(cx: &mut WriteCx<'_>, args: &Args) -> Result<Outputs> {
    queue(cx, args, true)
}

fn queue(cx: &mut WriteCx<'_>, args: &Args, is_upgrade: bool) -> Result<Outputs> {
    solutions::refuse_beside_jobs(cx)?;
    let import_job = new_job(cx, args)?;
    let (package, bytes) = given(cx, args)?;
    let job = queue_import(cx, &package, &bytes, import_job, options(args, is_upgrade))?;
    Ok(Outputs(vec![("AsyncOperationId", Arg::Guid(job)), ("ImportJobKey", Arg::Text(import_job.to_string()))]))
}

/// Leaves the import job's row with the error. The row of another import that has the same id stays as it is.
fn record_failure(cx: &mut WriteCx<'_>, args: &Args, error: &Error) -> Result<()> {
    let job = args.guid(JOB).unwrap_or_else(|| cx.new_id());
    if import::job_exists(cx, job)? {
        return Ok(());
    }
    // A staged package that is not there has no name to record.
    let package = given(cx, args).ok().map(|(package, _)| package);
    import::write_failure(cx, package.as_deref(), job, error)
}

/// The id of the import job's row: the caller's, or a new one (SOL-22).
fn new_job(cx: &WriteCx<'_>, args: &Args) -> Result<Uuid> {
    let Some(job) = args.guid(JOB) else { return Ok(cx.new_id()) };
    if import::job_exists(cx, job)? {
        return Err(Error::new(ErrorCode::DuplicateRecord, format!("There is an import job with the id {job} already. Give each import an id of its own.")));
    }
    Ok(job)
}

fn options(args: &Args, is_upgrade: bool) -> ImportOptions {
    ImportOptions { holding: args.flag(HOLDING) && !is_upgrade, upgrade: is_upgrade, staged: staged(args) }
}

/// The upload that the caller names in place of a package's bytes.
fn staged(args: &Args) -> Option<Uuid> {
    match args.get(SOLUTION_PARAMETERS)?.member(STAGED)? {
        Arg::Guid(id) => Some(*id),
        _ => None,
    }
}

/// The package and its bytes: staged ones, else the caller's.
fn given(cx: &WriteCx<'_>, args: &Args) -> Result<(Arc<Package>, Arc<[u8]>)> {
    if let Some(upload) = staged(args) {
        let bytes = uploads::bytes(&cx.read(), uploads::STAGED, upload)?;
        return Ok((Arc::new(parse(&bytes)?), Arc::from(bytes)));
    }
    match (args.get(PACKAGE), args.get(FILE)) {
        (Some(Arg::Package(package)), Some(Arg::Bytes(bytes))) => Ok((Arc::clone(package), Arc::clone(bytes))),
        _ => Err(missing(FILE)),
    }
}

fn parse(bytes: &[u8]) -> Result<Package> {
    read(bytes, &PackageLimits::default()).map_err(|error| solutions::package_error(&error))
}
