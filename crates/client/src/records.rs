//! Single records: create, update, upsert, delete (web-api 7, 8, 10 to 12).

use serde_json::Value;

use crate::address::quoted;
use crate::connection::{Body, Connection};
use crate::error::{ClientError, Result};

/// A value inside an alternate key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyValue {
    /// Text.
    Text(String),
    /// Anything that is written without quotes: whole numbers, choices, ids, dates.
    Plain(String),
}

/// How a record is addressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordKey {
    /// By its id.
    Id(String),
    /// By an alternate key: column names and values.
    Alternate(Vec<(String, KeyValue)>),
}

impl RecordKey {
    /// An alternate key of one text column.
    pub fn text(column: &str, value: &str) -> Self {
        Self::Alternate(vec![(column.to_owned(), KeyValue::Text(value.to_owned()))])
    }

    /// Path of the record in a set, percent-encoded: `drf_books(drf_bookcode='B%2F1')`.
    pub fn path(&self, set: &str) -> String {
        let inside = match self {
            Self::Id(id) => crate::encode_component(id),
            Self::Alternate(parts) => {
                let literal = |value: &KeyValue| match value {
                    KeyValue::Text(text) => quoted(text),
                    KeyValue::Plain(text) => crate::encode_component(text),
                };
                let parts: Vec<String> = parts.iter().map(|(column, value)| format!("{column}={}", literal(value))).collect();
                parts.join(",")
            }
        };
        format!("{set}({inside})")
    }
}

/// What a PATCH expects of the record (web-api 11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existence {
    /// Update it, or create it.
    MayCreate,
    /// Update only: 404 when it is missing.
    MustExist,
    /// Create only: 412 when it is there.
    MustNotExist,
}

impl Connection {
    /// Creates a record and gives its id.
    pub fn create_record(&self, set: &str, columns: &Value) -> Result<String> {
        let answer = self.post(set, Body::Json(columns), &[])?;
        let location = ["OData-EntityId", "Location"].iter().find_map(|name| answer.header(name));
        location.and_then(id_in).ok_or_else(|| ClientError::Protocol(format!("the answer to the create in {set} does not say the new id")))
    }

    /// Writes columns of a record.
    pub fn patch_record(&self, set: &str, key: &RecordKey, columns: &Value, existence: Existence) -> Result<()> {
        let condition: &[(&str, &str)] = match existence {
            Existence::MayCreate => &[],
            Existence::MustExist => &[("If-Match", "*")],
            Existence::MustNotExist => &[("If-None-Match", "*")],
        };
        self.patch(&key.path(set), Body::Json(columns), condition).map(drop)
    }

    /// Deletes a record; 404 when it is missing.
    pub fn delete_record(&self, set: &str, key: &RecordKey) -> Result<()> {
        self.delete(&key.path(set), &[]).map(drop)
    }
}

/// The id between the last parentheses of `{root}set(id)`.
fn id_in(location: &str) -> Option<String> {
    let (_, rest) = location.rsplit_once('(')?;
    let (id, _) = rest.split_once(')')?;
    (id.len() == 36).then(|| id.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scripted::{Reply, Script};
    use crate::settings::Settings;

    #[test] // web-api 7: any value can be addressed when percent-encoded
    fn paths() {
        let two = RecordKey::Alternate(vec![("drf_code".into(), KeyValue::Text("AB/7 'x'&?#".into())), ("drf_year".into(), KeyValue::Plain("2031".into()))]);
        assert_eq!(two.path("drf_parcels"), "drf_parcels(drf_code='AB%2F7%20''x''%26%3F%23',drf_year=2031)");
    }

    #[test] // web-api 5: the id is in the header; web-api 11: the conditions
    fn create_patch_delete() {
        let id = "7D0C0000-0000-0000-0000-000000000001";
        let made = Reply::status(204).with("OData-EntityId", &format!("{{origin}}/api/data/v9.2/drf_books({id})"));
        let script = Script::start(vec![made, Reply::status(204), Reply::status(204), Reply::status(204)]);
        let connection = Connection::open(&Settings { url: script.url(), ..Settings::default() }).unwrap();
        assert_eq!(connection.create_record("drf_books", &json!({"drf_name": "a"})).unwrap(), id.to_ascii_lowercase());
        let key = RecordKey::text("drf_bookcode", "BookCode0");
        connection.patch_record("drf_books", &key, &json!({}), Existence::MustExist).unwrap();
        connection.patch_record("drf_books", &key, &json!({}), Existence::MustNotExist).unwrap();
        connection.delete_record("drf_books", &key).unwrap();
        let seen = script.finish();
        assert_eq!(seen.requests[1].header("if-match"), Some("*"));
        assert_eq!(seen.requests[2].header("if-none-match"), Some("*"));
        assert_eq!(seen.requests[3].line(), "DELETE /api/data/v9.2/drf_books(drf_bookcode='BookCode0')");
    }
}
