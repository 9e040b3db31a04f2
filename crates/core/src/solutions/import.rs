//! Import of a package as one unit: all of it, or nothing (SOL-13).

use driftless_model::{Error, ErrorCode, Label, Reference, Result, Uuid, Value};
use driftless_solution_file::{Package, SolutionVersion};

use super::apply::{self, Installing};
use super::publishers::clip;
use super::{Installed, plan, publishers, report};
use crate::context::WriteCx;
use crate::records::load;
use crate::records::system;

/// Progress of an import that is done.
const DONE: f64 = 100.0;

/// How a package is imported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct ImportOptions {
    /// The package is the first half of an upgrade.
    pub(crate) holding: bool,
}

/// Imports a package and writes what was done to the import job's row `job`, which may be there already.
///
/// # Errors
/// 0x80048040 and 0x80048041 for the mode, 0x8004801C for the publisher, 0x80048541 for the version (SOL-16, SOL-17), 0x8004801D for missing tables, 0x8004F016 for
/// a managed component over an unmanaged one, and what the definitions refuse.
pub(crate) fn run(cx: &mut WriteCx<'_>, package: &Package, job: Uuid, options: &ImportOptions) -> Result<()> {
    let manifest = &package.manifest;
    let installed = super::find(&cx.read(), &manifest.unique_name)?;
    check_update(cx, package, installed.as_ref(), options)?;
    let publisher = publisher(cx, package, installed.as_ref())?;
    let plan = plan::plan(package, &cx.snapshot)?;
    let installing = Installing {
        solution: installed.as_ref().map_or_else(|| cx.new_id(), |installed| installed.id),
        managed: manifest.managed,
        version: manifest.version.to_string(),
        prefix: manifest.publisher.prefix.clone().unwrap_or_default(),
    };
    apply::run(cx, &plan, &installing)?;
    write_solution(cx, package, &installing, publisher, installed.is_some())?;
    let document = report::document(manifest, &plan.entries, cx.now_s, cx.services.environment.now_ms().div_euclid(1_000));
    write_job(
        cx,
        job,
        &[
            ("name", Value::text(manifest.unique_name.as_str())),
            ("solutionname", Value::text(manifest.unique_name.as_str())),
            ("solutionid", Value::Guid(installing.solution)),
            ("progress", Value::Float(DONE)),
            ("data", Value::text(document)),
            ("completedon", Value::DateTime(cx.now_s)),
        ],
    )
}

/// Refuses an import that cannot follow what is installed (SOL-16, SOL-17).
fn check_update(cx: &WriteCx<'_>, package: &Package, installed: Option<&Installed>, options: &ImportOptions) -> Result<()> {
    let manifest = &package.manifest;
    let Some(installed) = installed else { return refuse_holding(options) };
    if installed.id == cx.services.facts.default_solution {
        return Err(Error::new(ErrorCode::InvalidSolutionUniqueName, format!("The unique name '{}' is that of the default solution.", manifest.unique_name)));
    }
    match (installed.managed, manifest.managed) {
        (false, true) => return Err(Error::of(ErrorCode::ImportManagedOverUnmanaged)),
        (true, false) => return Err(Error::of(ErrorCode::ImportUnmanagedOverManaged)),
        (true, true) | (false, false) => {}
    }
    // A version that a customizer wrote by hand and that is none is below every other.
    let present = installed.version.parse::<SolutionVersion>().ok();
    let too_low = present.is_some_and(|present| manifest.version < present || (options.holding && manifest.version == present));
    if too_low {
        let message = format!(
            "The package has version {} of '{}', and version {} is installed; {}.",
            manifest.version,
            manifest.unique_name,
            installed.version,
            if options.holding { "an upgrade must have a higher version" } else { "an update must not have a lower version" }
        );
        return Err(Error::new(ErrorCode::LowerVersionUpgrade, message));
    }
    refuse_holding(options)
}

fn refuse_holding(options: &ImportOptions) -> Result<()> {
    if options.holding {
        return Err(Error::new(ErrorCode::NotSupported, "HoldingSolution is not supported: solutions are updated in place. Import the package without it."));
    }
    Ok(())
}

/// The publisher of the package: matched by its unique name, made if it is missing (SOL-14).
fn publisher(cx: &mut WriteCx<'_>, package: &Package, installed: Option<&Installed>) -> Result<Uuid> {
    let publisher = &package.manifest.publisher;
    let found = publishers::find(cx, &publisher.unique_name)?;
    if let Some(installed) = installed
        && installed.publisher != found
    {
        let message = format!("The installed solution '{}' has another publisher than '{}'.", package.manifest.unique_name, publisher.unique_name);
        return Err(Error::new(ErrorCode::ImportWrongPublisher, message));
    }
    match found {
        Some(id) => Ok(id),
        None => publishers::make(cx, publisher, package.manifest.managed),
    }
}

/// The solution's row, last (SOL-14): who sees it sees its components.
fn write_solution(cx: &mut WriteCx<'_>, package: &Package, installing: &Installing, publisher: Uuid, is_update: bool) -> Result<()> {
    let manifest = &package.manifest;
    let language = cx.caller.language;
    let friendly_name = Label::from_iter(manifest.labels.clone()).text(language).unwrap_or(&manifest.unique_name).to_owned();
    let description = Label::from_iter(manifest.descriptions.clone()).text(language).unwrap_or_default().to_owned();
    let publishers = cx.snapshot.require("publisher")?.def.code;
    let mut values = vec![
        ("friendlyname", Value::text(clip(&friendly_name, 256))),
        ("description", Value::text(clip(&description, 2_000))),
        ("version", Value::text(installing.version.as_str())),
        ("solutionpackageversion", manifest.package_version.map_or(Value::Null, |version| Value::text(version.to_string()))),
        ("updatedon", Value::DateTime(cx.now_s)),
    ];
    if is_update {
        return system::update(cx, "solution", installing.solution, &values).map(|_| ());
    }
    values.extend([
        ("uniquename", Value::text(manifest.unique_name.as_str())),
        ("publisherid", Value::Ref(Reference { table: publishers, id: publisher })),
        ("ismanaged", Value::Bool(manifest.managed)),
        ("installedon", Value::DateTime(cx.now_s)),
    ]);
    system::insert(cx, "solution", Some(installing.solution), &values).map(|_| ())
}

/// Writes columns of an import job's row, which is made if it is missing.
pub(crate) fn write_job(cx: &mut WriteCx<'_>, job: Uuid, values: &[(&str, Value)]) -> Result<()> {
    if system::update(cx, "importjob", job, values)? {
        return Ok(());
    }
    let mut values = values.to_vec();
    if !values.iter().any(|(name, _)| *name == "startedon") {
        values.push(("startedon", Value::DateTime(cx.now_s)));
    }
    system::insert(cx, "importjob", Some(job), &values).map(|_| ())
}

/// True if there is an import job's row with this id.
pub(crate) fn job_exists(cx: &WriteCx<'_>, job: Uuid) -> Result<bool> {
    load::exists(cx.tx.as_read(), cx.snapshot.require("importjob")?, job)
}

/// What is left of an import that failed: the import job's row with the error (SOL-22).
pub(crate) fn write_failure(cx: &mut WriteCx<'_>, package: Option<&Package>, job: Uuid, error: &Error) -> Result<()> {
    let manifest = package.map(|package| &package.manifest);
    let document = report::failure(manifest, error, cx.now_s);
    let mut values = vec![("progress", Value::Float(0.0)), ("data", Value::text(document)), ("completedon", Value::DateTime(cx.now_s))];
    // The row of a package that cannot be read keeps the name with which it was queued.
    if let Some(manifest) = manifest {
        let name = Value::text(manifest.unique_name.as_str());
        values.extend([("name", name.clone()), ("solutionname", name)]);
    }
    write_job(cx, job, &values)
}
