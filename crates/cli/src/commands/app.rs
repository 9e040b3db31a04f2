//! `app`: programs that may ask the issuer for tokens; works while a service holds the folder.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use driftless_auth::{Application, ApplicationFile, NewApplication, RandomUnavailable, WithSecret};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Context;
use crate::configuration::{Configuration, Key};
use crate::exit::{Exit, Failure};
use crate::output::columns;

/// The commands below `app`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Register an application and print its client id and secret; the secret cannot be shown again
    #[command(
        after_help = "An administrator then gives it a user, a row of systemusers with its client id as applicationid, and that user a role.\n\nExamples:\n  \
                      driftless app make nightly-sync\n  driftless app make portal --redirect https://portal.example/signed-in\n  \
                      driftless app make notebook --public --redirect http://localhost\n  driftless app make robot --certificate robot.pem"
    )]
    Make(MakeArguments),
    /// List applications
    #[command(after_help = "Examples:\n  driftless app list")]
    List(FolderArguments),
    /// Remove an application; a running service gives it no further token within a second
    #[command(after_help = "Examples:\n  driftless app remove nightly-sync")]
    Remove(RemoveArguments),
}

/// Where the applications are.
#[derive(Debug, Args)]
pub(crate) struct FolderArguments {
    /// Data folder [default: ./driftless-data] [env: DRIFTLESS_DATA]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Arguments of `app make`.
#[derive(Debug, Args)]
pub(crate) struct MakeArguments {
    /// Name, unique in the folder; people see it when they sign in
    name: String,
    /// Client id [default: a new one]
    #[arg(long, value_name = "GUID")]
    id: Option<Uuid>,
    /// Address that people may be sent back to after they signed in; may be given several times
    #[arg(long, value_name = "URL")]
    redirect: Vec<String>,
    /// It is a page in a browser: answers may come in the fragment of an address
    #[arg(long, requires = "public")]
    single_page: bool,
    /// It can keep no secret, so it gets none
    #[arg(long)]
    public: bool,
    /// Certificate (PEM or DER) that it proves itself with, in place of a secret; may be given several times
    #[arg(long, value_name = "FILE", conflicts_with = "public")]
    certificate: Vec<PathBuf>,
    #[command(flatten)]
    folder: FolderArguments,
}

/// Arguments of `app remove`.
#[derive(Debug, Args)]
pub(crate) struct RemoveArguments {
    /// Name or client id
    app: String,
    #[command(flatten)]
    folder: FolderArguments,
}

/// Does what the command says.
pub(crate) fn run(command: &Command, context: &Context) -> anyhow::Result<()> {
    let output = context.output;
    match command {
        Command::Make(arguments) => {
            let read = |path: &PathBuf| std::fs::read(path).with_context(|| path.display().to_string());
            let new = NewApplication {
                name: &arguments.name,
                id: arguments.id,
                redirects: arguments.redirect.clone(),
                is_single_page: arguments.single_page,
                certificates: arguments.certificate.iter().map(read).collect::<Result<_, _>>()?,
            };
            let with = if arguments.public || !arguments.certificate.is_empty() { WithSecret::No } else { WithSecret::Yes };
            let mut fill = |bytes: &mut [u8]| getrandom::fill(bytes).map_err(|_| RandomUnavailable);
            let now_s = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
            let (application, secret) = open(&arguments.folder, context)?.make(&new, with, now_s, &mut fill)?;
            let secret = secret.as_ref().map(|secret| secret.reveal());
            let text = || match secret {
                Some(secret) => format!("client id: {}\nsecret: {secret}", application.id),
                None => format!("client id: {}", application.id),
            };
            output.result(text, || {
                let mut document = document(&application);
                document["secret"] = secret.into();
                document
            })?;
        }
        Command::List(arguments) => {
            let found = open(arguments, context)?.list()?;
            let row = |application: &Application| vec![application.name.clone(), application.id.to_string(), application.redirects.join(" ")];
            let text = || columns(&["application", "client id", "redirects"], &found.iter().map(row).collect::<Vec<_>>());
            output.result(text, || json!({"applications": found.iter().map(document).collect::<Vec<_>>()}))?;
        }
        Command::Remove(arguments) => {
            let application = open(&arguments.folder, context)?.remove(&arguments.app)?;
            output.result(|| format!("removed {} ({})", application.name, application.id), || json!({"removed": document(&application)}))?;
        }
    }
    Ok(())
}

fn open(folder: &FolderArguments, context: &Context) -> anyhow::Result<ApplicationFile> {
    let given = folder.data.iter().map(|path| (Key::Data, path.display().to_string())).collect();
    let data = Configuration::load(given, &context.general)?.data();
    if !data.is_dir() {
        return Err(Failure::error(Exit::NotFound, format!("there is no data folder {}", data.display())));
    }
    Ok(ApplicationFile::open(&data))
}

fn document(application: &Application) -> Value {
    json!({
        "name": application.name,
        "clientId": application.id,
        "redirects": application.redirects,
        "public": application.is_public(),
    })
}
