//! An organization on the embedded store, asked through the front as a client asks.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use driftless_core::{Organization, SeededEnvironment};
use driftless_model::{Caller, Limits};
use driftless_store_sqlite::{SqliteOptions, SqliteStore};
use serde_json::{Value, json};

pub(crate) const ORIGIN: &str = "http://127.0.0.1:8080";
pub(crate) const ROOT: &str = "http://127.0.0.1:8080/api/data/v9.2/";

/// A service in a folder of its own, which goes with it.
pub(crate) struct Service {
    pub(crate) organization: Arc<Organization>,
    pub(crate) caller: Arc<Caller>,
    folder: PathBuf,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The id in the address of what was made.
    pub(crate) fn id(&self) -> String {
        let address = self.header("location");
        address.rsplit('(').next().unwrap().trim_end_matches(')').to_owned()
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// The answer is the error with this code, and its message has this part.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str, part: &str) {
        let answer = self.expect(status);
        let error = &answer.json()["error"];
        assert_eq!(error["code"], code, "{}", answer.text);
        assert!(error["message"].as_str().unwrap().contains(part), "{}", answer.text);
    }
}

impl Service {
    pub(crate) fn start() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("wire-{}-{number}", std::process::id()));
        let store = SqliteStore::open(&folder, &SqliteOptions::default()).unwrap();
        let environment = SeededEnvironment::new(u64::from(number), 1_900_000_000_000);
        let organization = Organization::open(Arc::new(store), Arc::new(environment), Limits::default()).unwrap();
        let caller = Arc::new(Caller::user(organization.facts().administrator));
        Self { organization, caller, folder }
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/api/data/v9.2/{path}") };
        let path = path.strip_prefix(ORIGIN).unwrap_or(&path).replace(' ', "%20");
        let mut request = http::Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).unwrap();
        let response = pollster::block_on(driftless_webapi::respond(&self.organization, &self.caller, &request, ORIGIN));
        let (parts, body) = response.into_parts();
        assert!(body.iter().all(|piece| piece.len() <= 65_536));
        Answer { status: parts.status.as_u16(), headers: parts.headers, text: String::from_utf8(body.concat()).unwrap() }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path.strip_prefix(ROOT).unwrap_or(path), &[], "")
    }

    pub(crate) fn get_with(&self, path: &str, prefer: &str) -> Answer {
        self.send("GET", path.strip_prefix(ROOT).unwrap_or(path), &[("Prefer", prefer)], "")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[("Content-Type", "application/json")], body.to_string())
    }

    pub(crate) fn patch(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
        self.send("PATCH", path, headers, body.to_string())
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], "")
    }

    /// Makes the tables of the tests: parcels (tracked, key on the code, lookup to a depot) and depots.
    pub(crate) fn with_tables() -> Self {
        let service = Self::start();
        service.post("EntityDefinitions", &table("new_Depot", false)).expect(204);
        let mut parcel = table("new_Parcel", true);
        let columns = parcel["Attributes"].as_array_mut().unwrap();
        columns.push(column("String", "new_Code", &json!({"MaxLength": 50})));
        columns.push(column("Integer", "new_Size", &json!({"MinValue": -1000, "MaxValue": 100_000, "Format": "None"})));
        columns.push(column(
            "Boolean",
            "new_Live",
            &json!({"OptionSet": {"TrueOption": {"Value": 1, "Label": label("Running")}, "FalseOption": {"Value": 0, "Label": label("Stopped")}}}),
        ));
        service.post("EntityDefinitions", &parcel).expect(204);
        let lookup = json!({"@odata.type": "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata", "SchemaName": "new_depot_parcels",
            "ReferencedEntity": "new_depot", "ReferencingEntity": "new_parcel", "ReferencedAttribute": "new_depotid",
            "CascadeConfiguration": {"Delete": "RemoveLink"}, "Lookup": {"SchemaName": "new_DepotId", "DisplayName": label("Depot")}});
        service.post("RelationshipDefinitions", &lookup).expect(204);
        let key = json!({"SchemaName": "new_ParcelCode", "DisplayName": label("Code"), "KeyAttributes": ["new_code"]});
        service.post("EntityDefinitions(LogicalName='new_parcel')/Keys", &key).expect(204);
        service.organization.run_jobs().unwrap();
        service
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // What cannot be removed lies in the build folder and does no harm.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn label(text: &str) -> Value {
    json!({"@odata.type": "Microsoft.Dynamics.CRM.Label", "LocalizedLabels": [{"Label": text, "LanguageCode": 1033}]})
}

pub(crate) fn column(kind: &str, schema_name: &str, more: &Value) -> Value {
    let mut body = json!({"@odata.type": format!("Microsoft.Dynamics.CRM.{kind}AttributeMetadata"), "SchemaName": schema_name,
        "DisplayName": label(schema_name), "RequiredLevel": {"Value": "None"}});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

pub(crate) fn table(schema_name: &str, tracked: bool) -> Value {
    let name = column("String", "new_Name", &json!({"IsPrimaryName": true, "MaxLength": 100, "FormatName": {"Value": "Text"}}));
    json!({"@odata.type": "Microsoft.Dynamics.CRM.EntityMetadata", "SchemaName": schema_name, "DisplayName": label(schema_name),
        "DisplayCollectionName": label(schema_name), "Description": label("a table"), "OwnershipType": "UserOwned", "HasActivities": false,
        "HasNotes": false, "IsActivity": false, "ChangeTrackingEnabled": tracked, "Attributes": [name]})
}
