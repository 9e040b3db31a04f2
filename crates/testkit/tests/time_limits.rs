//! What takes too long is given up: 503 and a time to try again, and nothing of it is kept (SEC-11).

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod support;

use std::fmt::Write as _;

use driftless_model::Limits;
use driftless_testkit::{Answer, HttpClient, TestServer};
use support::{first_read, set_up};

/// So many that a look at each takes the engine longer than to its first look at the clock.
const ROWS: usize = 2_000;
const ACCOUNT: &str = "accounts(7d0c0000-0000-0000-0000-000000000001)";

/// An account with many contacts, and many parcels, whose changes are tracked.
fn filled() -> (TestServer, HttpClient) {
    let server = TestServer::start().unwrap();
    set_up(&server, "parcel");
    let mut client = server.client().unwrap();
    assert_eq!(client.call("PATCH", ACCOUNT, r#"{"name":"A"}"#).unwrap().status, 204);
    let bind = format!(r#","parentcustomerid_account@odata.bind":"{ACCOUNT}""#);
    for (set, table, column, more) in [("contacts", "contact", "lastname", bind.as_str()), ("new_parcels", "new_parcel", "new_name", "")] {
        let mut body = String::from(r#"{"Targets":["#);
        for number in 0..ROWS {
            let comma = if number == 0 { "" } else { "," };
            let _ = write!(body, r#"{comma}{{"@odata.type":"Microsoft.Dynamics.CRM.{table}","{column}":"c{number}"{more}}}"#);
        }
        body += "]}";
        let answer = client.call("POST", &format!("{set}/Microsoft.Dynamics.CRM.CreateMultiple"), &body).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    (server, client)
}

#[track_caller]
fn assert_too_long(answer: &Answer) {
    assert_eq!((answer.status, answer.error_code().as_str()), (503, "0x80044151"), "{}", answer.text());
    assert_eq!(answer.header("retry-after"), Some("10"));
}

#[test] // SEC-11
fn reads_pages_of_changes_and_writes_end_when_their_time_is_over() {
    let (server, mut client) = filled();
    let search = "contacts?$select=lastname&$filter=contains(lastname,'c199')";
    first_read(&mut client);

    server.limit_times(&Limits { read_time_s: 0, ..Limits::default() });
    assert_too_long(&client.read_at(search).unwrap());
    assert_eq!(client.read_at(ACCOUNT).unwrap().status, 200, "what is done before the first look is answered");

    server.limit_times(&Limits { changes_time_s: 0, ..Limits::default() });
    assert_eq!(client.read_at(search).unwrap().json()["value"].as_array().unwrap().len(), 11);
    assert_too_long(&client.read_preferring("new_parcels?$select=new_name", "odata.track-changes").unwrap());

    server.limit_times(&Limits { write_time_s: 0, ..Limits::default() });
    assert_too_long(&client.call("DELETE", ACCOUNT, "").unwrap());
    assert_eq!(client.read_at(ACCOUNT).unwrap().status, 200);
    assert_eq!(client.call("PATCH", ACCOUNT, r#"{"name":"B"}"#).unwrap().status, 204, "a short write after one that was given up");

    server.limit_times(&Limits::default());
    assert_eq!(client.call("DELETE", ACCOUNT, "").unwrap().status, 204);
}
