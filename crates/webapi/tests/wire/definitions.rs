//! Definitions and the documents that describe them, on the embedded store.

use std::collections::{HashMap, HashSet};

use crate::service::{ROOT, Service, column, label, table};
use serde_json::{Value, json};

#[test] // web-api 26.3, 5
fn tables() {
    let service = Service::start();
    let made = service.post("EntityDefinitions", &table("new_Gadget", false)).expect(204);
    let id = made.id();
    assert_eq!(made.header("odata-entityid"), format!("{ROOT}EntityDefinitions({id})"));
    let read = service
        .get("EntityDefinitions(LogicalName='new_gadget')?$select=LogicalName,EntitySetName,PrimaryIdAttribute,ChangeTrackingEnabled")
        .expect(200)
        .json();
    assert_eq!(
        read,
        json!({"@odata.context": format!("{ROOT}$metadata#EntityDefinitions(LogicalName,EntitySetName,PrimaryIdAttribute,ChangeTrackingEnabled)/$entity"),
            "LogicalName": "new_gadget", "EntitySetName": read["EntitySetName"], "PrimaryIdAttribute": "new_gadgetid", "ChangeTrackingEnabled": false, "MetadataId": id})
    );
    let mut full = service.get(&format!("EntityDefinitions({id})")).expect(200).json();
    full["ChangeTrackingEnabled"] = json!(true);
    full["DisplayName"]["LocalizedLabels"][0]["Label"] = json!("Renamed");
    service.send("PUT", &format!("EntityDefinitions({id})"), &[("MSCRM.MergeLabels", "true")], full.to_string()).expect(204);
    let read = service.get(&format!("EntityDefinitions({id})")).expect(200).json();
    assert_eq!((&read["ChangeTrackingEnabled"], &read["DisplayName"]["UserLocalizedLabel"]["Label"]), (&json!(true), &json!("Renamed")));
    let found = |filter: &str| -> Vec<String> {
        let list = service.get(&format!("EntityDefinitions?$select=LogicalName&$filter={filter}")).expect(200).json();
        list["value"].as_array().unwrap().iter().map(|item| item["LogicalName"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found("LogicalName eq 'new_gadget' or LogicalName eq 'account'"), ["account", "new_gadget"]);
    assert!(found("ChangeTrackingEnabled eq true").contains(&"new_gadget".to_owned()));
    assert!(found("OwnershipType eq Microsoft.Dynamics.CRM.OwnershipTypes'UserOwned' and IsPrivate eq false").contains(&"new_gadget".to_owned()));
    assert_eq!(found("ChangeTrackingEnabled eq true and CanChangeTrackingBeEnabled/Value eq false").len(), 0);
    service.send("PATCH", &format!("EntityDefinitions({id})"), &[], "{}").refused(405, "0x8004023b", "not supported on EntityMetadata");
    service.get("EntityDefinitions?$filter=NoSuch eq 1").refused(400, "0x80060888", "Could not find a property named 'NoSuch'");
    service.delete("EntityDefinitions(LogicalName='new_gadget')").expect(204);
    service.get(&format!("EntityDefinitions({id})")).refused(404, "0x80040217", "Could not find the entity");
}

#[test] // web-api 26.4
fn columns() {
    let service = Service::with_tables();
    let attributes = "EntityDefinitions(LogicalName='new_parcel')/Attributes";
    for (kind, name, more) in [
        ("Memo", "new_Notes", json!({"MaxLength": 500})),
        ("Decimal", "new_Weight", json!({"Precision": 3, "MinValue": 0, "MaxValue": 1_000})),
        ("Double", "new_Ratio", json!({})),
        ("Money", "new_Price", json!({"Precision": 2})),
        ("DateTime", "new_Day", json!({"Format": "DateOnly", "DateTimeBehavior": {"Value": "DateOnly"}})),
        (
            "Picklist",
            "new_Light",
            json!({"OptionSet": {"IsGlobal": false, "OptionSetType": "Picklist", "Options": [{"Value": 1, "Label": label("Sun")}, {"Label": label("Half")}]}}),
        ),
    ] {
        let made = service.post(attributes, &column(kind, name, &more)).expect(204);
        assert_eq!(made.header("odata-entityid"), format!("{ROOT}{attributes}({})", made.id()));
    }
    let light = service
        .get(&format!("{attributes}(LogicalName='new_light')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet"))
        .expect(200)
        .json();
    let options = light["OptionSet"]["Options"].as_array().unwrap();
    assert_eq!((&options[0]["Value"], &options[1]["Label"]["UserLocalizedLabel"]["Label"]), (&json!(1), &json!("Half")));
    let table_id = service.get("EntityDefinitions(LogicalName='new_parcel')?$select=LogicalName").json()["MetadataId"].as_str().unwrap().to_owned();
    assert!(
        light["@odata.context"]
            .as_str()
            .unwrap()
            .contains(&format!("#EntityDefinitions({table_id})/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata(LogicalName,OptionSet())/$entity")),
        "{light}"
    );
    let ints = service.get(&format!("{attributes}/Microsoft.Dynamics.CRM.IntegerAttributeMetadata?$select=LogicalName,MaxValue")).expect(200).json();
    assert!(ints["value"].as_array().unwrap().iter().any(|item| item["LogicalName"] == "new_size" && item["MaxValue"] == 100_000));
    let all = service.get(&format!("{attributes}?$select=LogicalName,AttributeType")).expect(200).json();
    let code = all["value"].as_array().unwrap().iter().find(|item| item["LogicalName"] == "new_code").unwrap();
    assert_eq!((&code["@odata.type"], &code["AttributeType"]), (&json!("#Microsoft.Dynamics.CRM.StringAttributeMetadata"), &json!("String")));
    let path = format!("{attributes}(LogicalName='new_code')");
    let mut full = service.get(&format!("{path}/Microsoft.Dynamics.CRM.StringAttributeMetadata")).expect(200).json();
    full["MaxLength"] = json!(64);
    service.send("PUT", &path, &[], full.to_string()).expect(204);
    assert_eq!(service.get(&format!("{path}/Microsoft.Dynamics.CRM.StringAttributeMetadata?$select=MaxLength")).json()["MaxLength"], 64);
    service.get(&format!("{path}/Microsoft.Dynamics.CRM.MemoAttributeMetadata")).expect(404);
    service.delete(&format!("{attributes}(LogicalName='new_notes')")).expect(204);
    service.get(&format!("{attributes}(LogicalName='new_notes')")).expect(404);
}

#[test] // web-api 26.5, 26.6, 26.7
fn keys_relationships_and_choices() {
    let service = Service::with_tables();
    let keys = service.get("EntityDefinitions(LogicalName='new_parcel')/Keys?$select=SchemaName,KeyAttributes,EntityKeyIndexStatus").expect(200).json();
    assert_eq!((&keys["value"][0]["KeyAttributes"], &keys["value"][0]["EntityKeyIndexStatus"]), (&json!(["new_code"]), &json!("Active")));
    let expanded = service
        .get("EntityDefinitions(LogicalName='new_parcel')?$select=LogicalName&$expand=Keys($select=SchemaName,KeyAttributes),Attributes($select=LogicalName)")
        .expect(200)
        .json();
    assert_eq!(expanded["Keys"][0]["SchemaName"], "new_ParcelCode");
    assert!(expanded["Attributes"].as_array().unwrap().len() > 10);
    let relationships = service
        .get("RelationshipDefinitions/Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata?$select=SchemaName&$filter=SchemaName eq 'new_depot_parcels'")
        .expect(200)
        .json();
    assert_eq!(relationships["value"].as_array().unwrap().len(), 1);
    let one = service.get("RelationshipDefinitions(SchemaName='new_depot_parcels')").expect(200).json();
    assert_eq!((&one["@odata.type"], &one["ReferencedEntity"]), (&json!("#Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata"), &json!("new_depot")));
    assert!(
        service.get("EntityDefinitions(LogicalName='new_parcel')/ManyToOneRelationships?$select=SchemaName").expect(200).text.contains("new_depot_parcels")
    );
    let choice = json!({"@odata.type": "Microsoft.Dynamics.CRM.OptionSetMetadata", "Name": "new_colour", "DisplayName": label("Colour"), "OptionSetType": "Picklist",
        "Options": [{"Value": 1, "Label": label("Red")}]});
    let id = service.post("GlobalOptionSetDefinitions", &choice).expect(204).id();
    let read = service.get("GlobalOptionSetDefinitions(Name='new_colour')/Microsoft.Dynamics.CRM.OptionSetMetadata").expect(200).json();
    assert_eq!((&read["MetadataId"], &read["Options"][0]["Value"]), (&json!(id), &json!(1)));
    let of_column = column("Picklist", "new_Colour", &json!({"GlobalOptionSet@odata.bind": "/GlobalOptionSetDefinitions(Name='new_colour')"}));
    service.post("EntityDefinitions(LogicalName='new_parcel')/Attributes", &of_column).expect(204);
    let key_id = keys["value"][0]["MetadataId"].as_str().unwrap();
    service.delete(&format!("EntityDefinitions(LogicalName='new_parcel')/Keys({key_id})")).expect(204);
}

#[test] // web-api 1, 2
fn documents() {
    let service = Service::with_tables();
    let sets: Value = service.get("").expect(200).json();
    assert!(sets["value"].as_array().unwrap().iter().any(|set| set["name"] == "new_parcels" && set["kind"] == "EntitySet"));
    let plain = service.send("GET", "$metadata", &[("Accept", "application/xml")], "").expect(200);
    assert_eq!(plain.header("content-type"), "application/xml");
    assert!(plain.text.contains(r#"<EntityType Name="new_parcel" BaseType="mscrm.crmbaseentity">"#) && !plain.text.contains("ChangeTracking\""));
    let noted = service.get("$metadata?annotations=true").expect(200);
    assert!(noted.text.contains("Org.OData.Capabilities.V1.ChangeTracking") && noted.text.contains("OData.Community.Keys.V1.AlternateKeys"));
    assert_eq!(service.get_with("$metadata", "odata.include-annotations=\"*\"").expect(200).text, noted.text);
}

#[test] // web-api 2
fn partners_lead_back_and_what_has_a_key_is_led_to() {
    let service = Service::with_tables();
    let document = service.get("$metadata").expect(200).text;
    let (mut types, mut partners, mut sets, mut bindings) = (HashMap::new(), HashMap::new(), HashMap::new(), HashSet::new());
    let mut own = "";
    for element in document.split('<') {
        let attribute = |name: &str| element.split_once(&format!(" {name}=\"")).map(|(_, rest)| rest.split('"').next().unwrap());
        match element.split(' ').next().unwrap() {
            "EntityType" => {
                own = attribute("Name").unwrap();
                types.insert(own, attribute("BaseType").map(|base| base.trim_start_matches("mscrm.")));
            }
            "ComplexType" => own = "",
            "NavigationProperty" => _ = partners.insert((own, attribute("Name").unwrap()), attribute("Partner")),
            "EntitySet" => {
                own = attribute("Name").unwrap();
                sets.insert(own, attribute("EntityType").unwrap().trim_start_matches("mscrm."));
            }
            "NavigationPropertyBinding" => _ = bindings.insert((own, attribute("Path").unwrap(), attribute("Target").unwrap())),
            _ => {}
        }
    }
    assert!(bindings.len() > 500 && types.len() > 50, "{} {}", bindings.len(), types.len());
    for &(set, path, target) in &bindings {
        let mut of_type = Some(sets[set]);
        while let Some(name) = of_type.filter(|name| !partners.contains_key(&(*name, path))) {
            of_type = types[name];
        }
        if let Some(partner) = partners[&(of_type.unwrap(), path)] {
            assert!(bindings.contains(&(target, partner, set)), "{set}.{path} leads to {target}, whose {partner} does not lead back");
        }
    }
    for property in document.split("<Property ").skip(1) {
        let of_type = property.split_once(" Type=\"").unwrap().1.split('"').next().unwrap().replace("Collection(mscrm.", "mscrm.");
        let name = of_type.trim_end_matches(')').trim_start_matches("mscrm.");
        assert!(!types.contains_key(name), "a property holds the entity {name}");
    }
}

#[test] // web-api 28
fn messages() {
    let service = Service::start();
    let me = service.get("WhoAmI").expect(200).json();
    assert_eq!(me["@odata.context"], format!("{ROOT}$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse"));
    assert_eq!(service.get("WhoAmI()").expect(200).json()["UserId"], me["UserId"]);
    assert_eq!(service.get("/api/data/v9.0/RetrieveVersion").expect(200).json()["Version"], "9.2.25021.100");
    service.send("POST", "PublishAllXml", &[], "").expect(204);
    service.post("PublishXml", &json!({})).refused(400, "0x80060888", "ParameterXml");
    service.get("PublishAllXml").expect(405);
    service.post("ImportSolution", &json!({"OverwriteUnmanagedCustomizations": false, "PublishWorkflows": false, "CustomizationFile": "bm8gcGFja2FnZQ==", "ImportJobId": "00000000-0000-0000-0000-000000000001"})).expect(400);
}
