//! `check`: verifies a data folder without changing it.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use crate::configuration::{Configuration, Key};
use crate::exit::{Exit, Failure};
use crate::inspection;

const EXAMPLES: &str = "\
Exit codes: 0 clean, 7 findings, 74 unreadable.

Examples:
  driftless check ./driftless-data
  driftless check ./driftless-data --json";

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Data folder [default: ./driftless-data] [env: DRIFTLESS_DATA]
    data: Option<PathBuf>,
}

/// Checks and reports; findings end in exit code 7.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<()> {
    let given = arguments.data.iter().map(|path| (Key::Data, path.display().to_string())).collect();
    let data = Configuration::load(given, &context.general)?.data();
    let found = inspection::inspect(&data)?;
    context.output.result(|| found.text(&data), || found.document(&data))?;
    match found.findings.len() {
        0 => Ok(()),
        n => Err(Failure::error(Exit::Differences, format!("{n} findings in {}", data.display()))),
    }
}
