//! `Entity` (SOL-4, SOL-5, SOL-9, SOL-11).

use super::manifest::present;
use super::xml::XmlWriter;
use super::{column, properties};
use crate::package::{KeyElement, TableElement, TableExtent, ViewElement};
use crate::read::is_single_element;

/// Writes one `Entity` element.
pub(super) fn write(xml: &mut XmlWriter, table: &TableElement) {
    xml.open("Entity", &[]);
    xml.leaf_with(
        "Name",
        &present(&[("LocalizedName", table.localized_name.as_deref()), ("OriginalName", table.original_name.as_deref())]),
        &table.schema_name,
    );
    xml.optional_number("ObjectTypeCode", table.object_type_code);
    if table.extent != TableExtent::Parts {
        xml.open("EntityInfo", &[]);
        write_definition(xml, table);
        xml.close("EntityInfo");
    }
    if let Some(forms) = &table.forms {
        xml.raw(forms);
    }
    if !table.views.is_empty() {
        xml.open("SavedQueries", &[]);
        xml.list("savedqueries", &table.views, write_view);
        xml.close("SavedQueries");
    }
    if let Some(ribbon) = &table.ribbon {
        xml.raw(ribbon);
    }
    for element in &table.other_elements {
        xml.raw(&element.xml);
    }
    xml.close("Entity");
}

fn write_definition(xml: &mut XmlWriter, table: &TableElement) {
    let unmodified = (table.extent == TableExtent::Unmodified).then_some("1");
    xml.open("entity", &present(&[("Name", Some(&table.schema_name)), ("unmodified", unmodified)]));
    xml.labels("LocalizedNames", "LocalizedName", &table.labels);
    xml.labels("LocalizedCollectionNames", "LocalizedCollectionName", &table.collection_labels);
    xml.labels("Descriptions", "Description", &table.descriptions);
    xml.list("attributes", &table.columns, column::write);
    xml.list("EntityKeys", &table.keys, write_key);
    xml.optional("EntitySetName", table.set_name.as_ref());
    xml.optional("OwnershipTypeMask", table.ownership.as_ref());
    xml.optional("IntroducedVersion", table.introduced_version.as_ref());
    properties::write(xml, &table.properties);
    xml.close("entity");
}

fn write_key(xml: &mut XmlWriter, key: &KeyElement) {
    xml.open("EntityKey", &[]);
    xml.leaf("Name", &key.schema_name);
    xml.leaf("LogicalName", &key.logical_name);
    xml.optional("IntroducedVersion", key.introduced_version.as_ref());
    properties::write(xml, &key.properties);
    xml.list("EntityKeyAttributes", &key.columns, |xml, name| {
        xml.leaf("AttributeName", name);
    });
    xml.labels("displaynames", "displayname", &key.labels);
    xml.close("EntityKey");
}

fn write_view(xml: &mut XmlWriter, view: &ViewElement) {
    xml.open("savedquery", &[]);
    properties::write(xml, &view.properties);
    xml.optional_flag("isdefault", view.is_default);
    xml.optional("savedqueryid", view.id.as_ref());
    write_embedded(xml, "layoutxml", view.layout_xml.as_deref());
    xml.optional_number("querytype", view.query_type);
    write_embedded(xml, "fetchxml", view.fetch_xml.as_deref());
    xml.optional("IntroducedVersion", view.introduced_version.as_ref());
    xml.labels("LocalizedNames", "LocalizedName", &view.labels);
    xml.labels("Descriptions", "Description", &view.descriptions);
    xml.close("savedquery");
}

/// XML inside XML: as an element if it is one, else as escaped text.
fn write_embedded(xml: &mut XmlWriter, name: &str, content: Option<&str>) {
    match content {
        None => {}
        Some(content) if is_single_element(content) => {
            xml.open(name, &[]);
            xml.raw(content);
            xml.close(name);
        }
        Some(content) => xml.leaf(name, content),
    }
}
