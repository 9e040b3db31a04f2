//! `table`: definitions of tables.

use clap::{Args, Subcommand};
use driftless_client::{ClientError, Connection, TableColumn, TableKey, TableSummary};
use serde_json::{Value, json};

use super::Context;
use crate::arguments::ServiceArguments;
use crate::exit::{Exit, Failure};
use crate::output::{columns, yes_no};
use crate::service_settings::connect;
use crate::suggestion;

/// The commands below `table`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List tables
    #[command(after_help = "Examples:\n  driftless table list --tracked\n  driftless table list --custom --json")]
    List(ListArguments),
    /// Show a table with its columns and alternate keys
    #[command(after_help = "Examples:\n  driftless table show account")]
    Show(ShowArguments),
}

/// Arguments of `table list`.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// Only tables with change tracking
    #[arg(long)]
    tracked: bool,
    /// Only tables that are not built in
    #[arg(long)]
    custom: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Arguments of `table show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// Logical name, or the name in addresses
    name: String,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Does what the command says.
pub(crate) fn run(command: &Command, context: &Context) -> anyhow::Result<()> {
    match command {
        Command::List(arguments) => {
            let connection = connect(&arguments.service, &context.general)?;
            let mut tables = connection.list_tables()?;
            tables.retain(|table| (table.is_tracked || !arguments.tracked) && (table.is_custom || !arguments.custom));
            tables.sort_by(|a, b| a.logical_name.cmp(&b.logical_name));
            context.output.result(|| list_text(&tables), || json!({"tables": tables.iter().map(table_document).collect::<Vec<_>>()}))?;
        }
        Command::Show(arguments) => {
            let connection = connect(&arguments.service, &context.general)?;
            let table = find_table(&connection, &arguments.name)?;
            let columns = connection.table_columns(&table.logical_name)?;
            let keys = connection.list_keys(&table.logical_name)?;
            context.output.result(|| show_text(&table, &columns, &keys), || show_document(&table, &columns, &keys))?;
        }
    }
    Ok(())
}

/// A table by its logical name or its name in addresses; an unknown one gets a suggestion.
pub(crate) fn find_table(connection: &Connection, name: &str) -> anyhow::Result<TableSummary> {
    match connection.table(&name.to_lowercase()) {
        Err(ClientError::Http { status: 404, .. }) => {}
        outcome => return Ok(outcome?),
    }
    let tables = connection.list_tables()?;
    let hint = suggestion::hint(name, tables.iter().map(|table| table.logical_name.as_str()));
    let by_set = tables.into_iter().find(|table| table.set_name.eq_ignore_ascii_case(name));
    by_set.ok_or_else(|| Failure::error(Exit::NotFound, format!("there is no table \"{name}\"{hint}")))
}

fn list_text(tables: &[TableSummary]) -> String {
    let row = |table: &TableSummary| {
        vec![table.logical_name.clone(), table.set_name.clone(), table.ownership.clone(), yes_no(table.is_tracked), yes_no(table.is_managed)]
    };
    columns(&["table", "in addresses", "ownership", "tracked", "managed"], &tables.iter().map(row).collect::<Vec<_>>())
}

/// A table for programs.
pub(crate) fn table_document(table: &TableSummary) -> Value {
    json!({
        "logicalName": table.logical_name,
        "schemaName": table.schema_name,
        "setName": table.set_name,
        "ownership": table.ownership,
        "tracked": table.is_tracked,
        "managed": table.is_managed,
        "custom": table.is_custom,
        "idColumn": table.id_column,
        "nameColumn": table.name_column,
    })
}

/// An alternate key for programs.
pub(crate) fn key_document(key: &TableKey) -> Value {
    json!({
        "logicalName": key.logical_name,
        "schemaName": key.schema_name,
        "columns": key.columns,
        "status": key.status.to_string(),
        "job": key.job_id,
        "managed": key.is_managed,
    })
}

/// Alternate keys for people.
pub(crate) fn keys_text(keys: &[TableKey]) -> String {
    let row = |key: &TableKey| vec![key.logical_name.clone(), key.status.to_string(), key.columns.join(", ")];
    columns(&["key", "status", "columns"], &keys.iter().map(row).collect::<Vec<_>>())
}

fn show_document(table: &TableSummary, columns: &[TableColumn], keys: &[TableKey]) -> Value {
    let column = |column: &TableColumn| {
        json!({
            "logicalName": column.logical_name,
            "type": column.kind,
            "required": column.required,
            "custom": column.is_custom,
            "canCreate": column.can_create,
        })
    };
    let mut document = table_document(table);
    document["columns"] = columns.iter().map(column).collect();
    document["keys"] = keys.iter().map(key_document).collect();
    document
}

fn show_text(table: &TableSummary, table_columns: &[TableColumn], keys: &[TableKey]) -> String {
    let facts = [
        ("table", table.logical_name.clone()),
        ("in addresses", table.set_name.clone()),
        ("ownership", table.ownership.clone()),
        ("tracked", yes_no(table.is_tracked)),
        ("managed", yes_no(table.is_managed)),
    ];
    let mut out = String::new();
    for (title, value) in facts {
        out += &format!("{title:<13} {value}\n");
    }
    let remark = |column: &TableColumn| match (column.is_id, column.is_name) {
        (true, _) => "id".to_owned(),
        (_, true) => "name".to_owned(),
        _ => String::new(),
    };
    let row = |column: &TableColumn| vec![column.logical_name.clone(), column.kind.clone(), column.required.clone(), remark(column)];
    out.push('\n');
    out += &columns(&["column", "type", "required", ""], &table_columns.iter().map(row).collect::<Vec<_>>());
    if !keys.is_empty() {
        out.push('\n');
        out += &keys_text(keys);
    }
    out
}

#[cfg(test)]
mod tests {
    use driftless_client::scripted::{Reply, Script};
    use driftless_client::{KeyStatus, Settings};

    use super::*;

    fn item(logical_name: &str, set_name: &str) -> Value {
        json!({"LogicalName": logical_name, "EntitySetName": set_name, "OwnershipType": "UserOwned", "ChangeTrackingEnabled": true})
    }

    fn find(name: &str) -> anyhow::Result<TableSummary> {
        let absent = Reply::json(404, json!({"error": {"code": "0x80060888", "message": "no"}}));
        let list = json!({"value": [item("account", "accounts"), item("drf_book", "drf_books")]});
        let script = Script::start(vec![absent, Reply::json(200, list)]);
        let connection = Connection::open(&Settings { url: script.url(), ..Settings::default() })?;
        find_table(&connection, name)
    }

    #[test] // OPS-04, OPS-06
    fn tables_are_found_by_both_names_and_suggested() {
        assert_eq!(find("drf_Books").unwrap().logical_name, "drf_book");
        let error = find("acount").unwrap_err();
        assert_eq!(error.to_string(), "there is no table \"acount\"; did you mean \"account\"?");
        assert_eq!(crate::exit::of(&error), Exit::NotFound);
    }

    #[test]
    fn texts() {
        let table = TableSummary {
            logical_name: "drf_book".into(),
            schema_name: "drf_Book".into(),
            set_name: "drf_books".into(),
            ownership: "UserOwned".into(),
            is_tracked: true,
            is_managed: false,
            is_custom: true,
            id_column: "drf_bookid".into(),
            name_column: "drf_name".into(),
        };
        let column = TableColumn {
            logical_name: "drf_name".into(),
            kind: "String".into(),
            required: "None".into(),
            is_id: false,
            is_name: true,
            is_custom: true,
            can_create: true,
        };
        let key = TableKey {
            logical_name: "drf_code".into(),
            schema_name: "drf_Code".into(),
            columns: vec!["drf_a".into(), "drf_b".into()],
            status: KeyStatus::Active,
            job_id: None,
            is_managed: false,
        };
        let expected = "\
table         drf_book
in addresses  drf_books
ownership     UserOwned
tracked       yes
managed       no

column    type    required
drf_name  String  None      name

key       status  columns
drf_code  Active  drf_a, drf_b
";
        let (columns, keys) = ([column], [key]);
        assert_eq!(show_text(&table, &columns, &keys), expected);
        assert_eq!(show_document(&table, &columns, &keys)["keys"][0]["status"], "Active");
        assert!(list_text(&[table]).ends_with("drf_book  drf_books     UserOwned  yes      no\n"));
    }
}
