//! Records, lists, keys and batches through the front, on the embedded store.

use crate::service::{ROOT, Service};
use serde_json::json;

#[test] // web-api 5, 8, 9, 21
fn create_and_read() {
    let service = Service::with_tables();
    let depot = service.post("new_depots", &json!({"new_name": "North"})).expect(204).id();
    let made = service
        .post(
            "new_parcels",
            &json!({"new_name": "Crate", "new_code": "A-1", "new_size": "5", "new_live": "True", "new_DepotId@odata.bind": format!("/new_depots({depot})")}),
        )
        .expect(204);
    let id = made.id();
    assert_eq!(made.header("odata-entityid"), format!("{ROOT}new_parcels({id})"));
    let read = service.get(&format!("new_parcels({id})?$select=new_name,new_size,_new_depotid_value&$expand=new_DepotId($select=new_name)")).expect(200);
    let row = read.json();
    assert_eq!(row["@odata.context"], format!("{ROOT}$metadata#new_parcels(new_name,new_size,_new_depotid_value,new_DepotId(new_name))/$entity"));
    assert_eq!((&row["new_size"], &row["_new_depotid_value"], &row["new_DepotId"]["new_name"]), (&json!(5), &json!(depot), &json!("North")));
    assert_eq!(row["@odata.etag"], read.header("etag"));
    assert_eq!(service.send("GET", &format!("new_parcels({id})?$select=new_name"), &[("If-None-Match", read.header("etag"))], "").status, 304);
    let annotated = service.get_with("new_parcels(new_code='A-1')?$select=new_live,_new_depotid_value", "odata.include-annotations=\"*\"").expect(200);
    let row = annotated.json();
    assert_eq!(row["new_live@OData.Community.Display.V1.FormattedValue"], "Running");
    assert_eq!(row["_new_depotid_value@OData.Community.Display.V1.FormattedValue"], "North");
    assert_eq!(row["_new_depotid_value@Microsoft.Dynamics.CRM.associatednavigationproperty"], "new_DepotId");
    assert_eq!(annotated.header("preference-applied"), "odata.include-annotations=\"*\"");
    assert_eq!(service.get(&format!("new_parcels({id})/new_name")).expect(200).json()["value"], "Crate");
    assert_eq!(service.get(&format!("new_parcels({id})/new_name/$value")).expect(200).text, "Crate");
    assert_eq!(service.get(&format!("new_parcels({id})/new_DepotId?$select=new_name")).expect(200).json()["new_name"], "North");
    assert_eq!(service.get(&format!("new_depots({depot})/new_depot_parcels?$select=new_name")).expect(200).json()["value"][0]["new_name"], "Crate");
    assert_eq!(service.get(&format!("new_depots({depot})/new_depot_parcels/$count")).expect(200).text, "1");
}

#[test] // web-api 29
fn refusals() {
    let service = Service::with_tables();
    service.post("new_parcels", &json!({"new_name": "a", "new_code": "A"})).expect(204);
    service.post("new_parcels", &json!({"new_nosuch": 1})).refused(400, "0x80048d19", "The property 'new_nosuch' does not exist");
    service.post("new_parcels", &json!({"new_size": "twelve"})).refused(400, "0x80048d19", "Cannot convert the literal 'twelve'");
    service.post("new_parcels", &json!({"new_name": "b", "new_code": "A"})).refused(412, "0x80060892", "");
    service.get("new_parcels(00000000-0000-0000-0000-0000000000aa)").refused(404, "0x80040217", "Does Not Exist");
    service.get("new_parcels(new_code='NOPE')").refused(404, "0x80060891", "");
    service.get("new_parcels(new_size=1)").refused(400, "0x80060888", "The key in the request URI is not valid");
    service.get("nosuch").refused(404, "0x8006088a", "Resource not found for the segment 'nosuch'.");
    service.get("new_parcels?$select=nosuch").refused(400, "0x80060888", "Could not find a property named 'nosuch'");
    service.get("new_parcels?$filter=new_name eq 'x").refused(400, "0x80060888", "There is an unterminated literal");
    service.get("new_parcels?$apply=aggregate(new_name with sum as n)").refused(400, "0x80060888", "new_name");
    service.send("PUT", "new_parcels", &[], "{}").refused(405, "0x8004023b", "");
    service.send("POST", "new_parcels", &[], "{").refused(400, "0x80048d19", "offset 1");
}

#[test] // web-api 10, 11, 12, 14
fn update_upsert_and_delete() {
    let service = Service::with_tables();
    let path = "new_parcels(new_code='UP1')";
    let made = service.patch(path, &json!({"new_name": "made"}), &[]).expect(204);
    assert_eq!(made.header("odata-entityid"), format!("{ROOT}{path}"));
    let id = made.id();
    service.patch(path, &json!({"new_name": "changed"}), &[]).expect(204);
    let representation = [("Prefer", "return=representation")];
    let row = service.patch(&format!("{path}?$select=new_name,new_code"), &json!({"new_size": 7}), &representation).expect(200);
    assert_eq!((row.json()["new_name"].as_str(), row.json()["new_code"].as_str()), (Some("changed"), Some("UP1")));
    service.patch("new_parcels(new_code='UP2')?$select=new_name", &json!({"new_name": "x"}), &representation).expect(201);
    service.patch(path, &json!({"new_name": "z"}), &[("If-None-Match", "*")]).refused(412, "0x80040237", "");
    service.patch("new_parcels(new_code='UP3')", &json!({"new_name": "z"}), &[("If-Match", "*")]).expect(404);
    let etag = row.header("etag").to_owned();
    service.patch(path, &json!({"new_size": 8}), &[("If-Match", &etag)]).expect(204);
    service.patch(path, &json!({"new_size": 9}), &[("If-Match", &etag)]).refused(412, "0x80060882", "");
    service.send("PUT", &format!("new_parcels({id})/new_size"), &[], r#"{"value":10}"#).expect(204);
    assert_eq!(service.get(&format!("new_parcels({id})/new_size")).expect(200).json()["value"], 10);
    service.delete(&format!("new_parcels({id})/new_size")).expect(204);
    service.get(&format!("new_parcels({id})/new_size")).expect(204);
    service.delete(path).expect(204);
    service.delete(path).expect(404);
}

#[test] // web-api 13
fn references() {
    let service = Service::with_tables();
    let depot = service.post("new_depots", &json!({"new_name": "North"})).expect(204).id();
    let parcel = service.post("new_parcels", &json!({"new_name": "Crate"})).expect(204).id();
    let lookup = || service.get(&format!("new_parcels({parcel})?$select=_new_depotid_value")).expect(200).json()["_new_depotid_value"].clone();
    let nav = format!("new_parcels({parcel})/new_DepotId/$ref");
    service.send("PUT", &nav, &[], json!({"@odata.id": format!("{ROOT}/new_depots({depot})")}).to_string()).expect(204);
    assert_eq!(lookup(), json!(depot));
    assert_eq!(service.get(&nav).expect(200).json()["@odata.id"], format!("{ROOT}new_depots({depot})"));
    service.delete(&nav).expect(204);
    assert_eq!(lookup(), json!(null));
    let members = format!("new_depots({depot})/new_depot_parcels");
    service.post(&format!("{members}/$ref"), &json!({"@odata.id": format!("new_parcels({parcel})")})).expect(204);
    assert_eq!(service.get(&format!("{members}/$ref")).expect(200).json()["value"][0]["@odata.id"], format!("{ROOT}new_parcels({parcel})"));
    service.delete(&format!("{members}({parcel})/$ref")).expect(204);
    assert_eq!(lookup(), json!(null));
}

#[test] // web-api 15, 17
fn lists_are_cut_into_pages() {
    let service = Service::with_tables();
    let targets: Vec<_> = (0..15).map(|n| json!({"@odata.type": "Microsoft.Dynamics.CRM.new_parcel", "new_name": format!("n{n}"), "new_size": n})).collect();
    let made = service.post("new_parcels/Microsoft.Dynamics.CRM.CreateMultiple", &json!({"Targets": targets})).expect(200);
    assert_eq!(made.json()["Ids"].as_array().unwrap().len(), 15);
    let first = service.get_with("new_parcels?$select=new_size&$filter=new_size ge 1&$orderby=new_size desc&$count=true", "odata.maxpagesize=6").expect(200);
    let mut page = first.json();
    assert_eq!((&page["@odata.count"], &page["value"][0]["new_size"]), (&json!(14), &json!(14)));
    let mut sizes = Vec::new();
    let mut pages = 0;
    loop {
        pages += 1;
        sizes.extend(page["value"].as_array().unwrap().iter().map(|row| row["new_size"].as_i64().unwrap()));
        let Some(link) = page["@odata.nextLink"].as_str() else { break };
        page = service.get_with(link, "odata.maxpagesize=6").expect(200).json();
    }
    assert_eq!((pages, sizes), (3, (1..15).rev().collect()));
    let top = service.get("new_parcels?$select=new_name&$top=3").expect(200).json();
    assert_eq!((top["value"].as_array().unwrap().len(), top.get("@odata.nextLink")), (3, None));
    assert_eq!(service.get("new_parcels/$count?$filter=new_size lt 5").expect(200).text, "5");
    service.get("new_parcels?$skiptoken=nonsense").refused(400, "0x8004112a", "");
}

#[test] // web-api 23
fn batches() {
    let service = Service::with_tables();
    let body = concat!(
        "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n",
        "--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: 1\r\n\r\n",
        "POST /api/data/v9.2/new_depots HTTP/1.1\r\nContent-Type: application/json; type=entry\r\n\r\n{\"new_name\":\"North\"}\r\n",
        "--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: 2\r\n\r\n",
        "POST /api/data/v9.2/new_parcels HTTP/1.1\r\nContent-Type: application/json; type=entry\r\n\r\n{\"new_name\":\"Crate\",\"new_DepotId@odata.bind\":\"$1\"}\r\n",
        "--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: 3\r\n\r\n",
        "PATCH $1 HTTP/1.1\r\nContent-Type: application/json\r\nIf-Match: *\r\n\r\n{\"new_name\":\"South\"}\r\n",
        "--c--\r\n",
        "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n",
        "GET new_parcels?$select=new_name&$expand=new_DepotId($select=new_name) HTTP/1.1\r\n\r\n\r\n",
        "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n",
        "GET new_parcels(new_code='NOPE') HTTP/1.1\r\n\r\n\r\n",
        "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n",
        "GET WhoAmI HTTP/1.1\r\n\r\n\r\n",
        "--b--\r\n"
    );
    let stopped = service.send("POST", "$batch", &[("Content-Type", "multipart/mixed; boundary=\"b\"")], body).expect(404);
    assert!(stopped.header("content-type").starts_with("multipart/mixed; boundary=batchresponse_"));
    assert!(stopped.text.contains("Content-ID: 3\r\n\r\nHTTP/1.1 204 No Content"), "{}", stopped.text);
    assert!(stopped.text.contains(r#""new_DepotId":{"@odata.etag""#) && stopped.text.contains(r#""new_name":"South""#), "{}", stopped.text);
    assert!(stopped.text.contains("0x80060891") && !stopped.text.contains("UserId"), "{}", stopped.text);
    let all = service.send("POST", "$batch", &[("Content-Type", "multipart/mixed; boundary=b"), ("Prefer", "odata.continue-on-error")], body).expect(200);
    assert!(all.text.contains("UserId"), "{}", all.text);
    let undone = body.replace("\"new_name\":\"Crate\"", "\"new_nosuch\":1");
    let refused = service.send("POST", "$batch", &[("Content-Type", "multipart/mixed; boundary=b")], undone).expect(400);
    assert!(refused.text.contains("0x80048d19") && !refused.text.contains("changesetresponse_"), "{}", refused.text);
    assert_eq!(service.get("new_depots/$count").text, "2");
}

#[test] // web-api 24
fn bulk_actions() {
    let service = Service::with_tables();
    let upsert = |n: i32, name: &str| json!({"@odata.type": "Microsoft.Dynamics.CRM.new_parcel", "@odata.id": format!("new_parcels(new_code='B{n}')"), "new_name": name});
    service.post("new_parcels/Microsoft.Dynamics.CRM.UpsertMultiple", &json!({"Targets": [upsert(1, "a"), upsert(2, "b")]})).expect(204);
    service.post("new_parcels/Microsoft.Dynamics.CRM.UpsertMultiple", &json!({"Targets": [upsert(1, "c")]})).expect(204);
    let row = service.get("new_parcels(new_code='B1')?$select=new_name").expect(200).json();
    assert_eq!(row["new_name"], "c");
    let update = json!({"@odata.type": "Microsoft.Dynamics.CRM.new_parcel", "new_parcelid": row["new_parcelid"], "new_name": "d"});
    service.post("new_parcels/Microsoft.Dynamics.CRM.UpdateMultiple", &json!({"Targets": [update]})).expect(204);
    assert_eq!(service.get("new_parcels(new_code='B1')/new_name").json()["value"], "d");
    service.post("new_parcels/Microsoft.Dynamics.CRM.CreateMultiple", &json!({"Targets": [{"new_name": "x"}]})).refused(400, "0x80048d19", "@odata.type");
    service.post("new_parcels/CreateMultiple", &json!({"Targets": []})).refused(400, "0x80060888", "unresolved parameters");
}
