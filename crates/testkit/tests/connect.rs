//! What Microsoft's .NET client sends until its program gets to work, request by request, over both schemes (organization-service 2, 3, SEC-22).
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

use driftless_server::ProtectionLimits;
use driftless_testkit::{Answer, HttpClient, TestServer};
use roxmltree::{Document, Node};

/// What the client adds to the addresses that it was given.
const VERSION: &str = "SDKClientVersion=9.2.49.4062";
const SERVICE: &str = "/XRMServices/2011/Organization.svc";
/// What a folder of an organization is called before the addresses of the service.
const ORGANIZATIONS: [&str; 2] = ["", "/harbor"];
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
const REQUEST: &str = "6f1c5c6e-7b0a-4b0e-9a39-1c2b8f7f5d11";

/// An envelope with Execute as ServiceClient writes it: the version, the kind of user, and the one acted for twice.
fn execute(ns: &str, name: &str, parameters: &str, on_behalf: &[(&str, &str)]) -> String {
    let header = |(element, text): &(&str, &str)| format!("<h:{element} xmlns:h=\"http://schemas.microsoft.com/xrm/2011/Contracts\">{text}</h:{element}>");
    let on_behalf: String = on_behalf.iter().map(header).collect();
    let version = header(&("SdkClientVersion", "9.2.49.4062")) + &header(&("UserType", "CrmUser")) + &header(&("x-ms-client-request-id", REQUEST));
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Header>{version}{on_behalf}</s:Header><s:Body>\
         <Execute xmlns=\"http://schemas.microsoft.com/xrm/2011/Contracts/Services\">\
         <request i:type=\"b:{name}Request\" xmlns:a=\"http://schemas.microsoft.com/xrm/2011/Contracts\" xmlns:b=\"http://schemas.microsoft.com/{ns}/2011/Contracts\" \
         xmlns:i=\"{XSI}\"><a:Parameters xmlns:c=\"http://schemas.datacontract.org/2004/07/System.Collections.Generic\">{parameters}</a:Parameters>\
         <a:RequestId>{REQUEST}</a:RequestId><a:RequestName>{name}</a:RequestName></request></Execute></s:Body></s:Envelope>"
    )
}

/// Sends an envelope with the headers of 3.1.
fn send(client: &mut HttpClient, target: &str, envelope: &str, more: &[(&str, &str)]) -> Answer {
    let mut headers = vec![
        ("Content-Type", "text/xml; charset=utf-8"),
        ("SOAPAction", "\"http://schemas.microsoft.com/xrm/2011/Contracts/Services/IOrganizationService/Execute\""),
        ("User-Agent", "program (DataverseSvcClient:1.2.10)"),
        ("x-ms-client-request-id", REQUEST),
        ("x-ms-client-session-id", REQUEST),
        ("x-ms-correlation-request-id", REQUEST),
        ("Consistency", "Strong"),
        ("Accept-Encoding", "gzip, deflate"),
        ("Cookie", "ARRAffinity=1"),
    ];
    headers.extend(more);
    let answer = client.send("POST", target, &headers, envelope.as_bytes()).unwrap();
    assert_eq!(answer.header("content-type"), Some("text/xml; charset=utf-8"), "{target}: {}", answer.text());
    answer
}

fn member<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    node.children().find(|child| child.tag_name().name() == name)
}

/// The value of a result.
fn result<'a>(document: &'a Document<'a>, key: &str) -> Node<'a, 'a> {
    let pair = document.descendants().find(|node| member(*node, "key").and_then(|own| own.text()) == Some(key));
    pair.and_then(|pair| member(pair, "value")).unwrap_or_else(|| panic!("{key} is not in {}", document.input_text()))
}

/// The text of a result.
fn result_text(answer: &Answer, key: &str) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let text = answer.text();
    let document = Document::parse(&text).unwrap();
    result(&document, key).text().unwrap_or_default().to_owned()
}

/// Both ways to a service.
fn ways(server: &TestServer) -> [(String, HttpClient); 2] {
    [(server.origin(), server.client().unwrap()), (server.encrypted_origin().unwrap(), server.encrypted_client().unwrap())]
}

#[test] // organization-service 1, 2.2
fn the_probe_without_a_token_is_answered_by_one_challenge_with_host_and_port() {
    let server = TestServer::start_encrypted().unwrap();
    for (origin, mut client) in ways(&server) {
        for organization in ORGANIZATIONS {
            for path in [format!("{organization}{SERVICE}/web?{VERSION}"), format!("{organization}{SERVICE}")] {
                for method in ["GET", "POST"] {
                    let answer = client.send(method, &path, &[("Authorization", "")], b"").unwrap();
                    assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text());
                    let challenge = answer.joined_header("www-authenticate").unwrap();
                    assert_eq!(challenge, format!("Bearer authorization_uri=\"{origin}/adfs/oauth2/authorize\", resource_id=\"{origin}/\""), "{path}");
                }
            }
        }
    }
}

#[test] // organization-service 2.3, 8.3
fn the_first_reads_say_the_same_over_both_doors_and_schemes() {
    let server = TestServer::start_encrypted().unwrap();
    for (origin, mut client) in ways(&server) {
        let mut read = |resource: &str| {
            let answer = client.send("GET", &format!("/api/data/v9.0/{resource}"), &[("Accept", "application/json")], b"").unwrap();
            assert_eq!(answer.status, 200, "{resource}: {}", answer.text());
            answer.json()
        };
        let (user, version, detail) = (read("WhoAmI"), read("RetrieveVersion"), read("RetrieveCurrentOrganization(AccessType='Default')"));
        let detail = &detail["Detail"];
        let endpoints =
            [("WebApplication", "/"), ("OrganizationService", "/XRMServices/2011/Organization.svc"), ("OrganizationDataService", "/api/data/v9.2/")];
        for (name, path) in endpoints {
            let at = detail["Endpoints"]["Keys"].as_array().unwrap().iter().position(|key| key == name).unwrap_or_else(|| panic!("{detail}"));
            assert_eq!(detail["Endpoints"]["Values"][at], format!("{origin}{path}"), "{name}");
        }
        for organization in ORGANIZATIONS {
            for target in [format!("{organization}{SERVICE}/web?{VERSION}"), format!("{organization}{SERVICE}?{VERSION}")] {
                let who = send(&mut client, &target, &execute("crm", "WhoAmI", "", &[]), &[]);
                for key in ["UserId", "BusinessUnitId", "OrganizationId"] {
                    assert_eq!(result_text(&who, key), user[key].as_str().unwrap(), "{target}");
                }
                let told = send(&mut client, &target, &execute("crm", "RetrieveVersion", "", &[]), &[]);
                assert_eq!(result_text(&told, "Version"), version["Version"].as_str().unwrap());
                let access = "<a:KeyValuePairOfstringanyType><c:key>AccessType</c:key><c:value i:type=\"d:EndpointAccessType\" \
                              xmlns:d=\"http://schemas.microsoft.com/xrm/2014/Contracts\">Default</c:value></a:KeyValuePairOfstringanyType>";
                let told = send(&mut client, &target, &execute("crm", "RetrieveCurrentOrganization", access, &[]), &[]).text();
                let document = Document::parse(&told).unwrap();
                let same = result(&document, "Detail");
                for name in ["OrganizationId", "FriendlyName", "OrganizationVersion", "UniqueName", "UrlName", "EnvironmentId", "TenantId", "State"] {
                    let own = member(same, name).and_then(|own| own.text()).unwrap_or_default();
                    assert_eq!(own, detail[name].as_str().unwrap_or_default(), "{name}");
                }
                for (name, path) in endpoints {
                    assert_eq!(result(&document, name).text(), Some(format!("{origin}{path}").as_str()), "{target} {name}");
                }
            }
        }
    }
}

#[test] // organization-service 3.2
fn the_one_acted_for_may_be_named_in_the_envelope_twice_and_in_the_request_too() {
    let server = TestServer::start().unwrap();
    let mut client = server.client().unwrap();
    let directory = "d17ec701-0000-4000-8000-000000000001";
    let body = format!("{{\"firstname\":\"Nina\",\"lastname\":\"North\",\"domainname\":\"nina\",\"azureactivedirectoryobjectid\":\"{directory}\"}}");
    let made = client.call("POST", "systemusers", &body).unwrap();
    assert_eq!(made.status, 204, "{}", made.text());
    let nina = made.header("odata-entityid").unwrap().split_once("systemusers(").unwrap().1.trim_end_matches(')').to_owned();
    let role =
        client.read_at("roles?$select=name&$filter=name%20eq%20'System%20Administrator'").unwrap().json()["value"][0]["roleid"].as_str().unwrap().to_owned();
    let given = client.call("POST", &format!("systemusers({nina})/systemuserroles_association/$ref"), &format!("{{\"@odata.id\":\"roles({role})\"}}")).unwrap();
    assert_eq!(given.status, 204, "{}", given.text());
    let myself = server.organization().facts().administrator.to_string();
    let target = format!("{SERVICE}/web?{VERSION}");
    let nina = nina.as_str();
    for (envelope, request, acted_for) in [
        (&[][..], &[][..], myself.as_str()),
        (&[("CallerId", nina)], &[], nina),
        (&[("CallerId", nina), ("CallerId", nina)], &[("MSCRMCallerID", nina)], nina),
        (&[], &[("MSCRMCallerID", nina)], nina),
        (&[("CallerObjectId", directory)], &[("CallerObjectId", directory)], nina),
        (&[("CallerId", &myself), ("CallerObjectId", directory)], &[], &myself),
        (&[("CallerId", "00000000-0000-0000-0000-000000000000")], &[], &myself),
    ] {
        let answer = send(&mut client, &target, &execute("crm", "WhoAmI", "", envelope), request);
        assert_eq!(result_text(&answer, "UserId"), acted_for, "{envelope:?} {request:?}");
    }
    // Nobody has this id: a fault, as .NET reads it.
    let answer = send(&mut client, &target, &execute("crm", "WhoAmI", "", &[("CallerId", directory)]), &[]);
    assert_eq!(answer.status, 500, "{}", answer.text());
}

#[test] // SEC-22, organization-service 2.5
fn who_asks_too_often_is_told_how_long_to_wait_as_a_span_of_time() {
    let server = TestServer::start_protected(ProtectionLimits { requests_max: 1, ..ProtectionLimits::default() }).unwrap();
    let mut client = server.client().unwrap();
    let target = format!("{SERVICE}/web?{VERSION}");
    let envelope = execute("crm", "WhoAmI", "", &[]);
    assert_eq!(send(&mut client, &target, &envelope, &[]).status, 200);
    let refused = send(&mut client, &target, &envelope, &[]);
    assert_eq!(refused.status, 500, "WCF reads a fault under 500 only");
    let text = refused.text();
    let document = Document::parse(&text).unwrap();
    let fault = document.descendants().find(|node| node.tag_name().name() == "OrganizationServiceFault").unwrap_or_else(|| panic!("{text}"));
    assert_eq!(member(fault, "ErrorCode").unwrap().text(), Some("-2147015902"));
    let wait = result(&document, "Retry-After");
    let (prefix, type_name) = wait.attribute((XSI, "type")).unwrap().split_once(':').unwrap();
    assert_eq!((wait.lookup_namespace_uri(Some(prefix)), type_name), (Some("http://schemas.microsoft.com/2003/10/Serialization/"), "duration"));
    let seconds: i64 = wait.text().unwrap().strip_prefix("PT").and_then(|text| text.strip_suffix('S')).unwrap().parse().unwrap();
    assert_eq!(seconds, 292);
    server.environment().advance_s(seconds);
    assert_eq!(send(&mut client, &target, &envelope, &[]).status, 200);
}
