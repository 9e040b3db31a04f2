//! Who may do what, over the wire: users with roles of a few privileges, for whom the administrator asks (`MSCRMCallerID`, ROLE-17).

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod support;

use driftless_solution_file::SolutionVersion;
use driftless_testkit::{Answer, HttpClient, TestServer, berths, encoded};
use support::set_up;

const NO_PRIVILEGE: (u16, &str) = (403, "0x80040220");
const OUT_OF_REACH: (u16, &str) = (403, "0x80048306");
const NOT_THERE: (u16, &str) = (404, "0x80040217");
const DONE: (u16, &str) = (204, "");
const FOUND: (u16, &str) = (200, "");

/// A service with tables for parcels (owned by users) and depots (of the organization), and its administrator.
struct Bench {
    server: TestServer,
    client: HttpClient,
    users: u32,
}

impl Bench {
    fn new() -> Self {
        let server = TestServer::start().unwrap();
        set_up(&server, "parcel");
        let mut client = server.client().unwrap();
        let key =
            r#"{"SchemaName":"new_ParcelCode","DisplayName":{"LocalizedLabels":[{"Label":"Parcel code","LanguageCode":1033}]},"KeyAttributes":["new_code"]}"#;
        assert_eq!(client.call("POST", "EntityDefinitions(LogicalName='new_parcel')/Keys", key).unwrap().status, 204);
        server.run_jobs().unwrap();
        Self { server, client, users: 0 }
    }

    /// What the administrator is told.
    fn ask(&mut self, method: &str, resource: &str, body: &str) -> Answer {
        self.client.call(method, resource, body).unwrap()
    }

    /// What a user is told.
    fn ask_as(&mut self, user: &str, method: &str, resource: &str, body: &str) -> Answer {
        let headers = [("Content-Type", "application/json"), ("MSCRMCallerID", user)];
        self.client.send(method, &format!("/api/data/v9.2/{resource}"), &headers, body.as_bytes()).unwrap()
    }

    #[track_caller]
    fn expect(&mut self, user: &str, (method, resource, body): (&str, &str, &str), (status, code): (u16, &str)) -> Answer {
        let answer = self.ask_as(user, method, resource, body);
        assert_eq!((answer.status, answer.error_code().as_str()), (status, code), "{method} {resource}: {}", answer.text());
        answer
    }

    /// Makes a row and gives its id.
    #[track_caller]
    fn make(&mut self, set: &str, body: &str) -> String {
        let answer = self.ask("POST", set, body);
        assert_eq!(answer.status, 204, "{set}: {}", answer.text());
        let address = answer.header("odata-entityid").unwrap();
        address.rsplit_once('(').unwrap().1.trim_end_matches(')').to_owned()
    }

    /// Makes a user with one role, which has these privileges.
    fn user(&mut self, privileges: &[(&str, &str)]) -> String {
        self.users += 1;
        let number = self.users;
        let user = self.make("systemusers", &format!(r#"{{"firstname":"User","lastname":"{number}","domainname":"user{number}"}}"#));
        let role = self.make("roles", &format!(r#"{{"name":"Role {number}"}}"#));
        let list: Vec<String> = privileges.iter().map(|(name, depth)| format!(r#"{{"Depth":"{depth}","PrivilegeName":"{name}"}}"#)).collect();
        if !list.is_empty() {
            let body = format!(r#"{{"Privileges":[{}]}}"#, list.join(","));
            assert_eq!(self.ask("POST", &format!("roles({role})/Microsoft.Dynamics.CRM.AddPrivilegesRole"), &body).status, 204);
        }
        let link = format!(r#"{{"@odata.id":"{}/api/data/v9.2/roles({role})"}}"#, self.server.origin());
        assert_eq!(self.ask("POST", &format!("systemusers({user})/systemuserroles_association/$ref"), &link).status, 204);
        user
    }

    /// Makes a parcel of a user.
    fn parcel(&mut self, code: &str, owner: &str) -> String {
        self.make("new_parcels", &format!(r#"{{"new_name":"{code}","new_code":"{code}","ownerid@odata.bind":"/systemusers({owner})"}}"#))
    }
}

fn shared(parcel: &str, user: &str, mask: &str) -> String {
    let principal = format!(r#"{{"@odata.id":"systemusers({user})"}}"#);
    format!(r#"{{"Target":{{"@odata.id":"new_parcels({parcel})"}},"PrincipalAccess":{{"AccessMask":"{mask}","Principal":{principal}}}}}"#)
}

#[test] // AUTHZ-10, AUTHZ-18, AUTHZ-60, AUTHZ-61, AUTHZ-67, ROLE-6, ROLE-7
fn a_missing_privilege_is_named_and_a_hidden_row_is_told_of_by_its_id_only() {
    let mut bench = Bench::new();
    let (poor, near) = (bench.user(&[]), bench.user(&[("prvReadnew_Parcel", "Basic"), ("prvWritenew_Parcel", "Basic"), ("prvCreatenew_Parcel", "Basic")]));
    let administrator = bench.server.organization().facts().administrator.to_string();
    let (hidden, own) = (bench.parcel("P-1", &administrator), bench.parcel("P-2", &near));
    for request in [("GET", "new_parcels", ""), ("GET", &format!("new_parcels({hidden})"), ""), ("GET", "new_parcels(new_code='P-1')", "")] {
        let answer = bench.expect(&poor, request, NO_PRIVILEGE);
        assert!(answer.text().contains("prvReadnew_Parcel") && answer.text().contains(&poor), "{}", answer.text());
    }
    bench.expect(&poor, ("POST", "new_parcels", "{}"), NO_PRIVILEGE);
    bench.expect(&near, ("GET", &format!("new_parcels({own})"), ""), FOUND);
    bench.expect(&near, ("GET", &format!("new_parcels({hidden})"), ""), OUT_OF_REACH);
    bench.expect(&near, ("PATCH", &format!("new_parcels({hidden})"), r#"{"new_name":"X"}"#), OUT_OF_REACH);
    bench.expect(&near, ("GET", "new_parcels(05e20000-0000-4000-8000-0000000000ff)", ""), NOT_THERE);
    bench.expect(&near, ("DELETE", &format!("new_parcels({own})"), ""), NO_PRIVILEGE);
    let by_key = bench.ask_as(&near, "GET", "new_parcels(new_code='P-1')", "");
    let absent = bench.ask_as(&near, "GET", "new_parcels(new_code='P-9')", "");
    assert_eq!((by_key.status, by_key.error_code(), by_key.text().replace("P-1", "P-9")), (404, absent.error_code(), absent.text()));
    let list = bench.expect(&near, ("GET", "new_parcels?$select=new_code&$count=true", ""), FOUND).json();
    assert_eq!((&list["@odata.count"], list["value"].as_array().unwrap().len()), (&1.into(), 1));
    assert_eq!(bench.ask("GET", &format!("new_parcels({hidden})?$select=new_name"), "").json()["new_name"], "P-1", "nothing was written");
}

#[test] // AUTHZ-16, ROLE-11
fn who_shares_gives_what_they_have_and_no_more() {
    let mut bench = Bench::new();
    let anna = bench.user(&[("prvReadnew_Parcel", "Basic"), ("prvWritenew_Parcel", "Basic"), ("prvSharenew_Parcel", "Basic")]);
    let bert = bench.user(&[("prvReadnew_Parcel", "Basic"), ("prvWritenew_Parcel", "Basic")]);
    let parcel = bench.parcel("P-1", &anna);
    let row = format!("new_parcels({parcel})");
    let (read, write) = (("GET", row.as_str(), ""), ("PATCH", row.as_str(), r#"{"new_name":"X"}"#));
    bench.expect(&bert, read, OUT_OF_REACH);
    bench.expect(&bert, ("POST", "GrantAccess", &shared(&parcel, &bert, "ReadAccess")), NO_PRIVILEGE);
    bench.expect(&anna, ("POST", "GrantAccess", &shared(&parcel, &bert, "ReadAccess, DeleteAccess")), NO_PRIVILEGE);
    bench.expect(&bert, read, OUT_OF_REACH);
    bench.expect(&anna, ("POST", "GrantAccess", &shared(&parcel, &bert, "ReadAccess")), DONE);
    bench.expect(&bert, read, FOUND);
    bench.expect(&bert, write, OUT_OF_REACH);
    bench.expect(&anna, ("POST", "GrantAccess", &shared(&parcel, &bert, "WriteAccess")), DONE);
    bench.expect(&bert, read, FOUND);
    bench.expect(&bert, write, DONE);
    bench.expect(&anna, ("POST", "ModifyAccess", &shared(&parcel, &bert, "ReadAccess")), DONE);
    bench.expect(&bert, write, OUT_OF_REACH);
    let revoke = format!(r#"{{"Target":{{"@odata.id":"{row}"}},"Revokee":{{"@odata.id":"systemusers({bert})"}}}}"#);
    bench.expect(&anna, ("POST", "RevokeAccess", &revoke), DONE);
    bench.expect(&bert, read, OUT_OF_REACH);
}

#[test] // AUTHZ-15, AUTHZ-17, SU-3
fn one_update_is_judged_for_each_of_its_parts_before_any_is_written() {
    let mut bench = Bench::new();
    let writer = bench.user(&[("prvReadnew_Parcel", "Basic"), ("prvWritenew_Parcel", "Basic")]);
    let other = bench.user(&[]);
    let parcel = bench.parcel("P-1", &writer);
    let row = format!("new_parcels({parcel})");
    let update = format!(r#"{{"new_name":"X","statecode":1,"ownerid@odata.bind":"/systemusers({other})"}}"#);
    bench.expect(&writer, ("PATCH", &row, &update), NO_PRIVILEGE);
    let found = bench.ask("GET", &format!("{row}?$select=new_name,statecode,_ownerid_value"), "").json();
    assert_eq!((&found["new_name"], &found["statecode"], &found["_ownerid_value"]), (&"P-1".into(), &0.into(), &writer.as_str().into()));
    bench.expect(&writer, ("PATCH", &row, r#"{"new_name":"X","statecode":1}"#), DONE);
}

const TABLE: &str = r#"{"SchemaName":"new_Bus","DisplayName":{"LocalizedLabels":[{"Label":"Bus","LanguageCode":1033}]},"DisplayCollectionName":{"LocalizedLabels":[{"Label":"Busses","LanguageCode":1033}]},"OwnershipType":"UserOwned","HasActivities":false,"HasNotes":false,"Attributes":[{"@odata.type":"Microsoft.Dynamics.CRM.StringAttributeMetadata","SchemaName":"new_Name","IsPrimaryName":true,"MaxLength":100,"DisplayName":{"LocalizedLabels":[{"Label":"Name","LanguageCode":1033}]}}]}"#;

#[test] // AUTHZ-41, AUTHZ-42, AUTHZ-43, AUTHZ-44, AUTHZ-45, AUTHZ-46, ROLE-18
fn definitions_are_read_by_whoever_has_a_role_and_changed_by_administrators() {
    let mut bench = Bench::new();
    let member = bench.user(&[("prvReadnew_Parcel", "Global"), ("prvWritenew_Parcel", "Global")]);
    let nobody = bench.make("systemusers", r#"{"firstname":"No","lastname":"Body","domainname":"nobody"}"#);
    for resource in
        ["$metadata", "EntityDefinitions(LogicalName='account')?$select=LogicalName", "RetrieveMetadataChanges()", "EntityDefinitions?$select=SchemaName"]
    {
        bench.expect(&member, ("GET", resource, ""), FOUND);
        bench.expect(&nobody, ("GET", resource, ""), (403, "0x80042f09"));
    }
    let package = encoded(&berths(SolutionVersion::new(1, 0, 0, 0), false)).unwrap();
    let import = format!(r#"{{"CustomizationFile":"{package}","OverwriteUnmanagedCustomizations":false,"PublishWorkflows":false}}"#);
    let key = r#"{"SchemaName":"new_Other","DisplayName":{"LocalizedLabels":[{"Label":"Other","LanguageCode":1033}]},"KeyAttributes":["new_name"]}"#;
    for (method, resource, body) in [
        ("POST", "EntityDefinitions(LogicalName='new_parcel')/Keys", key),
        ("DELETE", "EntityDefinitions(LogicalName='new_parcel')/Attributes(LogicalName='new_count')", ""),
        ("DELETE", "EntityDefinitions(LogicalName='new_parcel')", ""),
        ("PUT", "EntityDefinitions(LogicalName='new_depot')", r#"{"ChangeTrackingEnabled":true}"#),
        ("POST", "EntityDefinitions", TABLE),
        ("POST", "ImportSolution", &import),
        ("POST", "ExportSolution", r#"{"SolutionName":"Default","Managed":false}"#),
        ("POST", "PublishAllXml", ""),
        ("POST", "UninstallSolutionAsync", r#"{"SolutionUniqueName":"Nothing"}"#),
    ] {
        assert_eq!(bench.ask_as(&member, method, resource, body).status, 403, "{method} {resource}");
    }
    assert_eq!(bench.ask("GET", "EntityDefinitions(LogicalName='new_parcel')/Attributes(LogicalName='new_count')", "").status, 200);
}

#[test] // ROLE-9
fn rows_of_the_organization_are_for_all_who_have_the_privilege() {
    let mut bench = Bench::new();
    bench.make("new_depots", r#"{"new_name":"North"}"#);
    let (reader, poor) = (bench.user(&[("prvReadnew_Depot", "Global")]), bench.user(&[("prvReadnew_Parcel", "Global")]));
    let list = bench.expect(&reader, ("GET", "new_depots?$select=new_name", ""), FOUND).json();
    assert_eq!(list["value"].as_array().unwrap().len(), 1);
    bench.expect(&reader, ("POST", "new_depots", r#"{"new_name":"South"}"#), NO_PRIVILEGE);
    bench.expect(&poor, ("GET", "new_depots", ""), NO_PRIVILEGE);
}

#[test] // ROLE-12, SU-14
fn a_team_for_access_owns_nothing() {
    let mut bench = Bench::new();
    let team = bench.make("teams", r#"{"name":"Guests","teamtype":1}"#);
    let answer = bench.ask("POST", "new_parcels", &format!(r#"{{"new_name":"X","ownerid@odata.bind":"/teams({team})"}}"#));
    assert_eq!((answer.status, answer.error_code().as_str()), (400, "0x80048340"), "{}", answer.text());
}

#[test] // ROLE-19, AUTHZ-06
fn the_first_administrator_and_the_role_stay() {
    let mut bench = Bench::new();
    let facts = bench.server.organization().facts();
    let (administrator, role, root) = (facts.administrator, facts.administrator_role, facts.root_business_unit);
    let unit = bench.make("businessunits", &format!(r#"{{"name":"North","parentbusinessunitid@odata.bind":"/businessunits({root})"}}"#));
    for (method, resource, body) in [
        ("PATCH", format!("systemusers({administrator})"), r#"{"isdisabled":true}"#.to_owned()),
        ("PATCH", format!("systemusers({administrator})"), format!(r#"{{"businessunitid@odata.bind":"/businessunits({unit})"}}"#)),
        ("DELETE", format!("roles({role})"), String::new()),
        ("PATCH", format!("roles({role})"), r#"{"name":"Anybody"}"#.to_owned()),
    ] {
        let answer = bench.ask(method, &resource, &body);
        assert!((400..500).contains(&answer.status), "{method} {resource} {body}: {} {}", answer.status, answer.text());
    }
    assert_eq!(bench.ask("GET", "WhoAmI", "").json()["BusinessUnitId"], root.to_string());
}
