//! Tokens that clients hand back: each changed bit is noticed, and a token opens nothing that its bearer may not read (SEC-40 to SEC-43).

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod support;

use driftless_testkit::{HttpClient, TestServer};
use support::{first_read, set_up};

const NINA: &str = "05e20000-0000-4000-8000-000000000001";
const READER: &str = "401e0000-0000-4000-8000-000000000001";
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A service with three parcels.
fn start() -> (TestServer, HttpClient) {
    let server = TestServer::start().unwrap();
    set_up(&server, "parcel");
    let mut client = server.client().unwrap();
    for name in ["Bag", "Box", "Crate"] {
        done(&mut client, "POST", "new_parcels", &format!(r#"{{"new_name":"{name}"}}"#));
    }
    (server, client)
}

#[track_caller]
fn done(client: &mut HttpClient, method: &str, resource: &str, body: &str) {
    let answer = client.call(method, resource, body).unwrap();
    assert_eq!(answer.status, 204, "{method} {resource}: {}", answer.text());
}

/// The link to the next page, below the service root.
#[track_caller]
fn next_link(client: &mut HttpClient, address: &str, prefer: &str) -> String {
    let answer = client.read_preferring(address, prefer).unwrap();
    let link = answer.json()["@odata.nextLink"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned();
    link.split_once("/api/data/v9.2/").unwrap().1.to_owned()
}

/// The authenticated part of an address: the one long run of digits of base64url, which no encoding changes.
fn opaque(address: &str) -> String {
    let is_digit = |letter: char| u8::try_from(letter).is_ok_and(|byte| DIGITS.contains(&byte));
    let run = address.split(|letter| !is_digit(letter)).max_by_key(|run| run.len()).unwrap();
    // Before it stands an encoded quotation mark, whose digits look like its own.
    run.trim_start_matches("25").trim_start_matches("22").to_owned()
}

/// The text with one bit of a digit flipped.
fn flipped(text: &str, at: usize, bit: u32) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let value = DIGITS.iter().position(|own| *own == bytes[at]).unwrap();
    bytes[at] = DIGITS[value ^ (1 << bit)];
    String::from_utf8(bytes).unwrap()
}

#[test] // SEC-40, SEC-43
fn every_flipped_bit_of_a_page_link_is_refused() {
    let (_server, mut client) = start();
    let list = next_link(&mut client, "new_parcels?$select=new_name&$orderby=new_name", "odata.maxpagesize=1");
    let feed = next_link(&mut client, "new_parcels?$select=new_name", "odata.track-changes,odata.maxpagesize=1");
    for link in [list, feed] {
        assert_eq!(client.read_at(&link).unwrap().status, 200, "{link}");
        let token = opaque(&link);
        assert!(token.len() > 100, "{link}");
        for (at, bit) in (0..token.len()).flat_map(|at| (0..6).map(move |bit| (at, bit))) {
            let changed = link.replace(&token, &flipped(&token, at, bit));
            let answer = client.read_at(&changed).unwrap();
            assert_eq!(answer.status, 400, "digit {at}, bit {bit}: {}", answer.text());
            assert!(answer.error_code().starts_with("0x8004"), "{}", answer.text());
        }
        for changed in ["", "A", &token[1..], &token[..token.len() - 1], &format!("{token}A")] {
            let answer = client.read_at(&link.replace(&token, changed)).unwrap();
            assert!(answer.status == 400 || changed.is_empty(), "{changed:?}: {} {}", answer.status, answer.text());
            assert!(answer.status < 500, "{changed:?}: {}", answer.text());
        }
    }
}

#[test] // SEC-40, SEC-43
fn a_changed_bit_of_a_fetchxml_cookie_is_refused() {
    let (_server, mut client) = start();
    let page = |client: &mut HttpClient, attributes: &str| {
        let fetch =
            format!(r#"<fetch count="1" {attributes}><entity name="new_parcel"><attribute name="new_name"/><order attribute="new_name"/></entity></fetch>"#);
        let fetch: String = fetch.bytes().map(|byte| format!("%{byte:02x}")).collect();
        client.read_preferring(&format!("new_parcels?fetchXml={fetch}"), "odata.include-annotations=\"*\"").unwrap()
    };
    let first = page(&mut client, "");
    let annotation = first.json()["@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"].as_str().unwrap_or_else(|| panic!("{}", first.text())).to_owned();
    let cookie = annotation.split('"').nth(3).unwrap().to_owned();
    let token = opaque(&cookie);
    assert!(token.len() > 100, "{cookie}");
    let second = |client: &mut HttpClient, cookie: &str| page(client, &format!(r#"page="2" paging-cookie="{cookie}""#));
    assert_eq!(second(&mut client, &cookie).json()["value"][0]["new_name"], "Box");
    for at in 0..token.len() {
        let answer = second(&mut client, &cookie.replace(&token, &flipped(&token, at, 0)));
        assert!(answer.status == 400 && answer.error_code().starts_with("0x8004"), "digit {at}: {}", answer.text());
    }
}

#[test] // SEC-40
fn every_flipped_bit_of_a_stamp_of_definitions_is_refused() {
    let (_server, mut client) = start();
    let ask = |client: &mut HttpClient, stamp: &str| client.call("GET", &format!("RetrieveMetadataChanges(ClientVersionStamp=@s)?@s='{stamp}'"), "").unwrap();
    let first = client.call("GET", "RetrieveMetadataChanges()", "").unwrap();
    let stamp = first.json()["ServerVersionStamp"].as_str().unwrap_or_else(|| panic!("{}", first.text())).to_owned();
    assert_eq!(ask(&mut client, &stamp).status, 200);
    let token = opaque(&stamp);
    assert!(token.len() > 50, "{stamp}");
    for (at, bit) in (0..token.len()).flat_map(|at| (0..6).map(move |bit| (at, bit))) {
        let answer = ask(&mut client, &stamp.replace(&token, &flipped(&token, at, bit)));
        assert!(answer.status == 400 && answer.error_code().starts_with("0x8004"), "digit {at}, bit {bit}: {}", answer.text());
    }
}

#[test] // SEC-41
fn a_token_is_of_one_kind_and_one_table() {
    let (_server, mut client) = start();
    let delta = first_read(&mut client);
    let delta = delta.split_once("$deltatoken=").unwrap().1.to_owned();
    let page = next_link(&mut client, "new_parcels?$select=new_name", "odata.maxpagesize=1");
    let page = page.split_once("$skiptoken=").unwrap().1.to_owned();
    let status = |client: &mut HttpClient, address: String| client.call("GET", &address, "").unwrap().status;
    assert_eq!(status(&mut client, format!("new_parcels?$select=new_code&$deltatoken={delta}")), 200, "the columns are those of the address");
    assert_eq!(status(&mut client, format!("new_parcels?$select=new_name&$skiptoken={page}")), 200);
    for address in [
        format!("new_depots?$select=new_name&$deltatoken={delta}"),
        format!("new_depots?$select=new_name&$skiptoken={page}"),
        format!("new_parcels?$select=new_name&$filter=new_name eq 'Bag'&$skiptoken={page}").replace(' ', "%20"),
        format!("new_parcels?$select=new_name&$skiptoken={delta}"),
        format!("new_parcels?$select=new_name&$deltatoken={page}"),
        format!("new_parcels?$select=new_name&$deltatoken={}", opaque(&page)),
    ] {
        assert_eq!(status(&mut client, address.clone()), 400, "{address}");
    }
    let feed = next_link(&mut client, "new_parcels?$select=new_name", "odata.track-changes,odata.maxpagesize=1");
    assert_eq!(status(&mut client, feed.clone()), 200);
    assert_eq!(status(&mut client, feed.replace("$select=new_name", "$select=new_code")), 400, "a page has the columns of the first");
}

#[test] // SEC-41, AUTHZ-40, AUTHZ-75, AUTHZ-76, ROLE-16
fn a_token_serves_whoever_may_read_and_gives_no_right() {
    let (server, mut client) = start();
    done(&mut client, "POST", "systemusers", &format!(r#"{{"systemuserid":"{NINA}","firstname":"Nina","lastname":"North","domainname":"nina"}}"#));
    done(&mut client, "POST", "roles", &format!(r#"{{"roleid":"{READER}","name":"Reader"}}"#));
    let privileges = |depth: &str| format!(r#"{{"Privileges":[{{"Depth":"{depth}","PrivilegeName":"prvReadnew_Parcel"}}]}}"#);
    let give = |client: &mut HttpClient, depth: &str| {
        done(client, "POST", &format!("roles({READER})/Microsoft.Dynamics.CRM.ReplacePrivilegesRole"), &privileges(depth));
    };
    give(&mut client, "Global");
    let role = format!(r#"{{"@odata.id":"{}/api/data/v9.2/roles({READER})"}}"#, server.origin());
    let roles = format!("systemusers({NINA})/systemuserroles_association");
    let link = first_read(&mut client);
    let target = format!("/api/data/v9.2/{}", link.split_once("/api/data/v9.2/").unwrap().1);
    let read = |client: &mut HttpClient| {
        let answer = client.send("GET", &target, &[("MSCRMCallerID", NINA)], b"").unwrap();
        (answer.status, answer.error_code())
    };
    assert_eq!(read(&mut client), (403, "0x80042f09".to_owned()), "no role");
    done(&mut client, "POST", &format!("{roles}/$ref"), &role);
    assert_eq!(read(&mut client).0, 200, "a token that somebody else was given");
    give(&mut client, "Basic");
    assert_eq!(read(&mut client), (403, "0x80040220".to_owned()), "not every row");
    done(&mut client, "DELETE", &format!("{roles}({READER})/$ref"), "");
    assert_eq!(read(&mut client).0, 403, "no role any longer");
    give(&mut client, "Global");
    done(&mut client, "POST", &format!("{roles}/$ref"), &role);
    assert_eq!(read(&mut client).0, 200, "the token is good as before");
}
