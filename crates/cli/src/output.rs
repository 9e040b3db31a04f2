//! What people and programs read: results on standard output, everything else on standard error (OPS-04).
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the one place that writes to the terminal")]

use std::io::{self, IsTerminal, Write};

use anyhow::Error;
use driftless_client::ClientError;
use serde_json::{Value, json};

use crate::arguments::GeneralArguments;
use crate::exit::Exit;

/// How results are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
    quiet: bool,
    color: bool,
    may_ask: bool,
}

impl Output {
    /// From the general options and the terminal.
    pub(crate) fn new(general: &GeneralArguments) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self {
            json: general.json,
            quiet: general.quiet,
            color: !general.no_color && !plain && !general.json && io::stdout().is_terminal(),
            may_ask: !general.no_input && !general.json && io::stdin().is_terminal() && io::stderr().is_terminal(),
        }
    }

    /// Whether results are JSON.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Whether progress may be shown by moving the cursor.
    pub(crate) fn may_animate(self) -> bool {
        !self.quiet && !self.json && io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|value| value != "dumb")
    }

    /// A result: the text for people, or the document for programs.
    pub(crate) fn result(self, text: impl FnOnce() -> String, document: impl FnOnce() -> Value) -> io::Result<()> {
        if self.json { self.document(&document()) } else { self.line(&text()) }
    }

    /// One JSON document.
    pub(crate) fn document(self, document: &Value) -> io::Result<()> {
        self.line(&format!("{document:#}"))
    }

    /// A line of results; of a text without lines, nothing.
    pub(crate) fn line(self, text: &str) -> io::Result<()> {
        let text = text.trim_end_matches('\n');
        if text.is_empty() { Ok(()) } else { writeln!(io::stdout().lock(), "{text}") }
    }

    /// A line of a story that is told while it happens; not part of JSON output.
    pub(crate) fn tell(self, text: &str) -> io::Result<()> {
        if self.json { Ok(()) } else { writeln!(io::stdout().lock(), "{text}") }
    }

    /// A remark for people.
    pub(crate) fn note(self, text: &str) {
        if !self.quiet {
            // Nobody can be told that standard error is closed.
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// Emphasized text, where the terminal can show it.
    pub(crate) fn bold(self, text: &str) -> String {
        if self.color { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Asks a question and gives the answer in lower case, trimmed; `None` when nobody can answer.
    pub(crate) fn ask(self, question: &str) -> io::Result<Option<String>> {
        if !self.may_ask {
            return Ok(None);
        }
        let mut out = io::stderr().lock();
        write!(out, "{question} ")?;
        out.flush()?;
        let mut answer = String::new();
        let read = io::stdin().read_line(&mut answer)?;
        Ok((read > 0).then(|| answer.trim().to_lowercase()))
    }
}

/// Prints why the program ends, in the form that the command line asked for.
pub(crate) fn error(error: &Error, exit: Exit) {
    let wants_json = std::env::args_os().any(|argument| argument == "--json");
    let text = if wants_json { error_document(error, exit).to_string() } else { format!("error: {error:#}") };
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// An error for programs.
fn error_document(error: &Error, exit: Exit) -> Value {
    let code = error.chain().find_map(|cause| cause.downcast_ref::<ClientError>()).map_or("", ClientError::code);
    json!({"error": {"exit": exit as u8, "code": code, "message": format!("{error:#}")}})
}

/// Columns side by side under their titles, two spaces apart; the last column is not padded.
pub(crate) fn columns(titles: &[&str], rows: &[Vec<String>]) -> String {
    let title_row: Vec<String> = titles.iter().map(|title| (*title).to_owned()).collect();
    let all = || std::iter::once(&title_row).chain(rows);
    let width = |i: usize| all().filter_map(|row| row.get(i)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..titles.len()).map(width).collect();
    let mut out = String::new();
    for row in all() {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line += &format!("{cell:<width$}  ");
        }
        out += line.trim_end();
        out.push('\n');
    }
    out
}

/// `yes` or `no`.
pub(crate) fn yes_no(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Failure;

    #[test]
    fn columns_line_up() {
        let rows = vec![vec!["a".into(), "ünü".into()], vec!["long".into(), "x".into()]];
        assert_eq!(columns(&["id", "name"], &rows), "id    name\na     ünü\nlong  x\n");
        assert_eq!(columns(&["id"], &[]), "id\n");
    }

    #[test] // OPS-04
    fn errors_for_programs_name_exit_and_code() {
        let error = Failure::error(Exit::NotFound, "no such table").context("reading");
        assert_eq!(error_document(&error, Exit::NotFound), json!({"error": {"exit": 4, "code": "", "message": "reading: no such table"}}));
    }
}
