//! `changes`: the change feed of a table.

use std::convert::Infallible;
use std::time::Duration;

use clap::Args;
use driftless_client::{Change, Changes, ChangesOptions, ClientError, Connection, TableSummary, version_of};
use driftless_server::Interruption;
use serde_json::{Map, Value, json};

use super::Context;
use super::table::find_table;
use crate::arguments::ServiceArguments;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::progress::{Measure, Progress};
use crate::service_settings::connect;

/// Longest wait between two attempts while following a service that does not answer.
const FOLLOW_WAIT_MAX: Duration = Duration::from_secs(30);
/// Longest text of one value in a line for people, in characters.
const VALUE_CHARS_MAX: usize = 60;

const EXAMPLES: &str = "\
Reads every row first, then prints the link that gives what changes after it. With --json each line is one object with a \"kind\": \
\"begin\" (\"full\" says whether everything or a difference follows), \"row\", \"removed\" or \"link\". When a link has expired the command \
ends with exit code 6: read everything again.

Examples:
  driftless changes account --select name,accountnumber
  driftless changes account --json --page-size 1000
  driftless changes account --since 'http://127.0.0.1:8080/api/data/v9.2/accounts?$deltatoken=...'
  driftless changes account --follow";

/// Arguments of `changes`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Table, by its logical name or its name in addresses
    table: String,
    /// Columns, separated by commas [default: all]
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    select: Vec<String>,
    /// Read what changed since this link was given
    #[arg(long, value_name = "LINK")]
    since: Option<String>,
    /// Go on asking for changes until interrupted
    #[arg(long)]
    follow: bool,
    /// Time between two questions of --follow
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    interval: u32,
    /// Rows in one answer of the service
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=5000))]
    page_size: Option<u32>,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Reads once, or until interrupted.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<()> {
    if let Some(link) = &arguments.since {
        check_link(link)?;
    }
    let output = context.output;
    let interrupted = move || output.note("interrupted; --since with the last link goes on from there");
    let _interruption = arguments.follow.then(|| Interruption::expect(interrupted)).transpose()?;
    let connection = connect(&arguments.service, &context.general)?;
    let table = find_table(&connection, &arguments.table)?;
    let options = ChangesOptions { select: arguments.select.clone(), page_rows: arguments.page_size, fault_when_expired: true };
    let printer = Printer { table: &table, output: context.output };
    let first = match &arguments.since {
        Some(link) => connection.follow(link, &options)?,
        None => connection.changes(&table.set_name, &options)?,
    };
    let link = printer.print(first, Silence::Never)?;
    if arguments.follow {
        let interval = Duration::from_secs(arguments.interval.into());
        follow(&connection, &options, &printer, link, interval)?;
    }
    Ok(())
}

/// Refuses what cannot be a link that an earlier read printed.
fn check_link(link: &str) -> anyhow::Result<()> {
    let is_address = ["http://", "https://"].iter().any(|scheme| link.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    if is_address {
        return Ok(());
    }
    let shown: String = link.chars().take(VALUE_CHARS_MAX).collect();
    Err(Failure::error(Exit::Usage, format!("--since \"{shown}\" is not a link that an earlier read printed: those begin with http:// or https://")))
}

/// Asks again and again until interrupted. A round that fails half-way is repeated from the link that it began with: items may be
/// printed twice, none is left out.
fn follow(connection: &Connection, options: &ChangesOptions, printer: &Printer<'_>, mut link: String, interval: Duration) -> anyhow::Result<Infallible> {
    let mut wait = interval;
    loop {
        std::thread::sleep(wait);
        let round = connection.follow(&link, options).map_err(anyhow::Error::new);
        wait = match round.and_then(|changes| printer.print(changes, Silence::WhenEmpty)) {
            Ok(newer) => {
                link = newer;
                interval
            }
            Err(error) if is_passing(&error) => {
                printer.output.note(&format!("{error:#}; still trying"));
                (wait * 2).min(FOLLOW_WAIT_MAX.max(interval))
            }
            Err(error) => return Err(error),
        };
    }
}

/// Whether a service that is asked again later may answer: it restarts, or is busy.
fn is_passing(error: &anyhow::Error) -> bool {
    match error.downcast_ref::<ClientError>() {
        Some(ClientError::Network { .. }) => true,
        Some(error) => matches!(error.status(), Some(429 | 502 | 503 | 504)),
        None => false,
    }
}

/// Whether a read without items is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Silence {
    Never,
    WhenEmpty,
}

struct Printer<'a> {
    table: &'a TableSummary,
    output: Output,
}

impl Printer<'_> {
    /// Prints the items as they come and gives the link for the next read.
    fn print(&self, mut changes: Changes<'_>, silence: Silence) -> anyhow::Result<String> {
        let is_full = changes.is_full();
        let mut progress = Progress::begin(self.output, "reading", Measure::Items("changes"));
        let mut count: u64 = 0;
        if silence == Silence::Never {
            self.begin(is_full)?;
        }
        for change in changes.by_ref() {
            let change = change?;
            if count == 0 && silence == Silence::WhenEmpty {
                self.begin(is_full)?;
            }
            count += 1;
            progress.set(count, "");
            if self.output.is_json() {
                self.output.line(&change_document(self.table, &change).to_string())?;
            } else {
                self.output.line(&change_text(self.table, &change))?;
            }
        }
        drop(progress);
        let link = changes.delta_link().map(str::to_owned);
        let link = link.ok_or_else(|| ClientError::Protocol("the last page has no delta link".into()))?;
        if count > 0 || silence == Silence::Never {
            self.end(count, &link)?;
        }
        Ok(link)
    }

    fn begin(&self, is_full: bool) -> std::io::Result<()> {
        if self.output.is_json() {
            return self.output.line(&json!({"kind": "begin", "table": self.table.logical_name, "full": is_full}).to_string());
        }
        self.output.note(if is_full { "all rows:" } else { "changes:" });
        Ok(())
    }

    fn end(&self, count: u64, link: &str) -> std::io::Result<()> {
        if self.output.is_json() {
            return self.output.line(&json!({"kind": "link", "link": link, "items": count}).to_string());
        }
        self.output.line(&format!("link     {link}"))
    }
}

fn text_of<'v>(row: &'v Map<String, Value>, column: &str) -> &'v str {
    row.get(column).and_then(Value::as_str).unwrap_or_default()
}

fn change_document(table: &TableSummary, change: &Change) -> Value {
    match change {
        Change::Row(row) => {
            json!({"kind": "row", "id": text_of(row, &table.id_column), "version": version_of(row), "row": row})
        }
        Change::Removed { id } => json!({"kind": "removed", "id": id}),
    }
}

fn change_text(table: &TableSummary, change: &Change) -> String {
    let row = match change {
        Change::Removed { id } => return format!("removed  {id}"),
        Change::Row(row) => row,
    };
    let mut out = format!("row      {}", text_of(row, &table.id_column));
    for (column, value) in row {
        let is_annotation = column.contains('@');
        if !is_annotation && *column != table.id_column && !value.is_null() {
            out += &format!("  {column}={}", value_text(value));
        }
    }
    out
}

/// A value on one line, cut when it is long.
fn value_text(value: &Value) -> String {
    let full = value.to_string();
    let mut chars = full.chars();
    let mut short: String = chars.by_ref().take(VALUE_CHARS_MAX).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> TableSummary {
        TableSummary {
            logical_name: "drf_book".into(),
            schema_name: "drf_Book".into(),
            set_name: "drf_books".into(),
            ownership: "UserOwned".into(),
            is_tracked: true,
            is_managed: true,
            is_custom: true,
            id_column: "drf_bookid".into(),
            name_column: "drf_name".into(),
        }
    }

    #[test] // web-api 25.4
    fn both_forms_of_an_item() {
        let row = json!({"@odata.etag": "W/\"12\"", "drf_bookid": "b-1", "drf_name": "A \"b\"", "drf_author": null, "x@y": "z"});
        let Value::Object(row) = row else { panic!() };
        let row = Change::Row(row);
        assert_eq!(change_text(&table(), &row), "row      b-1  drf_name=\"A \\\"b\\\"\"");
        let document = change_document(&table(), &row);
        assert_eq!((&document["kind"], &document["id"], &document["version"]), (&json!("row"), &json!("b-1"), &json!(12)));
        let removed = Change::Removed { id: "b-2".into() };
        assert_eq!(change_text(&table(), &removed), "removed  b-2");
        assert_eq!(change_document(&table(), &removed), json!({"kind": "removed", "id": "b-2"}));
    }

    #[test]
    fn long_values_are_cut() {
        assert_eq!(value_text(&json!("ä".repeat(100))).chars().count(), VALUE_CHARS_MAX + 1);
    }

    #[test] // OPS-06
    fn a_link_is_an_address() {
        assert!(check_link("http://127.0.0.1:8080/api/data/v9.2/accounts?$deltatoken=1").is_ok());
        for wrong in ["xyz", "", "accounts?$deltatoken=1", "ü"] {
            assert_eq!(crate::exit::of(&check_link(wrong).unwrap_err()), Exit::Usage, "{wrong}");
        }
    }

    #[test]
    fn following_outlives_a_restart_and_no_more() {
        let http = |status| {
            let (code, message) = (String::new(), String::new());
            anyhow::Error::new(ClientError::Http { status, code, message, request_id: None, retry_after: None })
        };
        assert!(is_passing(&http(503)) && is_passing(&http(429)));
        assert!(!is_passing(&http(400)) && !is_passing(&anyhow::anyhow!("x")));
    }
}
