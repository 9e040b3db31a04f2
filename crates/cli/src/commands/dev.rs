//! `dev`: a service for one developer on this machine, and what their programs need to reach it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use driftless_auth::replace_private_file;
use serde_json::{Map, Value};

use super::{Context, serve};
use crate::configuration::{Configuration, Key, read_bounded};
use crate::developer::Developer;
use crate::exit::{Exit, Failure};
use crate::service::Ready;
use crate::trusted::{self, Change};

const EXAMPLES: &str = "\
Examples:
  driftless dev --data ./books
  eval \"$(driftless dev env --data ./books)\"";

/// Arguments of `dev`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub(crate) struct DevArguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Arguments,
}

/// The commands below `dev`.
#[derive(Debug, Subcommand)]
enum Command {
    /// Print the variables with which unchanged programs sign in to the running service
    #[command(after_help = "Examples:\n  driftless dev env --data ./books\n  driftless dev env --data ./books --format json\n  driftless dev env --json")]
    Env(EnvArguments),
    /// Have this system trust the certificate authority of the data folder
    #[command(after_help = "Examples:\n  driftless dev trust --dry-run\n  driftless dev trust --data ./books\n  driftless dev trust --remove")]
    Trust(TrustArguments),
}

#[derive(Debug, Args)]
struct EnvArguments {
    /// Data folder [default: ./driftless-data] [env: DRIFTLESS_DATA]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Form of the output
    #[arg(long, value_name = "FORM", default_value = "shell")]
    format: Form,
}

/// For whom the variables are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// sh, bash, zsh
    #[value(alias = "sh")]
    Shell,
    /// fish
    Fish,
    /// PowerShell
    Powershell,
    /// One JSON object
    Json,
}

#[derive(Debug, Args)]
struct TrustArguments {
    /// Data folder [default: ./driftless-data] [env: DRIFTLESS_DATA]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Trust it no longer
    #[arg(long)]
    remove: bool,
    /// Print what would be done
    #[arg(long)]
    dry_run: bool,
}

/// Does what the command says.
pub(crate) fn run(arguments: &DevArguments, context: &Context) -> anyhow::Result<()> {
    match &arguments.command {
        None => serve::run_for_developer(&arguments.serve, context),
        Some(Command::Env(arguments)) => env(arguments, context),
        Some(Command::Trust(arguments)) => trust(arguments, context),
    }
}

fn folder(given: Option<&PathBuf>, context: &Context) -> anyhow::Result<PathBuf> {
    let given = given.iter().map(|path| (Key::Data, path.display().to_string())).collect();
    let data = Configuration::load(given, &context.general)?.data();
    data.canonicalize().map_err(|error| Failure::error(Exit::NotFound, format!("{}: {error}", data.display())))
}

fn env(arguments: &EnvArguments, context: &Context) -> anyhow::Result<()> {
    let data = folder(arguments.data.as_ref(), context)?;
    let missing = |what: &str| Failure::error(Exit::Temporary, format!("{what}; start one with: driftless dev --data {}", data.display()));
    let developer = Developer::read(&data)?.ok_or_else(|| missing("the folder has had no developer's service"))?;
    let ready = Ready::of_folder(&data).ok_or_else(|| missing("no service runs on the folder"))?;
    let url = ready.https.as_deref().ok_or_else(|| missing("the service on the folder has no https address, which token libraries insist on"))?;
    let mut variables = vec![
        ("AZURE_AUTHORITY_HOST", url.to_owned()),
        ("AZURE_TENANT_ID", "adfs".to_owned()),
        ("AZURE_CLIENT_ID", developer.client_id.to_string()),
        ("AZURE_CLIENT_SECRET", developer.client_secret.clone()),
        ("DRIFTLESS_URL", url.to_owned()),
        ("DRIFTLESS_AUTHORITY", url.to_owned()),
        ("DRIFTLESS_TENANT", developer.tenant.to_string()),
        ("DRIFTLESS_CLIENT_ID", developer.client_id.to_string()),
        ("DRIFTLESS_CLIENT_SECRET", developer.client_secret),
    ];
    if let Some(file) = &ready.token_file {
        variables.push(("DRIFTLESS_TOKEN", read_bounded(file)?.trim().to_owned()));
    }
    if let Some(ca) = &ready.ca {
        let bundle = write_bundle(ca)?;
        variables.extend(["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"].map(|name| (name, bundle.clone())));
        variables.extend(["NODE_EXTRA_CA_CERTS", "DRIFTLESS_CA"].map(|name| (name, ca.display().to_string())));
    }
    let form = if context.output.is_json() { Form::Json } else { arguments.format };
    context.output.line(&print(&variables, form))?;
    Ok(())
}

/// Writes the system's authorities and ours beside ours: programs that are pointed at one file trust nothing else.
fn write_bundle(ca: &Path) -> anyhow::Result<String> {
    let path = ca.with_file_name("bundle.pem");
    replace_private_file(&path, trusted::bundle(ca)?.as_bytes())?;
    Ok(path.display().to_string())
}

fn print(variables: &[(&str, String)], form: Form) -> String {
    let line = |(name, value): &(&str, String)| match form {
        Form::Shell => format!("export {name}='{}'\n", value.replace('\'', r"'\''")),
        Form::Fish => format!("set -gx {name} '{}'\n", value.replace('\\', r"\\").replace('\'', r"\'")),
        Form::Powershell => format!("$env:{name} = '{}'\n", value.replace('\'', "''")),
        Form::Json => String::new(),
    };
    if form == Form::Json {
        let object: Map<String, Value> = variables.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
        return format!("{:#}", Value::Object(object));
    }
    variables.iter().map(line).collect()
}

fn trust(arguments: &TrustArguments, context: &Context) -> anyhow::Result<()> {
    let ca = folder(arguments.data.as_ref(), context)?.join("tls").join("ca.pem");
    if !ca.exists() {
        return Err(Failure::error(Exit::NotFound, format!("there is no {}: the folder was never served with https", ca.display())));
    }
    let change = if arguments.remove { Change::Remove } else { Change::Add };
    let steps = trusted::steps(change, &ca)?;
    let shown: Vec<String> = steps.iter().map(|step| step.shown(&ca)).collect();
    if !arguments.dry_run {
        steps.iter().try_for_each(|step| step.run(&ca))?;
    }
    context.output.result(|| shown.join("\n"), || serde_json::json!({"steps": shown, "done": !arguments.dry_run}))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // AUTH-43
    fn variables_are_quoted_for_their_shell() {
        let variables = [("A", r"it's \ $x".to_owned())];
        assert_eq!(print(&variables, Form::Shell), "export A='it'\\''s \\ $x'\n");
        assert_eq!(print(&variables, Form::Fish), "set -gx A 'it\\'s \\\\ $x'\n");
        assert_eq!(print(&variables, Form::Powershell), "$env:A = 'it''s \\ $x'\n");
        let json: Value = serde_json::from_str(&print(&variables, Form::Json)).unwrap();
        assert_eq!(json["A"], r"it's \ $x");
    }
}
