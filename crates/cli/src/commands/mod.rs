//! One file per command: its arguments, its example, what it does.

pub(crate) mod app;
pub(crate) mod changes;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod dev;
pub(crate) mod key;
pub(crate) mod man;
pub(crate) mod serve;
pub(crate) mod solution;
pub(crate) mod table;
pub(crate) mod token;

use clap::Parser;

use crate::arguments::{Arguments, Command, GeneralArguments};
use crate::output::Output;

/// What every command gets besides its own arguments.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) general: GeneralArguments,
    pub(crate) output: Output,
}

/// Reads the command line and does what it says.
pub(crate) fn run() -> anyhow::Result<()> {
    let Arguments { general, command } = Arguments::parse();
    let context = Context { output: Output::new(&general), general };
    match command {
        Command::Serve(arguments) => serve::run(&arguments, &context),
        Command::Dev(arguments) => dev::run(&arguments, &context),
        Command::Demo(arguments) => demo::run(&arguments, &context),
        Command::Check(arguments) => check::run(&arguments, &context),
        Command::Solution(command) => solution::run(&command, &context),
        Command::Table(command) => table::run(&command, &context),
        Command::Key(command) => key::run(&command, &context),
        Command::Changes(arguments) => changes::run(&arguments, &context),
        Command::Token(command) => token::run(&command, &context),
        Command::App(command) => app::run(&command, &context),
        Command::Config(command) => config::run(&command, &context),
        Command::Completions(arguments) => completions::run(&arguments, &context),
        Command::Man(arguments) => man::run(&arguments, &context),
    }
}
