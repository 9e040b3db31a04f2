//! The shape of the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands::{app, changes, check, completions, config, demo, dev, key, man, serve, solution, table, token};
use crate::configuration::Key;
use crate::exit;

/// Tables with alternate keys, upsert and change tracking, over a Dataverse-compatible Web API.
#[derive(Debug, Parser)]
#[command(
    name = "driftless",
    version,
    arg_required_else_help = true,
    subcommand_required = true,
    after_help = exit::HELP,
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) general: GeneralArguments,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "General options")]
pub(crate) struct GeneralArguments {
    /// Write results as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Write results and errors only
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// No colors
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
    /// Ask nothing
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
    /// Configuration file (TOML)
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// Where the service is and who asks.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Service")]
pub(crate) struct ServiceArguments {
    /// Address of the service [env: DRIFTLESS_URL]
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// Bearer token; visible to other users of this machine, prefer --token-file [env: DRIFTLESS_TOKEN]
    #[arg(long)]
    pub(crate) token: Option<String>,
    /// File with the bearer token [env: DRIFTLESS_TOKEN_FILE]
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// PEM file with the certificate authority to trust [env: DRIFTLESS_CA]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// File that `serve` wrote: gives address, token and authority at once [env: DRIFTLESS_READY_FILE]
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
}

impl ServiceArguments {
    /// What was given, by configuration key.
    pub(crate) fn given(&self) -> Vec<(Key, String)> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        [
            (Key::Url, self.url.clone()),
            (Key::Token, self.token.clone()),
            (Key::TokenFile, path(&self.token_file)),
            (Key::Ca, path(&self.ca)),
            (Key::ReadyFile, path(&self.ready_file)),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .collect()
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve a data folder until interrupted
    Serve(serve::Arguments),
    /// Serve a data folder for one developer on this machine, and let their programs sign in
    Dev(dev::DevArguments),
    /// Tell the change tracking sample as a story: import, write, sync, change, sync again
    Demo(demo::Arguments),
    /// Verify a data folder: versions, keys, references, change feed, definitions
    Check(check::Arguments),
    /// Import, list or delete solutions
    #[command(subcommand)]
    Solution(solution::Command),
    /// List or show table definitions
    #[command(subcommand)]
    Table(table::Command),
    /// List, create or reactivate alternate keys
    #[command(subcommand)]
    Key(key::Command),
    /// Read the changes of a table: everything first, then what changed since a link
    Changes(changes::Arguments),
    /// Make, list or revoke bearer tokens of a data folder
    #[command(subcommand)]
    Token(token::Command),
    /// Register, list or remove programs that may sign in
    #[command(subcommand)]
    App(app::Command),
    /// Show the configuration in effect
    #[command(subcommand)]
    Config(config::Command),
    /// Print the completions of a shell
    Completions(completions::Arguments),
    /// Print a manual page, or write all of them into a folder
    Man(man::Arguments),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn leaves(command: &clap::Command, path: &str, out: &mut Vec<(String, clap::Command)>) {
        let inner: Vec<_> = command.get_subcommands().filter(|inner| inner.get_name() != "help").collect();
        if inner.is_empty() {
            out.push((path.to_owned(), command.clone()));
        }
        for inner in inner {
            leaves(inner, format!("{path} {}", inner.get_name()).trim(), out);
        }
    }

    fn all() -> Vec<(String, clap::Command)> {
        let mut command = Arguments::command();
        command.build();
        let mut out = Vec::new();
        leaves(&command, "", &mut out);
        out
    }

    #[test]
    fn the_definition_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test] // OPS-02: nouns and verbs are stable
    fn the_commands() {
        let names: Vec<String> = all().into_iter().map(|(path, _)| path).collect();
        let expected = "serve, dev env, dev trust, demo, check, solution import, solution list, solution delete, table list, table show, key list, key create, \
                        key reactivate, changes, token make, token list, token revoke, app make, app list, app remove, config show, completions, man";
        assert_eq!(names.join(", "), expected);
    }

    #[test] // OPS-04: every command has --json and an example that its own parser accepts
    fn every_help_has_an_example_that_works() {
        for (path, mut command) in all() {
            let help = command.render_long_help().to_string();
            assert!(help.contains("--json"), "{path} has no --json");
            let examples: Vec<&str> = help.lines().map(str::trim).filter(|line| line.starts_with("driftless ")).collect();
            assert!(help.contains("Examples:") && !examples.is_empty(), "{path} has no example");
            for example in examples {
                assert!(example.starts_with(&format!("driftless {path}")), "{example} is no example of {path}");
                let words = example.split('#').next().unwrap().split_whitespace();
                let words = words.take_while(|word| *word != "|").map(|word| word.trim_matches('\''));
                if let Err(error) = Arguments::try_parse_from(words) {
                    panic!("{example}: {error}");
                }
            }
        }
    }

    #[test] // OPS-06: the exit codes are documented
    fn the_top_help_names_the_exit_codes() {
        let help = Arguments::command().render_long_help().to_string();
        assert!(help.contains("  6  resync needed") && help.contains("130  interrupted"), "{help}");
    }

    #[test] // OPS-04: a misspelt command gets a suggestion
    fn misspelt_commands() {
        let error = Arguments::try_parse_from(["driftless", "solutions"]).unwrap_err();
        assert!(error.to_string().contains("'solution'"), "{error}");
    }
}
