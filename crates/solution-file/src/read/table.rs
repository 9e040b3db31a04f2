//! `Entity` (SOL-4, SOL-5, SOL-9, SOL-11).

use super::xml::{Element, XSI_NAMESPACE, XSI_PREFIX, XmlPart, parse_boolean};
use super::{column, properties};
use crate::error::PackageError;
use crate::limits::PackageLimits;
use crate::package::{KeyElement, TableElement, TableExtent, ViewElement};

/// Reads one `Entity` element.
pub(super) fn read(element: Element<'_>) -> Result<TableElement, PackageError> {
    let mut table = TableElement { extent: TableExtent::Parts, ..TableElement::default() };
    for child in element.children() {
        match child.key().as_str() {
            "name" => {
                table.schema_name = child.word().unwrap_or_default();
                table.localized_name = child.word_attribute("LocalizedName");
                table.original_name = child.word_attribute("OriginalName");
            }
            "objecttypecode" => table.object_type_code = child.integer()?,
            "entityinfo" => {
                for definition in child.children_named("entity") {
                    read_definition(definition, &mut table)?;
                }
            }
            "formxml" => table.forms = Some(child.raw_xml()),
            "savedqueries" => table.views = read_views(child)?,
            "ribbondiffxml" => table.ribbon = Some(child.raw_xml()),
            _ => table.other_elements.push(child.raw()),
        }
    }
    if table.schema_name.is_empty() {
        return Err(element.error("the table has no name"));
    }
    Ok(table)
}

fn read_definition(element: Element<'_>, table: &mut TableElement) -> Result<(), PackageError> {
    let is_unmodified = element.attribute("unmodified").and_then(|value| parse_boolean(value.trim())).unwrap_or(false);
    table.extent = if is_unmodified { TableExtent::Unmodified } else { TableExtent::Full };
    if table.schema_name.is_empty() {
        table.schema_name = element.word_attribute("Name").unwrap_or_default();
    }
    for child in element.children() {
        match child.key().as_str() {
            "localizednames" => table.labels = child.labels()?,
            "localizedcollectionnames" => table.collection_labels = child.labels()?,
            "descriptions" => table.descriptions = child.labels()?,
            "attributes" => {
                table.columns = child.children_named("attribute").map(column::read).collect::<Result<_, _>>()?;
            }
            "entitykeys" => {
                table.keys = child.children_named("EntityKey").map(read_key).collect::<Result<_, _>>()?;
            }
            "entitysetname" => table.set_name = child.word(),
            "ownershiptypemask" => table.ownership = child.word(),
            "introducedversion" => table.introduced_version = child.word(),
            _ => properties::take(&mut table.properties, child)?,
        }
    }
    Ok(())
}

fn read_key(element: Element<'_>) -> Result<KeyElement, PackageError> {
    let mut key = KeyElement::default();
    let mut logical_name = None;
    for child in element.children() {
        match child.key().as_str() {
            "name" => key.schema_name = child.word().unwrap_or_default(),
            "logicalname" => logical_name = child.word(),
            "introducedversion" => key.introduced_version = child.word(),
            "entitykeyattributes" => {
                key.columns = child.children_named("AttributeName").filter_map(|name| name.word()).collect();
            }
            "displaynames" => key.labels = child.labels()?,
            _ => properties::take(&mut key.properties, child)?,
        }
    }
    if key.schema_name.is_empty() {
        return Err(element.error("the key has no Name"));
    }
    key.logical_name = logical_name.unwrap_or_else(|| key.schema_name.clone());
    Ok(key)
}

fn read_views(element: Element<'_>) -> Result<Vec<ViewElement>, PackageError> {
    element.children_named("savedqueries").flat_map(|list| list.children_named("savedquery")).map(view).collect()
}

/// Reads one `savedquery` element that stands alone, such as an importer keeps it.
///
/// # Errors
///
/// [`PackageError::BadXml`] for a text that is not well-formed or not a view, [`PackageError::TooLarge`] beyond the default limits.
pub fn read_view(text: &str) -> Result<ViewElement, PackageError> {
    let wrapped = format!("<ImportExportXml xmlns:{XSI_PREFIX}=\"{XSI_NAMESPACE}\">{text}</ImportExportXml>");
    XmlPart::new("savedquery", wrapped.as_bytes(), &PackageLimits::default())?
        .read(|root| root.child("savedquery").ok_or_else(|| root.error("expected a savedquery")).and_then(view))
}

fn view(element: Element<'_>) -> Result<ViewElement, PackageError> {
    let mut view = ViewElement::default();
    for child in element.children() {
        match child.key().as_str() {
            "savedqueryid" => view.id = child.word(),
            "localizednames" => view.labels = child.labels()?,
            "descriptions" => view.descriptions = child.labels()?,
            "querytype" => view.query_type = child.integer()?,
            "isdefault" => view.is_default = child.boolean()?,
            "layoutxml" => view.layout_xml = read_embedded(child),
            "fetchxml" => view.fetch_xml = read_embedded(child),
            "introducedversion" => view.introduced_version = child.word(),
            _ => properties::take(&mut view.properties, child)?,
        }
    }
    Ok(view)
}

/// XML inside XML: usually as an element, sometimes as escaped text.
fn read_embedded(element: Element<'_>) -> Option<String> {
    let embedded = element.children().next().map(|child| child.raw_xml());
    embedded.or_else(|| element.word())
}
