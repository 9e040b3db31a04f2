//! The table that a crash run writes: its definition, its rows on the wire, a full read of it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::history::{Item, RowId, Stamp, State, Survey};
use crate::http::{Connection, Request, path_of};

/// Root of the Web API.
pub(crate) const ROOT: &str = "/api/data/v9.2";
/// Logical name of the table.
pub(crate) const TABLE: &str = "new_crash";
/// Its primary key column.
pub(crate) const ID: &str = "new_crashid";
/// The columns that reads ask for.
pub(crate) const COLUMNS: &str = "new_name,new_stamp,new_code";
/// Longest wait for a key to become active.
const KEY_WAIT: Duration = Duration::from_secs(60);
/// Pause between two looks at the state of keys.
const LOOK: Duration = Duration::from_millis(50);
/// Most pages of one full read; more means that paging does not end.
const PAGES_MAX: usize = 10_000;

/// A label in the one language that the run uses.
pub(crate) fn label(text: &str) -> Value {
    json!({"LocalizedLabels": [{"Label": text, "LanguageCode": 1033}]})
}

/// Definition of an integer column.
pub(crate) fn integer_column(schema_name: &str) -> Value {
    json!({
        "@odata.type": "Microsoft.Dynamics.CRM.IntegerAttributeMetadata", "SchemaName": schema_name,
        "DisplayName": label(schema_name), "RequiredLevel": {"Value": "None"}, "Format": "None",
        "MinValue": 0, "MaxValue": 2_147_483_647
    })
}

/// Definition of an alternate key.
pub(crate) fn key(schema_name: &str, columns: &[&str]) -> Value {
    json!({"SchemaName": schema_name, "DisplayName": label(schema_name), "KeyAttributes": columns})
}

fn text_column(schema_name: &str, is_primary_name: bool) -> Value {
    json!({
        "@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata", "SchemaName": schema_name,
        "DisplayName": label(schema_name), "RequiredLevel": {"Value": "None"}, "MaxLength": 100,
        "FormatName": {"Value": "Text"}, "IsPrimaryName": is_primary_name
    })
}

/// Path of the table's definition, or of a part of it.
pub(crate) fn definition(part: &str) -> String {
    format!("{ROOT}/EntityDefinitions(LogicalName='{TABLE}'){part}")
}

/// Makes the table with its key and gives its set name.
pub(crate) fn create(connection: &mut Connection) -> Result<String> {
    let table = json!({
        "@odata.type": "Microsoft.Dynamics.CRM.EntityMetadata", "SchemaName": "new_Crash",
        "DisplayName": label("Crash"), "DisplayCollectionName": label("Crashes"), "Description": label("Crash run"),
        "OwnershipType": "UserOwned", "HasActivities": false, "HasNotes": false, "IsActivity": false,
        "ChangeTrackingEnabled": true, "Attributes": [text_column("new_Name", true)]
    });
    connection.call(&Request::new("POST", format!("{ROOT}/EntityDefinitions")).json(&table))?;
    for column in [integer_column("new_Stamp"), text_column("new_Code", false)] {
        connection.call(&Request::new("POST", definition("/Attributes")).json(&column))?;
    }
    connection.call(&Request::new("POST", definition("/Keys")).json(&key("new_CrashCode", &["new_code"])))?;
    wait_for_keys(connection)?;
    let about = connection.call(&Request::new("GET", definition("?$select=EntitySetName")))?.json();
    Ok(about["EntitySetName"].as_str().context("the table has no set name")?.to_owned())
}

/// Waits until every key of the table is active.
pub(crate) fn wait_for_keys(connection: &mut Connection) -> Result<()> {
    let begun = Instant::now();
    loop {
        let keys = connection.call(&Request::new("GET", definition("/Keys?$select=LogicalName,EntityKeyIndexStatus")))?;
        let keys = keys.json();
        let mut open = keys["value"].as_array().into_iter().flatten().filter(|key| key["EntityKeyIndexStatus"] != "Active");
        let Some(key) = open.next() else {
            return Ok(());
        };
        if key["EntityKeyIndexStatus"] == "Failed" || begun.elapsed() > KEY_WAIT {
            bail!("key {} does not become active: {}", key["LogicalName"], key["EntityKeyIndexStatus"]);
        }
        std::thread::sleep(LOOK);
    }
}

/// The columns that a write sets, all derived from its stamp.
pub(crate) fn body(stamp: Stamp) -> Value {
    json!({"new_name": format!("s{stamp}"), "new_stamp": stamp})
}

/// Text form of a row's id.
pub(crate) fn guid(row: RowId) -> String {
    let hex = format!("{row:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// The id in a GUID's text form.
pub(crate) fn row_id(text: &str) -> Option<RowId> {
    RowId::from_str_radix(&text.replace('-', ""), 16).ok()
}

/// The version in an etag.
pub(crate) fn version(etag: &Value) -> Option<u64> {
    etag.as_str()?.strip_prefix("W/\"")?.strip_suffix('"')?.parse().ok()
}

/// A delivered row; `None` when it lacks what every row has.
pub(crate) fn state(row: &Value) -> Option<State> {
    let stamp = row["new_stamp"].as_u64()?;
    Some(State {
        row: row_id(row[ID].as_str()?)?,
        version: version(&row["@odata.etag"])?,
        stamp,
        code: row["new_code"].as_str().map(str::to_owned),
        is_whole: row["new_name"] == json!(format!("s{stamp}")),
    })
}

/// An entry of a feed answer.
pub(crate) fn item(entry: &Value) -> Option<Item> {
    let is_deleted = entry["@odata.context"].as_str().is_some_and(|context| context.ends_with("$deletedEntity"));
    if is_deleted {
        return entry["id"].as_str().and_then(row_id).map(Item::Removed);
    }
    state(entry).map(Item::Changed)
}

/// Reads the whole table and its definition. Nothing may be written meanwhile.
pub(crate) fn survey(connection: &mut Connection, set: &str, start_ns: u64) -> Result<Survey> {
    let mut states = Vec::new();
    let mut path = format!("{ROOT}/{set}?$select={COLUMNS}");
    for _ in 0..PAGES_MAX {
        let request = Request::new("GET", path.clone()).header("Prefer", "odata.maxpagesize=5000");
        let page = connection.call(&request)?.json();
        for row in page["value"].as_array().context("a page without rows")? {
            states.push(state(row).with_context(|| format!("not a whole row: {row}"))?);
        }
        let Some(link) = page["@odata.nextLink"].as_str() else {
            let columns = names(connection, "/Attributes?$select=LogicalName")?;
            let keys = names(connection, "/Keys?$select=LogicalName")?;
            return Ok(Survey { start_ns, states, columns, keys });
        };
        path = path_of(link).to_owned();
    }
    bail!("a full read does not end")
}

fn names(connection: &mut Connection, part: &str) -> Result<Vec<String>> {
    let list = connection.call(&Request::new("GET", definition(part)))?.json();
    let names = list["value"].as_array().into_iter().flatten().filter_map(|entry| entry["LogicalName"].as_str());
    Ok(names.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_deleted_items_are_read() {
        let row = json!({"@odata.etag": "W/\"47\"", "new_name": "s5", "new_stamp": 5, "new_code": "k1", ID: guid(0xAB)});
        let wanted = State { row: 0xAB, version: 47, stamp: 5, code: Some("k1".to_owned()), is_whole: true };
        assert_eq!(item(&row), Some(Item::Changed(wanted)));
        let gone = json!({"@odata.context": "http://h/x#new_crashs/$deletedEntity", "id": guid(7), "reason": "deleted"});
        assert_eq!(item(&gone), Some(Item::Removed(7)));
        assert_eq!(item(&json!({"new_name": "s5"})), None);
        let mixed = json!({"@odata.etag": "W/\"47\"", "new_name": "s4", "new_stamp": 5, "new_code": null, ID: guid(1)});
        assert!(!state(&mixed).unwrap().is_whole);
    }

    #[test]
    fn ids_keep_their_value() {
        assert_eq!(guid(1), "00000000-0000-0000-0000-000000000001");
        assert_eq!(row_id(&guid(u128::MAX - 5)), Some(u128::MAX - 5));
    }
}
