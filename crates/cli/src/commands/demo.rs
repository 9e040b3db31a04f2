//! `demo`: the published change tracking sample as a story.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use driftless_auth::SignInSettings;
use driftless_client::{Connection, RetryPolicy, Settings};
use driftless_server::{Interruption, Listeners};

use super::Context;
use driftless_core::ExpiredTokens;

use crate::arguments::ServiceArguments;
use crate::configuration::read_bounded;
use crate::demo::bookshelf::plan;
use crate::demo::home::Home;
use crate::demo::package::own_package;
use crate::demo::requests::Requests;
use crate::demo::story::{self, Arrival, Facts};
use crate::demo::telling;
use crate::exit::{Exit, Failure};
use crate::limits::ServiceLimits;
use crate::logging::{self, Log, LogForm};
use crate::output::Output;
use crate::service::{self, RunningService, ServeOptions};
use crate::service_settings::connect;

const EXAMPLES: &str = "\
Starts a service of its own on a temporary folder, or on --data, unless --url or --ready-file name a running one. Without a terminal it asks \
nothing: the solution is then deleted if the demo imported it into a temporary folder, and kept otherwise.

Examples:
  driftless demo
  driftless demo --data ./books --keep --keep-running
  driftless demo --package ChangeTrackingSample_1_0_0_0_managed.zip --delete --json
  driftless demo --ready-file ready.json --keep";

/// Arguments of `demo`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Data folder of the demo's own service [default: a temporary one]
    #[arg(long, value_name = "DIR", conflicts_with_all = ["url", "ready_file"])]
    data: Option<PathBuf>,
    /// Address of the demo's own service without TLS [default: a free port]
    #[arg(long, value_name = "ADDR", conflicts_with_all = ["url", "ready_file"])]
    http: Option<SocketAddr>,
    /// Solution package to use instead of the demo's own
    #[arg(long, value_name = "FILE")]
    package: Option<PathBuf>,
    /// Delete the solution with its books at the end
    #[arg(long, conflicts_with = "keep")]
    delete: bool,
    /// Keep the solution and its books
    #[arg(long)]
    keep: bool,
    /// Leave the demo's own service running until interrupted
    #[arg(long, conflicts_with_all = ["url", "ready_file"])]
    keep_running: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// The demo's own service and its folder; the service ends before the folder goes.
struct Own {
    running: RunningService,
    home: Home,
    /// What a signal does while the story is told.
    interruption: Interruption,
    _log: Log,
}

/// Tells the story.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<()> {
    let output = context.output;
    let package = match &arguments.package {
        Some(path) => std::fs::read(path).with_context(|| path.display().to_string())?,
        None => own_package().context("the demo's own package")?,
    };
    let plan = plan(&package)?;
    let uses_other = arguments.service.url.is_some() || arguments.service.ready_file.is_some();
    let own = if uses_other { None } else { Some(start_own(arguments, output)?) };
    let requests = Requests::default();
    let connection = match &own {
        Some(own) => connect_to_own(own)?,
        None => connect(&arguments.service, &context.general)?,
    };
    let connection = connection.with_observer(requests.observer(output));

    let told = story::tell(&connection, output, plan, &package).and_then(|facts| {
        let is_temporary = own.as_ref().is_some_and(|own| own.home.is_temporary());
        let is_deleted = end_of_solution(arguments, output, &connection, &facts, is_temporary)?;
        Ok((facts, is_deleted))
    });
    let (facts, is_deleted) = match told {
        Ok(told) => told,
        Err(error) => {
            // The story's own failure is the one to report.
            let _ = stop(own);
            return Err(error);
        }
    };
    let ready = own.as_ref().map(|own| own.running.ready.clone());
    if output.is_json() {
        output.document(&telling::document(&facts, requests.documents(), is_deleted, ready.as_ref()))?;
    }
    match own {
        Some(mut own) if stays(arguments, output)? => {
            output.tell(&format!("\n{}", telling::copyable(&own.running.ready, &facts, is_deleted)))?;
            output.note("Ctrl-C ends the service.");
            // The one before the other: no signal falls between them.
            own.running.catch_signals()?;
            drop(own.interruption);
            own.running.wait()
        }
        other => stop(other),
    }
}

fn stop(own: Option<Own>) -> anyhow::Result<()> {
    own.map_or(Ok(()), |own| own.running.stop())
}

fn start_own(arguments: &Arguments, output: Output) -> anyhow::Result<Own> {
    let log = logging::begin("warn", LogForm::Text, output.may_animate())?;
    let home = Home::open(arguments.data.as_deref())?;
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let options = ServeOptions {
        data: home.path().to_owned(),
        listeners: Listeners { http: vec![arguments.http.unwrap_or(free)], https: vec![free], ..Listeners::default() },
        tls: None,
        sign_in: SignInSettings::default(),
        is_for_developer: false,
        is_protected: false,
        limits: ServiceLimits::default(),
        sample: false,
        ready_file: None,
        expired_tokens: ExpiredTokens::Full,
        catches_signals: false,
    };
    let interruption = home.go_when_interrupted(output)?;
    let running = service::start(&options)?;
    let kind = if home.is_temporary() { "temporary folder" } else { "folder" };
    output.tell(&format!("A service runs on the {kind} {}:", home.path().display()))?;
    for address in [&running.ready.http, &running.ready.https].into_iter().flatten() {
        output.tell(&format!("  {address}"))?;
    }
    Ok(Own { running, home, interruption, _log: log })
}

fn connect_to_own(own: &Own) -> anyhow::Result<Connection> {
    let ready = &own.running.ready;
    let token = ready.token_file.as_ref().map(|path| read_bounded(path)).transpose()?;
    let url = ready.address().ok_or_else(|| Failure::error(Exit::Internal, "the service names no address"))?;
    let settings = Settings {
        url: url.to_owned(),
        token: token.map(|token| token.trim().to_owned()),
        ca: ready.ca.clone().filter(|_| ready.http.is_none()),
        retry: RetryPolicy::default(),
    };
    Ok(Connection::open(&settings)?)
}

/// Deletes or keeps the solution, as flags, the person or the circumstances say; gives whether it was deleted.
fn end_of_solution(arguments: &Arguments, output: Output, connection: &Connection, facts: &Facts, is_temporary: bool) -> anyhow::Result<bool> {
    let name = &facts.plan.solution;
    let by_default = is_temporary && facts.arrival == Arrival::Imported && !arguments.keep_running;
    let deletes = match (arguments.delete, arguments.keep) {
        (true, _) => true,
        (_, true) => false,
        _ => match output.ask(&format!("\nDelete solution {name} with its table and books? [y/N]"))? {
            Some(answer) => answer == "y" || answer == "yes",
            None => by_default,
        },
    };
    output.tell(&format!("\n{}", output.bold(if deletes { "7. Delete the solution" } else { "7. Keep the solution" })))?;
    if deletes {
        connection.delete_solution(name)?;
        output.tell("Its table, its books and its key are gone with it.")?;
    } else {
        output.tell(&format!("Delete it later with: driftless solution delete {name}"))?;
    }
    Ok(deletes)
}

/// Whether the own service goes on after the story.
fn stays(arguments: &Arguments, output: Output) -> anyhow::Result<bool> {
    if arguments.keep_running {
        return Ok(true);
    }
    let answer = output.ask("Leave the service running? [y/N]")?;
    Ok(answer.is_some_and(|answer| answer == "y" || answer == "yes"))
}
