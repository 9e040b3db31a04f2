//! `key`: alternate keys.

use std::time::Duration;

use clap::{Args, Subcommand};
use driftless_client::{Connection, TableKey};
use serde_json::json;

use super::Context;
use super::table::{find_table, key_document, keys_text};
use crate::arguments::ServiceArguments;
use crate::output::Output;
use crate::progress::{Measure, Progress};
use crate::service_settings::connect;

/// The commands below `key`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the alternate keys of a table
    #[command(after_help = "Examples:\n  driftless key list account")]
    List(ListArguments),
    /// Define an alternate key and wait until it is in force
    #[command(after_help = "Examples:\n  driftless key create account drf_AccountNumber accountnumber")]
    Create(CreateArguments),
    /// Start the failed build of a key's index again and wait for it
    #[command(after_help = "Examples:\n  driftless key reactivate account drf_accountnumber")]
    Reactivate(ReactivateArguments),
}

/// Arguments of `key list`.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// Table
    table: String,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Whether and how long to wait for an index.
#[derive(Debug, Args)]
pub(crate) struct WaitArguments {
    /// Return at once; the index is built in the background
    #[arg(long)]
    no_wait: bool,
    /// Wait at most this long
    #[arg(long, value_name = "SECONDS", default_value_t = 305)]
    timeout: u32,
    /// Show what would be done
    #[arg(long)]
    dry_run: bool,
}

/// Arguments of `key create`.
#[derive(Debug, Args)]
pub(crate) struct CreateArguments {
    /// Table
    table: String,
    /// Schema name of the key, with a publisher's prefix
    name: String,
    /// Columns (logical names)
    #[arg(required = true)]
    columns: Vec<String>,
    /// Name for people [default: NAME]
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    #[command(flatten)]
    wait: WaitArguments,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Arguments of `key reactivate`.
#[derive(Debug, Args)]
pub(crate) struct ReactivateArguments {
    /// Table
    table: String,
    /// Logical name of the key
    key: String,
    #[command(flatten)]
    wait: WaitArguments,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Does what the command says.
pub(crate) fn run(command: &Command, context: &Context) -> anyhow::Result<()> {
    let output = context.output;
    match command {
        Command::List(arguments) => {
            let connection = connect(&arguments.service, &context.general)?;
            let table = find_table(&connection, &arguments.table)?.logical_name;
            let keys = connection.list_keys(&table)?;
            let document = || json!({"table": table, "keys": keys.iter().map(key_document).collect::<Vec<_>>()});
            output.result(|| keys_text(&keys), document)?;
        }
        Command::Create(arguments) => {
            let connection = connect(&arguments.service, &context.general)?;
            let table = find_table(&connection, &arguments.table)?.logical_name;
            if arguments.wait.dry_run {
                let text = format!("would create key {} on {table} ({})", arguments.name, arguments.columns.join(", "));
                return Ok(output.result(|| text.clone(), || json!({"dryRun": text}))?);
            }
            let display_name = arguments.display_name.as_deref().unwrap_or(&arguments.name);
            let key = connection.create_key(&table, &arguments.name, &arguments.columns, display_name)?;
            finish(&connection, output, &table, &key, &arguments.wait)?;
        }
        Command::Reactivate(arguments) => {
            let connection = connect(&arguments.service, &context.general)?;
            let table = find_table(&connection, &arguments.table)?.logical_name;
            let key = arguments.key.to_lowercase();
            if arguments.wait.dry_run {
                let text = format!("would start the index build of key {key} on {table} again");
                return Ok(output.result(|| text.clone(), || json!({"dryRun": text}))?);
            }
            // The message itself does not tell an unknown key from one that needs no build.
            connection.key(&table, &key)?;
            connection.reactivate_key(&table, &key)?;
            finish(&connection, output, &table, &key, &arguments.wait)?;
        }
    }
    Ok(())
}

/// Waits for the key unless told otherwise, and shows it.
fn finish(connection: &Connection, output: Output, table: &str, key: &str, wait: &WaitArguments) -> anyhow::Result<()> {
    let found =
        if wait.no_wait { connection.key(table, key)? } else { wait_for_key(connection, output, table, key, Duration::from_secs(wait.timeout.into()))? };
    let document = || json!({"table": table, "key": key_document(&found)});
    output.result(|| keys_text(std::slice::from_ref(&found)), document)?;
    Ok(())
}

/// Waits for a key's index with progress.
pub(crate) fn wait_for_key(connection: &Connection, output: Output, table: &str, key: &str, timeout: Duration) -> anyhow::Result<TableKey> {
    let mut progress = Progress::begin(output, "waiting for the key's index", Measure::Time);
    let mut look = |key: &TableKey| progress.set(0, &key.status.to_string());
    Ok(connection.wait_for_key(table, key, timeout, &mut look)?)
}
