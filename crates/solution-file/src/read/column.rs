//! `attribute` (SOL-6, SOL-7).

use super::xml::Element;
use super::{choice, properties};
use crate::error::PackageError;
use crate::package::{ChoiceSource, ColumnElement, ColumnType, LookupTarget, RequiredLevel};

/// Reads one `attribute` element.
pub(super) fn read(element: Element<'_>) -> Result<ColumnElement, PackageError> {
    let mut column = ColumnElement { schema_name: element.required_attribute("PhysicalName")?, ..ColumnElement::default() };
    let mut column_type = None;
    let mut logical_name = None;
    let mut name = None;
    for child in element.children() {
        match child.key().as_str() {
            "type" => column_type = child.word().map(|word| ColumnType::parse(&word)),
            "name" => name = child.word(),
            "logicalname" => logical_name = child.word(),
            "requiredlevel" => {
                column.required_level = child.word().map(|word| RequiredLevel::parse(&word));
            }
            "displaymask" => column.display_mask = read_mask(child),
            "imemode" => column.ime_mode = child.word(),
            "introducedversion" => column.introduced_version = child.word(),
            "displaynames" => column.labels = child.labels()?,
            "descriptions" => column.descriptions = child.labels()?,
            _ => read_specific(child, &mut column)?,
        }
    }
    column.column_type = column_type.ok_or_else(|| element.error("the column has no Type"))?;
    column.logical_name = logical_name.or(name).unwrap_or_else(|| column.schema_name.clone());
    Ok(column)
}

/// What only some types have.
fn read_specific(child: Element<'_>, column: &mut ColumnElement) -> Result<(), PackageError> {
    match child.key().as_str() {
        "sourcetype" => column.source_type = child.integer()?,
        "format" => column.format = child.word(),
        "maxlength" => column.max_length = child.integer()?,
        "length" => column.length_bytes = child.integer()?,
        "minvalue" => column.min_value = child.word(),
        "maxvalue" => column.max_value = child.word(),
        // Some hand-made files use the second name.
        "accuracy" | "precision" => column.precision = child.integer()?,
        "accuracysource" => column.precision_source = child.integer()?,
        "behavior" => column.behavior = child.integer()?,
        "lookupstyle" => column.lookup_style = child.word(),
        "lookuptypes" => column.lookup_targets = child.children_named("LookupType").map(read_target).collect(),
        "referencedentityobjecttypecode" => column.referenced_type_code = child.integer()?,
        "autonumberformat" => column.auto_number_format = child.word(),
        "optionset" => column.choice = Some(ChoiceSource::Local(Box::new(choice::read(child)?))),
        "optionsetname" => {
            if let Some(name) = child.word() {
                column.choice = Some(ChoiceSource::Shared(name));
            }
        }
        "appdefaultvalue" => column.default_value = child.integer()?,
        _ => properties::take(&mut column.properties, child)?,
    }
    Ok(())
}

fn read_mask(element: Element<'_>) -> Vec<String> {
    element.text().split('|').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn read_target(element: Element<'_>) -> LookupTarget {
    LookupTarget { id: element.word_attribute("id"), table: element.word().unwrap_or_default() }
}
