//! Table definitions, read only (web-api 26).

use serde_json::Value;

use crate::address::quoted;
use crate::connection::Connection;
use crate::error::{ClientError, Result};

const TABLE_PROPERTIES: &str = "LogicalName,SchemaName,EntitySetName,OwnershipType,ChangeTrackingEnabled,IsManaged,IsCustomEntity,\
                                PrimaryIdAttribute,PrimaryNameAttribute";
const COLUMN_PROPERTIES: &str = "LogicalName,SchemaName,AttributeType,RequiredLevel,IsPrimaryId,IsPrimaryName,IsCustomAttribute,IsValidForCreate";

/// A table definition in brief.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSummary {
    /// Logical name, as in `drf_book`.
    pub logical_name: String,
    /// Schema name, as in `drf_Book`.
    pub schema_name: String,
    /// Name in addresses, as in `drf_books`.
    pub set_name: String,
    /// `UserOwned`, `OrganizationOwned` and so on.
    pub ownership: String,
    /// Whether the change feed is on.
    pub is_tracked: bool,
    /// Whether a managed solution brought it.
    pub is_managed: bool,
    /// Whether it is none of the built-in tables.
    pub is_custom: bool,
    /// Column with the row's id.
    pub id_column: String,
    /// Column with the row's name; empty when there is none.
    pub name_column: String,
}

/// A column definition in brief.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// Logical name.
    pub logical_name: String,
    /// `String`, `Integer`, `Lookup` and so on.
    pub kind: String,
    /// `None`, `Recommended`, `ApplicationRequired` or `SystemRequired`.
    pub required: String,
    /// Whether it is the row's id.
    pub is_id: bool,
    /// Whether it is the row's name.
    pub is_name: bool,
    /// Whether it was added to what the service brings.
    pub is_custom: bool,
    /// Whether a create may set it.
    pub can_create: bool,
}

impl Connection {
    /// All table definitions, in the service's order.
    pub fn list_tables(&self) -> Result<Vec<TableSummary>> {
        let answer = self.get(&format!("EntityDefinitions?$select={TABLE_PROPERTIES}"), &[])?;
        answer.into_items()?.iter().map(read_table).collect()
    }

    /// One table by its logical name; an unknown one is the service's 404.
    pub fn table(&self, logical_name: &str) -> Result<TableSummary> {
        let answer = self.get(&format!("{}?$select={TABLE_PROPERTIES}", definition(logical_name)), &[])?;
        read_table(&answer.json)
    }

    /// The columns of a table.
    pub fn table_columns(&self, logical_name: &str) -> Result<Vec<TableColumn>> {
        let answer = self.get(&format!("{}/Attributes?$select={COLUMN_PROPERTIES}", definition(logical_name)), &[])?;
        answer.into_items()?.iter().map(read_column).collect()
    }
}

/// Path of a table definition.
pub(crate) fn definition(logical_name: &str) -> String {
    format!("EntityDefinitions(LogicalName={})", quoted(logical_name))
}

/// A text property that must be there.
pub(crate) fn required_text(item: &Value, property: &str) -> Result<String> {
    match item.get(property).and_then(Value::as_str) {
        Some(text) => Ok(text.to_owned()),
        None => Err(ClientError::Protocol(format!("an item of the answer has no text \"{property}\""))),
    }
}

/// A text property, empty when absent or null.
pub(crate) fn text(item: &Value, property: &str) -> String {
    item.get(property).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A yes/no property, false when absent or null.
pub(crate) fn flag(item: &Value, property: &str) -> bool {
    item.get(property).and_then(Value::as_bool).unwrap_or(false)
}

fn read_table(item: &Value) -> Result<TableSummary> {
    Ok(TableSummary {
        logical_name: required_text(item, "LogicalName")?,
        schema_name: text(item, "SchemaName"),
        set_name: text(item, "EntitySetName"),
        ownership: text(item, "OwnershipType"),
        is_tracked: flag(item, "ChangeTrackingEnabled"),
        is_managed: flag(item, "IsManaged"),
        is_custom: flag(item, "IsCustomEntity"),
        id_column: text(item, "PrimaryIdAttribute"),
        name_column: text(item, "PrimaryNameAttribute"),
    })
}

fn read_column(item: &Value) -> Result<TableColumn> {
    Ok(TableColumn {
        logical_name: required_text(item, "LogicalName")?,
        kind: text(item, "AttributeType"),
        required: item.get("RequiredLevel").map(|level| text(level, "Value")).unwrap_or_default(),
        is_id: flag(item, "IsPrimaryId"),
        is_name: flag(item, "IsPrimaryName"),
        is_custom: flag(item, "IsCustomAttribute"),
        can_create: flag(item, "IsValidForCreate"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scripted::{Reply, Script};
    use crate::settings::Settings;

    #[test] // web-api 26.3, 26.4
    fn definitions_are_read() {
        let table = json!({"LogicalName": "drf_book", "SchemaName": "drf_Book", "EntitySetName": "drf_books", "OwnershipType": "UserOwned",
            "ChangeTrackingEnabled": true, "IsManaged": true, "PrimaryIdAttribute": "drf_bookid", "PrimaryNameAttribute": null});
        let column = json!({"LogicalName": "drf_bookcode", "AttributeType": "String", "RequiredLevel": {"Value": "None"}});
        let script = Script::start(vec![Reply::json(200, table), Reply::json(200, json!({"value": [column]}))]);
        let connection = Connection::open(&Settings { url: script.url(), ..Settings::default() }).unwrap();
        let found = connection.table("drf_book").unwrap();
        assert_eq!((found.set_name.as_str(), found.is_tracked, found.name_column.as_str()), ("drf_books", true, ""));
        let columns = connection.table_columns("drf_book").unwrap();
        assert_eq!((columns[0].kind.as_str(), columns[0].required.as_str()), ("String", "None"));
        let seen = script.finish();
        assert!(seen.requests[0].path.starts_with("/api/data/v9.2/EntityDefinitions(LogicalName='drf_book')?$select=LogicalName,"));
        assert!(seen.requests[1].path.contains("/Attributes?$select="));
    }
}
