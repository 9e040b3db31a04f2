//! The command `driftless`: serves tables, and talks to any service of the same protocol.
//!
//! In here: reading arguments and configuration, one file per command in `commands/`, the story told by `demo`, and the mapping of every
//! error to a message and an exit code (`exit.rs`). Not in here: anything that a library could want.
//!
//! Start reading at `arguments.rs`, then the command of interest.

mod advice;
mod arguments;
mod commands;
mod configuration;
mod demo;
mod developer;
mod exit;
mod inspection;
mod limits;
mod logging;
mod output;
mod progress;
mod service;
mod service_settings;
mod suggestion;
mod trusted;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    exit::run(commands::run)
}
