//! `man`: manual pages, made from the definition of the command line (OPS-15).

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, CommandFactory};
use clap_mangen::Man;
use serde_json::{Value, json};

use super::Context;
use crate::arguments::Arguments as CommandLine;
use crate::exit::{Exit, Failure};

const EXAMPLES: &str = "\
Examples:
  driftless man | man -l -
  driftless man solution import | man -l -
  driftless man --out /usr/local/share/man/man1";

/// Arguments of `man`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The command whose page to print; the program's own page without
    #[arg(conflicts_with = "out")]
    command: Vec<String>,
    /// Write the pages of all commands into this folder, which is made when absent
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// A page.
struct Page {
    /// Such as `driftless-solution-import`.
    name: String,
    /// In the language of `man`.
    text: String,
}

impl Page {
    fn file_name(&self) -> String {
        format!("{}.1", self.name)
    }
}

/// Prints one page, or writes all.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<()> {
    let pages = pages()?;
    if let Some(folder) = &arguments.out {
        let files = write(&pages, folder)?;
        context.output.result(|| files.join("\n"), || json!({"files": files}))?;
        return Ok(());
    }
    let words: Vec<&str> = std::iter::once("driftless").chain(arguments.command.iter().map(String::as_str)).collect();
    let name = words.join("-");
    let page = pages.iter().find(|page| page.name == name);
    let page = page.ok_or_else(|| Failure::error(Exit::Usage, format!("there is no command \"{}\"; driftless --help lists them", words.join(" "))))?;
    context.output.result(|| page.text.clone(), || document(page))?;
    Ok(())
}

fn document(page: &Page) -> Value {
    json!({"name": page.name, "text": page.text})
}

/// Writes the pages and gives their paths.
fn write(pages: &[Page], folder: &Path) -> anyhow::Result<Vec<String>> {
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    pages
        .iter()
        .map(|page| {
            let path = folder.join(page.file_name());
            std::fs::write(&path, &page.text).with_context(|| format!("{} cannot be written", path.display()))?;
            Ok(path.display().to_string())
        })
        .collect()
}

/// The page of the program, then those of its commands.
fn pages() -> anyhow::Result<Vec<Page>> {
    let mut program = CommandLine::command().disable_help_subcommand(true);
    program.build();
    let mut pages = Vec::new();
    add(&program, &mut pages)?;
    Ok(pages)
}

fn add(command: &clap::Command, pages: &mut Vec<Page>) -> anyhow::Result<()> {
    let mut text = Vec::new();
    Man::new(command.clone()).render(&mut text).context("a page cannot be made")?;
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    // What follows the options in the help, examples most of all, has a heading that says nothing; its lines are not to be stretched.
    let text = String::from_utf8(text).context("a page is no text")?.replace("\n.SH EXTRA\n", "\n.SH NOTES\n.ad l\n");
    pages.push(Page { name, text });
    command.get_subcommands().try_for_each(|inner| add(inner, pages))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // OPS-15
    fn every_command_has_a_page_with_its_options() {
        let pages = pages().unwrap();
        let page = |name: &str| &pages.iter().find(|page| page.name == name).unwrap_or_else(|| panic!("no page {name}")).text;
        assert!(page("driftless").contains("driftless\\-serve(1)"), "{}", page("driftless"));
        assert!(page("driftless-serve").contains("\\-\\-service\\-protection"));
        assert!(page("driftless-solution-import").contains(".TH driftless-solution-import 1"));
        assert!(page("driftless-dev-env").contains("Examples:"));
        assert!(pages.iter().all(|page| page.text.contains(".SH NAME") && page.text.contains(".SH SYNOPSIS")));
    }
}
