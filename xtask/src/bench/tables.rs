//! What is written: a table of 15 columns of mixed types, one alternate key and one lookup, and its rows.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::http::{Connection, Request};

/// Root of the Web API.
pub(crate) const ROOT: &str = "/api/data/v9.2";
/// Rows of the table that the lookup leads to.
const PARENTS: usize = 1_000;
/// Longest wait for a key to become active.
const KEY_WAIT: Duration = Duration::from_secs(60);
/// Digits of a code.
pub(crate) const CODE_DIGITS: usize = 16;
/// The number of a row in a request before it is patched: found as text in every place that depends on the row.
const MARK: &str = "c0dec0dec0dec0de";
const PARENT_MARK: &str = "00000000-0000-4000-8000-0000beadbead";

/// A table of the bench.
#[derive(Clone, Debug)]
pub(crate) struct BenchTable {
    /// Logical name.
    pub(crate) name: String,
    /// Set name.
    pub(crate) set: String,
}

/// How the codes of rows follow from their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codes {
    /// Rising with the number.
    Rising,
    /// Anywhere.
    Random,
}

impl Codes {
    /// The code of the n-th row. Different numbers have different codes.
    pub(crate) fn code(self, number: usize) -> String {
        let number = number as u64;
        match self {
            Self::Rising => format!("{number:016x}"),
            // An odd factor and a shift that is undone by none: a permutation of all 64-bit numbers.
            Self::Random => {
                let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
                format!("{:016x}", mixed ^ (mixed >> 29))
            }
        }
    }
}

fn label(text: &str) -> Value {
    json!({"LocalizedLabels": [{"Label": text, "LanguageCode": 1033}]})
}

fn parent_id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{:012x}", number % PARENTS)
}

fn column(kind: &str, schema_name: &str, more: Value) -> Value {
    let mut column = json!({
        "@odata.type": format!("Microsoft.Dynamics.CRM.{kind}AttributeMetadata"), "SchemaName": schema_name,
        "DisplayName": label(schema_name), "RequiredLevel": {"Value": "None"}
    });
    if let (Some(column), Value::Object(more)) = (column.as_object_mut(), more) {
        column.extend(more);
    }
    column
}

fn text(schema_name: &str) -> Value {
    column("String", schema_name, json!({"MaxLength": 100, "FormatName": {"Value": "Text"}}))
}

/// Definition of a table with these columns, the first of which names its rows.
pub(crate) fn table(schema_name: &str, mut columns: Vec<Value>) -> Value {
    if let Some(first) = columns.first_mut() {
        first["IsPrimaryName"] = json!(true);
    }
    json!({
        "@odata.type": "Microsoft.Dynamics.CRM.EntityMetadata", "SchemaName": schema_name, "DisplayName": label(schema_name),
        "DisplayCollectionName": label(&format!("{schema_name}s")), "OwnershipType": "UserOwned", "HasActivities": false, "HasNotes": false,
        "ChangeTrackingEnabled": true, "Attributes": columns
    })
}

/// `count` columns of mixed types, the first a text.
pub(crate) fn mixed_columns(count: usize) -> Vec<Value> {
    let made = (0..count).map(|at| match at % 4 {
        0 => text(&format!("new_Text{at}")),
        1 => column("Integer", &format!("new_Number{at}"), json!({"Format": "None", "MinValue": 0, "MaxValue": 2_147_483_647})),
        2 => column("DateTime", &format!("new_Moment{at}"), json!({"Format": "DateAndTime"})),
        _ => column("Decimal", &format!("new_Amount{at}"), json!({"Precision": 2})),
    });
    made.collect()
}

fn post(connection: &mut Connection, path: &str, value: &Value) -> Result<()> {
    connection.call(&Request::new("POST", format!("{ROOT}/{path}")).json(value))?;
    Ok(())
}

/// Makes the table that lookups lead to, with its rows.
pub(crate) fn create_parents(connection: &mut Connection) -> Result<()> {
    let mut shelf = table("new_Shelf", vec![text("new_Name")]);
    shelf["EntitySetName"] = json!("new_shelfs");
    post(connection, "EntityDefinitions", &shelf)?;
    let target = |number| json!({"@odata.type": "Microsoft.Dynamics.CRM.new_shelf", "new_shelfid": parent_id(number), "new_name": format!("Shelf {number}")});
    let targets: Vec<Value> = (0..PARENTS).map(target).collect();
    post(connection, "new_shelfs/Microsoft.Dynamics.CRM.CreateMultiple", &json!({"Targets": targets}))
}

/// Makes a table of 15 columns with its key on `new_code` and its lookup to shelves.
pub(crate) fn create(connection: &mut Connection, name: &str) -> Result<BenchTable> {
    let schema_name = format!("new_{name}");
    let options = json!({"OptionSet": {"OptionSetType": "Picklist", "IsGlobal": false, "Options": [
        {"Value": 1, "Label": label("One")}, {"Value": 2, "Label": label("Two")}, {"Value": 3, "Label": label("Three")}]}});
    let integer = json!({"Format": "None", "MinValue": 0, "MaxValue": 2_147_483_647});
    let columns = vec![
        text("new_Name"),
        text("new_Code"),
        text("new_City"),
        text("new_Street"),
        column("Memo", "new_Note", json!({"MaxLength": 2_000})),
        column("Integer", "new_Count", integer.clone()),
        column("Integer", "new_Stock", integer),
        column("Decimal", "new_Weight", json!({"Precision": 3})),
        column("Double", "new_Height", json!({"Precision": 3})),
        column(
            "Boolean",
            "new_Open",
            json!({"DefaultValue": false, "OptionSet": {
            "TrueOption": {"Value": 1, "Label": label("Yes")}, "FalseOption": {"Value": 0, "Label": label("No")}}}),
        ),
        column("DateTime", "new_Seen", json!({"Format": "DateAndTime"})),
        column("DateTime", "new_Due", json!({"Format": "DateAndTime"})),
        column("DateTime", "new_Day", json!({"Format": "DateOnly", "DateTimeBehavior": {"Value": "DateOnly"}})),
        column("Picklist", "new_Kind", options),
    ];
    post(connection, "EntityDefinitions", &table(&schema_name, columns))?;
    let logical = schema_name.to_lowercase();
    let relationship = json!({
        "@odata.type": "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata", "SchemaName": format!("new_shelf_{logical}"),
        "ReferencedEntity": "new_shelf", "ReferencingEntity": logical,
        "Lookup": {"@odata.type": "Microsoft.Dynamics.CRM.LookupAttributeMetadata", "SchemaName": "new_ShelfId", "DisplayName": label("Shelf")}
    });
    post(connection, "RelationshipDefinitions", &relationship)?;
    let definition = format!("EntityDefinitions(LogicalName='{logical}')");
    let key = json!({"SchemaName": format!("{schema_name}Key"), "DisplayName": label("Code"), "KeyAttributes": ["new_code"]});
    post(connection, &format!("{definition}/Keys"), &key)?;
    wait_for_key(connection, &definition)?;
    let about = connection.call(&Request::new("GET", format!("{ROOT}/{definition}?$select=EntitySetName")))?.json();
    let set = about["EntitySetName"].as_str().context("the table has no set name")?.to_owned();
    Ok(BenchTable { name: logical, set })
}

fn wait_for_key(connection: &mut Connection, definition: &str) -> Result<()> {
    let begun = Instant::now();
    loop {
        let keys = connection.call(&Request::new("GET", format!("{ROOT}/{definition}/Keys?$select=EntityKeyIndexStatus")))?.json();
        if keys["value"][0]["EntityKeyIndexStatus"] == "Active" {
            return Ok(());
        }
        ensure!(begun.elapsed() < KEY_WAIT, "the key does not become active: {keys}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The members of a row's object, without its braces.
fn members(code: &str, parent: &str) -> String {
    format!(
        "\"new_name\":\"Row {code}\",\"new_code\":\"{code}\",\"new_city\":\"Springfield\",\"new_street\":\"742 Evergreen Terrace\",\
         \"new_note\":\"A note of some words about the row {code}.\",\"new_count\":42,\"new_stock\":123456,\"new_weight\":12.345,\"new_height\":1.75,\
         \"new_open\":true,\"new_seen\":\"2026-03-14T15:09:26Z\",\"new_due\":\"2026-12-31T23:59:59Z\",\"new_day\":\"2026-07-04\",\"new_kind\":2,\
         \"new_ShelfId@odata.bind\":\"/new_shelfs({parent})\""
    )
}

/// The body of a create that [`Patch`] can change.
pub(crate) fn marked_row() -> String {
    format!("{{{}}}", members(MARK, PARENT_MARK))
}

/// The members of an `Entity` that [`Patch`] can change: the same row as [`marked_row`].
pub(crate) fn marked_entity(table: &BenchTable) -> String {
    let value = |kind: &str, text: &str| format!("<g:value i:type=\"{kind}\">{text}</g:value>");
    let text = |text: &str| value("x:string", text);
    let shelf = format!("<a:Id>{PARENT_MARK}</a:Id><a:LogicalName>new_shelf</a:LogicalName><a:Name i:nil=\"true\"/>");
    let attributes = [
        ("new_name", text(&format!("Row {MARK}"))),
        ("new_code", text(MARK)),
        ("new_city", text("Springfield")),
        ("new_street", text("742 Evergreen Terrace")),
        ("new_note", text(&format!("A note of some words about the row {MARK}."))),
        ("new_count", value("x:int", "42")),
        ("new_stock", value("x:int", "123456")),
        ("new_weight", value("x:decimal", "12.345")),
        ("new_height", value("x:double", "1.75")),
        ("new_open", value("x:boolean", "true")),
        ("new_seen", value("x:dateTime", "2026-03-14T15:09:26Z")),
        ("new_due", value("x:dateTime", "2026-12-31T23:59:59Z")),
        ("new_day", value("x:dateTime", "2026-07-04T00:00:00Z")),
        ("new_kind", value("a:OptionSetValue", "<a:Value>2</a:Value>")),
        ("new_shelfid", value("a:EntityReference", &shelf)),
    ];
    let pairs: String =
        attributes.iter().map(|(key, value)| format!("<a:KeyValuePairOfstringanyType><g:key>{key}</g:key>{value}</a:KeyValuePairOfstringanyType>")).collect();
    format!(
        "<a:Attributes>{pairs}</a:Attributes><a:EntityState i:nil=\"true\"/><a:FormattedValues/><a:Id>00000000-0000-0000-0000-000000000000</a:Id>\
         <a:LogicalName>{}</a:LogicalName><a:RelatedEntities/><a:RowVersion i:nil=\"true\"/>",
        table.name
    )
}

/// An envelope around an operation, with the prefixes of [`marked_entity`].
pub(crate) fn enveloped(body: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body xmlns=\"http://schemas.microsoft.com/xrm/2011/Contracts/Services\" \
         xmlns:a=\"http://schemas.microsoft.com/xrm/2011/Contracts\" xmlns:g=\"http://schemas.datacontract.org/2004/07/System.Collections.Generic\" \
         xmlns:r=\"http://schemas.microsoft.com/2003/10/Serialization/Arrays\" xmlns:x=\"http://www.w3.org/2001/XMLSchema\" \
         xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\">{body}</s:Body></s:Envelope>"
    )
}

/// The body of CreateMultiple for these rows.
pub(crate) fn create_multiple(table: &BenchTable, numbers: impl Iterator<Item = usize>, codes: Codes) -> String {
    targets(numbers.map(|number| format!("{{\"@odata.type\":\"Microsoft.Dynamics.CRM.{}\",{}}}", table.name, members(&codes.code(number), &parent_id(number)))))
}

/// The body of UpsertMultiple by key for these rows.
pub(crate) fn upsert_multiple(table: &BenchTable, numbers: impl Iterator<Item = usize>, codes: Codes) -> String {
    targets(numbers.map(|number| {
        let code = codes.code(number);
        format!(
            "{{\"@odata.type\":\"Microsoft.Dynamics.CRM.{}\",\"@odata.id\":\"{}(new_code='{code}')\",{}}}",
            table.name,
            table.set,
            members(&code, &parent_id(number))
        )
    }))
}

fn targets(items: impl Iterator<Item = String>) -> String {
    format!("{{\"Targets\":[{}]}}", items.collect::<Vec<_>>().join(","))
}

/// The places of a request that depend on the row.
#[derive(Clone, Debug)]
pub(crate) struct Patch {
    codes: Vec<usize>,
    parents: Vec<usize>,
}

impl Patch {
    /// The places in a request made of [`marked_row`].
    pub(crate) fn of(request: &[u8]) -> Self {
        Self { codes: places(request, MARK), parents: places(request, PARENT_MARK) }
    }

    /// Puts the n-th row into the request.
    pub(crate) fn apply(&self, number: usize, codes: Codes, request: &mut [u8]) {
        let (code, parent) = (codes.code(number), parent_id(number));
        for at in &self.codes {
            request[*at..at + CODE_DIGITS].copy_from_slice(code.as_bytes());
        }
        for at in &self.parents {
            request[*at..at + parent.len()].copy_from_slice(parent.as_bytes());
        }
    }
}

fn places(request: &[u8], mark: &str) -> Vec<usize> {
    request.windows(mark.len()).enumerate().filter(|(_, window)| *window == mark.as_bytes()).map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: usize, codes: Codes) -> String {
        format!("{{{}}}", members(&codes.code(number), &parent_id(number)))
    }

    #[test]
    fn a_patched_request_is_the_rendered_one() {
        let mut request = marked_row().into_bytes();
        let patch = Patch::of(&request);
        for (number, codes) in [(7, Codes::Rising), (123_456, Codes::Random), (8, Codes::Rising)] {
            patch.apply(number, codes, &mut request);
            assert_eq!(String::from_utf8(request.clone()).unwrap(), row(number, codes));
        }
    }

    #[test]
    fn codes_differ() {
        let mut codes: Vec<String> = (0..10_000).map(|number| Codes::Random.code(number)).collect();
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), 10_000);
    }
}
