//! `completions`: what a shell needs to complete this program's commands and options (OPS-15).

use anyhow::Context as _;
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use serde_json::json;

use super::Context;
use crate::arguments::Arguments as CommandLine;

const EXAMPLES: &str = "\
Where shells look for it: bash in ~/.local/share/bash-completion/completions/driftless, zsh in a file _driftless in a folder of its $fpath, \
fish in ~/.config/fish/completions/driftless.fish; PowerShell reads it in the profile.

Examples:
  driftless completions bash | tee ~/.local/share/bash-completion/completions/driftless
  driftless completions fish | source
  driftless completions powershell | Out-String | Invoke-Expression";

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<()> {
    let script = script(arguments.shell)?;
    context.output.result(|| script.clone(), || json!({"shell": arguments.shell.to_string(), "script": script}))?;
    Ok(())
}

fn script(shell: Shell) -> anyhow::Result<String> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), "driftless", &mut script);
    String::from_utf8(script).context("the completions are no text")
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test] // OPS-15
    fn every_shell_gets_all_commands_and_options() {
        for shell in Shell::value_variants() {
            let script = script(*shell).unwrap();
            for word in ["solution", "reactivate", "ready-file", "service-protection"] {
                assert!(script.contains(word), "{shell} knows no {word}");
            }
        }
    }
}
