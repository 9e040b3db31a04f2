//! What an element says beyond the fields of its type.

use super::xml::{XmlWriter, zero_or_one};
use crate::package::Properties;

/// Flags that the format spells out (SOL-5).
const SPELLED_OUT: &[&str] = &["HasRelatedNotes", "HasRelatedActivities"];

/// Writes flags, settings and elements, each by name.
pub(super) fn write(xml: &mut XmlWriter, properties: &Properties) {
    for (name, value) in &properties.flags {
        let text = match (SPELLED_OUT.contains(&name.as_str()), *value) {
            (true, true) => "True",
            (true, false) => "False",
            (false, value) => zero_or_one(value),
        };
        xml.leaf(name, text);
    }
    for (name, text) in &properties.settings {
        xml.leaf(name, text);
    }
    for element in &properties.elements {
        xml.raw(&element.xml);
    }
}
