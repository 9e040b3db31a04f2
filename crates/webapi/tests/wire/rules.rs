//! Rules that hold whichever way a row is written: references lead to rows, values of the service's own tables fit, cascades end.

use crate::service::{Service, column, label, table};
use serde_json::{Value, json};

const NOBODY: &str = "00000000-0000-0000-0000-0000000000aa";

#[test] // UP-3, AK-29
fn an_upsert_by_a_key_with_a_lookup_makes_no_dangling_reference() {
    let service = Service::with_tables();
    let key = json!({"SchemaName": "new_Place", "DisplayName": label("Place"), "KeyAttributes": ["new_size", "new_depotid"]});
    service.post("EntityDefinitions(LogicalName='new_parcel')/Keys", &key).expect(204);
    service.organization.run_jobs().unwrap();
    let address = |depot: &str| format!("new_parcels(new_size=7,_new_depotid_value={depot})");
    service.patch(&address(NOBODY), &json!({"new_name": "lost"}), &[]).refused(404, "0x80040217", "new_depot");
    assert_eq!(service.get("new_parcels/$count").text, "0");
    let depot = service.post("new_depots", &json!({"new_name": "North"})).expect(204).id();
    service.patch(&address(&depot), &json!({"new_name": "found"}), &[]).expect(204);
    assert_eq!(service.get(&address(&depot)).expect(200).json()["_new_depotid_value"], json!(depot));
}

#[test] // AK-20
fn null_in_a_key_finds_nothing() {
    let service = Service::with_tables();
    service.post("new_parcels", &json!({"new_name": "no code"})).expect(204);
    service.get("new_parcels(new_code=null)").refused(400, "0x80060890", "not a defined key");
    service.get("new_parcels(new_code='null')").refused(404, "0x80060891", "");
}

#[test] // web-api 23, 24
fn a_bulk_action_refers_to_rows_made_before_it_in_the_change_set() {
    let service = Service::with_tables();
    let targets = json!({"Targets": [
        {"@odata.type": "Microsoft.Dynamics.CRM.new_parcel", "new_name": "first"},
        {"@odata.type": "Microsoft.Dynamics.CRM.new_parcel", "new_name": "second", "new_DepotId@odata.bind": "$1"},
    ]});
    let part = |id: u32, address: &str, body: &Value| {
        format!(
            "--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: {id}\r\n\r\n\
             POST /api/data/v9.2/{address} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{body}\r\n"
        )
    };
    let body = format!(
        "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{}{}--c--\r\n--b--\r\n",
        part(1, "new_depots", &json!({"new_name": "North"})),
        part(2, "new_parcels/Microsoft.Dynamics.CRM.CreateMultiple", &targets),
    );
    service.send("POST", "$batch", &[("Content-Type", "multipart/mixed; boundary=b")], body).expect(200);
    let rows = service.get("new_parcels?$select=new_name&$filter=_new_depotid_value ne null&$expand=new_DepotId($select=new_name)").expect(200).json();
    assert_eq!(rows["value"].as_array().map(Vec::len), Some(1));
    assert_eq!((&rows["value"][0]["new_name"], &rows["value"][0]["new_DepotId"]["new_name"]), (&json!("second"), &json!("North")));
}

#[test] // MD-31, MD-32, MD-37: chains of rows are followed to their end without recursion
fn cascades_follow_long_chains() {
    const LENGTH: u32 = 3_000;
    let service = Service::start();
    let id = |n: u32| format!("10000000-0000-0000-0000-{n:012x}");
    let contact = |n: u32| {
        let mut contact = json!({"@odata.type": "Microsoft.Dynamics.CRM.contact", "contactid": id(n), "lastname": n.to_string()});
        if n > 0 {
            contact["parentcustomerid_contact@odata.bind"] = json!(format!("contacts({})", id(n - 1)));
        }
        contact
    };
    let targets: Vec<_> = (0..LENGTH).map(contact).collect();
    service.post("contacts/Microsoft.Dynamics.CRM.CreateMultiple", &json!({"Targets": targets})).expect(200);
    let team = service.post("teams", &json!({"name": "Owners"})).expect(204).id();
    let root = format!("contacts({})", id(0));
    service.patch(&root, &json!({"ownerid@odata.bind": format!("teams({team})")}), &[]).expect(204);
    assert_eq!(service.get(&format!("contacts({})?$select=_ownerid_value", id(LENGTH - 1))).expect(200).json()["_ownerid_value"], json!(team));
    service.delete(&root).expect(204);
    assert_eq!(service.get("contacts/$count").text, "0");
}

#[test] // MD-27, SOL-21, SOL-28, SOL-35
fn publishers_and_solutions_are_checked_when_made_and_changed() {
    let service = Service::start();
    let publisher =
        |name: &str, option: i32| json!({"uniquename": name, "friendlyname": "P", "customizationprefix": "pub", "customizationoptionvalueprefix": option});
    let made = service.post("publishers", &publisher("first", 20_000)).expect(204).id();
    service.post("publishers", &publisher("FIRST", 20_000)).refused(412, "0x80040237", "unique name");
    service.post("publishers", &publisher("second", 9_999)).refused(400, "0x80048402", "");
    let address = format!("publishers({made})");
    service.patch(&address, &json!({"customizationoptionvalueprefix": 100_000}), &[]).refused(400, "0x80048402", "");
    service.patch(&address, &json!({"customizationprefix": "a_b"}), &[]).refused(400, "0x80040203", "prefix");
    let solution = json!({"uniquename": "one", "friendlyname": "One", "version": "1.0", "publisherid@odata.bind": address});
    let solution = service.post("solutions", &solution).expect(204).id();
    service.patch(&format!("solutions({solution})"), &json!({"version": "one"}), &[]).refused(400, "0x8004f01e", "");
    service.patch(&format!("solutions({solution})"), &json!({"version": "1.1"}), &[]).expect(204);
    for own in ["Default", "Active"] {
        let row = service.get(&format!("solutions?$select=solutionid&$filter=uniquename eq '{own}'")).expect(200).json();
        let id = row["value"][0]["solutionid"].as_str().unwrap().to_owned();
        service.delete(&format!("solutions({id})")).refused(400, "0x8004f005", "");
    }
}

#[test] // semantics part 8
fn built_in_tables_keep_what_follows_from_their_values() {
    let service = Service::start();
    let currency = service.get("organizations?$select=_basecurrencyid_value").expect(200).json()["value"][0]["_basecurrencyid_value"].clone();
    let currency = format!("transactioncurrencies({})", currency.as_str().unwrap());
    service.patch(&currency, &json!({"exchangerate": 2}), &[]).refused(400, "0x80040203", "base currency");
    service.patch(&currency, &json!({"exchangerate": 1}), &[]).expect(204);
    service.post("roles", &json!({"name": "Readers"})).expect(204);
    let unset = service.post("accounts", &json!({"name": "no id", "accountid": "00000000-0000-0000-0000-000000000000"})).expect(204).id();
    assert_ne!(unset, "00000000-0000-0000-0000-000000000000");
    let account = service.post("accounts", &json!({"name": "A"})).expect(204).id();
    let contact = service.post("contacts", &json!({"lastname": "C", "parentcustomerid_account@odata.bind": format!("accounts({account})")})).expect(204).id();
    let other = service.post("contacts", &json!({"lastname": "D"})).expect(204).id();
    let address = format!("contacts({contact})");
    let derived = || {
        let row = service.get(&format!("{address}?$select=_accountid_value,_parentcontactid_value")).expect(200).json();
        (row["_accountid_value"].clone(), row["_parentcontactid_value"].clone())
    };
    assert_eq!(derived(), (json!(account), Value::Null));
    service.patch(&address, &json!({"parentcustomerid_contact@odata.bind": format!("contacts({other})")}), &[]).expect(204);
    assert_eq!(derived(), (Value::Null, json!(other)));
    service.patch(&address, &json!({"parentcustomerid_contact@odata.bind": null}), &[]).expect(204);
    assert_eq!(derived(), (Value::Null, Value::Null));
}

#[test] // web-api 3, 30
fn a_user_that_is_not_there_is_not_impersonated_in_silence() {
    let service = Service::start();
    let me = service.get("WhoAmI").expect(200).json()["UserId"].as_str().unwrap().to_owned();
    for header in ["MSCRMCallerID", "CallerObjectId"] {
        service.send("POST", "accounts", &[(header, NOBODY)], r#"{"name":"a"}"#).refused(404, "0x80040217", "");
    }
    service.send("POST", "accounts", &[("MSCRMCallerID", &me)], r#"{"name":"a"}"#).expect(204);
    assert_eq!(service.get("accounts/$count").text, "1");
}

#[test] // MD-5, MD-25, CT-3
fn what_is_fixed_in_a_definition_cannot_be_replaced() {
    let service = Service::start();
    service.post("EntityDefinitions", &table("new_Thing", true)).expect(204);
    let address = "EntityDefinitions(LogicalName='new_thing')";
    let full = service.get(address).expect(200).json();
    for (name, value, code) in [("OwnershipType", json!("OrganizationOwned"), "0x8004700d"), ("ChangeTrackingEnabled", json!(false), "0x80040203")] {
        let mut changed = full.clone();
        changed[name] = value;
        service.send("PUT", address, &[], changed.to_string()).refused(400, code, "");
    }
    let memo = column("Memo", "new_Name", &json!({"MaxLength": 100}));
    service.send("PUT", &format!("{address}/Attributes(LogicalName='new_name')"), &[], memo.to_string()).refused(400, "0x80048d19", "type");
}
