//! Client credentials, discovery, and what a refused client is told.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use driftless_auth::{ApplicationFile, NewApplication, NoCaller, WithSecret};
use driftless_model::ErrorCode;
use serde_json::Value;

use crate::stage::{NOW_S, ORIGIN, Stage};

#[test] // AUTH-01
fn discovery_documents_name_endpoints_of_the_address_that_was_used() {
    let stage = Stage::new();
    let tenant = stage.tenant();
    for (path, issuer, token) in [
        ("/adfs/.well-known/openid-configuration".to_owned(), "/adfs".to_owned(), "/adfs/oauth2/token".to_owned()),
        ("/.well-known/openid-configuration".to_owned(), "/adfs".to_owned(), "/adfs/oauth2/token".to_owned()),
        (format!("/{tenant}/v2.0/.well-known/openid-configuration"), format!("/{tenant}/v2.0"), format!("/{tenant}/oauth2/v2.0/token")),
        (format!("/{tenant}/.well-known/openid-configuration/"), format!("/{tenant}"), format!("/{tenant}/oauth2/token")),
    ] {
        let document = stage.get(&path).json();
        assert_eq!((&document["issuer"], &document["token_endpoint"]), (&Value::from(ORIGIN.to_owned() + &issuer), &Value::from(ORIGIN.to_owned() + &token)));
        let keys = document["jwks_uri"].as_str().unwrap().strip_prefix(ORIGIN).unwrap().to_owned();
        let keys = stage.get(&keys).json();
        assert_eq!((&keys["keys"][0]["alg"], &keys["keys"][0]["crv"]), (&"ES256".into(), &"P-256".into()), "{path}");
        assert!(keys["keys"][0].get("d").is_none());
    }
    // AUTH-10
    let instance = stage.get("/common/discovery/instance?api-version=1.1").json();
    assert_eq!(instance["metadata"][0]["aliases"][0], "localhost:8443");
    assert_eq!(stage.get("/common/userrealm/a@example.com?api-version=1.0").status, 404);
    assert_eq!(stage.get("/adfs/oauth2/token").status, 405);
}

#[test] // AUTH-02, AUTH-03, AUTH-23, ROLE-14
fn a_secret_gives_a_token_that_acts_as_the_applications_user() {
    let stage = Stage::new();
    let program = stage.program();
    let id = program.id.to_string();
    for path in ["/adfs/oauth2/token".to_owned(), "/ADFS/oauth2/token/".to_owned(), format!("/{}/oauth2/v2.0/token", stage.tenant())] {
        let answer = stage.post(&path, &stage.credentials(&program));
        assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{path}: {}", answer.text);
        let document = answer.json();
        assert_eq!((&document["token_type"], &document["expires_in"]), (&"Bearer".into(), &3_600.into()));
        assert_eq!(stage.caller(document["access_token"].as_str().unwrap()).unwrap().user, program.user);
    }
    let first = [("grant_type", "client_credentials"), ("client_id", &id), ("client_secret", &program.secret), ("resource", ORIGIN)];
    let answer = stage.post(&format!("/{}/oauth2/token", stage.tenant()), &first).json();
    assert_eq!((&answer["expires_in"], &answer["resource"]), (&"3600".into(), &format!("{ORIGIN}/").into()));
    assert_eq!(stage.caller(answer["access_token"].as_str().unwrap()).unwrap().user, program.user);
    let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{}", program.secret)));
    let answer = stage.post_with("/adfs/oauth2/token", &[("grant_type", "client_credentials")], &[("authorization", &basic)]);
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[test] // AUTH-11
fn tokens_carry_the_documented_claims() {
    let stage = Stage::new();
    let program = stage.program();
    let token = stage.token(&program);
    let parts: Vec<&str> = token.split('.').collect();
    let part = |at: usize| serde_json::from_slice::<Value>(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(parts[at]).unwrap()).unwrap();
    let (header, claims) = (part(0), part(1));
    assert_eq!((&header["alg"], header["kid"].is_string()), (&"ES256".into(), true));
    let names = ["iss", "aud", "sub", "iat", "nbf", "exp", "jti", "appid", "azp", "oid", "tid", "ver", "idtyp", "roles"];
    assert!(names.iter().all(|name| claims.get(name).is_some()), "{claims}");
    assert_eq!((claims["exp"].as_f64(), &claims["idtyp"]), (Some(NOW_S as f64 + 3_600.0), &"app".into()));
}

#[test] // AUTH-14
fn refusals_have_the_fields_that_clients_show() {
    let stage = Stage::new();
    let program = stage.program();
    let id = program.id.to_string();
    let ask = |fields: &[(&str, &str)]| stage.post("/adfs/oauth2/token", fields);
    let grant = ("grant_type", "client_credentials");
    let sample = "51f81489-12ee-4a9e-aaae-a2591f45987d";
    let scope = ("scope", "https://other.example/.default");
    for (fields, status, error, number) in [
        (&[grant, ("client_id", &*id), ("client_secret", "no")][..], 401, "invalid_client", 7_000_215),
        (&[grant, ("client_id", &id)], 401, "invalid_client", 7_000_218),
        (&[grant, ("client_id", "00000000-0000-0000-0000-000000000001"), ("client_secret", "no")], 401, "invalid_client", 700_016),
        (&[grant, ("client_id", sample)], 400, "unauthorized_client", 700_025),
        (&[grant, ("client_id", &id), ("client_secret", &program.secret), scope], 400, "invalid_scope", 70_011),
        (&[("grant_type", "magic"), ("client_id", &id), ("client_secret", &program.secret)], 400, "unsupported_grant_type", 70_003),
        (&[("client_id", &id), ("client_secret", &program.secret)], 400, "invalid_request", 900_144),
        (&[grant], 400, "invalid_request", 900_144),
    ] {
        let answer = ask(fields);
        let document = answer.json();
        assert_eq!((answer.status, &document["error"], &document["error_codes"][0]), (status, &error.into(), &number.into()), "{}", answer.text);
        let description = document["error_description"].as_str().unwrap();
        assert!(description.starts_with(&format!("AADSTS{number}: ")) && !description.contains(&program.secret), "{description}");
        assert!(["timestamp", "trace_id", "correlation_id"].iter().all(|name| document[name].is_string()));
    }
    let request = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let answer = stage.post_with("/adfs/oauth2/token", &[grant], &[("client-request-id", request)]);
    assert_eq!(answer.json()["correlation_id"], request);
}

#[test] // AUTH-24
fn a_token_without_a_user_is_refused_until_there_is_one() {
    let stage = Stage::new();
    let (id, secret) = stage.register("early");
    let text = id.to_string();
    let fields = [("grant_type", "client_credentials"), ("client_id", &*text), ("client_secret", &*secret)];
    let answer = stage.post("/adfs/oauth2/token", &fields).json();
    let token = answer["access_token"].as_str().unwrap();
    let Err(NoCaller::Refused(error)) = stage.caller(token) else { panic!("refused") };
    assert_eq!(error.code(), ErrorCode::UserNotMemberOfOrg);
    let user = stage.organization.ensure_application_administrator(id, "early").unwrap();
    assert_eq!(stage.caller(token).unwrap().user, user, "at once");
    assert_eq!(stage.organization.ensure_application_administrator(id, "early").unwrap(), user, "made once");
}

#[test]
fn an_application_that_was_removed_gets_no_token() {
    let stage = Stage::new();
    let program = stage.program();
    let file = ApplicationFile::open(stage.folder());
    assert!(file.make(&NewApplication { name: "program", ..NewApplication::default() }, WithSecret::No, 0, &mut |_| Ok(())).is_err());
    file.remove("program").unwrap();
    assert!(file.remove("program").is_err());
    assert_eq!(stage.post("/adfs/oauth2/token", &stage.credentials(&program)).json()["error_codes"][0], 700_016);
}
