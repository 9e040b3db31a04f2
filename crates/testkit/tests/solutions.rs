//! A managed package over the wire: import, use, removal (semantics 6, web-api 27).

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod support;

use driftless_solution_file::{Package, SolutionVersion};
use driftless_testkit::{Answer, BERTHS, HttpClient, TestServer, berths as package, encoded};
use support::set_up;

const FIRST_JOB: &str = "5f0a0000-0000-4000-8000-0000000000a1";
const SECOND_JOB: &str = "5f0a0000-0000-4000-8000-0000000000a2";

fn import(client: &mut HttpClient, message: &str, package: &Package, job: &str) -> Answer {
    let file = encoded(package).unwrap();
    let body = format!(r#"{{"OverwriteUnmanagedCustomizations":false,"PublishWorkflows":false,"CustomizationFile":"{file}","ImportJobId":"{job}"}}"#);
    client.call("POST", message, &body).unwrap()
}

fn installed(client: &mut HttpClient) -> Option<String> {
    let answer = client.read_at(&format!("solutions?$select=solutionid,version,ismanaged&$filter=uniquename%20eq%20'{BERTHS}'")).unwrap();
    answer.json()["value"][0]["solutionid"].as_str().map(str::to_owned)
}

/// Names of all that an import can leave behind: compared before and after.
fn state(client: &mut HttpClient) -> Vec<String> {
    let lists = [
        "EntityDefinitions?$select=LogicalName",
        "RelationshipDefinitions?$select=SchemaName",
        "publishers?$select=uniquename&$orderby=uniquename",
        "solutions?$select=uniquename&$orderby=uniquename",
        "solutioncomponents?$select=objectid",
        "privileges?$select=name&$orderby=name",
        "roleprivilegescollection?$select=privilegeid&$orderby=privilegeid",
    ];
    lists.iter().map(|list| client.read_at(list).unwrap().text()).collect()
}

#[test] // SOL-12 to SOL-14, SOL-20, SOL-22, SOL-24, SOL-29, CT-50; web-api 27, 34 row 51
fn a_managed_package_comes_and_goes_twice() {
    let server = TestServer::start().unwrap();
    let mut client = server.client().unwrap();
    let before = state(&mut client);
    let mut old_link = None;
    for job in [FIRST_JOB, SECOND_JOB] {
        assert_eq!(installed(&mut client), None);
        let answer = import(&mut client, "ImportSolution", &package(SolutionVersion::new(1, 0, 0, 0), true), job);
        assert_eq!(answer.status, 204, "{}", answer.text());
        server.run_jobs().unwrap();
        let solution = installed(&mut client).unwrap();

        let key = client
            .read_at("EntityDefinitions(LogicalName='hbr_berth')/Keys(LogicalName='hbr_berthcode')?$select=EntityKeyIndexStatus,IsManaged")
            .unwrap()
            .json();
        assert_eq!((key["EntityKeyIndexStatus"].as_str(), key["IsManaged"].as_bool()), (Some("Active"), Some(true)));
        let report = client.read_at(&format!("importjobs({job})?$select=progress,data,solutionname")).unwrap().json();
        assert_eq!(report["progress"], 100.0);
        assert!(report["data"].as_str().unwrap().contains("hbr_Berth"));

        assert_eq!(client.call("PATCH", "hbr_berths(hbr_code='A1')", r#"{"hbr_name":"First"}"#).unwrap().status, 204);
        let first = client.read_preferring("hbr_berths?$select=hbr_name", "odata.track-changes").unwrap();
        let link = first.json()["@odata.deltaLink"].as_str().unwrap().to_owned();
        if let Some(old) = old_link.replace(link) {
            assert_eq!(client.read_at(&old).unwrap().error_code(), "0x80044352", "the token of the former table");
        }

        assert_eq!(client.call("DELETE", &format!("solutions({solution})"), "").unwrap().status, 204);
        assert_eq!(client.call("GET", "hbr_berths", "").unwrap().status, 404);
        assert_eq!(state(&mut client), before);
    }
}

#[test] // SOL-22, web-api 27, 28
fn an_import_runs_as_a_job() {
    let server = TestServer::start().unwrap();
    let mut client = server.client().unwrap();
    let answer = import(&mut client, "ImportSolutionAsync", &package(SolutionVersion::new(1, 0, 0, 0), true), FIRST_JOB);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let job = answer.json();
    assert_eq!(job["ImportJobKey"], FIRST_JOB);
    let address = format!("asyncoperations({})?$select=statecode,statuscode,operationtype", job["AsyncOperationId"].as_str().unwrap());
    assert_ne!(client.read_at(&address).unwrap().json()["statecode"], 3);
    assert_eq!(import(&mut client, "ImportSolution", &package(SolutionVersion::new(1, 0, 0, 0), true), SECOND_JOB).error_code(), "0x80071151", "SOL-16");
    server.run_jobs().unwrap();
    let done = client.read_at(&address).unwrap().json();
    assert_eq!((&done["statecode"], &done["statuscode"], &done["operationtype"]), (&3.into(), &30.into(), &203.into()));
    assert!(installed(&mut client).is_some());
}

#[test] // SOL-16, SOL-17, SOL-35
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let server = TestServer::start().unwrap();
    let mut client = server.client().unwrap();
    let two = SolutionVersion::new(2, 0, 0, 0);
    assert_eq!(import(&mut client, "ImportSolution", &package(two, true), FIRST_JOB).status, 204);
    server.run_jobs().unwrap();
    let before = state(&mut client);
    let mut number = 0xb0;
    let mut refused = |client: &mut HttpClient, package: &Package, code: &str| {
        number += 1;
        let answer = import(client, "ImportSolution", package, &format!("5f0a0000-0000-4000-8000-0000000000{number:02x}"));
        assert_eq!((answer.status, answer.error_code().as_str()), (400, code), "{}", answer.text());
    };
    refused(&mut client, &package(SolutionVersion::new(1, 9, 0, 0), true), "0x80048541");
    refused(&mut client, &package(two, false), "0x80048041");
    let mut foreign = package(two, true);
    foreign.manifest.publisher.unique_name = "pirates".into();
    refused(&mut client, &foreign, "0x8004801c");
    assert_eq!(state(&mut client), before);
    let solution = installed(&mut client).unwrap();
    let update = client.call("PATCH", &format!("solutions({solution})"), r#"{"friendlyname":"Mine"}"#).unwrap();
    assert_eq!((update.status, update.error_code().as_str()), (400, "0x8004f024"));
}

#[test] // SOL-19
fn a_package_does_not_take_over_an_own_table() {
    let server = TestServer::start().unwrap();
    set_up(&server, "parcel");
    let mut client = server.client().unwrap();
    let before = state(&mut client);
    let mut taking = package(SolutionVersion::new(1, 0, 0, 0), true);
    taking.manifest.publisher.prefix = Some("new".into());
    taking.tables[0].schema_name = "new_Parcel".into();
    taking.manifest.root_components[0].schema_name = Some("new_Parcel".into());
    let answer = import(&mut client, "ImportSolution", &taking, FIRST_JOB);
    assert_eq!((answer.status, answer.error_code().as_str()), (400, "0x8004f016"), "{}", answer.text());
    assert_eq!(state(&mut client), before);
}

#[test] // SOL-26
fn what_others_need_stays() {
    let server = TestServer::start().unwrap();
    set_up(&server, "parcel");
    let mut client = server.client().unwrap();
    assert_eq!(import(&mut client, "ImportSolution", &package(SolutionVersion::new(1, 0, 0, 0), true), FIRST_JOB).status, 204);
    server.run_jobs().unwrap();
    let relationship = r#"{"@odata.type":"Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata","SchemaName":"new_berth_parcels","ReferencedEntity":"hbr_berth","ReferencingEntity":"new_parcel","Lookup":{"@odata.type":"Microsoft.Dynamics.CRM.LookupAttributeMetadata","SchemaName":"new_BerthId","DisplayName":{"LocalizedLabels":[{"Label":"Berth","LanguageCode":1033}]}}}"#;
    assert_eq!(client.call("POST", "RelationshipDefinitions", relationship).unwrap().status, 204);
    let solution = installed(&mut client).unwrap();
    let before = state(&mut client);
    let answer = client.call("DELETE", &format!("solutions({solution})"), "").unwrap();
    assert_eq!((answer.status, answer.error_code().as_str()), (400, "0x8004f01d"), "{}", answer.text());
    assert_eq!(state(&mut client), before);
    assert_eq!(client.call("DELETE", "RelationshipDefinitions(SchemaName='new_berth_parcels')", "").unwrap().status, 204);
    assert_eq!(client.call("DELETE", &format!("solutions({solution})"), "").unwrap().status, 204);
}
