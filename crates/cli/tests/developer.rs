//! A developer's service and what their programs are told (AUTH-41 to AUTH-43).

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, dead_code, reason = "a test fails by panicking, in its helpers too; not all helpers are used here")]
#![allow(clippy::disallowed_methods, reason = "a test of processes waits for them")]

mod support;

use serde_json::Value;
use support::{Folder, Service, done, run};

#[test] // AUTH-41, AUTH-43
fn the_variables_of_a_developer_sign_in_and_outlive_a_restart() {
    let folder = Folder::new();
    let data = folder.data().display().to_string();
    let early = run(&["dev", "env", "--data", &data]);
    assert_eq!(early.code, Some(4), "{}", early.err);
    let service = Service::start_as("dev", &folder);
    let variables = done(&["dev", "env", "--data", &data, "--format", "json"]).document();
    let value = |name: &str| variables[name].as_str().unwrap_or_else(|| panic!("{name}")).to_owned();
    assert_eq!((value("AZURE_TENANT_ID"), value("AZURE_AUTHORITY_HOST")), ("adfs".to_owned(), value("DRIFTLESS_URL")));
    assert!(value("DRIFTLESS_URL").starts_with("https://localhost:") && value("DRIFTLESS_TOKEN").starts_with("drft_"));
    let own = std::fs::read_to_string(value("NODE_EXTRA_CA_CERTS")).unwrap();
    let bundle = std::fs::read_to_string(value("REQUESTS_CA_BUNDLE")).unwrap();
    assert!(bundle.ends_with(&own), "the system's authorities, then ours");

    let form = format!("grant_type=client_credentials&client_id={}&client_secret={}", value("AZURE_CLIENT_ID"), value("AZURE_CLIENT_SECRET"));
    let token = service.post_form("/adfs/oauth2/token", &form)["access_token"].as_str().unwrap().to_owned();
    let https = format!("{form}&scope={}/.default", value("DRIFTLESS_URL"));
    assert!(service.post_form(&format!("/{}/oauth2/v2.0/token", value("DRIFTLESS_TENANT")), &https)["access_token"].is_string(), "named by its other address");
    let tables = service.connection(&token).list_tables().unwrap();
    assert!(tables.iter().any(|table| table.logical_name == "account"), "an administrator");

    service.stop();
    assert_eq!(run(&["dev", "env", "--data", &data]).code, Some(75), "no service, no address");
    let again = Service::start_as("dev", &folder);
    let shell = done(&["dev", "env", "--data", &data]).out;
    assert!(shell.contains(&format!("export AZURE_CLIENT_SECRET='{}'\n", value("AZURE_CLIENT_SECRET"))));
    assert!(again.post_form("/adfs/oauth2/token", &form)["access_token"].is_string());
}

#[test] // AUTH-42
fn a_developers_service_is_for_this_machine() {
    let folder = Folder::new();
    let data = folder.data().display().to_string();
    let refused = run(&["dev", "--data", &data, "--http", "none", "--https", "0.0.0.0:0"]);
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(!folder.data().exists(), "nothing was made");
}

#[test]
fn applications_are_registered_listed_and_removed() {
    let folder = Folder::new();
    let data = folder.path().display().to_string();
    let made = done(&["app", "make", "nightly", "--data", &data, "--json"]).document();
    assert!(made["secret"].as_str().unwrap().starts_with("drft_app_"));
    let public = done(&["app", "make", "notebook", "--public", "--redirect", "http://localhost", "--data", &data, "--json"]).document();
    assert_eq!((&public["secret"], &public["public"]), (&Value::Null, &true.into()));
    assert_eq!(run(&["app", "make", "nightly", "--data", &data]).code, Some(5));
    assert_eq!(run(&["app", "make", "bad", "--redirect", "http://elsewhere.example", "--data", &data]).code, Some(2));
    let listed = done(&["app", "list", "--data", &data, "--json"]).document();
    assert_eq!(listed["applications"].as_array().unwrap().len(), 2);
    assert!(!listed.to_string().contains(made["secret"].as_str().unwrap()));
    done(&["app", "remove", made["clientId"].as_str().unwrap(), "--data", &data]);
    assert_eq!(run(&["app", "remove", "nightly", "--data", &data]).code, Some(4));
}

#[test] // AUTH-40
fn each_start_keeps_another_set_up_address_where_others_cannot_read_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Folder::new();
    let file = folder.data().join("setup.address");
    let addresses = [(), ()].map(|()| {
        let service = Service::start(&folder);
        let address = std::fs::read_to_string(&file).unwrap();
        let (page, secret) = address.trim().split_once('#').unwrap();
        assert_eq!(page, format!("{}/signin/setup", service.ready["https"].as_str().unwrap()));
        assert_eq!((secret.len(), std::fs::metadata(&file).unwrap().permissions().mode() & 0o777), (43, 0o600), "256 bits, for the owner only");
        assert!(!std::fs::read_to_string(folder.path().join("service.log")).unwrap().contains(secret), "SEC-32");
        service.stop();
        secret.to_owned()
    });
    assert_ne!(addresses[0], addresses[1]);
}

#[test] // AUTH-44
fn the_system_trusts_our_authority_only_on_request() {
    let folder = Folder::new();
    let data = folder.data().display().to_string();
    assert_eq!(run(&["dev", "trust", "--data", &data]).code, Some(4), "no folder");
    Service::start_as("dev", &folder).stop();
    let told = |more: &[&str]| {
        let ended = run(&[&["dev", "trust", "--data", &data, "--dry-run", "--json"], more].concat());
        (ended.code == Some(0)).then(|| ended.document())
    };
    // Elsewhere than on Linux other programs are asked, and a system without a store is told of by an error.
    if let (Some(add), Some(remove)) = (told(&[]), told(&["--remove"])) {
        assert_eq!((&add["done"], &remove["done"]), (&Value::Bool(false), &Value::Bool(false)));
        assert!(!add["steps"].as_array().unwrap().is_empty() && add["steps"] != remove["steps"], "{add} {remove}");
    }
    let help = done(&["dev", "trust", "--help"]).out;
    assert!(help.contains("driftless dev trust --data ./books") && help.contains("--dry-run"), "{help}");
}

#[test] // SEC-32
fn no_log_line_holds_what_proves_somebody() {
    let folder = Folder::new();
    let service = Service::start_with(&["dev", "--log", "trace"], &folder);
    let variables = done(&["dev", "env", "--data", &folder.data().display().to_string(), "--json"]).document();
    let value = |name: &str| variables[name].as_str().unwrap().to_owned();
    let (id, secret) = (value("AZURE_CLIENT_ID"), value("AZURE_CLIENT_SECRET"));
    let token = service.post_form("/adfs/oauth2/token", &format!("grant_type=client_credentials&client_id={id}&client_secret={secret}"));
    let token = token["access_token"].as_str().unwrap().to_owned();
    assert!(!service.connection(&token).list_tables().unwrap().is_empty() && !service.connection(&service.token()).list_tables().unwrap().is_empty());
    let wrong = ["canary-secret", "canary-password", "canary-refresh", "canary-device", "canary-code", "canary-bearer", "canary-assertion"];
    for form in [
        format!("grant_type=client_credentials&client_id={id}&client_secret={}", wrong[0]),
        format!("grant_type=password&client_id={id}&client_secret={secret}&username=administrator&password={}", wrong[1]),
        format!("grant_type=refresh_token&client_id={id}&client_secret={secret}&refresh_token={}", wrong[2]),
        format!("grant_type=device_code&client_id={id}&client_secret={secret}&device_code={}", wrong[3]),
        format!("grant_type=authorization_code&client_id={id}&client_secret={secret}&redirect_uri=http://localhost&code={}", wrong[4]),
        format!("grant_type=client_credentials&client_id={id}&client_assertion_type=x&client_assertion={}", wrong[6]),
    ] {
        assert!(service.post_form("/adfs/oauth2/token", &form)["error"].is_string());
    }
    assert!(service.connection(wrong[5]).list_tables().is_err());
    let api_token = service.token();
    service.stop();
    let log = std::fs::read_to_string(folder.path().join("service.log")).unwrap();
    assert!(log.contains("no token was given") && log.contains("a token was given"), "the log tells what happened");
    for proof in wrong.iter().copied().chain([secret.as_str(), token.as_str(), token.rsplit('.').next().unwrap(), api_token.as_str()]) {
        assert!(!log.contains(proof), "{proof} stands in the log");
    }
}
