//! Tokens that are too old, with a clock that the test moves (semantics 1.6, web-api 25.7).

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod support;

use driftless_core::ExpiredTokens;
use driftless_testkit::{Answer, HttpClient, TestServer};
use support::{first_read, set_up};

const DAY_S: i64 = 86_400;
const BOX: &str = "new_parcels(5f0a0000-0000-4000-8000-000000000001)";

/// A service with two parcels.
fn start(expired: ExpiredTokens) -> (TestServer, HttpClient) {
    let server = TestServer::start_with(expired).unwrap();
    set_up(&server, "parcel");
    let mut client = server.client().unwrap();
    for (address, name) in [(BOX, "Box"), ("new_parcels(5f0a0000-0000-4000-8000-000000000002)", "Bag")] {
        assert_eq!(client.call("PATCH", address, &format!(r#"{{"new_name":"{name}"}}"#)).unwrap().status, 204);
    }
    (server, client)
}

fn is_delta(answer: &Answer) -> bool {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["@odata.context"].as_str().unwrap().ends_with("/$delta")
}

fn removed(answer: &Answer) -> usize {
    answer.json()["value"].as_array().unwrap().iter().filter(|item| item["reason"] == "deleted").count()
}

fn is_expired(answer: &Answer) {
    assert_eq!(answer.status, 400, "{}", answer.text());
    let error = &answer.json()["error"];
    assert_eq!(error["code"], "0x80044352");
    assert_eq!(error["message"], "Version stamp associated with the client has expired. Please perform a full sync.");
}

fn set_days(server: &TestServer, client: &mut HttpClient, days: u32) {
    let address = format!("organizations({})", server.organization().facts().organization);
    let answer = client.call("PATCH", &address, &format!(r#"{{"expirechangetrackingindays":{days}}}"#)).unwrap();
    assert_eq!(answer.status, 204, "{}", answer.text());
}

#[test] // CT-43, CT-44, CT-45, CT-46
fn a_token_of_89_days_gives_changes_and_one_of_91_everything() {
    let (server, mut client) = start(ExpiredTokens::Full);
    let link = first_read(&mut client);
    assert_eq!(client.call("DELETE", BOX, "").unwrap().status, 204);
    server.environment().advance_s(89 * DAY_S);
    let young = client.read_at(&link).unwrap();
    assert!(is_delta(&young));
    assert_eq!(removed(&young), 1);
    server.environment().advance_s(2 * DAY_S);
    let old = client.read_at(&link).unwrap();
    assert!(!is_delta(&old), "an answer with everything is told by its context");
    assert_eq!((old.json()["value"].as_array().unwrap().len(), removed(&old)), (1, 0));
    let fresh = old.json()["@odata.deltaLink"].as_str().unwrap().to_owned();
    assert!(is_delta(&client.read_at(&fresh).unwrap()));
    // A link that was given 89 days after the first read is only two days old.
    assert!(is_delta(&client.read_at(young.json()["@odata.deltaLink"].as_str().unwrap()).unwrap()));
}

#[test] // CT-44: exactly the window is not over it
fn the_border_lies_behind_the_window() {
    let (server, mut client) = start(ExpiredTokens::Full);
    let link = first_read(&mut client);
    server.environment().advance_s(90 * DAY_S);
    assert!(is_delta(&client.read_at(&link).unwrap()));
    server.environment().advance_s(1);
    assert!(!is_delta(&client.read_at(&link).unwrap()));
}

#[test] // CT-45
fn a_caller_may_ask_for_the_fault() {
    let (server, mut client) = start(ExpiredTokens::Full);
    let link = first_read(&mut client);
    assert!(is_delta(&client.read_preferring(&link, "driftless.expired=fault").unwrap()));
    server.environment().advance_s(91 * DAY_S);
    is_expired(&client.read_preferring(&link, "driftless.expired=fault").unwrap());
    is_expired(&client.read_preferring(&link, "odata.maxpagesize=1,driftless.expired=fault").unwrap());
    assert!(!is_delta(&client.read_at(&link).unwrap()));
}

#[test] // CT-44, CT-45, SEC-42
fn the_service_may_be_set_to_the_fault() {
    let (server, mut client) = start(ExpiredTokens::Fault);
    let link = first_read(&mut client);
    server.environment().advance_s(89 * DAY_S);
    assert!(is_delta(&client.read_at(&link).unwrap()));
    server.environment().advance_s(2 * DAY_S);
    is_expired(&client.read_at(&link).unwrap());
    let count = link.replace("new_parcels?$select=new_name&", "new_parcels/$count?");
    is_expired(&client.read_at(&count).unwrap());
    first_read(&mut client);
}

#[test] // CT-42, CT-46, CT-47
fn the_window_follows_the_setting_at_once() {
    let (server, mut client) = start(ExpiredTokens::Fault);
    let link = first_read(&mut client);
    server.environment().advance_s(10 * DAY_S);
    set_days(&server, &mut client, 7);
    is_expired(&client.read_at(&link).unwrap());
    set_days(&server, &mut client, 90);
    assert!(is_delta(&client.read_at(&link).unwrap()), "nothing was purged, so the token is good again");
    for days in ["-1", "366"] {
        let address = format!("organizations({})", server.organization().facts().organization);
        let answer = client.call("PATCH", &address, &format!(r#"{{"expirechangetrackingindays":{days}}}"#)).unwrap();
        assert_eq!((answer.status, answer.error_code().as_str()), (400, "0x8004432f"));
    }
}

#[test] // CT-48
fn zero_days_make_every_token_too_old() {
    let (server, mut client) = start(ExpiredTokens::Fault);
    let link = first_read(&mut client);
    set_days(&server, &mut client, 0);
    is_expired(&client.read_at(&link).unwrap());
}

#[test] // CT-47, REL-09, SEC-42: what was purged gives the fault in both settings
fn a_token_below_the_purged_horizon_gets_the_fault() {
    let (server, mut client) = start(ExpiredTokens::Full);
    let link = first_read(&mut client);
    assert_eq!(client.call("DELETE", BOX, "").unwrap().status, 204);
    server.environment().advance_s(92 * DAY_S);
    // The runner of jobs purges once before it looks whether it shall stop.
    drop(server.organization().start_jobs().unwrap());
    // By age alone the token would be good now.
    set_days(&server, &mut client, 365);
    is_expired(&client.read_at(&link).unwrap());
}

#[test] // OPS-10
fn figures_tell_how_changes_were_read_and_what_is_kept() {
    let (server, mut client) = start(ExpiredTokens::Full);
    let link = first_read(&mut client);
    assert_eq!(client.call("DELETE", BOX, "").unwrap().status, 204);
    assert!(is_delta(&client.read_at(&link).unwrap()));
    server.environment().advance_s(91 * DAY_S);
    assert!(!is_delta(&client.read_at(&link).unwrap()));
    assert_eq!(client.read_preferring(&link, "driftless.expired=fault").unwrap().status, 400);
    let figures = client.send("GET", "/metrics", &[], b"").unwrap().text();
    for line in [
        r#"delta_requests_total{result="first"} 1"#,
        r#"delta_requests_total{result="delta"} 1"#,
        r#"delta_requests_total{result="full"} 1"#,
        r#"delta_requests_total{result="refused"} 1"#,
        r#"delta_items_total{kind="row"} 3"#,
        r#"delta_items_total{kind="removed"} 1"#,
        r#"delta_resync_total{reason="age"} 2"#,
        r#"delta_resync_total{reason="purged"} 0"#,
        "change_tombstones 1",
    ] {
        assert!(figures.lines().any(|own| own == line), "{line} is not in\n{figures}");
    }
    let age = figures.lines().find_map(|line| line.strip_prefix("change_horizon_age_seconds ")?.parse::<i64>().ok()).unwrap();
    assert!((91 * DAY_S..91 * DAY_S + 600).contains(&age), "{age}");
    drop(server.organization().start_jobs().unwrap());
    server.environment().advance_s(2 * DAY_S);
    drop(server.organization().start_jobs().unwrap());
    let figures = client.send("GET", "/metrics", &[], b"").unwrap().text();
    assert!(figures.contains("\nchange_tombstones 0\n") && figures.contains("\nchange_horizon_age_seconds 0\n"), "{figures}");
}

#[test] // OPS-10
fn figures_tell_the_states_of_keys_and_jobs() {
    let (server, mut client) = start(ExpiredTokens::Full);
    let mut figure = |begin: &str| {
        let figures = client.send("GET", "/metrics", &[], b"").unwrap().text();
        figures.lines().find_map(|line| line.strip_prefix(begin)?.trim().parse::<u64>().ok())
    };
    let active = figure(r#"key_index_jobs{state="active"}"#).unwrap();
    assert_eq!(figure(r#"system_jobs{type="key_index",state="waiting"}"#), None);
    let key = r#"{"SchemaName":"new_ByName","KeyAttributes":["new_name"],"DisplayName":{"LocalizedLabels":[{"Label":"Name","LanguageCode":1033}]}}"#;
    let answer = server.client().unwrap().call("POST", "EntityDefinitions(LogicalName='new_parcel')/Keys", key).unwrap();
    assert_eq!(answer.status, 204, "{}", answer.text());
    assert_eq!(figure(r#"key_index_jobs{state="pending"}"#), Some(1));
    assert_eq!(figure(r#"system_jobs{type="key_index",state="waiting"}"#), None, "jobs are counted once a minute at most");
    server.environment().advance_s(60);
    assert_eq!(figure(r#"system_jobs{type="key_index",state="waiting"}"#), Some(1));
    server.run_jobs().unwrap();
    server.environment().advance_s(60);
    assert_eq!(figure(r#"key_index_jobs{state="active"}"#), Some(active + 1));
    assert_eq!(figure(r#"system_jobs{type="key_index",state="succeeded"}"#), Some(1));
}

#[test] // CT-40, design part 9: a chain of pages lives 24 hours
fn a_chain_of_pages_ends_after_a_day() {
    let (server, mut client) = start(ExpiredTokens::Full);
    let first = client.read_preferring("new_parcels?$select=new_name", "odata.track-changes,odata.maxpagesize=1").unwrap();
    let next = first.json()["@odata.nextLink"].as_str().unwrap().to_owned();
    server.environment().advance_s(DAY_S - 1);
    assert_eq!(client.read_at(&next).unwrap().status, 200);
    server.environment().advance_s(2);
    is_expired(&client.read_at(&next).unwrap());
}

#[test] // CT-50
fn a_table_made_anew_under_the_name_is_another_one() {
    let (server, mut client) = start(ExpiredTokens::Full);
    let link = first_read(&mut client);
    for (table, address) in [("new_parcel", "new_parcels"), ("new_depot", "new_depots")] {
        assert_eq!(client.call("DELETE", &format!("EntityDefinitions(LogicalName='{table}')"), "").unwrap().status, 204);
        assert_eq!(client.call("GET", address, "").unwrap().status, 404);
    }
    assert_eq!(client.read_at(&link).unwrap().status, 404);
    set_up(&server, "parcel");
    is_expired(&client.read_at(&link).unwrap());
}

#[test] // CT-24, CT-50: a new column leaves tokens as they are
fn a_new_column_keeps_tokens() {
    let (_server, mut client) = start(ExpiredTokens::Fault);
    let link = first_read(&mut client);
    let column = r#"{"@odata.type":"Microsoft.Dynamics.CRM.StringAttributeMetadata","SchemaName":"new_Color","MaxLength":20,"DisplayName":{"LocalizedLabels":[{"Label":"Color","LanguageCode":1033}]}}"#;
    assert_eq!(client.call("POST", "EntityDefinitions(LogicalName='new_parcel')/Attributes", column).unwrap().status, 204);
    let answer = client.read_at(&link.replace("new_name", "new_name,new_color")).unwrap();
    assert!(is_delta(&answer));
    assert_eq!(answer.json()["value"].as_array().unwrap().len(), 0);
}

#[test] // CT-28, CT-52: a restart on the same folder keeps the epoch
fn tokens_outlive_a_restart() {
    let (server, mut client) = start(ExpiredTokens::Fault);
    let link = first_read(&mut client);
    assert_eq!(client.call("DELETE", BOX, "").unwrap().status, 204);
    let server = server.restart().unwrap();
    let mut client = server.client().unwrap();
    let answer = client.read_at(&link).unwrap();
    assert!(is_delta(&answer));
    assert_eq!(removed(&answer), 1);
}

fn definitions_since(client: &mut HttpClient, stamp: &str) -> Answer {
    let query = "%7B%22Criteria%22:%7B%22Conditions%22:[%7B%22PropertyName%22:%22LogicalName%22,%22ConditionOperator%22:%22Equals%22,%22Value%22:%7B%22Value%22:%22new_depot%22%7D%7D]%7D%7D";
    client.read_at(&format!("/api/data/v9.2/RetrieveMetadataChanges(Query=@q,ClientVersionStamp=@s)?@q={query}&@s='{stamp}'")).unwrap()
}

#[test] // CT-49, MD-14
fn a_stamp_of_definitions_expires_by_its_own_setting() {
    let (server, mut client) = start(ExpiredTokens::Full);
    let first = definitions_since(&mut client, "");
    assert_eq!(first.json()["EntityMetadata"].as_array().unwrap().len(), 1, "{}", first.text());
    let stamp = first.json()["ServerVersionStamp"].as_str().unwrap().to_owned();
    server.environment().advance_s(90 * DAY_S);
    let young = definitions_since(&mut client, &stamp);
    assert_eq!((young.status, young.json()["EntityMetadata"].as_array().unwrap().len()), (200, 0));
    server.environment().advance_s(1);
    is_expired(&definitions_since(&mut client, &stamp));
    // The stamp that was given last is one second old; a lower setting acts at once.
    let fresh = young.json()["ServerVersionStamp"].as_str().unwrap().to_owned();
    assert_eq!(definitions_since(&mut client, &fresh).status, 200);
    let address = format!("organizations({})", server.organization().facts().organization);
    assert_eq!(client.call("PATCH", &address, r#"{"expiresubscriptionsindays":0}"#).unwrap().status, 204);
    is_expired(&definitions_since(&mut client, &fresh));
    // A token of rows is no stamp of definitions.
    let link = first_read(&mut client);
    let token = link.split("$deltatoken=").nth(1).unwrap().split("%21").next().unwrap();
    let refused = definitions_since(&mut client, token);
    assert_eq!((refused.status, refused.json()["error"]["code"].as_str().unwrap()), (400, "0x80040203"));
}
