//! From a first request without a token to one with it, by what the answers say alone, as published clients go (AUTH-01, AUTH-02, AUTH-06 to AUTH-10).

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

use std::collections::HashMap;

use driftless_testkit::{Answer, HttpClient, TestServer};
use serde_json::Value;

/// Addresses that clients ask before they have a token.
const PROBES: [&str; 7] = [
    "/XRMServices/2011/Organization.svc/web?SDKClientVersion=9.2.49.4062",
    "/XRMServices/2011/Organization.svc",
    "/XRMServices/2011/Discovery.svc",
    "/api/data/v9",
    "/api/data/v9.2/",
    "/api/data/v9.2/WhoAmI",
    "/api/data/v9.1/accounts",
];

fn get(client: &mut HttpClient, target: &str) -> Answer {
    client.send("GET", target, &[("Authorization", "")], b"").unwrap()
}

/// The form-encoded answer of an endpoint of the issuer, given by its whole address.
fn post(client: &mut HttpClient, origin: &str, address: &str, fields: &[(&str, &str)]) -> Answer {
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let target = address.strip_prefix(origin).unwrap_or_else(|| panic!("{address} is elsewhere"));
    let headers = [("Authorization", ""), ("Content-Type", "application/x-www-form-urlencoded")];
    client.send("POST", target, &headers, body.join("&").as_bytes()).unwrap()
}

/// Reads the challenge as the .NET client does: the first header decides, it has the scheme Bearer and then parameters, whose values can stand there in
/// quotation marks only. Gives the authority and the service.
fn read_challenge(answer: &Answer) -> (String, String) {
    let challenges: Vec<&str> =
        answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate")).map(|(_, value)| value.as_str()).collect();
    let [challenge] = challenges.as_slice() else { panic!("{challenges:?}") };
    let (scheme, parameters) = challenge.split_once(' ').unwrap();
    assert_eq!(scheme, "Bearer");
    let parameter = |text: &'static str| -> String {
        let parts: HashMap<&str, &str> = parameters.split(',').map(|part| part.trim().split_once('=').unwrap()).collect();
        let value = parts[text];
        value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_else(|| panic!("{value} stands without quotation marks")).to_owned()
    };
    (parameter("authorization_uri").replace("oauth2/authorize", "").replace("common", "organizations"), parameter("resource_id"))
}

#[test] // AUTH-07, AUTH-24
fn every_probe_is_answered_by_one_challenge_that_leads_to_the_issuer() {
    let server = TestServer::start().unwrap();
    let mut client = server.client().unwrap();
    let expected = (format!("{}/adfs/", server.origin()), format!("{}/", server.origin()));
    for target in PROBES {
        let answer = get(&mut client, target);
        assert_eq!((answer.status, answer.error_code().as_str()), (401, "0x8005f101"), "{target}");
        assert_eq!(read_challenge(&answer), expected, "{target}");
    }
    for authorization in ["Bearer", "Bearer ", "Bearer x.y.z", "Basic YTpi", "Negotiate", "bearer drft_test_0"] {
        let answer = client.send("GET", "/api/data/v9.2/WhoAmI", &[("Authorization", authorization)], b"").unwrap();
        assert_eq!(answer.status, 401, "{authorization}");
        assert_eq!(read_challenge(&answer), expected, "{authorization}");
    }
}

#[test] // AUTH-02, AUTH-06, AUTH-07
fn the_challenge_alone_leads_to_a_token() {
    let server = TestServer::start().unwrap();
    let (id, secret) = server.make_application("program").unwrap();
    let (mut client, origin, id) = (server.client().unwrap(), server.origin(), id.to_string());
    let (authority, resource) = read_challenge(&get(&mut client, PROBES[0]));
    let ask = |client: &mut HttpClient, endpoint: &str, scope: &str| {
        post(client, &origin, endpoint, &[("grant_type", "client_credentials"), ("client_id", &id), ("client_secret", &secret), ("scope", scope)])
    };
    let endpoint = format!("{authority}oauth2/token");
    for scope in [format!("{resource}.default"), format!("{resource}/.default"), format!("{resource}/user_impersonation"), resource.to_uppercase()] {
        let answer = ask(&mut client, &endpoint, &scope);
        assert_eq!(answer.status, 200, "{scope}: {}", answer.text());
        let bearer = format!("Bearer {}", answer.json()["access_token"].as_str().unwrap());
        let who = client.send("GET", "/api/data/v9.2/WhoAmI", &[("Authorization", &bearer)], b"").unwrap();
        assert!(who.status == 200 && who.json()["UserId"].is_string(), "{scope}: {}", who.text());
    }
    for scope in ["https://other.example/.default", "User.Read", "https://graph.microsoft.com/.default openid"] {
        let answer = ask(&mut client, &endpoint, scope);
        assert_eq!((answer.status, &answer.json()["error"]), (400, &Value::from("invalid_scope")), "{scope}");
    }
}

#[test] // AUTH-01, AUTH-02
fn each_document_leads_to_endpoints_that_answer() {
    let server = TestServer::start().unwrap();
    let (id, secret) = server.make_application("program").unwrap();
    let (mut client, origin, id) = (server.client().unwrap(), server.origin(), id.to_string());
    let tenant = server.organization().facts().organization;
    for authority in ["/adfs".to_owned(), String::new(), format!("/{tenant}"), format!("/{tenant}/v2.0"), format!("/{}", tenant.to_string().to_uppercase())] {
        let found = get(&mut client, &format!("{authority}/.well-known/openid-configuration"));
        assert_eq!(found.status, 200, "{authority}");
        let document = found.json();
        let address = |name: &str| document[name].as_str().unwrap_or_else(|| panic!("{name} of {authority}")).to_owned();
        assert!(address("issuer").starts_with(&origin) && document["code_challenge_methods_supported"] == serde_json::json!(["S256"]), "{document}");
        let keys = get(&mut client, address("jwks_uri").strip_prefix(&origin).unwrap()).json();
        assert!(keys["keys"].as_array().is_some_and(|keys| !keys.is_empty()), "{keys}");
        let proof = [("grant_type", "client_credentials"), ("client_id", &*id), ("client_secret", &*secret)];
        for endpoint in [address("token_endpoint"), format!("{}/", address("token_endpoint")), address("token_endpoint").replace("oauth2/", "OAuth2/")] {
            assert_eq!(post(&mut client, &origin, &endpoint, &proof).status, 200, "{endpoint}");
        }
        let sample = "51f81489-12ee-4a9e-aaae-a2591f45987d";
        assert!(post(&mut client, &origin, &address("device_authorization_endpoint"), &[("client_id", sample)]).json()["user_code"].is_string(), "{authority}");
        let page = get(&mut client, address("authorization_endpoint").strip_prefix(&origin).unwrap());
        assert!(page.status == 400 && page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "a page that says what is missing");
    }
    assert_eq!(get(&mut client, "/contoso-of-somebody-else/.well-known/openid-configuration").status, 401);
}

#[test] // AUTH-09, AUTH-10
fn looks_at_our_host_are_answered_and_those_at_others_are_not() {
    let server = TestServer::start().unwrap();
    let mut client = server.client().unwrap();
    let host = "127.0.0.1"; // clients leave the port out
    let finger = |resource: &str| format!("/.well-known/webfinger?rel=http://schemas.microsoft.com/rel/trusted-realm&resource={resource}");
    let found = get(&mut client, &finger(&format!("https://{host}")));
    assert_eq!((found.status, &found.json()["links"][0]["href"]), (200, &Value::from(format!("https://{host}"))));
    assert_eq!(found.json()["links"][0]["rel"], "http://schemas.microsoft.com/rel/trusted-realm");
    for resource in ["https://login.microsoftonline.com", "http://127.0.0.1", "acct:nina@127.0.0.1", ""] {
        assert_eq!(get(&mut client, &finger(resource)).status, 404, "{resource}");
    }
    let instance = get(&mut client, "/common/discovery/instance?api-version=1.1&authorization_endpoint=x").json();
    assert!(instance["tenant_discovery_endpoint"].as_str().is_some_and(|address| address.starts_with(&server.origin())), "{instance}");
    assert_eq!(instance["metadata"][0]["aliases"], serde_json::json!([server.origin().strip_prefix("http://").unwrap()]));
    assert_eq!(get(&mut client, "/common/userrealm/nina@books.example?api-version=1.0").status, 404);
}
