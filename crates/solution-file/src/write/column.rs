//! `attribute` (SOL-6, SOL-7).

use super::manifest::present;
use super::xml::XmlWriter;
use super::{choice, properties};
use crate::package::{ChoiceSource, ColumnElement, LookupTarget, RequiredLevel};

/// Writes one `attribute` element.
pub(super) fn write(xml: &mut XmlWriter, column: &ColumnElement) {
    xml.open("attribute", &[("PhysicalName", &column.schema_name)]);
    xml.leaf("Type", column.column_type.as_str());
    xml.leaf("Name", &column.logical_name);
    xml.leaf("LogicalName", &column.logical_name);
    if let Some(level) = column.required_level.as_ref().map(RequiredLevel::as_str) {
        xml.leaf("RequiredLevel", level);
    }
    if !column.display_mask.is_empty() {
        xml.leaf("DisplayMask", &column.display_mask.join("|"));
    }
    xml.optional("ImeMode", column.ime_mode.as_ref());
    xml.optional("IntroducedVersion", column.introduced_version.as_ref());
    properties::write(xml, &column.properties);
    write_specific(xml, column);
    xml.labels("displaynames", "displayname", &column.labels);
    xml.labels("Descriptions", "Description", &column.descriptions);
    xml.close("attribute");
}

/// What only some types have.
fn write_specific(xml: &mut XmlWriter, column: &ColumnElement) {
    xml.optional_number("SourceType", column.source_type);
    xml.optional("AutoNumberFormat", column.auto_number_format.as_ref());
    xml.optional("Format", column.format.as_ref());
    xml.optional_number("MaxLength", column.max_length);
    xml.optional_number("Length", column.length_bytes);
    xml.optional_number("Accuracy", column.precision);
    xml.optional_number("AccuracySource", column.precision_source);
    xml.optional("MinValue", column.min_value.as_ref());
    xml.optional("MaxValue", column.max_value.as_ref());
    xml.optional_number("Behavior", column.behavior);
    xml.optional_number("ReferencedEntityObjectTypeCode", column.referenced_type_code);
    xml.optional("LookupStyle", column.lookup_style.as_ref());
    if column.lookup_style.is_some() || !column.lookup_targets.is_empty() {
        xml.list("LookupTypes", &column.lookup_targets, write_target);
    }
    xml.optional_number("AppDefaultValue", column.default_value);
    match &column.choice {
        None => {}
        Some(ChoiceSource::Shared(name)) => xml.leaf("OptionSetName", name),
        Some(ChoiceSource::Local(choice)) => choice::write(xml, choice),
    }
}

fn write_target(xml: &mut XmlWriter, target: &LookupTarget) {
    let attributes = present(&[("id", target.id.as_deref())]);
    xml.leaf_with("LookupType", &attributes, &target.table);
}
