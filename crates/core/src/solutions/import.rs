//! Import of a package as one unit: all of it, or nothing (SOL-13).

use driftless_model::{Error, ErrorCode, Label, Reference, Result, Uuid, Value};
use driftless_solution_file::{DependencyEnd, MissingDependency, Package, SolutionVersion};

use super::apply::{self, Installing};
use super::publishers::clip;
use super::{Installed, plan, publishers, report, upgrade, uploads};
use crate::context::WriteCx;
use crate::metadata::Snapshot;
use crate::records::load;
use crate::records::system;

/// Progress of an import that is done.
const DONE: f64 = 100.0;
/// Most components that the judgment of a package names.
const COMPONENTS_MAX: usize = 1_000;

/// How a package is imported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct ImportOptions {
    /// The package is the first half of an upgrade: it is installed beside the version that is there.
    pub(crate) holding: bool,
    /// The package takes the place of the version that is there, in one unit.
    #[serde(default)]
    pub(crate) upgrade: bool,
    /// The staged package that is imported; it goes with the import.
    #[serde(default)]
    pub(crate) staged: Option<Uuid>,
}

/// Imports a package and writes what was done to the import job's row `job`, which may be there already.
///
/// # Errors
/// 0x80048040 and 0x80048041 for the mode, 0x8004801C for the publisher, 0x80048541 for the version (SOL-16, SOL-17), 0x8004801D for missing tables, 0x8004F016 for
/// a managed component over an unmanaged one, and what the definitions refuse.
pub(crate) fn run(cx: &mut WriteCx<'_>, package: &Package, job: Uuid, options: &ImportOptions) -> Result<()> {
    let manifest = &package.manifest;
    let present = super::find(&cx.read(), &manifest.unique_name)?;
    check_update(cx, package, present.as_ref(), options)?;
    // An upgrade of nothing is an installation.
    let is_beside = options.holding || (options.upgrade && present.is_some());
    let unique_name = if is_beside { upgrade::holding_name(&manifest.unique_name) } else { manifest.unique_name.clone() };
    let publisher = publisher(cx, package, present.as_ref())?;
    let installed = present.filter(|_| !is_beside);
    let plan = plan::plan(package, &cx.snapshot)?;
    let installing = Installing {
        solution: installed.as_ref().map_or_else(|| cx.new_id(), |installed| installed.id),
        managed: manifest.managed,
        version: manifest.version.to_string(),
        prefix: manifest.publisher.prefix.clone().unwrap_or_default(),
    };
    apply::run(cx, &plan, &installing)?;
    write_solution(cx, package, &installing, publisher, &unique_name, installed.is_some())?;
    if options.upgrade && is_beside {
        upgrade::promote(cx, &manifest.unique_name)?;
    }
    if let Some(staged) = options.staged {
        system::delete(cx, uploads::STAGED, staged)?;
    }
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

/// One end of a dependency of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnmetEnd {
    pub(crate) kind: Option<i32>,
    pub(crate) name: String,
    pub(crate) display_name: Option<String>,
    pub(crate) parent: Option<String>,
}

/// What a package says it needs, and that is not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unmet {
    pub(crate) required: UnmetEnd,
    pub(crate) dependent: UnmetEnd,
    /// The solution that has what is needed.
    pub(crate) solution: Option<String>,
}

/// What a package says it needs, and that is not here.
pub(crate) fn unmet(snapshot: &Snapshot, package: &Package) -> Vec<Unmet> {
    let end = |end: &DependencyEnd| {
        let text = |name: &str| end.attributes.get(name).cloned();
        UnmetEnd {
            kind: end.component_type(),
            name: end.schema_name().unwrap_or_default().to_owned(),
            display_name: text("displayName"),
            parent: text("parentSchemaName"),
        }
    };
    let of = |dependency: &MissingDependency| Unmet {
        required: end(&dependency.required),
        dependent: end(&dependency.dependent),
        solution: dependency.required.solution().map(str::to_owned),
    };
    plan::unmet(package, snapshot).into_iter().map(of).collect()
}

/// Judges a package without importing it. Gives name and kind of its components, without columns.
///
/// # Errors
/// What the import would be refused with, as far as the definitions need not be changed to know.
pub(crate) fn judge(cx: &WriteCx<'_>, package: &Package) -> Result<Vec<(String, String)>> {
    let installed = super::find(&cx.read(), &package.manifest.unique_name)?;
    check_update(cx, package, installed.as_ref(), &ImportOptions::default())?;
    check_publisher(cx, package, installed.as_ref())?;
    let plan = plan::plan(package, &cx.snapshot)?;
    let components = plan.entries.into_iter().filter(|entry| entry.kind != "attribute").take(COMPONENTS_MAX);
    Ok(components.map(|entry| (entry.name, entry.kind)).collect())
}

/// Refuses an import that cannot follow what is installed (SOL-16, SOL-17).
fn check_update(cx: &WriteCx<'_>, package: &Package, installed: Option<&Installed>, options: &ImportOptions) -> Result<()> {
    let manifest = &package.manifest;
    upgrade::refuse_beside_holding(cx, &manifest.unique_name)?;
    if options.holding || (options.upgrade && installed.is_some()) {
        upgrade::check_holding(manifest, installed)?;
    }
    let Some(installed) = installed else { return Ok(()) };
    match (installed.managed, manifest.managed) {
        (false, true) => return Err(Error::of(ErrorCode::ImportManagedOverUnmanaged)),
        (true, false) => return Err(Error::of(ErrorCode::ImportUnmanagedOverManaged)),
        (true, true) | (false, false) => {}
    }
    // A version that a customizer wrote by hand and that is none is below every other.
    let present = installed.version.parse::<SolutionVersion>().ok();
    let too_low = present.is_some_and(|present| manifest.version < present || ((options.holding || options.upgrade) && manifest.version == present));
    if too_low {
        let message = format!(
            "The package has version {} of '{}', and version {} is installed; {}.",
            manifest.version,
            manifest.unique_name,
            installed.version,
            if options.holding || options.upgrade { "an upgrade must have a higher version" } else { "an update must not have a lower version" }
        );
        return Err(Error::new(ErrorCode::LowerVersionUpgrade, message));
    }
    Ok(())
}

/// The publisher of the package: matched by its unique name, made if it is missing (SOL-14).
fn publisher(cx: &mut WriteCx<'_>, package: &Package, installed: Option<&Installed>) -> Result<Uuid> {
    match check_publisher(cx, package, installed)? {
        Some(id) => Ok(id),
        None => publishers::make(cx, &package.manifest.publisher, package.manifest.managed),
    }
}

/// The publisher of the package, if it is here; an installed solution keeps its own.
fn check_publisher(cx: &WriteCx<'_>, package: &Package, installed: Option<&Installed>) -> Result<Option<Uuid>> {
    let publisher = &package.manifest.publisher;
    let found = publishers::find(cx, &publisher.unique_name)?;
    if let Some(installed) = installed
        && installed.publisher != found
    {
        let message = format!("The installed solution '{}' has another publisher than '{}'.", package.manifest.unique_name, publisher.unique_name);
        return Err(Error::new(ErrorCode::ImportWrongPublisher, message));
    }
    Ok(found)
}

/// The solution's row, last (SOL-14): who sees it sees its components.
fn write_solution(cx: &mut WriteCx<'_>, package: &Package, installing: &Installing, publisher: Uuid, unique_name: &str, is_update: bool) -> Result<()> {
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
        ("uniquename", Value::text(unique_name)),
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
