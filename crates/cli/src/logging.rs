//! The service's log: structured events on standard error.

use anyhow::Context;
use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

/// Form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogForm {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Sends log events to standard error. `filter` is a level or a list such as `info,driftless_core=debug`.
pub(crate) fn begin(filter: &str, form: LogForm, color: bool) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).with_context(|| format!("the log filter \"{filter}\" is malformed"))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(color);
    let begun = match form {
        LogForm::Text => lines.try_init(),
        LogForm::Json => lines.json().try_init(),
    };
    begun.map_err(|error| anyhow::anyhow!("the log cannot be started: {error}"))
}
