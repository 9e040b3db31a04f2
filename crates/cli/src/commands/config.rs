//! `config`: which settings are in effect.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Context;
use crate::arguments::ServiceArguments;
use crate::configuration::{Configuration, Shown};
use crate::output::columns;

/// The commands below `config`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show each setting in effect, secrets masked
    #[command(after_help = "Examples:\n  driftless config show\n  driftless config show --origin --config driftless.toml")]
    Show(ShowArguments),
}

/// Arguments of `config show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// Also show where each value came from
    #[arg(long)]
    origin: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Does what the command says.
pub(crate) fn run(command: &Command, context: &Context) -> anyhow::Result<()> {
    let Command::Show(arguments) = command;
    let shown = Configuration::load(arguments.service.given(), &context.general)?.shown();
    context.output.result(|| text(&shown, arguments.origin), || document(&shown, arguments.origin))?;
    Ok(())
}

fn text(shown: &[Shown], with_origin: bool) -> String {
    let (titles, width): (&[&str], usize) = if with_origin { (&["setting", "value", "origin"], 3) } else { (&["setting", "value"], 2) };
    let row = |s: &Shown| [s.name.to_owned(), s.value.clone(), s.origin.clone()].into_iter().take(width).collect();
    columns(titles, &shown.iter().map(row).collect::<Vec<Vec<String>>>())
}

fn document(shown: &[Shown], with_origin: bool) -> Value {
    let entry = |s: &Shown| {
        let value = if s.value.is_empty() { Value::Null } else { s.value.clone().into() };
        let entry = if with_origin { json!({"value": value, "origin": s.origin}) } else { value };
        (s.name.to_owned(), entry)
    };
    Value::Object(shown.iter().map(entry).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // OPS-03
    fn both_forms() {
        let shown =
            [Shown { name: "url", value: "http://h".into(), origin: "flag".into() }, Shown { name: "ca", value: String::new(), origin: "not set".into() }];
        assert_eq!(text(&shown, true), "setting  value     origin\nurl      http://h  flag\nca                 not set\n");
        assert_eq!(text(&shown, false), "setting  value\nurl      http://h\nca\n");
        assert_eq!(document(&shown, false), json!({"url": "http://h", "ca": null}));
        assert_eq!(document(&shown, true)["url"]["origin"], "flag");
    }
}
