//! The feed through the front, on the embedded store.

use crate::service::{ROOT, Service};
use serde_json::{Value, json};

fn items(page: &Value) -> Vec<Value> {
    page["value"].as_array().unwrap().clone()
}

#[test] // web-api 25
fn a_first_read_and_a_delta() {
    let service = Service::with_tables();
    let ids: Vec<_> = (0..3).map(|n| service.post("new_parcels", &json!({"new_name": format!("n{n}")})).expect(204).id()).collect();
    let first = service.get_with("new_parcels?$select=new_name,new_code", "odata.track-changes").expect(200);
    assert_eq!(first.header("preference-applied"), "odata.track-changes");
    let page = first.json();
    assert_eq!(page["@odata.context"], format!("{ROOT}$metadata#new_parcels(new_name,new_code)"));
    assert_eq!(items(&page).len(), 3);
    assert_eq!(items(&page)[0]["new_code"], Value::Null);
    let link = page["@odata.deltaLink"].as_str().unwrap().to_owned();
    assert!(link.starts_with(&format!("{ROOT}new_parcels?$select=new_name,new_code&$deltatoken=")) && link.contains("%21"), "{link}");
    service.patch(&format!("new_parcels({})", ids[0]), &json!({"new_code": "A"}), &[]).expect(204);
    service.delete(&format!("new_parcels({})", ids[1])).expect(204);
    let delta = service.get(&link).expect(200);
    assert_eq!(delta.json()["@odata.context"], format!("{ROOT}$metadata#new_parcels(new_name,new_code)/$delta"));
    let expected = format!(r#"{{"@odata.context":"{ROOT}$metadata#new_parcels/$deletedEntity","id":"{}","reason":"deleted"}}"#, ids[1]);
    assert!(delta.text.contains(&expected), "{}", delta.text);
    assert_eq!(items(&delta.json())[0]["new_code"], "A");
    assert_eq!(service.get(&link.replace("new_parcels?", "new_parcels/$count?")).expect(200).text, "2");
    // Clients take links apart and encode them anew
    let plus = link.replace("%20", "+").replace("%21", "!").replace("%2f", "/");
    assert_eq!(items(&service.get_with(&plus, "odata.track-changes").expect(200).json()).len(), 2);
    let quiet = service.get(delta.json()["@odata.deltaLink"].as_str().unwrap()).expect(200).json();
    assert_eq!(items(&quiet).len(), 0);
}

#[test] // web-api 25.3
fn both_phases_are_paged_and_the_last_page_has_the_token() {
    let service = Service::with_tables();
    let start = service.get_with("new_parcels?$select=new_name", "odata.track-changes").expect(200).json();
    let ids: Vec<_> = (0..6).map(|n| service.post("new_parcels", &json!({"new_name": format!("n{n}")})).expect(204).id()).collect();
    for id in &ids[..3] {
        service.delete(&format!("new_parcels({id})")).expect(204);
    }
    let mut page = service.get_with(start["@odata.deltaLink"].as_str().unwrap(), "odata.maxpagesize=2").expect(200).json();
    let mut seen = items(&page);
    while let Some(link) = page["@odata.nextLink"].as_str() {
        assert_eq!(page.get("@odata.deltaLink"), None);
        page = service.get_with(link, "odata.maxpagesize=2").expect(200).json();
        seen.extend(items(&page));
    }
    assert!(page["@odata.deltaLink"].is_string());
    let removed: Vec<_> = seen.iter().filter(|item| item["reason"] == "deleted").collect();
    assert_eq!((seen.len(), removed.len()), (6, 3));
    assert!(seen[3..].iter().all(|item| item["reason"] == "deleted"));
}

#[test] // web-api 25.6, 25.7
fn refused_options_and_tokens() {
    let service = Service::with_tables();
    for (option, name) in [("$filter=new_size gt 1", "$filter"), ("$orderby=new_name", "$orderby"), ("$top=2", "$top"), ("$expand=new_DepotId", "$expand")] {
        let text = format!("The \"{name}\" query parameter isn't supported when Change Tracking is enabled.");
        service.get_with(&format!("new_parcels?{option}"), "odata.track-changes").refused(400, "0x80060888", &text);
        service.get(&format!("new_parcels?{option}&$deltatoken=x")).refused(400, "0x80060888", &text);
    }
    for token in ["nonsense", "", "x919042!08/22/2017"] {
        service.get(&format!("new_parcels?$deltatoken={token}")).refused(400, "0x80040203", "");
    }
    service.get_with("new_depots", "odata.track-changes").refused(400, "0x80072491", "isn't enabled for change tracking");
}
