//! Tables as entity types and sets (web-api 2).

use std::collections::HashSet;
use std::sync::Arc;

use driftless_core::{ACTIVITY_POINTER, Snapshot, is_activity};
use driftless_model::{Column, ENGLISH, Label, Relationship, Shape, Table};
use driftless_odata::csdl::CsdlWriter;
use driftless_odata::record::edm_type;

use super::{Detail, collection, type_name};
use crate::lower::{self, PRINCIPALS_SET, is_principal};
use crate::rows::wire_name;

/// Types that tables derive from.
pub(super) fn bases(out: &mut CsdlWriter) {
    out.empty("EntityType", &[("Name", "crmbaseentity"), ("Abstract", "true")]);
    out.empty("EntityType", &[("Name", "expando"), ("BaseType", "mscrm.crmbaseentity"), ("OpenType", "true")]);
    out.begin("EntityType", &[("Name", "principal"), ("BaseType", "mscrm.crmbaseentity")]);
    key(out, "ownerid");
    out.empty("Property", &[("Name", "ownerid"), ("Type", "Edm.Guid"), ("Nullable", "false")]);
    out.end();
}

fn key(out: &mut CsdlWriter, name: &str) {
    out.begin("Key", &[]);
    out.empty("PropertyRef", &[("Name", name)]);
    out.end();
}

/// The entity types of all tables.
pub(super) fn types(out: &mut CsdlWriter, snapshot: &Snapshot, detail: Detail) {
    for table in snapshot.tables() {
        let is_principal = is_principal(table);
        let activities = snapshot.find(ACTIVITY_POINTER).filter(|_| is_activity(table));
        let base = type_name(match activities {
            Some(activities) => activities.name(),
            None if is_principal => "principal",
            None => "crmbaseentity",
        });
        out.begin("EntityType", &[("Name", table.name()), ("BaseType", &base)]);
        let mut names: HashSet<String> = HashSet::new();
        if let Some(activities) = activities {
            inherited(snapshot, activities, &mut names);
        } else if is_principal {
            names.insert("ownerid".to_owned());
        } else {
            key(out, &table.def.primary_id);
        }
        for column in table.columns.iter().filter(|column| column.is_stored()) {
            let name = wire_name(column);
            if names.insert(name.clone()) {
                property(out, table, column, &name, detail);
            }
        }
        navigations(out, snapshot, table, &mut names);
        if detail == Detail::Annotated {
            description(out, &table.def.description, &table.def.display_name);
            alternate_keys(out, table);
        }
        out.end();
    }
}

/// Names of the properties that the type of activities has: the types that derive from it do not say them again.
fn inherited(snapshot: &Snapshot, activities: &Table, names: &mut HashSet<String>) {
    names.extend(activities.columns.iter().filter(|column| column.is_stored()).map(wire_name));
    names.extend(snapshot.referencing(activities.name()).iter().map(|relationship| relationship.referencing_navigation.clone()));
    names.extend(snapshot.referenced(activities.name()).iter().map(|relationship| relationship.referenced_navigation.clone()));
}

/// True for a lookup that the type of all activities has. Sets of several types have it then, and no collection is the partner of all of them.
fn is_passed_on(snapshot: &Snapshot, source: &Table, navigation: &str) -> bool {
    let own = |relationship: &Arc<Relationship>| relationship.referencing_navigation == navigation;
    (is_activity(source) || source.name().as_str() == ACTIVITY_POINTER)
        && snapshot.find(ACTIVITY_POINTER).is_some_and(|activities| snapshot.referencing(activities.name()).iter().any(own))
}

fn property(out: &mut CsdlWriter, table: &Table, column: &Column, name: &str, detail: Detail) {
    let shape = column.shape();
    let is_key = column.name == table.def.primary_id;
    let mut attributes = vec![("Name", name), ("Type", edm_type(shape))];
    if is_key {
        attributes.push(("Nullable", "false"));
    }
    match shape {
        Shape::Decimal | Shape::Money => attributes.push(("Scale", "Variable")),
        Shape::Choices => attributes.push(("Unicode", "false")),
        _ => {}
    }
    if detail == Detail::Plain {
        out.empty("Property", &attributes);
        return;
    }
    out.begin("Property", &attributes);
    description(out, &column.description, &column.display_name);
    if !column.valid.create && !column.valid.update {
        out.empty("Annotation", &[("Term", "Org.OData.Core.V1.Computed"), ("Bool", "true")]);
    }
    if column.lookup().is_some() || !(column.valid.create || column.valid.update) {
        out.begin("Annotation", &[("Term", "Org.OData.Core.V1.Permissions")]);
        out.leaf("EnumMember", &[], "Org.OData.Core.V1.PermissionType/Read");
        out.end();
    }
    out.end();
}

fn description(out: &mut CsdlWriter, description: &Label, name: &Label) {
    if let Some(text) = description.text(ENGLISH).or_else(|| name.text(ENGLISH)) {
        out.empty("Annotation", &[("Term", "Org.OData.Core.V1.Description"), ("String", text)]);
    }
}

/// Navigation properties of both kinds. A partner is named where the name on the other side leads to this table alone.
fn navigations(out: &mut CsdlWriter, snapshot: &Snapshot, table: &Table, names: &mut HashSet<String>) {
    for relationship in snapshot.referencing(table.name()) {
        let Some(target) = snapshot.find(&relationship.referenced_table) else { continue };
        if !names.insert(relationship.referencing_navigation.clone()) {
            continue;
        }
        let is_shared = is_shared(snapshot, table, relationship);
        let leads_to_principals = is_shared && is_principal(target);
        let target_type = type_name(match is_shared {
            true if leads_to_principals => "principal",
            true => "crmbaseentity",
            false => target.name(),
        });
        let mut attributes = vec![("Name", relationship.referencing_navigation.as_str()), ("Type", target_type.as_str())];
        if !is_shared && !is_passed_on(snapshot, table, &relationship.referencing_navigation) {
            attributes.push(("Partner", relationship.referenced_navigation.as_str()));
        }
        out.begin("NavigationProperty", &attributes);
        if !is_shared || leads_to_principals {
            let property = format!("_{}_value", relationship.referencing_column);
            let referenced = if is_principal(target) { "ownerid" } else { target.def.primary_id.as_str() };
            out.empty("ReferentialConstraint", &[("Property", &property), ("ReferencedProperty", referenced)]);
        }
        out.end();
    }
    for relationship in snapshot.referenced(table.name()) {
        let Some(source) = snapshot.find(&relationship.referencing_table) else { continue };
        if !names.insert(relationship.referenced_navigation.clone()) {
            continue;
        }
        let source_type = collection(source.name());
        let mut attributes = vec![("Name", relationship.referenced_navigation.as_str()), ("Type", source_type.as_str())];
        if !is_shared(snapshot, source, relationship) && !is_passed_on(snapshot, source, &relationship.referencing_navigation) {
            attributes.push(("Partner", relationship.referencing_navigation.as_str()));
        }
        out.empty("NavigationProperty", &attributes);
    }
    for pairing in snapshot.pairings(table.name()).iter().filter(|pairing| snapshot.find(&pairing.other().table).is_some()) {
        if names.insert(pairing.own().navigation.clone()) {
            let other = collection(&pairing.other().table);
            out.empty("NavigationProperty", &[("Name", &pairing.own().navigation), ("Type", &other), ("Partner", &pairing.other().navigation)]);
        }
    }
}

/// True when the relationship's name on the referring side leads to several tables: that of an owner.
fn is_shared(snapshot: &Snapshot, referencing: &Table, relationship: &Relationship) -> bool {
    lower::single(snapshot, referencing, &relationship.referencing_navigation).is_some_and(|navigation| navigation.targets.len() > 1)
}

/// One record for each key in force; a lookup goes by its name in addresses (web-api 2, 7).
fn alternate_keys(out: &mut CsdlWriter, table: &Table) {
    let keys: Vec<_> = table.keys.iter().filter(|key| key.is_active()).collect();
    if keys.is_empty() {
        return;
    }
    out.begin("Annotation", &[("Term", "OData.Community.Keys.V1.AlternateKeys")]);
    out.begin("Collection", &[]);
    for key in keys {
        out.begin("Record", &[("Type", "OData.Community.Keys.V1.AlternateKey")]);
        out.begin("PropertyValue", &[("Property", "Key")]);
        out.begin("Collection", &[]);
        for column in key.columns.iter().filter_map(|name| table.find(name)) {
            let name = wire_name(table.column(column));
            out.begin("Record", &[("Type", "OData.Community.Keys.V1.PropertyRef")]);
            out.empty("PropertyValue", &[("Property", "Alias"), ("String", &name)]);
            out.empty("PropertyValue", &[("Property", "Name"), ("PropertyPath", &name)]);
            out.end();
        }
        out.end();
        out.end();
        out.end();
    }
    out.end();
    out.end();
}

/// The sets of all tables, with where their navigation properties lead.
pub(super) fn sets(out: &mut CsdlWriter, snapshot: &Snapshot, detail: Detail) {
    out.begin("EntitySet", &[("Name", PRINCIPALS_SET), ("EntityType", "mscrm.principal")]);
    out.end();
    for table in snapshot.tables() {
        let entity_type = type_name(table.name());
        out.begin("EntitySet", &[("Name", &table.def.set_name), ("EntityType", &entity_type)]);
        let mut bound = HashSet::new();
        for relationship in snapshot.referencing(table.name()) {
            let target = snapshot.find(&relationship.referenced_table);
            if !is_shared(snapshot, table, relationship) {
                bind(out, &mut bound, &relationship.referencing_navigation, target);
            } else if target.is_some_and(|target| is_principal(target)) && bound.insert(&relationship.referencing_navigation) {
                out.empty("NavigationPropertyBinding", &[("Path", &relationship.referencing_navigation), ("Target", PRINCIPALS_SET)]);
            }
        }
        for relationship in snapshot.referenced(table.name()) {
            bind(out, &mut bound, &relationship.referenced_navigation, snapshot.find(&relationship.referencing_table));
        }
        for pairing in snapshot.pairings(table.name()) {
            bind(out, &mut bound, &pairing.own().navigation, snapshot.find(&pairing.other().table));
        }
        if detail == Detail::Annotated && table.def.change_tracking {
            out.begin("Annotation", &[("Term", "Org.OData.Capabilities.V1.ChangeTracking")]);
            out.begin("Record", &[]);
            out.empty("PropertyValue", &[("Property", "Supported"), ("Bool", "true")]);
            out.end();
            out.end();
        }
        out.end();
    }
}

fn bind<'a>(out: &mut CsdlWriter, bound: &mut HashSet<&'a str>, path: &'a str, target: Option<&Arc<Table>>) {
    if let Some(target) = target
        && bound.insert(path)
    {
        out.empty("NavigationPropertyBinding", &[("Path", path), ("Target", &target.def.set_name)]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::render;
    use super::*;
    use crate::fixture::snapshot;

    #[test] // web-api 2
    fn tables_become_types_and_sets() {
        let text = render(&snapshot(), Detail::Plain);
        for part in [
            r#"<EntityType Name="drf_parcel" BaseType="mscrm.crmbaseentity"><Key><PropertyRef Name="drf_parcelid"/></Key>"#,
            r#"<Property Name="drf_weight" Type="Edm.Decimal" Scale="Variable"/>"#,
            r#"<Property Name="_drf_depotid_value" Type="Edm.Guid"/>"#,
            r#"<NavigationProperty Name="drf_DepotId" Type="mscrm.drf_depot" Partner="drf_depot_parcels"><ReferentialConstraint Property="_drf_depotid_value" ReferencedProperty="drf_depotid"/></NavigationProperty>"#,
            r#"<NavigationProperty Name="ownerid" Type="mscrm.principal"><ReferentialConstraint Property="_ownerid_value" ReferencedProperty="ownerid"/></NavigationProperty>"#,
            r#"<NavigationProperty Name="drf_depot_parcels" Type="Collection(mscrm.drf_parcel)" Partner="drf_DepotId"/>"#,
            r#"<EntityType Name="team" BaseType="mscrm.principal">"#,
            r#"<EntitySet Name="drf_parcels" EntityType="mscrm.drf_parcel"><NavigationPropertyBinding Path="drf_DepotId" Target="drf_depots"/><NavigationPropertyBinding Path="ownerid" Target="principals"/></EntitySet>"#,
            r#"<Action Name="CreateMultiple" IsBound="true"><Parameter Name="entityset" Type="Collection(mscrm.drf_parcel)" Nullable="false"/>"#,
        ] {
            assert!(text.contains(part), "{part}");
        }
        assert!(!text.contains("<Annotation"));
    }

    #[test] // web-api 2
    fn annotations_tell_tracking_and_keys() {
        let text = render(&snapshot(), Detail::Annotated);
        for part in [
            r#"<Annotation Term="Org.OData.Capabilities.V1.ChangeTracking"><Record><PropertyValue Property="Supported" Bool="true"/></Record></Annotation>"#,
            r#"<PropertyValue Property="Alias" String="_drf_depotid_value"/><PropertyValue Property="Name" PropertyPath="_drf_depotid_value"/>"#,
            r#"<Annotation Term="Org.OData.Core.V1.Computed" Bool="true"/>"#,
            r#"<EnumMember>Org.OData.Core.V1.PermissionType/Read</EnumMember>"#,
        ] {
            assert!(text.contains(part), "{part}");
        }
        assert_eq!(text.matches("Capabilities.V1.ChangeTracking").count(), 1);
    }
}
