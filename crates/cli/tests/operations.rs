//! What an operator relies on, with the real program: protection, probes, figures, and a log without secrets.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;

use support::{Folder, Service, done, eventually, run};

/// An answer, head and body together.
fn send(service: &Service, request: &str) -> String {
    exchange(service.url().strip_prefix("http://").unwrap(), request)
}

/// `HOST` in the request becomes the address.
fn exchange(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.replace("HOST", address).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn get(service: &Service, path: &str, token: Option<&str>) -> String {
    let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    send(service, &format!("GET {path} HTTP/1.1\r\nHost: HOST\r\n{authorization}Connection: close\r\n\r\n"))
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next().unwrap();
    head.lines().find_map(|line| line.split_once(": ").filter(|(own, _)| own.eq_ignore_ascii_case(name))).map(|(_, value)| value)
}

#[test] // SEC-24
fn users_have_budgets_in_service_and_none_in_development() {
    for (command_line, left) in
        [(&["serve"][..], "5999"), (&["dev"], "6000"), (&["serve", "--service-protection", "off"], "6000"), (&["dev", "--service-protection", "on"], "5999")]
    {
        let folder = Folder::new();
        let service = Service::start_with(command_line, &folder);
        let answer = get(&service, "/api/data/v9.2/WhoAmI", Some(&service.token()));
        assert_eq!(header(&answer, "x-ms-ratelimit-burst-remaining-xrm-requests"), Some(left), "{command_line:?}: {answer}");
    }
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

#[track_caller]
fn assert_status(answer: &str, status: u16) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
}

#[test] // OPS-10, OPS-11
fn probes_need_no_token_and_figures_need_an_administrators() {
    let folder = Folder::new();
    Service::start(&folder).stop();
    let data = folder.data();
    let made = done(&["token", "make", "reader", "--scope", "read", "--data", data.to_str().unwrap(), "--json"]);
    let service = Service::start(&folder);
    for (path, text) in [("/livez", "alive\n"), ("/readyz", "ready\n"), ("/healthz", "ready\n")] {
        let answer = get(&service, path, None);
        assert_status(&answer, 200);
        assert_eq!(body(&answer), text);
    }
    assert_status(&get(&service, "/api/data/v9.2/accounts?$top=1", Some(&service.token())), 200);
    assert_status(&get(&service, "/metrics", None), 401);
    assert_status(&get(&service, "/metrics", Some(made.document()["token"].as_str().unwrap())), 403);
    let answer = get(&service, "/metrics", Some(&service.token()));
    assert_status(&answer, 200);
    assert_eq!(header(&answer, "content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = body(&answer);
    for line in [
        "http_requests_total{route=\"/api/data/{version}/{set}\",method=\"GET\",code=\"200\"} 1\n",
        "http_requests_total{route=\"operations\",method=\"GET\",code=\"401\"} 1\n",
        "http_requests_in_flight 1\n",
        "auth_failures_total{reason=\"no token\"} 1\n",
        "throttled_total{code=\"0x80072322\"} 0\n",
        "db_writable 1\n",
        "# TYPE http_request_duration_seconds histogram\n",
        "build_info{version=",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert_eq!(text.lines().filter(|line| line.starts_with("db_size_bytes ")).count(), 1);
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let distinct: std::collections::BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(names.len(), distinct.len(), "a family stands twice");
}

#[test] // OPS-10
fn operators_have_a_listener_of_their_own() {
    let folder = Folder::new();
    let service = Service::start_with(&["serve", "--operations", "127.0.0.1:0"], &folder);
    let ask = |path: &str| {
        let address = service.ready["operations"].as_str().unwrap().strip_prefix("http://").unwrap();
        exchange(address, &format!("GET {path} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n"))
    };
    assert_status(&ask("/metrics"), 200);
    assert_status(&ask("/readyz"), 200);
    assert_status(&ask("/api/data/v9.2/WhoAmI"), 404);
    let refused = run(&["serve", "--operations", "0.0.0.0:0", "--data", folder.data().to_str().unwrap()]);
    assert_eq!(refused.code, Some(2), "{}", refused.err);
}

/// Stands in every place of a request where a secret or a value of a column can stand.
const CANARY: &str = "Canary7Secret";

/// Requests that carry the canary: as credential, name, value, key, header and body, well-formed and broken.
fn canaries(token: &str) -> Vec<String> {
    let api = "/api/data/v9.2";
    let admin = format!("Authorization: Bearer {token}\r\n");
    let get = |path: &str, headers: &str| format!("GET {path} HTTP/1.1\r\nHost: HOST\r\n{headers}Connection: close\r\n\r\n");
    let send = |method: &str, path: &str, headers: &str, body: &str| {
        format!("{method} {path} HTTP/1.1\r\nHost: HOST\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
    };
    let json = format!("{admin}Content-Type: application/json\r\n");
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let grant = format!("client_id=00000000-0000-0000-0000-000000000001&client_secret={CANARY}&username={CANARY}&password={CANARY}&code={CANARY}");
    let batch = format!("--b\r\nContent-Type: application/http\r\n\r\nGET {api}/accounts(name='{CANARY}') HTTP/1.1\r\nX: {CANARY}\r\n\r\n\r\n--b--\r\n");
    let mut requests = vec![
        get(&format!("{api}/WhoAmI"), &format!("Authorization: Bearer {CANARY}\r\n")),
        get(&format!("{api}/WhoAmI"), &format!("Authorization: Bearer {token}{CANARY}\r\n")),
        get(&format!("{api}/WhoAmI"), &format!("Authorization: Bearer eyJhbGciOiJub25lIn0.{CANARY}.x\r\n")),
        get(&format!("{api}/WhoAmI"), &format!("{admin}Cookie: session={CANARY}\r\nPrefer: {CANARY}\r\nIf-Match: {CANARY}\r\nMSCRMCallerID: {CANARY}\r\n")),
        get(&format!("{api}/accounts?$filter=name%20eq%20'{CANARY}'&$select={CANARY}"), &admin),
        get(&format!("{api}/accounts?$filter=contains(name,'{CANARY}')"), &admin),
        get(&format!("{api}/accounts?fetchXml={CANARY}&{CANARY}=1"), &admin),
        get(&format!("{api}/accounts?$skiptoken={CANARY}"), &admin),
        get(&format!("{api}/accounts?$deltatoken={CANARY}"), &admin),
        get(&format!("{api}/accounts(name='{CANARY}')"), &admin),
        get(&format!("{api}/accounts(name='a/{CANARY}/b')/name"), &admin),
        get(&format!("{api}/accounts%28accountnumber='{CANARY}'%29"), &admin),
        get(&format!("/adfs/oauth2/authorize?client_id={CANARY}&state={CANARY}&code_challenge={CANARY}&login_hint={CANARY}"), ""),
        get("/metrics", &format!("Authorization: Bearer {CANARY}\r\n")),
        send("POST", &format!("{api}/accounts"), &json, &format!("{{\"name\":\"{CANARY}\"}}")),
        send("POST", &format!("{api}/accounts"), &json, &format!("{{\"name\":\"{CANARY}\",}}")),
        send("POST", &format!("{api}/accounts"), &json, &format!("{{\"name\":\"{}\"}}", CANARY.repeat(200))),
        send("POST", &format!("{api}/systemusers"), &json, &format!("{{\"domainname\":\"{CANARY}\"}}")),
        send("PATCH", &format!("{api}/accounts(name='{CANARY}')"), &json, &format!("{{\"telephone1\":\"{CANARY}\"}}")),
        send("PUT", &format!("{api}/accounts(00000000-0000-0000-0000-000000000001)/name"), &json, &format!("{{\"value\":\"{CANARY}\"}}")),
        send("POST", &format!("{api}/ImportSolution"), &json, &format!("{{\"CustomizationFile\":\"{CANARY}\"}}")),
        send("POST", &format!("{api}/$batch"), &format!("{admin}Content-Type: multipart/mixed; boundary=b\r\n"), &batch),
        send("POST", "/adfs/oauth2/authorize", form, &grant),
        send("POST", "/setup", form, &format!("secret={CANARY}&password={CANARY}&repeated={CANARY}")),
        send("POST", "/adfs/oauth2/token", &format!("{form}Authorization: Basic Q2FuYXJ5N1NlY3JldDpDYW5hcnk3U2VjcmV0\r\n"), "grant_type=client_credentials"),
    ];
    requests.extend(more_canaries(&admin, &json));
    for kind in ["client_credentials", "password", "authorization_code", "refresh_token", CANARY] {
        let more = format!("grant_type={kind}&{grant}&refresh_token={CANARY}&client_assertion={CANARY}&scope={CANARY}&code_verifier={CANARY}");
        requests.push(send("POST", "/adfs/oauth2/token", form, &more));
    }
    requests
}

/// Requests with the canary to parts of the service that have readers of their own: definitions, messages, packages, files, other languages of queries.
fn more_canaries(admin: &str, json: &str) -> Vec<String> {
    let get = |path: String| format!("GET /api/data/v9.2/{path} HTTP/1.1\r\nHost: HOST\r\n{admin}Connection: close\r\n\r\n");
    let send = |method: &str, path: &str, body: &str| {
        format!("{method} /api/data/v9.2/{path} HTTP/1.1\r\nHost: HOST\r\n{json}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
    };
    let contact = |number: u8| format!("{{\"lastname\":\"{number}\",\"emailaddress1\":\"{CANARY}\"}}");
    let key = r#"{"SchemaName":"new_Mail","DisplayName":{"LocalizedLabels":[{"Label":"Mail","LanguageCode":1033}]},"KeyAttributes":["emailaddress1"]}"#;
    vec![
        // The job that builds this key fails, since the canary stands twice.
        send("POST", "contacts", &contact(1)),
        send("POST", "contacts", &contact(2)),
        send("POST", "EntityDefinitions(LogicalName='contact')/Keys", key),
        get(format!("contacts?$apply=filter(lastname%20eq%20'{CANARY}')/groupby(({CANARY}))")),
        get(format!("contacts?$orderby={CANARY}&$expand={CANARY}($filter=a%20eq%20'{CANARY}')")),
        get(format!("contacts?$filter=@p%20eq%20lastname&@p='{CANARY}'")),
        get(format!("contacts?sql=SELECT%20lastname%20FROM%20contact%20WHERE%20lastname%20=%20'{CANARY}'")),
        get(format!(
            "contacts?fetchXml=%3Cfetch%3E%3Centity%20name='contact'%3E%3Cfilter%3E%3Ccondition%20attribute='lastname'%20operator='eq'%20value='{CANARY}'/%3E%3C/filter%3E%3C/entity%3E%3C/fetch%3E"
        )),
        get(format!("RetrieveMetadataChanges(ClientVersionStamp=@s)?@s='{CANARY}'")),
        get(format!("InitializeFrom(EntityMoniker=@m,TargetEntityName='contact')?@m={{'@odata.id':'accounts(name='{CANARY}')'}}")),
        send("POST", "contacts/Microsoft.Dynamics.CRM.CreateMultiple", &format!("{{\"Targets\":[{{\"lastname\":\"{CANARY}\"}}]}}")),
        send("POST", "EntityDefinitions", &format!("{{\"SchemaName\":\"{CANARY}\"}}")),
        send("POST", "PublishXml", &format!("{{\"ParameterXml\":\"<{CANARY}>\"}}")),
        send("POST", "GrantAccess", &format!("{{\"Target\":\"{CANARY}\"}}")),
        send("POST", "nothing_here", &format!("{{\"{CANARY}\":\"{CANARY}\"}}")),
        send("PATCH", "contacts(00000000-0000-0000-0000-000000000001)/entityimage", &CANARY.repeat(10)),
    ]
}

#[test] // SEC-32
fn a_log_of_everything_holds_no_secret_and_no_value() {
    for form in ["text", "json"] {
        let folder = Folder::new();
        let service = Service::start_with(&["serve", "--log", "trace", "--log-form", form], &folder);
        let token = service.token();
        let requests = canaries(&token);
        for request in &requests {
            let answer = send(&service, request);
            assert!(answer.starts_with("HTTP/1.1 "), "{request}");
        }
        let keys = "/api/data/v9.2/EntityDefinitions(LogicalName='contact')/Keys?$select=EntityKeyIndexStatus";
        eventually("the key is still being built", || get(&service, keys, Some(&token)).contains("\"Failed\""));
        service.stop();
        let log = std::fs::read_to_string(folder.path().join("service.log")).unwrap();
        let logged = log.lines().filter(|line| line.contains("access")).count();
        assert!(logged >= requests.len(), "{logged} access lines in\n{log}");
        assert!(log.contains("an alternate key could not be built"), "no job failed in\n{log}");
        for secret in [CANARY, &token, "Q2FuYXJ5N1NlY3JldDpDYW5hcnk3U2VjcmV0"] {
            if let Some(line) = log.lines().find(|line| line.contains(secret)) {
                panic!("{secret} is in the log: {line}");
            }
        }
    }
}

#[test] // OPS-08
fn each_request_has_one_line_with_its_id() {
    let folder = Folder::new();
    let service = Service::start_with(&["serve", "--log-form", "json"], &folder);
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let headers = format!("Authorization: Bearer {}\r\nUser-Agent: probe/1\r\nx-ms-client-request-id: {id}\r\n", service.token());
    let answer = send(&service, &format!("GET /api/data/v9.2/nothing(1)?x=y HTTP/1.1\r\nHost: HOST\r\n{headers}Connection: close\r\n\r\n"));
    assert_eq!((header(&answer, "x-ms-service-request-id"), header(&answer, "req_id")), (Some(id), Some(id)));
    service.stop();
    let log = std::fs::read_to_string(folder.path().join("service.log")).unwrap();
    let lines: Vec<serde_json::Value> = log.lines().filter(|line| line.contains(id)).map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1, "{log}");
    let fields = &lines[0]["fields"];
    for (name, value) in
        [("method", "GET"), ("path", "/api/data/v9.2/nothing(*)"), ("route", "/api/data/{version}/{set}({key})"), ("client", "probe/1"), ("request_id", id)]
    {
        assert_eq!(fields[name], value, "{name} in {fields}");
    }
    assert_eq!(fields["status"], 404);
    assert_eq!(fields["user"].as_str().map(str::len), Some(36));
}
