//! What a token was made for, over the wire (AUTH-25). The user behind every token here is the first administrator: only the token limits it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod support;

use driftless_auth::Scopes;
use driftless_testkit::{HttpClient, TestServer};
use support::set_up;

const REFUSED: (u16, &str) = (403, "0x80040220");
const USERS: &str = "systemusers?$select=fullname";

/// Makes a request with a JSON body, unless that is empty, and gives the status and the code of an error.
fn asked(client: &mut HttpClient, (method, resource, body): (&str, &str, &str)) -> (u16, String) {
    let answer = client.call(method, resource, body).unwrap();
    (answer.status, answer.error_code())
}

fn assert_refused(client: &mut HttpClient, requests: &[(&str, &str, &str)]) {
    for request in requests {
        let (status, code) = asked(client, *request);
        assert_eq!((status, code.as_str()), REFUSED, "{request:?}");
    }
}

/// None of these is refused for the token's sake. Those that are refused for another reason say which.
fn assert_admitted(client: &mut HttpClient, requests: &[(&str, &str, &str)]) {
    for request in requests {
        let (status, code) = asked(client, *request);
        assert!(status != 403 && status < 500, "{request:?}: {status} {code}");
    }
}

const READS: &[(&str, &str, &str)] = &[
    ("GET", "", ""),
    ("GET", "$metadata", ""),
    ("GET", "EntityDefinitions?$select=LogicalName", ""),
    ("GET", "EntityDefinitions(LogicalName='new_parcel')/Keys", ""),
    ("GET", "new_parcels", ""),
    ("GET", "new_parcels/$count", ""),
    ("GET", USERS, ""),
    ("GET", "WhoAmI", ""),
    ("GET", "RetrieveVersion()", ""),
];

const WRITES: &[(&str, &str, &str)] = &[
    ("POST", "new_parcels", r#"{"new_name":"a"}"#),
    ("PATCH", "new_parcels(5f0a0000-0000-4000-8000-000000000001)", r#"{"new_name":"b"}"#),
    ("PUT", "new_parcels(5f0a0000-0000-4000-8000-000000000001)/new_name", r#"{"value":"c"}"#),
    ("DELETE", "new_parcels(5f0a0000-0000-4000-8000-000000000001)", ""),
    ("POST", "new_parcels/Microsoft.Dynamics.CRM.CreateMultiple", r#"{"Targets":[{"@odata.type":"Microsoft.Dynamics.CRM.new_parcel","new_name":"d"}]}"#),
    ("POST", "accounts", r#"{"name":"A","primarycontactid":{"lastname":"B"}}"#),
];

const TABLE: &str = r#"{"SchemaName":"new_Bus","DisplayName":{"LocalizedLabels":[{"Label":"Bus","LanguageCode":1033}]},"DisplayCollectionName":{"LocalizedLabels":[{"Label":"Busses","LanguageCode":1033}]},"OwnershipType":"UserOwned","HasActivities":false,"HasNotes":false,"Attributes":[{"@odata.type":"Microsoft.Dynamics.CRM.StringAttributeMetadata","SchemaName":"new_Name","IsPrimaryName":true,"MaxLength":100,"DisplayName":{"LocalizedLabels":[{"Label":"Name","LanguageCode":1033}]}}]}"#;

/// Definitions, solutions, users and their rights, settings of the organization.
const ADMINISTRATION: &[(&str, &str, &str)] = &[
    ("POST", "EntityDefinitions", TABLE),
    ("DELETE", "EntityDefinitions(LogicalName='account')", ""),
    ("PUT", "EntityDefinitions(LogicalName='new_parcel')", r#"{"DisplayName":{"LocalizedLabels":[{"Label":"P","LanguageCode":1033}]}}"#),
    ("POST", "EntityDefinitions(LogicalName='new_parcel')/Keys", r#"{"SchemaName":"new_Other","KeyAttributes":["new_name"]}"#),
    ("DELETE", "EntityDefinitions(LogicalName='new_parcel')/Attributes(LogicalName='new_name')", ""),
    ("DELETE", "RelationshipDefinitions(SchemaName='account_primary_contact')", ""),
    ("POST", "ImportSolution", r#"{"CustomizationFile":"AAAA","OverwriteUnmanagedCustomizations":false,"PublishWorkflows":false}"#),
    ("POST", "ImportSolutionAsync", r#"{"CustomizationFile":"AAAA","OverwriteUnmanagedCustomizations":false,"PublishWorkflows":false}"#),
    ("POST", "UninstallSolutionAsync", r#"{"SolutionUniqueName":"Nothing"}"#),
    ("POST", "PublishAllXml", ""),
    ("POST", "ReactivateEntityKey", r#"{"EntityLogicalName":"new_parcel","EntityKeyLogicalName":"new_nothing"}"#),
    ("POST", "publishers", r#"{"uniquename":"some","friendlyname":"Some","customizationprefix":"some","customizationoptionvalueprefix":20000}"#),
    ("POST", "businessunits", r#"{"name":"North"}"#),
    ("POST", "roles", r#"{"name":"Reader"}"#),
    ("DELETE", "solutions(5f0a0000-0000-4000-8000-000000000001)", ""),
    ("PATCH", "systemusers(5f0a0000-0000-4000-8000-000000000001)", r#"{"firstname":"A"}"#),
];

#[test] // AUTH-25
fn a_token_does_what_it_was_made_for() {
    let server = TestServer::start().unwrap();
    set_up(&server, "parcel");
    let mut reader = server.client_for(Scopes::READ).unwrap();
    assert_admitted(&mut reader, READS);
    assert_refused(&mut reader, WRITES);
    assert_refused(&mut reader, ADMINISTRATION);
    let mut writer = server.client_for(Scopes::WRITE).unwrap();
    assert_refused(&mut writer, READS);
    assert_admitted(&mut writer, WRITES);
    assert_refused(&mut writer, ADMINISTRATION);
    let mut both = server.client_for(Scopes::READ.with(Scopes::WRITE)).unwrap();
    assert_admitted(&mut both, READS);
    assert_admitted(&mut both, WRITES);
    assert_refused(&mut both, ADMINISTRATION);
    let mut administrator = server.client_for(Scopes::ADMIN).unwrap();
    assert_refused(&mut administrator, READS);
    assert_refused(&mut administrator, WRITES);
    assert_admitted(&mut administrator, ADMINISTRATION);
    let answer = reader.call("POST", "EntityDefinitions", TABLE).unwrap();
    assert_eq!(answer.json()["error"]["message"], "The token was made for 'read', and this request needs 'admin'.");
}

#[test] // AUTH-25, SOL-22
fn an_import_that_is_refused_leaves_nothing() {
    let server = TestServer::start().unwrap();
    let mut writer = server.client_for(Scopes::WRITE).unwrap();
    assert_refused(&mut writer, &ADMINISTRATION[6..8]);
    let jobs = server.client().unwrap().read_at("importjobs?$select=importjobid").unwrap().json();
    assert_eq!(jobs["value"].as_array().map(Vec::len), Some(0), "{jobs}");
}

/// A batch of one change set with these requests, then of a read.
fn batch(requests: &[(&str, &str, &str)], read: &str) -> String {
    let part = |number: usize, (method, resource, body): &(&str, &str, &str)| {
        format!(
            "--set\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: {number}\r\n\r\n\
             {method} /api/data/v9.2/{resource} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{body}\r\n"
        )
    };
    let parts: String = requests.iter().enumerate().map(|(at, request)| part(at + 1, request)).collect();
    format!(
        "--all\r\nContent-Type: multipart/mixed; boundary=set\r\n\r\n{parts}--set--\r\n\
         --all\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nGET /api/data/v9.2/{read} HTTP/1.1\r\n\r\n\r\n--all--\r\n"
    )
}

#[test] // AUTH-25: each part of a batch is judged for itself
fn parts_of_a_batch_need_their_scopes() {
    let server = TestServer::start().unwrap();
    set_up(&server, "parcel");
    let count = |server: &TestServer, set: &str| server.client().unwrap().read_at(&format!("{set}/$count")).unwrap().text();
    let headers = [("Content-Type", "multipart/mixed; boundary=all"), ("Prefer", "odata.continue-on-error")];
    let send = |scopes: Scopes, requests: &[(&str, &str, &str)]| {
        let mut client = server.client_for(scopes).unwrap();
        let answer = client.send("POST", "/api/data/v9.2/$batch", &headers, batch(requests, USERS).as_bytes()).unwrap();
        let text = answer.text();
        (text.matches("HTTP/1.1 403").count(), text.matches("HTTP/1.1 204").count(), text.matches("HTTP/1.1 200").count())
    };
    let write = ("POST", "new_parcels", r#"{"new_name":"a"}"#);
    let administrative = ("POST", "roles", r#"{"name":"Reader"}"#);
    let before = count(&server, "roles");
    assert_eq!(send(Scopes::READ, &[write]), (1, 0, 1));
    assert_eq!(send(Scopes::WRITE, &[write]), (1, 1, 0));
    assert_eq!(send(Scopes::READ.with(Scopes::WRITE), &[write, administrative]), (1, 0, 1), "a change set happens whole or not at all");
    assert_eq!(count(&server, "new_parcels").trim_start_matches('\u{feff}'), "1");
    assert_eq!(count(&server, "roles"), before);
    assert_eq!(send(Scopes::ALL, &[write, administrative]), (0, 2, 1));
}

#[test] // AUTH-25: what is hidden inside a write
fn rows_inside_rows_and_rows_that_come_back_need_their_scopes() {
    let server = TestServer::start().unwrap();
    set_up(&server, "parcel");
    let mut writer = server.client_for(Scopes::WRITE).unwrap();
    let unit = r#"{"name":"North"}"#;
    assert_refused(&mut writer, &[("POST", "equipments", &format!(r#"{{"name":"Crane","businessunitid":{unit}}}"#))]);
    let prefer = [("Content-Type", "application/json"), ("Prefer", "return=representation")];
    let body = br#"{"new_name":"a"}"#;
    let answer = writer.send("POST", "/api/data/v9.2/new_parcels", &prefer, body).unwrap();
    assert_eq!((answer.status, answer.error_code().as_str()), REFUSED);
    let mut both = server.client_for(Scopes::READ.with(Scopes::WRITE)).unwrap();
    assert_eq!(both.send("POST", "/api/data/v9.2/new_parcels", &prefer, body).unwrap().status, 201);
}
