//! A view as XML, with the number of its table changed to the one that the table has here (MD-7).

use driftless_model::TableCode;
use driftless_solution_file::{Labels, ViewElement};

use super::xml::{leaf, tag};

/// The `savedquery` element of a view. `file_code` is the table's number in the package.
pub(super) fn render(view: &ViewElement, file_code: Option<i32>, code: Option<TableCode>) -> String {
    let mut xml = String::from("<savedquery>");
    for (name, flag) in &view.properties.flags {
        leaf(&mut xml, name, if *flag { "1" } else { "0" });
    }
    for (name, text) in &view.properties.settings {
        match (name.eq_ignore_ascii_case("returnedtypecode"), text.trim().parse::<i32>(), code) {
            (true, Ok(_), Some(code)) => leaf(&mut xml, name, &code.to_string()),
            _ => leaf(&mut xml, name, text),
        }
    }
    if let Some(id) = &view.id {
        leaf(&mut xml, "savedqueryid", id);
    }
    if let Some(kind) = view.query_type {
        leaf(&mut xml, "querytype", &kind.to_string());
    }
    if let Some(is_default) = view.is_default {
        leaf(&mut xml, "isdefault", if is_default { "1" } else { "0" });
    }
    if let Some(layout) = &view.layout_xml {
        let layout = file_code.zip(code).map_or_else(|| layout.clone(), |(from, to)| with_object(layout, from, to));
        embedded(&mut xml, "layoutxml", &layout);
    }
    if let Some(fetch) = &view.fetch_xml {
        embedded(&mut xml, "fetchxml", fetch);
    }
    if let Some(version) = &view.introduced_version {
        leaf(&mut xml, "IntroducedVersion", version);
    }
    labels(&mut xml, "LocalizedNames", "LocalizedName", &view.labels);
    labels(&mut xml, "Descriptions", "Description", &view.descriptions);
    for element in &view.properties.elements {
        xml.push_str(&element.xml);
    }
    xml.push_str("</savedquery>");
    xml
}

/// XML inside XML: as an element where it is one, else as text.
fn embedded(xml: &mut String, name: &str, content: &str) {
    if content.trim_start().starts_with('<') {
        tag(xml, name, &[], ">");
        xml.push_str(content);
        xml.push_str(&format!("</{name}>"));
    } else {
        leaf(xml, name, content);
    }
}

fn labels(xml: &mut String, list: &str, item: &str, labels: &Labels) {
    if labels.is_empty() {
        return;
    }
    tag(xml, list, &[], ">");
    for (language, text) in labels {
        tag(xml, item, &[("description", text), ("languagecode", &language.to_string())], "/>");
    }
    xml.push_str(&format!("</{list}>"));
}

/// A layout whose `object` names the table by its number here.
fn with_object(layout: &str, from: i32, to: TableCode) -> String {
    let layout = layout.replace(&format!(" object=\"{from}\""), &format!(" object=\"{to}\""));
    layout.replace(&format!(" object='{from}'"), &format!(" object='{to}'"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use driftless_solution_file::Properties;

    use super::*;

    #[test] // MD-7
    fn numbers_of_tables_become_local() {
        let view = ViewElement {
            layout_xml: Some("<grid name=\"r\" object=\"10050\"><cell width=\"10050\"/></grid>".into()),
            labels: BTreeMap::from([(1033, "All <books>".into())]),
            properties: Properties { settings: BTreeMap::from([("returnedtypecode".into(), "10050".into())]), ..Properties::default() },
            ..ViewElement::default()
        };
        assert_eq!(
            render(&view, Some(10_050), Some(TableCode(10_003))),
            "<savedquery><returnedtypecode>10003</returnedtypecode><layoutxml><grid name=\"r\" object=\"10003\"><cell width=\"10050\"/></grid></layoutxml>\
             <LocalizedNames><LocalizedName description=\"All &lt;books&gt;\" languagecode=\"1033\"/></LocalizedNames></savedquery>"
        );
    }
}
