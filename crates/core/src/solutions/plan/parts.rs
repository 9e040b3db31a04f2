//! Parts of a package that are kept without effect: forms, views, ribbons, roles, web resources and whatever else it carries.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use driftless_model::{Label, LogicalName, Uuid};
use driftless_solution_file::{InertKind, InertPart, TableElement, ViewElement};

use super::{Planner, Step};
use crate::metadata::InertComponent;
use crate::solutions::report::Outcome;
use crate::solutions::xml::escape;

/// Bytes of all parts of one package that are kept: definitions lie in memory.
const KEPT_BYTES_MAX: usize = 64 << 20;
/// Component types by the name of a section, folder or element, in lower case.
const TYPES: [(&str, i32); 22] = [
    ("canvasapps", 300),
    ("connectionreferences", 371),
    ("connectionroles", 63),
    ("connectors", 371),
    ("customcontrols", 66),
    ("dashboards", 60),
    ("duplicaterules", 44),
    ("entitymaps", 46),
    ("environmentvariabledefinitions", 380),
    ("fieldsecurityprofiles", 70),
    ("hierarchyrules", 65),
    ("pluginassemblies", 91),
    ("plugintypes", 90),
    ("reports", 31),
    ("roles", 20),
    ("sdkmessageprocessingsteps", 92),
    ("serviceendpoints", 95),
    ("sitemap", 62),
    ("templates", 36),
    ("visualizations", 59),
    ("webresources", 61),
    ("workflows", 29),
];
/// Kinds of kept parts that packages have a place of their own for.
pub(in crate::solutions) const FILE_KIND: &str = "file";
pub(in crate::solutions) const FORM_KIND: &str = "form";
pub(in crate::solutions) const RIBBON_KIND: &str = "ribbon";
pub(in crate::solutions) const VIEW_KIND: &str = "view";
/// Component type of a section that has none: a setting of the organization.
const TYPE_OTHER: i32 = 25;
/// Component type of a file in no folder that is known.
const TYPE_FILE: i32 = 61;
const TYPE_FORM: i32 = 60;
const TYPE_VIEW: i32 = 26;
const TYPE_RIBBON: i32 = 50;

/// A part to keep.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::solutions) struct KeptPart {
    /// The identity that the package gives it.
    pub(in crate::solutions) id: Option<Uuid>,
    pub(in crate::solutions) component_type: i32,
    /// What it is: `form`, `view`, `ribbon`, `file`, else the name of its element in lower case.
    pub(in crate::solutions) kind: String,
    pub(in crate::solutions) name: String,
    pub(in crate::solutions) table: Option<LogicalName>,
    pub(in crate::solutions) content: Content,
}

/// What a kept part holds.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::solutions) enum Content {
    /// XML as the package had it; a file's bytes in base64.
    Text(String),
    /// A view, and its table's number in the package: written when the table's number here is known.
    View(Box<ViewElement>, Option<i32>),
}

impl Planner<'_> {
    pub(super) fn parts(&mut self) {
        let mut left = KEPT_BYTES_MAX;
        for element in &self.package.tables {
            let table = LogicalName::from(element.schema_name.to_ascii_lowercase());
            if self.will_exist(&table) {
                self.parts_of_table(&table, element, &mut left);
            }
        }
        for part in &self.package.other_parts {
            self.other_part(part, &mut left);
        }
    }

    fn parts_of_table(&mut self, table: &LogicalName, element: &TableElement, left: &mut usize) {
        let namespaces = &self.package.namespaces;
        let text = |kind: &str, component_type: i32, content: &str| KeptPart {
            id: None,
            component_type,
            kind: kind.to_owned(),
            name: format!("{kind} of {table}"),
            table: Some(table.clone()),
            content: Content::Text(self_contained(content, namespaces)),
        };
        if let Some(forms) = &element.forms {
            self.keep(text(FORM_KIND, TYPE_FORM, forms), left);
        }
        for view in &element.views {
            let id = view.id.as_deref().and_then(|id| Uuid::try_parse(id).ok());
            let name = Label::from_iter(view.labels.clone())
                .text(driftless_model::ENGLISH)
                .map(str::to_owned)
                .or_else(|| view.id.clone())
                .unwrap_or_else(|| "view".to_owned());
            let content = Content::View(Box::new(view.clone()), element.object_type_code);
            self.keep(KeptPart { id, component_type: TYPE_VIEW, kind: VIEW_KIND.to_owned(), name, table: Some(table.clone()), content }, left);
        }
        if let Some(ribbon) = &element.ribbon {
            self.keep(text(RIBBON_KIND, TYPE_RIBBON, ribbon), left);
        }
        for other in &element.other_elements {
            let kind = other.name.to_ascii_lowercase();
            self.keep(text(&kind, component_type(&kind, TYPE_OTHER), &other.xml), left);
        }
    }

    fn other_part(&mut self, part: &InertPart, left: &mut usize) {
        let (kind, component_type, content, name) = match part.kind {
            InertKind::Section => {
                let kind = part.name.to_ascii_lowercase();
                let name = if part.items.is_empty() { part.name.clone() } else { format!("{}: {}", part.name, part.items.join(", ")) };
                (kind.clone(), component_type(&kind, TYPE_OTHER), self_contained(&String::from_utf8_lossy(&part.content), &self.package.namespaces), name)
            }
            InertKind::File => (FILE_KIND.to_owned(), component_type(&folder(&part.name), TYPE_FILE), STANDARD.encode(&part.content), part.name.clone()),
        };
        self.keep(KeptPart { id: None, component_type, kind, name, table: None, content: Content::Text(content) }, left);
    }

    fn keep(&mut self, part: KeptPart, left: &mut usize) {
        let bytes = part.content.bytes();
        let table = part.table.as_ref().map(ToString::to_string);
        if bytes > *left {
            let why = format!("not kept: the parts that only are kept have more than {KEPT_BYTES_MAX} bytes together");
            self.log(&part.kind, &part.name, table.as_deref(), Outcome::Skipped, &why);
            return;
        }
        *left -= bytes;
        self.log(&part.kind, &part.name, table.as_deref(), Outcome::Warning, "kept as it is, without effect here");
        self.step(Step::Keep(Box::new(part)));
    }
}

impl Content {
    fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::View(view, _) => view.layout_xml.as_ref().map_or(0, String::len) + view.fetch_xml.as_ref().map_or(0, String::len),
        }
    }
}

/// An element with the declarations of the prefixes that it uses and that the package's root declares: it is kept apart from that root.
fn self_contained(xml: &str, namespaces: &BTreeMap<String, String>) -> String {
    let name_end = xml.find([' ', '\t', '\r', '\n', '/', '>']).unwrap_or(xml.len());
    let (name, rest) = xml.split_at(name_end);
    let mut whole = name.to_owned();
    for (prefix, uri) in namespaces {
        if xml.contains(&format!("{prefix}:")) && !xml.contains(&format!("xmlns:{prefix}=")) {
            whole.push_str(&format!(" xmlns:{prefix}=\"{}\"", escape(uri)));
        }
    }
    whole.push_str(rest);
    whole
}

/// The component type of a kept part.
pub(in crate::solutions) fn component_type_of(part: &InertComponent) -> i32 {
    match part.kind.as_str() {
        FORM_KIND => TYPE_FORM,
        VIEW_KIND => TYPE_VIEW,
        RIBBON_KIND => TYPE_RIBBON,
        FILE_KIND => component_type(&folder(&part.name), TYPE_FILE),
        kind => component_type(kind, TYPE_OTHER),
    }
}

/// The first folder of a file's path, in lower case.
fn folder(path: &str) -> String {
    path.split('/').next().unwrap_or_default().to_ascii_lowercase()
}

fn component_type(name: &str, default: i32) -> i32 {
    TYPES.iter().find(|(own, _)| *own == name).map_or(default, |(_, number)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // SOL-11
    fn kept_elements_declare_what_they_use() {
        let namespaces = BTreeMap::from([("q".to_owned(), "urn:a&b".to_owned()), ("unused".to_owned(), "urn:u".to_owned())]);
        for (xml, kept) in [
            ("<a><q:b/></a>", "<a xmlns:q=\"urn:a&amp;b\"><q:b/></a>"),
            ("<a/>", "<a/>"),
            ("<a xmlns:q=\"urn:own\"><q:b/></a>", "<a xmlns:q=\"urn:own\"><q:b/></a>"),
        ] {
            assert_eq!(self_contained(xml, &namespaces), kept);
        }
    }
}
