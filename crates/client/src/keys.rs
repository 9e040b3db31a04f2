//! Alternate keys: definitions and the wait for their index (web-api 26.7, semantics 2.2).

use std::fmt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::address::quoted;
use crate::connection::{Body, Connection};
use crate::error::{ClientError, Result};
use crate::retry::pause;
use crate::tables::{definition, flag, required_text, text};

/// Wait between two looks at a key, at first and at most: an index of a small table is there at once, that of a large one takes minutes.
const LOOK_AGAIN_FIRST: Duration = Duration::from_millis(50);
const LOOK_AGAIN_MAX: Duration = Duration::from_secs(2);
/// Language of labels that this client writes.
const LANGUAGE: u32 = 1033;

/// State of a key's index (AK-10). Only an active key is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyStatus {
    /// The job waits.
    Pending,
    /// The index is being built.
    InProgress,
    /// In force.
    Active,
    /// The build ended without success, for example because rows collide (AK-12).
    Failed,
    /// A word that this client does not know.
    Other(String),
}

impl KeyStatus {
    fn read(word: &str) -> Self {
        match word {
            "Pending" => Self::Pending,
            "InProgress" => Self::InProgress,
            "Active" => Self::Active,
            "Failed" => Self::Failed,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for KeyStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Active => "Active",
            Self::Failed => "Failed",
            Self::Other(word) => word,
        })
    }
}

/// An alternate key of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableKey {
    /// Logical name.
    pub logical_name: String,
    /// Schema name.
    pub schema_name: String,
    /// Logical names of its columns.
    pub columns: Vec<String>,
    /// State of its index.
    pub status: KeyStatus,
    /// Row of `asyncoperations` that builds the index, while there is one.
    pub job_id: Option<String>,
    /// Whether a managed solution brought it.
    pub is_managed: bool,
}

impl Connection {
    /// The alternate keys of a table.
    pub fn list_keys(&self, table: &str) -> Result<Vec<TableKey>> {
        let answer = self.get(&format!("{}/Keys", definition(table)), &[])?;
        answer.into_items()?.iter().map(read_key).collect()
    }

    /// One alternate key by its logical name.
    pub fn key(&self, table: &str, key: &str) -> Result<TableKey> {
        let answer = self.get(&format!("{}/Keys(LogicalName={})", definition(table), quoted(key)), &[])?;
        read_key(&answer.json)
    }

    /// Defines a key; its index is built afterwards. Gives the key's logical name (the schema name in lower case).
    pub fn create_key(&self, table: &str, schema_name: &str, columns: &[String], display_name: &str) -> Result<String> {
        let label = json!({"LocalizedLabels": [{"Label": display_name, "LanguageCode": LANGUAGE}]});
        let body = json!({"SchemaName": schema_name, "KeyAttributes": columns, "DisplayName": label});
        self.post(&format!("{}/Keys", definition(table)), Body::Json(&body), &[])?;
        Ok(schema_name.to_ascii_lowercase())
    }

    /// Starts a failed build again (AK-13).
    pub fn reactivate_key(&self, table: &str, key: &str) -> Result<()> {
        let body = json!({"EntityLogicalName": table, "EntityKeyLogicalName": key});
        self.post("ReactivateEntityKey", Body::Json(&body), &[]).map(drop)
    }

    /// Waits until a key is in force and gives it. `look` is told of the state at every look.
    ///
    /// Errors: [`ClientError::JobFailed`] with the job's own words when the build fails, [`ClientError::StillRunning`] after `timeout`.
    pub fn wait_for_key(&self, table: &str, key: &str, timeout: Duration, look: &mut dyn FnMut(&TableKey)) -> Result<TableKey> {
        let started = Instant::now();
        let mut again = LOOK_AGAIN_FIRST;
        loop {
            let found = self.key(table, key)?;
            look(&found);
            let job = || format!("the index of key {key} of table {table}");
            match found.status {
                KeyStatus::Active => return Ok(found),
                KeyStatus::Failed => {
                    return Err(ClientError::JobFailed { job: job(), message: self.job_message(found.job_id.as_deref()) });
                }
                _ if started.elapsed() >= timeout => {
                    return Err(ClientError::StillRunning { job: job(), waited: started.elapsed() });
                }
                _ => pause(again.min(timeout.saturating_sub(started.elapsed()))),
            }
            again = (again * 2).min(LOOK_AGAIN_MAX);
        }
    }

    /// What a job row says about its end, for people.
    pub(crate) fn job_message(&self, job_id: Option<&str>) -> String {
        let unknown = || "the service gives no reason".to_owned();
        let Some(id) = job_id else { return unknown() };
        match self.get(&format!("asyncoperations({id})?$select=message,friendlymessage"), &[]) {
            Ok(answer) => {
                [text(&answer.json, "friendlymessage"), text(&answer.json, "message")].into_iter().find(|message| !message.is_empty()).unwrap_or_else(unknown)
            }
            Err(error) => format!("its job cannot be read: {error}"),
        }
    }
}

fn read_key(item: &Value) -> Result<TableKey> {
    let columns = item.get("KeyAttributes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    // A reference to the job comes as its id, or under the name of a lookup value (web-api 26.7).
    let job_id = ["AsyncJob", "_asyncjob_value"].iter().find_map(|name| item.get(*name).and_then(Value::as_str));
    Ok(TableKey {
        logical_name: required_text(item, "LogicalName")?,
        schema_name: text(item, "SchemaName"),
        columns: columns.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        status: KeyStatus::read(&text(item, "EntityKeyIndexStatus")),
        job_id: job_id.map(str::to_owned),
        is_managed: flag(item, "IsManaged"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Reply, Script};
    use crate::settings::Settings;

    const LIMIT: Duration = Duration::from_secs(30);

    fn key(status: &str) -> Reply {
        let item = json!({"LogicalName": "drf_code", "KeyAttributes": ["drf_bookcode"], "EntityKeyIndexStatus": status, "AsyncJob": "j-1"});
        Reply::json(200, item)
    }

    fn open(script: &Script) -> Connection {
        Connection::open(&Settings { url: script.url(), ..Settings::default() }).unwrap()
    }

    #[test] // AK-10
    fn waits_until_active() {
        let script = Script::start(vec![key("Pending"), key("InProgress"), key("Active")]);
        let mut seen = Vec::new();
        let found = open(&script).wait_for_key("drf_book", "drf_code", LIMIT, &mut |key| seen.push(key.status.to_string())).unwrap();
        assert_eq!(seen, ["Pending", "InProgress", "Active"]);
        assert_eq!(found.columns, ["drf_bookcode"]);
        assert_eq!(script.finish().lines()[0], "GET /api/data/v9.2/EntityDefinitions(LogicalName='drf_book')/Keys(LogicalName='drf_code')");
    }

    #[test] // AK-12: the job names the colliding value
    fn a_failed_build_is_explained() {
        let job = json!({"message": "Two rows have drf_bookcode B-1."});
        let script = Script::start(vec![key("Failed"), Reply::json(200, job)]);
        let error = open(&script).wait_for_key("drf_book", "drf_code", LIMIT, &mut |_| {}).unwrap_err();
        assert_eq!(error.to_string(), "the index of key drf_code of table drf_book failed: Two rows have drf_bookcode B-1.");
    }

    #[test]
    fn the_wait_is_bounded() {
        let script = Script::start(vec![key("Pending")]);
        let error = open(&script).wait_for_key("drf_book", "drf_code", Duration::ZERO, &mut |_| {}).unwrap_err();
        assert!(matches!(error, ClientError::StillRunning { .. }));
    }

    #[test] // web-api 26.7
    fn create_and_reactivate() {
        let script = Script::start(vec![Reply::status(204), Reply::status(204)]);
        let connection = open(&script);
        assert_eq!(connection.create_key("drf_book", "drf_Code", &["drf_bookcode".into()], "Code").unwrap(), "drf_code");
        connection.reactivate_key("drf_book", "drf_code").unwrap();
        let seen = script.finish();
        assert_eq!(seen.requests[0].json()["KeyAttributes"], json!(["drf_bookcode"]));
        assert_eq!(seen.requests[1].json(), json!({"EntityLogicalName": "drf_book", "EntityKeyLogicalName": "drf_code"}));
    }
}
