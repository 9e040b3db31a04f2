//! `optionset` (SOL-8).

use super::manifest::present;
use super::properties;
use super::xml::{XmlWriter, zero_or_one};
use crate::package::{ChoiceElement, ChoiceKind, ChoiceOption};

/// Writes one `optionset` element, of a column or shared.
pub(super) fn write(xml: &mut XmlWriter, choice: &ChoiceElement) {
    xml.open(
        "optionset",
        &present(&[("Name", Some(&choice.name)), ("localizedName", choice.localized_name.as_deref()), ("description", choice.description.as_deref())]),
    );
    xml.leaf("OptionSetType", choice.kind.as_str());
    xml.optional("IntroducedVersion", choice.introduced_version.as_ref());
    properties::write(xml, &choice.properties);
    xml.labels("displaynames", "displayname", &choice.labels);
    xml.labels("Descriptions", "Description", &choice.descriptions);
    let (list, item) = match choice.kind {
        ChoiceKind::State => ("states", "state"),
        ChoiceKind::Status => ("statuses", "status"),
        ChoiceKind::Choice | ChoiceKind::Boolean | ChoiceKind::Other(_) => ("options", "option"),
    };
    xml.list(list, &choice.options, |xml, option| {
        write_option(xml, item, option);
    });
    xml.close("optionset");
}

fn write_option(xml: &mut XmlWriter, element: &str, option: &ChoiceOption) {
    let value = option.value.to_string();
    let default_status = option.default_status.map(|status| status.to_string());
    let state = option.state.map(|state| state.to_string());
    xml.open(
        element,
        &present(&[
            ("value", Some(&value)),
            ("defaultstatus", default_status.as_deref()),
            ("invariantname", option.invariant_name.as_deref()),
            ("state", state.as_deref()),
            ("ExternalValue", option.external_value.as_deref()),
            ("Color", option.color.as_deref()),
            ("IsHidden", option.hidden.map(zero_or_one)),
        ]),
    );
    xml.labels("labels", "label", &option.labels);
    if !option.descriptions.is_empty() {
        xml.labels("Descriptions", "Description", &option.descriptions);
    }
    xml.close(element);
}
