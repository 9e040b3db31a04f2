//! `optionset` (SOL-8).

use super::properties;
use super::xml::{Element, parse_boolean};
use crate::error::PackageError;
use crate::package::{ChoiceElement, ChoiceKind, ChoiceOption};

/// Reads one `optionset` element, of a column or shared.
pub(super) fn read(element: Element<'_>) -> Result<ChoiceElement, PackageError> {
    let mut choice = ChoiceElement {
        name: element.word_attribute("Name").unwrap_or_default(),
        localized_name: element.word_attribute("localizedName"),
        description: element.word_attribute("description"),
        ..ChoiceElement::default()
    };
    for child in element.children() {
        match child.key().as_str() {
            "optionsettype" => {
                choice.kind = ChoiceKind::parse(&child.word().unwrap_or_default());
            }
            "introducedversion" => choice.introduced_version = child.word(),
            "displaynames" => choice.labels = child.labels()?,
            "descriptions" => choice.descriptions = child.labels()?,
            "options" => read_options(child, "option", &mut choice)?,
            "states" => read_options(child, "state", &mut choice)?,
            "statuses" => read_options(child, "status", &mut choice)?,
            _ => properties::take(&mut choice.properties, child)?,
        }
    }
    Ok(choice)
}

fn read_options(list: Element<'_>, item: &'static str, choice: &mut ChoiceElement) -> Result<(), PackageError> {
    for option in list.children_named(item) {
        choice.options.push(read_option(option)?);
    }
    Ok(())
}

fn read_option(element: Element<'_>) -> Result<ChoiceOption, PackageError> {
    let mut option = ChoiceOption {
        value: element.integer_attribute("value")?.ok_or_else(|| element.error("an option must have attribute value"))?,
        default_status: element.integer_attribute("defaultstatus")?,
        invariant_name: element.word_attribute("invariantname"),
        state: element.integer_attribute("state")?,
        color: element.word_attribute("Color"),
        external_value: element.word_attribute("ExternalValue"),
        hidden: element.attribute("IsHidden").and_then(parse_boolean),
        ..ChoiceOption::default()
    };
    for child in element.children() {
        match child.key().as_str() {
            "labels" => option.labels = child.labels()?,
            "descriptions" => option.descriptions = child.labels()?,
            _ => {}
        }
    }
    Ok(option)
}
