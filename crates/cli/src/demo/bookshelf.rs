//! The table that the story writes to: which one, and how its columns are called.

use anyhow::Context;
use driftless_client::{Connection, TableColumn, TableSummary};
use driftless_solution_file::{ColumnType, Package, PackageLimits, TableElement, read};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};

/// What the package says before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Unique name of the solution.
    pub(crate) solution: String,
    /// Its version.
    pub(crate) version: String,
    /// Logical name of the table to write to.
    pub(crate) table: String,
    /// Logical name of the alternate key.
    pub(crate) key: String,
    /// Its one text column.
    pub(crate) code_column: String,
}

/// Reads a package and picks its first table that has an alternate key of one text column.
pub(crate) fn plan(package: &[u8]) -> anyhow::Result<Plan> {
    let package = read(package, &PackageLimits::default()).context("the package cannot be read")?;
    plan_of(&package)
}

fn plan_of(package: &Package) -> anyhow::Result<Plan> {
    let found = package.tables.iter().find_map(|table| Some((table, text_key(table)?)));
    let Some((table, (key, code_column))) = found else {
        let message = format!("solution {} has no table with an alternate key of one text column", package.manifest.unique_name);
        return Err(Failure::error(Exit::Other, message));
    };
    Ok(Plan {
        solution: package.manifest.unique_name.clone(),
        version: package.manifest.version.to_string(),
        table: table.schema_name.to_lowercase(),
        key,
        code_column,
    })
}

/// The first key of one text column, with that column.
fn text_key(table: &TableElement) -> Option<(String, String)> {
    table.keys.iter().find_map(|key| {
        let [column] = key.columns.as_slice() else {
            return None;
        };
        let is_text =
            |found: &&driftless_solution_file::ColumnElement| found.logical_name.eq_ignore_ascii_case(column) && found.column_type == ColumnType::Text;
        table.columns.iter().find(is_text)?;
        Some((key.logical_name.to_lowercase(), column.to_lowercase()))
    })
}

/// The table as the service describes it after the import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bookshelf {
    pub(crate) table: String,
    pub(crate) set: String,
    pub(crate) id_column: String,
    pub(crate) name_column: String,
    pub(crate) code_column: String,
    /// A further text column of the solution, if it has one.
    pub(crate) author_column: Option<String>,
}

/// Looks at the table through the Web API.
pub(crate) fn look_up(connection: &Connection, plan: &Plan) -> anyhow::Result<Bookshelf> {
    let table = connection.table(&plan.table)?;
    if !table.is_tracked {
        return Err(Failure::error(Exit::Other, format!("table {} has no change tracking", plan.table)));
    }
    let columns = connection.table_columns(&plan.table)?;
    shelve(plan, table, &columns)
}

fn shelve(plan: &Plan, table: TableSummary, columns: &[TableColumn]) -> anyhow::Result<Bookshelf> {
    if table.name_column.is_empty() {
        return Err(Failure::error(Exit::Other, format!("table {} has no column for names", plan.table)));
    }
    let is_author = |column: &&TableColumn| {
        let taken = [&table.name_column, &plan.code_column].contains(&&column.logical_name);
        column.kind == "String" && column.is_custom && column.can_create && !taken
    };
    let author_column = columns.iter().find(is_author).map(|column| column.logical_name.clone());
    Ok(Bookshelf {
        table: table.logical_name,
        set: table.set_name,
        id_column: table.id_column,
        name_column: table.name_column,
        code_column: plan.code_column.clone(),
        author_column,
    })
}

impl Bookshelf {
    /// The columns that the story reads.
    pub(crate) fn select(&self) -> Vec<String> {
        let mut columns = vec![self.code_column.clone(), self.name_column.clone()];
        columns.extend(self.author_column.clone());
        columns
    }

    /// Code of the n-th book.
    pub(crate) fn code(n: u32) -> String {
        format!("BookCode{n}")
    }

    /// The n-th book as a create writes it.
    pub(crate) fn book(&self, n: u32) -> Value {
        let mut book = json!({});
        book[&self.name_column] = format!("Demo Book {n}").into();
        book[&self.code_column] = Self::code(n).into();
        if let Some(column) = &self.author_column {
            book[column] = format!("Author{n}").into();
        }
        book
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::package::own_package;

    #[test]
    fn the_own_package_is_planned() {
        let plan = plan(&own_package().unwrap()).unwrap();
        assert_eq!((plan.solution.as_str(), plan.version.as_str()), ("DriftlessBooks", "1.0.0.0"));
        assert_eq!((plan.table.as_str(), plan.key.as_str(), plan.code_column.as_str()), ("drf_book", "drf_bookcodekey", "drf_bookcode"));
        assert!(plan_of(&Package::default()).is_err());
    }

    #[test]
    fn columns_are_found_by_what_they_are() {
        let plan = plan(&own_package().unwrap()).unwrap();
        let column = |name: &str, kind: &str, is_custom: bool| TableColumn {
            logical_name: name.into(),
            kind: kind.into(),
            required: String::new(),
            is_id: false,
            is_name: false,
            is_custom,
            can_create: true,
        };
        let columns = [
            column("owneridname", "String", false),
            column("drf_bookcode", "String", true),
            column("drf_pages", "Integer", true),
            column("drf_author", "String", true),
        ];
        let table = TableSummary {
            logical_name: "drf_book".into(),
            schema_name: "drf_Book".into(),
            set_name: "drf_books".into(),
            ownership: String::new(),
            is_tracked: true,
            is_managed: true,
            is_custom: true,
            id_column: "drf_bookid".into(),
            name_column: "drf_name".into(),
        };
        let shelf = shelve(&plan, table, &columns).unwrap();
        assert_eq!(shelf.select(), ["drf_bookcode", "drf_name", "drf_author"]);
        let expected = json!({"drf_bookcode": "BookCode7", "drf_name": "Demo Book 7", "drf_author": "Author7"});
        assert_eq!(shelf.book(7), expected);
    }
}
