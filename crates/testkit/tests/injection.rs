//! Text that looks like SQL, in every place where a client can write text: as a value it is a value, as a name it is no name (SEC-30).

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod support;

use driftless_testkit::{HttpClient, TestServer};
use serde_json::{Value, json};
use support::set_up;

/// Values that end a literal, a statement or a comment early, or that an engine could read in its own way.
const HOSTILE: [&str; 14] = [
    "'",
    "''",
    "\"",
    "`",
    "]",
    "\\",
    "a' OR '1'='1",
    "a'; DROP TABLE new_parcel; --",
    "\"; DELETE FROM systemuser; --",
    "a') UNION SELECT name FROM sqlite_master --",
    "/* */ -- ?1 :name @name $name",
    "%_[a-z]*",
    "0x27 OR 1=1",
    "Robert\u{2019}); DROP TABLE accounts;--",
];

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn names(client: &mut HttpClient, options: &str) -> Vec<String> {
    let answer = client.call("GET", &format!("new_parcels?{options}"), "").unwrap();
    assert_eq!(answer.status, 200, "{options}: {}", answer.text());
    let rows = answer.json()["value"].take();
    rows.as_array().unwrap().iter().map(|row| row["new_name"].as_str().unwrap().to_owned()).collect()
}

/// A service with a parcel of each hostile name and a plain one.
fn start() -> (TestServer, HttpClient) {
    let server = TestServer::start().unwrap();
    set_up(&server, "parcel");
    let mut client = server.client().unwrap();
    for text in HOSTILE.iter().chain(&["plain"]) {
        let answer = client.call("POST", "new_parcels", &json!({"new_name": text, "new_code": "c"}).to_string()).unwrap();
        assert_eq!(answer.status, 204, "{text}: {}", answer.text());
    }
    (server, client)
}

#[test] // SEC-30
fn a_hostile_value_is_found_as_it_is_and_finds_nothing_else() {
    let (_server, mut client) = start();
    for text in HOSTILE {
        let literal = encoded(&format!("'{}'", text.replace('\'', "''")));
        assert_eq!(names(&mut client, &format!("$select=new_name&$filter=new_name%20eq%20{literal}")), [text], "by $filter");
        assert_eq!(names(&mut client, &format!("$select=new_name&$filter=new_name%20eq%20@p&@p={literal}")), [text], "by an alias");
        let list = encoded(&json!([text]).to_string());
        let members = format!("$select=new_name&$filter=Microsoft.Dynamics.CRM.In(PropertyName='new_name',PropertyValues={list})");
        assert_eq!(names(&mut client, &members), [text], "by a list");
        let attribute = text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
        let condition = format!("<condition attribute=\"new_name\" operator=\"eq\" value=\"{attribute}\"/>");
        let fetch = format!("<fetch><entity name=\"new_parcel\"><attribute name=\"new_name\"/><filter>{condition}</filter></entity></fetch>");
        assert_eq!(names(&mut client, &format!("fetchXml={}", encoded(&fetch))), [text], "by FetchXML");
        let select = format!("SELECT new_name FROM new_parcel WHERE new_name = '{}'", text.replace('\'', "''"));
        assert_eq!(names(&mut client, &format!("sql={}", encoded(&select))), [text], "by SQL");
    }
    assert_eq!(names(&mut client, "$select=new_name").len(), HOSTILE.len() + 1);
}

#[test] // SEC-30
fn a_hostile_name_is_no_name() {
    let (_server, mut client) = start();
    let key = encoded("new_name='a' OR '1'='1'");
    let mut addresses = vec![format!("new_parcels({key})"), format!("new_parcels(new_code={})", encoded("'c' OR 1=1"))];
    for text in HOSTILE.iter().chain(&["new_name FROM new_parcel --", "rowid", "sqlite_version()", "new_parcel.new_name"]) {
        let name = encoded(text);
        addresses.extend([
            format!("new_parcels?$select={name}"),
            format!("new_parcels?$orderby={name}"),
            format!("new_parcels?$filter={name}%20eq%20'a'"),
            format!("new_parcels?$expand={name}"),
            format!("new_parcels?$apply=groupby(({name}))"),
            name,
        ]);
        let attribute = text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
        let mut elements = vec![
            format!("<attribute name=\"{attribute}\"/>"),
            format!("<order attribute=\"{attribute}\"/>"),
            format!("<link-entity name=\"{attribute}\" from=\"new_depotid\" to=\"new_depotid\"/>"),
        ];
        // Callers choose aliases themselves, as long as they are names.
        if *text != "rowid" {
            elements.push(format!("<attribute name=\"new_name\" alias=\"{attribute}\"/>"));
        }
        for element in elements {
            addresses.push(format!("new_parcels?fetchXml={}", encoded(&format!("<fetch><entity name=\"new_parcel\">{element}</entity></fetch>"))));
        }
    }
    for select in
        ["SELECT 1; DROP TABLE new_parcel", "SELECT name FROM sqlite_master", "DELETE FROM new_parcel", "SELECT load_extension('x')", "PRAGMA user_version"]
    {
        addresses.push(format!("new_parcels?sql={}", encoded(select)));
    }
    for address in &addresses {
        let answer = client.call("GET", address, "").unwrap();
        assert!((400..500).contains(&answer.status), "{address}: {} {}", answer.status, answer.text());
        let text = answer.text();
        assert!(!["no such ", "SQLITE", "SQL logic error", "near \""].iter().any(|words| text.contains(words)), "an engine speaks: {text}");
    }
    // What follows an `@` in a body is an annotation, and one that is not known is passed over.
    for text in HOSTILE.iter().filter(|text| !text.contains('@')) {
        let answer = client.call("POST", "new_parcels", &json!({*text: "a"}).to_string()).unwrap();
        assert_eq!(answer.status, 400, "{text}: {}", answer.text());
    }
    assert_eq!(names(&mut client, "$select=new_name").len(), HOSTILE.len() + 1, "all rows are there");
    let me = client.call("GET", "WhoAmI", "").unwrap().json();
    assert_ne!(me["UserId"], Value::Null);
}
