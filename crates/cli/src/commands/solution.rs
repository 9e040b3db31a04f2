//! `solution`: packages in and out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use driftless_client::{Connection, ImportOptions, ImportReport, Solution};
use driftless_solution_file::{PackageLimits, read};
use serde_json::{Value, json};

use super::Context;
use crate::arguments::ServiceArguments;
use crate::exit::{Exit, Failure};
use crate::output::{Output, columns, yes_no};
use crate::progress::{Measure, Progress};
use crate::service_settings::connect;

/// Longest wait for an import in the background.
const IMPORT_TIMEOUT: Duration = Duration::from_secs(3_600);

/// The commands below `solution`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Import a package
    #[command(after_help = "Examples:\n  driftless solution import Books_1_0_0_0_managed.zip\n  \
                            driftless solution import Books_1_0_0_0_managed.zip --log import.xml --json")]
    Import(ImportArguments),
    /// List installed solutions
    #[command(after_help = "Examples:\n  driftless solution list --json")]
    List(ListArguments),
    /// Delete a solution; a managed one goes with its tables and all their rows
    #[command(after_help = "Examples:\n  driftless solution delete ChangeTrackingSample --yes")]
    Delete(DeleteArguments),
}

/// Arguments of `solution import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// Package (zip)
    file: PathBuf,
    /// Import also when this version is installed
    #[arg(long)]
    reapply: bool,
    /// Keep changes that were made on top of the solution
    #[arg(long)]
    keep_customizations: bool,
    /// Let the service import in a background job
    #[arg(long)]
    background: bool,
    /// Write the import's log (XML), which names what was skipped
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Show what would be done
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Arguments of `solution list`.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    service: ServiceArguments,
}

/// Arguments of `solution delete`.
#[derive(Debug, Args)]
pub(crate) struct DeleteArguments {
    /// Unique name
    name: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Show what would be done
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Does what the command says.
pub(crate) fn run(command: &Command, context: &Context) -> anyhow::Result<()> {
    match command {
        Command::Import(arguments) => import(arguments, context),
        Command::List(arguments) => {
            let mut found = connect(&arguments.service, &context.general)?.list_solutions()?;
            found.sort_by(|a, b| a.unique_name.cmp(&b.unique_name));
            let document = || json!({"solutions": found.iter().map(solution_document).collect::<Vec<_>>()});
            Ok(context.output.result(|| list_text(&found), document)?)
        }
        Command::Delete(arguments) => delete(arguments, context),
    }
}

fn import(arguments: &ImportArguments, context: &Context) -> anyhow::Result<()> {
    let output = context.output;
    let package = std::fs::read(&arguments.file).with_context(|| arguments.file.display().to_string())?;
    let connection = connect(&arguments.service, &context.general)?;
    let named = named(&package);
    if let Some((name, version)) = &named {
        let installed = connection.find_solution(name)?.filter(|found| found.version == *version);
        if let Some(installed) = installed.filter(|_| !arguments.reapply) {
            let text = || format!("{name} {version} is installed already; --reapply imports it again");
            return Ok(output.result(text, || json!({"imported": false, "solution": solution_document(&installed)}))?);
        }
    }
    if arguments.dry_run {
        let what = named.map_or_else(|| "a package".to_owned(), |(name, version)| format!("{name} {version}"));
        let text = format!("would import {what} from {} into {}", arguments.file.display(), connection.address().origin());
        return Ok(output.result(|| text.clone(), || json!({"dryRun": text}))?);
    }
    let options = ImportOptions {
        job_id: random_id()?,
        overwrite_unmanaged: !arguments.keep_customizations,
        in_background: arguments.background.then_some(IMPORT_TIMEOUT),
    };
    let report = import_with_progress(&connection, output, &package, &options)?;
    if let Some(path) = &arguments.log {
        std::fs::write(path, &report.log).with_context(|| path.display().to_string())?;
    }
    let name = named.map_or_else(|| report.solution.clone(), |(name, _)| name);
    let installed = connection.find_solution(&name)?;
    output.result(
        || imported_text(&name, installed.as_ref(), &report, arguments.log.as_deref()),
        || {
            let solution = installed.as_ref().map(solution_document);
            json!({"imported": true, "solution": solution, "job": report.job_id, "progress": report.progress, "leftOut": left_out(&report)})
        },
    )?;
    Ok(())
}

/// How many components are not there after an import, as its log says. Names in the log cannot contain quotes as they are.
fn left_out(report: &ImportReport) -> usize {
    report.log.matches("<result result=\"skipped\"").count()
}

fn imported_text(name: &str, installed: Option<&Solution>, report: &ImportReport, log: Option<&Path>) -> String {
    let managed = |solution: &Solution| {
        if solution.is_managed { "managed" } else { "unmanaged" }
    };
    let facts = installed.map_or_else(String::new, |solution| format!(" {} ({})", solution.version, managed(solution)));
    let left_out = match left_out(report) {
        0 => String::new(),
        n => {
            let what = if n == 1 { "1 component was left out".to_owned() } else { format!("{n} components were left out") };
            match log {
                Some(path) => format!("{what}; {} names what and why\n", path.display()),
                None => format!("{what}; the column \"data\" of the import job names what and why, as --log FILE would have\n"),
            }
        }
    };
    format!("imported {name}{facts}\nimport job {}\n{left_out}", report.job_id)
}

/// Imports a package while its progress is shown.
pub(crate) fn import_with_progress(connection: &Connection, output: Output, package: &[u8], options: &ImportOptions) -> anyhow::Result<ImportReport> {
    let mut progress = Progress::begin(output, "importing", Measure::Percent);
    // The value is between 0 and 100.
    let mut set = |percent: f64| progress.set(percent as u64, "");
    Ok(connection.import_solution(package, options, &mut set)?)
}

fn delete(arguments: &DeleteArguments, context: &Context) -> anyhow::Result<()> {
    let output = context.output;
    let name = &arguments.name;
    let connection = connect(&arguments.service, &context.general)?;
    let Some(found) = connection.find_solution(name)? else {
        return Err(Failure::error(Exit::NotFound, format!("no solution with the unique name \"{name}\" is installed")));
    };
    let loss = if found.is_managed { " with its tables and all their rows" } else { "" };
    if arguments.dry_run {
        let text = format!("would delete {name} {}{loss}", found.version);
        return Ok(output.result(|| text.clone(), || json!({"dryRun": text}))?);
    }
    if !arguments.yes && !is_confirmed(output, &format!("Delete {name} {}{loss}? [y/N]", found.version))? {
        return Err(Failure::error(Exit::Usage, format!("{name} was not deleted: say --yes")));
    }
    let deleted = connection.delete_solution(name)?;
    output.result(|| format!("deleted {name} {}{loss}", deleted.version), || json!({"deleted": solution_document(&deleted)}))?;
    Ok(())
}

fn is_confirmed(output: Output, question: &str) -> anyhow::Result<bool> {
    Ok(output.ask(question)?.is_some_and(|answer| answer == "y" || answer == "yes"))
}

/// Unique name and version of a package, if this program can read it; the service is the judge of all others.
fn named(package: &[u8]) -> Option<(String, String)> {
    let manifest = read(package, &PackageLimits::default()).ok()?.manifest;
    Some((manifest.unique_name, manifest.version.to_string()))
}

/// A random id (version 4) in its usual form.
pub(crate) fn random_id() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("the system gives no randomness: {error}"))?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string())
}

/// A solution for programs.
pub(crate) fn solution_document(solution: &Solution) -> Value {
    json!({
        "uniqueName": solution.unique_name,
        "friendlyName": solution.friendly_name,
        "version": solution.version,
        "managed": solution.is_managed,
        "installedOn": solution.installed_on,
        "id": solution.id,
    })
}

fn list_text(solutions: &[Solution]) -> String {
    let row = |s: &Solution| vec![s.unique_name.clone(), s.version.clone(), yes_no(s.is_managed), s.friendly_name.clone()];
    columns(&["solution", "version", "managed", "name"], &solutions.iter().map(row).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use driftless_client::scripted::{Reply, Script};

    use super::*;
    use crate::arguments::{Arguments, Command as Any};

    fn installed() -> Reply {
        let item = json!({"solutionid": "s-1", "uniquename": "Books", "version": "1.0.0.0", "ismanaged": true});
        Reply::json(200, json!({"value": [item]}))
    }

    fn run_line(line: &str) -> anyhow::Result<()> {
        let arguments = Arguments::parse_from(line.split_whitespace());
        let Any::Solution(command) = arguments.command else { panic!("{line}") };
        let context = Context { output: Output::new(&arguments.general), general: arguments.general };
        run(&command, &context)
    }

    #[test] // OPS-04: nothing is destroyed unasked
    fn delete_needs_a_yes() {
        let script = Script::start(vec![installed()]);
        let error = run_line(&format!("driftless solution delete Books --no-input --quiet --url {}", script.url())).unwrap_err();
        assert_eq!(crate::exit::of(&error), Exit::Usage);
        assert_eq!(script.finish().requests.len(), 1, "only the search was made");
    }

    #[test] // SOL-24
    fn delete_with_a_yes() {
        let script = Script::start(vec![installed(), installed(), Reply::status(204)]);
        run_line(&format!("driftless solution delete Books --yes --url {}", script.url())).unwrap();
        assert_eq!(script.finish().lines()[2], "DELETE /api/data/v9.2/solutions(s-1)");
        let script = Script::start(vec![Reply::json(200, json!({"value": []}))]);
        let error = run_line(&format!("driftless solution delete Books --yes --url {}", script.url())).unwrap_err();
        assert_eq!(crate::exit::of(&error), Exit::NotFound);
    }

    #[test]
    fn an_absent_package_is_an_io_error() {
        let error = run_line("driftless solution import /nonexistent.zip --url http://127.0.0.1:1").unwrap_err();
        assert_eq!(crate::exit::of(&error), Exit::Io);
        assert!(named(b"no package").is_none() && !Path::new("/nonexistent.zip").exists());
    }

    #[test] // SOL-22: what was left out is not kept silent
    fn left_out_components_are_counted() {
        let skipped = r#"<component type="view" name="&quot;"><result result="skipped" errorcode="0" errortext="no"/></component>"#;
        let log = format!(r#"<components count="3"><component><result result="success"/></component>{skipped}{skipped}</components>"#);
        let report = ImportReport { job_id: "j-1".into(), progress: 100.0, solution: "Books".into(), log };
        let text = imported_text("Books", None, &report, None);
        assert!(
            text.ends_with("import job j-1\n2 components were left out; the column \"data\" of the import job names what and why, as --log FILE would have\n")
        );
        assert!(imported_text("Books", None, &report, Some(Path::new("l.xml"))).ends_with("2 components were left out; l.xml names what and why\n"));
        let clean = ImportReport { log: String::new(), ..report };
        assert_eq!(imported_text("Books", None, &clean, None), "imported Books\nimport job j-1\n");
    }

    #[test]
    fn random_ids_have_their_form() {
        let id = random_id().unwrap();
        assert_eq!((id.len(), id.as_bytes()[14]), (36, b'4'));
    }
}
